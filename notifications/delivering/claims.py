"""Who delivers what: one worker at a time, for as long as he said; and how it ended, by him alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.base import Code, new_id
from models.instants import database_now, from_now
from models.outbox import Delivery, DeliveryAttempt, DeliveryState, Event
from notifications.delivering.channel import Channel, Due, Outcome, Parcel
from notifications.delivering.terms import Terms

QUIETLY = {"synchronize_session": False}
IN_VIEW = 50
"""Of a lane's deliveries that are due, the first so many are looked at for some that may go."""


class Lost(Code):
    """What became of an attempt that nobody finished."""

    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours as long as its token is. `attempt`: its row; `number`: which one of the round."""

    delivery_id: UUID
    token: int
    attempt_id: UUID
    number: int
    parcel: Parcel


def claim(session: Session, channel: Channel, most: int, terms: Terms) -> list[Claim]:
    """Take on deliveries that are due and nobody's, and judge each as things stand now.

    An attempt counts from here on: a worker that dies in it has made it, and there are never more
    than the table allows. What its end would have been is not known, so the next one need not wait.
    """
    claims: list[Claim] = []
    for lane in session.scalars(_lanes(channel).limit(most)).all():
        # counted again, now that nobody else takes on anything there
        under_way = session.scalar(_under_way().where(_lane(channel) == lane)) or 0
        free = min(most - len(claims), channel.at_once - under_way)
        if free > 0:
            due = [
                Due(delivery, event, lane)
                for delivery, event in session.execute(_next(channel, lane).limit(free))
            ]
            claims += _taken(session, channel, due, terms)
        if len(claims) >= most:
            break
    session.flush()
    return claims


def finish(session: Session, claim: Claim, outcome: Outcome, took: timedelta, terms: Terms) -> bool:
    """Write how it ended, and when it is tried again; whether it was still ours to say."""
    session.execute(
        update(DeliveryAttempt)
        .where(DeliveryAttempt.id == claim.attempt_id)
        .values(
            status=outcome.status,
            error=outcome.error,
            milliseconds=took // timedelta(milliseconds=1),
        ),
        execution_options=QUIETLY,
    )
    ended: dict[str, Any] = {
        "claimed_until": None,
        "last_status": outcome.status,
        "last_error": outcome.error,
    }
    if outcome.error is None:
        ended["state"] = DeliveryState.SENT
    else:
        pause = terms.pause(claim.number, outcome.wish)
        ended |= {"state": DeliveryState.FAILED} if pause is None else {"due_at": from_now(pause)}
    done = session.scalar(
        update(Delivery)
        .where(
            Delivery.id == claim.delivery_id,
            Delivery.token == claim.token,
            Delivery.state == DeliveryState.DUE,
        )
        .values(ended)
        .returning(Delivery.id),
        execution_options=QUIETLY,
    )
    return done is not None


# --- What may go ----------------------------------------------------------------------------------------


def _lane(channel: Channel) -> ColumnElement[UUID | None]:
    column: ColumnElement[UUID | None] = getattr(Delivery, channel.lane)
    return column


def _is_due() -> ColumnElement[bool]:
    return and_(
        Delivery.state == DeliveryState.DUE,
        Delivery.due_at <= database_now(),
        or_(Delivery.claimed_until.is_(None), Delivery.claimed_until <= database_now()),
    )


def open_lanes(channel: Channel) -> Select[UUID]:
    """Those with something due, and room for it."""
    waits = select(Delivery.id).where(_lane(channel) == channel.lanes.id, _is_due()).exists()
    under_way = _under_way().where(_lane(channel) == channel.lanes.id).scalar_subquery()
    return select(channel.lanes.id).where(waits, under_way < channel.at_once)


def _lanes(channel: Channel) -> Select[UUID]:
    """The same, each locked; by chance, so that nobody is always the last one."""
    return (
        open_lanes(channel)
        .order_by(func.random())
        .with_for_update(skip_locked=True, key_share=True)
    )


def _under_way() -> Select[int]:
    return (
        select(func.count())
        .select_from(Delivery)
        .where(
            Delivery.state == DeliveryState.DUE,
            Delivery.claimed_until > database_now(),
        )
    )


def _next(channel: Channel, lane: UUID) -> Select[Delivery, Event]:
    """The oldest of a lane, without those behind another of the same subject that was not tried yet, or is under way.

    One that failed and waits holds up nothing: it may do so for a day and a half. So the order is what
    there is at first, and the sequence in the body says it for certain.
    """
    first = (
        select(Delivery.id)
        .where(_lane(channel) == lane, _is_due())
        .order_by(Delivery.due_at, Delivery.id)
        .limit(IN_VIEW)
    )
    before, earlier = aliased(Delivery), aliased(Event)
    its_lane = getattr(before, channel.lane)
    in_the_way = (
        select(before.id)
        .join(earlier, earlier.id == before.event_id)
        .where(
            earlier.subject_id == Event.subject_id,
            earlier.sequence < Event.sequence,
            its_lane == lane,
            before.state == DeliveryState.DUE,
            or_(
                before.claimed_until > database_now(),
                and_(before.attempts == 0, before.due_at <= Delivery.due_at),
            ),
        )
    )
    return (
        select(Delivery, Event)
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.id.in_(first), ~in_the_way.exists())
        .order_by(Delivery.due_at, Event.sequence, Delivery.id)
        .with_for_update(of=Delivery, skip_locked=True)
    )


# --- Taking on ------------------------------------------------------------------------------------------


def _taken(session: Session, channel: Channel, due: Sequence[Due], terms: Terms) -> Iterator[Claim]:
    for one, verdict in zip(due, channel.judge(session, due), strict=True):
        delivery = one.delivery
        if delivery.claimed_until is not None:
            _interrupted(session, delivery)
        if isinstance(verdict, DeliveryState):
            _ended(session, delivery, verdict)
        elif delivery.attempts >= terms.attempts:
            _ended(session, delivery, DeliveryState.FAILED)
        else:
            yield _begun(session, delivery, verdict, terms)


def _begun(session: Session, delivery: Delivery, parcel: Parcel, terms: Terms) -> Claim:
    number, token = delivery.attempts + 1, delivery.token + 1
    attempt = DeliveryAttempt(
        id=new_id(),
        delivery_id=delivery.id,
        round=delivery.round,
        number=number,
        at=database_now(),
    )
    session.add(attempt)
    _set(
        session,
        delivery,
        token=token,
        attempts=number,
        body=parcel.body,
        claimed_until=from_now(terms.lease),
    )
    return Claim(delivery.id, token, attempt.id, number, parcel)


def _ended(session: Session, delivery: Delivery, state: DeliveryState) -> None:
    """Without another attempt."""
    _set(session, delivery, state=state, claimed_until=None)


def _interrupted(session: Session, delivery: Delivery) -> None:
    """Whoever had it last never said how it ended."""
    _set(session, delivery, last_status=None, last_error=Lost.INTERRUPTED)
    session.execute(
        update(DeliveryAttempt)
        .where(
            DeliveryAttempt.delivery_id == delivery.id,
            DeliveryAttempt.milliseconds.is_(None),
        )
        .values(error=Lost.INTERRUPTED),
        execution_options=QUIETLY,
    )


def _set(session: Session, delivery: Delivery, **values: Any) -> None:  # noqa: ANN401 (of any column)
    """The row is locked, and no attribute of it read again."""
    one = update(Delivery).where(Delivery.id == delivery.id).values(values)
    session.execute(one, execution_options=QUIETLY)
