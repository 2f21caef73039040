"""How the databases are opened, what an instant is in them, and why a careful beginning is needed."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import ColumnElement, Engine, create_engine, event, func, select, text
from sqlalchemy.engine.interfaces import CacheStats
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models import Base, database, migrations
from models.appointments import Hold
from models.instants import database_now, from_now, local
from models.organisation import Employer
from tests.races import CLIENTS
from tests.records import DATABASES, ad_hoc, add, at, fresh, small_world, unguard

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
APPOINTMENTS = Base.metadata.tables["appointments"]
AHEAD = [timedelta(hours=1), timedelta(days=-7), timedelta(seconds=1.5)]


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def unguarded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = database.engine(f"sqlite:///{tmp_path_factory.mktemp('records')}/records.db")
    migrations.upgrade(engine)
    unguard(engine)
    yield engine
    engine.dispose()


# --- Transactions -------------------------------------------------------------------------------------


def looked_and_took(own: Engine, engine: Engine) -> int:
    """How many of all clients get one place, each looking and taking in one transaction of `own`."""
    with engine.begin() as connection:
        world = small_world(connection)
    values = world.appointment("09:00", "09:30")

    def client(_: int) -> None:
        with own.begin() as connection:
            taken = connection.scalar(select(func.count()).select_from(APPOINTMENTS))
            time.sleep(0.005)
            if not taken:
                add(connection, "appointments", **values)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(APPOINTMENTS)) or 0


def test_on_sqlite_looking_and_taking_are_one(unguarded_sqlite: Engine) -> None:
    own = database.engine(str(unguarded_sqlite.url))

    assert looked_and_took(own, unguarded_sqlite) == 1
    own.dispose()


def test_control_the_usual_engine_takes_it_more_than_once(unguarded_sqlite: Engine) -> None:
    usual = create_engine(str(unguarded_sqlite.url), connect_args={"timeout": 30})

    assert looked_and_took(usual, unguarded_sqlite) > 1
    usual.dispose()


def test_what_fails_is_rolled_back(engine: Engine) -> None:
    def half_done() -> None:
        with database.writing(engine) as session:
            session.add(Employer(code="half", name="Half done"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()

    with database.reading(engine) as session:
        assert session.scalar(select(Employer).where(Employer.code == "half")) is None


def test_a_reader_sees_one_moment(engine: Engine) -> None:
    count = select(func.count()).select_from(Employer)
    with database.reading(engine) as reader:
        before = reader.scalar(count)
        with database.writing(engine) as writer:
            writer.add(Employer(code="meanwhile", name="Meanwhile"))

        assert reader.scalar(count) == before
    with database.reading(engine) as reader:
        assert reader.scalar(count) == (before or 0) + 1


def test_an_edit_of_an_outdated_version_is_refused(engine: Engine) -> None:
    with database.writing(engine) as session:
        session.add(Employer(code="edited", name="First"))
    edited = select(Employer).where(Employer.code == "edited")
    with Session(engine, expire_on_commit=False) as slow:
        mine = slow.scalars(edited).one()
        slow.commit()
        with database.writing(engine) as quick:
            quick.scalars(edited).one().name = "Second"

        mine.name = "Third"
        with pytest.raises(StaleDataError):
            slow.commit()


def test_sqlite_is_opened_as_was_measured(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = database.engine(f"sqlite:///{tmp_path_factory.mktemp('pragmas')}/records.db")
    with engine.connect() as connection:
        found = {name: str(connection.scalar(text(f"PRAGMA {name}"))) for name in database.PRAGMAS}
    engine.dispose()

    # FULL is 2, ON is 1
    assert found == {
        "journal_mode": "wal",
        "synchronous": "2",
        "busy_timeout": "5000",
        "foreign_keys": "1",
        "cache_size": "-65536",
        "mmap_size": "1073741824",
    }


# --- Instants -----------------------------------------------------------------------------------------


def test_an_instant_comes_back_in_utc_to_the_microsecond(engine: Engine) -> None:
    there = datetime(2027, 10, 31, 2, 30, 0, 123457, tzinfo=AMSTERDAM, fold=1)
    with engine.connect() as connection:
        world = small_world(connection)
        hold = add(
            connection, "holds", **world.hold(connection, "09:00", "09:30", expires_at=there)
        )
        found = connection.scalar(select(Hold.expires_at).where(Hold.id == hold))

    assert found is not None
    assert found == there.astimezone(UTC)
    assert found.tzinfo is UTC
    assert local(found, AMSTERDAM) == (date(2027, 10, 31), 150)


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    naive = at("09:00").replace(tzinfo=None)
    with engine.connect() as connection, pytest.raises(StatementError, match="time zone"):
        connection.execute(select(APPOINTMENTS).where(APPOINTMENTS.c.starts_at > naive))


def test_an_appointment_over_a_clock_change_keeps_its_real_duration(engine: Engine) -> None:
    start = datetime(2027, 10, 31, 2, 45, tzinfo=AMSTERDAM).astimezone(UTC)
    end = start + timedelta(minutes=30)
    with engine.connect() as connection:
        world = small_world(connection)
        times = {"starts_at": start, "ends_at": end, "occupied_until": end}
        values = world.appointment("09:00", "09:30", **ad_hoc(connection)) | times
        key = add(connection, "appointments", **values)
        found = select(APPOINTMENTS.c.starts_at, APPOINTMENTS.c.ends_at)
        stored = connection.execute(found.where(APPOINTMENTS.c.id == key)).one()

    assert stored.ends_at - stored.starts_at == timedelta(minutes=30)
    assert local(stored.starts_at, AMSTERDAM) == (date(2027, 10, 31), 165)
    assert local(stored.ends_at, AMSTERDAM) == (date(2027, 10, 31), 135)  # the clock went back


def test_the_clock_is_the_database_s(engine: Engine) -> None:
    with engine.connect() as connection:
        there = connection.scalar(select(database_now()))

    assert there is not None
    assert abs(there - datetime.now(UTC)) < timedelta(minutes=1)
    assert at("09:00") > there


def test_a_moment_ahead_is_as_far_ahead_as_was_said(engine: Engine) -> None:
    with engine.connect() as connection:
        now, *moments = connection.execute(
            select(database_now(), *(from_now(ahead) for ahead in AHEAD))
        ).one()

    # the clock goes on while they are asked for
    for moment, ahead in zip(moments, AHEAD, strict=True):
        assert timedelta(0) <= moment - now - ahead < timedelta(seconds=1)


@pytest.mark.parametrize("clock", [database_now(), from_now(timedelta(hours=1))])
def test_a_statement_with_the_clock_is_compiled_once(
    engine: Engine, clock: ColumnElement[datetime]
) -> None:
    hits = []

    def note(*given: Any) -> None:
        hits.append(given[4].cache_hit)

    event.listen(engine, "after_cursor_execute", note)
    with engine.connect() as connection:
        for _ in range(2):
            connection.execute(select(APPOINTMENTS.c.id).where(APPOINTMENTS.c.starts_at > clock))
    event.remove(engine, "after_cursor_execute", note)

    assert hits[-1] is CacheStats.CACHE_HIT
