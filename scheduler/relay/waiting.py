"""What has not been relayed: for health, metrics, and whoever looks why nothing arrives."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.outbox import Event

OFTEN = 3
"""An event that was taken on more often than this is in trouble: a subscriber fails on it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """`in_trouble`: of all `events`, those that have failed again and again."""

    events: int
    in_trouble: int
    oldest: datetime | None


def waiting(session: Session) -> Waiting:
    query = select(
        func.count(), func.count().filter(Event.token > OFTEN), func.min(Event.at)
    ).where(Event.relayed_at.is_(None))
    return Waiting(*session.execute(query).one())
