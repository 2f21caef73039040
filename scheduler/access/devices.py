"""Browsers that a user has logged in from: a token in a cookie of its own, which outlives sessions."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.access import Device
from scheduler.access import lockout, tokens

REMEMBERED = timedelta(days=90)
"""Since its last log-in."""


def known_device(
    session: Session, account_id: UUID, token: str | None, now: datetime
) -> UUID | None:
    """The account's device with this token, unless too much was guessed from it, or too long ago."""
    if token is None:
        return None
    return session.scalar(
        select(Device.id).where(
            Device.token_hash == tokens.digest(token),
            Device.account_id == account_id,
            Device.failed_logins < lockout.TRIES,
            Device.used_at > now - REMEMBERED,
        )
    )


def welcome(
    session: Session, account_id: UUID, device_id: UUID | None, now: datetime
) -> str | None:
    """Remember that he has logged in from it; the token of a device that is new."""
    if device_id is not None:
        session.execute(
            update(Device).where(Device.id == device_id).values(failed_logins=0, used_at=now)
        )
        return None
    token = tokens.new_token()
    session.add(Device(account_id=account_id, token_hash=tokens.digest(token), used_at=now))
    session.flush()
    return token


def forget_all(session: Session, account_id: UUID) -> None:
    session.execute(delete(Device).where(Device.account_id == account_id))
