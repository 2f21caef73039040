"""Many requests at once, over HTTP: each row is answered, on record, and its owner's. Domain §§3, 8; reliability P4, P19, T1."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import Engine

from api.http.routes.bulk import MOST_BYTES
from models.audit import Act
from models.base import new_id
from scheduler.access import Right
from tests.http_client import Client, code_of, copied, on_both
from tests.http_desks import Office, an_office

ROW_BY_ROW, ALL_OR_NONE = "row_by_row", "all_or_none"


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    with an_office(engine) as made:
        yield made


def send(
    office: Office, *rows: dict[str, Any], mode: str = ROW_BY_ROW, **more: Any
) -> httpx2.Response:
    client: Client = more.pop("client", office.planner)
    key = more.pop("key", "")
    return client.post("/requests/bulk", {"mode": mode, "rows": list(rows)} | more, key=key)


def refusals(answer: httpx2.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return [[why["code"] for why in one["refusals"]] for one in answer.json()["rows"]]


# --- Row by row, or all of them -------------------------------------------------------------------------


@on_both
def test_row_by_row_makes_what_it_can_and_tells_the_rest(office: Office) -> None:
    kind = office.desk.add("consultation_types", refuses_duplicates=True)
    once = office.wish(consultation_type_id=kind)

    answer = send(office, once, office.wish(priority=0), once, office.wish(duration=45))

    assert refusals(answer) == [[], ["priority"], ["duplicate"], []]
    told = answer.json()
    assert told["made"] == 2
    assert [one["row"] for one in told["rows"]] == [0, 1, 2, 3]
    assert "a priority is a number from 1" in told["rows"][1]["refusals"][0]["text"]
    made = [one["request_id"] for one in told["rows"]]
    assert made[1] is made[2] is None
    assert office.planner.get(f"/requests/{made[3]}").json()["duration"] == 45


@on_both
def test_all_or_none_makes_none_and_names_each_row(office: Office) -> None:
    rows = [office.wish(), office.wish(priority=0), office.wish(), office.wish(duration=0)]

    answer = send(office, *rows, mode=ALL_OR_NONE)

    assert (answer.status_code, code_of(answer)) == (422, "refused")
    told = [(one["code"], one["params"]["row"]) for one in answer.json()["refusals"]]
    assert told == [("priority", 1), ("duration", 3)]
    assert office.desk.count("requests") == 0
    assert send(office, rows[0], rows[2], mode=ALL_OR_NONE).json()["made"] == 2


def test_without_the_right_to_place_they_wait_for_approval(office: Office) -> None:
    maker = office.here(Right.VIEW_REQUESTS, Right.CREATE_REQUESTS)

    placed = send(office, office.wish(), client=maker).json()["rows"][0]["request_id"]
    draft = send(office, office.wish(), client=maker, first="draft").json()["rows"][0]["request_id"]

    assert office.desk.state(UUID(placed)) == "for_approval"
    assert office.desk.state(UUID(draft)) == "draft"
    nobody = office.here(Right.VIEW_REQUESTS)
    assert code_of(send(office, office.wish(), client=nobody)) == "right_missing"


def test_the_same_bulk_sent_again_is_made_once(office: Office) -> None:
    first, again = (send(office, office.wish(), office.wish(), key="bulk") for _ in range(2))
    other = send(office, office.wish(), key="bulk")

    assert first.json()["made"] == 2
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, code_of(other)) == (422, "idempotency_key_reused")
    assert office.desk.count("requests") == 2


# --- What is sent ---------------------------------------------------------------------------------------


def test_a_malformed_row_is_named(office: Office) -> None:
    rows = [
        office.wish(),
        office.wish() | {"from_day": "tomorrow"},
        office.wish() | {"state": "open"},
    ]

    strange = send(office, *rows)
    malformed = send(office, *rows[:2])

    assert (strange.status_code, code_of(strange)) == (422, "unknown_field")
    assert "rows.2.state" in strange.json()["detail"]
    assert (malformed.status_code, code_of(malformed)) == (422, "invalid_input")
    assert [one["field"] for one in malformed.json()["errors"]] == ["body.rows.1.from_day"]
    assert office.desk.count("requests") == 0


def test_of_very_many_faults_the_first_are_told(office: Office) -> None:
    answer = send(office, *[{"employee_id": 1}] * 1_000)

    assert (answer.status_code, code_of(answer)) == (422, "invalid_input")
    assert len(answer.json()["errors"]) == 100
    assert len(answer.content) < 100_000


@pytest.mark.parametrize("rows", [0, 10_001])
def test_it_has_one_row_and_ten_thousand_at_most(office: Office, rows: int) -> None:
    answer = send(office, *[{}] * rows)

    assert (answer.status_code, code_of(answer)) == (422, "invalid_input")
    assert [one["field"] for one in answer.json()["errors"]] == ["body.rows"]


def test_a_bulk_may_be_larger_than_any_other_body(office: Office) -> None:
    long = office.wish(remarks="x" * 9_000)
    rows = [long | {"priority": 0}] * 130
    body = json.dumps({"mode": ROW_BY_ROW, "rows": rows}).encode()
    assert len(body) > 1024 * 1024

    taken = office.planner.post("/requests/bulk", raw=body)
    elsewhere = office.planner.post("/requests", raw=body)
    huge = office.planner.post("/requests/bulk", raw=b'"' + b"x" * MOST_BYTES + b'"')

    assert taken.json()["made"] == 0
    assert (elsewhere.status_code, code_of(elsewhere)) == (413, "body_too_large")
    assert (huge.status_code, code_of(huge)) == (413, "body_too_large")
    assert str(MOST_BYTES) in huge.json()["detail"]


# --- Whose they are -------------------------------------------------------------------------------------


@on_both
@pytest.mark.parametrize("mode", [ROW_BY_ROW, ALL_OR_NONE])
def test_what_is_elsewhere_is_refused_as_what_is_not_there(engine: Engine, mode: str) -> None:
    """T1, for each thing that a row names; of the other's employee nothing is told that is known of him."""
    with an_office(engine) as office:
        theirs, desk = office.elsewhere, office.desk
        kind = desk.add("consultation_types", refuses_duplicates=True, needs_contact_details=True)
        desk.create(
            consultation_type_id=desk.world.type,
            employee_id=theirs.employee,
            establishment_id=theirs.establishment,
        )
        desk.set("consultation_types", desk.world.type, refuses_duplicates=True)
        practitioner = desk.world.practitioner
        desk.add("exclusions", employee_id=theirs.employee, practitioner_id=practitioner)
        about_him = {"required_practitioner_id": practitioner}
        for name, key, more in (
            ("employee_id", theirs.employee, about_him),
            ("employee_id", theirs.employee, {"consultation_type_id": kind}),
            ("establishment_id", theirs.establishment, {}),
            ("contact_person_id", theirs.contact_person, {}),
            ("case_id", theirs.case, {}),
        ):
            told = []
            for named in (key, new_id()):
                answer = send(office, office.wish(**{name: named}, **more), mode=mode)
                body = answer.json()
                rows = body["rows"] if mode == ROW_BY_ROW else [body]
                told.append(json.dumps(rows[0]["refusals"]).replace(str(named), "key"))
                assert str(theirs.employer) not in answer.text
            assert told[0] == told[1], name
            assert [one["code"] for one in json.loads(told[0])] == ["unknown"], name
        assert desk.count("requests") == 1


def test_nobody_elsewhere_is_touched_by_a_row_of_another(office: Office) -> None:
    foreign = office.wish(employee_id=office.elsewhere.employee)

    assert refusals(send(office, foreign, office.wish())) == [["unknown"], []]
    assert office.desk.count("requests", employee_id=office.elsewhere.employee) == 0


def test_each_row_is_on_record_by_whose_it_is(office: Office) -> None:
    desk = office.desk
    other, unknown = desk.somebody(), new_id()
    rows = [
        office.wish(),
        office.wish(employee_id=other),
        office.wish(employee_id=other, priority=0),
        office.wish(employee_id=office.elsewhere.employee),
        office.wish(employee_id=unknown),
    ]

    made = [one["request_id"] for one in send(office, *rows).json()["rows"]]

    found = [
        (one.object_id and str(one.object_id), one.employee_id, one.ground, one.allowed)
        for one in office.api.records(act=Act.CREATE, kind="requests")
    ]
    assert found == [
        (made[0], desk.world.employee, "create_requests", True),
        (made[1], other, "create_requests", True),
        (None, other, "priority", False),
        (None, office.elsewhere.employee, "unknown", False),
        (None, None, "unknown", False),
    ]
