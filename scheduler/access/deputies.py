"""Who acts for a user in a period: with his rights and his part, under both names. Domain §8 [003]."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session as Transaction

from models.access import Account, AccountKind, Deputy, Session
from scheduler.access.bounds import require_account
from scheduler.access.caller import Caller
from scheduler.access.denied import NotFoundError, forbidden, refused
from scheduler.access.himself import own_account
from scheduler.access.rights import Right
from scheduler.access.scope import today
from scheduler.access.sessions import Opened, open_session
from scheduler.access.standing import is_deputy, standing_of
from scheduler.access.visible import visible


@dataclass(frozen=True, slots=True)
class Appointing:
    """Who acts for whom, `[from_day, until_day)`."""

    account_id: UUID
    deputy_id: UUID
    from_day: date
    until_day: date


def appoint(session: Transaction, caller: Caller, wish: Appointing, now: datetime) -> UUID:
    """Let somebody act for the caller in a period, or for a user whom he manages.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
        RefusedError: the deputy is no active user, or is the user himself; the period is empty.
    """
    _require_over(session, caller, wish.account_id, now)
    if wish.deputy_id == wish.account_id:
        raise refused("own_deputy")
    if wish.until_day <= wish.from_day:
        raise refused("period_empty")
    deputy, user = (session.get(Account, key) for key in (wish.deputy_id, wish.account_id))
    for one in (deputy, user):
        if one is None or one.kind is not AccountKind.USER or one.deactivated_at is not None:
            raise refused("account_inactive")
    made = Deputy(
        account_id=wish.account_id,
        deputy_id=wish.deputy_id,
        from_day=wish.from_day,
        until_day=wish.until_day,
    )
    session.add(made)
    session.flush()
    return made.id


def dismiss(session: Transaction, caller: Caller, deputyship_id: UUID, now: datetime) -> None:
    """End it: what the deputy has open for the user is worth nothing at his next call.

    Raises:
        ForbiddenError, NotFoundError: the caller may not, or there is none.
    """
    found = session.get(Deputy, deputyship_id)
    if found is None:
        raise NotFoundError
    _require_over(session, caller, found.account_id, now)
    session.delete(found)
    session.flush()


def deputyships(session: Transaction, caller: Caller, now: datetime) -> Sequence[Deputy]:
    """Those that are not over, of the caller and for him."""
    mine = or_(Deputy.account_id == caller.account_id, Deputy.deputy_id == caller.account_id)
    those = select(Deputy).where(mine, Deputy.until_day > today(now))
    return session.scalars(those.order_by(Deputy.from_day, Deputy.id)).all()


def managed(session: Transaction, caller: Caller, now: datetime) -> Sequence[Deputy]:
    """Those that are not over, of the users whom the caller manages."""
    caller.require(Right.MANAGE_USERS)
    users = select(Account.id).where(Account.kind == AccountKind.USER, visible(Account, caller))
    those = select(Deputy).where(Deputy.account_id.in_(users), Deputy.until_day > today(now))
    return session.scalars(those.order_by(Deputy.from_day, Deputy.id)).all()


def act_for(session: Transaction, caller: Caller, account_id: UUID, now: datetime) -> Opened:
    """A session in which the caller acts for the user; it ends no later than his own.

    Raises:
        ForbiddenError: he is no deputy of that user today, or acts for somebody already.
    """
    caller.require_settled()
    caller.require_own_hands()
    deputy = caller.account_id and standing_of(session, caller.account_id)
    user = standing_of(session, account_id)
    if (
        not deputy
        or user is None
        or not user.active
        or not is_deputy(session, deputy.account.id, account_id, today(now))
    ):
        raise forbidden("no_deputy")
    until = session.scalar(select(Session.expires_at).where(Session.id == caller.session_id))
    return open_session(session, deputy.account, now, on_behalf_of_id=account_id, until=until)


def _require_over(session: Transaction, caller: Caller, account_id: UUID, now: datetime) -> None:
    if account_id == caller.account_id:
        caller.require_to_manage(Right.APPOINT_DEPUTIES)
        own_account(session, caller, now)
    else:
        require_account(session, caller, account_id)
