"""Who relays an event: one at a time, for as long as he said, and after its predecessors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from models.instants import database_now, from_now
from models.outbox import Event
from scheduler.relay.subscriber import Heard

QUIETLY = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Claim:
    """An event that is ours as long as its token is; the token counts how often it was taken on."""

    event: Heard
    token: int


def claim(session: Session, most: int, lease: timedelta) -> list[Claim]:
    """Take on events that are nobody's, the oldest first: of each subject the first that is left.

    On PostgreSQL what another is claiming at this moment is passed over; on SQLite he is waited for.
    """
    waiting = aliased(Event)
    # a value and no EXISTS, of which PostgreSQL makes a join of all that wait with all that wait
    next_in_line = (
        select(func.min(waiting.sequence))
        .where(waiting.subject_id == Event.subject_id, waiting.relayed_at.is_(None))
        .scalar_subquery()
    )
    free = (
        select(Event.id)
        .where(
            Event.relayed_at.is_(None),
            or_(Event.claimed_until.is_(None), Event.claimed_until <= database_now()),
            Event.sequence == next_in_line,
        )
        .order_by(Event.at, Event.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    keys = session.scalars(free).all()
    if not keys:
        return []
    taken = (
        update(Event)
        .where(Event.id.in_(keys))
        .values(token=Event.token + 1, claimed_until=from_now(lease))
        .returning(
            Event.token,
            Event.id,
            Event.topic,
            Event.subject,
            Event.subject_id,
            Event.sequence,
            Event.at,
            Event.facts,
            Event.caused_by_id,
        )
    )
    rows = session.execute(taken, execution_options=QUIETLY)
    claims = [Claim(Heard(*event), token) for token, *event in rows]
    return sorted(claims, key=lambda claim: (claim.event.at, claim.event.id))


def finish(session: Session, claims: Sequence[Claim]) -> list[Claim]:
    """Mark as relayed those that are still ours, and give them: of the others nothing may be written."""
    done = (
        update(Event)
        .where(*_ours(claims), Event.claimed_until > database_now())
        .values(relayed_at=database_now())
        .returning(Event.id)
    )
    ours: set[UUID] = set(session.scalars(done, execution_options=QUIETLY))
    return [claim for claim in claims if claim.event.id in ours]


def put_off(session: Session, claims: Sequence[Claim], pause: timedelta) -> None:
    """Let nobody try these again before the pause is over."""
    later = update(Event).where(*_ours(claims)).values(claimed_until=from_now(pause))
    session.execute(later, execution_options=QUIETLY)


def _ours(claims: Iterable[Claim]) -> tuple[ColumnElement[bool], ...]:
    held = [(claim.event.id, claim.token) for claim in claims]
    return tuple_(Event.id, Event.token).in_(held), Event.relayed_at.is_(None)
