"""How the planning runs do, for health, figures and alarms: what waits too long, and how the last one ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from models.audit import AuditRecord
from models.instants import database_now
from models.runs import JobRun, RunState
from scheduler.loading.horizon import zones_in_use
from scheduler.parameters import NIGHTLY_RUN_AT, value
from scheduler.planning.asking import PLANNING, left_behind

TOO_LONG = timedelta(minutes=5)
"""That a run waits, or is nobody's: no worker is there."""
A_NIGHT = timedelta(hours=26)
"""Since the last run that was asked for by the timetable: one has been missed."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`unheld`: seconds for which the longest has been nobody's, waiting or left by its holder. The others: of the last that ended.

    `gap` is a share of the bound; the largest of its time zones.
    """

    unheld: float
    failed: bool
    seconds: float
    gap: float
    planned: int
    left_out: int
    ended_at: datetime | None
    missed: bool

    @property
    def troubles(self) -> list[str]:
        """In words of a closed set."""
        found = {
            "no_worker": self.unheld > TOO_LONG.total_seconds(),
            "run_failed": self.failed,
            "run_missed": self.missed,
        }
        return [name for name, there in found.items() if there]


def condition(session: Session) -> Condition:
    """As it is by the database's clock."""
    held = aliased(JobRun)
    at_work = exists().where(held.state == RunState.RUNNING, held.lease_until > database_now())
    # while somebody is at work there is a worker, and what waits has to wait
    nobodys = ((JobRun.state == RunState.WAITING) & ~at_work) | left_behind()
    now, since = _now_and_since(session, nobodys)
    last = session.execute(
        select(JobRun.state, JobRun.report, JobRun.finished_at)
        .where(
            JobRun.kind == PLANNING,
            # one that was only shown, or called off, says nothing of how the night went
            JobRun.preview.is_(False),
            JobRun.state.in_([RunState.DONE, RunState.FAILED, RunState.TAKEN_BACK]),
        )
        .order_by(JobRun.id.desc())
        .limit(1)
    ).one_or_none()
    report = (last and last.report) or {}
    gaps = [zone["gap"] for zone in report.get("zones", []) if zone.get("gap") is not None]
    return Condition(
        0.0 if since is None else max(0.0, (now - since).total_seconds()),
        last is not None and last.state is RunState.FAILED,
        float(report.get("seconds", {}).get("total", 0.0)),
        max(gaps, default=0.0),
        int(report.get("planned", 0)),
        int(report.get("left_out", 0)),
        None if last is None else last.finished_at,
        _missed(session, now),
    )


def _now_and_since(
    session: Session, which: ColumnElement[bool]
) -> tuple[datetime, datetime | None]:
    """The database's clock, and since when the first of these runs has been nobody's."""
    asked = select(database_now(), func.min(JobRun.lease_until).filter(which))
    now, since = session.execute(asked).one()
    return now, since


def _missed(session: Session, now: datetime) -> bool:
    """Whether the timetable should have asked for a run, and has not for a night and some hours, or never."""
    if not value(session, NIGHTLY_RUN_AT) or not zones_in_use(session):
        return False
    asked = select(func.max(JobRun.started_at)).where(JobRun.occasion.is_not(None))
    # where none was ever asked for, since somebody began to use it
    first = select(AuditRecord.at).order_by(AuditRecord.id).limit(1)
    since = session.scalar(asked) or session.scalar(first)
    return since is not None and now - since > A_NIGHT
