"""Why a request has no place, over HTTP: what to change is edited in as it is told; and what a form asks early. Domain §§3-4, 8."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.base import new_id
from scheduler.access import Right
from tests.agendas import AMSTERDAM, there
from tests.desks import MONDAY
from tests.http_client import Client, code_of, copied, on_both
from tests.http_desks import INTAKE, Office, an_office

PLANNING = (*INTAKE, Right.VIEW_APPOINTMENTS, Right.PLAN_AUTOMATICALLY)
DAY = timedelta(days=1)
TUESDAY = {"from_day": MONDAY + DAY, "until_day": MONDAY + 2 * DAY}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    with an_office(engine) as made:
        yield made


def why(client: Client, request: str, **query: str) -> dict[str, Any]:
    answer = client.get(f"/requests/{request}/reasons", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


# --- Reasons ------------------------------------------------------------------------------------------


@on_both
def test_what_is_told_to_change_gives_it_a_place(engine: Engine) -> None:
    with an_office(engine) as office:
        planner = office.here(*PLANNING)
        made = office.create(planner, **TUESDAY)
        path = f"/requests/{made['id']}"

        told = why(planner, made["id"])

        assert (told["possible"], told["looked_at"], told["complete"]) == (False, 1, True)
        (reason,) = told["reasons"]
        assert (reason["code"], reason["excluded"], reason["alone"]) == ("date_window", 1, 1)
        assert reason["text"] == ("not on a day from 2027-03-02 until (not including) 2027-03-03")
        (way,) = told["relaxations"]
        assert way["changes"] == {"from_day": "2027-03-01"}
        assert [one["text"] for one in way["easings"]] == ["allow other days: 2027-03-01"]
        content = {**office.content(**TUESDAY), **way["changes"]}
        assert planner.put(path, content, version=1).status_code == 200
        (option, *_) = planner.get(f"{path}/options").json()["items"]
        place = {name: way[name] for name in ("availability_id", "starts_at")}
        assert {name: option[name] for name in place} == place
        assert why(planner, made["id"])["possible"]
        assert planner.post(f"{path}/appointment", place).status_code == 201
        assert code_of(planner.get(f"{path}/reasons")) == "not_allowed"


def test_several_changes_are_told_as_fields_of_the_request(office: Office) -> None:
    planner = office.here(*PLANNING)
    elsewhere, other = office.desk.add("locations"), office.desk.add("practitioners")
    made = office.create(
        planner, **TUESDAY, location_ids=[str(elsewhere)], required_practitioner_id=other
    )

    (way,) = why(planner, made["id"])["relaxations"]

    assert {one["rule"] for one in way["easings"]} == {
        "date_window",
        "location_wish",
        "practitioner_wish",
    }
    places = sorted(str(key) for key in (elsewhere, office.desk.world.location))
    assert way["changes"] == {
        "from_day": "2027-03-01",
        "location_ids": places,
        "required_practitioner_id": None,
    }


def test_who_has_the_places_is_told_of_those_whom_one_may_see(office: Office) -> None:
    planner, everybody = office.here(*PLANNING), office.api.person(*PLANNING)
    world, elsewhere = office.desk.world, office.elsewhere
    theirs = {
        "employee_id": elsewhere.employee,
        "establishment_id": elsewhere.establishment,
    }
    mine = office.desk.add("appointments", **world.appointment("08:00", "12:00"))
    office.desk.add("appointments", **world.appointment("12:00", "17:00") | theirs)
    made = office.create(planner, employee_id=office.desk.somebody())

    told, all_of_it = why(planner, made["id"]), why(everybody, made["id"])

    assert [one["appointment_id"] for one in told["held_by"]] == [str(mine)]
    assert told["held_by_others"] == 1
    assert str(elsewhere.employee) not in str(told)
    assert [one["employee_id"] for one in all_of_it["held_by"]] == [
        str(world.employee),
        str(elsewhere.employee),
    ]
    assert all_of_it["held_by_others"] == 0
    shown = [one for one in office.api.records() if one.act == "read"][-3:]
    assert elsewhere.employee in {one.employee_id for one in shown}


def test_who_may_not_plan_or_not_see_it_is_told_nothing(office: Office) -> None:
    made = office.create()
    path = f"/requests/{made['id']}/reasons"
    by_hand = office.here(Right.VIEW_REQUESTS, Right.PLAN_APPOINTMENTS)
    other = office.api.person(*PLANNING, reaches={"employer_id": office.elsewhere.employer})

    assert code_of(office.planner.get(path)) == "right_missing"
    assert code_of(by_hand.get(path)) == "right_missing"
    assert by_hand.get(f"{path}?how=by_hand").status_code == 200
    assert code_of(other.get(path)) == "not_found"
    assert code_of(office.here(*PLANNING).get(f"/requests/{new_id()}/reasons")) == "not_found"


@pytest.mark.parametrize("first", ["draft", "placed"])
def test_what_waits_says_for_what(office: Office, first: str) -> None:
    asker = office.here(*INTAKE[:2])
    made = office.create(asker, first=first)

    told = why(office.here(*PLANNING), made["id"])

    assert [one["code"] for one in told["reasons"]] == [
        {"draft": "draft", "placed": "approval"}[first]
    ]
    assert not told["relaxations"]


def test_an_option_says_what_it_is_liked_for(office: Office) -> None:
    planner = office.here(*PLANNING)
    made = office.create(planner, preferred_practitioner_id=office.desk.world.practitioner)

    (option,) = planner.get(f"/requests/{made['id']}/options").json()["items"]

    assert option["points"] == 2
    assert option["liked"] == [{"criterion": "preferred_practitioner", "points": 2, "most": 2}]


# --- Asked early --------------------------------------------------------------------------------------


@on_both
def test_what_would_be_refused_is_told_without_making_anything(engine: Engine) -> None:
    with an_office(engine) as office:
        desk = office.desk
        desk.set("consultation_types", desk.world.type, refuses_duplicates=True)
        assert office.planner.post("/requests/check", office.wish()).json() == {"refusals": []}
        first = office.create()

        told = office.planner.post("/requests/check", office.wish()).json()["refusals"]
        empty = office.wish(until_day=MONDAY)
        both = office.planner.post("/requests/check", empty).json()["refusals"]

        assert [one["code"] for one in told] == ["duplicate"]
        assert {one["code"] for one in both} == {"date_window", "duplicate"}
        assert len(office.planner.get("/requests").json()["items"]) == 1
        path = f"/requests/{first['id']}/check"
        assert office.planner.post(path, office.content()).json() == {"refusals": []}
        gone = office.content(until_day=MONDAY)
        assert [one["code"] for one in office.planner.post(path, gone).json()["refusals"]] == [
            "date_window"
        ]
        cannot_place = office.here(*INTAKE[:2])
        assert [
            one["code"] for one in cannot_place.post(path, office.content()).json()["refusals"]
        ] == ["needs_placing"]


def test_what_a_wish_names_is_looked_for_among_what_one_may_see(office: Office) -> None:
    theirs = office.wish(employee_id=office.elsewhere.employee)
    made = office.create()

    assert code_of(office.planner.post("/requests/check", theirs)) == "not_found"
    stranger = office.api.person(*INTAKE, reaches={"employer_id": office.elsewhere.employer})
    path = f"/requests/{made['id']}/check"
    assert code_of(stranger.post(path, office.content())) == "not_found"
    assert code_of(office.here(Right.VIEW_REQUESTS).post("/requests/check", office.wish())) == (
        "right_missing"
    )


def test_a_window_in_another_year_is_told_as_it_is(office: Office) -> None:
    planner = office.here(*PLANNING)
    made = office.create(planner, from_day=date(2027, 12, 30), until_day=date(2028, 1, 3))
    block = there(AMSTERDAM, MONDAY, 540)

    (way,) = why(planner, made["id"])["relaxations"]

    assert way["changes"] == {"from_day": "2027-03-01"}
    assert UUID(way["availability_id"]) == office.desk.world.availability
    assert way["starts_at"].startswith(f"{block:%Y-%m-%d}")
