"""Held, undone, missed, corrected, void, edited, moved: the life of an appointment over HTTP. Domain §5."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.audit import Act
from models.base import new_id
from scheduler.access import Right
from scheduler.booking import Place, book_one
from tests.http_client import code_of, copied, on_both, plain
from tests.http_practice import ROUTES, STEPS, Surgery, surgery, unknown
from tests.practices import NEXT_DAY, NO_PRICE, NOW
from tests.records import at


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def there(engine: Engine) -> Iterator[Surgery]:
    with surgery(engine) as made:
        yield made


# --- Held, and not after all ------------------------------------------------------------------------------


@on_both
def test_completed_undone_completed_and_lapsed_with_a_refund(there: Surgery) -> None:
    request, key = there.booked()

    assert there.done("complete", key)["state"] == "completed"
    assert there.performances(key) == [("released", "check")]
    assert there.row("requests", request)["state"] == "fulfilled"
    assert there.done("undo_completion", key)["state"] == "planned"
    assert there.performances(key) == [("held", "check")]
    there.done("complete", key)
    (performance,) = there.all("performances", appointment_id=key)
    with there.by_hand() as practice:
        practice.change("performances", performance["id"], state="submitted")

    answer = there.step("delete", key)
    assert (answer.status_code, code_of(answer)) == (409, "appointment_locked")
    lapsed = there.done("mark_lapsed", key)
    assert (lapsed["state"], lapsed["reason"]) == ("lapsed", "never took place")
    assert there.performances(key) == [("submitted", "check"), ("released", "check")]
    refund = there.all("performances", appointment_id=key)[1]
    assert refund["refund_of_id"] == performance["id"]
    assert there.refused("mark_lapsed", key) == ["not_allowed"]


def test_a_reason_is_asked_for_what_is_void(there: Surgery) -> None:
    _, key = there.booked()

    for reason in ("", " ", None, "x" * 201, "a\nb"):
        answer = there.step("mark_lapsed", key, reason=reason)
        assert answer.status_code == 422


def test_without_a_price_on_its_day_it_is_not_completed_and_the_answer_says_why(
    there: Surgery,
) -> None:
    _, key = there.booked()
    with there.by_hand() as practice:
        practice.change("service_agreements", practice.agreement, until_day=date(2027, 3, 1))

    answer = there.step("complete", key)

    assert (answer.status_code, code_of(answer)) == (409, "no_agreement")
    assert answer.json()["detail"] == "the employer has no service agreement on 2027-03-01"
    assert there.row("appointments", key)["state"] == "planned"


def test_a_completed_one_that_is_moved_stays_so_and_its_performance_follows(there: Surgery) -> None:
    _, key = there.booked()
    there.done("complete", key)
    biller = there.api.person(*STEPS, Right.VIEW_BILLING)
    before = there.read(key, biller)["performances"][0]

    moved = there.done("reschedule", key, **there.place("09:00", NEXT_DAY))
    after = there.read(key, biller)["performances"][0]

    assert moved["state"] == "completed"
    assert (before["performed_on"], before["price_cents"]) == ("2027-03-01", 11000)
    assert (after["performed_on"], after["price_cents"]) == ("2027-03-02", 11500)
    assert after["state"] == "released"
    assert there.refused("reschedule", key, **there.place("09:00", NO_PRICE)) == ["no_price"]


# --- Missed, and not after all ------------------------------------------------------------------------------

TWO = {"version"}


def picture(there: Surgery, key: UUID, request: UUID) -> dict[str, Any]:
    """Every column of the three but their versions."""
    rows = [there.row("appointments", key), there.row("requests", request)]
    rows += there.all("performances", appointment_id=key)
    plain_rows = [{name: row[name] for name in row.keys() - TWO} for row in rows]
    return {str(row["id"]): row for row in plain_rows}


@on_both
@pytest.mark.parametrize("kind", ["missed", "call again"])
def test_a_correction_restores_every_column(there: Surgery, kind: str) -> None:
    request, key = there.booked(kind="once", remarks="by the window")
    there.done("complete", key)
    there.done("undo_completion", key)  # with a performance that is held
    before, steps = picture(there, key, request), len(there.all("history", appointment_id=key))

    missed = there.done("no_show", key, consultation_type_id=str(there.practice.types[kind]))
    assert missed["is_no_show"] is True
    assert missed["consultation_type_id"] == str(there.practice.types[kind])
    assert (missed["follow_up_id"] is not None) is (kind == "call again")
    assert picture(there, key, request) != before
    corrected = there.done("correct_no_show", key)

    assert picture(there, key, request) == before
    assert (corrected["is_no_show"], corrected["cancelled_appointments"]) == (False, [])
    assert corrected["withdrawn_request_id"] == missed["follow_up_id"]
    if missed["follow_up_id"]:
        assert there.row("requests", UUID(missed["follow_up_id"]))["state"] == "withdrawn"
    assert len(there.all("history", appointment_id=key)) == steps + 2
    assert there.all("no_shows", appointment_id=key) == []


def test_a_no_show_that_is_completed_is_not_corrected(there: Surgery) -> None:
    _, key = there.booked()
    there.done("no_show", key)
    there.done("complete", key)

    answer = there.step("correct_no_show", key)

    assert (answer.status_code, code_of(answer)) == (409, "not_allowed")
    assert there.performances(key) == [("released", "missed")]


def test_a_planned_follow_up_is_cancelled_only_when_that_is_confirmed(there: Surgery) -> None:
    _, key = there.booked()
    again = there.practice.types["call again"]
    follow_up = UUID(there.done("no_show", key, consultation_type_id=str(again))["follow_up_id"])
    with there.by_hand() as practice:
        place = Place(follow_up, practice.blocks[NEXT_DAY], at("09:00", NEXT_DAY))
        planned = practice.do(book_one, place, not_before=NOW)

    told = there.read(key)["no_show"]
    assert (told["follow_up_id"], told["follow_up_appointments"]) == (
        str(follow_up),
        [str(planned)],
    )
    answer = there.step("correct_no_show", key)
    assert (answer.status_code, code_of(answer)) == (409, "follow_up_planned")
    assert answer.json()["refusals"][0]["params"] == {"appointment": str(planned)}
    assert there.row("appointments", planned)["state"] == "planned"
    assert there.step("correct_no_show", key, cancel_follow_up="yes").status_code == 422

    corrected = there.done("correct_no_show", key, cancel_follow_up=True)
    assert corrected["cancelled_appointments"] == [str(planned)]
    assert there.row("appointments", planned)["state"] == "cancelled"
    changed = there.api.records(act=Act.UPDATE, allowed=True, request_reference=_last(there))
    assert {(one.kind, one.object_id) for one in changed} == {
        ("appointments", key),
        ("appointments", planned),
        ("requests", follow_up),
    }


def _last(there: Surgery) -> str | None:
    return there.api.records()[-1].request_reference


@pytest.mark.parametrize(
    ("kind", "code"), [("check", "not_a_no_show_type"), ("nothing", "no_such_type")]
)
def test_only_a_no_show_type_will_do(there: Surgery, kind: str, code: str) -> None:
    _, key = there.booked()
    chosen = str(there.practice.types.get(kind, new_id()))

    assert there.refused("no_show", key, consultation_type_id=chosen) == [code]


# --- Edited, drafted, planned -------------------------------------------------------------------------------


def test_what_is_edited_is_read_again_and_is_in_the_history(there: Surgery) -> None:
    _, key = there.booked()

    there.done("edit", key, remarks="brings a dog\nand a cat")
    there.done("mark_as_draft", key)
    there.done("plan", key)
    there.done("reschedule", key)

    assert there.read(key)["remarks"] == "brings a dog\nand a cat"
    steps = there.who.get(f"/appointments/{key}/history").json()["items"]
    assert [(one["step"], one["event"], one["source"], one["target"]) for one in steps] == [
        (1, "book", None, "planned"),
        (2, "edit", "planned", "planned"),
        (3, "mark_as_draft", "planned", "draft"),
        (4, "plan", "draft", "planned"),
        (5, "reschedule", "planned", "planned"),
    ]
    assert steps[1]["changes"] == {
        "remarks": {"before": None, "after": "brings a dog\nand a cat"},
    }
    assert steps[4]["changes"]["starts_at"] == {
        "before": at("09:00").isoformat(),
        "after": at("13:00").isoformat(),
    }
    assert (steps[4]["actor_id"], steps[4]["by"]) == (str(there.who.id), "Somebody 1")
    assert steps[4]["for_whom"] is None


def test_the_history_of_what_was_deleted_is_kept_and_has_the_reason(there: Surgery) -> None:
    _, key = there.booked()
    there.done("reschedule", key)
    there.done("reschedule", key, starts_at=at("14:00").isoformat())
    assert there.step("delete", key).status_code == 204

    assert there.who.get(f"/appointments/{key}").status_code == 404
    steps = there.who.get(f"/appointments/{key}/history").json()["items"]
    assert (steps[-1]["event"], steps[-1]["reason"]) == ("delete", "a mistake")
    # what came after the first of two moves is what the second one found
    assert [one["changes"]["starts_at"]["after"] for one in steps[1:3]] == [
        at("13:00").isoformat(),
        at("14:00").isoformat(),
    ]


def test_a_case_and_a_contact_person_are_ones_that_the_caller_sees(there: Surgery) -> None:
    request, key = there.booked()
    row = there.row("appointments", key)
    with there.by_hand() as practice:
        kind = practice.add("case_kinds")
        mine = practice.add(
            "cases",
            employee_id=row["employee_id"],
            establishment_id=row["establishment_id"],
            kind_id=kind,
            opened_on=date(2027, 1, 1),
        )
        other = practice.add(
            "cases",
            employee_id=practice.somebody(),
            establishment_id=row["establishment_id"],
            kind_id=kind,
            opened_on=date(2027, 1, 1),
        )
        contact = practice.add("contact_persons", employer_id=practice.employer)
    his = there.api.person(*STEPS, reaches={"employee_id": row["employee_id"]})

    assert there.refused("edit", key, case_id=str(other)) == ["case_of_another"]
    for name, value in (("case_id", other), ("contact_person_id", contact)):
        changes: dict[str, Any] = {name: str(value)}
        foreign = there.step("edit", key, who=his, **changes)
        nothing = there.step("edit", key, who=his, **changes | {name: unknown()})
        assert foreign.status_code == nothing.status_code == 404
        assert plain(foreign) == plain(nothing)
    there.done("edit", key, case_id=str(mine), contact_person_id=str(contact))
    # what stands there already, he keeps without seeing it
    kept = there.done(
        "edit", key, who=his, case_id=str(mine), contact_person_id=str(contact), remarks="x"
    )
    assert (kept["contact_person_id"], kept["remarks"]) == (str(contact), "x")
    assert there.row("requests", request)["case_id"] is None


def test_another_type_is_asked_about_where_it_stands(there: Surgery) -> None:
    _, key = there.booked()
    talk, missed = there.practice.types["talk"], there.practice.types["missed"]

    assert there.refused("edit", key, consultation_type_id=str(missed)) == [
        "type_admitted",
        "no_show_type",
    ]
    assert there.refused("edit", key, consultation_type_id=unknown()) == ["unknown"]
    there.done("edit", key, consultation_type_id=str(talk))
    assert there.read(key)["consultation_type_id"] == str(talk)


# --- What every step has in common --------------------------------------------------------------------------


def test_nobody_acts_upon_what_is_not_his_or_not_there(there: Surgery) -> None:
    _, key = there.booked()
    stranger = there.api.person(*STEPS, reaches={"employee_id": there.practice.world.employee})
    for event, (method, path) in ROUTES.items():
        body = there.body(event, there.row("appointments", key))

        foreign = stranger.call(method, f"/appointments/{key}{path}", body, version=1)
        nothing = stranger.call(method, f"/appointments/{new_id()}{path}", body, version=1)

        assert foreign.status_code == nothing.status_code == 404
        assert plain(foreign) == plain(nothing)
    assert there.row("appointments", key)["version"] == 1
    denied = there.api.records(object_id=key, allowed=False)
    assert [one.ground for one in denied] == ["not_found"] * len(ROUTES)


def test_an_outdated_version_changes_nothing(there: Surgery) -> None:
    _, key = there.booked()
    there.done("edit", key)
    for event in ROUTES:
        answer = there.step(event, key, version=1)

        assert (answer.status_code, code_of(answer)) == (412, "outdated"), event
    assert there.row("appointments", key)["version"] == 2


@on_both
def test_a_step_sent_twice_is_taken_once_and_on_record_once(there: Surgery) -> None:
    _, key = there.booked()
    path = f"/appointments/{key}/complete"

    first = there.who.post(path, key="the-same", version=1)
    second = there.who.post(path, key="the-same", version=1)

    assert first.status_code == 200
    assert (second.content, second.headers["etag"]) == (first.content, '"2"')
    assert there.performances(key) == [("released", "check")]
    employee = there.row("appointments", key)["employee_id"]
    changes = there.api.records(act=Act.UPDATE)
    assert [(one.kind, one.object_id, one.employee_id, one.ground) for one in changes] == [
        ("appointments", key, employee, "complete_appointments")
    ]


def test_the_follow_up_request_is_on_record_as_made(there: Surgery) -> None:
    _, key = there.booked()
    again = str(there.practice.types["call again"])
    missed = there.done("no_show", key, consultation_type_id=again)

    (made,) = there.api.records(act=Act.CREATE)
    assert (made.kind, str(made.object_id)) == ("requests", missed["follow_up_id"])
    assert made.employee_id == there.row("appointments", key)["employee_id"]


def test_what_is_not_asked_for_is_refused(there: Surgery) -> None:
    _, key = there.booked()
    for event in ("no_show", "edit", "reschedule", "cancel", "correct_no_show", "mark_lapsed"):
        answer = there.step(event, key, state="completed")

        assert (answer.status_code, code_of(answer)) == (422, "unknown_field")
    odd = there.step("edit", key, remarks="\x07")
    assert (odd.status_code, code_of(odd)) == (422, "invalid_characters")
    assert there.row("appointments", key)["version"] == 1
