"""Feeds made and revoked: his own by a practitioner, any by who administers them.

That of a practitioner shows what his account may see, that of a location what the account may see that made it. So
nobody makes one that would show more than he sees himself. The address of a feed is shown once, its hash is kept.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.access import Account
from models.base import new_id
from models.messages import Feed
from models.people import Practitioner
from scheduler.access import tokens
from scheduler.access.bounds import require_group
from scheduler.access.caller import Caller
from scheduler.access.denied import NotFoundError, forbidden, refused
from scheduler.access.rights import Right

MOST_FEEDS = 10
"""Of one practitioner or location, that are not revoked."""

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "not_a_practitioner": "your account is no practitioner's: it has no agenda of its own",
        "practitioner_without_account": "this practitioner has no account: a feed shows what the account of its practitioner may see",
        "not_own_feed": "this is no feed of your own agenda",
        "too_many_feeds": "there are {most} feeds already: revoke one that nobody uses",
    }
)


def add_own(session: Session, caller: Caller, now: datetime) -> tuple[Feed, str]:
    """Of a practitioner by himself, with the token that it is read by.

    Raises:
        ForbiddenError: it is somebody else, or he may not see appointments.
        RefusedError: he is no practitioner, or has too many.
    """
    _require_sight(caller)
    practitioner = practitioner_of(session, caller)
    if practitioner is None or caller.account_id is None:
        raise refused("not_a_practitioner")
    return _add(session, Feed(practitioner_id=practitioner.id, account_id=caller.account_id), now)


def add_to_practitioner(
    session: Session, caller: Caller, practitioner: Practitioner, now: datetime
) -> tuple[Feed, str]:
    """By who administers practitioners.

    Raises:
        ForbiddenError, NotFoundError: the caller may not, or does not see what that practitioner sees.
        RefusedError: the practitioner has no account, or too many feeds.
    """
    _require_sight(caller)
    caller.require(Right.MANAGE_PRACTITIONERS)
    if practitioner.account_id is None:
        raise refused("practitioner_without_account")
    account = session.get_one(Account, practitioner.account_id)
    try:
        require_group(session, caller, account.group_id)
    except NotFoundError:
        # the practitioner is there for all to see
        raise forbidden("beyond_own_part") from None
    return _add(session, Feed(practitioner_id=practitioner.id, account_id=account.id), now)


def add_to_location(
    session: Session, caller: Caller, location_id: UUID, now: datetime
) -> tuple[Feed, str]:
    """By who administers locations.

    Raises:
        ForbiddenError: the caller may not.
        RefusedError: it has too many.
    """
    _require_sight(caller)
    caller.require(Right.MANAGE_LOCATIONS)
    if caller.account_id is None:
        raise NotFoundError
    return _add(session, Feed(location_id=location_id, account_id=caller.account_id), now)


def revoke(caller: Caller, feed: Feed, now: datetime) -> None:
    """From now on it is not there.

    Raises:
        ForbiddenError: the caller does not administer what it is of.
    """
    right = Right.MANAGE_LOCATIONS if feed.practitioner_id is None else Right.MANAGE_PRACTITIONERS
    caller.require(right)
    feed.revoked_at = feed.revoked_at or now


def revoke_own(session: Session, caller: Caller, feed: Feed, now: datetime) -> None:
    """The same, of his own.

    Raises:
        ForbiddenError: somebody acts for him.
        RefusedError: it is not his.
    """
    caller.require_own_hands()
    practitioner = practitioner_of(session, caller)
    if practitioner is None or feed.practitioner_id != practitioner.id:
        raise refused("not_own_feed")
    feed.revoked_at = feed.revoked_at or now


def practitioner_of(session: Session, caller: Caller) -> Practitioner | None:
    """Whose agenda is his own."""
    query = select(Practitioner).where(
        Practitioner.account_id == caller.account_id, Practitioner.archived_at.is_(None)
    )
    return session.scalars(query.order_by(Practitioner.id)).first()


def feeds_of(session: Session, *conditions: ColumnElement[bool]) -> Sequence[Feed]:
    """Those that are not revoked."""
    query = select(Feed).where(Feed.revoked_at.is_(None), *conditions).order_by(Feed.id)
    return session.scalars(query).all()


def _require_sight(caller: Caller) -> None:
    caller.require_own_hands()
    caller.require_settled()
    if not caller.may(Right.VIEW_APPOINTMENTS):
        raise forbidden("beyond_own_rights")


def _add(session: Session, feed: Feed, now: datetime) -> tuple[Feed, str]:
    same = (
        Feed.practitioner_id == feed.practitioner_id
        if feed.practitioner_id is not None
        else Feed.location_id == feed.location_id
    )
    held = session.scalar(select(func.count()).where(Feed.revoked_at.is_(None), same))
    if (held or 0) >= MOST_FEEDS:
        raise refused("too_many_feeds", most=MOST_FEEDS)
    token = tokens.new_token()
    feed.id, feed.created_at, feed.token_hash = new_id(), now, tokens.digest(token)
    session.add(feed)
    session.flush()
    return feed, token
