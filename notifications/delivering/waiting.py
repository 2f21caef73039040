"""What has not arrived: for metrics, and whoever looks why nothing comes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.instants import database_now
from models.outbox import Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class Undelivered:
    """`overdue_since`: of those that should be on their way, when the first was due."""

    due: int
    overdue_since: datetime | None
    failed: int
    now: datetime

    @property
    def overdue(self) -> float:
        """Seconds."""
        since = self.overdue_since
        return 0.0 if since is None else max(0.0, (self.now - since).total_seconds())


def undelivered(session: Session) -> Undelivered:
    now = session.scalars(select(database_now())).one()
    is_due = Delivery.state == DeliveryState.DUE
    due = session.scalar(select(func.count()).where(is_due)) or 0
    late = select(func.min(Delivery.due_at)).where(is_due, Delivery.due_at <= now)
    failed = select(func.count()).where(Delivery.state == DeliveryState.FAILED)
    return Undelivered(due, session.scalar(late), session.scalar(failed) or 0, now)
