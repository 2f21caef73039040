"""Requests made and changed over HTTP: domain §§3, 5; reliability T1, T3, P4, P13."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.audit import Act
from models.base import new_id
from scheduler.access import Right
from tests.desks import MONDAY
from tests.http_client import code_of, copied, on_both, plain
from tests.http_desks import INTAKE, Office, an_office

MAKER = (Right.VIEW_REQUESTS, Right.CREATE_REQUESTS)
STEPS = ("place", "approve", "reject", "offer-again", "withdraw")


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    with an_office(engine) as made:
        yield made


# --- Steps --------------------------------------------------------------------------------------------


@on_both
def test_whoever_may_not_place_a_request_asks_for_approval(office: Office) -> None:
    maker, head = office.here(*MAKER), office.here(Right.APPROVE_REQUESTS, Right.WITHDRAW_REQUESTS)

    made = maker.post("/requests", office.wish(remarks="as soon as possible"))
    key = made.json()["id"]
    rejected = head.post(f"/requests/{key}/reject", {"reason": "which wish?"}, version=1)
    edited = maker.put(f"/requests/{key}", office.content(priority=5), version=2)
    offered = maker.post(f"/requests/{key}/offer-again", version=3)
    approved = head.post(f"/requests/{key}/approve", version=4)
    gone = head.post(f"/requests/{key}/withdraw", {"reason": "better again"}, version=5)

    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    answers = [made, rejected, edited, offered, approved, gone]
    assert [one.json()["state"] for one in answers] == [
        "for_approval",
        "rejected",
        "rejected",
        "for_approval",
        "open",
        "withdrawn",
    ]
    assert [one.headers["etag"] for one in answers] == [f'"{n}"' for n in range(1, 7)]
    assert (edited.json()["priority"], edited.json()["remarks"]) == (5, None)


def test_a_draft_is_placed(office: Office) -> None:
    made = office.create(first="draft")

    placed = office.step(office.planner, made["id"], "place")
    again = office.step(office.planner, made["id"], "place")

    assert (made["state"], placed.json()["state"]) == ("draft", "open")
    assert (again.status_code, code_of(again)) == (409, "not_allowed")


def test_what_is_left_out_is_the_types_or_todays(office: Office) -> None:
    room = office.desk.add("locations")

    plain_one = office.create()
    other = office.create(duration=45, modality="video", location_ids=[str(room)])

    assert (plain_one["duration"], plain_one["buffer"]) == (30, 5)
    assert (plain_one["modality"], plain_one["requested_on"]) == ("at_location", "2027-02-26")
    assert (other["duration"], other["modality"]) == (45, "video")
    assert other["location_ids"] == [str(room)]


def test_a_reason_is_asked_of_who_rejects_and_not_of_who_withdraws(office: Office) -> None:
    made = office.create(office.here(*MAKER))

    for body in ({}, {"reason": ""}, {"reason": "  "}):
        answer = office.planner.post(f"/requests/{made['id']}/reject", body, version=1)
        assert (answer.status_code, code_of(answer)) == (422, "invalid_input")
    assert office.step(office.planner, made["id"], "withdraw").status_code == 200


@pytest.mark.parametrize("step", [*STEPS, "edit"])
def test_a_step_is_taken_from_the_version_that_was_read(office: Office, step: str) -> None:
    key = office.create(first="draft")["id"]
    method, path = ("PUT", "") if step == "edit" else ("POST", f"/{step}")
    body = {"edit": office.content(), "reject": {"reason": "no"}, "withdraw": {}}.get(step)

    answer = office.planner.call(method, f"/requests/{key}{path}", body, version=2)

    assert (answer.status_code, code_of(answer)) == (412, "outdated")


def test_what_is_open_is_left_as_it_was_approved_by_who_may_not_place_it(office: Office) -> None:
    """Without this, approval would be asked once for anything."""
    maker = office.here(*MAKER)
    key = office.create(maker)["id"]
    office.step(office.planner, key, "approve")

    refused = maker.put(f"/requests/{key}", office.content(priority=9), version=2)
    menu = maker.get(f"/requests/{key}").json()["actions"]["edit"]
    placed = office.planner.put(f"/requests/{key}", office.content(priority=9), version=2)

    assert (refused.status_code, code_of(refused)) == (409, "needs_placing")
    assert [one["code"] for one in menu["reasons"]] == ["needs_placing"]
    assert placed.json()["priority"] == 9


# --- Rights -------------------------------------------------------------------------------------------


def test_the_formal_request_date_is_changed_by_right_only(office: Office) -> None:
    body = office.wish(requested_on=date(2027, 1, 4))
    lead = office.here(*INTAKE, Right.CHANGE_FORMAL_REQUEST_DATE)

    refused = office.planner.post("/requests", body)

    assert (refused.status_code, code_of(refused)) == (409, "formal_request_date")
    assert "2027-02-26" in refused.json()["detail"]
    assert lead.post("/requests", body).json()["requested_on"] == "2027-01-04"


def test_each_step_needs_its_own_right(office: Office) -> None:
    key = office.create()["id"]
    rights = {
        "place": MAKER[1:],
        "approve": (Right.APPROVE_REQUESTS,),
        "reject": (Right.APPROVE_REQUESTS,),
        "offer-again": MAKER[1:],
        "withdraw": (Right.WITHDRAW_REQUESTS,),
    }
    for step, needed in rights.items():
        others = office.here(*(set(INTAKE) - set(needed) - {Right.PLACE_REQUESTS}))
        answer = office.step(others, key, step, reason="no")
        assert (answer.status_code, code_of(answer)) == (403, "right_missing"), step
    nobody = office.here(*(set(INTAKE) - {Right.CREATE_REQUESTS, Right.PLACE_REQUESTS}))
    assert code_of(nobody.post("/requests", office.wish())) == "right_missing"


# --- Rules --------------------------------------------------------------------------------------------


@on_both
def test_a_duplicate_is_refused(office: Office) -> None:
    """P4, one after the other; the same request sent again is none."""
    kind = office.desk.add("consultation_types", refuses_duplicates=True)
    body = office.wish(consultation_type_id=kind)

    first = office.planner.post("/requests", body, key="k")
    again = office.planner.post("/requests", body, key="k")
    another = office.planner.post("/requests", body)
    draft = office.planner.post("/requests", body | {"first": "draft"})

    assert (first.status_code, again.content) == (201, first.content)
    assert (another.status_code, code_of(another)) == (409, "duplicate")
    assert "once at a time" in another.json()["detail"]
    assert draft.status_code == 201
    placed = office.step(office.planner, draft.json()["id"], "place")
    assert (placed.status_code, code_of(placed)) == (409, "duplicate")
    assert office.desk.count("requests", consultation_type_id=kind) == 2


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"until_day": "2027-03-01"}, 409, "date_window"),
        ({"until_day": "2027-02-01", "duration": 0}, 422, "refused"),
        ({"from_day": "1950-01-01"}, 422, "day_out_of_range"),
        ({"duration": 0}, 422, "duration"),
        ({"duration": -5}, 422, "duration"),
        ({"duration": 2**62}, 422, "duration"),
        ({"duration": True}, 422, "invalid_input"),
        ({"duration": "30"}, 422, "invalid_input"),
        ({"buffer": -1}, 422, "buffer"),
        ({"priority": 2**62}, 422, "priority"),
        ({"priority": 0}, 422, "priority"),
        ({"consultation_type_id": str(new_id())}, 422, "unknown"),
        ({"required_practitioner_id": str(new_id())}, 422, "unknown"),
        ({"location_ids": [str(new_id())]}, 422, "unknown"),
        ({"location_ids": [str(new_id())] * 501}, 422, "invalid_input"),
        ({"allow_saturday": "yes"}, 422, "invalid_input"),
        ({"remarks": "x" * 10_001}, 422, "invalid_input"),
        ({"reference": "a\r\nb"}, 422, "invalid_characters"),
        ({"first": "open"}, 422, "invalid_input"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    office: Office, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = office.planner.post("/requests", office.wish() | changes)

    assert (answer.status_code, code_of(answer)) == (status, code), answer.text
    assert all(one["text"] != one["code"] for one in answer.json()["refusals"])
    assert office.desk.count("requests") == 0


def test_every_reason_is_told_at_once_with_its_own_sentence(office: Office) -> None:
    answer = office.planner.post("/requests", office.wish(until_day=MONDAY, priority=0))

    told = {one["code"]: one["text"] for one in answer.json()["refusals"]}
    assert told.keys() == {"date_window", "priority"}
    assert "let it last until 2027-03-02 or later" in told["date_window"]


def test_a_reference_is_somebodys(office: Office) -> None:
    office.create(reference="A-1")

    answer = office.planner.post("/requests", office.wish(reference="A-1"))

    assert (answer.status_code, code_of(answer)) == (409, "reference_taken")


# --- Nothing beside what is asked, and nobody else's ----------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"state": "open"},
        {"version": 7, "id": str(new_id())},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"employer_id": str(new_id()), "price": 0},
    ],
)
def test_nothing_is_set_that_is_not_asked_for(office: Office, more: dict[str, Any]) -> None:
    """T3."""
    made = office.create(first="draft")

    created = office.planner.post("/requests", office.wish() | more)
    edited = office.planner.put(f"/requests/{made['id']}", office.content() | more, version=1)

    for answer in (created, edited):
        assert (answer.status_code, code_of(answer)) == (422, "unknown_field")
        assert {one["field"] for one in answer.json()["errors"]} == {f"body.{n}" for n in more}
    row = office.desk.request(UUID(made["id"]))
    assert (row.state, row.version) == ("draft", 1)


def test_a_request_stays_with_its_employee(office: Office) -> None:
    """T3: nobody is given another's request by an edit."""
    made = office.create()
    other = office.desk.somebody()

    answer = office.planner.put(
        f"/requests/{made['id']}", office.wish(employee_id=other), version=1
    )

    assert (answer.status_code, code_of(answer)) == (422, "unknown_field")
    assert office.api.records()[-1].fields == ["employee_id"]
    assert office.desk.request(UUID(made["id"])).employee_id == office.desk.world.employee


@on_both
def test_what_is_elsewhere_is_not_there(engine: Engine) -> None:
    """T1: by what is named in a body, and by what is named in a path."""
    with an_office(engine) as office:
        theirs, planner = office.elsewhere, office.planner
        nothing = plain(planner.get(f"/requests/{new_id()}"))
        for name, key in {
            "employee_id": theirs.employee,
            "establishment_id": theirs.establishment,
            "contact_person_id": theirs.contact_person,
            "case_id": theirs.case,
        }.items():
            for named in (key, new_id()):
                answer = planner.post("/requests", office.wish(**{name: named}))
                assert (answer.status_code, plain(answer)) == (404, nothing), name
        mine = office.create()["id"]
        for name, key in {
            "establishment_id": theirs.establishment,
            "contact_person_id": theirs.contact_person,
            "case_id": theirs.case,
        }.items():
            for named in (key, new_id()):
                body = office.content(**{name: named})
                answer = planner.put(f"/requests/{mine}", body, version=1)
                assert (answer.status_code, plain(answer)) == (404, nothing), name
        foreign = office.create(
            office.api.person(*INTAKE),
            employee_id=theirs.employee,
            establishment_id=theirs.establishment,
        )["id"]
        for step in STEPS:
            answer = office.step(
                planner, foreign, step, **({"reason": "no"} if step == "reject" else {})
            )
            assert (answer.status_code, plain(answer)) == (404, nothing), step
        answer = planner.put(f"/requests/{foreign}", office.content(), version=1)
        assert (answer.status_code, plain(answer)) == (404, nothing)
        assert planner.get(f"/requests/{foreign}/history").status_code == 404


def test_what_stood_there_before_stays_though_it_is_out_of_sight(office: Office) -> None:
    """The employee has left: what was asked for him is still theirs, and he is named no more."""
    key = office.create()["id"]
    office.desk.set("employments", office.desk.employment, until_day=date(2027, 2, 27))
    office.api.clock.now += timedelta(days=2)
    later = office.here(*INTAKE)

    edited = later.put(f"/requests/{key}", office.content(remarks="still wanted"), version=1)

    assert (edited.status_code, edited.json()["remarks"]) == (200, "still wanted")
    assert later.post("/requests", office.wish()).status_code == 404


# --- On record ----------------------------------------------------------------------------------------


def test_a_request_is_on_record_with_its_steps(office: Office) -> None:
    key = UUID(office.create(first="draft")["id"])
    office.step(office.planner, str(key), "place")
    office.step(office.planner, str(key), "approve")

    found = [(one.act, one.kind, one.object_id, one.employee_id) for one in office.api.records()]

    about = ("requests", key, office.desk.world.employee)
    assert found == [(Act.CREATE, *about), (Act.UPDATE, *about), (Act.UPDATE, *about)]
    made, _, refused = office.api.records()
    assert {"from_day", "consultation_type_id", "remarks"} <= set(made.fields)
    assert (made.ground, made.allowed) == ("create_requests", True)
    assert (refused.ground, refused.allowed) == ("not_allowed", False)
