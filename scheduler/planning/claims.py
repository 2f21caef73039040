"""Who plans a share: one at a time, for as long as he says so; the answer of whoever was away too long is nobody's.

As with a run (`lease`): the table is the truth, and whatever rings a worker is no more than a bell.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from models.base import Json, new_id
from models.instants import database_now, from_now
from models.runs import JobRun, RunShare, RunState
from scheduler.planning.night import RunSettings
from solver.facts import Instance
from solver.files.wire import packed, read
from solver.options import Options, Progress
from solver.process import GaveUp, Solved

QUIETLY = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a share's row asks."""

    instance: Instance
    options: Options


@dataclass(frozen=True, slots=True)
class Answered:
    """What its row holds in the end: the one or the other."""

    solved: Solved | None
    gave_up: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A share that is ours as long as its token is, and the lease is kept, which is as long as that of the run.

    `seconds_left`: until the run goes on without it.
    """

    share_id: UUID
    number: int
    token: int
    asked: Asked
    seconds_left: float | None
    lease: timedelta


def hand_out(
    session: Session, run_id: UUID, asked: Sequence[Asked], within: float | None
) -> list[UUID]:
    """Write down what is to be planned, in place of what was before; `within` so many seconds, if so."""
    take_in(session, run_id)
    ends_at = None if within is None else from_now(timedelta(seconds=within))
    keys = [new_id() for _ in asked]
    for number, (key, one) in enumerate(zip(keys, asked, strict=True)):
        row = {"id": key, "run_id": run_id, "number": number, "asked": packed(one), "token": 0}
        session.execute(insert(RunShare).values(ends_at=ends_at, **row))
    return keys


def claim(session: Session, run_id: UUID) -> Claim | None:
    """Take on the first share of the run that is nobody's; nothing where there is none, or the run is over."""
    alive = (JobRun.state == RunState.RUNNING) & (JobRun.lease_until > database_now())
    free = (
        select(RunShare.id, JobRun.settings)
        .join(JobRun, JobRun.id == RunShare.run_id)
        .where(
            RunShare.run_id == run_id,
            RunShare.answered_at.is_(None),
            or_(RunShare.claimed_until.is_(None), RunShare.claimed_until <= database_now()),
            or_(RunShare.ends_at.is_(None), RunShare.ends_at > database_now()),
            alive,
        )
        .order_by(RunShare.number)
        .limit(1)
        .with_for_update(skip_locked=True, of=RunShare)
    )
    found = session.execute(free).one_or_none()
    if found is None:
        return None
    key, settings = found
    lease = RunSettings.of(settings).lease
    taken = (
        update(RunShare)
        .where(RunShare.id == key)
        .values(token=RunShare.token + 1, claimed_until=from_now(lease), progress=None)
        .returning(
            RunShare.number, RunShare.token, RunShare.asked, RunShare.ends_at, database_now()
        )
    )
    number, token, asked, ends_at, now = session.execute(taken, execution_options=QUIETLY).one()
    left = None if ends_at is None else (ends_at - now).total_seconds()
    return Claim(key, number, token, read(Asked, asked), left, lease)


def keep(session: Session, held: Claim, progress: Progress | None) -> bool:
    """Say that it is still worked on, and how far it is; give whether it is still ours."""
    values = {"claimed_until": from_now(held.lease)}
    told: Json | None = None if progress is None else asdict(progress)
    return _ours(session, held, values | ({"progress": told} if told else {}))


def answer(session: Session, held: Claim, found: Solved | GaveUp) -> bool:
    """Write what was found; give whether it was still wanted."""
    told = Answered(None, found.reason) if isinstance(found, GaveUp) else Answered(found, None)
    values = {"answer": packed(told), "answered_at": database_now(), "claimed_until": None}
    return _ours(session, held, values)


def answers(session: Session, run_id: UUID) -> dict[UUID, Answered]:
    """What there is by now, by share."""
    found = select(RunShare.id, RunShare.answer).where(
        RunShare.run_id == run_id, RunShare.answer.is_not(None)
    )
    return {key: read(Answered, told or b"") for key, told in session.execute(found)}


def how_far(session: Session, run_id: UUID) -> tuple[int, list[Json]]:
    """How many shares wait for an answer, and what was last heard of each share."""
    rows = session.execute(
        select(RunShare.answered_at, RunShare.progress).where(RunShare.run_id == run_id)
    ).all()
    return sum(done is None for done, _ in rows), [told for _, told in rows if told]


def take_in(session: Session, run_id: UUID) -> None:
    """The run goes on: what is not answered by now is not wanted any more."""
    session.execute(delete(RunShare).where(RunShare.run_id == run_id))


def shared_out(session: Session) -> list[UUID]:
    """The runs that have a share which is nobody's."""
    free = (
        select(RunShare.run_id)
        .where(
            RunShare.answered_at.is_(None),
            func.coalesce(RunShare.claimed_until, database_now()) <= database_now(),
        )
        .distinct()
    )
    return list(session.scalars(free))


def _ours(session: Session, held: Claim, values: Json) -> bool:
    mine = (
        update(RunShare)
        .where(
            RunShare.id == held.share_id,
            RunShare.token == held.token,
            RunShare.answered_at.is_(None),
            RunShare.claimed_until > database_now(),
        )
        .values(values)
        .returning(RunShare.id)
    )
    return session.execute(mine, execution_options=QUIETLY).first() is not None
