"""Managing accounts, of users and programs alike. Domain §8 [000 §4.1.1].

Nobody but the user himself chooses a password: an administrator hands over one that works once.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.access import Account, AccountKind, Role
from models.base import new_id
from scheduler.access import devices, passwords, second_factor
from scheduler.access.bounds import (
    MANAGING,
    keep_one_super_administrator,
    require_account,
    require_group,
    require_role,
)
from scheduler.access.caller import Caller
from scheduler.access.denied import refused
from scheduler.access.logins import LONGEST, as_login
from scheduler.access.notices import notify
from scheduler.access.sessions import revoke_all
from scheduler.topics import Topic


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Who is added."""

    login: str
    name: str
    role_id: UUID
    group_id: UUID
    email: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What is handed over, and seen this once."""

    account_id: UUID
    one_time_password: str = field(repr=False)


def add_user(session: Session, caller: Caller, new: NewAccount) -> Added:
    """Add a user, who chooses a password and sets up his second factor when he first logs in.

    Raises:
        ForbiddenError, NotFoundError: the caller may not, or not with that role or group.
        RefusedError: the login is taken, or is none.
    """
    account, password = account_for(session, caller, AccountKind.USER, new), passwords.one_time()
    account.secret_hash, account.secret_is_temporary = passwords.hashed(password), True
    keep(session, account)
    return Added(account.id, password)


def assign(
    session: Session, caller: Caller, account_id: UUID, role_id: UUID, group_id: UUID
) -> None:
    """Give an account another role, or another part of the organisation.

    Raises:
        ForbiddenError, NotFoundError: the caller may not, or not with that role or group.
        RefusedError: nobody would be super-administrator.
    """
    account = require_account(session, caller, account_id)
    was_one = _is_super_administrators(session, account.role_id)
    account.role_id = require_role(session, caller, role_id).id
    account.group_id = require_group(session, caller, group_id).id
    session.flush()
    if was_one:
        keep_one_super_administrator(session)


def deactivate(session: Session, caller: Caller, account_id: UUID, now: datetime) -> None:
    """Let an account in no more; all its tokens end now.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
        RefusedError: it is the last super-administrator.
    """
    account = require_account(session, caller, account_id)
    account.deactivated_at = account.deactivated_at or now
    session.flush()
    if _is_super_administrators(session, account.role_id):
        keep_one_super_administrator(session)
    revoke_all(session, account.id, now)


def reactivate(session: Session, caller: Caller, account_id: UUID) -> None:
    """Let it in again, with the secrets that it has.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
    """
    require_account(session, caller, account_id).deactivated_at = None
    session.flush()


def unlock(session: Session, caller: Caller, account_id: UUID) -> None:
    """After too many wrong tries, let it try again.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
    """
    account = require_account(session, caller, account_id)
    account.locked_at, account.failed_logins = None, 0
    session.flush()


def reset_password(session: Session, caller: Caller, account_id: UUID, now: datetime) -> str:
    """A password for one time, to be handed over; his sessions end, and his account is unlocked.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
    """
    account = require_account(session, caller, account_id)
    return _reset_password(session, account, now)


def reset_second_factor(session: Session, caller: Caller, account_id: UUID, now: datetime) -> str:
    """For whoever lost his telephone: he sets up another when he next logs in.

    With a password for one time: until then whoever has the password needs nothing else.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
    """
    account = require_account(session, caller, account_id)
    password = _reset_password(session, account, now)
    second_factor.forget(session, account, now)
    return password


def change_address(
    session: Session, caller: Caller, account_id: UUID, email: str | None, now: datetime
) -> None:
    """Give an account another address.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
    """
    account = require_account(session, caller, account_id)
    address_changed(session, account, email, now)


# --- What changes, whoever changes it -------------------------------------------------------------------


def account_for(session: Session, caller: Caller, kind: AccountKind, new: NewAccount) -> Account:
    """The account as it will be, but for its secrets; not kept yet."""
    caller.require_to_manage(MANAGING[kind])
    login = as_login(new.login)
    if login is None:
        raise refused("login_malformed", maximum=LONGEST)
    return Account(
        id=new_id(),
        kind=kind,
        login=login,
        name=new.name,
        email=new.email,
        language=new.language,
        role_id=require_role(session, caller, new.role_id).id,
        group_id=require_group(session, caller, new.group_id).id,
    )


def keep(session: Session, account: Account) -> None:
    """Raises RefusedError where somebody has that login, be it since a moment ago."""
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:
        raise refused("login_taken") from error


def address_changed(session: Session, account: Account, email: str | None, now: datetime) -> None:
    """The address it had is told too: whoever took the account over reads the new one."""
    if account.email == email:
        return
    account.previous_email, account.email = account.email, email
    session.flush()
    notify(session, Topic.ACCOUNT_ADDRESS_CHANGED, account.id, at=now)


def password_changed(
    session: Session, account: Account, now: datetime, *, but: UUID | None
) -> None:
    """Whoever had the one before is out, except in the session in which it was changed."""
    session.flush()
    revoke_all(session, account.id, now, but=but)
    devices.forget_all(session, account.id)
    notify(session, Topic.ACCOUNT_PASSWORD_CHANGED, account.id, at=now)


def _reset_password(session: Session, account: Account, now: datetime) -> str:
    if account.kind is not AccountKind.USER:
        raise refused("not_a_program")
    password = passwords.one_time()
    account.secret_hash, account.secret_is_temporary = passwords.hashed(password), True
    account.locked_at, account.failed_logins = None, 0
    password_changed(session, account, now, but=None)
    return password


def _is_super_administrators(session: Session, role_id: UUID) -> bool:
    return session.get_one(Role, role_id).everything
