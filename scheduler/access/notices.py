"""What an account's owner is told by mail: whoever took it over cannot keep him from hearing of it. Domain §8."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.access import Account
from scheduler.announcing import News, announce
from scheduler.topics import Topic


def notify(session: Session, topic: Topic, account_id: UUID, *, at: datetime) -> None:
    """Queue a notice to the account, and to the address that it had before; it has just been changed in this transaction."""
    announce(session, [News(topic, Account.__tablename__, account_id)], at=at)
