"""The programs' door: OAuth2 client credentials, the code after the secret [000 §4.1.1]; and acting for users.

The secret is 256 random bits, which nobody guesses: a wrong one locks nobody, or whoever knows a
program's name could stop it. Whoever has the secret and guesses the code locks it after five.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session as Transaction

from models.access import Account, AccountKind
from models.database import reading, writing
from scheduler.access import lockout, tokens
from scheduler.access.caller import Caller
from scheduler.access.credentials import Profile, profile, spend, step
from scheduler.access.denied import TooManyAttemptsError, forbidden, not_let_in
from scheduler.access.logins import as_login
from scheduler.access.sessions import Opened, open_session
from scheduler.access.standing import may_impersonate, standing_of
from scheduler.access.vault import Vault

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a program gives: its name, and its secret with the code of this half minute behind it."""

    client_id: str
    client_secret: str = field(repr=False)
    network: str


def issue_token(engine: Engine, vault: Vault, given: Credentials, now: datetime) -> Opened:
    """A token for a quarter of an hour.

    Raises:
        UnauthenticatedError: unknown, wrong, used before, locked, deactivated, no program: one answer.
        TooManyAttemptsError: too much was guessed from that network.
    """
    with reading(engine) as session:
        wait = lockout.wait(session, given.network, now)
        program = _program(session, given.client_id)
    if wait is not None:
        raise TooManyAttemptsError(wait)
    known = _is_secret_of(program, given.client_secret[:-DIGITS])
    with writing(engine) as session:
        outcome = _settle(session, vault, program if known else None, given, now)
    if isinstance(outcome, timedelta):
        raise TooManyAttemptsError(outcome)
    if outcome is None:
        raise not_let_in(program.account_id if program else None, right=known)
    return outcome


def _program(session: Transaction, client_id: str) -> Profile | None:
    login = as_login(client_id)
    found = None if login is None else profile(session, Account.login == login)
    return found if found is not None and found.kind is AccountKind.API else None


def _is_secret_of(program: Profile | None, secret: str) -> bool:
    nobodys = tokens.digest("")
    known = program.secret_hash if program else nobodys
    return hmac.compare_digest(known, tokens.digest(secret)) and program is not None


def _settle(
    session: Transaction, vault: Vault, program: Profile | None, given: Credentials, now: datetime
) -> Opened | timedelta | None:
    """Open a session, or count what was wrong; or the time that the network has to wait."""
    wait = lockout.wait(session, given.network, now)
    if wait is not None:
        return wait
    factor = step(vault, program, given.client_secret[-DIGITS:], now) if program else None
    if program and factor and spend(session, program, factor, now, despite_lock=False):
        account = session.get_one(Account, program.account_id)
        return open_session(session, account, now)
    if program and factor is None:
        lockout.count_for_account(session, program.account_id, now)
    lockout.count_for_network(session, given.network, now)
    return None


def impersonate(session: Transaction, caller: Caller, login: str, now: datetime) -> Opened:
    """A token with which a program acts for a user (RFC 8693): no more than either of them may.

    Raises:
        ForbiddenError: not for that user, whatever the reason; not for somebody whom it acts for already.
    """
    plain = as_login(login)
    user_id = (
        None if plain is None else session.scalar(select(Account.id).where(Account.login == plain))
    )
    program = caller.account_id and standing_of(session, caller.account_id)
    user = user_id and standing_of(session, user_id)
    chained = caller.on_behalf_of_id is not None
    if not program or not user or chained or not may_impersonate(program, user):
        raise forbidden("impersonation_not_allowed")
    return open_session(session, program.account, now, on_behalf_of_id=user.account.id)
