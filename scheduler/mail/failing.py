"""A reminder or an invitation that was not sent: told, so that a trigger can tie a task to it. Domain §4 [000 §3.1.13.1]."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from models.appointments import Appointment
from scheduler.announcing import Fact, News, announce
from scheduler.topics import Topic


def tell(
    session: Session, appointment_id: UUID, rule: UUID | None, why: StrEnum, now: datetime
) -> None:
    """In the transaction that gives it up. Without a rule it was an invitation."""
    # whoever announces of it goes alone
    session.get_one(Appointment, appointment_id, with_for_update={"key_share": True})
    facts: dict[str, Fact] = {"why": why}
    if rule is not None:
        facts["default_reminder"] = rule
    news = News(
        Topic.APPOINTMENT_REMINDERS_FAILED, Appointment.__tablename__, appointment_id, facts
    )
    announce(session, [news], at=now)
