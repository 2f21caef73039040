"""News of requests that a run could not plan: once, until a run has planned them; not again every morning."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from models.requests import AppointmentRequest, RequestState
from models.runs import JobRun, RunOutcome
from scheduler.announcing import News, announce
from scheduler.topics import Topic


def tell_of(session: Session, requests: Sequence[UUID], *, run_id: UUID, at: datetime) -> None:
    """Announce those of these requests that are still open, and that the run before did not leave out, too."""
    still = (
        select(AppointmentRequest.id)
        .where(AppointmentRequest.id.in_(requests), AppointmentRequest.state == RequestState.OPEN)
        .order_by(AppointmentRequest.id)
        # whoever announces keeps others from announcing beside him
        .with_for_update(key_share=True)
    )
    known = _left_out_before(session, requests, run_id)
    news = [
        News(Topic.REQUEST_UNPLANNED, AppointmentRequest.__tablename__, key, {"run": run_id})
        for key in session.scalars(still)
        if key not in known
    ]
    announce(session, news, at=at)


def _left_out_before(session: Session, requests: Sequence[UUID], run_id: UUID) -> set[UUID]:
    """Those that the last run before this one to speak of them has left out."""
    spoken = aliased(RunOutcome)
    last = (
        select(spoken.run_id)
        .join(JobRun, JobRun.id == spoken.run_id)
        .where(
            spoken.request_id == RunOutcome.request_id,
            spoken.run_id != run_id,
            JobRun.preview.is_(False),
        )
        .order_by(spoken.run_id.desc())
        .limit(1)
        .correlate(RunOutcome)
        .scalar_subquery()
    )
    those = select(RunOutcome.request_id).where(
        RunOutcome.request_id.in_(requests),
        RunOutcome.availability_id.is_(None),
        RunOutcome.run_id == last,
    )
    return set(session.scalars(those))
