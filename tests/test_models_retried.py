"""A transaction is tried again where that may help, and given up as busy where it does not. Reliability §3.1, F15."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from models import database, migrations
from models.database import BusyError, retried, writing
from tests.records import DATABASES, add, at, change, fresh


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Engine]:
    engine = database.engine(postgres_url, poolclass=NullPool)
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """SQLite that waits for nobody."""
    engine = database.engine(f"sqlite:///{tmp_path_factory.mktemp('records')}/records.db")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=0"))
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been slept."""
    slept: list[float] = []
    monkeypatch.setattr("models.database.time.sleep", slept.append)
    return slept


class Tries:
    """Something to do in a transaction, and how often it was begun."""

    def __init__(self, engine: Engine, *does: Callable[[Connection], object]) -> None:
        self.engine, self.does, self.count = engine, does, 0

    def __call__(self) -> int:
        """The first time the first of them, then the second, in the end the last again and again."""
        does = self.does[min(self.count, len(self.does) - 1)]
        self.count += 1
        with writing(self.engine) as session:
            does(session.connection())
        return self.count


def nothing(_: Connection) -> None: ...


def locks(key: UUID) -> Callable[[Connection], object]:
    return lambda connection: change(connection, "practitioners", key, name="Practitioner 2")


# --- PostgreSQL -----------------------------------------------------------------------------------------


def test_of_two_in_a_deadlock_both_are_done(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        one, other = (add(connection, "practitioners") for _ in range(2))
    met = threading.Barrier(2)

    def crossing(first: UUID, second: UUID) -> Tries:
        def meets(connection: Connection) -> None:
            locks(first)(connection)
            met.wait()
            locks(second)(connection)

        def again(connection: Connection) -> None:
            locks(first)(connection)
            locks(second)(connection)

        return Tries(postgresql, meets, again)

    crossed = [crossing(one, other), crossing(other, one)]
    with ThreadPoolExecutor(2) as clients:
        assert sorted(clients.map(retried, crossed)) == [1, 2]


def test_control_not_tried_again_one_of_them_fails(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        one, other = (add(connection, "practitioners") for _ in range(2))
    met = threading.Barrier(2)

    def crossing(first: UUID, second: UUID) -> str:
        def meets(connection: Connection) -> None:
            locks(first)(connection)
            met.wait()
            locks(second)(connection)

        try:
            retried(Tries(postgresql, meets), times=1)
        except BusyError as error:
            return str(getattr(error.__cause__, "orig", None))
        return "done"

    with ThreadPoolExecutor(2) as clients:
        told, done = sorted(clients.map(crossing, (one, other), (other, one)))
    assert told.startswith("deadlock detected")
    assert done == "done"


def test_a_lock_that_is_never_had_is_given_up(postgresql: Engine, pauses: list[float]) -> None:
    with postgresql.begin() as holder:
        key = add(holder, "practitioners")
    with postgresql.connect() as holder:
        locks(key)(holder)

        def waits(connection: Connection) -> None:
            connection.execute(text("SET LOCAL lock_timeout = '20ms'"))
            locks(key)(connection)

        tries = Tries(postgresql, waits)
        with pytest.raises(BusyError, match="3 times"):
            retried(tries)
    assert tries.count == 3
    assert len(pauses) == 2
    assert all(0.02 <= pause < 0.2 for pause in pauses)


@pytest.mark.usefixtures("pauses")
def test_a_lost_connection_is_made_anew(postgresql: Engine) -> None:
    def dies(connection: Connection) -> None:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert retried(Tries(postgresql, dies, nothing)) == 2


@pytest.mark.usefixtures("pauses")
def test_what_cannot_both_have_happened_is_tried_again(postgresql: Engine) -> None:
    def is_told_so(connection: Connection) -> None:
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))

    assert retried(Tries(postgresql, is_told_so, nothing)) == 2


# --- SQLite ----------------------------------------------------------------------------------------------


def test_a_database_that_is_locked_is_tried_again(impatient: Engine, pauses: list[float]) -> None:
    holder = impatient.connect()
    holder.begin()
    tries = Tries(impatient, nothing)

    with pytest.raises(BusyError, match="database is locked"):
        retried(tries)
    assert tries.count == 3
    assert len(pauses) == 2

    free = Tries(impatient, nothing)
    pauses.clear()

    def lets_go() -> int:
        if pauses:
            holder.close()
        return free()

    assert retried(lets_go) == 2


# --- Both ------------------------------------------------------------------------------------------------


def test_what_a_rule_refuses_is_asked_once(engine: Engine, pauses: list[float]) -> None:
    def backwards(connection: Connection) -> None:
        who = add(connection, "practitioners")
        times = {"starts_at": at("10:00"), "ends_at": at("09:00")}
        add(connection, "absences", practitioner_id=who, **times)

    tries = Tries(engine, backwards)
    with pytest.raises(IntegrityError, match="absence_period"):
        retried(tries)
    assert (tries.count, pauses) == (1, [])


def test_what_works_is_done_once(engine: Engine, pauses: list[float]) -> None:
    assert retried(Tries(engine, nothing)) == 1
    assert pauses == []


def test_no_times_at_all_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="once is the least"):
        retried(lambda: None, times=0)
