"""A request that is sent again has one effect, and gets the first one's answer. Reliability §0 (E9), §3.5.

The key is the first thing that a transaction writes, and its answer the last: effect, key and answer
are committed together or not at all. Who sends the same at the same time waits for that commit. What
failed and was rolled back has left no key, so that a repetition is tried in earnest.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Row, delete, event, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.database import writing
from models.instants import database_now, from_now
from models.runs import IdempotencyKey
from scheduler.actor import Actor
from scheduler.refusals import Refusal, RefusedError

LONGEST_KEY = 255
KEPT = timedelta(days=7)
AT_ONCE = 1_000
"""Keys that are purged in one transaction: SQLite's writers wait for each other."""
LOCK_NOT_AVAILABLE = "55P03"

REUSED = "idempotency_key_reused"
IN_PROGRESS = "request_in_progress"
INVALID = "idempotency_key_invalid"


class Sealing(Protocol):
    """Authenticated encryption: what was sealed in one `context` does not open in another."""

    def seal(self, plaintext: bytes, context: str, /) -> bytes: ...

    def open(self, sealed: bytes, context: str, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Answered:
    """It was done before; this was the answer."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Fresh:
    """It is new: do it, and `answer`, in the same transaction."""

    answer: Callable[[int, bytes], None]
    """Keep status and body for whoever asks again. Without it the transaction does not commit."""


def once(
    session: Session, by: Actor, key: str, route: str, body: bytes, *, sealing: Sealing
) -> Fresh | Answered:
    """Whether this request is new; asked before all else in a transaction.

    Keys are an account's own. For another user the same account asks for something else.

    Raises:
        RefusedError: the key was used for another request, or its first request is still going on.
    """
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise RefusedError([Refusal(INVALID, {"longest": LONGEST_KEY})])
    if by.account_id is None:
        raise ValueError("only an account has keys")
    wanted = (by.account_id, key)
    hashed = hashlib.sha256(f"{by.on_behalf_of_id}\n".encode() + body).hexdigest()
    if _claimed(session, wanted, route, hashed):
        return _fresh(session, wanted, sealing)
    found = _known(session, wanted)
    if (found.route, found.body_hash) != (route, hashed):
        raise RefusedError([Refusal(REUSED)])
    if found.status is None or found.response is None:
        raise RefusedError([Refusal(IN_PROGRESS)])
    return Answered(found.status, sealing.open(found.response, _place(wanted)))


Wanted = tuple[UUID, str]
"""Whose key, and the key."""


def purge(engine: Engine, *, older_than: timedelta = KEPT) -> int:
    """Forget keys and answers of long ago; give how many."""
    old = (
        select(IdempotencyKey.account_id, IdempotencyKey.key)
        .where(IdempotencyKey.created_at < from_now(-older_than))
        .limit(AT_ONCE)
    )
    those = tuple_(IdempotencyKey.account_id, IdempotencyKey.key).in_(old)
    statement = delete(IdempotencyKey).where(those).returning(IdempotencyKey.account_id)
    purged = 0
    while True:
        with writing(engine) as session:
            gone = len(
                session.execute(statement, execution_options={"synchronize_session": False}).all()
            )
        purged += gone
        if gone < AT_ONCE:
            return purged


def _claimed(session: Session, wanted: Wanted, route: str, hashed: str) -> bool:
    """Write the key, unless it is there; where somebody is writing it, wait for how he ends."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    account_id, key = wanted
    new = (
        insert(IdempotencyKey)
        .values(
            account_id=account_id,
            key=key,
            route=route,
            body_hash=hashed,
            created_at=database_now(),
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    try:
        return session.scalar(new) is not None
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise RefusedError([Refusal(IN_PROGRESS)]) from error
        raise


def _known(session: Session, wanted: Wanted) -> Row[str, str, int | None, bytes | None]:
    return session.execute(
        select(
            IdempotencyKey.route,
            IdempotencyKey.body_hash,
            IdempotencyKey.status,
            IdempotencyKey.response,
        ).where(*_is(wanted))
    ).one()


def _fresh(session: Session, wanted: Wanted, sealing: Sealing) -> Fresh:
    answered = False

    def answer(status: int, body: bytes) -> None:
        nonlocal answered
        sealed = sealing.seal(body, _place(wanted))
        session.execute(
            update(IdempotencyKey).where(*_is(wanted)).values(status=status, response=sealed)
        )
        answered = True

    @event.listens_for(session, "before_commit")
    def refuse_without_answer(_: Session) -> None:
        # of a savepoint nothing is asked
        if not (answered or session.in_nested_transaction()):
            raise RuntimeError("a request with an idempotency key was done and not answered")

    return Fresh(answer)


def _is(wanted: Wanted) -> tuple[ColumnElement[bool], ...]:
    account_id, key = wanted
    return IdempotencyKey.account_id == account_id, IdempotencyKey.key == key


def _place(wanted: Wanted) -> str:
    """An answer opens in its own row only."""
    return f"idempotency_keys.response:{wanted[0]}:{wanted[1]}"
