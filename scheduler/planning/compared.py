"""What a run has changed against the one before it: who got a place at last, who waits since, who waits still."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from models.runs import JobRun, RunOutcome, RunState
from scheduler.planning.asking import PLANNING

SPOKE = (RunState.DONE, RunState.TAKEN_BACK)
"""Those that have answered for every request."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Against the run `since`: how many of those it left out are planned now, are left out again, and are new.

    `dealt_with`: it left them out, and nobody asked for them any more when this one ran.
    """

    since: UUID
    planned_at_last: int
    left_out_again: int
    left_out_anew: int
    dealt_with: int


def changes(session: Session, run: JobRun) -> Changes | None:
    """Nothing, where there was none before it, or it has not come to its end."""
    if run.state not in SPOKE:
        return None
    before = session.scalar(
        select(JobRun.id)
        .where(
            JobRun.kind == PLANNING,
            JobRun.preview.is_(False),
            JobRun.state.in_(SPOKE),
            JobRun.id < run.id,
        )
        .order_by(JobRun.id.desc())
        .limit(1)
    )
    if before is None:
        return None
    now, then = aliased(RunOutcome), aliased(RunOutcome)
    of_both = (
        select(
            func.count().filter(then.availability_id.is_(None), now.availability_id.is_not(None)),
            func.count().filter(then.availability_id.is_(None), now.availability_id.is_(None)),
        )
        .select_from(now)
        .join(then, then.request_id == now.request_id)
        .where(now.run_id == run.id, then.run_id == before)
    )
    at_last, again = session.execute(of_both).one()
    return Changes(
        before,
        at_last,
        again,
        _left_out(session, run.id) - again,
        _left_out(session, before) - at_last - again,
    )


def _left_out(session: Session, run_id: UUID) -> int:
    those = select(func.count()).where(
        RunOutcome.run_id == run_id, RunOutcome.availability_id.is_(None)
    )
    return session.scalar(those) or 0
