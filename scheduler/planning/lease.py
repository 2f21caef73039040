"""Who runs a job: one holder at a time, for as long as he says so. Reliability §0 (E7, E10), §3.7.

A run is a row; whoever holds it has the row's token and moves `lease_until` ahead of him. Past that,
by the database's clock, the run is nobody's: another start takes it over under a new token, and what
the old holder still tries to write is refused, all of it, whether or not somebody came after him.

There is no advisory lock beside it. That nobody else starts is already kept by the unique index
`one_running`; and where a holder was stopped he keeps an advisory lock for as long as his connection
lives, so whoever takes over would have to disregard it (E10). It would cost a connection for the
length of the run, and SQLite has none.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Select, Update, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.base import Json, new_id
from models.database import writing
from models.instants import database_now, from_now
from models.runs import JobRun, RunState

BEATS = 6
"""Heartbeats in the time of a lease: some may come late, or find the database busy."""
TRIES = 5
"""How often a start looks again where the run that stood in its way has just ended."""


class LostLeaseError(Exception):
    """The run is no longer this holder's: he was away past his lease, or it has ended. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody else runs it, `since` then."""

    since: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run. `business_date`: the day that it is for. `settings`: how it was asked for."""

    kind: str
    scope: str
    business_date: date
    settings: Mapping[str, Any]
    preview: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A run that is ours, for as long as the lease is kept. `taken_over`: another had begun it."""

    engine: Engine
    run_id: UUID
    token: int
    lease: timedelta
    taken_over: bool

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction in which the run writes: only while it is ours, at its start and at its end.

        Raises:
            LostLeaseError: it is not; the transaction is rolled back.
        """
        with writing(self.engine) as session:
            self.fence(session)
            yield session
            # whoever was stopped halfway commits nothing when he wakes
            self.fence(session)

    def fence(self, session: Session) -> None:
        """Let nobody write whose lease has run out; whose has not gets a whole one again.

        Raises:
            LostLeaseError: the run is not this holder's any more.
        """
        self._ours(session, lease_until=from_now(self.lease))

    def beat(self, **progress: Json) -> datetime | None:
        """The same by itself, perhaps with the `progress`; when somebody asked to cancel the run, if so.

        Raises:
            LostLeaseError: the run is not this holder's any more.
        """
        with writing(_one_statement(self.engine)) as session:
            return self._ours(session, lease_until=from_now(self.lease), **progress)

    def finish(self, session: Session, state: RunState, report: Mapping[str, Any]) -> None:
        """End the run; from then on nobody writes for it.

        Raises:
            LostLeaseError: the run is not this holder's any more.
        """
        self._ours(session, state=state, finished_at=database_now(), report=dict(report))

    def _ours(self, session: Session, **values: Any) -> datetime | None:  # noqa: ANN401 (columns of all kinds)
        mine = (
            update(JobRun)
            .where(
                JobRun.id == self.run_id,
                JobRun.token == self.token,
                JobRun.state == RunState.RUNNING,
                JobRun.lease_until > database_now(),
            )
            .values(values)
            .returning(JobRun.cancel_asked_at)
        )
        found = session.execute(mine, execution_options={"synchronize_session": False}).first()
        if found is None:
            raise LostLeaseError(f"run {self.run_id} is no longer held under token {self.token}")
        cancel_asked_at: datetime | None = found[0]
        return cancel_asked_at


def _one_statement(engine: Engine) -> Engine:
    """Committed by the server as it is done: a process that is stopped amid it keeps no row to itself.

    SQLite has no server; there, whoever is stopped while he writes keeps the database to himself.
    """
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def start(engine: Engine, job: Job, lease: timedelta) -> Held | Busy:
    """Take the job on, unless somebody else is at it.

    A run of which the holder has gone is taken over under its own id, and so are its bookings: where
    it was for the same day. Of another day, or where the one is a preview and the other is not, it
    is closed as failed and a new one begins.
    """
    for _ in range(TRIES):
        with writing(engine) as session:
            taken = _take_over(session, engine, job, lease) or _begin(session, engine, job, lease)
            if taken is not None:
                return taken
            since = session.scalar(select(JobRun.started_at).where(*_running(job)))
            if since is not None:
                return Busy(since)
    raise RuntimeError(f"the runs of {job.kind!r} begin and end faster than can be told")


def _running(job: Job) -> tuple[ColumnElement[bool], ...]:
    return (
        JobRun.kind == job.kind,
        JobRun.scope == job.scope,
        JobRun.state == RunState.RUNNING,
    )


def _take_over(session: Session, engine: Engine, job: Job, lease: timedelta) -> Held | None:
    """Take the run from a holder who has gone; nothing where there is none to be taken, or no more."""
    found = session.execute(_abandoned(job)).one_or_none()
    if found is None:
        return None
    run_id, token, same = found
    those = update(JobRun).where(JobRun.id == run_id)
    if not same:
        gone = {"trouble": "whoever ran it was away past his lease, and another run was begun"}
        _execute(
            session, those.values(state=RunState.FAILED, finished_at=database_now(), report=gone)
        )
        return None
    own = {
        "token": token + 1,
        "lease_until": from_now(lease),
        "settings": dict(job.settings),
        "cancel_asked_at": None,
    }
    _execute(session, those.values(own))
    return Held(engine, run_id, token + 1, lease, taken_over=True)


def _abandoned(job: Job) -> Select[UUID, int, bool]:
    """The run whose lease is over; a holder who is writing at this moment has the row, and lives."""
    same = (JobRun.preview == job.preview) & (JobRun.business_date == job.business_date)
    return (
        select(JobRun.id, JobRun.token, same)
        .where(*_running(job), JobRun.lease_until <= database_now())
        .with_for_update(skip_locked=True)
    )


def _begin(session: Session, engine: Engine, job: Job, lease: timedelta) -> Held | None:
    """A new run; nothing where there is one already."""
    if session.scalar(select(JobRun.id).where(*_running(job))):
        return None  # found without waiting for the holder, who may be writing
    run_id = new_id()
    new = insert_of(session).values(
        id=run_id,
        kind=job.kind,
        scope=job.scope,
        business_date=job.business_date,
        preview=job.preview,
        settings=dict(job.settings),
        state=RunState.RUNNING,
        started_at=database_now(),
        lease_until=from_now(lease),
    )
    made = session.scalar(new.on_conflict_do_nothing().returning(JobRun.id))
    return None if made is None else Held(engine, run_id, 1, lease, taken_over=False)


def insert_of(session: Session) -> sqlite.Insert | postgresql.Insert:
    """An insert of a run that can give way: of five starts at once, four find the fifth's row."""
    dialect = session.get_bind().dialect.name
    return sqlite.insert(JobRun) if dialect == "sqlite" else postgresql.insert(JobRun)


def _execute(session: Session, statement: Update) -> None:
    session.execute(statement, execution_options={"synchronize_session": False})


class Heartbeat:
    """Keeps the lease of a run from a thread of its own, while the run computes.

    It stops by itself where the lease is lost: `lost` is then set, and the run finds it there.
    `cancel_asked`: somebody wants the run to end.
    """

    def __init__(self, held: Held) -> None:
        self.lost = threading.Event()
        self.cancel_asked = threading.Event()
        self._held = held
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beats, name="heartbeat", daemon=True)

    @contextmanager
    def beating(self) -> Iterator["Heartbeat"]:
        """Beat while this lasts."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()

    def _beats(self) -> None:
        while not self._over.wait(self._held.lease.total_seconds() / BEATS):
            try:
                asked = self._held.beat()
            except LostLeaseError:
                self.lost.set()
                return
            except DBAPIError:
                continue  # busy, or away for a moment: the next beat may come in time
            if asked is not None:
                self.cancel_asked.set()
