"""Password and second factor: examined without holding anybody up, then spent, each code once. Reliability §3.9.

To hash a password takes longer than to book an appointment, and SQLite has one writer: so what is
known of the account is read first (`Profile`), examined outside of any transaction (`examine`), and
spent in another (`spend`), by one UPDATE that holds only where nothing has changed since.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from models.access import Account, AccountKind, BackupCode
from scheduler.access import passwords, tokens, totp
from scheduler.access.vault import Vault, place

BACKUP_HASHER = Argon2Hasher(time_cost=1, memory_cost=8_192, parallelism=1)
"""5 ms: of 80 random bits nobody tries them all, however fast."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What credentials are compared with."""

    account_id: UUID
    kind: AccountKind
    secret_hash: str
    totp_secret: bytes | None
    backup_hashes: frozenset[str]
    """Of the codes that are not used."""


@dataclass(frozen=True, slots=True)
class NoneYet:
    """The second factor has still to be set up: the password alone opens half a door."""


@dataclass(frozen=True, slots=True)
class Step:
    """A code of the app, by the half minute that it is of."""

    number: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A back-up code, by its hash."""

    code_hash: str


Factor = NoneYet | Step | Backup


def profile(session: Session, which: ColumnElement[bool]) -> Profile | None:
    found = session.execute(
        select(Account.id, Account.kind, Account.secret_hash, Account.totp_secret).where(which)
    ).one_or_none()
    if found is None:
        return None
    mine = BackupCode.account_id == found.id
    unused = session.scalars(select(BackupCode.code_hash).where(mine, BackupCode.used_at.is_(None)))
    return Profile(*found, frozenset(unused))


def examine_user(
    vault: Vault, user: Profile | None, password: str, code: str | None, now: datetime
) -> Factor | None:
    """The factor given, where it may be good and the password is right; the work is the same for nobody."""
    people = user is not None and user.kind is AccountKind.USER
    right = passwords.matches(password, user.secret_hash if user and people else None)
    if user is None or not right:
        return None
    if user.totp_secret is None:
        return NoneYet()
    return _factor(vault, user, code or "", now)


def _factor(vault: Vault, user: Profile, code: str, now: datetime) -> Factor | None:
    if not any(letter.isalpha() for letter in code):
        return step(vault, user, "".join(code.split()), now)
    code_hash = backup_hash(user.account_id, code)
    return Backup(code_hash) if code_hash in user.backup_hashes else None


def step(vault: Vault, account: Profile, code: str, now: datetime) -> Step | None:
    """The step of a code, where it is one of now."""
    if account.totp_secret is None:
        return None
    sealed_for = place(Account.totp_secret, account.account_id)
    secret = vault.open(account.totp_secret, sealed_for).decode()
    number = totp.step_of(secret, code, now)
    return None if number is None else Step(number)


def backup_hash(account_id: UUID, code: str) -> str:
    """One salt for all codes of an account, so that one is found by its hash."""
    letters = tokens.typed(code).encode("utf-8", "surrogatepass")
    return BACKUP_HASHER.hash(letters, salt=account_id.bytes)


def spend(
    session: Session, account: Profile, factor: Factor, now: datetime, *, despite_lock: bool
) -> bool:
    """Use it up: of fifty who give the same code at once, one.

    Refused as well where the account was locked, deactivated or given other secrets meanwhile.
    """
    holds = [
        Account.id == account.account_id,
        Account.secret_hash == account.secret_hash,
        Account.totp_secret.is_not_distinct_from(account.totp_secret),
        Account.deactivated_at.is_(None),
    ]
    values: dict[str, ColumnElement[int] | int] = {"failed_logins": Account.failed_logins + 0}
    if not despite_lock:
        holds.append(Account.locked_at.is_(None))
        values = {"failed_logins": 0}
    if isinstance(factor, Step):
        holds.append(Account.totp_step < factor.number)
        values["totp_step"] = factor.number
    changed = session.scalar(
        update(Account)
        .where(*holds)
        .values(values)
        .returning(Account.id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None and (
        not isinstance(factor, Backup) or _spend_backup(session, account, factor, now)
    )


def _spend_backup(session: Session, account: Profile, factor: Backup, now: datetime) -> bool:
    spent = session.scalar(
        update(BackupCode)
        .where(
            BackupCode.account_id == account.account_id,
            BackupCode.code_hash == factor.code_hash,
            BackupCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(BackupCode.id)
        .execution_options(synchronize_session=False)
    )
    return spent is not None
