"""The people's door: name, password and second factor, all at once. Domain §8, reliability §3.9 (P11, T11-T13).

Whatever is wrong, the answer is one and the same, and so is the work. What was wrong is counted, and
so has to be committed: these commands take the engine, and raise after their transaction.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session as Transaction

from models.access import Account, AccountKind, Session
from models.database import reading, writing
from scheduler.access import devices, lockout
from scheduler.access.caller import Caller, Pending
from scheduler.access.credentials import Factor, NoneYet, Profile, examine_user, profile, spend
from scheduler.access.denied import TooManyAttemptsError, not_let_in
from scheduler.access.logins import as_login
from scheduler.access.sessions import Opened, open_session
from scheduler.access.standing import standing_of
from scheduler.access.vault import Vault


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody gives at the door. `device`: the token that this browser was given the last time."""

    login: str
    password: str = field(repr=False)
    second_factor: str | None = field(repr=False)
    network: str
    device: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """He is in; where something is pending, for that only. `device`: to be kept by a browser that is new."""

    opened: Opened
    pending: frozenset[Pending]
    device: str | None = field(repr=False)


def log_in(engine: Engine, vault: Vault, attempt: Attempt, now: datetime) -> Entry:
    """Let somebody in who gives all that is asked.

    Raises:
        UnauthenticatedError: unknown, wrong, used before, locked, deactivated, no user: one answer.
        TooManyAttemptsError: too much was guessed from that network.
    """
    with reading(engine) as session:
        account = _meet(session, attempt, now)
    factor = examine_user(vault, account, attempt.password, attempt.second_factor, now)
    with writing(engine) as session:
        outcome = _settle(session, account, factor, attempt, now)
    if isinstance(outcome, timedelta):
        raise TooManyAttemptsError(outcome)
    if outcome is None:
        account_id = account.account_id if account else None
        raise not_let_in(account_id, right=factor is not None)
    return outcome


def prove(
    engine: Engine,
    vault: Vault,
    caller: Caller,
    password: str,
    second_factor: str | None,
    *,
    now: datetime,
) -> None:
    """Show once more that it is he, before he changes his own secrets; a wrong try counts like any other.

    Raises:
        ForbiddenError: he acts for another.
        UnauthenticatedError: it is not.
    """
    caller.require_own_hands()
    with reading(engine) as session:
        account = profile(session, Account.id == caller.account_id)
    factor = examine_user(vault, account, password, second_factor, now)
    with writing(engine) as session:
        proved = account is not None and _proved(session, account, factor, now)
        if proved:
            mine = update(Session).where(Session.id == caller.session_id)
            session.execute(mine.values(proved_at=now))
    if not proved:
        raise not_let_in(caller.account_id, right=factor is not None)


def _proved(session: Transaction, account: Profile, factor: Factor | None, now: datetime) -> bool:
    if factor is None:
        lockout.count_for_account(session, account.account_id, now)
        return False
    return spend(session, account, factor, now, despite_lock=False)


def _meet(session: Transaction, attempt: Attempt, now: datetime) -> Profile | None:
    """The user of that login, unless the network has to wait."""
    login = as_login(attempt.login)
    account = None if login is None else profile(session, Account.login == login)
    if account is not None and account.kind is not AccountKind.USER:
        account = None
    device_id = _known_device(session, account, attempt, now)
    wait = lockout.wait(session, attempt.network, now)
    if wait is not None and device_id is None:
        raise TooManyAttemptsError(wait)
    return account


def _known_device(
    session: Transaction, account: Profile | None, attempt: Attempt, now: datetime
) -> UUID | None:
    if account is None:
        return None
    return devices.known_device(session, account.account_id, attempt.device, now)


def _settle(
    session: Transaction,
    account: Profile | None,
    factor: Factor | None,
    attempt: Attempt,
    now: datetime,
) -> Entry | timedelta | None:
    """Open a session, or count what was wrong; or the time that the network has to wait."""
    device_id = _known_device(session, account, attempt, now)  # it may be a stranger by now
    wait = None if device_id else lockout.wait(session, attempt.network, now)
    if wait is not None:
        return wait
    if account is not None and factor is not None:
        if spend(session, account, factor, now, despite_lock=device_id is not None):
            return _enter(session, account, device_id, factor, now)
        # the right code a second time, or at a locked door: that is no guess
        lockout.count_for_network(session, attempt.network, now)
        return None
    if device_id is not None:
        lockout.count_for_device(session, device_id)
        return None
    if account is not None:
        lockout.count_for_account(session, account.account_id, now)
    lockout.count_for_network(session, attempt.network, now)
    return None


def _enter(
    session: Transaction,
    account: Profile,
    device_id: UUID | None,
    factor: Factor,
    now: datetime,
) -> Entry:
    standing = standing_of(session, account.account_id)
    if standing is None:
        raise LookupError(account.account_id)
    opened = open_session(session, standing.account, now)
    # half a door makes no friends: whoever has only the password is not known yet
    settled = not isinstance(factor, NoneYet)
    device = devices.welcome(session, account.account_id, device_id, now) if settled else None
    return Entry(opened, standing.pending, device)
