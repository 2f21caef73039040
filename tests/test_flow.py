"""The min-cost flow bounds every plan, and is as tight as what it knows of rooms and stretches."""

import pytest
from hypothesis import given

from solver.board import Boards
from solver.candidates import Candidates, candidates
from solver.flow import largest_flow, network, weight, weight_bound, weight_then_lower_aims
from solver.packed import packed_bound
from solver.rounding import rounded
from solver.score import score
from solver.stretches import fullest_sum
from tests import oracle
from tests.effort import searched
from tests.facts import facts_of
from tests.worlds import (
    Json,
    a_location,
    a_request,
    an_availability,
    an_existing,
    an_instance,
    at,
    tiny_instances,
)

NINE = at(0, "09:00")


def asked(instance: Json) -> Candidates:
    return candidates(facts_of(instance))


def bound(instance: Json) -> int:
    found = asked(instance)
    return weight_bound(network(found))


def requests(count: int, **changes: object) -> list[Json]:
    """So many requests of different employees."""
    return [a_request(id=f"Q{i}", employee=f"W{i}", **changes) for i in range(count)]


@given(tiny_instances())
@searched()
def test_no_bound_lies_under_the_best_plan(instance: Json) -> None:
    assert bound(instance) >= oracle.best_weight(instance)


@given(tiny_instances())
@searched()
def test_no_packed_bound_lies_under_the_best_plan_or_over_the_flows(instance: Json) -> None:
    found = asked(instance)
    flow = largest_flow(network(found), weight(found))

    assert oracle.best_weight(instance) <= packed_bound(flow) <= flow.bound


def test_two_urgent_requests_that_are_too_long_together_are_not_both_in_the_packed_bound() -> None:
    """105 minutes, of which the flow gives 45 to one and 60 of 65 to the other."""
    instance = an_instance(
        availabilities=[an_availability(end=at(0, "10:45"))],
        requests=[
            a_request(id="Q1", employee="W1", duration=65, priority=100),
            a_request(id="Q2", employee="W2", duration=45, priority=100),
            # with these every minute can be filled
            *(
                a_request(id=f"Q{n}", employee=f"W{n}", duration=5, priority=1)
                for n in range(3, 24)
            ),
        ],
    )
    found = asked(instance)
    flow = largest_flow(network(found), weight(found))

    assert flow.bound > 190
    best = 100 + 12  # the one of 45 minutes and twelve of five
    assert best <= packed_bound(flow) < 150


@given(tiny_instances(most_requests=4))
@searched()
def test_the_flow_of_several_aims_is_worth_at_least_the_best_plan(instance: Json) -> None:
    found = asked(instance)
    flow = largest_flow(network(found), weight_then_lower_aims(found))
    best = oracle.best_plan(instance, aims=3)
    most_preferred = int(found.preference.max(initial=0)) + 1
    reached = oracle.score(instance, best)

    worth = (
        reached["weight"] * flow.worth_of.of_weight
        + reached["seniority"] * most_preferred
        + reached["preference"]
    )

    assert flow.worth >= worth - 1e-6 * worth - 1e-6


def test_the_largest_worths_that_a_file_may_have_are_no_trouble() -> None:
    """Ten years, the oldest request, the highest priority, points by the thousand, odd lengths."""
    instance = an_instance(
        days=3660,
        availabilities=[
            an_availability(id=f"A{n}", start=at(n, "09:00"), end=at(n, "17:00"))
            for n in range(300)
        ],
        requests=[
            a_request(
                id=f"Q{n}",
                employee=f"W{n}",
                duration=41 + n % 17,
                priority=1000,
                request_date="2020-01-01",
                window=[0, 3660],
                allow_saturday=True,
                allow_sunday_holiday=True,
                preferences=[["A0", 1000]],
            )
            for n in range(300)
        ],
    )
    found = asked(instance)

    flow = largest_flow(network(found), weight_then_lower_aims(found))

    assert flow.worth >= 1000 * len(instance["requests"]) * flow.worth_of.of_weight


def test_a_stretch_holds_no_more_than_a_subset_fills() -> None:
    # 50 minutes, appointments of 20: the flow of minutes would plan two and a half
    instance = an_instance(
        availabilities=[an_availability(start=NINE, end=NINE + 50)],
        requests=requests(3, duration=20, priority=4),
    )

    assert bound(instance) == 8


def test_rooms_bind_where_more_practitioners_are_there_than_rooms() -> None:
    instance = an_instance(
        locations=[a_location(capacity=1)],
        availabilities=[
            an_availability(id="A1", practitioner="P1", start=NINE, end=NINE + 60),
            an_availability(id="A2", practitioner="P2", start=NINE, end=NINE + 60),
        ],
        requests=requests(4, duration=30),
    )
    more_rooms = {**instance, "locations": [a_location(capacity=2)]}

    assert bound(instance) == 2
    assert bound(more_rooms) == 4


def test_a_room_full_of_standing_appointments_leaves_nothing() -> None:
    instance = an_instance(
        locations=[a_location(capacity=1)],
        availabilities=[an_availability(start=NINE, end=NINE + 30)],
        existing=[an_existing(practitioner="P9", start=NINE, duration=30)],
        requests=requests(1, duration=30),
    )

    assert bound(instance) == 0


def test_a_practitioner_in_two_availabilities_at_once_is_counted_once() -> None:
    instance = an_instance(
        locations=[a_location(id="L1", capacity=5), a_location(id="L2", capacity=5)],
        availabilities=[
            an_availability(id="A1", location="L1", start=NINE, end=NINE + 60),
            an_availability(id="A2", location="L2", start=NINE, end=NINE + 60),
        ],
        requests=requests(4, duration=30),
    )

    assert bound(instance) == 2


@pytest.mark.parametrize(
    ("lengths", "capacity", "fullest"),
    [({20: 3}, 50, 40), ({20: 1}, 50, 20), ({15: 2, 20: 2}, 50, 50), ({30: 9}, 20, 0), ({}, 60, 0)],
)
def test_the_fullest_sum_is_that_of_the_best_subset(
    lengths: dict[int, int], capacity: int, fullest: int
) -> None:
    assert fullest_sum(lengths, capacity) == fullest


def test_where_nothing_can_be_planned_the_bound_is_zero() -> None:
    instance = an_instance(availabilities=[], requests=requests(2))

    assert bound(instance) == 0


def test_the_rounded_flow_of_a_world_without_conflicts_is_the_flow() -> None:
    found = asked(an_instance(requests=requests(2, duration=30)))
    net = network(found)
    flow = largest_flow(net, weight_then_lower_aims(found))

    plan = rounded(Boards(found), [flow])

    assert score(found.instance, plan).weight == weight_bound(net) > 0
