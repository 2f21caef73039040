"""Setting up the second factor: a secret is offered, a code shows that the user has it. Reliability §3.9."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.access import Account, BackupCode
from scheduler.access import devices, tokens, totp
from scheduler.access.caller import Caller
from scheduler.access.credentials import backup_hash
from scheduler.access.denied import refused
from scheduler.access.himself import own_account
from scheduler.access.notices import notify
from scheduler.access.sessions import revoke_all
from scheduler.access.vault import Vault, place
from scheduler.topics import Topic

SEALED = (Account.totp_secret, Account.totp_offered)
"""What a change of keys has to seal anew (`vault.reseal`)."""

BACKUP_CODES = 10
BACKUP_BYTES = 10
"""80 random bits: 16 letters to type over."""


@dataclass(frozen=True, slots=True)
class Offer:
    """For the user's app: to scan, or to type over."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def offer(session: Session, vault: Vault, caller: Caller, now: datetime) -> Offer:
    """A new secret for the user's app; the one he has stays until he confirms this one.

    Raises:
        ForbiddenError: it is not certainly he.
    """
    account = own_account(session, caller, now)
    secret = totp.new_secret()
    account.totp_offered = vault.seal(secret.encode(), place(Account.totp_offered, account.id))
    session.flush()
    return Offer(secret, totp.provisioning_uri(secret, account.login))


def confirm(
    session: Session, vault: Vault, caller: Caller, code: str, now: datetime
) -> tuple[str, ...]:
    """The offered secret is his from now on; gives his back-up codes, this once.

    His other sessions end: whoever opened one without this factor is not let in by it.

    Raises:
        ForbiddenError: it is not certainly he.
        RefusedError: the code is not that of the offered secret.
    """
    account_id = caller.require_himself(now)
    sealed = session.scalar(select(Account.totp_offered).where(Account.id == account_id))
    if sealed is None:
        raise refused("nothing_offered")
    secret = vault.open(sealed, place(Account.totp_offered, account_id))
    step = totp.step_of(secret.decode(), "".join(code.split()), now)
    if step is None or not _accept(session, vault, account_id, (sealed, secret), step):
        raise refused("wrong_code")
    codes = _new_backup_codes(session, account_id)
    _changed(session, account_id, now, but=caller.session_id)
    return codes


def _accept(
    session: Session, vault: Vault, account_id: UUID, offered: tuple[bytes, bytes], step: int
) -> bool:
    """One UPDATE: another offer made meanwhile is not taken for this one."""
    sealed, secret = offered
    own = {
        "totp_secret": vault.seal(secret, place(Account.totp_secret, account_id)),
        "totp_step": step,
        "totp_offered": None,
    }
    accepted = session.scalar(
        update(Account)
        .where(Account.id == account_id, Account.totp_offered == sealed)
        .values(own)
        .returning(Account.id)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    return accepted is not None


def renew_backup_codes(session: Session, caller: Caller, now: datetime) -> tuple[str, ...]:
    """Ten new ones, shown this once; those before are worth nothing.

    Raises:
        ForbiddenError: it is not certainly he.
        RefusedError: there is no second factor yet that they could stand in for.
    """
    caller.require_settled()
    account = own_account(session, caller, now)
    if account.totp_secret is None:
        raise refused("nothing_offered")
    codes = _new_backup_codes(session, account.id)
    notify(session, Topic.ACCOUNT_SECOND_FACTOR_CHANGED, account.id, at=now)
    return codes


def forget(session: Session, account: Account, now: datetime) -> None:
    """Without a second factor, until he sets one up at his next log-in; whoever asks for it may."""
    account.totp_secret = account.totp_offered = None
    session.flush()
    session.execute(delete(BackupCode).where(BackupCode.account_id == account.id))
    _changed(session, account.id, now, but=None)


def _changed(session: Session, account_id: UUID, now: datetime, *, but: UUID | None) -> None:
    revoke_all(session, account_id, now, but=but)
    devices.forget_all(session, account_id)
    notify(session, Topic.ACCOUNT_SECOND_FACTOR_CHANGED, account_id, at=now)


def _new_backup_codes(session: Session, account_id: UUID) -> tuple[str, ...]:
    codes = tuple(tokens.readable(BACKUP_BYTES) for _ in range(BACKUP_CODES))
    session.execute(delete(BackupCode).where(BackupCode.account_id == account_id))
    session.add_all(
        BackupCode(account_id=account_id, code_hash=backup_hash(account_id, code)) for code in codes
    )
    session.flush()
    return codes
