"""Wishes become requests: one, or ten thousand. What the rules refuse is told, with every reason. Domain §3."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import Base
from models.base import new_id
from models.requests import RequestLocation
from scheduler.actor import Actor
from scheduler.booking.locks import Concerned, lock
from scheduler.guarded import refusal_code
from scheduler.intake.known import Known, known
from scheduler.intake.rules import Question, judge
from scheduler.intake.wishes import First, May, Wish
from scheduler.lifecycles import REQUESTS, begin
from scheduler.refusals import Refusal

LOCATIONS = Base.metadata.tables[RequestLocation.__tablename__]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a wish: its request, or every reason against it."""

    request_id: UUID | None
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class _Allowed:
    number: int
    id: UUID
    wish: Wish


def make(
    session: Session, wishes: Sequence[Wish], first: First, *, may: May, by: Actor, now: datetime
) -> list[Outcome]:
    """Make a request of each wish that the rules allow; those before it are there already."""
    lock(session, Concerned(employees={wish.employee_id for wish in wishes}))
    facts = known(session, wishes, now=now, sees=may.sees)
    judged = judge([Question(wish, may, first == First.PLACED) for wish in wishes], facts)
    outcomes = [Outcome(None, refusals) for refusals in judged]
    allowed = [
        _Allowed(number, new_id(), wish)
        for number, wish in enumerate(wishes)
        if not outcomes[number].refusals
    ]
    event = _event(first, may)
    refused = _write(session, allowed, facts, event=event, by=by, now=now)
    for one in allowed:
        code = refused.get(one.id)
        outcomes[one.number] = Outcome(None, (Refusal(code),)) if code else Outcome(one.id)
    return outcomes


def _event(first: First, may: May) -> str:
    """`approval`: who may not place one, submits it. Domain §3."""
    if first == First.DRAFT:
        return "draft"
    return "open" if may.place else "submit"


def _write(
    session: Session,
    allowed: Sequence[_Allowed],
    facts: Known,
    *,
    event: str,
    by: Actor,
    now: datetime,
) -> dict[UUID, str]:
    """Write them all together; where the database refuses, half and half, to find out which: those, by code."""
    if not allowed:
        return {}
    try:
        with session.begin_nested():
            rows = [_row(one, facts, now) for one in allowed]
            begin(session, REQUESTS, rows, event=event, by=by, at=now)
            write_locations(session, {one.id: one.wish for one in allowed})
    except DBAPIError as error:
        code = refusal_code(error)
        if code is None:
            raise
        if len(allowed) == 1:
            return {allowed[0].id: code}
    else:
        return {}
    middle = len(allowed) // 2
    refused = _write(session, allowed[:middle], facts, event=event, by=by, now=now)
    return refused | _write(session, allowed[middle:], facts, event=event, by=by, now=now)


def _row(one: _Allowed, facts: Known, now: datetime) -> dict[str, object]:
    return {"id": one.id, "created_at": now, **columns(one.wish, facts)}


def columns(wish: Wish, facts: Known) -> dict[str, object]:
    """With what was left out as the type has it, or as it is today."""
    kind = facts.types[wish.consultation_type_id]
    left_out = {
        "duration": kind.duration,
        "buffer": kind.buffer,
        "modality": kind.modality,
        "requested_on": facts.today,
    }
    return {
        name: left_out[name] if value is None and name in left_out else value
        for name, value in wish.columns.items()
    }


def write_locations(session: Session, wishes: dict[UUID, Wish]) -> None:
    rows = [
        {"request_id": key, "location_id": location}
        for key, wish in wishes.items()
        for location in sorted(wish.location_ids)
    ]
    if rows:
        session.execute(insert(LOCATIONS), rows)
