"""Appointments that a change would leave without a place: told, and once confirmed, given up. Domain §3.

Confirmed, they are cancelled by the service: whoever was to come is told, and the requests wait to be
planned again. One that cannot be cancelled, as a no-show or one whose performance is released, stays
in the way: its own menu says why.

Of those that are not his to see, whoever asks hears the number alone. They stand in the way even if he
confirms: nobody touches what lies outside his part of the organisation (domain §8), and who cannot see
an appointment cannot judge whether it may go. Somebody who sees them all makes the change.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.appointments import AHEAD, Appointment, Party
from models.guards.agenda import DISTURBS
from scheduler.actor import Actor
from scheduler.announcing import in_portions
from scheduler.booking import cancel
from scheduler.booking.locks import Concerned
from scheduler.booking.standing import locked_as_seen
from scheduler.lifecycles import APPOINTMENTS, reasons_against, situations
from scheduler.refusals import Refusal, RefusedError

OTHERS = "disturbs_others"

Finding = Callable[[], Sequence[UUID]]
"""Looks for the appointments that are in the way, as things stand."""


@dataclass(frozen=True, slots=True, eq=False)
class Leave:
    """Whether planned appointments may go for a change.

    `seen`: the condition on those that whoever asks may see. `gone`: those that went, for the record.
    """

    confirmed: bool
    seen: ColumnElement[bool]
    gone: list[UUID] = field(default_factory=list)


def ahead(session: Session, *where: ColumnElement[bool]) -> Sequence[UUID]:
    """Appointments that are still to be held, drafts among them."""
    query = select(Appointment.id).where(Appointment.state.in_(AHEAD), *where)
    return session.scalars(query.order_by(Appointment.starts_at, Appointment.id)).all()


def under_locks(session: Session, find: Finding, also: Concerned) -> Sequence[UUID]:
    """What is found once all that it is about, and `also`, is locked."""
    while True:
        before = find()
        with session.begin_nested() as attempt:
            as_seen = locked_as_seen(session, before, also)
            found = find()
            if as_seen is not None and set(found) <= set(before):
                return found
            # planned or moved meanwhile: the locks are given back, so that all are taken in their order
            attempt.rollback()


def refusals(session: Session, found: Collection[UUID], leave: Leave) -> list[Refusal]:
    """Against the change: these would be in its way, or may not even be cancelled."""
    if not found:
        return []
    seen = _seen(session, found, leave)
    others = len(found) - len(seen)
    if not leave.confirmed:
        told = {"appointments": seen, "count": len(found), "others": others}
        return [Refusal(DISTURBS, told)]
    if others:
        return [Refusal(OTHERS, {"others": others})]
    stands = situations(session, APPOINTMENTS, found)
    return [
        Refusal(reason.code, {**reason.params, "id": key})
        for key in found
        for reason in reasons_against(APPOINTMENTS, "cancel", stands[key])
    ]


def _seen(session: Session, found: Collection[UUID], leave: Leave) -> tuple[UUID, ...]:
    query = select(Appointment.id).where(leave.seen)
    seen: set[UUID] = set()
    for portion in in_portions(found):
        seen.update(session.scalars(query.where(Appointment.id.in_(portion))))
    return tuple(key for key in found if key in seen)


def give_up(
    session: Session, found: Sequence[UUID], leave: Leave, reason: str, *, by: Actor, now: datetime
) -> None:
    """They go, by the service, and their history says why; their requests are open again."""
    for key in found:
        cancel(session, key, party=Party.SERVICE, reason=reason, by=by, now=now)
    leave.gone.extend(found)


@dataclass(frozen=True, slots=True)
class Way:
    """What a change is about: the appointments in its way, what else it locks, and what their history says."""

    find: Finding
    also: Concerned
    reason: str


def make_way(session: Session, way: Way, leave: Leave, *, by: Actor, now: datetime) -> None:
    """All of it, for a change that nothing else speaks against.

    Raises:
        RefusedError: there are some, and nobody confirmed that they go; or one of them cannot.
    """
    found = under_locks(session, way.find, way.also)
    against = refusals(session, found, leave)
    if against:
        raise RefusedError(against)
    give_up(session, found, leave, way.reason, by=by, now=now)
