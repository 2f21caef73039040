"""Options, hold, book over HTTP: a place is kept for who chooses, and for nobody else. Domain §4; reliability P1, T1."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from api.http.application import _forget
from models.appointments import Hold
from models.base import new_id
from models.database import reading
from scheduler.access import Right
from tests.agendas import TABLES
from tests.http_client import PLANNER, Client, World, a_world, code_of, copied, on_both, plain

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    with a_world(engine) as made:
        yield made


def hold(world: World, number: int = 0, request: int = 0, client: Client | None = None) -> Any:
    path = f"/requests/{world.requests[request]}/hold"
    return (client or world.planner).post(path, world.place(number))


def book(world: World, number: int = 0, request: int = 0, client: Client | None = None) -> Any:
    path = f"/requests/{world.requests[request]}/appointment"
    return (client or world.planner).post(path, world.place(number))


def let_expire(world: World) -> None:
    """Five minutes later: the database's clock says so, and nobody sets that."""
    with world.api.engine.begin() as connection:
        connection.execute(update(TABLES["holds"]).values(expires_at=LONG_AGO))


def kept(world: World) -> int:
    with reading(world.api.engine) as session:
        return session.scalar(select(func.count()).select_from(Hold)) or 0


@on_both
def test_a_place_is_chosen_kept_and_booked_while_another_is_told_why_not(world: World) -> None:
    colleague = world.api.person(*PLANNER)
    option = world.planner.get(f"/requests/{world.requests[0]}/options").json()["items"][0]
    place = {name: option[name] for name in ("availability_id", "starts_at")}

    held = world.planner.post(f"/requests/{world.requests[0]}/hold", place)
    refused = book(world, 0, request=1, client=colleague)
    same_request = book(world, 2, request=0, client=colleague)
    theirs = hold(world, 0, request=1, client=colleague)
    offered = colleague.get(f"/requests/{world.requests[1]}/options").json()["items"]
    booked = world.planner.post(f"/requests/{world.requests[0]}/appointment", place)

    assert held.status_code == 201
    view = held.json()
    assert view["request_id"] == str(world.requests[0])
    assert (view["starts_at"], view["ends_at"]) == ("2027-05-03T07:00:00Z", "2027-05-03T07:30:00Z")
    until = datetime.fromisoformat(view["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=4) < until <= timedelta(minutes=5)
    assert (refused.status_code, code_of(refused)) == (409, "slot_taken")
    why = {one["code"]: one for one in refused.json()["refusals"]}
    assert why.keys() == {"practitioner_free", "place_kept"}
    assert "kept for another request until" in why["place_kept"]["text"]
    assert refused.json()["options"][0]["starts_at"] == "2027-05-03T07:30:00Z"
    assert (same_request.status_code, code_of(same_request)) == (409, "request_kept")
    assert "keeps a place for this request until" in same_request.json()["detail"]
    assert (theirs.status_code, code_of(theirs)) == (409, "slot_taken")
    assert offered[0]["starts_at"] == "2027-05-03T07:30:00Z"
    assert booked.status_code == 201
    assert kept(world) == 0


@on_both
def test_after_five_minutes_the_place_is_free_again(world: World) -> None:
    colleague = world.api.person(*PLANNER)
    key = hold(world).json()["id"]
    let_expire(world)

    renewed = world.planner.post(f"/holds/{key}/renew")
    booked = book(world, 0, request=1, client=colleague)
    late = book(world, 0)

    assert (renewed.status_code, code_of(renewed)) == (404, "not_found")
    assert booked.status_code == 201
    assert (late.status_code, code_of(late)) == (409, "slot_taken")


def test_a_request_whose_hold_has_expired_is_anybodys_again(world: World) -> None:
    colleague = world.api.person(*PLANNER)
    hold(world)
    let_expire(world)

    assert hold(world, 1, client=colleague).status_code == 201
    assert code_of(hold(world)) == "request_kept"


def test_renewed_it_lasts_five_minutes_from_now(world: World) -> None:
    key = hold(world).json()["id"]
    soon = datetime.now(UTC) + timedelta(minutes=1)
    with world.api.engine.begin() as connection:
        connection.execute(update(TABLES["holds"]).values(expires_at=soon))

    renewed = world.planner.post(f"/holds/{key}/renew")

    assert (renewed.status_code, renewed.json()["id"]) == (200, key)
    assert datetime.fromisoformat(renewed.json()["expires_at"]) > soon + timedelta(minutes=3)


def test_a_place_is_given_back(world: World) -> None:
    key = hold(world).json()["id"]

    gone = world.planner.delete(f"/holds/{key}")

    assert (gone.status_code, gone.content) == (204, b"")
    assert code_of(world.planner.delete(f"/holds/{key}")) == "not_found"
    assert book(world, 0, request=1).status_code == 201


def test_another_choice_takes_the_place_of_the_first(world: World) -> None:
    first = hold(world).json()["id"]

    second = hold(world, 1)

    assert second.status_code == 201
    assert kept(world) == 1
    assert code_of(world.planner.delete(f"/holds/{first}")) == "not_found"


@on_both
def test_nobody_touches_the_hold_of_another(engine: Engine) -> None:
    """T1: not even whoever sees the request, or everything."""
    with a_world(engine) as world:
        key = hold(world).json()["id"]
        for client in (world.api.person(*PLANNER), world.api.administrator()):
            for method, path in (("POST", "/holds/{}/renew"), ("DELETE", "/holds/{}")):
                foreign = client.call(method, path.format(key))
                nothing = client.call(method, path.format(new_id()))
                assert (foreign.status_code, code_of(foreign)) == (404, "not_found")
                assert plain(foreign) == plain(nothing)
        assert kept(world) == 1
        denied = [one for one in world.api.records() if not one.allowed]
        assert denied[0].object_id == UUID(key)
        assert denied[0].employee_id == world.employees[0]


def test_of_a_request_that_is_out_of_sight_nothing_is_kept(world: World) -> None:
    stranger = world.api.person(*PLANNER, reaches={"employee_id": world.employees[1]})

    answer = hold(world, 0, client=stranger)
    his = hold(world, 0, request=1, client=stranger).json()["id"]
    with world.api.engine.begin() as connection:
        connection.execute(TABLES["group_scopes"].delete())

    assert (answer.status_code, code_of(answer)) == (404, "not_found")
    assert stranger.post(f"/holds/{his}/renew").status_code == 404
    assert stranger.delete(f"/holds/{his}").status_code == 404


def test_a_hold_is_held_by_the_rules_and_rights_of_booking(world: World) -> None:
    path = f"/requests/{world.requests[0]}/hold"
    by_hand = world.api.person(Right.VIEW_REQUESTS, Right.PLAN_APPOINTMENTS)
    odd = world.place() | {"starts_at": "2027-05-03T09:02:00+02:00"}
    aside = world.place(how="by_hand", overrides={"saturday": "asked for it"})

    assert code_of(by_hand.post(path, world.place())) == "right_missing"
    assert by_hand.post(path, world.place(2, how="by_hand")).status_code == 201
    assert code_of(world.planner.post(path, aside)) == "right_missing"
    refused = world.planner.post(f"/requests/{world.requests[1]}/hold", odd)
    assert (refused.status_code, code_of(refused)) == (409, "fits")
    gone = world.planner.post(path, world.place() | {"availability_id": str(new_id())})
    assert (gone.status_code, code_of(gone)) == (409, "no_such_availability")


def test_a_hold_is_on_record_and_is_made_once(world: World) -> None:
    path = f"/requests/{world.requests[0]}/hold"

    first, again = (world.planner.post(path, world.place(), key="h") for _ in range(2))
    key = UUID(first.json()["id"])
    world.planner.post(f"/holds/{key}/renew")
    world.planner.delete(f"/holds/{key}")

    assert again.content == first.content
    found = [(one.act, one.employee_id) for one in world.api.records(kind="holds")]
    assert found == [(act, world.employees[0]) for act in ("create", "update", "delete")]
    assert {one.object_id for one in world.api.records(kind="holds")} == {key}


def test_what_has_expired_is_tidied_up_and_what_is_kept_stays(world: World) -> None:
    hold(world, 0)
    let_expire(world)
    hold(world, 1, request=1)

    _forget(world.api.service)

    assert kept(world) == 1
