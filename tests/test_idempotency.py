"""A request that is repeated, at once, later or after a crash, has one effect (P5, E9)."""

import hashlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, insert, select, text, update
from sqlalchemy.pool import NullPool

from models import Base, database, migrations
from models.base import new_id
from models.instants import database_now, from_now
from models.organisation import Employer
from models.runs import IdempotencyKey
from scheduler.actor import NOBODY, Actor
from scheduler.idempotency import Answered, Fresh, once, purge
from scheduler.refusals import RefusedError
from tests.forking import ended, started
from tests.records import DATABASES, add, fresh

CLIENTS = 100
CONNECTIONS = 90  # PostgreSQL has a hundred
ROUTE = "POST /api/v1/employers"
EMPLOYERS = Base.metadata.tables["employers"]

Outcome = Answered | str
Point = Callable[[str], None]


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def caller(engine: Engine) -> Actor:
    return an_actor(engine)


def an_actor(engine: Engine) -> Actor:
    with engine.begin() as connection:
        role, group = add(connection, "roles"), add(connection, "groups")
        return Actor(add(connection, "accounts", role_id=role, group_id=group))


class Box:
    """Not a secret to anybody, but unreadable, and in one context."""

    def seal(self, plaintext: bytes, context: str) -> bytes:
        return hashlib.sha256(context.encode()).digest() + plaintext[::-1]

    def open(self, sealed: bytes, context: str) -> bytes:
        if not sealed.startswith(hashlib.sha256(context.encode()).digest()):
            raise ValueError("sealed elsewhere")
        return sealed[32:][::-1]


def nothing(_: str) -> None:
    """Of interest to nobody."""


def send(
    engine: Engine,
    by: Actor,
    key: str,
    *,
    body: bytes = b"{}",
    route: str = ROUTE,
    at: Point = nothing,
) -> Outcome:
    """What a route does: make an employer, named after the key."""
    try:
        with database.writing(engine) as session:
            asked = once(session, by, key, route, body, sealing=Box())
            if isinstance(asked, Answered):
                return asked
            at("key written")
            made = Employer(code=new_id().hex, name=key)
            session.add(made)
            session.flush()
            at("effect written")
            answered = Answered(201, f'{{"id": "{made.id}", "name": "Employee 1"}}'.encode())
            asked.answer(answered.status, answered.body)
            at("answer written")
    except RefusedError as error:
        return str(error)
    at("committed")
    return answered


def careless(engine: Engine, _: Actor, key: str, *, at: Point = nothing) -> Outcome:
    """The same without a key."""
    with database.writing(engine) as session:
        session.add(Employer(code=new_id().hex, name=key))
    at("committed")
    return Answered(201, b"{}")


def effects(engine: Engine, key: str) -> int:
    with database.reading(engine) as session:
        named = select(func.count()).select_from(Employer).where(Employer.name == key)
        return session.scalar(named) or 0


# --- At once --------------------------------------------------------------------------------------------


def all_at_once(engine: Engine, requests: Callable[[Engine], Outcome]) -> list[Outcome]:
    own = database.engine(engine.url.render_as_string(hide_password=False), poolclass=NullPool)
    ready, connections = threading.Barrier(CLIENTS), threading.BoundedSemaphore(CONNECTIONS)

    def client(_: int) -> Outcome:
        ready.wait()
        with connections:
            return requests(own)

    with ThreadPoolExecutor(CLIENTS) as clients:
        found = list(clients.map(client, range(CLIENTS)))
    own.dispose()
    return found


def test_a_hundred_at_once_have_one_effect_and_equal_answers(engine: Engine, caller: Actor) -> None:
    def slowly(_: str) -> None:
        time.sleep(0.005)

    found = all_at_once(engine, lambda own: send(own, caller, "at once", at=slowly))

    assert effects(engine, "at once") == 1
    answers = Counter(found)
    assert set(answers) <= {send(engine, caller, "at once"), "request_in_progress"}
    assert answers.total() == CLIENTS


def test_control_without_a_key_each_has_its_effect(engine: Engine, caller: Actor) -> None:
    # a busy machine may keep SQLite locked for longer than one waits: then nothing was done, and it is done again
    all_at_once(engine, lambda own: database.retried(lambda: careless(own, caller, "careless")))

    assert effects(engine, "careless") == CLIENTS


def test_who_waits_too_long_is_told_that_it_is_in_progress(postgres_url: str) -> None:
    engine = database.engine(postgres_url)
    migrations.upgrade(engine)
    caller = an_actor(engine)
    found: list[Outcome] = []

    def meanwhile(point: str) -> None:
        if point == "effect written":
            found.append(hurried(engine, caller, "slow"))

    first = send(engine, caller, "slow", at=meanwhile)

    assert found == ["request_in_progress"]
    assert send(engine, caller, "slow") == first
    assert effects(engine, "slow") == 1
    engine.dispose()


def hurried(engine: Engine, caller: Actor, key: str) -> Outcome:
    try:
        with database.writing(engine) as session:
            session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            once(session, caller, key, ROUTE, b"{}", sealing=Box())
    except RefusedError as error:
        return str(error)
    return "not refused"


# --- Later ----------------------------------------------------------------------------------------------


def test_a_repetition_gets_the_answer_again(engine: Engine, caller: Actor) -> None:
    first = send(engine, caller, "again")

    assert isinstance(first, Answered)
    assert [send(engine, caller, "again") for _ in range(3)] == [first] * 3
    assert effects(engine, "again") == 1


@pytest.mark.parametrize("other", [{"body": b"{ }"}, {"route": "POST /api/v1/locations"}])
def test_the_key_of_another_request_is_refused(
    engine: Engine, caller: Actor, other: dict[str, bytes | str]
) -> None:
    key = f"other {other}"
    first = send(engine, caller, key)

    assert send(engine, caller, key, **other) == "idempotency_key_reused"  # type: ignore[arg-type]
    assert send(engine, caller, key) == first
    assert effects(engine, key) == 1


def test_a_key_is_nothing_to_another_account(engine: Engine, caller: Actor) -> None:
    first = send(engine, caller, "shared")
    second = send(engine, an_actor(engine), "shared")

    assert first != second
    assert effects(engine, "shared") == 2


def test_for_another_user_the_same_account_asks_for_something_else(
    engine: Engine, caller: Actor
) -> None:
    send(engine, replace(caller, on_behalf_of_id=new_id()), "for one")

    found = send(engine, replace(caller, on_behalf_of_id=new_id()), "for one")
    assert found == "idempotency_key_reused"
    with pytest.raises(ValueError, match="only an account"):
        send(engine, NOBODY, "for one")


@pytest.mark.parametrize("key", ["", "x" * 256, "nul\0", "café", "line\n"])
def test_what_is_no_key_is_refused(engine: Engine, caller: Actor, key: str) -> None:
    assert send(engine, caller, key) == "idempotency_key_invalid"


def test_what_fails_leaves_no_key(engine: Engine, caller: Actor) -> None:
    def fail(point: str) -> None:
        if point == "answer written":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send(engine, caller, "failing", at=fail)

    assert isinstance(send(engine, caller, "failing"), Answered)
    assert effects(engine, "failing") == 1


def test_what_is_not_answered_is_not_committed(engine: Engine, caller: Actor) -> None:
    def forgetful() -> None:
        with database.writing(engine) as session:
            assert isinstance(once(session, caller, "mute", ROUTE, b"", sealing=Box()), Fresh)
            with session.begin_nested():
                session.execute(insert(EMPLOYERS).values(id=new_id(), code="mute", name="mute"))

    with pytest.raises(RuntimeError, match="not answered"):
        forgetful()
    assert effects(engine, "mute") == 0


def test_answers_are_kept_sealed_each_for_its_own_row(engine: Engine, caller: Actor) -> None:
    first = send(engine, caller, "sealed")
    send(engine, caller, "other row")
    with database.writing(engine) as session:
        stored = select(IdempotencyKey.response).where(IdempotencyKey.key == "sealed")
        response = session.scalar(stored) or b""
        moved = update(IdempotencyKey).where(IdempotencyKey.key == "other row")
        session.execute(moved.values(response=response))

    assert b"Employee" not in response
    assert isinstance(first, Answered)
    with pytest.raises(ValueError, match="sealed elsewhere"):
        send(engine, caller, "other row")


def test_after_seven_days_a_key_is_forgotten(engine: Engine, caller: Actor) -> None:
    keys = ["old", "young"]
    for key, age in zip(keys, (timedelta(days=7, minutes=1), timedelta(days=6)), strict=True):
        send(engine, caller, key)
        with database.writing(engine) as session:
            those = update(IdempotencyKey).where(IdempotencyKey.key == key)
            session.execute(those.values(created_at=from_now(-age)))

    assert purge(engine) == 1
    for key in keys:
        send(engine, caller, key)
    assert [effects(engine, key) for key in keys] == [2, 1]


def test_many_keys_are_purged_in_portions(engine: Engine, caller: Actor) -> None:
    with database.writing(engine) as session:
        plain = {"account_id": caller.account_id, "route": ROUTE, "body_hash": "-"}
        old = [plain | {"key": f"many {number}"} for number in range(2_500)]
        keys = Base.metadata.tables["idempotency_keys"]
        session.execute(insert(keys).values(created_at=database_now()), old)

    assert purge(engine, older_than=timedelta(0)) >= 2_500
    assert purge(engine, older_than=timedelta(0)) == 0


# --- After a crash --------------------------------------------------------------------------------------

POINTS = ("key written", "effect written", "answer written", "committed")


def _dies(url: str, account_id: UUID, key: str, point: str, *, keyed: bool) -> None:
    own = database.engine(url, poolclass=NullPool)

    def die(here: str) -> None:
        if here == point:
            os.kill(os.getpid(), signal.SIGKILL)

    (send if keyed else careless)(own, Actor(account_id), key, at=die)


def killed_at(engine: Engine, by: Actor, key: str, point: str, *, keyed: bool = True) -> None:
    url = engine.url.render_as_string(hide_password=False)
    process = started(_dies, url, by.account_id, key, point, keyed=keyed)
    assert ended(process) == -signal.SIGKILL


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_and_sent_again_it_has_one_effect(
    engine: Engine, caller: Actor, point: str
) -> None:
    key = f"killed, {point}"
    killed_at(engine, caller, key, point)
    assert effects(engine, key) == (point == "committed")

    again = send(engine, caller, key)
    assert isinstance(again, Answered)
    assert send(engine, caller, key) == again
    assert effects(engine, key) == 1


def test_control_without_a_key_it_has_two(engine: Engine, caller: Actor) -> None:
    killed_at(engine, caller, "killed, careless", "committed", keyed=False)
    careless(engine, caller, "killed, careless")

    assert effects(engine, "killed, careless") == 2
