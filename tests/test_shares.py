"""A problem in shares: what each finds by itself keeps every rule together, and no share is garbled on its way."""

import gzip
import json
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given

from benchmarks.generator import generate
from benchmarks.shapes import SIZES
from solver import shares as sharing
from solver.board import Boards
from solver.candidates import candidates
from solver.check import check
from solver.components import parts
from solver.facts import Instance, Plan
from solver.files.wire import GarbledError, packed, read
from solver.greedy import best_greedy
from solver.options import Options
from solver.process import Solved, plan
from solver.score import score
from solver.shares import Share, shares, together
from tests.facts import facts_of
from tests.worlds import (
    Json,
    a_location,
    a_practitioner,
    a_request,
    an_availability,
    an_employee,
    an_instance,
    at,
    tiny_instances,
)

SIZE = 60
SHAPE = replace(SIZES["S"], requests=600, practitioners=15, locations=12, regions=3)


@pytest.fixture(
    scope="module", params=["plain", "telephone", "tight-rooms", "coarse-grid", "duplicates"]
)
def generated(request: pytest.FixtureRequest) -> Instance:
    """Three regions, with practitioners who work in two of them at once."""
    shape = SHAPE if request.param == "plain" else SHAPE.variant(request.param)
    return facts_of(generate(shape, 100, 7))


@pytest.fixture(scope="module")
def tight() -> Instance:
    """One of them."""
    return facts_of(generate(SHAPE.variant("tight-rooms"), 100, 7))


def by_themselves(found: list[Share]) -> Plan:
    """Each planned as if it were alone."""
    return together((share, greedy(share.instance)) for share in found)


def greedy(instance: Instance) -> Plan:
    return best_greedy(Boards(candidates(instance)))


def test_shares_planned_by_themselves_keep_every_rule_together(generated: Instance) -> None:
    found = shares(generated, SIZE)

    assert len(found) >= 3
    assert check(generated, by_themselves(found)) == []


@given(tiny_instances())
def test_so_they_do_in_tiny_worlds(instance: Json) -> None:
    facts = facts_of(instance)

    assert check(facts, by_themselves(shares(facts, 1))) == []


def test_who_may_go_anywhere_is_in_one_share(generated: Instance) -> None:
    found = shares(generated, SIZE)

    asked = sorted(r for share in found for r in share.requests)
    assert asked == candidates(generated).requests
    assert all(len(share.requests) >= SIZE for share in found[:-1])
    assert found == shares(generated, SIZE)


def twice_at_once() -> Instance:
    """Two locations far apart, and a practitioner who is open at both the whole morning."""
    requests = [
        a_request(id=f"Q{n}", employee=f"W{n}", region=f"R{n % 2}", window=[0, 1]) for n in range(8)
    ]
    return facts_of(
        an_instance(
            locations=[a_location(id=f"L{n}", region=f"R{n}", capacity=5) for n in range(2)],
            practitioners=[a_practitioner()],
            employees=[an_employee(id=f"W{n}") for n in range(8)],
            availabilities=[
                an_availability(
                    id=f"A{n}", location=f"L{n}", start=at(0, "09:00"), end=at(0, "11:00")
                )
                for n in range(2)
            ],
            requests=requests,
        )
    )


def test_a_practitioner_is_not_given_to_two_shares_at_once() -> None:
    world = twice_at_once()

    found = shares(world, 1)

    assert len(found) == 2
    assert len(parts(candidates(world))) == 1  # they are one problem, exactly
    assert check(world, by_themselves(found)) == []


def test_control_undivided_he_is_booked_twice() -> None:
    world = twice_at_once()

    with patch.object(sharing, "_divided", lambda instance, *_: list(instance.availabilities)):
        found = shares(world, 1)

    assert check(world, by_themselves(found)) != []


def test_blocks_that_follow_on_each_other_are_no_reason_to_plan_together() -> None:
    world = twice_at_once()
    first, second = world.availabilities
    apart = replace(world, availabilities=(replace(first, end=600), replace(second, start=600)))

    assert len(parts(candidates(world))[0].requests) == 8
    with patch("solver.components.SMALL", 1):
        assert len(parts(candidates(apart))) == 2


def test_a_plan_that_was_begun_is_no_worse_in_the_end(tight: Instance) -> None:
    begun = by_themselves(shares(tight, SIZE))

    solved = plan(tight, Options(iterations=0, workers=1), begun=begun)

    assert isinstance(solved, Solved)
    assert solved.score >= score(tight, begun)


# --- On its way -----------------------------------------------------------------------------------------


def test_what_is_sent_is_what_is_read(tight: Instance) -> None:
    (share, *_) = shares(tight, SIZE)
    solved = plan(share.instance, Options(iterations=0, workers=1))

    assert read(Instance, packed(share.instance)) == share.instance
    assert isinstance(solved, Solved)
    assert read(Solved, packed(solved)) == solved


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"no json"),
        gzip.compress(b"{}"),
        gzip.compress(
            json.dumps(["name", "2027-03-01", "7", 5, [], [], [], [], [], [], []]).encode()
        ),
        gzip.compress(json.dumps(["name"]).encode()),
        gzip.compress(b"[" * 100_000),
    ],
    ids=[
        "nothing",
        "no gzip",
        "no json",
        "no list",
        "a text for a number",
        "too short",
        "too deep",
    ],
)
def test_what_is_garbled_is_refused(content: bytes) -> None:
    with pytest.raises(GarbledError, match="no Instance"):
        read(Instance, content)
