"""Completing, undoing, moving, deleting and lapsing: what becomes of performances and requests. Domain §§5, 7."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine

from scheduler.actor import NOBODY, Actor
from scheduler.appointments import (
    MESSAGES,
    actions,
    complete,
    mark_as_draft,
    mark_lapsed,
    plan,
    undo_completion,
)
from scheduler.booking import delete, move, swap
from scheduler.booking.standing import NoSuchAppointmentError
from scheduler.lifecycles import OutdatedError
from tests.practices import NEXT_DAY, NO_AGREEMENT, NO_PRICE, NOW, Practice, practice_on
from tests.records import DATABASES, at, fresh


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def practice(engine: Engine) -> Iterator[Practice]:
    with practice_on(engine) as those:
        yield those


# --- Completing -----------------------------------------------------------------------------------------


def test_completing_writes_the_performance_of_the_type_and_fulfils_the_request(
    practice: Practice,
) -> None:
    request, key = practice.booked()
    practice.do(complete, key)

    assert practice.row("appointments", key)["state"] == "completed"
    assert practice.row("requests", request)["state"] == "fulfilled"
    (written,) = practice.all("performances", appointment_id=key)
    assert (written["state"], written["performed_on"]) == ("released", date(2027, 3, 1))
    assert written["performance_type_id"] == practice.performed["check"]
    assert written["establishment_id"] == practice.world.establishment
    assert written["account_id"] == practice.world.account
    assert written["refund_of_id"] is None


def test_undone_and_done_again_it_is_the_same_performance(practice: Practice) -> None:
    request, key = practice.booked()
    practice.do(complete, key)
    practice.do(undo_completion, key)

    assert practice.performances(key) == [("held", "check")]
    assert practice.row("appointments", key)["state"] == "planned"
    assert practice.row("requests", request)["state"] == "planned"

    practice.do(complete, key)
    assert practice.performances(key) == [("released", "check")]


def test_what_was_written_by_hand_meanwhile_is_released_and_the_types_own_is_written_once(
    practice: Practice,
) -> None:
    _, key = practice.booked()
    practice.perform(key, "held", "missed")  # something else beside it
    practice.do(complete, key)
    assert practice.performances(key) == [("released", "missed"), ("released", "check")]

    _, other = practice.booked("10:00")
    practice.perform(other, "held", "check")
    practice.do(complete, other)
    assert practice.performances(other) == [("released", "check")]


def test_a_type_without_a_performance_completes_without_whoever_asks(practice: Practice) -> None:
    _, key = practice.booked(kind="talk")
    practice.do(complete, key, by=NOBODY)

    assert practice.row("appointments", key)["state"] == "completed"
    assert practice.performances(key) == []


@pytest.mark.parametrize(("day", "code"), [(NO_PRICE, "no_price"), (NO_AGREEMENT, "no_agreement")])
def test_without_a_price_on_its_day_it_is_not_completed_and_says_why(
    practice: Practice, day: int, code: str
) -> None:
    request, key = practice.booked()
    practice.do(move, key, practice.target("09:00", day), not_before=NOW)

    assert practice.refused(complete, key) == [code]
    assert practice.row("appointments", key)["state"] == "planned"
    assert practice.row("requests", request)["state"] == "planned"
    assert practice.performances(key) == []
    with practice.session() as session:
        (why,) = actions(session, [key], by=practice.by)[key]["complete"]
    assert (why.code, why.params["day"]) == (code, at("09:00", day).date())


@pytest.mark.parametrize(
    ("table", "whose", "values", "code"),
    [
        ("service_agreements", "agreement", {"until_day": date(2027, 3, 1)}, "no_agreement"),
        ("service_agreements", "agreement", {"until_day": date(2027, 3, 2)}, None),
        ("service_agreements", "agreement", {"from_day": date(2027, 3, 2)}, "no_agreement"),
        ("service_agreements", "agreement", {"until_day": None}, None),
    ],
)
def test_the_agreement_holds_from_its_first_day_until_its_last(
    practice: Practice, table: str, whose: str, values: dict[str, date], code: str | None
) -> None:
    _, key = practice.booked()
    practice.change(table, getattr(practice, whose), **values)

    assert practice.refused(complete, key) == ([code] if code else [])


def test_a_model_without_a_price_for_the_performance_does_not_cover_it(practice: Practice) -> None:
    _, key = practice.booked()
    other = practice.add("performance_types")
    practice.change("consultation_types", practice.types["check"], performance_type_id=other)

    assert practice.refused(complete, key) == ["no_price"]


def test_another_employers_agreement_covers_nothing(practice: Practice) -> None:
    _, key = practice.booked()
    other = practice.add("employers")
    practice.change("service_agreements", practice.agreement, employer_id=other)

    assert practice.refused(complete, key) == ["no_agreement"]


def test_who_may_not_write_performances_does_not_complete(practice: Practice) -> None:
    _, key = practice.booked()
    practice.change("accounts", practice.world.account, may_write_performances=False)

    assert practice.refused(complete, key) == ["may_not_write_performances"]
    assert practice.refused(complete, key, by=NOBODY) == ["may_not_write_performances"]

    practice.do(move, key, practice.target("09:00", NO_PRICE), not_before=NOW)
    assert practice.refused(complete, key) == ["no_price", "may_not_write_performances"]


def test_an_account_that_acts_for_a_user_writes_what_the_user_may_write(practice: Practice) -> None:
    _, key = practice.booked()
    roles = {
        name: practice.row("accounts", practice.world.account)[name]
        for name in ("role_id", "group_id")
    }
    program = practice.add("accounts", kind="api", **roles)

    assert practice.refused(complete, key, by=Actor(program)) == ["may_not_write_performances"]
    practice.do(complete, key, by=Actor(program, practice.world.account))
    (written,) = practice.all("performances", appointment_id=key)
    assert written["account_id"] == practice.world.account


def test_a_stale_version_and_an_unknown_appointment_are_told(practice: Practice) -> None:
    _, key = practice.booked()
    practice.do(mark_as_draft, key, version=1)
    with pytest.raises(OutdatedError):
        practice.do(plan, key, version=1)
    practice.do(plan, key, version=2)
    with pytest.raises(NoSuchAppointmentError):
        practice.do(complete, practice.world.account)


# --- Undoing --------------------------------------------------------------------------------------------


def test_a_completion_is_not_undone_where_it_could_not_be_planned_now(practice: Practice) -> None:
    _, key = practice.booked(kind="once")
    practice.do(complete, key)
    practice.booked("11:00", kind="once")

    assert practice.refused(undo_completion, key) == ["duplicate"]
    assert practice.performances(key) == [("released", "check")]


# --- Moving what was held ---------------------------------------------------------------------------------


def test_a_completed_one_that_is_moved_stays_so_and_its_performance_gets_the_new_date(
    practice: Practice,
) -> None:
    request, key = practice.booked()
    practice.do(complete, key)
    practice.do(move, key, practice.target("09:00", NEXT_DAY), not_before=NOW)

    assert practice.row("appointments", key)["state"] == "completed"
    assert practice.row("requests", request)["state"] == "fulfilled"
    (moved,) = practice.all("performances", appointment_id=key)
    assert (moved["state"], moved["performed_on"]) == ("released", date(2027, 3, 2))
    (step,) = practice.all("history", performance_id=moved["id"], event="move")
    assert step["before"] == {"performed_on": "2027-03-01"}


@pytest.mark.parametrize(("day", "code"), [(NO_PRICE, "no_price"), (NO_AGREEMENT, "no_agreement")])
def test_a_completed_one_does_not_go_where_there_is_no_price(
    practice: Practice, day: int, code: str
) -> None:
    _, key = practice.booked()
    practice.do(complete, key)

    assert practice.refused(move, key, practice.target("09:00", day), not_before=NOW) == [code]
    assert practice.row("appointments", key)["starts_at"] == at("09:00")


def test_what_is_held_moves_anywhere_and_is_asked_for_its_price_when_it_is_completed(
    practice: Practice,
) -> None:
    _, key = practice.booked()
    practice.do(complete, key)
    practice.do(undo_completion, key)
    practice.do(move, key, practice.target("09:00", NO_PRICE), not_before=NOW)

    (held,) = practice.all("performances", appointment_id=key)
    assert held["performed_on"] == at("09:00", NO_PRICE).date()
    assert practice.refused(complete, key) == ["no_price"]


def test_a_completed_one_may_be_moved_into_the_past_and_beside_another_of_its_type(
    practice: Practice,
) -> None:
    _, key = practice.booked(kind="once")
    practice.do(complete, key)
    practice.booked("11:00", kind="once")
    later = at("12:00", day=5)

    target = practice.target("10:00", NEXT_DAY)
    assert practice.refused(move, key, target, now=later, not_before=later) == []


def test_two_that_change_places_take_their_performances_along(practice: Practice) -> None:
    _, first = practice.booked()
    other = practice.somebody()
    _, second = practice.booked("11:00", employee_id=other)
    practice.do(move, second, practice.target("11:00", NEXT_DAY), not_before=NOW)
    for key in (first, second):
        practice.do(complete, key)
    practice.do(swap, first, second, not_before=NOW)

    days = [
        practice.all("performances", appointment_id=key)[0]["performed_on"]
        for key in (first, second)
    ]
    assert days == [date(2027, 3, 2), date(2027, 3, 1)]


# --- Deleting, lapsing ------------------------------------------------------------------------------------


def test_the_performances_of_a_deleted_one_are_held_for_good_and_its_request_is_open(
    practice: Practice,
) -> None:
    request, key = practice.booked()
    practice.do(complete, key)
    practice.do(delete, [key], reason="never took place")

    assert practice.row("appointments", key)["state"] == "deleted"
    assert practice.performances(key) == [("held", "check")]
    assert practice.row("requests", request)["state"] == "open"


def test_one_whose_request_cannot_be_open_again_is_not_deleted(practice: Practice) -> None:
    _, key = practice.booked(kind="once")
    practice.do(complete, key)
    practice.booked("11:00", kind="once")

    assert practice.refused(delete, [key], reason="a mistake") == ["duplicate"]
    assert practice.row("appointments", key)["state"] == "completed"
    assert practice.performances(key) == [("released", "check")]


def test_a_lapsed_one_is_marked_for_a_reason_and_its_money_goes_back(practice: Practice) -> None:
    request, key = practice.booked()
    invoiced = practice.perform(key, "submitted", performed_on=date(2027, 3, 1))
    extra = practice.perform(key, "released", "missed")
    practice.change("appointments", key, state="completed")
    practice.change("requests", request, state="fulfilled")

    assert practice.refused(mark_lapsed, key, reason=" ") == ["reason_missing"]
    practice.do(mark_lapsed, key, reason="billed twice")

    lapsed = practice.row("appointments", key)
    assert (lapsed["state"], lapsed["reason"]) == ("lapsed", "billed twice")
    assert practice.row("requests", request)["state"] == "fulfilled"
    assert practice.row("performances", invoiced)["state"] == "submitted"
    assert practice.row("performances", extra)["state"] == "held"
    (refund,) = practice.all("performances", refund_of_id=invoiced)
    names = (
        "appointment_id",
        "performance_type_id",
        "establishment_id",
        "account_id",
        "performed_on",
    )
    original = practice.row("performances", invoiced)
    assert {name: refund[name] for name in names} == {name: original[name] for name in names}
    assert refund["state"] == "released"
    (event,) = practice.all("events", subject_id=key, topic="AppointmentLapsed")
    assert "billed twice" not in str(event["facts"])


def test_what_was_credited_already_is_not_refunded_once_more(practice: Practice) -> None:
    request, key = practice.booked()
    credited, billed = practice.perform(key, "billed"), practice.perform(key, "billed", "missed")
    practice.credit(credited)
    practice.change("appointments", key, state="completed")
    practice.change("requests", request, state="fulfilled")
    practice.do(mark_lapsed, key, reason="void")

    refunds = [one["refund_of_id"] for one in practice.all("performances") if one["refund_of_id"]]
    assert refunds == [billed]


def test_every_code_of_these_commands_has_a_message() -> None:
    codes = {"no_agreement", "no_price", "may_not_write_performances", "not_a_no_show_type"}
    codes |= {"follow_up_planned", "needs_availability", "no_such_type", "performance_held"}
    assert codes <= set(MESSAGES)


# --- Drafts ---------------------------------------------------------------------------------------------


def test_a_draft_keeps_its_place_and_request_and_reminds_nobody(practice: Practice) -> None:
    request, key = practice.booked()
    practice.do(mark_as_draft, key)
    assert practice.row("appointments", key)["state"] == "draft"
    assert practice.row("requests", request)["state"] == "planned"
    other = practice.somebody()
    with pytest.raises(Exception, match="practitioner_free"):
        practice.booked("09:00", employee_id=other)

    practice.do(plan, key)
    assert practice.row("appointments", key)["state"] == "planned"


def test_a_draft_beside_which_another_of_its_type_was_planned_is_not_planned(
    practice: Practice,
) -> None:
    _, key = practice.booked(kind="once")
    practice.do(mark_as_draft, key)
    practice.booked("11:00", kind="once")

    assert practice.refused(plan, key) == ["duplicate"]
