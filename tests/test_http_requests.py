"""Requests, looked at: the menu, what is overdue, why not, the history, and filters. Domain §§4, 5, 8."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.base import new_id
from scheduler.access import Right
from tests.http_client import Client, code_of, copied, on_both
from tests.http_desks import INTAKE, Office, an_office

WHY_NOT = {"reasons": {"practitioner_free": 3}, "held_by": ["x"], "displacement": {"moved": []}}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    with an_office(engine) as made:
        yield made


def read(office: Office, key: str, client: Client | None = None) -> dict[str, Any]:
    answer = (client or office.planner).get(f"/requests/{key}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


# --- The menu -----------------------------------------------------------------------------------------


def test_the_menu_says_what_this_user_may_do_now_and_why_not_the_rest(office: Office) -> None:
    planner = office.here(*INTAKE, Right.PLAN_AUTOMATICALLY)
    only_looks = office.here(Right.VIEW_REQUESTS)
    key = office.create(first="draft")["id"]

    def allowed(client: Client) -> set[str]:
        return {
            name for name, one in read(office, key, client)["actions"].items() if one["allowed"]
        }

    assert allowed(planner) == {"edit", "place", "withdraw"}
    office.step(planner, key, "place")
    assert allowed(planner) == {"edit", "plan", "withdraw"}
    assert allowed(office.planner) == {"edit", "withdraw"}
    assert allowed(only_looks) == set()
    actions = read(office, key, only_looks)["actions"]
    assert actions.keys() == {
        *("edit", "place", "approve", "reject", "offer_again", "withdraw", "plan"),
    }
    assert [one["code"] for one in actions["approve"]["reasons"]] == [
        "not_allowed",
        "right_missing",
    ]
    assert actions["approve"]["reasons"][0]["text"] == "approve is for for_approval; this is open"
    assert "create_requests, place_requests" in actions["edit"]["reasons"][-1]["text"]


def test_what_the_menu_offers_is_done_and_what_it_does_not_is_refused(office: Office) -> None:
    bodies: dict[str, Any] = {"reject": {"reason": "no"}, "withdraw": {}}
    for first, client in (("draft", office.planner), ("placed", office.here(*INTAKE[:2]))):
        for name in ("place", "approve", "reject", "offer_again", "withdraw"):
            key = office.create(client, first=first)["id"]
            offered = read(office, key)["actions"][name]["allowed"]
            path = f"/requests/{key}/{name.replace('_', '-')}"
            answer = office.planner.post(path, bodies.get(name), version=1)
            assert (answer.status_code == 200) is offered, (first, name, answer.text)


# --- Overdue ------------------------------------------------------------------------------------------


@on_both
def test_a_request_is_overdue_when_its_window_has_passed_and_it_is_open(engine: Engine) -> None:
    with an_office(engine) as office:
        ended: dict[str, Any] = {"from_day": date(2027, 2, 1), "until_day": date(2027, 2, 26)}
        late = office.create(**ended)["id"]
        draft = office.create(**ended, first="draft")["id"]
        ends_today = office.create(**ended | {"until_day": date(2027, 2, 27)})["id"]

        def listed(query: str) -> set[str]:
            found = office.planner.get(f"/requests?{query}").json()["items"]
            return {one["id"] for one in found}

        assert listed("overdue=true") == {late}
        assert listed("overdue=false") == {draft, ends_today}
        assert read(office, late)["overdue"]
        assert not read(office, ends_today)["overdue"]
        assert code_of(office.planner.get("/requests?overdue=perhaps")) == "invalid_parameter"


# --- Why not ------------------------------------------------------------------------------------------


def a_run(office: Office, request: str, why_not: Any, **values: Any) -> UUID:
    """A run, and what it said of the request."""
    run = office.desk.add("job_runs", **{"state": "done"} | values)
    office.desk.link("run_outcomes", run_id=run, request_id=UUID(request), why_not=why_not)
    return run


@on_both
def test_it_says_why_the_last_run_left_it_out(engine: Engine) -> None:
    with an_office(engine) as office:
        key = office.create()["id"]
        assert read(office, key)["unplanned"] is None
        a_run(office, key, {"reasons": {"fits": 1}})
        last = a_run(office, key, WHY_NOT)
        a_run(office, key, {"reasons": {"notice": 1}}, preview=True)
        everybody = office.api.person(Right.VIEW_REQUESTS)

        mine, all_of_it = read(office, key), read(office, key, everybody)

        # whose requests are in the way, is not for everybody
        assert mine["unplanned"]["why_not"] == {"reasons": {"practitioner_free": 3}}
        assert all_of_it["unplanned"]["why_not"] == WHY_NOT
        assert mine["unplanned"]["run_id"] == str(last)
        office.step(office.planner, key, "withdraw")
        assert read(office, key)["unplanned"] is None


# --- History ------------------------------------------------------------------------------------------


def test_the_history_tells_each_step(office: Office) -> None:
    made = office.create(office.here(*INTAKE[:2]))
    key = made["id"]
    office.step(office.planner, key, "reject", reason="which wish?")
    office.planner.put(f"/requests/{key}", office.content(priority=5), version=2)

    answer = office.planner.get(f"/requests/{key}/history")

    steps = answer.json()["items"]
    assert [one["event"] for one in steps] == ["submit", "reject", "edit"]
    assert [one["target"] for one in steps] == ["for_approval", "rejected", "rejected"]
    assert steps[1]["reason"] == "which wish?"
    assert steps[1]["actor_id"] == str(office.planner.id)
    assert steps[2]["changes"] == {"priority": {"before": 1, "after": 5}}
    looked = office.api.records()[-1]
    assert (looked.act, looked.employee_id) == ("read", office.desk.world.employee)


# --- Filters ------------------------------------------------------------------------------------------


def test_filters_narrow_what_is_seen(office: Office) -> None:
    desk = office.desk
    case = desk.add(
        "cases",
        employee_id=desk.world.employee,
        establishment_id=desk.world.establishment,
        kind_id=desk.add("case_kinds"),
    )
    one = office.create(reference="HR-17", case_id=case)["id"]
    other = office.create()["id"]
    desk.set("requests", UUID(other), requested_on=date(2027, 1, 10))

    def seen(query: str) -> list[str]:
        answer = office.planner.get(f"/requests?{query}")
        assert answer.status_code == 200, answer.text
        return [found["id"] for found in answer.json()["items"]]

    assert seen("reference=HR-17") == [one]
    assert seen("reference=HR-%25") == []
    assert seen(f"case_id={case}") == [one]
    assert seen(f"case_id={new_id()}") == []
    assert seen("requested_from=2027-02-26") == [one]
    assert seen("requested_until=2027-02-26") == [other]
    assert seen("requested_from=2027-01-10&requested_until=2027-01-11") == [other]
