"""Asking for a job, and taking on what was asked for: by page, API or timetable; by whichever worker is there.

What is asked for waits in the table of runs, one of a kind at most. A bell may say that there is something
(`Rings`); whoever looks into the table now and then finds it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Row, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.base import new_id
from models.database import writing
from models.instants import database_now, from_now
from models.runs import JobRun, RunState
from scheduler.planning.lease import Held, Job, insert_of
from scheduler.refusals import Refusal, RefusedError

RUN_WAITS = "run_waits"
RUN_IS_ON = "run_is_on"
RUN_HAS_ENDED = "run_has_ended"

LEASE = timedelta(seconds=60)
MOST_HOLDERS = 5
"""A run that so many have died of is not tried again."""
QUIETLY = {"synchronize_session": False}

PLANNING = "planning"
TAKING_BACK = "taking_back"

MESSAGES = {
    RUN_WAITS: "one of the kind waits already, since {since}",
    RUN_IS_ON: "one of the kind goes on, since {since}",
    RUN_HAS_ENDED: "the run has ended",
}


@dataclass(frozen=True, slots=True)
class TakenOn:
    """A run that is ours to do: who holds it, what it is, for whom."""

    held: Held
    kind: str
    settings: Mapping[str, Any]
    asked_by_id: UUID | None


def ask(session: Session, job: Job, *, by: UUID | None) -> UUID:
    """Ask for a job; give the run's key.

    Raises:
        RefusedError: one of the kind waits or goes on.
    """
    going = select(JobRun.state, JobRun.started_at).where(
        JobRun.kind == job.kind,
        JobRun.scope == job.scope,
        JobRun.state.in_([RunState.WAITING, RunState.RUNNING]),
    )
    found = session.execute(going.order_by(JobRun.state)).first()
    if found is None:
        run_id = _asked(session, job, by=by, occasion=None)
        if run_id is not None:
            return run_id
        found = session.execute(going).first()
    state, since = found or (RunState.WAITING, None)
    raise RefusedError(
        [Refusal(RUN_WAITS if state is RunState.WAITING else RUN_IS_ON, {"since": since})]
    )


def ask_once(session: Session, job: Job, occasion: str) -> UUID | None:
    """Ask for what an occasion asks for, once, whoever notices it; nothing where it has been, or one waits."""
    return _asked(session, job, by=None, occasion=occasion)


def cancel(session: Session, run_id: UUID) -> None:
    """Let a run end: at once where it waits, else at its next step; what it has booked stays.

    Raises:
        RefusedError: it has ended.
    """
    waiting = (
        update(JobRun)
        .where(JobRun.id == run_id, JobRun.state == RunState.WAITING)
        .values(state=RunState.CANCELLED, finished_at=database_now())
    )
    going = (
        update(JobRun)
        .where(JobRun.id == run_id, JobRun.state == RunState.RUNNING)
        .values(cancel_asked_at=database_now())
    )
    for those in (waiting, going):
        if session.execute(those.returning(JobRun.id), execution_options=QUIETLY).first():
            return
    raise RefusedError([Refusal(RUN_HAS_ENDED, {"run": run_id})])


def anything_waits(session: Session) -> bool:
    """Whether there is a run that nobody does."""
    nobodys = or_(JobRun.state == RunState.WAITING, left_behind())
    return session.scalar(select(JobRun.id).where(nobodys).limit(1)) is not None


def left_behind() -> ColumnElement[bool]:
    """The condition that whoever held the run has gone."""
    return (JobRun.state == RunState.RUNNING) & (JobRun.lease_until <= database_now())


def take_on(engine: Engine) -> TakenOn | None:
    """The next run that nobody does: one whose holder has gone, or one that waits and has its turn."""
    with writing(engine) as session:
        return _abandoned(session, engine) or _waiting(session, engine)


def _asked(session: Session, job: Job, *, by: UUID | None, occasion: str | None) -> UUID | None:
    run_id = new_id()
    new = insert_of(session).values(
        id=run_id,
        kind=job.kind,
        scope=job.scope,
        business_date=job.business_date,
        preview=job.preview,
        settings=dict(job.settings),
        occasion=occasion,
        asked_by_id=by,
        state=RunState.WAITING,
        token=0,
        started_at=database_now(),
        lease_until=database_now(),
    )
    return session.scalar(new.on_conflict_do_nothing().returning(JobRun.id))


def _abandoned(session: Session, engine: Engine) -> TakenOn | None:
    gone = left_behind()
    trouble = {"trouble": f"{MOST_HOLDERS} workers began it, and none of them was heard of again"}
    session.execute(
        update(JobRun)
        .where(gone, JobRun.token >= MOST_HOLDERS)
        .values(state=RunState.FAILED, finished_at=database_now(), report=trouble),
        execution_options=QUIETLY,
    )
    those = (
        select(JobRun.id, JobRun.settings)
        .where(gone)
        .order_by(JobRun.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return _taken(session, engine, session.execute(those).one_or_none(), taken_over=True)


def _waiting(session: Session, engine: Engine) -> TakenOn | None:
    other = aliased(JobRun)
    busy = exists().where(
        other.kind == JobRun.kind, other.scope == JobRun.scope, other.state == RunState.RUNNING
    )
    those = (
        select(JobRun.id, JobRun.settings)
        .where(JobRun.state == RunState.WAITING, ~busy)
        .order_by(JobRun.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return _taken(session, engine, session.execute(those).one_or_none(), taken_over=False)


def _taken(
    session: Session,
    engine: Engine,
    found: Row[UUID, dict[str, Any]] | None,
    *,
    taken_over: bool,
) -> TakenOn | None:
    if found is None:
        return None
    run_id, settings = found
    lease = timedelta(seconds=settings["lease"]) if "lease" in settings else LEASE
    own: dict[str, Any] = {
        "state": RunState.RUNNING,
        "token": JobRun.token + 1,
        "lease_until": from_now(lease),
        "progress": None,
    }
    if not taken_over:
        own["started_at"] = database_now()
    mine = (
        update(JobRun)
        .where(
            JobRun.id == run_id,
            or_(JobRun.state == RunState.WAITING, JobRun.lease_until <= database_now()),
        )
        .values(own)
        .returning(JobRun.token, JobRun.kind, JobRun.asked_by_id)
    )
    ours = session.execute(mine, execution_options=QUIETLY).one_or_none()
    if ours is None:
        return None
    token, kind, asked_by_id = ours
    held = Held(engine, run_id, token, lease, taken_over=taken_over)
    return TakenOn(held, kind, settings, asked_by_id)
