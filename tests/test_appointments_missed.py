"""No-shows and their correction: every column is again what it was. Domain §5 [000 §§3.1.11, 3.1.14.1]."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from scheduler.appointments import (
    Edited,
    complete,
    correct_no_show,
    edit,
    no_show,
    plan_directly,
    undo_completion,
)
from scheduler.appointments.choices import Choice
from scheduler.booking import Place, book_one, delete, move
from tests.practices import NEXT_DAY, NOW, Practice, practice_on
from tests.records import DATABASES, at, fresh

STEPS = {"version"}


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def practice(engine: Engine) -> Iterator[Practice]:
    with practice_on(engine) as those:
        yield those


def picture(practice: Practice, appointment: UUID, request: UUID | None) -> dict[str, Any]:
    """Every column of the three but their versions, and the rules set aside."""
    rows = {"appointment": practice.row("appointments", appointment)}
    if request is not None:
        rows["request"] = practice.row("requests", request)
    rows |= {
        str(one["id"]): one for one in practice.all("performances", appointment_id=appointment)
    }
    plain = {name: {c: v for c, v in row.items() if c not in STEPS} for name, row in rows.items()}
    return plain | {"overrides": practice.all("overrides", appointment_id=appointment)}


def follow_up(practice: Practice, appointment: UUID) -> UUID | None:
    (row,) = practice.all("no_shows", appointment_id=appointment)
    key: UUID | None = row["follow_up_id"]
    return key


# --- No-show --------------------------------------------------------------------------------------------


def test_a_no_show_takes_the_type_and_keeps_its_time_and_its_request(practice: Practice) -> None:
    request, key = practice.booked()
    before = practice.row("appointments", key)
    practice.do(no_show, key, practice.types["missed"])

    after = practice.row("appointments", key)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"consultation_type_id", "version"}
    assert after["consultation_type_id"] == practice.types["missed"]
    assert practice.row("requests", request)["state"] == "planned"
    assert follow_up(practice, key) is None
    assert [one["topic"] for one in practice.all("events", subject_id=key)][
        -1
    ] == "AppointmentMissed"


@pytest.mark.parametrize(
    ("kind", "code"), [("check", "not_a_no_show_type"), ("unknown", "no_such_type")]
)
def test_only_a_no_show_type_will_do(practice: Practice, kind: str, code: str) -> None:
    _, key = practice.booked()
    assert practice.refused(no_show, key, practice.types.get(kind, key)) == [code]


def test_a_type_that_is_no_longer_in_use_will_not_do(practice: Practice) -> None:
    _, key = practice.booked()
    practice.change("consultation_types", practice.types["missed"], archived_at=NOW)
    assert practice.refused(no_show, key, practice.types["missed"]) == ["no_such_type"]


def test_a_no_show_completes_with_its_own_performance(practice: Practice) -> None:
    request, key = practice.booked()
    practice.do(no_show, key, practice.types["missed"])
    practice.do(complete, key)

    assert practice.performances(key) == [("released", "missed")]
    assert practice.row("requests", request)["state"] == "fulfilled"
    assert practice.refused(correct_no_show, key) == ["not_allowed"]


def test_what_was_completed_by_mistake_becomes_a_no_show_with_its_performance(
    practice: Practice,
) -> None:
    _, key = practice.booked()
    practice.do(complete, key)
    practice.do(undo_completion, key)
    practice.do(no_show, key, practice.types["missed"])
    assert practice.performances(key) == [("held", "missed")]

    practice.do(complete, key)
    assert practice.performances(key) == [("released", "missed")]


def test_a_no_show_that_costs_nothing_leaves_what_was_written_held(practice: Practice) -> None:
    _, key = practice.booked()
    practice.do(complete, key)
    practice.do(undo_completion, key)
    practice.do(no_show, key, practice.types["missed for free"])
    practice.do(complete, key)

    assert practice.row("appointments", key)["state"] == "completed"
    assert practice.performances(key) == [("held", "check")]


def test_a_no_show_is_moved_as_what_was_to_be_held(practice: Practice) -> None:
    """No availability is open for no-shows: what they are asked about is the original type."""
    _, key = practice.booked()
    practice.do(no_show, key, practice.types["missed"])

    assert practice.refused(move, key, practice.target("10:00", NEXT_DAY), not_before=NOW) == []


# --- Calling again --------------------------------------------------------------------------------------


def test_where_the_type_says_so_a_request_like_the_first_is_made(practice: Practice) -> None:
    request, key = practice.booked(
        duration=20, priority=7, preferred_practitioner_id=practice.world.practitioner
    )
    practice.put("request_locations", request_id=request, location_id=practice.world.location)
    now = at("12:00")
    again = practice.do(no_show, key, practice.types["call again"], now=now).follow_up_id
    assert again is not None
    assert follow_up(practice, key) == again

    first, second = practice.row("requests", request), practice.row("requests", again)
    alike = (
        *("employee_id", "consultation_type_id", "case_id", "establishment_id", "duration"),
        *("priority", "preferred_practitioner_id", "modality", "buffer"),
    )
    assert {name: second[name] for name in alike} == {name: first[name] for name in alike}
    assert second["state"] == "open"
    assert second["from_day"] == date(2027, 3, 2)  # the day after
    assert second["until_day"] - second["from_day"] == first["until_day"] - first["from_day"]
    assert second["requested_on"] == date(2027, 3, 1)
    assert practice.all("request_locations", request_id=again)


def test_one_without_a_request_is_called_again_too(practice: Practice) -> None:
    choice = Choice(
        employee_id=practice.world.employee,
        consultation_type_id=practice.types["talk"],
        establishment_id=practice.world.establishment,
    )
    key = practice.do(plan_directly, choice, practice.target("09:00"), not_before=NOW)
    again = practice.do(no_show, key, practice.types["call again"]).follow_up_id
    assert again is not None
    assert practice.row("requests", again)["consultation_type_id"] == practice.types["talk"]

    before = picture(practice, key, None)
    practice.do(correct_no_show, key)
    assert practice.row("requests", again)["state"] == "withdrawn"
    assert picture(practice, key, None)["appointment"] == before["appointment"] | {
        "consultation_type_id": practice.types["talk"]
    }


def test_nobody_is_called_again_who_has_been_already(practice: Practice) -> None:
    _, key = practice.booked(kind="once")
    with practice.undone():
        missed = practice.do(no_show, key, practice.types["call again"])
        assert missed.follow_up_id is not None
    practice.change("consultation_types", practice.types["once"], refuses_duplicates=False)
    practice.add("requests", **practice.world.request(consultation_type_id=practice.types["once"]))
    practice.change("consultation_types", practice.types["once"], refuses_duplicates=True)
    assert practice.do(no_show, key, practice.types["call again"]).follow_up_id is None


# --- Correction -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["missed", "call again", "missed for free"])
@pytest.mark.parametrize("held", [False, True])
def test_a_correction_restores_every_column(practice: Practice, kind: str, *, held: bool) -> None:
    request, key = practice.booked(kind="once", remarks="by the window")
    if held:
        practice.do(complete, key)
        practice.do(undo_completion, key)
        practice.perform(key, "held", "missed")
    before = picture(practice, key, request)
    practice.do(no_show, key, practice.types[kind])
    assert picture(practice, key, request) != before
    practice.do(correct_no_show, key)

    assert picture(practice, key, request) == before
    assert practice.all("no_shows", appointment_id=key) == []
    assert [one["event"] for one in practice.all("history", request_id=request)][
        -1
    ] == "correct_no_show"
    practice.do(complete, key)  # it is an appointment like any other
    assert ("released", "check") in practice.performances(key)


def test_a_correction_restores_what_was_changed_while_it_was_a_no_show(practice: Practice) -> None:
    reason = {"date_window": "asked by telephone"}
    request = practice.add(
        "requests",
        **practice.world.request(from_day=date(2027, 3, 3), until_day=date(2027, 3, 4)),
    )
    place = Place(request, practice.world.availability, at("09:00"), reason)
    key = practice.do(book_one, place, not_before=NOW)
    practice.do(complete, key)
    practice.do(undo_completion, key)
    before = picture(practice, key, request)
    assert before["overrides"]

    practice.do(no_show, key, practice.types["missed"])
    target = practice.target("10:00", NEXT_DAY, **reason)
    practice.do(move, key, target, not_before=NOW)
    changed = Edited(
        remarks="rang twice",
        contact_person_id=None,
        case_id=None,
        consultation_type_id=practice.types["missed"],
    )
    practice.do(edit, key, changed)
    practice.do(correct_no_show, key)

    assert picture(practice, key, request) == before


def test_what_was_written_while_it_was_a_no_show_is_held_as_the_originals(
    practice: Practice,
) -> None:
    _, key = practice.booked()
    practice.do(no_show, key, practice.types["missed"])
    practice.do(complete, key)
    practice.do(undo_completion, key)
    assert practice.performances(key) == [("held", "missed")]
    practice.do(correct_no_show, key)

    assert practice.performances(key) == [("held", "check")]


def test_a_correction_whose_place_has_been_taken_is_refused_and_changes_nothing(
    practice: Practice,
) -> None:
    request, key = practice.booked()
    practice.do(no_show, key, practice.types["call again"])
    practice.do(move, key, practice.target("10:00", NEXT_DAY), not_before=NOW)
    practice.booked("09:00", employee_id=practice.somebody())
    before = picture(practice, key, request)

    assert practice.refused(correct_no_show, key) == ["practitioner_free"]
    assert picture(practice, key, request) == before
    again = follow_up(practice, key)
    assert again is not None
    assert practice.row("requests", again)["state"] == "open"


def test_once_completed_a_no_show_is_not_corrected_until_that_is_undone(practice: Practice) -> None:
    _, key = practice.booked()
    practice.do(no_show, key, practice.types["missed"])
    practice.do(complete, key)
    assert practice.refused(correct_no_show, key) == ["not_allowed"]
    practice.do(undo_completion, key)
    assert practice.refused(correct_no_show, key) == []


def test_an_open_follow_up_is_withdrawn(practice: Practice) -> None:
    _, key = practice.booked(kind="once")
    again = practice.do(no_show, key, practice.types["call again"]).follow_up_id
    assert again is not None
    practice.do(correct_no_show, key)

    assert practice.row("requests", again)["state"] == "withdrawn"
    assert practice.refused(correct_no_show, key) == ["is_not_no_show"]


def test_a_follow_up_that_is_planned_is_cancelled_only_when_confirmed(practice: Practice) -> None:
    request, key = practice.booked(kind="once")
    before = picture(practice, key, request)
    again = practice.do(no_show, key, practice.types["call again"]).follow_up_id
    assert again is not None
    place = Place(again, practice.blocks[NEXT_DAY], at("09:00", NEXT_DAY))
    second = practice.do(book_one, place, not_before=NOW)

    assert practice.refused(correct_no_show, key) == ["follow_up_planned"]
    assert practice.row("appointments", second)["state"] == "planned"

    practice.do(correct_no_show, key, cancel_follow_up=True)
    cancelled = practice.row("appointments", second)
    assert (cancelled["state"], cancelled["cancelled_by"]) == ("cancelled", "service")
    assert practice.row("requests", again)["state"] == "withdrawn"
    assert picture(practice, key, request) == before


def test_a_follow_up_that_was_missed_too_is_corrected_first(practice: Practice) -> None:
    _, key = practice.booked()
    again = practice.do(no_show, key, practice.types["call again"]).follow_up_id
    assert again is not None
    place = Place(again, practice.blocks[NEXT_DAY], at("09:00", NEXT_DAY))
    second = practice.do(book_one, place, not_before=NOW)
    practice.do(no_show, second, practice.types["missed"])

    assert practice.refused(correct_no_show, key, cancel_follow_up=True) == ["is_no_show"]


def test_a_follow_up_that_was_held_stays(practice: Practice) -> None:
    _, key = practice.booked(kind="once")
    again = practice.do(no_show, key, practice.types["call again"]).follow_up_id
    assert again is not None
    place = Place(again, practice.blocks[NEXT_DAY], at("09:00", NEXT_DAY))
    second = practice.do(book_one, place, not_before=NOW)
    practice.do(complete, second)
    practice.do(correct_no_show, key)

    assert practice.row("appointments", second)["state"] == "completed"
    assert practice.row("requests", again)["state"] == "fulfilled"


def test_a_no_show_can_be_deleted_unless_its_follow_up_bars_its_request(practice: Practice) -> None:
    request, key = practice.booked()
    practice.do(no_show, key, practice.types["call again"])
    practice.do(delete, [key], reason="a mistake")
    assert practice.row("requests", request)["state"] == "open"

    _, other = practice.booked("11:00", kind="once")
    practice.do(no_show, other, practice.types["call again"])
    assert practice.refused(delete, [other], reason="a mistake") == ["duplicate"]
