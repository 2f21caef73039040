"""What is over is forgotten, once a day: sessions, browsers, counts of wrong tries."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session as Transaction

from models.access import Device, NetworkFailures, Session
from scheduler.access.devices import REMEMBERED
from scheduler.access.lockout import HOUR

KEPT = timedelta(days=30)
"""A session that is over can still be looked at for a while."""


def sweep(session: Transaction, now: datetime) -> None:
    over = (
        delete(Session).where(Session.expires_at <= now - KEPT),
        delete(Device).where(Device.used_at <= now - REMEMBERED),
        delete(NetworkFailures).where(NetworkFailures.since <= now - HOUR),
    )
    for statement in over:
        session.execute(statement.execution_options(synchronize_session=False))
