"""What is done and its record are one; what is committed is sealed, and nothing is skipped; what people read of it."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from models import database, migrations
from models.audit import Act
from models.base import new_id
from models.organisation import Employer
from scheduler.actor import NOBODY, Actor
from scheduler.audit import (
    EVER,
    Broken,
    Entry,
    Harm,
    Line,
    Origin,
    Period,
    Sound,
    by_account,
    of_employee,
    record,
    record_reads,
    sample,
    seal,
    sealer,
    sealing,
    verify,
)
from scheduler.audit.chain import AT_ONCE, RECORDS, START, digest, in_order
from tests.audit_logs import a_record
from tests.records import DATABASES, add, fresh

SOMEBODY = Origin(Actor(new_id()), role_id=new_id(), group_id=new_id(), address="192.0.2.1")
MOMENT = timedelta(seconds=0.05)


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture(scope="module", params=DATABASES)
def shared(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def a_look(employee: UUID | None = None, **changes: Any) -> Entry:
    plain = {
        "act": Act.READ,
        "kind": "employees",
        "ground": "employees_view",
        "object_id": employee,
        "employee_id": employee,
        "fields": ("last_name", "first_name"),
    }
    return Entry(**(plain | changes))


def employers(engine: Engine) -> int:
    with database.reading(engine) as session:
        return session.scalar(select(func.count()).select_from(Employer)) or 0


# --- Both or neither ----------------------------------------------------------------------------------


def test_a_record_has_all_that_was_asked_for_by_the_database_s_clock(shared: Engine) -> None:
    employee = new_id()
    origin = Origin(Actor(new_id(), new_id()), new_id(), new_id(), "192.0.2.1", "request-1")

    record_reads(shared, [a_look(employee, allowed=False)], by=origin)

    with database.reading(shared) as session:
        row = session.execute(select(RECORDS).where(RECORDS.c.employee_id == employee)).one()
    assert abs(row.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert (row.actor_id, row.on_behalf_of_id) == (
        origin.actor.account_id,
        origin.actor.on_behalf_of_id,
    )
    assert (row.role_id, row.group_id) == (origin.role_id, origin.group_id)
    assert (row.act, row.kind, row.object_id) == (Act.READ, "employees", employee)
    assert row.fields == ["first_name", "last_name"]
    assert (row.ground, row.allowed) == ("employees_view", False)
    assert (row.address, row.request_reference) == ("192.0.2.1", "request-1")


def test_a_change_that_is_rolled_back_leaves_no_record(shared: Engine) -> None:
    employee = new_id()

    def half_done() -> None:
        with database.writing(shared) as session:
            record(session, [a_look(employee, act=Act.UPDATE)], by=SOMEBODY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    with database.reading(shared) as session:
        assert of_employee(session, employee) == []


def test_where_no_record_can_be_made_nothing_is_done(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_records RENAME TO away"))

    def recorded_change() -> None:
        with database.writing(engine) as session:
            session.add(Employer(code="new", name="Employer 1"))
            session.flush()
            record(session, [a_look(act=Act.CREATE, kind="employers", fields=())], by=SOMEBODY)

    with pytest.raises(DBAPIError):
        recorded_change()
    with pytest.raises(DBAPIError):  # so the answer is not sent either
        record_reads(engine, [a_look()], by=SOMEBODY)
    assert employers(engine) == 0


def test_a_value_in_place_of_a_name_is_refused_and_not_repeated(shared: Engine) -> None:
    with pytest.raises(ValueError, match="1 of 2 fields are no columns") as refused:
        record_reads(shared, [a_look(fields=["last_name", "Jansen"])], by=SOMEBODY)

    assert "Jansen" not in str(refused.value)


def test_a_table_that_is_none_is_refused(shared: Engine) -> None:
    with pytest.raises(KeyError):
        record_reads(shared, [a_look(kind="dossiers")], by=SOMEBODY)


# --- The chain ----------------------------------------------------------------------------------------


def test_a_record_has_the_same_hash_on_both_databases(engine: Engine) -> None:
    """And next year's version must find the same, or all that was sealed is broken."""
    with engine.begin() as connection:
        connection.execute(insert(RECORDS).values(a_record(1, random.Random(1))))
        found = digest(START, next(in_order(Session(connection), RECORDS)))

    assert found == "7f8fe7d58175354736a13f74056a6f7d5e16e1b6272ded8549c692a6da0276f9"


def test_what_is_committed_is_sealed_once(engine: Engine) -> None:
    assert seal(engine) == 0
    for _ in range(3):
        record_reads(engine, [a_look(), a_look()], by=SOMEBODY)

    assert verify(engine) == Sound(0, 6)
    assert seal(engine) == 6
    assert seal(engine) == 0
    assert verify(engine) == Sound(6, 0)


def test_the_sealer_seals_what_comes(engine: Engine) -> None:
    with sealer(engine, every=MOMENT).going():
        for _ in range(3):
            record_reads(engine, [a_look()], by=SOMEBODY)
            time.sleep(MOMENT.total_seconds())
        deadline = time.monotonic() + 60
        while verify(engine) != Sound(3, 0):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_many_are_sealed_in_portions(engine: Engine) -> None:
    record_reads(engine, [a_look() for _ in range(1_201)], by=SOMEBODY)

    assert seal(engine) == 1_201
    assert verify(engine) == Sound(1_201, 0)


def test_nobody_waits_while_it_is_hashed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite a writer would wait for all of it: once a second a look at the agenda took half a second longer."""

    def and_meanwhile(previous: str, one: Any) -> str:
        monkeypatch.setattr(sealing, "digest", digest)
        record_reads(engine, [a_look()], by=SOMEBODY)
        return digest(previous, one)

    record_reads(engine, [a_look(), a_look()], by=SOMEBODY)
    monkeypatch.setattr(sealing, "digest", and_meanwhile)
    assert seal(engine) == 2
    assert verify(engine) == Sound(2, 1)


def test_where_another_was_quicker_it_is_hashed_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def and_meanwhile(previous: str, one: Any) -> str:
        monkeypatch.setattr(sealing, "digest", digest)
        assert seal(engine) == 2
        record_reads(engine, [a_look()], by=SOMEBODY)
        return digest(previous, one)

    record_reads(engine, [a_look(), a_look()], by=SOMEBODY)
    monkeypatch.setattr(sealing, "digest", and_meanwhile)
    assert seal(engine) == 0  # what it looked for is sealed; the third came after it had looked
    assert verify(engine) == Sound(2, 1)
    assert seal(engine) == 1


def test_a_sealer_lets_others_work_in_between_and_ends_when_it_is_to(engine: Engine) -> None:
    record_reads(engine, [a_look() for _ in range(3 * AT_ONCE)], by=SOMEBODY)
    told: list[float] = []

    def twice(took: float) -> bool:
        told.append(took)
        return len(told) < 2

    assert seal(engine, go_on=twice) == 2 * AT_ONCE
    assert min(told) > 0
    assert seal(engine) == AT_ONCE
    rounds = sealer(engine)
    assert rounds.rest(0)
    with rounds.going():
        pass
    assert not rounds.rest(60)


def commit_late(engine: Engine) -> tuple[int, Sound | Broken]:
    """A transaction gets its id first and commits last; how many were sealed in between, and the end of it."""
    with database.writing(engine) as slow:
        record(slow, [a_look()], by=SOMEBODY)
        record_reads(engine, [a_look()], by=SOMEBODY)
        between = seal(engine, patience=MOMENT)
    seal(engine)
    return between, verify(engine)


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Engine]:
    engine = database.engine(postgres_url)
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


def test_an_id_that_is_committed_late_is_waited_for(postgresql: Engine) -> None:
    assert commit_late(postgresql) == (0, Sound(2, 0))


def test_control_by_what_is_seen_alone_it_is_skipped(
    postgresql: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_gone", lambda *_: True)

    assert commit_late(postgresql) == (1, Broken(Harm.INSERTED, 1, None))


def test_who_comes_after_the_look_is_not_waited_for(
    postgresql: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a busy day would never be sealed."""
    record_reads(postgresql, [a_look()], by=SOMEBODY)
    looks = iter([frozenset({"3/7"}), frozenset({"3/7", "3/8"}), frozenset({"3/8"})])
    monkeypatch.setattr(sealing, "_writers", lambda _: next(looks))

    assert seal(postgresql) == 1


def test_while_many_write_and_two_seal_nothing_is_skipped(engine: Engine) -> None:
    own = database.engine(engine.url.render_as_string(hide_password=False), poolclass=NullPool)
    over = threading.Event()

    def writer(number: int) -> int:
        chance, done = random.Random(number), 0
        for _ in range(25):
            with suppress(ZeroDivisionError), database.writing(own) as session:
                record(session, [a_look(), a_look()], by=SOMEBODY)
                time.sleep(chance.random() / 100)
                if chance.random() < 0.3:
                    raise ZeroDivisionError  # its ids are never seen
                done += 2
        return done

    def sealer() -> int:
        sealed = 0
        while not over.is_set():
            sealed += seal(own)
        return sealed

    with ThreadPoolExecutor(8) as threads:
        sealers = [threads.submit(sealer) for _ in range(2)]
        written = sum(threads.map(writer, range(6)))
        over.set()
        sealed = sum(one.result() for one in sealers) + seal(own)
    assert sealed == written
    assert verify(own) == Sound(written, 0)
    own.dispose()


# --- What people read ---------------------------------------------------------------------------------


def accounts(engine: Engine) -> list[UUID]:
    """Two users and a program."""
    with engine.begin() as connection:
        role, group = add(connection, "roles"), add(connection, "groups")
        return [
            add(connection, "accounts", role_id=role, group_id=group, name=name)
            for name in ("Planner 1", "Planner 2", "Program 1")
        ]


def test_an_employee_reads_who_looked_and_for_whom(shared: Engine) -> None:
    first, _, program = accounts(shared)
    employee = new_id()
    record_reads(shared, [a_look(employee), a_look(new_id())], by=Origin(Actor(first)))
    time.sleep(0.005)  # SQLite's clock counts milliseconds
    change = a_look(employee, act=Act.UPDATE, fields=["email"])
    record_reads(shared, [change], by=Origin(Actor(program, first)))
    record_reads(shared, [a_look(employee)], by=Origin(NOBODY))

    with database.reading(shared) as session:
        found = of_employee(session, employee)
        assert of_employee(session, employee, after=found[0].record_id, page=1) == [found[1]]
        past = Period(EVER.since, found[1].at)
        assert of_employee(session, employee, past) == found[:1]

    assert [told(line) for line in found] == [
        ("Planner 1", None, Act.READ, ["first_name", "last_name"]),
        ("Program 1", "Planner 1", Act.UPDATE, ["email"]),
        (None, None, Act.READ, ["first_name", "last_name"]),
    ]


def told(line: Line) -> tuple[object, ...]:
    return line.actor, line.on_behalf_of, line.act, line.fields


def test_of_an_account_it_is_told_what_it_did_and_what_was_done_for_it(shared: Engine) -> None:
    first, second, program = accounts(shared)
    seen = [new_id() for _ in range(3)]
    record_reads(shared, [a_look(seen[0])], by=Origin(Actor(first)))
    record_reads(shared, [a_look(seen[1])], by=Origin(Actor(program, first)))
    record_reads(shared, [a_look(seen[2])], by=Origin(Actor(second)))

    with database.reading(shared) as session:
        assert [line.employee_id for line in by_account(session, first)] == seen[:2]
        assert [line.employee_id for line in by_account(session, program)] == seen[1:2]
        assert [line.employee_id for line in by_account(session, second)] == seen[2:]


def test_the_sample_has_everybody_before_anybody_twice_and_stays_as_it_is(engine: Engine) -> None:
    chance = random.Random(3)
    busy = [a_record(key, chance, people=4) for key in range(1, 300)]
    with engine.begin() as connection:
        connection.execute(insert(RECORDS), busy)
    seal(engine)
    month = date(2027, 3, 15)

    with database.reading(engine) as session:
        drawn = sample(session, month, 30)
        again = sample(session, month, 30)
        following = sample(session, date(2027, 12, 1), 30)

    assert drawn == again
    assert following == []
    assert all(line.at.month == 3 for line in drawn)
    pairs = {(row["actor_id"], row["on_behalf_of_id"]) for row in busy if row["at"].month == 3}
    assert len(pairs) > 10
    assert {(line.actor_id, line.on_behalf_of_id) for line in drawn[: len(pairs)]} == pairs
