"""Each rule at its edges, kept and broken, with answers worked out by hand from the domain page.

`verify` asks every reading of a rule at once. The last part holds the rules together: each is in the
table of contents and has its tests here, and what they are written in keeps the laws.
"""

import ast
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import solver.rules
from solver import aims
from solver.agenda import Agenda
from solver.facts import FAR_DAY, NONE, Appointment, Assignment, Instance, Modality, Truth
from solver.rules import PAIR_RULES, RULES, Rule, words
from solver.rules.approval import Approval
from solver.rules.date_window import DateWindow
from solver.rules.draft import Draft
from solver.rules.duplicate import Duplicate
from solver.rules.employee_free import EmployeeFree
from solver.rules.exclusion import Exclusion
from solver.rules.face import (
    AvailabilityFacts,
    Finished,
    PairRule,
    PlanRule,
    RequestFacts,
    RequestRule,
    Sentences,
    SlotRule,
    Violation,
)
from solver.rules.fits import Fits
from solver.rules.location_capacity import LocationCapacity
from solver.rules.location_wish import LocationWish
from solver.rules.modality import ModalityAdmitted
from solver.rules.notice import Notice
from solver.rules.own_calendar import OwnCalendar
from solver.rules.planned_twice import PlannedTwice
from solver.rules.practitioner_free import PractitionerFree
from solver.rules.practitioner_wish import PractitionerWish
from solver.rules.saturday import Saturday
from solver.rules.sunday_holiday import SundayHoliday
from solver.rules.type_admitted import TypeAdmitted
from tests.builders import (
    NINE,
    STRANGER,
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
)
from tests.verify import Findings, verify

AT_LOCATION, TELEPHONE, VIDEO, REMOTE = (
    int(flags)
    for flags in (Modality.AT_LOCATION, Modality.TELEPHONE, Modality.VIDEO, Modality.REMOTE)
)
FREE = Agenda(an_instance())


def beside(*standing: Appointment, **world: Any) -> Agenda:
    """What stands is these appointments."""
    return Agenda(an_instance(requests=[], availabilities=[], appointments=standing, **world))


# --- The request by itself --------------------------------------------------------------------------


def test_a_draft_is_never_planned() -> None:
    verify(Draft()).given(a_request(draft=True)).refuses()


def test_a_request_that_is_no_draft_may_be_planned() -> None:
    verify(Draft()).given(a_request(awaits_approval=True, already_has_one=True)).allows()


def test_a_request_that_waits_for_approval_is_not_planned() -> None:
    verify(Approval()).given(a_request(awaits_approval=True)).refuses()


def test_an_approved_request_may_be_planned() -> None:
    verify(Approval()).given(a_request(draft=True, already_has_one=True)).allows()


def test_whoever_has_one_of_a_type_that_refuses_duplicates_gets_no_second() -> None:
    verify(Duplicate()).given(a_request(already_has_one=True)).refuses()


def test_a_first_appointment_is_no_duplicate() -> None:
    verify(Duplicate()).given(a_request(draft=True, awaits_approval=True)).allows()


# --- This request in this availability: the day -----------------------------------------------------

FROM_20_JULY_UNTIL_21_JULY = a_request(from_day=20, until_day=21)


def test_a_window_of_20_07_until_21_07_means_20_07() -> None:
    verify(DateWindow()).given(FROM_20_JULY_UNTIL_21_JULY, an_availability(day=20)).allows()


@pytest.mark.parametrize("day", [19, 21, 22])
def test_a_window_of_20_07_until_21_07_means_no_other_day(day: int) -> None:
    verify(DateWindow()).given(FROM_20_JULY_UNTIL_21_JULY, an_availability(day=day)).refuses()


@pytest.mark.parametrize("day", [3, 4, 5])
def test_a_window_holds_from_its_first_day_to_the_day_before_its_to_date(day: int) -> None:
    wish = a_request(from_day=3, until_day=6)

    verify(DateWindow()).given(wish, an_availability(day=day)).allows()


def test_a_window_may_have_begun_before_the_horizon_and_have_no_end() -> None:
    wish = a_request(from_day=-30, until_day=FAR_DAY)

    verify(DateWindow()).given(wish, an_availability(day=0)).allows()
    verify(DateWindow()).given(wish, an_availability(day=3659)).allows()


def test_the_window_does_not_ask_what_kind_of_day_it_is() -> None:
    holiday = an_availability(on_saturday=True, on_day_off=True)

    verify(DateWindow()).given(a_request(), holiday).allows()


SATURDAY = an_availability(on_saturday=True)
HOLIDAY = an_availability(on_day_off=True)
SATURDAY_AND_HOLIDAY = an_availability(on_saturday=True, on_day_off=True)


def test_a_saturday_needs_its_own_permission() -> None:
    verify(Saturday()).given(a_request(), SATURDAY).refuses()
    verify(Saturday()).given(a_request(allow_day_off=True), SATURDAY).refuses()
    verify(Saturday()).given(a_request(allow_saturday=True), SATURDAY).allows()


def test_a_sunday_or_holiday_needs_its_own_permission() -> None:
    verify(SundayHoliday()).given(a_request(), HOLIDAY).refuses()
    verify(SundayHoliday()).given(a_request(allow_saturday=True), HOLIDAY).refuses()
    verify(SundayHoliday()).given(a_request(allow_day_off=True), HOLIDAY).allows()


def test_an_ordinary_day_needs_no_permission_and_permissions_bind_nobody_to_a_saturday() -> None:
    for wish in (a_request(), a_request(allow_saturday=True, allow_day_off=True)):
        verify(Saturday()).given(wish, an_availability()).allows()
        verify(SundayHoliday()).given(wish, an_availability()).allows()


def test_the_permission_for_saturdays_does_not_open_a_saturday_that_is_a_holiday() -> None:
    wish = a_request(allow_saturday=True)

    verify(Saturday()).given(wish, SATURDAY_AND_HOLIDAY).allows()
    verify(SundayHoliday()).given(wish, SATURDAY_AND_HOLIDAY).refuses()


def test_the_permission_for_holidays_does_not_open_a_saturday_that_is_a_holiday() -> None:
    wish = a_request(allow_day_off=True)

    verify(Saturday()).given(wish, SATURDAY_AND_HOLIDAY).refuses()
    verify(SundayHoliday()).given(wish, SATURDAY_AND_HOLIDAY).allows()


def test_both_permissions_together_open_a_saturday_that_is_a_holiday() -> None:
    wish = a_request(allow_saturday=True, allow_day_off=True)

    verify(Saturday()).given(wish, SATURDAY_AND_HOLIDAY).allows()
    verify(SundayHoliday()).given(wish, SATURDAY_AND_HOLIDAY).allows()


# --- This request in this availability: where, with whom, for what and how --------------------------


def test_a_location_outside_the_wished_ones_is_refused() -> None:
    verify(LocationWish()).given(a_request(locations=(0, 2)), an_availability(location=1)).refuses()


@pytest.mark.parametrize("location", [0, 2])
def test_each_of_the_wished_locations_will_do(location: int) -> None:
    wish = a_request(locations=(0, 2))

    verify(LocationWish()).given(wish, an_availability(location=location)).allows()


def test_a_preferred_location_only_weighs() -> None:
    wish = a_request(locations=(0, 1), preferred_location=1)

    verify(LocationWish()).given(wish, an_availability(location=0)).allows()


def test_preferring_a_location_does_not_add_it_to_the_wished_ones() -> None:
    wish = a_request(locations=(0,), preferred_location=1)

    verify(LocationWish()).given(wish, an_availability(location=1)).refuses()


def test_a_request_for_no_location_at_all_can_be_held_nowhere() -> None:
    verify(LocationWish()).given(a_request(locations=()), an_availability()).refuses()


def test_a_required_practitioner_binds() -> None:
    wish = a_request(required_practitioner=1)

    verify(PractitionerWish()).given(wish, an_availability(practitioner=0)).refuses()
    verify(PractitionerWish()).given(wish, an_availability(practitioner=1)).allows()


def test_the_first_practitioner_can_be_required_as_any_other() -> None:
    wish = a_request(required_practitioner=0)

    verify(PractitionerWish()).given(wish, an_availability(practitioner=0)).allows()
    verify(PractitionerWish()).given(wish, an_availability(practitioner=2)).refuses()


def test_a_preferred_practitioner_only_weighs() -> None:
    wish = a_request(preferred_practitioner=1)

    verify(PractitionerWish()).given(wish, an_availability(practitioner=0)).allows()


def test_whoever_requires_nobody_may_be_seen_by_anybody() -> None:
    verify(PractitionerWish()).given(a_request(), an_availability(practitioner=4)).allows()


def test_an_excluded_practitioner_is_refused() -> None:
    wish = a_request(excluded=(1, 3))

    verify(Exclusion()).given(wish, an_availability(practitioner=1)).refuses()
    verify(Exclusion()).given(wish, an_availability(practitioner=3)).refuses()


def test_others_than_the_excluded_practitioners_are_allowed() -> None:
    verify(Exclusion()).given(a_request(excluded=(1, 3)), an_availability(practitioner=2)).allows()
    verify(Exclusion()).given(a_request(), an_availability(practitioner=1)).allows()


def test_an_exclusion_holds_against_every_wish() -> None:
    wish = a_request(excluded=(1,), required_practitioner=1, preferred_practitioner=1)

    verify(Exclusion()).given(wish, an_availability(practitioner=1)).refuses()


def test_easing_an_exclusion_is_never_offered() -> None:
    assert Exclusion.relaxation is None


def test_an_availability_is_open_for_the_types_it_admits() -> None:
    block = an_availability(types=(0, 2))

    verify(TypeAdmitted()).given(a_request(type=0), block).allows()
    verify(TypeAdmitted()).given(a_request(type=2), block).allows()


def test_an_availability_is_closed_for_other_types() -> None:
    verify(TypeAdmitted()).given(a_request(type=1), an_availability(types=(0, 2))).refuses()
    verify(TypeAdmitted()).given(a_request(type=0), an_availability(types=())).refuses()


@pytest.mark.parametrize(
    ("asked", "admitted"),
    [
        (AT_LOCATION, AT_LOCATION),
        (AT_LOCATION, AT_LOCATION | VIDEO),
        (TELEPHONE, REMOTE),
        (REMOTE, VIDEO),  # by telephone or by video: one shared modality is enough
        (REMOTE, int(Modality.ANY)),
    ],
)
def test_one_shared_modality_is_enough(asked: int, admitted: int) -> None:
    block = an_availability(modalities=admitted)

    verify(ModalityAdmitted()).given(a_request(modalities=asked), block).allows()


@pytest.mark.parametrize(
    ("asked", "admitted"),
    [
        (AT_LOCATION, REMOTE),
        (REMOTE, AT_LOCATION),
        (TELEPHONE, AT_LOCATION | VIDEO),
        (AT_LOCATION, 0),
    ],
)
def test_without_a_shared_modality_an_availability_is_closed(asked: int, admitted: int) -> None:
    block = an_availability(modalities=admitted)

    verify(ModalityAdmitted()).given(a_request(modalities=asked), block).refuses()


# --- This request at this start: where it fits ------------------------------------------------------

WITH_BUFFER = a_request(duration=30, buffer=10)


@pytest.mark.parametrize("start", ["09:00", "09:05", "11:20"])
def test_it_fits_where_its_buffer_ends_with_the_availability(start: str) -> None:
    # 11:20 with 30 minutes and a buffer of 10 ends at noon
    case = verify(Fits()).given(WITH_BUFFER, an_availability(), stands=FREE, start=clock(start))

    case.allows()


@pytest.mark.parametrize("start", ["08:55", "11:25", "11:30", "11:55", "12:00"])
def test_it_does_not_fit_with_its_buffer_outside(start: str) -> None:
    case = verify(Fits()).given(WITH_BUFFER, an_availability(), stands=FREE, start=clock(start))

    case.refuses()


def test_an_availability_exactly_as_long_as_the_request_has_one_start() -> None:
    exact = an_availability(end=clock("09:40"))

    verify(Fits()).given(WITH_BUFFER, exact, stands=FREE, start=NINE).allows()
    verify(Fits()).given(WITH_BUFFER, exact, stands=FREE, start=NINE + 5).refuses()


def test_an_availability_a_minute_too_short_has_none() -> None:
    short = an_availability(end=clock("09:39"))

    verify(Fits()).given(WITH_BUFFER, short, stands=FREE, start=NINE).refuses()


@pytest.mark.parametrize("minutes", [1, 2, 3, 4])
def test_a_start_off_the_grid_is_refused_wherever_it_lies(minutes: int) -> None:
    start = clock("10:00") + minutes

    verify(Fits()).given(a_request(), an_availability(), stands=FREE, start=start).refuses()


def test_the_grid_counts_from_midnight_and_not_from_the_availability() -> None:
    late = an_availability(start=clock("09:02"))
    by_25 = beside(grid=25)

    verify(Fits()).given(a_request(), late, stands=FREE, start=clock("09:02")).refuses()
    verify(Fits()).given(a_request(), late, stands=FREE, start=clock("09:05")).allows()
    # 550 is 22 times 25, also on the second day: 1440 is no multiple of 25
    second_day = an_availability(day=1)
    verify(Fits()).given(a_request(), second_day, stands=by_25, start=550).allows()
    verify(Fits()).given(a_request(), second_day, stands=by_25, start=560).refuses()


def test_an_availability_may_end_at_midnight_and_not_pass_it() -> None:
    evening = an_availability(start=clock("23:00"), end=clock("24:00"))

    verify(Fits()).given(a_request(), evening, stands=FREE, start=clock("23:30")).allows()
    verify(Fits()).given(a_request(), evening, stands=FREE, start=clock("23:35")).refuses()


def test_two_adjoining_availabilities_are_not_one() -> None:
    first = an_availability(end=clock("09:30"))
    second = an_availability(id="A2", start=clock("09:30"))
    stands = Agenda(an_instance(availabilities=[second]))

    verify(Fits()).given(a_request(duration=60), first, stands=stands, start=NINE).refuses()


# --- This request at this start: the notice ---------------------------------------------------------

FROM_HALF_PAST_NINE = a_request(earliest=clock("09:30"))


@pytest.mark.parametrize("start", ["09:00", "09:25"])
def test_before_its_notice_nothing_starts(start: str) -> None:
    block = an_availability()

    verify(Notice()).given(FROM_HALF_PAST_NINE, block, stands=FREE, start=clock(start)).refuses()


@pytest.mark.parametrize("start", ["09:30", "10:00"])
def test_from_its_notice_on_everything_may_start(start: str) -> None:
    block = an_availability()

    verify(Notice()).given(FROM_HALF_PAST_NINE, block, stands=FREE, start=clock(start)).allows()


def test_the_notice_counts_from_the_start_of_the_horizon() -> None:
    on_tuesday_at_ten = a_request(earliest=clock("24:00") + clock("10:00"))
    monday, tuesday, wednesday = (an_availability(day=day) for day in (0, 1, 2))

    for block, start in [(monday, "11:30"), (tuesday, "09:55")]:
        verify(Notice()).given(on_tuesday_at_ten, block, stands=FREE, start=clock(start)).refuses()
    for block, start in [(tuesday, "10:00"), (wednesday, "09:00")]:
        verify(Notice()).given(on_tuesday_at_ten, block, stands=FREE, start=clock(start)).allows()


def test_without_notice_the_first_minute_of_the_horizon_will_do() -> None:
    early = an_availability(start=0, end=60)

    verify(Notice()).given(a_request(), early, stands=FREE, start=0).allows()


# --- This request at this start: who is occupied ----------------------------------------------------

FROM_930_UNTIL_1010 = an_appointment(start=clock("09:30"), duration=30, buffer=10)


@pytest.mark.parametrize(("start", "buffer"), [("09:00", 0), ("10:10", 10), ("11:00", 10)])
def test_a_practitioner_may_begin_where_the_buffer_of_another_ends(start: str, buffer: int) -> None:
    case = verify(PractitionerFree()).given(
        a_request(buffer=buffer),
        an_availability(),
        stands=beside(FROM_930_UNTIL_1010),
        start=clock(start),
    )

    case.allows()


@pytest.mark.parametrize(
    ("start", "buffer"),
    [("09:00", 5), ("09:05", 0), ("09:30", 0), ("09:45", 0), ("10:00", 0), ("10:05", 0)],
)
def test_a_practitioner_is_not_free_during_an_appointment_or_its_buffer(
    start: str, buffer: int
) -> None:
    case = verify(PractitionerFree()).given(
        a_request(buffer=buffer),
        an_availability(),
        stands=beside(FROM_930_UNTIL_1010),
        start=clock(start),
    )

    case.refuses()


def test_an_appointment_around_the_whole_start_occupies_it() -> None:
    all_morning = an_appointment(duration=180)

    case = verify(PractitionerFree()).given(
        a_request(), an_availability(), stands=beside(all_morning), start=clock("10:00")
    )

    case.refuses()


@pytest.mark.parametrize(
    "elsewhere", [{"location": 1}, {"takes_room": False}, {"location": 1, "type": 1}]
)
def test_a_practitioner_is_one_person_at_all_locations(elsewhere: dict[str, Any]) -> None:
    stands = beside(an_appointment(**elsewhere))

    verify(PractitionerFree()).given(
        a_request(), an_availability(), stands=stands, start=NINE
    ).refuses()


def test_another_practitioner_or_another_day_does_not_matter() -> None:
    stands = beside(an_appointment(practitioner=1), an_appointment(id="E2", day=1))

    verify(PractitionerFree()).given(
        a_request(), an_availability(), stands=stands, start=NINE
    ).allows()


def test_what_stands_need_not_be_on_the_grid() -> None:
    stands = beside(an_appointment(start=clock("09:32"), duration=15))  # until 09:47
    wish, block = a_request(), an_availability()

    for start in ("09:00", "09:50"):
        verify(PractitionerFree()).given(wish, block, stands=stands, start=clock(start)).allows()
    for start in ("09:05", "09:45"):
        verify(PractitionerFree()).given(wish, block, stands=stands, start=clock(start)).refuses()


def test_what_was_planned_occupies_as_what_stands() -> None:
    planned = an_instance(requests=[a_request(employee=1, buffer=10)])
    stands = Agenda(planned, (an_assignment(start=NINE),))
    wish, block = a_request(id="Q2"), an_availability(id="A2")

    verify(PractitionerFree()).given(wish, block, stands=stands, start=clock("09:35")).refuses()
    verify(PractitionerFree()).given(wish, block, stands=stands, start=clock("09:40")).allows()


HERS_FROM_930_UNTIL_10 = an_appointment(
    start=clock("09:30"), duration=30, buffer=20, employee=0, practitioner=1, location=1
)


@pytest.mark.parametrize("start", ["09:05", "09:30", "09:55"])
def test_an_employee_is_not_seen_twice_at_once(start: str) -> None:
    case = verify(EmployeeFree()).given(
        a_request(), an_availability(), stands=beside(HERS_FROM_930_UNTIL_10), start=clock(start)
    )

    case.refuses()


@pytest.mark.parametrize("start", ["09:00", "10:00", "10:15"])
def test_an_employee_has_no_buffer(start: str) -> None:
    # neither that of the appointment that stands nor that of the request
    case = verify(EmployeeFree()).given(
        a_request(buffer=30),
        an_availability(),
        stands=beside(HERS_FROM_930_UNTIL_10),
        start=clock(start),
    )

    case.allows()


def test_what_other_employees_do_or_what_she_does_on_other_days_does_not_matter() -> None:
    stands = beside(
        an_appointment(employee=STRANGER, practitioner=1),
        an_appointment(id="E2", employee=0, practitioner=1, day=1),
    )

    verify(EmployeeFree()).given(a_request(), an_availability(), stands=stands, start=NINE).allows()


# --- This request at this start: rooms --------------------------------------------------------------


def with_rooms(capacity: int, *standing: Appointment) -> Agenda:
    return beside(*standing, locations=[a_location(capacity=capacity), a_location(id="L2")])


def in_a_room(start: str, minutes: int, practitioner: int = 1, **facts: Any) -> Appointment:
    """An appointment of another practitioner at the first location."""
    return an_appointment(
        start=clock(start),
        duration=minutes,
        id=f"E{practitioner}",
        practitioner=practitioner,
        **facts,
    )


@pytest.mark.parametrize("start", ["09:05", "09:30", "10:00", "10:05"])
def test_partial_overlap_with_a_full_room_counts_and_so_does_the_buffer(start: str) -> None:
    stands = with_rooms(1, in_a_room("09:30", 30, buffer=10))

    case = verify(LocationCapacity()).given(
        a_request(), an_availability(), stands=stands, start=clock(start)
    )

    case.refuses()


@pytest.mark.parametrize("start", ["09:00", "10:10"])
def test_a_room_may_be_entered_where_it_is_left(start: str) -> None:
    stands = with_rooms(1, in_a_room("09:30", 30, buffer=10))

    case = verify(LocationCapacity()).given(
        a_request(), an_availability(), stands=stands, start=clock(start)
    )

    case.allows()


def test_the_buffer_of_the_request_needs_the_room_too() -> None:
    stands = with_rooms(1, in_a_room("09:30", 30))

    verify(LocationCapacity()).given(
        a_request(buffer=5), an_availability(), stands=stands, start=NINE
    ).refuses()


def test_two_rooms_are_full_only_while_both_are_taken() -> None:
    # both from 09:20 until 09:40
    stands = with_rooms(2, in_a_room("09:00", 40, 1), in_a_room("09:20", 40, 2))
    wish, block = a_request(duration=20), an_availability()

    for start in ("09:00", "09:40"):
        verify(LocationCapacity()).given(wish, block, stands=stands, start=clock(start)).allows()
    for start in ("09:05", "09:20", "09:35"):
        verify(LocationCapacity()).given(wish, block, stands=stands, start=clock(start)).refuses()


def test_appointments_one_after_the_other_need_one_room_together() -> None:
    stands = with_rooms(2, in_a_room("09:00", 30, 1), in_a_room("09:30", 30, 2))

    verify(LocationCapacity()).given(
        a_request(duration=60), an_availability(), stands=stands, start=NINE
    ).allows()


def test_by_telephone_or_video_no_room_is_taken() -> None:
    stands = with_rooms(1, in_a_room("09:00", 30))
    remote = a_request(modalities=REMOTE)

    verify(LocationCapacity()).given(remote, an_availability(), stands=stands, start=NINE).allows()
    verify(LocationCapacity()).given(
        a_request(), an_availability(), stands=stands, start=NINE
    ).refuses()


def test_what_stands_by_telephone_takes_no_room_either() -> None:
    stands = with_rooms(1, in_a_room("09:00", 30, takes_room=False))

    verify(LocationCapacity()).given(
        a_request(), an_availability(), stands=stands, start=NINE
    ).allows()


def test_rooms_elsewhere_or_on_other_days_do_not_matter() -> None:
    stands = with_rooms(1, in_a_room("09:00", 30, 1, location=1), in_a_room("09:00", 30, 2, day=1))

    verify(LocationCapacity()).given(
        a_request(), an_availability(), stands=stands, start=NINE
    ).allows()


def test_a_location_without_rooms_admits_nobody_but_by_telephone() -> None:
    stands = with_rooms(0)
    remote = a_request(modalities=TELEPHONE)

    verify(LocationCapacity()).given(
        a_request(), an_availability(), stands=stands, start=NINE
    ).refuses()
    verify(LocationCapacity()).given(remote, an_availability(), stands=stands, start=NINE).allows()


def test_rooms_that_are_overfull_already_are_full() -> None:
    # three stand from 09:00 until 09:30 where the limit was lowered to one
    stands = with_rooms(1, *(in_a_room("09:00", 30, p) for p in (1, 2, 3)))
    block = an_availability()

    verify(LocationCapacity()).given(
        a_request(), block, stands=stands, start=clock("09:25")
    ).refuses()
    verify(LocationCapacity()).given(
        a_request(), block, stands=stands, start=clock("09:30")
    ).allows()


# --- A plan as a whole: one practitioner ------------------------------------------------------------


def planned(*places: tuple[int, str]) -> list[Assignment]:
    """Request 0, 1, ... in these availabilities at these times."""
    return [an_assignment(r, a, clock(start)) for r, (a, start) in enumerate(places)]


def test_two_at_once_are_too_many_for_one_practitioner() -> None:
    world = an_instance(requests=requests_of(30, 30))

    verify(PractitionerFree()).given(world, planned((0, "09:00"), (0, "09:25"))).finds(
        "practitioner_free", "Q1", "Q2"
    )


def test_one_may_begin_where_the_other_ends() -> None:
    world = an_instance(requests=requests_of(30, 30))

    verify(PractitionerFree()).given(world, planned((0, "09:30"), (0, "09:00"))).finds_nothing()


def test_the_buffer_comes_between_two_appointments() -> None:
    world = an_instance(requests=requests_of(30, 30, buffer=10))

    verify(PractitionerFree()).given(world, planned((0, "09:00"), (0, "09:35"))).finds(
        "practitioner_free", "Q1", "Q2"
    )
    verify(PractitionerFree()).given(world, planned((0, "09:00"), (0, "09:40"))).finds_nothing()


TWO_LOCATIONS = [an_availability(), an_availability(id="A2", location=1)]


def test_overlapping_availabilities_are_still_one_practitioner_without_travel_time() -> None:
    world = an_instance(requests_of(30, 30, locations=(0, 1)), TWO_LOCATIONS)

    verify(PractitionerFree()).given(world, planned((0, "09:00"), (1, "09:15"))).finds(
        "practitioner_free", "Q1", "Q2"
    )
    verify(PractitionerFree()).given(world, planned((0, "09:00"), (1, "09:30"))).finds_nothing()


def test_a_planned_one_does_not_overlap_what_stands() -> None:
    world = an_instance(appointments=[an_appointment(start=clock("09:30"))])

    verify(PractitionerFree()).given(world, planned((0, "09:15"))).finds(
        "practitioner_free", "E1", "Q1"
    )
    verify(PractitionerFree()).given(world, planned((0, "10:00"))).finds_nothing()


def test_a_long_one_is_found_behind_a_short_one_between() -> None:
    # Q1 lasts from 09:00 until 11:00, Q2 from 09:30 until 10:00, Q3 from 10:30 on
    wishes = [
        a_request(id="Q1", duration=120),
        a_request(id="Q2", employee=1),
        a_request(id="Q3", employee=2),
    ]
    world = an_instance(wishes)
    plan = planned((0, "09:00"), (0, "09:30"), (0, "10:30"))

    verify(PractitionerFree()).given(world, plan).finds("practitioner_free", "Q1", "Q2", "Q3")


def test_what_stands_at_once_is_not_the_plans_fault() -> None:
    clash = [an_appointment(), an_appointment(id="E2", start=clock("09:15"))]  # until 09:45
    world = an_instance(appointments=clash)

    verify(PractitionerFree()).given(world, planned((0, "09:45"))).finds_nothing()
    verify(PractitionerFree()).given(world, []).finds_nothing()


def test_the_same_time_on_another_day_is_another_time() -> None:
    world = an_instance(requests_of(30, 30), [an_availability(), an_availability(id="A2", day=1)])

    verify(PractitionerFree()).given(world, planned((0, "09:00"), (1, "09:00"))).finds_nothing()


# --- A calendar of his own --------------------------------------------------------------------------


def busy_elsewhere(start: str, until: str, **changes: Any) -> Appointment:
    """Of practitioner 0, on day 0."""
    times = {"start": clock(start), "end": clock(until), "occupied_until": clock(until)}
    nobody = {"location": NONE, "employee": NONE, "type": NONE, "takes_room": False}
    return an_appointment(id="B1", elsewhere=True, **(times | nobody | changes))


def test_nothing_is_planned_while_he_is_busy_by_his_own_calendar() -> None:
    world = an_instance(requests_of(30, buffer=5), appointments=[busy_elsewhere("10:00", "11:00")])
    request, block, stands = world.requests[0], world.availabilities[0], Agenda(world)

    for start in ("09:25", "11:00"):
        case = verify(OwnCalendar()).given(request, block, stands=stands, start=clock(start))
        case.allows()
    for start in ("09:30", "10:55"):
        case = verify(OwnCalendar()).given(request, block, stands=stands, start=clock(start))
        case.refuses()


def test_a_plan_is_asked_about_it_too() -> None:
    world = an_instance(requests_of(30), appointments=[busy_elsewhere("10:00", "11:00")])

    for start in ("09:45", "10:00", "10:15", "10:45"):
        plan = planned((0, start))
        verify(OwnCalendar()).given(world, plan).finds("own_calendar", "B1", "Q1")
    for start in ("09:30", "11:00"):
        verify(OwnCalendar()).given(world, planned((0, start))).finds_nothing()


def test_what_was_booked_before_it_was_known_is_not_the_plans_fault() -> None:
    world = an_instance(
        appointments=[an_appointment(start=clock("10:00")), busy_elsewhere("10:00", "11:00")]
    )

    verify(OwnCalendar()).given(world, []).finds_nothing()
    verify(PractitionerFree()).given(world, []).finds_nothing()


def test_the_calendar_of_another_is_nothing_to_him() -> None:
    world = an_instance(
        requests_of(30), appointments=[busy_elsewhere("09:00", "12:00", practitioner=1)]
    )

    verify(OwnCalendar()).given(world, planned((0, "09:30"))).finds_nothing()


# --- A plan as a whole: one employee ----------------------------------------------------------------

TWO_PRACTITIONERS = availabilities_of(2)


def test_an_employee_is_not_planned_with_two_practitioners_at_once() -> None:
    world = an_instance(requests_of(30, 30, employee=0), TWO_PRACTITIONERS)

    verify(EmployeeFree()).given(world, planned((0, "09:00"), (1, "09:25"))).finds(
        "employee_free", "Q1", "Q2"
    )


def test_an_employee_goes_from_one_practitioner_to_the_other_during_the_buffer() -> None:
    world = an_instance(requests_of(30, 30, employee=0, buffer=20), TWO_PRACTITIONERS)

    verify(EmployeeFree()).given(world, planned((0, "09:00"), (1, "09:30"))).finds_nothing()
    verify(EmployeeFree()).given(world, planned((0, "09:30"), (1, "09:05"))).finds(
        "employee_free", "Q1", "Q2"
    )


def test_two_employees_may_be_seen_at_once() -> None:
    world = an_instance(requests_of(30, 30), TWO_PRACTITIONERS)

    verify(EmployeeFree()).given(world, planned((0, "09:00"), (1, "09:00"))).finds_nothing()


def test_an_employee_keeps_the_appointments_that_stand() -> None:
    hers = an_appointment(practitioner=1, employee=0, buffer=30)
    world = an_instance(appointments=[hers])

    verify(EmployeeFree()).given(world, planned((0, "09:25"))).finds("employee_free", "E1", "Q1")
    verify(EmployeeFree()).given(world, planned((0, "09:30"))).finds_nothing()


def test_an_employee_who_stood_at_two_places_at_once_is_not_the_plans_fault() -> None:
    hers = [
        an_appointment(practitioner=1, employee=0),
        an_appointment(id="E2", practitioner=2, employee=0),
    ]

    verify(EmployeeFree()).given(
        an_instance(appointments=hers), planned((0, "09:30"))
    ).finds_nothing()


# --- A plan as a whole: rooms -----------------------------------------------------------------------


def three_at_a_place(capacity: int, *standing: Appointment, **of_third: Any) -> Instance:
    """Three employees, three practitioners, one location."""
    third = a_request(id="Q3", employee=2, **of_third)
    return an_instance(
        [*requests_of(30, 30), third],
        availabilities_of(3),
        standing,
        locations=[a_location(capacity=capacity)],
    )


ALL_AT_0915 = planned((0, "09:00"), (1, "09:15"), (2, "09:10"))


def test_three_at_once_are_too_many_for_two_rooms() -> None:
    verify(LocationCapacity()).given(three_at_a_place(2), ALL_AT_0915).finds(
        "location_capacity", "Q1", "Q2", "Q3"
    )


def test_three_at_once_are_not_too_many_for_three_rooms() -> None:
    verify(LocationCapacity()).given(three_at_a_place(3), ALL_AT_0915).finds_nothing()


def test_three_of_whom_never_three_at_once_need_two_rooms() -> None:
    plan = planned((0, "09:00"), (1, "09:15"), (2, "09:30"))

    verify(LocationCapacity()).given(three_at_a_place(2), plan).finds_nothing()


def test_the_buffer_keeps_the_room() -> None:
    one_room = [a_location(capacity=1)]
    world = an_instance(requests_of(30, 30, buffer=10), availabilities_of(2), locations=one_room)

    verify(LocationCapacity()).given(world, planned((0, "09:00"), (1, "09:35"))).finds(
        "location_capacity", "Q1", "Q2"
    )
    verify(LocationCapacity()).given(world, planned((0, "09:00"), (1, "09:40"))).finds_nothing()


def test_the_third_by_telephone_needs_no_room() -> None:
    world = three_at_a_place(2, modalities=REMOTE)

    verify(LocationCapacity()).given(world, ALL_AT_0915).finds_nothing()


def test_a_room_that_is_taken_halfway_is_found_although_nobody_planned_starts_then() -> None:
    # Q1 is there from 09:00 until 09:30, E4 from 09:20 on
    world = three_at_a_place(1, in_a_room("09:20", 30, 4))

    verify(LocationCapacity()).given(world, planned((0, "09:00"))).finds(
        "location_capacity", "E4", "Q1"
    )


def test_a_room_is_free_between_two_that_stand() -> None:
    world = three_at_a_place(1, in_a_room("08:30", 30, 4), in_a_room("09:30", 30, 5))

    verify(LocationCapacity()).given(world, planned((0, "09:00"))).finds_nothing()


def test_nobody_is_planned_in_a_location_without_rooms() -> None:
    world = three_at_a_place(0, modalities=TELEPHONE)

    verify(LocationCapacity()).given(world, planned((0, "09:00"))).finds("location_capacity", "Q1")
    verify(LocationCapacity()).given(world, [an_assignment(2, 2)]).finds_nothing()


def test_rooms_that_were_overfull_before_are_not_the_plans_fault() -> None:
    world = three_at_a_place(
        1, in_a_room("09:00", 30, 4), in_a_room("09:00", 30, 5), modalities=VIDEO
    )

    verify(LocationCapacity()).given(world, planned((0, "09:30"))).finds_nothing()
    verify(LocationCapacity()).given(world, [an_assignment(2, 2)]).finds_nothing()


def test_a_plan_that_adds_to_overfull_rooms_is_at_fault() -> None:
    world = three_at_a_place(1, in_a_room("09:00", 30, 4), in_a_room("09:00", 30, 5))

    verify(LocationCapacity()).given(world, planned((0, "09:25"))).finds(
        "location_capacity", "E4", "E5", "Q1"
    )


# --- A plan as a whole: duplicates, and planned twice -----------------------------------------------

ONCE_ONLY = [a_type(refuse_duplicates=True), a_type(id="T2")]


def test_an_employee_gets_one_of_a_type_that_refuses_duplicates() -> None:
    world = an_instance(requests_of(30, 30, employee=0), types=ONCE_ONLY)

    verify(Duplicate()).given(world, planned((0, "09:00"), (0, "11:00"))).finds(
        "duplicate", "Q1", "Q2"
    )
    verify(Duplicate()).given(world, planned((0, "09:00"))).finds_nothing()


def test_duplicates_are_found_however_far_apart() -> None:
    blocks = [an_availability(), an_availability(id="A2", day=6, practitioner=3)]
    world = an_instance(requests_of(30, 30, employee=0), blocks, types=ONCE_ONLY)

    verify(Duplicate()).given(world, planned((0, "09:00"), (1, "09:00"))).finds(
        "duplicate", "Q1", "Q2"
    )


def test_a_type_that_does_not_refuse_duplicates_may_be_had_twice() -> None:
    world = an_instance(requests_of(30, 30, employee=0))

    verify(Duplicate()).given(world, planned((0, "09:00"), (0, "11:00"))).finds_nothing()


def test_another_employee_or_another_type_makes_no_duplicate() -> None:
    wishes = [*requests_of(30, 30), a_request(id="Q3", employee=0, type=1)]
    each_once = [a_type(id=name, refuse_duplicates=True) for name in ("T1", "T2")]
    world = an_instance(wishes, [an_availability(types=(0, 1))], types=each_once)
    plan = planned((0, "09:00"), (0, "09:30"), (0, "10:00"))

    verify(Duplicate()).given(world, plan).finds_nothing()


def test_one_that_stands_counts_wherever_and_whenever_it_is() -> None:
    hers = an_appointment(employee=0, type=0, day=9, practitioner=5, location=1, takes_room=False)
    world = an_instance(appointments=[hers], types=ONCE_ONLY)

    verify(Duplicate()).given(world, planned((0, "09:00"))).finds("duplicate", "E1", "Q1")


def test_one_that_stands_of_no_known_type_makes_no_duplicate() -> None:
    hers = an_appointment(employee=0, day=1)

    verify(Duplicate()).given(
        an_instance(appointments=[hers], types=ONCE_ONLY), planned((0, "09:00"))
    ).finds_nothing()


def test_duplicates_that_stand_are_not_the_plans_fault() -> None:
    theirs = [an_appointment(id=f"E{n}", type=0, day=n) for n in (1, 2)]
    world = an_instance(appointments=theirs, types=ONCE_ONLY)

    verify(Duplicate()).given(world, planned((0, "09:00"))).finds_nothing()


def test_a_request_is_planned_at_most_once() -> None:
    world = an_instance(availabilities=TWO_LOCATIONS, requests=[a_request(locations=(0, 1))])
    twice = [an_assignment(0, 0), an_assignment(0, 1, clock("10:00"))]

    verify(PlannedTwice()).given(world, twice).finds("planned_twice", "Q1")


def test_a_request_is_not_planned_twice_in_one_availability_either() -> None:
    twice = [an_assignment(), an_assignment(start=clock("10:00"))]

    verify(PlannedTwice()).given(an_instance(), twice).finds("planned_twice", "Q1")


def test_two_requests_alike_are_still_two() -> None:
    world = an_instance(requests_of(30, 30, employee=0))

    verify(PlannedTwice()).given(world, planned((0, "09:00"), (0, "10:00"))).finds_nothing()


def test_an_empty_plan_breaks_nothing() -> None:
    verify(PlannedTwice()).given(an_instance(), []).finds_nothing()


# --- The verifier itself ----------------------------------------------------------------------------


class Blind(PairRule):
    """Of a column it sees the first line only."""

    code, message, rigidity, relaxation = "blind", "-", 0, None

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        if isinstance(a.day, int):
            return a.day == 0
        return np.full(len(a.day), a.day[0] == 0)


class Lenient(PlanRule):
    """It says what breaks it, and forgets to tell the model."""

    code, message, rigidity, relaxation = "lenient", "-", 0, None

    def violations(self, plan: Finished) -> Iterable[Violation]:
        return ()

    def post(self, model: Sentences) -> None:
        """Say nothing."""


def test_a_rule_that_answers_columns_otherwise_than_rows_is_caught() -> None:
    with pytest.raises(AssertionError, match="columns of several lines"):
        verify(Blind()).given(a_request(), an_availability())


def test_a_verdict_that_is_not_so_is_caught() -> None:
    with pytest.raises(AssertionError, match="saturday should allow this"):
        verify(Saturday()).given(a_request(), SATURDAY).allows()
    with pytest.raises(AssertionError, match="saturday should refuse this"):
        verify(Saturday()).given(a_request(), HOLIDAY).refuses()


def test_a_case_in_which_another_rule_refuses_is_caught() -> None:
    with pytest.raises(AssertionError, match="starts that the agenda has left"):
        verify(PractitionerFree()).given(
            a_request(), an_availability(), stands=FREE, start=NINE + 1
        ).allows()
    with pytest.raises(AssertionError, match="nothing should be broken"):
        verify(PractitionerFree()).given(an_instance(), [an_assignment(start=0)]).finds_nothing()


def test_a_plan_that_breaks_another_rule_or_blames_others_is_caught() -> None:
    world = an_instance(requests=requests_of(30, 30))
    plan = planned((0, "09:00"), (0, "09:00"))

    with pytest.raises(AssertionError, match="speaks of practitioner_free, and asks lenient"):
        verify(Lenient()).given(world, plan).finds("practitioner_free", "Q1", "Q2")
    with pytest.raises(AssertionError, match="only lenient should be broken"):
        verify(Lenient()).given(world, plan).finds("lenient", "Q1", "Q2")
    with pytest.raises(AssertionError, match="blames"):
        verify(PractitionerFree()).given(world, plan).finds("practitioner_free", "Q1")


@pytest.mark.parametrize("answers", [(True, False), (False, True)])
def test_a_plan_rule_whose_readings_disagree_is_caught(*, answers: tuple[bool, bool]) -> None:
    modelled, one_by_one = answers
    fault = Violation("lenient", ("Q1",), "-")

    with pytest.raises(AssertionError, match=r"the model can take|leaves each the start"):
        Findings("lenient", [fault], modelled, one_by_one).finds("lenient", "Q1")
    with pytest.raises(AssertionError, match=r"the model cannot take|leaves one no start"):
        Findings("lenient", [], modelled, one_by_one).finds_nothing()


def test_a_rule_is_asked_only_what_it_can_be_asked() -> None:
    with pytest.raises(TypeError, match="saturday cannot be asked about: Request"):
        verify(Saturday()).given(a_request())
    with pytest.raises(TypeError, match="fits cannot be asked about: Request, Availability"):
        verify(Fits()).given(a_request(), an_availability())


# --- The rules together -----------------------------------------------------------------------------

MODULES = {module.name for module in pkgutil.iter_modules(solver.rules.__path__)}
NO_RULES = {"face", "words"}
"""The face that every rule has and the words it is written in."""

Verdicts = dict[str, set[str]]
VERDICTS_OF: dict[type, set[str]] = {
    RequestRule: {"allows", "refuses"},
    PairRule: {"allows", "refuses"},
    SlotRule: {"allows", "refuses"},
    PlanRule: {"finds", "finds_nothing"},
}
"""What the tests of a rule of each kind must come to: kept and broken."""


def verdicts_in(source: str) -> Verdicts:
    """For each rule class, the verdicts in `verify(Class()).given(...).verdict()` of the tests.

    Read from the source, so that it does not matter which tests ran in this process, or in which
    order. A verdict on a variable counts where that variable was made by `verify(...).given(...)`.
    """
    found: Verdicts = {}
    for test in ast.walk(ast.parse(source)):
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
            made = {
                target.id: node.value
                for node in ast.walk(test)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for call in ast.walk(test):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                    rule = _verified(call.func.value, made)
                    if rule is not None:
                        found.setdefault(rule, set()).add(call.func.attr)
    return found


def _verified(value: ast.expr, made: dict[str, ast.expr]) -> str | None:
    """The class in the `verify(Class())` that the value goes back to, if it does."""
    match value:
        case ast.Name(id=name) if name in made:
            return _verified(made[name], {k: v for k, v in made.items() if k != name})
        case ast.Call(func=ast.Name(id="verify"), args=[ast.Call(func=ast.Name(id=rule))]):
            return rule
        case ast.Call(func=ast.Attribute(value=inner)):
            return _verified(inner, made)
    return None


TESTED = verdicts_in(Path(__file__).read_text())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_is_verified_kept_and_broken(rule: Rule) -> None:
    wanted = set().union(*(w for kind, w in VERDICTS_OF.items() if isinstance(rule, kind)))

    assert wanted
    assert wanted - TESTED.get(type(rule).__name__, set()) == set()


def test_a_rule_without_a_test_is_found() -> None:
    source = """
def test_one(): verify(Saturday()).given(r, a).allows()
def test_two():
    case = verify(Draft()).given(r)
    case.refuses()
def forgotten(): verify(Saturday()).given(r, a).refuses()
def test_three(): verify(Notice())
"""

    assert verdicts_in(source) == {"Saturday": {"given", "allows"}, "Draft": {"given", "refuses"}}


def test_every_module_of_rules_is_in_the_table_of_contents_under_its_code() -> None:
    listed = {rule.code: type(rule).__module__ for rule in RULES}

    assert set(listed) == MODULES - NO_RULES
    assert all(module == f"solver.rules.{code}" for code, module in listed.items())


def test_codes_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_says_what_it_is(rule: Rule) -> None:
    assert rule.code.isidentifier()
    assert rule.code.islower()
    assert rule.message.strip()
    assert 0 <= rule.rigidity <= 100
    assert rule.relaxation is None or rule.relaxation.offer.strip()
    assert type(rule).__doc__


NO_LAWFUL_NODES = (
    *(ast.BoolOp, ast.Not, ast.If, ast.IfExp, ast.Match),
    *(ast.In, ast.NotIn, ast.Is, ast.IsNot),
    *(ast.For, ast.While, ast.comprehension, ast.Lambda),
)


def against_the_laws(source: str) -> Iterator[str]:
    """What in a function cannot be read both for rows and for columns."""
    for node in ast.walk(ast.parse(textwrap.dedent(source))):
        if isinstance(node, NO_LAWFUL_NODES):
            yield type(node).__name__
        elif isinstance(node, ast.Compare) and len(node.ops) > 1:
            yield "a chain, which is an `and`"


TWO_READINGS: list[Callable[..., object]] = [
    *(rule.holds for rule in PAIR_RULES),
    words.implies,
    aims.usual_preference,
]


@pytest.mark.parametrize("expression", TWO_READINGS, ids=lambda holds: holds.__qualname__)
def test_what_rows_and_columns_are_asked_keeps_the_laws(expression: Callable[..., object]) -> None:
    assert list(against_the_laws(inspect.getsource(expression))) == []


@pytest.mark.parametrize(
    "unlawful",
    [
        "r.from_day <= a.day and a.day < r.until_day",
        "r.allow_saturday or a.on_saturday",
        "not a.on_saturday",
        "r.allow_saturday if a.on_saturday else True",
        "a.location in r.locations",
        "a.practitioner not in r.excluded",
        "r.from_day <= a.day < r.until_day",
        "any(r.type == t for t in a.types)",
    ],
)
def test_the_search_for_what_is_against_the_laws_finds_it(unlawful: str) -> None:
    assert list(against_the_laws(f"    def holds(self, r, a):\n        return {unlawful}")) != []
