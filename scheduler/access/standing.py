"""What a session gives at this moment: rights of the role, part of the group, and both together. Domain §8.

| who acts | rights | part of the organisation |
| --- | --- | --- |
| a user, or a program | his role's | his group's |
| a program for a user | what both hold | what both reach |
| a deputy for a user | the user's | the user's |
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Transaction

from models.access import Account, AccountKind, Deputy, Group, Role, RoleRight, Session
from scheduler.access.caller import Caller, Pending
from scheduler.access.denied import forbidden, unauthenticated
from scheduler.access.rights import EVERY_RIGHT, Right, rights_of
from scheduler.access.scope import Scope, scope_of, today


@dataclass(frozen=True, slots=True)
class Standing:
    """An account with what its role and group give it now."""

    account: Account
    role: Role
    group: Group
    rights: frozenset[Right]

    @property
    def active(self) -> bool:
        return self.account.deactivated_at is None

    @property
    def pending(self) -> frozenset[Pending]:
        """A program gets both secrets at once, and has nothing to set up."""
        found = set()
        if self.account.kind is AccountKind.USER:
            if self.account.secret_is_temporary:
                found.add(Pending.PASSWORD)
            if self.account.totp_secret is None:
                found.add(Pending.SECOND_FACTOR)
        return frozenset(found)

    def scope(self, day: date) -> Scope:
        return scope_of(self.group, day)


def standing_of(session: Transaction, account_id: UUID) -> Standing | None:
    found = session.execute(
        select(Account, Role, Group)
        .join(Role, Role.id == Account.role_id)
        .join(Group, Group.id == Account.group_id)
        .where(Account.id == account_id)
    ).one_or_none()
    if found is None:
        return None
    account, role, group = found
    return Standing(account, role, group, rights_of_role(session, role))


def rights_of_role(session: Transaction, role: Role) -> frozenset[Right]:
    if role.everything:
        return EVERY_RIGHT
    codes = session.scalars(select(RoleRight.right).where(RoleRight.role_id == role.id))
    return rights_of(frozenset(codes))


def caller_of(session: Transaction, opened: Session, now: datetime) -> Caller:
    """Whoever holds this session, as things stand.

    Raises:
        UnauthenticatedError: the account is not active, or a deputy is none any more.
        ForbiddenError: a program may not act for this user any more.
    """
    own = standing_of(session, opened.account_id)
    if own is None or not own.active:
        raise unauthenticated("invalid_token")
    if opened.on_behalf_of_id is None:
        rights, scope, everything = own.rights, own.scope(today(now)), own.role.everything
    else:
        rights, scope = _for_another(session, own, opened.on_behalf_of_id, today(now))
        everything = False
    return Caller(
        account_id=own.account.id,
        rights=rights,
        scope=scope,
        on_behalf_of_id=opened.on_behalf_of_id,
        everything=everything,
        pending=own.pending,
        session_id=opened.id,
        proved_at=opened.proved_at,
    )


def _for_another(
    session: Transaction, own: Standing, user_id: UUID, day: date
) -> tuple[frozenset[Right], Scope]:
    user = standing_of(session, user_id)
    if own.account.kind is AccountKind.API:
        if user is None or not may_impersonate(own, user):
            raise forbidden("impersonation_not_allowed")
        return own.rights & user.rights, own.scope(day) & user.scope(day)
    if user is None or not user.active or not is_deputy(session, own.account.id, user_id, day):
        raise unauthenticated("invalid_token")
    return user.rights, user.scope(day)


def may_impersonate(program: Standing, user: Standing) -> bool:
    """A user of the group that was granted, active, and no super-administrator."""
    granted = program.account.impersonates_id
    return (
        user.account.kind is AccountKind.USER
        and granted is not None
        and user.account.group_id == granted
        and user.active
        and not user.role.everything
    )


def is_deputy(session: Transaction, deputy_id: UUID, user_id: UUID, day: date) -> bool:
    those = select(Deputy.id).where(
        Deputy.account_id == user_id,
        Deputy.deputy_id == deputy_id,
        Deputy.from_day <= day,
        Deputy.until_day > day,
    )
    return session.scalar(those.limit(1)) is not None
