"""Performances that follow their appointment: to another day, to another type, and back to held. Domain §5.

The appointment goes first, under its locks; these are the steps of what hangs on it.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.billing import PerformanceState
from scheduler.actor import Actor
from scheduler.lifecycles import PERFORMANCES, Step, advance
from scheduler.performing.prices import Wanted, unpriced
from scheduler.performing.standing import PerformanceRow, performances
from scheduler.refusals import Refusal

MOVABLE = frozenset({PerformanceState.HELD, PerformanceState.RELEASED})


def hold_again(
    session: Session, appointments: Collection[UUID], *, by: Actor, at: datetime
) -> None:
    """What was released for these appointments is held: it gets onto no invoice."""
    those = performances(session, appointments)
    released = [
        one for each in those.values() for one in each
        if one.counts and one.state is PerformanceState.RELEASED
    ]  # fmt: skip
    _advance(session, released, "hold_again", {}, by=by, at=at)


def without_price_on(
    session: Session, days: Mapping[UUID, date]
) -> dict[UUID, tuple[Refusal, ...]]:
    """Of the appointments that are to go to these days: what was released and has no price then."""
    going = {
        one: Wanted(one.employer_id, one.performance_type_id, day)
        for day, one in _going(session, days)
        if one.state is PerformanceState.RELEASED
    }
    missing = unpriced(session, list(going.values()))
    refused: dict[UUID, tuple[Refusal, ...]] = {}
    for one, wanted in going.items():
        if wanted in missing:
            refused[one.appointment_id] = (
                *refused.get(one.appointment_id, ()),
                missing[wanted],
            )
    return refused


def follow_day(session: Session, days: Mapping[UUID, date], *, by: Actor, at: datetime) -> None:
    """The performances of these appointments move to the new day, and so to the price of that day."""
    for day, one in _going(session, days):
        _advance(session, [one], "move", {"performed_on": day}, by=by, at=at)


def follow_type(
    session: Session,
    appointment: UUID,
    performance_type: UUID | None,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """What completing wrote takes the type that completing would write now.

    It stays as it is where it would write nothing, or what it would write is there already.
    """
    held = [
        one
        for one in performances(session, [appointment])[appointment]
        if one.counts and one.state is PerformanceState.HELD
    ]
    if performance_type is None or any(one.performance_type_id == performance_type for one in held):
        return
    written = [one for one in held if one.by_completing][:1]
    _advance(session, written, "edit", {"performance_type_id": performance_type}, by=by, at=at)


def _going(session: Session, days: Mapping[UUID, date]) -> Iterable[tuple[date, PerformanceRow]]:
    those = performances(session, days)
    for appointment, day in days.items():
        for one in those[appointment]:
            if one.counts and one.state in MOVABLE and one.performed_on != day:
                yield day, one


def _advance(
    session: Session,
    rows: Iterable[PerformanceRow],
    event: str,
    values: Mapping[str, object],
    *,
    by: Actor,
    at: datetime,
) -> None:
    steps = [
        Step(
            one.id,
            one.version,
            one.state,
            event,
            values,
            before={name: getattr(one, name) for name in values} or None,
        )
        for one in rows
    ]
    advance(session, PERFORMANCES, steps, by=by, at=at)
