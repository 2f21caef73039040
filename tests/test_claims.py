"""Nobody is left out who outweighs whoever sits in his place; urgent requests least of all."""

from collections.abc import Iterator

import numpy as np
from hypothesis import given

from solver.check import check
from solver.claims import Claims
from solver.compiled.greedy import first_come
from solver.facts import Plan
from solver.files.plan import assignments_as_file
from solver.options import Options
from solver.pipeline import run
from solver.search import Search
from tests import oracle
from tests.effort import searched
from tests.facts import facts_of
from tests.worlds import (
    Json,
    a_location,
    a_request,
    an_availability,
    an_employee,
    an_instance,
    at,
    tiny_instances,
)


class LastFirst:
    """A start where all claims are open: the lightest and youngest have been placed first."""

    name = "last first"

    def run(self, search: Search) -> None:
        """Offer it."""
        requests = search.instance.requests
        order = sorted(
            range(len(requests)),
            key=lambda r: (requests[r].priority, -requests[r].requested_on.toordinal()),
        )
        blocks = np.arange(len(search.instance.availabilities), dtype=np.int32)
        board = search.boards.holding(())
        first_come(board, np.asarray(order, np.int32), blocks)
        search.offer(search.boards.plan_on(board))


def settled(instance: Json) -> Plan:
    """A plan that begins with the lightest, with all claims settled; it keeps every rule."""
    problem = facts_of(instance)
    found, _ = run(problem, Options(iterations=0, workers=1), stages=(LastFirst(), Claims()))
    assert check(problem, found.plan) == []
    return found.plan


def in_his_place(instance: Json, plan: Plan) -> Iterator[tuple[Json, list[Json]]]:
    """Each request left out, with each smallest set of other people's in a place that suits it."""
    file = {"assignments": assignments_as_file(facts_of(instance), plan)}
    planned = {assignment["request"] for assignment in file["assignments"]}
    requests = {request["id"]: request for request in instance["requests"]}
    for name, request in requests.items():
        if name not in planned:
            for sets in oracle.holders(instance, file, name).values():
                for some in sets:
                    yield request, [requests[other] for other in some]


@given(tiny_instances())
@searched(0.5)
def test_no_urgent_request_waits_while_others_hold_a_place_that_it_could_take(
    instance: Json,
) -> None:
    for request in instance["requests"][::2]:
        request["priority"] = 100
    for request in instance["requests"][1::2]:
        request["priority"] = 1 + request["priority"] % 5

    for request, others in in_his_place(instance, settled(instance)):
        assert request["priority"] < 100 or any(other["priority"] == 100 for other in others)


@given(tiny_instances())
@searched(0.5)
def test_nobody_is_left_out_for_one_who_weighs_less(instance: Json) -> None:
    for request, others in in_his_place(instance, settled(instance)):
        if len(others) == 1:
            assert request["priority"] <= others[0]["priority"]


def test_an_urgent_request_takes_the_place_of_many_short_ones() -> None:
    """Thirty minutes, held minute by minute."""
    instance = an_instance(
        grid=1,
        employees=[an_employee(id=f"W{n}") for n in range(31)],
        availabilities=[an_availability(end=at(0, "09:30"))],
        requests=[
            *(a_request(id=f"Q{n}", employee=f"W{n}", duration=1, priority=1) for n in range(30)),
            a_request(id="Q30", employee="W30", duration=30, priority=100),
        ],
    )

    assert [instance["requests"][a.request]["id"] for a in settled(instance)] == ["Q30"]


def test_of_two_that_weigh_the_same_the_older_one_has_the_place() -> None:
    instance = an_instance(
        employees=[an_employee(id="W1"), an_employee(id="W2")],
        availabilities=[an_availability(end=at(0, "09:30"))],
        requests=[
            a_request(id="Q1", employee="W1", request_date="2026-11-03"),
            a_request(id="Q2", employee="W2", request_date="2026-11-01"),
        ],
    )

    assert [instance["requests"][a.request]["id"] for a in settled(instance)] == ["Q2"]


def test_an_urgent_request_takes_a_room_from_somebody_at_another_practitioner() -> None:
    """One room: the practitioner of the urgent request is free, and yet it could not start."""
    instance = an_instance(
        locations=[a_location(capacity=1)],
        employees=[an_employee(id="W1"), an_employee(id="W2")],
        availabilities=[
            an_availability(id="A1", practitioner="P1", end=at(0, "09:30")),
            an_availability(id="A2", practitioner="P2", end=at(0, "09:30")),
        ],
        requests=[
            a_request(
                id="Q1", employee="W1", required_practitioner="P1", request_date="2026-01-01"
            ),
            a_request(id="Q2", employee="W2", required_practitioner="P2", priority=100),
        ],
    )

    assert [instance["requests"][a.request]["id"] for a in settled(instance)] == ["Q2"]
