"""Each of a thousand tamperings with the log is found, and the record is named (P13).

The database refuses them all, which is the control; so its guards are taken away first.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import guards
from models.audit import Act
from scheduler.audit import Broken, Harm, Head, Sound, export_heads, read_heads, verify
from scheduler.audit.chain import RECORDS, SEALS, START, digest, in_order
from scheduler.audit.verifying import walked
from tests.audit_logs import a_record, sealed_log
from tests.records import DATABASES, fresh, unguard

EXAMPLES = (settings.default or settings()).max_examples
ROWS = min(100_000, 20 * EXAMPLES)
"""2,000 in the suite, 100,000 in a soak."""
TAMPERINGS = min(1_000, EXAMPLES)  # all of them by `make soak`
PARTS = 4
"""In which they are tried, so that none takes long."""


@dataclass(frozen=True)
class Log:
    engine: Engine
    keys: list[int]
    heads: list[Head]

    def some(self, chance: random.Random) -> int:
        """Where in `keys`: neither of the ends."""
        return chance.randrange(1, len(self.keys) - 1)


@pytest.fixture(scope="module", params=DATABASES)
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    for engine in fresh(request):
        heads = tmp_path_factory.mktemp("heads") / "heads"
        keys, exported = sealed_log(engine, ROWS, heads)
        assert read_heads(heads) == exported
        refused = [refused_by_the_guards(engine, tampering) for tampering in TAMPERING]
        assert refused == ["append_only"] * len(TAMPERING)
        unguard(engine)
        yield Log(engine, keys, exported)


def refused_by_the_guards(engine: Engine, tampering: str) -> str | None:
    with engine.connect() as connection, pytest.raises(DBAPIError) as refused:
        connection.execute(text(tampering))
    return guards.refused_by(refused.value)


TAMPERING = (
    "UPDATE audit_records SET allowed = (1 = 1) WHERE id = 1",
    "DELETE FROM audit_records WHERE id = 1",
    "UPDATE audit_seals SET hash = '' WHERE record_id = 1",
    "DELETE FROM audit_seals WHERE record_id = 1",
)


# --- What may be done to a log, and what is to be said of it ---------------------------------------------

Expected = Callable[[Broken], bool]
Tampering = Callable[[Connection, Log, random.Random], Expected]


def named(harms: set[Harm], key: int) -> Expected:
    return lambda found: found.harm in harms and found.record_id == key


def another(old: Any, chance: random.Random) -> Any:
    others: dict[type, Any] = {
        bool: lambda: not old,
        Act: lambda: chance.choice([act for act in Act if act is not old]),
        UUID: lambda: chance.choice([None, UUID(int=chance.getrandbits(128))]),
        list: lambda: chance.choice([[], [*old, "email"], old[:-1]]),
        str: lambda: old + " ",
        type(None): lambda: UUID(int=chance.getrandbits(128)),
        datetime: lambda: old + timedelta(microseconds=chance.choice((-1, 1))),
    }
    return others[type(old)]()


def alter(connection: Connection, log: Log, chance: random.Random) -> Expected:
    key = chance.choice(log.keys)
    column = chance.choice([column.name for column in RECORDS.c if column.name != "id"])
    old = connection.scalar(select(RECORDS.c[column]).where(RECORDS.c.id == key))
    values = {column: another(old, chance)}
    connection.execute(update(RECORDS).where(RECORDS.c.id == key).values(values))
    return named({Harm.ALTERED}, key)


def alter_seal(connection: Connection, log: Log, chance: random.Random) -> Expected:
    key = chance.choice(log.keys)
    values = {chance.choice(("hash", "previous")): f"{chance.getrandbits(256):064x}"}
    connection.execute(update(SEALS).where(SEALS.c.record_id == key).values(values))
    return named({Harm.ALTERED}, key)


def delete_record(connection: Connection, log: Log, chance: random.Random) -> Expected:
    key = chance.choice(log.keys)
    connection.execute(delete(RECORDS).where(RECORDS.c.id == key))
    return named({Harm.DELETED}, key)


def delete_seal(connection: Connection, log: Log, chance: random.Random) -> Expected:
    place = log.some(chance)
    connection.execute(delete(SEALS).where(SEALS.c.record_id == log.keys[place]))
    return named({Harm.INSERTED}, log.keys[place])  # it looks like one that came in between


def delete_both(connection: Connection, log: Log, chance: random.Random) -> Expected:
    first = log.some(chance)
    last = min(first + chance.choice((0, 0, 1, 5)), len(log.keys) - 2)
    cut(connection, log.keys[first], log.keys[last])
    found = Broken(Harm.DELETED, log.keys[last + 1], log.keys[first - 1])
    return lambda broken: broken == found


def cut(connection: Connection, first: int, last: int) -> None:
    connection.execute(delete(RECORDS).where(RECORDS.c.id.between(first, last)))
    connection.execute(delete(SEALS).where(SEALS.c.record_id.between(first, last)))


def insert_some(
    connection: Connection, log: Log, chance: random.Random, *, sealed: bool
) -> Expected:
    """In a gap, without seals or with such as follow from the one before."""
    gap = chance.choice([place for place in range(1, len(log.keys)) if gap_at(log, place)])
    previous = connection.scalar(select(SEALS.c.hash).where(SEALS.c.record_id == log.keys[gap - 1]))
    for key in range(log.keys[gap - 1] + 1, log.keys[gap]):
        connection.execute(insert(RECORDS).values(a_record(key, chance)))
        if sealed:
            previous = put_seal(connection, key, str(previous))
    return named({Harm.INSERTED}, log.keys[gap - 1] + 1)


def gap_at(log: Log, place: int) -> bool:
    return log.keys[place] - log.keys[place - 1] > 1


def put_seal(connection: Connection, key: int, previous: str) -> str:
    raw = next(in_order(Session(connection), RECORDS, key - 1))
    hashed = digest(previous, raw)
    connection.execute(insert(SEALS).values(record_id=key, previous=previous, hash=hashed))
    return hashed


def insert_first(connection: Connection, _: Log, chance: random.Random) -> Expected:
    connection.execute(insert(RECORDS).values(a_record(0, chance)))
    put_seal(connection, 0, START)
    return named({Harm.INSERTED}, 0)


def swap(connection: Connection, log: Log, chance: random.Random, *, seals: bool) -> Expected:
    """Two records change places, with or without their seals."""
    one, other = sorted(chance.sample(log.keys, 2))
    keys = [RECORDS.c.id, SEALS.c.record_id] if seals else [RECORDS.c.id]
    for key in keys:
        for old, new in ((one, -1), (other, one), (-1, other)):
            connection.execute(update(key.table).where(key == old).values({key.name: new}))
    return named({Harm.MOVED}, one)


def cut_off(connection: Connection, log: Log, chance: random.Random) -> Expected:
    place = log.some(chance)
    cut(connection, log.keys[place + 1], log.keys[-1])
    return lambda found: (found.harm, found.after) == (Harm.CUT_OFF, log.keys[place])


def cut_off_records(connection: Connection, log: Log, chance: random.Random) -> Expected:
    place = log.some(chance)
    connection.execute(delete(RECORDS).where(RECORDS.c.id > log.keys[place]))
    return named({Harm.DELETED}, log.keys[place + 1])


def rewrite(connection: Connection, log: Log, chance: random.Random) -> Expected:
    """Alter a record, and hash anew all that follows: it hangs together, and is not what was exported."""
    key = log.keys[max(chance.randrange(len(log.keys)), len(log.keys) - 1_000)]
    values = {"actor_id": UUID(int=chance.getrandbits(128))}
    connection.execute(update(RECORDS).where(RECORDS.c.id == key).values(values))
    previous = connection.scalar(select(SEALS.c.previous).where(SEALS.c.record_id == key))
    connection.execute(delete(SEALS).where(SEALS.c.record_id >= key))
    new = []
    for raw in in_order(Session(connection), RECORDS, key - 1):
        hashed = digest(str(previous), raw)
        new.append({"record_id": raw["id"], "previous": previous, "hash": hashed})
        previous = hashed
    connection.execute(insert(SEALS), new)
    first = min(head.record_id for head in log.heads if head.record_id >= key)
    return named({Harm.REWRITTEN}, first)


TAMPERINGS_OF_ALL_KINDS: tuple[Tampering, ...] = (
    alter,
    alter_seal,
    delete_record,
    delete_seal,
    delete_both,
    partial(insert_some, sealed=False),
    partial(insert_some, sealed=True),
    insert_first,
    partial(swap, seals=False),
    partial(swap, seals=True),
    cut_off,
    cut_off_records,
    rewrite,
)


# --- They are found ---------------------------------------------------------------------------------------


@pytest.mark.hypothesis  # so that a soak takes it along, with the larger log
@pytest.mark.parametrize("part", range(PARTS))
def test_of_all_tamperings_each_is_found_and_named(log: Log, part: int) -> None:
    found: Counter[str] = Counter()
    for number in range(part, TAMPERINGS, PARTS):
        chance = random.Random(number)
        tampering = TAMPERINGS_OF_ALL_KINDS[number % len(TAMPERINGS_OF_ALL_KINDS)]
        with log.engine.connect() as connection:
            expected = tampering(connection, log, chance)
            broken = walked(Session(connection), log.heads)
            assert isinstance(broken, Broken), (number, tampering)
            assert expected(broken), (number, tampering, broken)
            found[broken.harm] += 1

    assert found.total() == len(range(part, TAMPERINGS, PARTS))
    assert set(found) == set(Harm)
    assert verify(log.engine, log.heads) == Sound(len(log.keys), 0)


@pytest.mark.parametrize("tampering", [cut_off, rewrite])
def test_control_without_the_heads_these_are_not_found(log: Log, tampering: Tampering) -> None:
    with log.engine.connect() as connection:
        tampering(connection, log, random.Random(1))

        assert isinstance(walked(Session(connection)), Sound)
        assert isinstance(walked(Session(connection), log.heads), Broken)


NO_VALUES = {
    # SQLite stores anything anywhere, and a reader by our types would stumble over it
    "sqlite": {"at": "'soon'", "actor_id": "x'00ff'", "fields": "'{'"},
    "postgresql": {"fields": "'{}'::jsonb"},
}


def test_what_is_no_value_of_its_column_is_found_too(log: Log) -> None:
    for column, value in NO_VALUES[log.engine.dialect.name].items():
        with log.engine.connect() as connection:
            connection.execute(text(f"UPDATE audit_records SET {column} = {value} WHERE id = 1"))  # noqa: S608 (our own words)

            assert walked(Session(connection)) == Broken(Harm.ALTERED, 1, None)


# --- Heads ------------------------------------------------------------------------------------------------


def test_there_is_a_head_of_each_day(log: Log) -> None:
    days = {head.day for head in log.heads}

    assert len(days) > 100
    assert len(log.heads) >= len(days)
    assert log.heads[-1].record_id == log.keys[-1]


def test_nothing_new_adds_no_line(log: Log, tmp_path: Path) -> None:
    first = export_heads(log.engine, tmp_path / "heads")

    assert first
    assert export_heads(log.engine, tmp_path / "heads") == []
    assert read_heads(tmp_path / "heads") == first
    assert verify(log.engine, first) == Sound(len(log.keys), 0)


def test_a_line_that_is_no_head_is_named(tmp_path: Path) -> None:
    file = tmp_path / "heads"
    file.write_text('{"day": "2027-03-01", "record": 1, "hash": "00"}\n{"day": "soon"}\n')

    with pytest.raises(ValueError, match="line 2"):
        read_heads(file)
