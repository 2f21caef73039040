"""Why a request is still to be planned, as the last run has it. Domain §4."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.base import Json
from models.runs import JobRun, RunOutcome


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a run said of a request that it left out. `at`: when it began."""

    run_id: UUID
    at: datetime
    why_not: Json


def left_out_by(session: Session, request_id: UUID) -> LeftOut | None:
    """The last run that spoke of it, previews aside; nothing where that run planned it, or none has spoken."""
    query = (
        select(JobRun.id, JobRun.started_at, RunOutcome.why_not)
        .join(JobRun, JobRun.id == RunOutcome.run_id)
        .where(RunOutcome.request_id == request_id, JobRun.preview.is_(False))
        .order_by(RunOutcome.run_id.desc())
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    if found is None or found.why_not is None:
        return None
    return LeftOut(found.id, found.started_at, found.why_not)
