"""Appointments that a change would leave without a place: told, and once confirmed, given up. Domain §3.

Confirmed, they are cancelled by the service: whoever was to come is told, and the requests wait to be
planned again. One that cannot be cancelled, as a no-show or one whose performance is released, stays
in the way: its own menu says why.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.appointments import AHEAD, Appointment, Party
from models.guards.agenda import DISTURBS
from scheduler.actor import Actor
from scheduler.booking import cancel
from scheduler.booking.locks import Concerned
from scheduler.booking.standing import locked
from scheduler.lifecycles import APPOINTMENTS, reasons_against, situations
from scheduler.refusals import Refusal, RefusedError

Finding = Callable[[], Sequence[UUID]]
"""Looks for the appointments that are in the way, as things stand."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether planned appointments may go for a change, and what their history says about why."""

    confirmed: bool
    reason: str


def ahead(session: Session, *where: ColumnElement[bool]) -> Sequence[UUID]:
    """Appointments that are still to be held, drafts among them."""
    query = select(Appointment.id).where(Appointment.state.in_(AHEAD), *where)
    return session.scalars(query.order_by(Appointment.starts_at, Appointment.id)).all()


def under_locks(session: Session, find: Finding, also: Concerned) -> Sequence[UUID]:
    """What is found once all that it is about, and `also`, is locked."""
    while True:
        before = find()
        with session.begin_nested() as attempt:
            locked(session, before, also)
            found = find()
            if set(found) <= set(before):
                return found
            # planned meanwhile: the locks are given back, so that all are taken in their order
            attempt.rollback()


def refusals(session: Session, found: Collection[UUID], leave: Leave) -> list[Refusal]:
    """Against the change: these would be in its way, or may not even be cancelled."""
    if not found:
        return []
    if not leave.confirmed:
        return [Refusal(DISTURBS, {"appointments": tuple(found), "count": len(found)})]
    stands = situations(session, APPOINTMENTS, found)
    return [
        Refusal(reason.code, {**reason.params, "id": key})
        for key in found
        for reason in reasons_against(APPOINTMENTS, "cancel", stands[key])
    ]


def give_up(
    session: Session, found: Sequence[UUID], leave: Leave, *, by: Actor, now: datetime
) -> None:
    """They go, by the service; their requests are open again."""
    for key in found:
        cancel(session, key, party=Party.SERVICE, reason=leave.reason, by=by, now=now)


def make_way(
    session: Session, find: Finding, also: Concerned, leave: Leave, *, by: Actor, now: datetime
) -> Sequence[UUID]:
    """All of it, for a change that nothing else speaks against: the appointments that went.

    Raises:
        RefusedError: there are some, and nobody confirmed that they go; or one of them cannot.
    """
    found = under_locks(session, find, also)
    against = refusals(session, found, leave)
    if against:
        raise RefusedError(against)
    give_up(session, found, leave, by=by, now=now)
    return found
