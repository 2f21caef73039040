"""Candidates: every pair that the rules allow, and no other, although the pairs are never formed."""

import numpy as np
import pytest
from hypothesis import given

import solver.candidates
from solver.aims import preference, seniority
from solver.candidates import candidates
from solver.check import check
from solver.facts import FAR_DAY, Assignment, Instance
from tests.builders import (
    NINE,
    a_location,
    a_request,
    a_type,
    an_appointment,
    an_availability,
    an_instance,
    clock,
    small_instances,
)
from tests.effort import searched

Pairs = list[tuple[int, int]]


def found_in(instance: Instance) -> Pairs:
    found = candidates(instance)
    return list(zip(found.request.tolist(), found.availability.tolist(), strict=True))


def by_brute_force(instance: Instance) -> Pairs:
    """Each pair for which a plan of that one request, at some minute of the block, passes the check."""
    return [
        (r, a)
        for r in range(len(instance.requests))
        for a, block in enumerate(instance.availabilities)
        if any(
            not check(instance, [Assignment(r, a, start)])
            for start in range(block.start, block.end)
            if start % instance.grid == 0
        )
    ]


@given(small_instances())
def test_candidates_are_what_the_check_lets_pass(instance: Instance) -> None:
    assert found_in(instance) == by_brute_force(instance)


@given(small_instances(most_requests=8))
@searched(0.5)
def test_the_views_of_the_candidates_say_the_same(instance: Instance) -> None:
    found = candidates(instance)
    pairs = found_in(instance)
    everybody = range(len(instance.requests))

    assert found.requests == sorted({r for r, _ in pairs})
    assert found.options == [[a for other, a in pairs if other == r] for r in everybody]
    assert found.requests_of == [
        [r for r, other in pairs if other == a] for a in range(len(instance.availabilities))
    ]
    assert [found.shapes[n] for n in found.shape_of.tolist()] == [
        r.shape for r in instance.requests
    ]
    assert found.priority.tolist() == [r.priority for r in instance.requests]


@given(small_instances())
@searched(0.5)
def test_what_a_pair_is_worth_is_the_same_for_columns_and_rows(instance: Instance) -> None:
    found = candidates(instance)
    pairs = [
        (r, a, instance.requests[r], instance.availabilities[a]) for r, a in found_in(instance)
    ]

    assert found.seniority.tolist() == [seniority(q, a.day, instance.days) for _, _, q, a in pairs]
    assert found.preference.tolist() == [preference(q, a, index) for _, index, q, a in pairs]


@given(small_instances(most_requests=8))
@searched(0.25)
def test_the_candidates_of_some_requests_are_theirs_among_all(instance: Instance) -> None:
    found = candidates(instance)
    some = found.of(np.asarray(found.requests[::2], np.int64))

    assert some.requests == found.requests[::2]
    assert [some.options[r] for r in some.requests] == [found.options[r] for r in some.requests]


@pytest.mark.parametrize("pairs_at_once", [1, 2, 7])
def test_it_makes_no_difference_in_how_many_chunks_they_are_found(
    pairs_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = an_instance(
        requests=[
            a_request(id=f"Q{n}", locations=(n % 2, 2), from_day=n % 3, until_day=9)
            for n in range(6)
        ],
        availabilities=[
            an_availability(id=f"A{n}", location=n % 3, day=n % 5, practitioner=n)
            for n in range(11)
        ],
    )
    at_once = found_in(world)
    monkeypatch.setattr(solver.candidates, "PAIRS_AT_ONCE", pairs_at_once)

    assert len(at_once) > 11
    assert found_in(world) == at_once == by_brute_force(world)


# --- By hand ----------------------------------------------------------------------------------------


def test_whoever_is_occupied_all_the_time_has_no_candidate() -> None:
    hers = an_appointment(employee=0, practitioner=1, duration=180)
    wishes = [a_request(), a_request(id="Q2", employee=1)]

    # the request of the other employee has the same shape
    assert found_in(an_instance(wishes, appointments=[hers])) == [(1, 0)]


def test_an_appointment_of_hers_on_another_day_does_not_matter() -> None:
    hers = an_appointment(employee=0, practitioner=1, duration=180, day=1)

    assert found_in(an_instance(appointments=[hers])) == [(0, 0)]


@pytest.mark.parametrize(("earliest", "expected"), [("11:30", [(0, 0)]), ("11:31", [])])
def test_notice_leaves_the_starts_after_it(earliest: str, expected: Pairs) -> None:
    # the last start of half an hour until noon is 11:30
    assert found_in(an_instance([a_request(earliest=clock(earliest))])) == expected


def test_notice_and_appointments_together_may_leave_no_start() -> None:
    hers = an_appointment(start=clock("11:00"), duration=60, employee=0, practitioner=1)
    late = a_request(earliest=clock("10:31"))

    assert found_in(an_instance([late])) == [(0, 0)]
    assert found_in(an_instance([late], appointments=[hers])) == []


def test_where_practitioner_and_room_each_leave_a_start_but_not_together_there_is_none() -> None:
    hour = an_availability(end=clock("10:00"))
    standing = [an_appointment(), an_appointment(id="E2", start=NINE + 30, practitioner=1)]

    world = an_instance(
        availabilities=[hour], appointments=standing, locations=[a_location(capacity=1)]
    )

    assert found_in(world) == []


def test_a_window_that_is_open_on_both_sides_is_the_whole_horizon() -> None:
    blocks = [an_availability(id=f"A{day}", day=day) for day in (0, 6, 13)]
    wish = a_request(from_day=-FAR_DAY, until_day=FAR_DAY)

    assert found_in(an_instance([wish], blocks)) == [(0, 0), (0, 1), (0, 2)]


def test_a_window_outside_the_horizon_holds_nothing() -> None:
    wishes = [a_request(from_day=-9, until_day=0), a_request(id="Q2", from_day=14, until_day=20)]

    assert found_in(an_instance(wishes, [an_availability(day=day) for day in (0, 13)])) == []


def test_who_may_not_be_planned_at_all_has_no_candidates() -> None:
    hers = an_appointment(employee=2, type=0, day=5)
    wishes = [
        a_request(draft=True),
        a_request(id="Q2", employee=1, awaits_approval=True),
        a_request(id="Q3", employee=2),
    ]

    world = an_instance(wishes, appointments=[hers], types=[a_type(refuse_duplicates=True)])

    assert found_in(world) == []


@pytest.mark.parametrize("nothing", ["requests", "availabilities"])
def test_of_nothing_there_are_no_candidates(nothing: str) -> None:
    world = an_instance(
        requests=[] if nothing == "requests" else None,
        availabilities=[] if nothing == "availabilities" else None,
    )

    assert found_in(world) == []
    assert candidates(world).requests == []
