"""Cases over HTTP: opened, found and closed, each in its part of the organisation. Domain §§1, 8."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import Engine

from models.base import new_id
from scheduler.access import Right
from tests.http_client import Client, code_of, copied, on_both, plain
from tests.http_desks import INTAKE, Office, an_office

CASES = (Right.VIEW_CASES, Right.MANAGE_CASES)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    with an_office(engine) as made:
        yield made


def opening(office: Office, client: Client | None = None, **values: Any) -> httpx2.Response:
    those = {
        "employee_id": str(office.desk.world.employee),
        "establishment_id": str(office.desk.world.establishment),
        "kind_id": str(office.desk.add("case_kinds")),
    }
    return (client or office.here(*CASES)).post("/cases", those | values)


@on_both
def test_a_case_is_opened_used_and_closed(office: Office) -> None:
    manager = office.here(*CASES, *INTAKE)

    opened = opening(office, manager, practitioner_id=str(office.desk.world.practitioner))
    key = opened.json()["id"]
    used = office.create(manager, case_id=key)
    closed = manager.post(f"/cases/{key}/close", {}, version=1)
    refused = manager.post("/requests", office.wish(case_id=key))

    assert (opened.status_code, opened.headers["etag"]) == (201, '"1"')
    assert (opened.json()["opened_on"], opened.json()["closed_on"]) == ("2027-02-26", None)
    assert used["case_id"] == key
    assert (closed.json()["closed_on"], closed.headers["etag"]) == ("2027-02-26", '"2"')
    assert (refused.status_code, code_of(refused)) == (409, "case_closed")
    assert [one.act for one in office.api.records(kind="cases")] == ["create", "update"]
    assert {one.employee_id for one in office.api.records(kind="cases")} == {
        office.desk.world.employee
    }


def test_cases_are_found_by_employee_and_whether_they_are_open(office: Office) -> None:
    manager = office.here(*CASES)
    mine = opening(office, manager).json()["id"]
    other = opening(office, manager, employee_id=str(office.desk.somebody())).json()["id"]
    manager.post(f"/cases/{other}/close", {"closed_on": "2027-02-27"}, version=1)

    def seen(query: str) -> list[str]:
        return [one["id"] for one in manager.get(f"/cases?{query}").json()["items"]]

    assert seen("") == [mine, other]
    assert seen(f"employee_id={office.desk.world.employee}") == [mine]
    assert seen("open=true") == [mine, other]
    manager.post(f"/cases/{mine}/close", {"closed_on": "2027-02-26"}, version=1)
    assert seen("open=true") == [other]
    assert seen("open=false") == [mine]


@on_both
def test_what_is_elsewhere_is_not_there(office: Office) -> None:
    theirs, manager = office.elsewhere, office.here(*CASES)
    nothing = plain(manager.get(f"/cases/{new_id()}"))
    stranger = office.api.person(reaches={"employer_id": theirs.employer})

    assert plain(manager.get(f"/cases/{theirs.case}")) == nothing
    assert plain(manager.post(f"/cases/{theirs.case}/close", {}, version=1)) == nothing
    assert manager.get("/cases").json()["items"] == []
    for name, key in {
        "employee_id": theirs.employee,
        "establishment_id": theirs.establishment,
        "manager_id": stranger.id,
    }.items():
        for named in (key, new_id()):
            answer = opening(office, manager, **{name: str(named)})
            assert (answer.status_code, plain(answer)) == (404, nothing), name


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"kind_id": str(new_id())}, 422, "unknown"),
        ({"practitioner_id": str(new_id())}, 422, "unknown"),
        ({"opened_on": "1950-01-01"}, 422, "day_out_of_range"),
        ({"opened_on": "2019-12-31"}, 409, "establishment"),
        ({"opened_on": "yesterday"}, 422, "invalid_input"),
        ({"closed_on": "2027-03-01"}, 422, "unknown_field"),
        ({"version": 9}, 422, "unknown_field"),
    ],
)
def test_what_cannot_be_opened_is_refused(
    office: Office, values: dict[str, Any], status: int, code: str
) -> None:
    answer = opening(office, **values)

    assert (answer.status_code, code_of(answer)) == (status, code), answer.text
    assert all(one["text"] != one["code"] for one in answer.json()["refusals"])


def test_a_practitioner_who_has_gone_gets_no_case(office: Office) -> None:
    gone = office.desk.add("practitioners", archived_at=office.api.clock.now)

    assert code_of(opening(office, practitioner_id=str(gone))) == "archived_practitioner"


def test_a_case_is_closed_once_and_not_before_it_was_opened(office: Office) -> None:
    manager = office.here(*CASES)
    key = UUID(opening(office, manager).json()["id"])
    path = f"/cases/{key}/close"

    first = manager.post(path, {"closed_on": "2027-02-25"}, version=1)
    outdated = manager.post(path, {}, version=7)
    closed = manager.post(path, {"closed_on": "2027-03-04"}, version=1)
    again = manager.post(path, {}, version=2)

    assert (first.status_code, code_of(first)) == (422, "case_closed_first")
    assert (outdated.status_code, code_of(outdated)) == (412, "outdated")
    assert closed.json()["closed_on"] == str(date(2027, 3, 4))
    assert (again.status_code, code_of(again)) == (409, "case_closed_already")


def test_who_only_looks_opens_nothing(office: Office) -> None:
    looks = office.here(Right.VIEW_CASES)
    key = opening(office).json()["id"]

    assert looks.get(f"/cases/{key}").status_code == 200
    assert code_of(opening(office, looks)) == "right_missing"
    assert code_of(looks.post(f"/cases/{key}/close", {}, version=1)) == "right_missing"
