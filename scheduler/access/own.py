"""What a user changes of his own account, once it is certain that it is he (`door.prove`). Domain §8."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.access import Account
from scheduler.access import passwords
from scheduler.access.accounts import address_changed, password_changed
from scheduler.access.caller import Caller
from scheduler.access.himself import own_account
from scheduler.refusals import Refusal, RefusedError


def change_own_password(session: Session, caller: Caller, password: str, now: datetime) -> None:
    """Choose a password; his other sessions end.

    Raises:
        ForbiddenError: it is not certainly he.
        RefusedError: the password is too weak, or the one that he has.
    """
    account = own_account(session, caller, now)
    found = passwords.weaknesses(password, (account.login, account.name, account.email))
    if passwords.matches(password, account.secret_hash):
        found.append(Refusal("password_unchanged"))
    if found:
        raise RefusedError(found)
    account.secret_hash, account.secret_is_temporary = passwords.hashed(password), False
    password_changed(session, account, now, but=caller.session_id)


def change_own_address(session: Session, caller: Caller, email: str, now: datetime) -> None:
    """Choose another address; the one before is told.

    Raises:
        ForbiddenError: it is not certainly he, or his log-in is not finished.
    """
    caller.require_settled()
    address_changed(session, own_account(session, caller, now), email, now)


def change_own_language(session: Session, caller: Caller, language: str) -> None:
    """Choose the language that he reads; nobody else may (domain §6)."""
    caller.require_own_hands()
    account = session.get_one(Account, caller.account_id)
    account.language = language
    session.flush()
