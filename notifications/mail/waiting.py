"""Mail that has not left: for figures and alarms."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.instants import database_now
from models.messages import Message, Reminder
from models.outbox import DeliveryState


def overdue_mail(session: Session) -> float:
    """For how many seconds the oldest mail has been due: no server or sender, or nobody sends."""
    now = session.scalars(select(database_now())).one()
    due = [
        session.scalar(
            select(func.min(kind.due_at)).where(kind.state == DeliveryState.DUE, kind.due_at <= now)
        )
        for kind in (Reminder, Message)
    ]
    since = min((one for one in due if one is not None), default=now)
    return (now - since).total_seconds()
