"""Facts as an instance file: read again they are equal, but for what the format has no words for."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from scheduler.demo import demo_world
from scheduler.exchange import UnwritableError, instance_file
from solver.facts import NONE, Instance, Request
from solver.files.instance import read_instance
from tests import builders
from tests.builders import (
    MONDAY,
    NINE,
    a_location,
    a_type,
    an_appointment,
    an_availability,
    an_instance,
    clock,
)
from tests.effort import searched
from tests.exchanged import SHARED, again, facts_of, needs_shared
from tests.worlds import Json, tiny_instances

DAY = 1440


def a_request(**changes: Any) -> Request:
    """One that a file can say: its age is that of its date."""
    return builders.a_request(**{"requested_on": MONDAY} | changes)


# --- Everything that a file can say comes back --------------------------------------------------------


@needs_shared
@pytest.mark.parametrize("name", ["S-80", "S-100", "S-130", "M-80", "M-100", "M-130"])
def test_the_shared_instances_come_back_as_they_were(name: str) -> None:
    facts = read_instance(SHARED / f"{name}-1.json.gz")

    assert again(facts) == facts


def test_the_demo_world_comes_back_as_it_was() -> None:
    facts = facts_of(demo_world(requests=500).instance)

    assert again(facts) == facts


@searched(0.5)
@given(tiny_instances())
def test_whatever_a_file_says_comes_back(world: Json) -> None:
    facts = facts_of(world)

    assert again(facts) == facts


@pytest.mark.parametrize("modalities", range(1, 8))
def test_every_way_to_hold_an_appointment_comes_back(modalities: int) -> None:
    facts = an_instance(
        [a_request(modalities=modalities)], [an_availability(modalities=modalities)]
    )

    assert again(facts) == facts


def test_points_come_back_and_nobody_s_points_too() -> None:
    blocks = [an_availability(id=f"A{n}", day=n) for n in range(3)]
    liked, indifferent = (
        a_request(preferences={0: 7, 2: 10_000}),
        a_request(id="Q2", preferences={}),
    )
    facts = an_instance([liked, indifferent, a_request(id="Q3")], blocks)

    back = again(facts).requests

    assert [one.preferences for one in back] == [{0: 7, 2: 10_000}, {}, None]


def test_a_holiday_comes_back_at_the_location_that_has_it() -> None:
    sunday = 6
    blocks = [
        an_availability(id="A1", day=2, on_day_off=True),
        an_availability(id="A2", day=2, location=1),
        an_availability(id="A3", day=sunday, on_day_off=True),
        an_availability(id="A4", day=5, on_saturday=True, on_day_off=True),
    ]
    facts = an_instance([a_request()], blocks)

    assert again(facts).availabilities == facts.availabilities
    assert [one["holidays"] for one in instance_file(facts)["locations"]] == [[2, 5], []]


# --- What is folded -----------------------------------------------------------------------------------


def window(facts: Instance) -> tuple[int, int]:
    (back,) = again(facts).requests
    return back.from_day, back.until_day


@pytest.mark.parametrize(
    ("earliest", "expected"),
    [
        (0, (-1, 7)),
        (1, (1, 7)),
        (2 * DAY, (2, 7)),
        (2 * DAY + 1, (3, 7)),
        (6 * DAY, (6, 7)),
        (7 * DAY, (14, 15)),
        (14 * DAY, (14, 15)),
    ],
)
def test_notice_takes_days_off_the_window(earliest: int, expected: tuple[int, int]) -> None:
    facts = an_instance([a_request(earliest=earliest, from_day=-1)])

    assert window(facts) == expected


def test_a_window_that_no_horizon_reaches_is_cut() -> None:
    assert window(an_instance([a_request(from_day=-(1 << 30), until_day=1 << 30)])) == (-3660, 7320)


def test_drafts_and_requests_that_await_approval_are_left_out() -> None:
    asked = [
        a_request(id="Q1", draft=True),
        a_request(id="Q2"),
        a_request(id="Q3", awaits_approval=True),
    ]

    assert [one.id for one in again(an_instance(asked)).requests] == ["Q2"]


def test_who_has_one_beyond_the_horizon_has_one_in_the_file() -> None:
    once = [a_type(refuse_duplicates=True)]
    asked = [
        a_request(id="Q1", already_has_one=True),
        a_request(id="Q2", already_has_one=True),
        a_request(id="Q3", employee=1),
    ]
    facts = an_instance(asked, types=once)

    back = again(facts)

    assert back.requests == facts.requests
    (elsewhere,) = back.appointments
    assert (elsewhere.day, elsewhere.start, elsewhere.takes_room) == (13, DAY - 1, False)
    assert back.practitioners[elsewhere.practitioner] not in facts.practitioners


def test_an_absence_keeps_its_practitioner_and_nobody_else() -> None:
    away = an_appointment(employee=NONE, location=NONE, takes_room=False)
    facts = an_instance([a_request()], appointments=[away])

    back = again(facts)

    (there,) = back.appointments
    assert (there.practitioner, there.start, there.occupied_until) == (0, NINE, NINE + 30)
    assert not there.takes_room
    assert back.employees[there.employee] not in facts.employees


def test_an_appointment_elsewhere_keeps_its_employee_and_nobody_else() -> None:
    elsewhere = an_appointment(practitioner=NONE, location=NONE, employee=0, takes_room=False)
    facts = an_instance([a_request()], appointments=[elsewhere])

    back = again(facts)

    (there,) = back.appointments
    assert there.employee == 0
    assert not there.takes_room
    assert back.practitioners[there.practitioner] not in facts.practitioners


def test_the_second_day_of_an_appointment_is_another_and_its_buffer_nobody_s_time() -> None:
    evening = an_appointment(start=clock("23:30"), duration=25, buffer=5, employee=0)
    buffer = replace(evening, day=1, start=0, end=0, occupied_until=10)
    facts = an_instance([a_request()], appointments=[evening, buffer])

    back = again(facts)

    first, second = back.appointments
    assert first == evening
    assert (second.day, second.start, second.end, second.occupied_until) == (1, 0, 10, 10)
    assert second.id == "E1 (2)"
    assert second.takes_room
    assert back.employees[second.employee] not in facts.employees


def test_a_location_without_a_name_for_its_region_or_without_a_limit_can_be_written() -> None:
    facts = an_instance([a_request()], locations=[a_location(region="", capacity=1 << 40)])

    (back,) = again(facts).locations

    assert (back.region, back.capacity) == ("everywhere", 10_000)


# --- What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (
            an_instance([a_request(), a_request(id="Q2", excluded=[0])]),
            "Q2: its employee has two lists",
        ),
        (
            an_instance(
                [a_request()], [an_availability(), an_availability(id="A2", on_day_off=True)]
            ),
            "A2: whether its day is one off",
        ),
        (an_instance([a_request()], [an_availability(day=6)]), "A1: whether its day is one off"),
        (an_instance([a_request(already_has_one=True)]), "Q1: whether its employee has such"),
        (an_instance([a_request(preferences={0: 10_001})]), "Q1: more than 10000 points"),
    ],
)
def test_facts_that_no_file_can_say_are_refused(facts: Instance, problem: str) -> None:
    with pytest.raises(UnwritableError, match=problem):
        instance_file(facts)
