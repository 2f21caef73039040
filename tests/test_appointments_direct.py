"""Appointments without a request, and what may be edited of any. Domain §§3, 5."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.base import new_id
from scheduler.appointments import (
    Choice,
    Edited,
    complete,
    draft,
    edit,
    no_show,
    plan,
    plan_directly,
    report_ad_hoc,
    undo_completion,
)
from scheduler.booking import Spot, Target, cancel, delete, move
from scheduler.lifecycles import OutdatedError
from tests.practices import NEXT_DAY, NOW, Practice, practice_on
from tests.records import DATABASES, at, fresh

SATURDAY = 5
LONG_AGO = -40


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def practice(engine: Engine) -> Iterator[Practice]:
    with practice_on(engine) as those:
        yield those


def a_choice(practice: Practice, kind: str = "check", **others: Any) -> Choice:
    return Choice(
        **{
            "employee_id": practice.world.employee,
            "consultation_type_id": practice.types[kind],
            "establishment_id": practice.world.establishment,
        }
        | others
    )


def direct(practice: Practice, clock: str = "09:00", kind: str = "check", **others: Any) -> UUID:
    choice, target = a_choice(practice, kind, **others), practice.target(clock)
    return practice.do(plan_directly, choice, target, not_before=NOW)


def refused(practice: Practice, choice: Choice, target: Target, **how: Any) -> list[str]:
    return practice.refused(plan_directly, choice, target, **({"not_before": NOW} | how))


def spot(practice: Practice, clock: str, day: int = 0) -> Spot:
    return Spot(practice.world.practitioner, practice.world.location, at(clock, day))


def a_contact(practice: Practice, **values: Any) -> UUID:
    key = new_id()
    whose = {"employer_id": practice.employer, "name": "Contact 1", "version": 1, "id": key}
    practice.put("contact_persons", **(whose | values))
    return key


def a_case(practice: Practice, employee: UUID) -> UUID:
    key, kind = new_id(), new_id()
    practice.put("case_kinds", id=kind, version=1, code=kind.hex, name="Absence")
    practice.put(
        "cases",
        id=key,
        version=1,
        employee_id=employee,
        establishment_id=practice.world.establishment,
        kind_id=kind,
        opened_on=date(2027, 1, 1),
    )
    return key


def changed(practice: Practice, appointment: UUID, **values: Any) -> Edited:
    row = practice.row("appointments", appointment)
    names = ("remarks", "contact_person_id", "case_id", "consultation_type_id")
    return Edited(**({name: row[name] for name in names} | values))


# --- Planned directly -----------------------------------------------------------------------------------


def test_an_appointment_without_a_request_takes_its_shape_from_its_type(practice: Practice) -> None:
    key = direct(practice, remarks="brings a dog")
    row = practice.row("appointments", key)

    assert (row["starts_at"], row["ends_at"], row["occupied_until"]) == (
        at("09:00"),
        at("09:30"),
        at("09:35"),
    )
    assert (row["state"], row["request_id"], row["ad_hoc"]) == ("planned", None, False)
    assert (row["modality"], row["remarks"]) == ("at_location", "brings a dog")
    assert [one["topic"] for one in practice.all("events", subject_id=key)] == [
        "AppointmentPlanned"
    ]
    longer = direct(practice, "10:00", duration=60, buffer=0, modality="video")
    row = practice.row("appointments", longer)
    assert (row["ends_at"], row["occupied_until"]) == (at("11:00"), at("11:00"))
    assert row["modality"] == "video"


def test_the_rules_are_asked_as_for_a_request_and_all_are_told(practice: Practice) -> None:
    direct(practice)
    world = practice.world
    practice.add(
        "exclusions", employee_id=world.employee, practitioner_id=practice.other["practitioner_id"]
    )
    choice = a_choice(practice)

    assert refused(practice, choice, practice.target("09:15")) == [
        "practitioner_free",
        "employee_free",
    ]
    assert refused(practice, choice, practice.target("09:02")) == [
        "fits",
        "practitioner_free",
        "employee_free",
    ]
    there = Target(practice.other["availability_id"], at("11:00"))
    assert refused(practice, choice, there) == ["exclusion"]
    late = {"now": at("12:00"), "not_before": at("12:00")}
    assert refused(practice, choice, practice.target("11:00"), **late) == ["notice"]
    assert refused(practice, choice, Target(new_id(), at("11:00"))) == ["no_such_availability"]


def test_a_no_show_type_somebody_elses_case_and_the_wrong_establishment_are_refused(
    practice: Practice,
) -> None:
    target = practice.target("09:00")
    other = practice.somebody()
    elsewhere = practice.add("establishments", employer_id=practice.employer)

    # no availability is open for it either
    assert refused(practice, a_choice(practice, "missed"), target) == [
        "type_admitted",
        "no_show_type",
    ]
    case = a_case(practice, other)
    assert refused(practice, a_choice(practice, case_id=case), target) == ["case_of_another"]
    there = a_choice(practice, establishment_id=elsewhere)
    assert refused(practice, there, target) == ["establishment"]
    nobody = a_choice(practice, employee_id=practice.add("employees"))
    assert refused(practice, nobody, target) == ["establishment"]
    contact = a_contact(practice, establishment_id=elsewhere)
    assert refused(practice, a_choice(practice, contact_person_id=contact), target) == [
        "contact_person"
    ]
    assert refused(practice, a_choice(practice, employee_id=new_id()), target) == ["unknown"]
    practice.change("consultation_types", practice.types["check"], needs_contact_details=True)
    assert refused(practice, a_choice(practice), target) == ["contact_details"]
    practice.change("employees", practice.world.employee, work_mobile="0612345678")
    assert refused(practice, a_choice(practice), target) == []


def test_a_second_one_of_a_type_that_refuses_duplicates_is_refused_but_as_a_draft(
    practice: Practice,
) -> None:
    direct(practice, kind="once")
    choice, target = a_choice(practice, "once"), practice.target("11:00")

    assert refused(practice, choice, target) == ["duplicate"]
    key = practice.do(draft, choice, target, not_before=NOW)
    assert practice.row("appointments", key)["state"] == "draft"
    assert practice.refused(plan, key) == ["duplicate"]


def test_an_open_request_of_the_type_counts_too(practice: Practice) -> None:
    kind = practice.types["once"]
    practice.add("requests", **practice.world.request(consultation_type_id=kind))

    assert refused(practice, a_choice(practice, "once"), practice.target("09:00")) == ["duplicate"]


def test_a_saturday_takes_a_reason(practice: Practice) -> None:
    block = practice._block(SATURDAY)
    practice.put(
        "availability_types",
        availability_id=block,
        consultation_type_id=practice.types["check"],
    )
    choice = a_choice(practice)
    bare = Target(block, at("09:00", SATURDAY))
    assert refused(practice, choice, bare) == ["saturday"]
    reasoned = Target(block, at("09:00", SATURDAY), {"saturday": "a ship that sails on Sunday"})
    key = practice.do(plan_directly, choice, reasoned, not_before=NOW)
    (override,) = practice.all("overrides", appointment_id=key)
    assert (override["rule"], override["account_id"]) == ("saturday", practice.world.account)

    later = Target(block, at("10:00", SATURDAY))
    assert practice.refused(move, key, later, not_before=NOW) == ["saturday"]


def test_direct_ones_are_moved_completed_cancelled_and_deleted_like_any_other(
    practice: Practice,
) -> None:
    key = direct(practice)
    practice.do(move, key, practice.target("10:00", NEXT_DAY), not_before=NOW)
    practice.do(complete, key)
    assert practice.performances(key) == [("released", "check")]
    practice.do(undo_completion, key)
    practice.do(delete, [key], reason="a mistake")

    other = practice.do(draft, a_choice(practice), practice.target("09:00"), not_before=NOW)
    practice.do(plan, other)
    practice.do(cancel, other, party="employee", reason="ill")
    assert practice.row("appointments", other)["state"] == "cancelled"


# --- Ad hoc ---------------------------------------------------------------------------------------------


def test_a_report_may_lie_in_the_past_outside_every_availability_and_be_of_any_type(
    practice: Practice,
) -> None:
    reports = {
        clock: practice.do(report_ad_hoc, a_choice(practice, kind), spot(practice, clock, LONG_AGO))
        for clock, kind in (("03:07", "check"), ("04:00", "missed"))
    }
    for clock, key in reports.items():
        row = practice.row("appointments", key)
        assert (row["state"], row["ad_hoc"], row["availability_id"]) == ("planned", True, None)
        assert row["starts_at"] == at(clock, LONG_AGO)
    key = reports["03:07"]
    assert [one["topic"] for one in practice.all("events", subject_id=key)] == [
        "AppointmentReported"
    ]


def test_a_report_occupies_and_meets_whoever_is_there(practice: Practice) -> None:
    practice.change("locations", practice.world.location, capacity=1)
    direct(practice, "09:00")
    other = practice.somebody()

    def against(clock: str, employee: UUID, **who: UUID) -> list[str]:
        where = Spot(
            who.get("practitioner", practice.world.practitioner),
            practice.world.location,
            at(clock),
        )
        choice = a_choice(practice, employee_id=employee)
        with practice.undone():
            return practice.refused(report_ad_hoc, choice, where)

    assert against("09:10", other) == ["practitioner_free", "location_capacity"]
    someone = practice.other["practitioner_id"]
    assert against("09:10", other, practitioner=someone) == ["location_capacity"]
    assert against("09:10", practice.world.employee, practitioner=someone) == [
        "employee_free",
        "location_capacity",
    ]
    assert against("09:35", other) == []
    practice.add("exclusions", employee_id=other, practitioner_id=someone)
    assert against("15:00", other, practitioner=someone) == ["exclusion"]
    practice.add("absences", practitioner_id=someone, starts_at=at("15:00"), ends_at=at("16:00"))
    assert against("15:00", practice.world.employee, practitioner=someone) == ["practitioner_free"]
    assert against("15:00", practice.world.employee, practitioner=new_id()) == [
        "no_such_practitioner"
    ]


def test_a_report_needs_a_practitioner_with_the_function_of_its_type(practice: Practice) -> None:
    function = new_id()
    practice.put("functions", id=function, version=1, code="doctor", name="Doctor")
    kind = practice.types["check"]
    practice.put("consultation_type_functions", consultation_type_id=kind, function_id=function)

    where = spot(practice, "03:00")
    assert practice.refused(report_ad_hoc, a_choice(practice), where) == ["type_admitted"]
    practice.put(
        "practitioner_functions",
        practitioner_id=practice.world.practitioner,
        function_id=function,
    )
    assert practice.refused(report_ad_hoc, a_choice(practice), where) == []


def test_a_report_moves_to_any_time_that_is_free_and_into_an_availability(
    practice: Practice,
) -> None:
    key = practice.do(report_ad_hoc, a_choice(practice), spot(practice, "03:00", LONG_AGO))
    direct(practice, "09:00")

    taken = spot(practice, "09:10")
    assert practice.refused(move, key, taken, not_before=NOW) == [
        "practitioner_free",
        "employee_free",
    ]
    practice.do(move, key, spot(practice, "05:03", LONG_AGO), not_before=NOW)
    assert practice.row("appointments", key)["starts_at"] == at("05:03", LONG_AGO)

    practice.do(move, key, practice.target("10:00"), not_before=NOW)
    row = practice.row("appointments", key)
    assert (row["availability_id"], row["ad_hoc"]) == (practice.blocks[0], True)
    practice.do(move, key, spot(practice, "05:00", LONG_AGO), not_before=NOW)
    assert practice.row("appointments", key)["availability_id"] is None


def test_what_is_no_report_stays_in_an_availability(practice: Practice) -> None:
    key = direct(practice)
    assert practice.refused(move, key, spot(practice, "03:00"), not_before=NOW) == [
        "needs_availability"
    ]


def test_a_completed_report_takes_its_performance_along(practice: Practice) -> None:
    key = practice.do(report_ad_hoc, a_choice(practice), spot(practice, "03:00"))
    practice.do(complete, key)
    practice.do(move, key, spot(practice, "04:00", NEXT_DAY), not_before=NOW)

    (written,) = practice.all("performances", appointment_id=key)
    assert (written["state"], written["performed_on"]) == ("released", date(2027, 3, 2))
    before = spot(practice, "03:00", -100)
    assert practice.refused(move, key, before, not_before=NOW) == ["no_agreement"]


# --- Editing --------------------------------------------------------------------------------------------


def test_what_differs_is_changed_and_what_it_was_is_kept(practice: Practice) -> None:
    _, key = practice.booked()
    case, contact = a_case(practice, practice.world.employee), a_contact(practice)
    new = changed(practice, key, remarks="rings first", case_id=case, contact_person_id=contact)
    practice.do(edit, key, new, version=1)

    row = practice.row("appointments", key)
    assert (row["remarks"], row["case_id"], row["contact_person_id"]) == (
        "rings first",
        case,
        contact,
    )
    (step,) = practice.all("history", appointment_id=key, event="edit")
    assert step["before"] == {"remarks": None, "contact_person_id": None, "case_id": None}
    with pytest.raises(OutdatedError):
        practice.do(edit, key, new, version=1)
    practice.do(edit, key, new, version=2)
    assert practice.row("appointments", key)["version"] == 2  # nothing differs


def test_a_case_and_a_contact_person_are_the_employees(practice: Practice) -> None:
    _, key = practice.booked()
    other = practice.somebody()
    elsewhere = practice.add("establishments", employer_id=practice.employer)
    wrong = {
        "case_id": a_case(practice, other),
        "contact_person_id": a_contact(practice, establishment_id=elsewhere),
    }

    assert practice.refused(edit, key, changed(practice, key, **wrong)) == [
        "contact_person",
        "case_of_another",
    ]


def test_another_type_is_asked_about_where_the_appointment_stands(practice: Practice) -> None:
    _, key = practice.booked()
    unknown = practice.add("consultation_types")

    def to(kind: UUID) -> list[str]:
        return practice.refused(edit, key, changed(practice, key, consultation_type_id=kind))

    assert to(unknown) == ["type_admitted"]
    assert to(practice.types["missed"]) == ["type_admitted", "no_show_type"]
    assert to(new_id()) == ["unknown"]
    practice.booked("11:00", kind="once")
    assert to(practice.types["once"]) == ["duplicate"]
    before = practice.row("appointments", key)
    assert to(practice.types["talk"]) == []
    after = practice.row("appointments", key)
    assert {name for name in after if after[name] != before[name]} == {
        "consultation_type_id",
        "version",
    }


def test_what_a_completion_wrote_goes_with_the_type(practice: Practice) -> None:
    _, key = practice.booked()
    practice.do(complete, key)
    practice.do(undo_completion, key)
    nothing = changed(practice, key, consultation_type_id=practice.types["talk"])
    assert practice.refused(edit, key, nothing) == ["performance_held"]

    other = practice.performed["missed"]
    practice.change("consultation_types", practice.types["talk"], performance_type_id=other)
    practice.do(edit, key, nothing)
    assert practice.performances(key) == [("held", "missed")]


def test_the_type_of_a_no_show_is_corrected_not_edited(practice: Practice) -> None:
    _, key = practice.booked()
    practice.do(no_show, key, practice.types["missed"])

    to = changed(practice, key, consultation_type_id=practice.types["talk"])
    assert practice.refused(edit, key, to) == ["is_no_show"]
    assert practice.refused(edit, key, changed(practice, key, remarks="rang twice")) == []
