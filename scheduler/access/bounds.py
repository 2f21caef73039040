"""Nobody gives, or manages, more than he has himself; and one super-administrator is always left. Domain §8."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.access import Account, AccountKind, Group, Role
from scheduler.access.caller import Caller
from scheduler.access.denied import NotFoundError, forbidden, refused
from scheduler.access.rights import Right
from scheduler.access.standing import rights_of_role
from scheduler.access.visible import require_visible, visible

MANAGING = {AccountKind.USER: Right.MANAGE_USERS, AccountKind.API: Right.MANAGE_API_ACCOUNTS}


def require_role(session: Session, caller: Caller, role_id: UUID) -> Role:
    """A role that the caller may give: all that it allows, he may himself.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: it allows more.
    """
    role = session.get(Role, role_id)
    if role is None:
        raise NotFoundError
    beyond = role.everything and not caller.everything
    if beyond or not rights_of_role(session, role) <= caller.rights:
        raise forbidden("beyond_own_rights")
    return role


def require_group(session: Session, caller: Caller, group_id: UUID) -> Group:
    """A group that the caller may give: all that it reaches, he reaches himself.

    Raises:
        NotFoundError: it reaches further, or there is none.
    """
    return require_visible(session, caller, Group, group_id)


def require_account(session: Session, caller: Caller, account_id: UUID) -> Account:
    """An account that the caller may manage: whoever resets somebody's secrets could act as him.

    Raises:
        NotFoundError: it is not in his part of the organisation, or there is none.
        ForbiddenError: he may not manage this kind, or it holds rights that he does not.
    """
    caller.require_own_hands()
    account = session.scalars(
        select(Account)
        .where(Account.id == account_id, visible(Account, caller))
        .with_for_update(key_share=True)
    ).one_or_none()
    if account is None:
        raise NotFoundError
    caller.require(MANAGING[account.kind])
    require_role(session, caller, account.role_id)
    return account


def keep_one_super_administrator(session: Session) -> None:
    """After a change that may have taken one away, before it is committed.

    The role's row is locked before they are counted: of two who each remove the other, the second
    one counts after the first has committed.

    Raises:
        RefusedError: there would be none left.
    """
    session.flush()
    session.scalars(
        select(Role.id).where(Role.everything).order_by(Role.id).with_for_update(key_share=True)
    ).all()
    left = session.scalar(
        select(func.count())
        .select_from(Account)
        .join(Role, Role.id == Account.role_id)
        .join(Group, Group.id == Account.group_id)
        .where(
            Account.kind == AccountKind.USER,
            Account.deactivated_at.is_(None),
            Role.everything,
            Group.everybody,
        )
    )
    if not left:
        raise refused("last_super_administrator")
