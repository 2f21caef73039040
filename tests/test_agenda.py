"""The agenda: however it came to be, it says what counting from scratch would say."""

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.agenda import Agenda
from solver.facts import Assignment, Instance, Modality
from solver.minutes import members, on_grid, span
from solver.rules import REQUEST_RULES
from tests.builders import (
    NINE,
    a_location,
    a_request,
    a_type,
    an_appointment,
    an_assignment,
    an_availability,
    an_instance,
    availabilities_of,
    clock,
    requests_of,
    small_instances,
)
from tests.effort import searched

Occupied = tuple[int, int, range]
"""Whom or which place, on which day, at which minutes."""
Steps = list[tuple[int, int, int]]


# --- Counted from scratch ---------------------------------------------------------------------------


def of_practitioners(instance: Instance, plan: Iterable[Assignment]) -> list[Occupied]:
    """The time of practitioners, buffers included."""
    standing = [
        (s.practitioner, s.day, range(s.start, s.occupied_until)) for s in instance.appointments
    ]
    return standing + [
        (block.practitioner, block.day, range(p.start, p.start + wish.duration + wish.buffer))
        for p in plan
        for wish, block in [(instance.requests[p.request], instance.availabilities[p.availability])]
    ]


def of_employees(instance: Instance, plan: Iterable[Assignment]) -> list[Occupied]:
    """The time of employees, without buffers."""
    standing = [(s.employee, s.day, range(s.start, s.end)) for s in instance.appointments]
    return standing + [
        (wish.employee, block.day, range(p.start, p.start + wish.duration))
        for p in plan
        for wish, block in [(instance.requests[p.request], instance.availabilities[p.availability])]
    ]


def of_rooms(instance: Instance, plan: Iterable[Assignment]) -> list[Occupied]:
    """The time of rooms, by location; whoever is on the telephone is in none."""
    standing = [
        (s.location, s.day, range(s.start, s.occupied_until))
        for s in instance.appointments
        if s.takes_room
    ]
    return standing + [
        (block.location, block.day, range(p.start, p.start + wish.duration + wish.buffer))
        for p in plan
        for wish, block in [(instance.requests[p.request], instance.availabilities[p.availability])]
        if wish.modalities & Modality.AT_LOCATION
    ]


def minutes_of(occupied: Iterable[Occupied], who: int, day: int) -> Counter[int]:
    """How often each minute is occupied."""
    return Counter(m for one, on, minutes in occupied if (one, on) == (who, day) for m in minutes)


def assert_counts_are_right(agenda: Agenda) -> None:
    instance, plan = agenda.instance, agenda.plan()
    for day in range(instance.days):
        for who in range(len(instance.practitioners)):
            counted = minutes_of(of_practitioners(instance, plan), who, day)
            assert set(members(agenda.practitioner_busy(who, day))) == set(counted)
        for who in range(len(instance.employees)):
            counted = minutes_of(of_employees(instance, plan), who, day)
            assert set(members(agenda.employee_busy(who, day))) == set(counted)
        for place, location in enumerate(instance.locations):
            counted = minutes_of(of_rooms(instance, plan), place, day)
            full = {m for m in range(1440) if counted[m] >= location.capacity}
            assert set(members(agenda.room_full(place, day))) == full
            taken = [set(members(level)) for level in agenda.rooms_taken(place, day)]
            expected = [{m for m in counted if counted[m] > k} for k in range(location.capacity)]
            # where nobody ever entered a room, nothing need be written down
            assert taken == expected or (not taken and not any(expected))
    claims = {
        (instance.requests[p.request].employee, instance.requests[p.request].type) for p in plan
    }
    for request in instance.requests:
        mine = (request.employee, request.type)
        refuses = instance.types[request.type].refuse_duplicates
        assert agenda.claimed(request) == (refuses and mine in claims)


def a_step(agenda: Agenda, request: int, availability: int, pick: int) -> None:
    """Take the request out if it is planned, else plan it at one of the starts that are left."""
    instance = agenda.instance
    wish = instance.requests[request % len(instance.requests)]
    if request % len(instance.requests) in agenda.planned:
        agenda.remove(request % len(instance.requests))
        return
    block = availability % len(instance.availabilities)
    starts = list(members(agenda.starts(wish, instance.availabilities[block])))
    if starts and not agenda.claimed(wish) and all(rule.admits(wish) for rule in REQUEST_RULES):
        start = starts[pick % len(starts)]
        agenda.place(Assignment(request % len(instance.requests), block, start))


STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 40)), min_size=1, max_size=14
)


@given(small_instances(), STEPS)
@searched(0.5)
def test_placing_and_removing_comes_to_what_counting_from_scratch_does(
    instance: Instance, steps: Steps
) -> None:
    agenda = Agenda(instance)
    assert_counts_are_right(agenda)
    for step in steps:
        a_step(agenda, *step)
        assert_counts_are_right(agenda)


@given(small_instances(), STEPS)
@searched(0.25)
def test_an_agenda_made_of_a_plan_is_the_one_that_grew_to_it(
    instance: Instance, steps: Steps
) -> None:
    grown = Agenda(instance)
    for step in steps:
        a_step(grown, *step)
    made = Agenda(instance, grown.plan())

    assert made.plan() == grown.plan()
    assert_counts_are_right(made)
    for wish in instance.requests:
        for block in instance.availabilities:
            assert made.starts(wish, block) == grown.starts(wish, block)


# --- By hand ----------------------------------------------------------------------------------------


def a_room_for(capacity: int, *lengths: int) -> Agenda:
    """Practitioners 0, 1, ... at one location, each with a request of so many minutes."""
    return Agenda(
        an_instance(
            requests=requests_of(*lengths),
            availabilities=availabilities_of(len(lengths)),
            locations=[a_location(capacity=capacity)],
        )
    )


def test_a_room_is_full_only_while_all_are_taken() -> None:
    agenda = a_room_for(2, 60, 60)
    agenda.place(an_assignment(0, 0, clock("09:00")))
    agenda.place(an_assignment(1, 1, clock("09:30")))

    assert agenda.room_full(0, 0) == span(clock("09:30"), clock("10:00"))
    assert agenda.rooms_taken(0, 0) == [
        span(clock("09:00"), clock("10:30")),
        span(clock("09:30"), clock("10:00")),
    ]


@pytest.mark.parametrize("leaves", [0, 1])
def test_whoever_leaves_first_makes_room_whoever_came_first(leaves: int) -> None:
    agenda = a_room_for(2, 60, 60)
    agenda.place(an_assignment(0, 0, clock("09:00")))
    agenda.place(an_assignment(1, 1, clock("09:30")))
    agenda.remove(leaves)
    (stays,) = agenda.plan()

    assert agenda.room_full(0, 0) == 0
    assert agenda.rooms_taken(0, 0) == [span(stays.start, stays.start + 60), 0]


def test_after_three_came_and_one_went_three_rooms_are_no_longer_full() -> None:
    agenda = a_room_for(3, 30, 30, 30)
    for number in range(3):
        agenda.place(an_assignment(number, number, NINE))
    assert agenda.room_full(0, 0) == span(NINE, NINE + 30)

    agenda.remove(1)

    assert agenda.rooms_taken(0, 0) == [span(NINE, NINE + 30), span(NINE, NINE + 30), 0]


def test_without_rooms_the_whole_day_is_full() -> None:
    agenda = a_room_for(0, 30)

    assert not agenda.starts(agenda.instance.requests[0], agenda.instance.availabilities[0])
    remote = a_request(modalities=int(Modality.VIDEO))
    assert agenda.starts(remote, agenda.instance.availabilities[0])


def test_the_starts_left_are_those_on_the_grid_between_what_stands() -> None:
    standing = [
        an_appointment(start=clock("09:47"), duration=20),
        an_appointment(id="E2", start=clock("11:00"), duration=60),
    ]
    agenda = Agenda(an_instance(appointments=standing, grid=10))
    wish, block = agenda.instance.requests[0], agenda.instance.availabilities[0]

    # until 09:47, and from 10:07 until 11:00
    expected = ["09:00", "09:10", "10:10", "10:20", "10:30"]
    assert list(members(agenda.starts(wish, block))) == [clock(start) for start in expected]


def test_removing_gives_back_what_was_placed_and_leaves_what_stands() -> None:
    agenda = Agenda(an_instance(appointments=[an_appointment(buffer=5)]))
    before = agenda.practitioner_busy(0, 0)
    assignment = an_assignment(start=clock("09:35"))
    agenda.place(assignment)

    assert agenda.remove(0) == assignment
    assert agenda.practitioner_busy(0, 0) == before == span(NINE, clock("09:35"))
    assert agenda.plan() == ()


def test_removing_leaves_what_the_employee_does_during_the_buffer() -> None:
    asked = requests_of(30, 30, employee=0, buffer=20)
    agenda = Agenda(an_instance(asked, availabilities_of(2)))
    agenda.place(an_assignment(0, 0, clock("09:00")))
    agenda.place(an_assignment(1, 1, clock("09:30")))
    agenda.remove(0)

    assert agenda.employee_busy(0, 0) == span(clock("09:30"), clock("10:00"))


def test_a_plan_is_ordered_by_request_whatever_the_order_of_planning() -> None:
    agenda = a_room_for(9, 30, 30, 30)
    for number in (2, 0, 1):
        agenda.place(an_assignment(number, number))

    assert [assignment.request for assignment in agenda.plan()] == [0, 1, 2]


def test_a_duplicate_is_barred_until_the_first_is_taken_out() -> None:
    wishes = [a_request(), a_request(id="Q2"), a_request(id="Q3", type=1)]
    agenda = Agenda(
        an_instance(
            wishes,
            [an_availability(types=(0, 1))],
            types=[a_type(refuse_duplicates=True), a_type(id="T2")],
        )
    )
    agenda.place(an_assignment(0))

    assert agenda.claimed(wishes[1])
    assert not agenda.claimed(wishes[2])
    agenda.remove(0)
    assert not agenda.claimed(wishes[1])


def test_every_start_is_left_where_nothing_stands() -> None:
    agenda = Agenda(an_instance())
    wish, block = agenda.instance.requests[0], agenda.instance.availabilities[0]

    assert agenda.starts(wish, block) == span(NINE, clock("11:31")) & on_grid(5)
