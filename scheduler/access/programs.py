"""Managing programs: their secrets, and whose users they may act for. Domain §8 [000 §4.1.1]."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.access import Account, AccountKind
from scheduler.access import tokens, totp
from scheduler.access.accounts import NewAccount, account_for, keep
from scheduler.access.bounds import require_account, require_group
from scheduler.access.caller import Caller
from scheduler.access.denied import refused
from scheduler.access.notices import notify
from scheduler.access.sessions import revoke_all
from scheduler.access.vault import Vault, place
from scheduler.topics import Topic


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is handed over, and seen this once: the secret, and that of the codes after it."""

    account_id: UUID
    client_secret: str = field(repr=False)
    totp_secret: str = field(repr=False)
    uri: str = field(repr=False)


def add_program(session: Session, vault: Vault, caller: Caller, new: NewAccount) -> Secrets:
    """Add a program, which gets its secrets at once, and acts for nobody (`grant_impersonation`).

    Raises:
        ForbiddenError, NotFoundError: the caller may not, or not with that role or group.
        RefusedError: the login is taken, or is none.
    """
    account = account_for(session, caller, AccountKind.API, new)
    secrets = _new_secrets(vault, account)
    keep(session, account)
    return secrets


def renew_secrets(
    session: Session, vault: Vault, caller: Caller, account_id: UUID, now: datetime
) -> Secrets:
    """New ones; those before, and the tokens got by them, are worth nothing. It is unlocked.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
    """
    account = _program(session, caller, account_id)
    secrets = _new_secrets(vault, account)
    account.locked_at, account.failed_logins = None, 0
    session.flush()
    revoke_all(session, account.id, now)
    notify(session, Topic.ACCOUNT_SECOND_FACTOR_CHANGED, account.id, at=now)
    return secrets


def grant_impersonation(
    session: Session, caller: Caller, account_id: UUID, group_id: UUID | None
) -> None:
    """The group whose users it may act for, or nobody; tokens got before are asked anew at each call.

    Raises:
        ForbiddenError, NotFoundError: the caller may not, or does not reach that group.
    """
    account = _program(session, caller, account_id)
    if group_id is not None:
        require_group(session, caller, group_id)
    account.impersonates_id = group_id
    session.flush()


def _program(session: Session, caller: Caller, account_id: UUID) -> Account:
    account = require_account(session, caller, account_id)
    if account.kind is not AccountKind.API:
        raise refused("not_a_user")
    return account


def _new_secrets(vault: Vault, account: Account) -> Secrets:
    secret, codes = tokens.new_token(), totp.new_secret()
    account.secret_hash = tokens.digest(secret)
    account.totp_secret = vault.seal(codes.encode(), place(Account.totp_secret, account.id))
    return Secrets(account.id, secret, codes, totp.provisioning_uri(codes, account.login))
