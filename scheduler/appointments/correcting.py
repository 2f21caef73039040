"""A no-show was none: all is as it was at the original consultation. Domain §5 [000 §3.1.14.1]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.appointments import AHEAD, Appointment, NoShow, Party
from models.consultations import ConsultationType
from models.requests import AppointmentRequest, RequestState
from scheduler.actor import Actor
from scheduler.appointments.originals import restore_overrides, restoring
from scheduler.appointments.standing import refuse, refuse_unless_offered
from scheduler.booking import cancel
from scheduler.booking.locks import Concerned
from scheduler.booking.standing import days, locked, unchanged
from scheduler.guarded import guarded
from scheduler.lifecycles import (
    APPOINTMENTS,
    PERFORMANCES,
    REQUESTS,
    OutdatedError,
    Step,
    advance,
)
from scheduler.performing import follow_day, follow_type
from scheduler.refusals import Refusal
from scheduler.reminders import remind

FOLLOW_UP_PLANNED = "follow_up_planned"

MESSAGES: Mapping[str, str] = {
    FOLLOW_UP_PLANNED: "the employee has been called again, and that appointment would be cancelled"
}

REASON = "the no-show was corrected"


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What followed from the no-show and is no more: the request that was open, the appointments for it."""

    request_id: UUID | None
    appointments: tuple[UUID, ...]


def correct_no_show(
    session: Session,
    appointment_id: UUID,
    *,
    by: Actor,
    now: datetime,
    cancel_follow_up: bool = False,
    version: int | None = None,
) -> TakenBack:
    """Appointment, performances and request are again what they were, column by column.

    The request by which the employee was called again is withdrawn; `cancel_follow_up`: its appointment
    is cancelled first, where it has one. One that was held stays.

    Raises:
        RefusedError: its state does not allow it; the follow-up has been planned, and nobody confirmed;
            or its old place has been taken.
        NoSuchAppointmentError: there is none.
        OutdatedError: its version, or its follow-up, is another by now.
    """
    seen = follow_up(session, appointment_id)
    appointments = locked(
        session,
        [appointment_id, *seen.appointments],
        _original_place(session, appointment_id, seen.request_id),
    )
    if follow_up(session, appointment_id) != seen:
        raise OutdatedError(APPOINTMENTS.name, [appointment_id])
    (appointment,) = (one for one in appointments if one.id == appointment_id)
    unchanged(appointment, version)
    refuse_unless_offered(session, "correct_no_show", appointment)
    if seen.appointments and not cancel_follow_up:
        refuse([Refusal(FOLLOW_UP_PLANNED, {"appointment": seen.appointments[0]})])
    original = session.scalars(
        select(NoShow.original).where(NoShow.appointment_id == appointment_id)
    ).one()
    with guarded(session):
        for planned in seen.appointments:
            cancel(session, planned, party=Party.SERVICE, reason=REASON, by=by, now=now)
        withdrawn = _take_back(session, seen.request_id, by=by, now=now)
        _restore(session, appointment_id, original, by=by, now=now)
        remind(session, [appointment_id], by=by, now=now)
    session.expire_all()
    return TakenBack(seen.request_id if withdrawn else None, seen.appointments)


# --- The follow-up --------------------------------------------------------------------------------------


class FollowUp(NamedTuple):
    """The request by which the employee is called again, and what came of it."""

    request_id: UUID | None
    appointments: tuple[UUID, ...]
    """Where it is planned; one that was held is no longer in question."""


def follow_up(session: Session, appointment: UUID) -> FollowUp:
    """What followed from a no-show; without one, nothing."""
    request = session.scalar(
        select(NoShow.follow_up_id).where(NoShow.appointment_id == appointment)
    )
    if request is None:
        return FollowUp(None, ())
    planned = select(Appointment.id).where(
        Appointment.request_id == request, Appointment.state.in_(AHEAD)
    )
    return FollowUp(request, tuple(session.scalars(planned.order_by(Appointment.id))))


def _take_back(session: Session, request: UUID | None, *, by: Actor, now: datetime) -> bool:
    """Withdraw it, if it is open; whether it was."""
    query = select(AppointmentRequest.id, AppointmentRequest.version, AppointmentRequest.state)
    open_ = query.where(
        AppointmentRequest.id == request, AppointmentRequest.state == RequestState.OPEN
    )
    steps = [Step(*row, "withdraw", reason=REASON) for row in session.execute(open_)]
    advance(session, REQUESTS, steps, by=by, at=now)
    return bool(steps)


# --- As it was ------------------------------------------------------------------------------------------


def _original_place(session: Session, appointment: UUID, request: UUID | None) -> Concerned:
    """What it goes back to, and the request that is taken back."""
    original = session.scalar(select(NoShow.original).where(NoShow.appointment_id == appointment))
    if original is None:
        return Concerned()
    was = original["appointment"]
    block = was["availability_id"]
    return Concerned(
        locations=[UUID(was["location_id"])],
        practitioners=[UUID(was["practitioner_id"])],
        availabilities=[UUID(block)] if block else [],
        requests=[request] if request else [],
    )


def _restore(
    session: Session, appointment: UUID, original: Mapping[str, Any], *, by: Actor, now: datetime
) -> None:
    was = restoring(session, APPOINTMENTS, "correct_no_show", original["appointment"])
    advance(session, APPOINTMENTS, [was], by=by, at=now)
    performed = [restoring(session, PERFORMANCES, "edit", one) for one in original["performances"]]
    advance(session, PERFORMANCES, [one for one in performed if one.values], by=by, at=now)
    _follow(session, appointment, by=by, now=now)
    if original["request"] is not None:
        asked = restoring(session, REQUESTS, "correct_no_show", original["request"])
        advance(session, REQUESTS, [asked], by=by, at=now)
    restore_overrides(session, appointment, original["overrides"])
    session.execute(delete(NoShow).where(NoShow.appointment_id == appointment))


def _follow(session: Session, appointment: UUID, *, by: Actor, now: datetime) -> None:
    """What was written while it was a no-show, and is held, goes with it."""
    a = Appointment
    where, start, kind = session.execute(
        select(a.location_id, a.starts_at, ConsultationType.performance_type_id)
        .join(ConsultationType, ConsultationType.id == a.consultation_type_id)
        .where(a.id == appointment)
    ).one()
    follow_day(session, days(session, {appointment: (where, start)}), by=by, at=now)
    follow_type(session, appointment, kind, by=by, at=now)
