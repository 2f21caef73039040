"""Campaigns over HTTP: whom they are about, and that it is nobody elsewhere. Domain §§3, 8."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.audit import Act
from models.base import new_id
from scheduler.access import Right
from tests.http_client import code_of, copied, on_both, plain
from tests.http_desks import Office, an_office


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    with an_office(engine) as made:
        yield made


def campaign(office: Office, values: Any = None, **crowd: Any) -> dict[str, Any]:
    """For two weeks of working days; without any crowd, the first employer's people."""
    whom = {
        name: [str(one) for one in value] if isinstance(value, list) else str(value)
        for name, value in (crowd or {"employer_id": office.desk.employer}).items()
    }
    return {
        "crowd": whom,
        "consultation_type_id": str(office.desk.world.type),
        "from_day": "2027-03-01",
        "until_day": "2027-03-15",
    } | (values or {})


def asked(office: Office, **crowd: Any) -> set[UUID]:
    """Whom the campaign is carried out for."""
    answer = office.planner.post("/campaigns", campaign(office, **crowd))
    assert answer.status_code == 200, answer.text
    return {UUID(one["employee_id"]) for one in answer.json()["rows"]}


@on_both
def test_a_campaign_is_shown_and_then_carried_out(office: Office) -> None:
    kind = office.desk.add("consultation_types", refuses_duplicates=True)
    crowd = [office.desk.world.employee, *(office.desk.somebody() for _ in range(9))]
    wanted = campaign(office, {"consultation_type_id": str(kind)})

    shown = office.planner.post("/campaigns/preview", wanted, key=None)
    assert office.desk.count("requests") == 0
    made = office.planner.post("/campaigns", wanted, key="c")
    again = office.planner.post("/campaigns", wanted, key="c")
    another = office.planner.post("/campaigns", wanted)
    left = office.planner.post("/campaigns/preview", wanted, key=None).json()

    assert shown.status_code == 200
    assert [one["requests"] for one in shown.json()["load"]] == [5, 5]
    assert shown.json()["load"][1]["from_day"] == "2027-03-08"
    assert shown.json()["refused"] == []
    assert (made.json()["made"], again.content) == (10, made.content)
    assert {UUID(one["employee_id"]) for one in made.json()["rows"]} == set(crowd)
    assert another.json()["made"] == 0
    assert another.json()["rows"][0]["refusals"][0]["code"] == "duplicate"
    assert (left["load"], len(left["refused"])) == ([], 10)
    assert office.desk.count("requests") == 10


def test_a_preview_is_a_look_and_a_campaign_is_on_record_for_each(office: Office) -> None:
    other, idle = office.desk.somebody(), office.desk.add("employees")
    planner = office.api.person(Right.CREATE_REQUESTS)
    wanted = campaign(office, employees=[office.desk.world.employee, other, idle])

    planner.post("/campaigns/preview", wanted, key=None)
    looks = office.api.records()
    planner.post("/campaigns", wanted)

    assert [(one.act, one.kind, one.employee_id) for one in looks] == [
        (Act.READ, "employees", idle)
    ]
    assert {(one.act, one.kind, one.employee_id) for one in office.api.records()[len(looks) :]} == {
        (Act.CREATE, "requests", office.desk.world.employee),
        (Act.CREATE, "requests", other),
        (Act.READ, "employees", idle),
    }


@on_both
def test_whom_it_is_about_is_chosen_by_where_they_work(office: Office) -> None:
    desk = office.desk
    site = desk.add("establishments", employer_id=desk.employer)
    top = desk.add("departments", employer_id=desk.employer)
    below = desk.add("departments", employer_id=desk.employer, parent_id=top)
    there, within, left = (desk.add("employees") for _ in range(3))
    desk.works(there, establishment_id=site)
    desk.works(within, department_id=below)
    desk.works(left, until_day=date(2027, 2, 28))
    first = desk.world.employee

    assert asked(office) == {first, there, within}
    assert asked(office, establishment_id=site) == {there}
    assert asked(office, department_id=top) == {within}
    assert asked(office, department_id=top, establishment_id=site) == set()
    assert asked(office, employees=[first, there]) == {first, there}
    assert asked(office, employees=[first, there], establishment_id=site) == {there}


def test_of_somebody_at_two_sites_the_one_that_was_chosen_is_meant(office: Office) -> None:
    desk = office.desk
    site = desk.add("establishments", employer_id=desk.employer)
    desk.works(desk.world.employee, establishment_id=site, from_day=date(2026, 1, 1))

    def where(key: UUID) -> set[str]:
        answer = office.planner.post("/campaigns", campaign(office, establishment_id=key)).json()
        requests = [one["request_id"] for one in answer["rows"]]
        return {office.planner.get(f"/requests/{k}").json()["establishment_id"] for k in requests}

    assert where(site) == {str(site)}
    assert where(desk.world.establishment) == {str(desk.world.establishment)}


@on_both
def test_nobody_elsewhere_is_asked_or_told_of(office: Office) -> None:
    """T1: neither whoever works for another, nor where somebody works beside."""
    theirs, desk = office.elsewhere, office.desk
    # he works for both, and for the other one since later
    theirs.works(desk.world.employee, from_day=date(2026, 1, 1))
    unknown = new_id()
    named = [desk.world.employee, theirs.employee, unknown]

    shown, done = (
        office.planner.post(path, campaign(office, employees=named)).json()
        for path in ("/campaigns/preview", "/campaigns")
    )

    for told in (shown, done):
        assert told["unknown"] == sorted([str(theirs.employee), str(unknown)])
        assert told["without_work"] == []
    (made,) = done["rows"]
    read = office.planner.get(f"/requests/{made['request_id']}").json()
    assert read["establishment_id"] == str(desk.world.establishment)
    everybody = asked(office, employer_id=desk.employer)
    assert everybody == {desk.world.employee}


def test_where_they_work_must_be_his_to_see(office: Office) -> None:
    theirs = office.elsewhere
    department = office.desk.add("departments", employer_id=theirs.employer)
    for name, key in {
        "employer_id": theirs.employer,
        "establishment_id": theirs.establishment,
        "department_id": department,
    }.items():
        for path in ("/campaigns", "/campaigns/preview"):
            foreign, nothing = (
                office.planner.post(path, campaign(office, **{name: one}))
                for one in (key, new_id())
            )
            assert (foreign.status_code, code_of(foreign)) == (404, "not_found")
            assert plain(foreign) == plain(nothing)


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"crowd": {}}, 422, "nobody_chosen"),
        ({"until_day": "2027-03-01"}, 409, "date_window"),
        ({"until_day": "2031-01-01"}, 422, "campaign_too_long"),
        ({"from_day": "2027-03-06", "until_day": "2027-03-08"}, 409, "no_working_day"),
        ({"window": "year"}, 422, "invalid_input"),
        ({"employees": []}, 422, "unknown_field"),
        ({"priority": 2**62}, 200, ""),
    ],
)
def test_a_campaign_that_is_none_is_refused(
    office: Office, values: dict[str, Any], status: int, code: str
) -> None:
    for path in ("/campaigns", "/campaigns/preview"):
        answer = office.planner.post(path, campaign(office, values))
        assert answer.status_code == status, answer.text
        assert not code or code_of(answer) == code
    assert office.desk.count("requests") == 0


def test_a_campaign_needs_the_right_to_make_requests(office: Office) -> None:
    for path in ("/campaigns", "/campaigns/preview"):
        answer = office.here(Right.VIEW_REQUESTS).post(path, campaign(office))
        assert (answer.status_code, code_of(answer)) == (403, "right_missing")
