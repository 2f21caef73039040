"""The sealer: chains records after they are committed, so that nobody waits for another's link in the chain.

The chain goes by id, and ids are given out before the commit: on PostgreSQL a lower one may come to
light after a higher one. What would be skipped then is waited for. An insert holds its lock on the table
from before it gets its id until it has ended; so whoever may still have an id below the highest one
that is seen, is among those who hold the lock after that look. When they have gone, whatever of those ids
is not there will never come. Nobody is kept waiting by it: the locks are looked at, and not asked for.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.orm import Session

from models.database import reading, writing
from scheduler.audit.chain import AT_ONCE, LOWEST, RECORDS, SEALS, START, digest, in_order
from scheduler.rounds import Rounds

EVERY = timedelta(seconds=1)
PATIENCE = timedelta(seconds=1)
LOOK_AGAIN = 0.01  # seconds
REST = 2.0
"""Times as long as some sealing took, before more of it, while others are being served by the same process: it is all
computing, and holds up each of their steps. Sealed as it comes, every fifth look at a full week took four times as long."""

WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation'"
    " AND relation = 'audit_records'::regclass AND mode = 'RowExclusiveLock' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)

ONE_SEALER = text("LOCK TABLE audit_seals IN SHARE UPDATE EXCLUSIVE MODE")
"""Against other sealers only: readers and everybody's work go on."""


def seal(
    engine: Engine,
    *,
    patience: timedelta = PATIENCE,
    go_on: Callable[[float], bool] = lambda _: True,
) -> int:
    """Seal all that is committed and can have nothing come before it any more; give how many.

    `go_on` is told how long, in seconds, the last of it took; it may wait, and says whether there is to be more.
    """
    until = _horizon(engine, patience)
    sealed = 0
    if until is None:
        return sealed
    began = time.perf_counter()
    while some := _seal_some(engine, until):
        sealed += some
        if not go_on(time.perf_counter() - began):
            break
        began = time.perf_counter()
    return sealed


def sealer(engine: Engine, every: timedelta = EVERY) -> Rounds:
    """The same in a thread, again and again. Start and stop it; there may be one in every process."""

    def go_round() -> int:
        return seal(engine, go_on=lambda took: rounds.rest(REST * took))

    rounds = Rounds("audit sealer", go_round, every)
    return rounds


def _horizon(engine: Engine, patience: timedelta) -> int | None:
    """The highest id below which nothing is on its way; none where somebody takes too long, or all is sealed."""
    with reading(engine) as session:
        highest: int = session.scalar(select(func.max(RECORDS.c.id))) or LOWEST
        after, _ = _last(session)
    if highest <= after:
        return None
    if engine.dialect.name == "postgresql" and not _gone(engine, patience):
        return None
    return highest


def _gone(engine: Engine, patience: timedelta) -> bool:
    """Whether all who are writing records at this moment have ended, within the time there is."""
    awaited = writers = _writers(engine)
    enough = time.monotonic() + patience.total_seconds()
    while awaited & writers and time.monotonic() < enough:
        time.sleep(LOOK_AGAIN)
        writers = _writers(engine)
    return not awaited & writers


def _writers(engine: Engine) -> frozenset[str]:
    with reading(engine) as session:
        return frozenset(session.scalars(WRITERS))


def _seal_some(engine: Engine, until: int) -> int:
    """Hashed before anybody is locked out; hashed again where another sealer was quicker."""
    while True:
        last, seals = _next_seals(engine, until)
        if not seals:
            return 0
        with writing(engine) as session:
            if engine.dialect.name == "postgresql":
                session.execute(ONE_SEALER)
            if _last(session) == last:
                session.execute(insert(SEALS), seals)
                return len(seals)


def _next_seals(engine: Engine, until: int) -> tuple[tuple[int, str], list[dict[str, Any]]]:
    """The seal that is the last now, and those of what comes behind it."""
    seals: list[dict[str, Any]] = []
    with reading(engine) as session:
        last = after, previous = _last(session)
        for record in islice(in_order(session, RECORDS, after), AT_ONCE):
            if record["id"] > until:
                break
            hashed = digest(previous, record)
            seals.append({"record_id": record["id"], "previous": previous, "hash": hashed})
            previous = hashed
    return last, seals


def _last(session: Session) -> tuple[int, str]:
    """The record that was sealed last, and its seal."""
    last = select(SEALS.c.record_id, SEALS.c.hash).order_by(SEALS.c.record_id.desc()).limit(1)
    found = session.execute(last).one_or_none()
    return (LOWEST, START) if found is None else (found.record_id, found.hash)
