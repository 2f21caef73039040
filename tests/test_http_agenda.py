"""Requests, options, booking, and appointments over HTTP: domain §§3-5; reliability T1, T2, T4, T6, P1, P13."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from models.access import AccountKind
from models.appointments import Appointment, AppointmentState
from models.audit import Act
from models.base import new_id
from models.database import reading
from models.requests import AppointmentRequest, RequestState
from scheduler.access import Right
from tests.agendas import AMSTERDAM, MONDAY, TABLES, there
from tests.http_client import PLANNER, World, a_world, code_of, copied, on_both, plain
from tests.records import add


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    with a_world(engine) as made:
        yield made


@on_both
def test_a_request_is_read_offered_and_booked(world: World) -> None:
    request, planner = world.requests[0], world.planner

    read = planner.get(f"/requests/{request}")
    offered = planner.get(f"/requests/{request}/options").json()["items"]
    booked = planner.post(
        f"/requests/{request}/appointment",
        {"availability_id": offered[0]["availability_id"], "starts_at": offered[0]["starts_at"]},
    )

    assert read.headers["etag"] == '"1"'
    assert offered[0]["availability_id"] == str(world.availability)
    assert booked.status_code == 201
    assert booked.json()["state"] == "planned"
    assert booked.json()["starts_at"] == "2027-05-03T07:00:00Z"
    assert planner.get(f"/requests/{request}").json()["state"] == "planned"
    assert planner.get(f"/requests/{request}/options").json() == {"items": []}


def test_each_look_at_an_employee_is_on_record_and_says_which_columns(world: World) -> None:
    world.planner.get(f"/requests/{world.requests[0]}")
    world.planner.get("/requests")

    looks = [one for one in world.api.records() if one.act is Act.READ]

    assert [one.employee_id for one in looks] == [world.employees[0], *world.employees]
    assert {one.kind for one in looks} == {"requests"}
    assert {one.ground for one in looks} == {"view_requests"}
    assert {one.actor_id for one in looks} == {world.planner.id}
    assert all(one.role_id and one.group_id and one.address for one in looks)
    assert "from_day" in looks[0].fields


def test_a_booking_is_on_record_with_its_command(world: World) -> None:
    made = world.book()

    changes = [one for one in world.api.records() if one.act is Act.CREATE]

    assert {(one.kind, one.object_id, one.employee_id) for one in changes} == {
        ("requests", world.requests[0], world.employees[0]),
        ("appointments", UUID(made["id"]), world.employees[0]),
    }
    assert all(one.allowed for one in changes)


@on_both
def test_a_place_that_is_taken_is_a_conflict_with_fresh_options(world: World) -> None:
    world.book(0, 0)

    answer = world.planner.post(f"/requests/{world.requests[1]}/appointment", world.place(0))

    assert answer.status_code == 409
    assert code_of(answer) == "slot_taken"
    told = answer.json()
    assert {one["code"] for one in told["refusals"]} >= {"practitioner_free"}
    assert all(one["text"] for one in told["refusals"])
    assert told["options"][0]["starts_at"] == "2027-05-03T07:30:00Z"
    assert told["alternatives"] == f"/api/v1/requests/{world.requests[1]}/options"
    refused = [one for one in world.api.records() if not one.allowed]
    assert [(one.ground, one.employee_id) for one in refused] == [
        ("slot_taken", world.employees[1])
    ]


@on_both
def test_what_is_not_his_cannot_be_told_from_what_is_not_there(engine: Engine) -> None:
    with a_world(engine) as world:
        stranger = world.api.person(*PLANNER, reaches={"employee_id": world.employees[1]})
        for path in ("requests/{}", "requests/{}/options"):
            foreign = stranger.get("/" + path.format(world.requests[0]))
            unknown = stranger.get("/" + path.format(new_id()))
            assert foreign.status_code == unknown.status_code == 404
            assert plain(foreign) == plain(unknown)
        seen = [one["id"] for one in stranger.get("/requests").json()["items"]]
        assert seen == [str(world.requests[1])]
        mine = f"/requests?employee_id={world.employees[0]}"
        assert stranger.get(mine).json()["items"] == []
        denied = [one for one in stranger.api.records() if not one.allowed]
        assert denied[0].employee_id == world.employees[0]
        assert denied[0].object_id == world.requests[0]
        assert denied[1].employee_id is None


def test_the_menu_says_what_this_user_may_do_now_and_why_not_the_rest(world: World) -> None:
    key = world.book()["id"]

    read = world.planner.get(f"/appointments/{key}")

    actions = read.json()["actions"]
    assert read.headers["etag"] == '"1"'
    assert actions["reschedule"] == {"allowed": True, "reasons": []}
    assert [one["code"] for one in actions["complete"]["reasons"]] == ["right_missing"]
    assert [one["code"] for one in actions["mark_lapsed"]["reasons"]] == [
        "not_allowed",
        "right_missing",
    ]


@on_both
def test_an_appointment_is_moved_only_in_the_version_that_was_read(world: World) -> None:
    key = world.book()["id"]
    path = f"/appointments/{key}/move"

    without = world.planner.post(path, world.place(2))
    moved = world.planner.post(path, world.place(2), version=1)
    again = world.planner.post(path, world.place(3), version=1)

    assert (without.status_code, code_of(without)) == (428, "version_missing")
    assert moved.json()["starts_at"] == "2027-05-03T08:00:00Z"
    assert moved.headers["etag"] == '"2"'
    assert (again.status_code, code_of(again)) == (412, "outdated")


@on_both
def test_two_appointments_are_swapped(world: World) -> None:
    one, other = world.book(0, 0), world.book(1, 1)
    body = {"appointment_id": other["id"], "version": other["version"]}

    swapped = world.planner.post(f"/appointments/{one['id']}/swap", body, version=1)
    outdated = world.planner.post(f"/appointments/{one['id']}/swap", body, version=2)

    assert swapped.status_code == 200, swapped.text
    assert [item["starts_at"] for item in swapped.json()["items"]] == [
        other["starts_at"],
        one["starts_at"],
    ]
    assert code_of(outdated) == "outdated"


def test_a_cancelled_appointment_gives_its_request_back(world: World) -> None:
    key = world.book()["id"]
    body = {"party": "employee", "reason": "ill"}

    cancelled = world.planner.post(f"/appointments/{key}/cancel", body, version=1)
    again = world.planner.post(f"/appointments/{key}/cancel", body, version=2)

    assert cancelled.json()["state"] == "cancelled"
    assert cancelled.json()["cancelled_by"] == "employee"
    assert world.planner.get(f"/requests/{world.requests[0]}").json()["state"] == "open"
    assert (again.status_code, code_of(again)) == (409, "not_allowed")


def test_a_deleted_appointment_is_not_there(world: World) -> None:
    key = world.book()["id"]

    gone = world.planner.post(f"/appointments/{key}/delete", {"reason": "by mistake"}, version=1)

    assert (gone.status_code, gone.content) == (204, b"")
    assert world.planner.get(f"/appointments/{key}").status_code == 404
    assert world.planner.get("/appointments").json()["items"] == []


def test_a_rule_is_set_aside_only_by_whoever_may(world: World) -> None:
    path = f"/requests/{world.requests[0]}/appointment"
    body = world.place(0, how="by_hand", overrides={"saturday": "asked for it"})
    fixed = world.place(0, how="by_hand", overrides={"exclusion": "asked for it"})
    lead = world.api.person(*PLANNER, Right.OVERRIDE_RULES)

    assert code_of(world.planner.post(path, body)) == "right_missing"
    assert world.planner.post(path, fixed).status_code == 422
    assert lead.post(path, body).status_code == 201


def test_automatic_planning_needs_its_own_right_and_begins_the_next_day(world: World) -> None:
    path = f"/requests/{world.requests[0]}/appointment"
    by_hand = world.api.person(Right.VIEW_REQUESTS, Right.PLAN_APPOINTMENTS)
    world.api.clock.now = there(AMSTERDAM, MONDAY, 480)
    late = world.api.person(*PLANNER)

    assert code_of(by_hand.post(path, world.place())) in {"right_missing", "invalid_token"}
    assert code_of(late.post(path, world.place())) == "notice"
    assert late.get(f"/requests/{world.requests[0]}/options").json()["items"] == []
    assert late.post(path, world.place(how="by_hand")).status_code == 201


@on_both
def test_lists_come_in_parts_that_miss_nothing(engine: Engine) -> None:
    with a_world(engine, 7) as world:
        seen: list[str] = []
        cursor, parts = None, 0
        while parts == 0 or cursor:
            more = f"&cursor={cursor}" if cursor else ""
            part = world.planner.get(f"/requests?page_size=3{more}").json()
            seen += [one["id"] for one in part["items"]]
            cursor, parts = part["next"], parts + 1
        assert seen == [str(one) for one in world.requests]
        assert parts == 3
        for number in range(4):
            world.book(number, 3 - number)
        first = world.planner.get("/appointments?page_size=3").json()
        rest = world.planner.get(f"/appointments?page_size=3&cursor={first['next']}").json()
        times = [one["starts_at"] for one in first["items"] + rest["items"]]
        assert times == sorted(times)
        assert len(times) == 4


def test_filters_narrow_what_is_seen(world: World) -> None:
    world.book(0)
    planner = world.planner

    def seen(query: str) -> list[str]:
        return [one["id"] for one in planner.get(f"/requests?{query}").json()["items"]]

    assert seen("state=open") == [str(world.requests[1])]
    assert seen(f"employee_id={world.employees[0]}") == [str(world.requests[0])]
    assert seen("until_day=2027-05-03") == []
    assert seen("from_day=2027-05-16") == [str(one) for one in world.requests]
    assert seen("from_day=2027-05-17") == []
    at_nine = planner.get("/appointments?starts_after=2027-05-03T09:00:00%2B02:00").json()
    later = planner.get("/appointments?starts_after=2027-05-03T09:00:01%2B02:00").json()
    assert (len(at_nine["items"]), later["items"]) == (1, [])


@on_both
def test_an_invoiced_appointment_is_locked(world: World) -> None:
    made = world.book()
    with world.api.engine.begin() as connection:
        connection.execute(
            update(Appointment)
            .where(Appointment.id == UUID(made["id"]))
            .values(state=AppointmentState.COMPLETED)
        )
        kind = add(connection, "performance_types")
        connection.execute(
            TABLES["performances"].insert(),
            {
                "id": new_id(),
                "version": 1,
                "appointment_id": UUID(made["id"]),
                "performance_type_id": kind,
                "establishment_id": UUID(made["establishment_id"]),
                "performed_on": MONDAY,
                "state": "submitted",
                "account_id": world.planner.id,
            },
        )

    moved = world.planner.post(f"/appointments/{made['id']}/move", world.place(2), version=1)
    gone = world.planner.post(f"/appointments/{made['id']}/delete", {"reason": "x"}, version=1)

    assert (moved.status_code, code_of(moved)) == (409, "appointment_locked")
    assert (gone.status_code, code_of(gone)) == (409, "appointment_locked")
    assert [one.ground for one in world.api.records() if not one.allowed] == [
        "appointment_locked",
        "appointment_locked",
    ]


def test_nothing_of_an_appointment_is_set_that_is_not_asked_for(world: World) -> None:
    body = world.place() | {"status": "completed", "employer_id": str(new_id()), "price": 0}

    answer = world.planner.post(f"/requests/{world.requests[0]}/appointment", body)

    assert (answer.status_code, code_of(answer)) == (422, "unknown_field")
    assert {one["field"] for one in answer.json()["errors"]} == {
        "body.status",
        "body.employer_id",
        "body.price",
    }
    with reading(world.api.engine) as session:
        assert session.scalar(select(func.count()).select_from(Appointment)) == 0
        states = session.scalars(select(AppointmentRequest.state)).all()
    assert set(states) == {RequestState.OPEN}
    assert world.api.records()[-1].fields == ["employer_id", "status"]


def test_many_dossiers_within_an_hour_are_told(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("api.http.dossiers.MANY", 1)
    told = world.api.service.metrics.alarms

    world.planner.get(f"/requests/{world.requests[0]}")
    assert told._value.get() == 0
    world.planner.get("/requests")
    world.planner.get("/requests")
    assert told._value.get() == 1


def test_a_program_plans_as_a_person_does(world: World) -> None:
    program = world.api.person(*PLANNER, kind=AccountKind.API)

    answer = program.post(f"/requests/{world.requests[0]}/appointment", world.place())

    assert answer.status_code == 201
