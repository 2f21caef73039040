"""Who is logged in: opaque tokens, kept as digests, and what they give read anew at each call. Reliability §3.9."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session as Transaction

from models.access import Account, AccountKind, Session
from scheduler.access import tokens
from scheduler.access.caller import Caller
from scheduler.access.denied import NotFoundError, unauthenticated
from scheduler.access.standing import caller_of

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
TOKEN_LASTS = timedelta(minutes=15)
TOUCHED_EVERY = timedelta(minutes=1)
"""Not every look needs to be written down, to know that somebody is still there."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The one time that the token is seen."""

    token: str = field(repr=False)
    session_id: UUID
    account_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """Whose token it is. `touch_due`: `touch` is to be called, in a transaction that writes."""

    caller: Caller
    touch_due: bool


def open_session(
    session: Transaction,
    account: Account,
    now: datetime,
    *,
    on_behalf_of_id: UUID | None = None,
    until: datetime | None = None,
) -> Opened:
    """Open one: for a user until he has been idle or there too long, for a program a quarter of an hour.

    Nothing is asked here: whoever opens it has made sure of who it is.
    """
    token, is_user = tokens.new_token(), account.kind is AccountKind.USER
    longest = now + (LONGEST if is_user else TOKEN_LASTS)
    opened = Session(
        account_id=account.id,
        on_behalf_of_id=on_behalf_of_id,
        token_hash=tokens.digest(token),
        created_at=now,
        proved_at=now,
        used_at=now if is_user else None,
        expires_at=longest if until is None else min(until, longest),
    )
    session.add(opened)
    session.flush()
    return Opened(token, opened.id, account.id, opened.expires_at)


def identify(session: Transaction, token: str, now: datetime) -> Known:
    """Who holds this token, and what that gives him now. Reads only.

    Raises:
        UnauthenticatedError: it is none, or no more.
        ForbiddenError: it is a program's that acts for a user, and may not any more.
    """
    found = session.scalars(
        select(Session).where(Session.token_hash == tokens.digest(token), *_alive(now))
    ).one_or_none()
    if found is None:
        raise unauthenticated("invalid_token")
    touch_due = found.used_at is not None and found.used_at <= now - TOUCHED_EVERY
    return Known(caller_of(session, found, now), touch_due)


def touch(session: Transaction, session_id: UUID, now: datetime) -> None:
    """He is still there."""
    session.execute(
        update(Session)
        .where(Session.id == session_id, Session.used_at < now, *_alive(now))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )


def sessions_of(session: Transaction, caller: Caller, now: datetime) -> Sequence[Session]:
    """His own that are open, for him to look at and close."""
    mine = Session.account_id == caller.account_id
    return session.scalars(select(Session).where(mine, *_alive(now)).order_by(Session.id)).all()


def log_out(session: Transaction, caller: Caller, session_id: UUID, now: datetime) -> None:
    """Close one of his own sessions, this one or another.

    Raises:
        NotFoundError: he has no such session.
    """
    mine = Session.account_id == caller.account_id
    if not _revoke(session, now, Session.id == session_id, mine):
        raise NotFoundError


def log_out_everywhere(session: Transaction, caller: Caller, now: datetime) -> None:
    """Close all of his own sessions, this one too."""
    _revoke(session, now, Session.account_id == caller.account_id)


def revoke_all(
    session: Transaction, account_id: UUID, now: datetime, *, but: UUID | None = None
) -> None:
    """Close all sessions of an account, and those in which others act for it; one of its own may stay."""
    whose = or_(Session.account_id == account_id, Session.on_behalf_of_id == account_id)
    if but is None:
        _revoke(session, now, whose)
    else:
        _revoke(session, now, whose, Session.id != but)


def _alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    in_use = or_(Session.used_at.is_(None), Session.used_at > now - IDLE)
    return Session.revoked_at.is_(None), Session.expires_at > now, in_use


def _revoke(session: Transaction, now: datetime, *which: ColumnElement[bool]) -> bool:
    done = session.scalars(
        update(Session)
        .where(Session.revoked_at.is_(None), *which)
        .values(revoked_at=now)
        .returning(Session.id)
        .execution_options(synchronize_session=False)
    )
    return bool(done.all())
