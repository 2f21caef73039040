"""One request, one transaction: what was answered is committed, and what is asked again is done once. Reliability P1, P5, P13."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from operator import methodcaller
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError

from api.http import recording, transactions
from api.http.problems import AuditFailedError
from models.access import Role
from models.appointments import Appointment
from models.database import BusyError, reading, writing
from models.runs import IdempotencyKey
from scheduler import booking
from scheduler.access import Right
from scheduler.idempotency import Fresh
from scheduler.lifecycles import OutdatedError
from tests.crowds import a_crowd, at_once
from tests.http_client import (
    PLANNER,
    Server,
    World,
    a_world,
    an_api,
    code_of,
    copied,
)
from tests.records import DATABASES

CLIENTS = 8


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    with a_world(engine) as made:
        yield made


def appointments(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(Appointment)) or 0


def book(world: World, request: int = 0, **more: Any) -> httpx2.Response:
    return world.planner.post(
        f"/requests/{world.requests[request]}/appointment", world.place(), **more
    )


# --- Once ------------------------------------------------------------------------------------------------


def test_what_is_asked_again_is_done_once_and_answered_alike(world: World) -> None:
    first, again = book(world, key="k"), book(world, key="k")

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert appointments(world.api.engine) == 1
    assert len([one for one in world.api.records() if one.kind == "appointments"]) == 1


def test_without_keys_what_is_asked_again_is_done_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control run: the same twice, with and without anybody who remembers the key."""
    user, deputy = world.api.person(Right.APPOINT_DEPUTIES), world.api.person()
    period = {"from_day": "2027-05-01", "until_day": "2027-06-01"}
    body = {"account_id": str(user.id), "deputy_id": str(deputy.id), **period}

    def appointed(key: str) -> int:
        for _ in range(2):
            assert user.post("/deputyships", body, key=key).status_code == 201
        return len(user.get("/deputyships").json()["items"])

    assert appointed("k") == 1
    monkeypatch.setattr(transactions, "once", lambda *_, **__: Fresh(lambda *_: None))
    assert appointed("k") == 3


def test_a_key_is_for_one_request(world: World) -> None:
    assert book(world, 0, key="k").status_code == 201

    for other in (
        book(world, 1, key="k"),
        world.planner.post(f"/requests/{world.requests[0]}/appointment", world.place(1), key="k"),
        book(world, 0, key="k", version=1),
    ):
        assert (other.status_code, code_of(other)) == (422, "idempotency_key_reused")
    refused = [one.ground for one in world.api.records() if not one.allowed]
    assert refused == ["idempotency_key_reused"] * 3


def test_a_key_is_its_accounts_own(world: World) -> None:
    other = world.api.person(*PLANNER)
    assert book(world, 0, key="k").status_code == 201

    answer = other.post(f"/requests/{world.requests[1]}/appointment", world.place(2), key="k")

    assert answer.status_code == 201


def test_what_was_refused_is_tried_in_earnest_when_it_is_asked_again(world: World) -> None:
    made = book(world, 1).json()
    assert book(world, 0, key="k").status_code == 409

    body = {"party": "employee", "reason": "ill"}
    world.planner.post(f"/appointments/{made['id']}/cancel", body, version=1)

    assert book(world, 0, key="k").status_code == 201


def test_a_repeated_answer_is_kept_sealed(world: World) -> None:
    administrator = world.api.administrator()
    made = administrator.post("/roles", {"name": "Secret role", "rights": []}, key="k")

    with reading(world.api.engine) as session:
        (kept,) = session.scalars(select(IdempotencyKey)).all()

    assert made.status_code == kept.status == 201
    assert kept.response is not None
    assert b"Secret role" not in kept.response


# --- Committed, then answered -----------------------------------------------------------------------------


def test_nothing_is_done_that_cannot_be_put_on_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AuditFailedError

    monkeypatch.setattr(recording, "put", fail)

    change, look = book(world), world.planner.get(f"/requests/{world.requests[0]}")

    for answer in (change, look):
        assert (answer.status_code, code_of(answer)) == (503, "audit_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert str(world.employees[0]) not in answer.text
    assert appointments(world.api.engine) == 0


def test_a_log_that_cannot_be_written_to_fails_the_request(world: World) -> None:
    with world.api.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_records RENAME TO elsewhere"))
    answers = [book(world), world.planner.get("/requests")]
    with world.api.engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO audit_records"))

    assert {one.status_code for one in answers} == {503}
    assert appointments(world.api.engine) == 0


# --- What passes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BusyError("busy"), 503, "busy"),
        (OperationalError("SELECT", {}, Exception("gone")), 503, "unavailable"),
        # as PostgreSQL's driver tells that nobody answers: with no state
        (OperationalError("SELECT", {}, psycopg.OperationalError("gone")), 503, "unavailable"),
        (OutdatedError("role", []), 412, "outdated"),
    ],
)
def test_what_may_pass_is_told_so(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("api.http.routes.requests.book_one", fail)

    answer = book(world)

    assert (answer.status_code, code_of(answer)) == (status, code)
    assert ("retry-after" in answer.headers) is (status == 503)


def test_a_deadlock_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    passing: Any = Exception("deadlock")
    passing.sqlstate = "40P01"
    errors = [OperationalError("UPDATE", {}, passing)]

    def once(*given: Any, **more: Any) -> UUID:
        if errors:
            raise errors.pop()
        return booking.book_one(*given, **more)

    monkeypatch.setattr("api.http.routes.requests.book_one", once)

    assert book(world).status_code == 201
    assert errors == []


def test_somebody_who_was_quicker_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at the version and the lock of the command."""
    made = book(world).json()
    move = booking.move

    def late(session: Any, key: UUID, *given: Any, **more: Any) -> None:
        session.execute(
            text("UPDATE appointments SET version = version + 1 WHERE id = :id"),
            {"id": key.hex if session.get_bind().dialect.name == "sqlite" else key},
        )
        session.expire_all()
        move(session, key, *given, **more)

    monkeypatch.setattr(booking, "move", late)

    answer = world.planner.post(f"/appointments/{made['id']}/move", world.place(2), version=1)

    assert (answer.status_code, code_of(answer)) == (412, "outdated")


# --- Many at once -------------------------------------------------------------------------------------------


def test_too_many_who_wait_are_asked_to_come_back(engine: Engine) -> None:
    with a_world(engine) as world:
        url = world.api.engine.url.render_as_string(hide_password=False)
    assert url
    with an_api(engine, connections=1, waiting=0) as api:
        administrator = api.administrator()
        with Server(api.app) as server, writing(engine) as session:
            # somebody keeps what they all want
            session.add(Role(name="kept"))
            session.flush()
            body = {"name": "kept", "rights": []}
            ask = methodcaller("once", "POST", "/roles", body)
            with (
                a_crowd(server.url, str(administrator.token)) as crowd,
                ThreadPoolExecutor(1) as pool,
            ):
                going = pool.submit(at_once, [crowd] * CLIENTS, ask)
                refused = 0
                while refused < CLIENTS - 1:
                    refused = int(api.service.metrics.problems.labels("busy")._value.get())
                session.rollback()
                answers = going.result()

    statuses = Counter(one.status_code for one in answers)
    assert statuses == {201: 1, 503: CLIENTS - 1}
    for one in answers:
        if one.status_code == 503:
            assert code_of(one) == "busy"


def test_rights_are_read_at_each_call(world: World) -> None:
    planner = world.api.person(Right.VIEW_REQUESTS)
    assert planner.get("/requests").status_code == 200
    assert planner.person is not None
    with writing(world.api.engine) as session:
        session.execute(
            text("DELETE FROM role_rights WHERE role_id = :id"),
            {"id": _raw(world.api.engine, planner.person.role_id)},
        )

    assert code_of(planner.get("/requests")) == "right_missing"


def _raw(engine: Engine, key: UUID) -> Any:
    return key.hex if engine.dialect.name == "sqlite" else key
