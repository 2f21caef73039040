"""Accounts to log in with, callers to call with, and many of them at once."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import pyotp
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from models import database
from models.access import Account, AccountKind, Group, GroupScope, Role, RoleRight
from models.base import new_id
from models.outbox import Event
from scheduler.access import Caller, Right, passwords, tokens, totp
from scheduler.access.door import Attempt
from scheduler.access.sessions import identify, open_session
from scheduler.access.vault import Vault, place
from scheduler.refusals import RefusedError

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
VAULT = Vault(b"k" * 32)
PASSWORD = "seven purple lorries"  # noqa: S105 (nobody's)
PASSWORD_HASH = passwords.hashed(PASSWORD)
CLIENTS = 50

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Person:
    """An account and what only its owner knows."""

    id: UUID
    login: str
    codes: str
    secret: str
    group_id: UUID
    role_id: UUID

    def code(self, now: datetime) -> str:
        return pyotp.TOTP(self.codes).at(now)

    def attempt(self, now: datetime, **changes: Any) -> Attempt:
        """Everything right, from a network of its own, unless it is changed."""
        plain = {
            "login": self.login,
            "password": self.secret,
            "second_factor": self.code(now),
            "network": new_id().hex,
        }
        return Attempt(**(plain | changes))


def a_role(session: Session, rights: Iterable[Right] = (), *, everything: bool = False) -> UUID:
    role = Role(id=new_id(), name=new_id().hex, everything=everything)
    session.add(role)
    session.flush()
    rows = [{"role_id": role.id, "right": right.value} for right in rights]
    if rows:
        session.execute(insert(RoleRight), rows)
    return role.id


def a_group(session: Session, *, everybody: bool = False, **reaches: UUID) -> UUID:
    group = Group(id=new_id(), name=new_id().hex, everybody=everybody)
    session.add(group)
    session.flush()
    session.add_all(GroupScope(group_id=group.id, **{name: key}) for name, key in reaches.items())
    session.flush()
    return group.id


def an_account(session: Session, **changes: Any) -> Person:
    """A user with a password and a second factor, or a program, that may nothing unless it is said."""
    key, codes = new_id(), totp.new_secret()
    is_program = changes.get("kind") is AccountKind.API
    secret = tokens.new_token() if is_program else PASSWORD
    plain = {
        "id": key,
        "kind": AccountKind.USER,
        "login": key.hex,
        "name": "Somebody 1",
        "secret_hash": tokens.digest(secret) if is_program else PASSWORD_HASH,
        "totp_secret": VAULT.seal(codes.encode(), place(Account.totp_secret, key)),
    }
    account = Account(**(plain | changes))
    account.role_id = changes.get("role_id") or a_role(session)
    account.group_id = changes.get("group_id") or a_group(session)
    session.add(account)
    session.flush()
    return Person(key, account.login, codes, secret, account.group_id, account.role_id)


def a_super_administrator(session: Session) -> Person:
    return an_account(
        session,
        role_id=a_role(session, everything=True),
        group_id=a_group(session, everybody=True),
    )


def calling(session: Session, account_id: UUID, now: datetime = NOW) -> Caller:
    """The account, as somebody who has just logged in."""
    opened = open_session(session, session.get_one(Account, account_id), now)
    return identify(session, opened.token, now).caller


def with_rights(session: Session, *rights: Right, **changes: Any) -> Caller:
    """Somebody new who may just this, for everybody unless it is said."""
    changes.setdefault("group_id", a_group(session, everybody=True))
    return calling(session, an_account(session, role_id=a_role(session, rights), **changes).id)


def account(engine: Engine, key: UUID) -> Account:
    with database.reading(engine) as session:
        return session.get_one(Account, key)


def topics(session: Session, account_id: UUID) -> list[str]:
    """What the account's owner was told."""
    told = select(Event.topic).where(Event.subject_id == account_id).order_by(Event.sequence)
    return list(session.scalars(told))


def codes_of(error: RefusedError) -> list[str]:
    return [refusal.code for refusal in error.refusals]


def at_once(
    engine: Engine, act: Callable[[Engine], Answer], clients: int = CLIENTS
) -> list[Answer]:
    """Let so many do it at the same moment, each by a connection of his own."""
    own = database.engine(engine.url.render_as_string(hide_password=False), poolclass=NullPool)
    ready = threading.Barrier(clients)

    def client(_: int) -> Answer:
        ready.wait()
        while True:
            try:
                return act(own)
            except OperationalError:
                continue  # the database is too busy for now: whoever is told so tries again

    try:
        with ThreadPoolExecutor(clients) as pool:
            return list(pool.map(client, range(clients)))
    finally:
        own.dispose()


def outcome(act: Callable[[], object]) -> str:
    """The code of the refusal; "in" where there is none."""
    try:
        act()
    except RefusedError as error:
        return codes_of(error)[0]
    return "in"
