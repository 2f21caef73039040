"""The employee did not come: a no-show, and the request to call him again. Domain §5 [000 §§3.1.4, 3.1.11]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.appointments import Appointment, NoShow
from models.base import new_id
from models.consultations import ConsultationType
from models.requests import AppointmentRequest, RequestLocation
from scheduler.actor import Actor
from scheduler.appointments.originals import as_it_is
from scheduler.appointments.standing import step, the_one
from scheduler.booking.standing import days, reasons
from scheduler.booking.wishes import A_MINUTE
from scheduler.guarded import guarded
from scheduler.lifecycles import APPOINTMENTS, REQUESTS, advance, begin
from scheduler.performing import follow_type
from scheduler.refusals import Refusal, RefusedError
from scheduler.reminders import remind
from solver.rules.duplicate import Duplicate

NO_TYPE = "no_such_type"
NOT_FOR_NO_SHOWS = "not_a_no_show_type"

MESSAGES: Mapping[str, str] = {
    NO_TYPE: "there is no such consultation type, or it is no longer in use",
    NOT_FOR_NO_SHOWS: "this consultation type is not one for a no-show",
}

A_WHILE = timedelta(days=28)
"""How long there is to call somebody again who had been planned without a request."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Missed:
    """What followed from a no-show: the request by which the employee is called again, if one was made."""

    follow_up_id: UUID | None


def no_show(
    session: Session,
    appointment_id: UUID,
    type_id: UUID,
    *,
    by: Actor,
    now: datetime,
    version: int | None = None,
) -> Missed:
    """The appointment takes a no-show type and its performance; what it was is kept for a correction.

    Where the type calls again, a request for what was missed is made; not where the employee has
    another one open already, of a type that refuses duplicates.

    Raises:
        RefusedError: its state does not allow it, or the type is not for this.
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another by now.
    """
    appointment = the_one(session, appointment_id, version)
    kind = session.get(ConsultationType, type_id)
    against = [*reasons(session, "no_show", [appointment]), *_unfit(kind)]
    if against or kind is None:
        raise RefusedError(against)
    original = as_it_is(session, appointment_id, appointment.request_id)
    with guarded(session):
        missed = step(appointment, "no_show", consultation_type_id=type_id)
        advance(session, APPOINTMENTS, [missed], by=by, at=now)
        session.execute(insert(NoShow).values(appointment_id=appointment_id, original=original))
        follow_type(session, appointment_id, kind.performance_type_id, by=by, at=now)
        follow_up = _call_again(session, appointment, by, now) if kind.calls_again else None
        remind(session, [appointment_id], by=by, now=now)
    session.expire_all()
    return Missed(follow_up)


def _unfit(kind: ConsultationType | None) -> list[Refusal]:
    if kind is None or kind.archived_at is not None:
        return [Refusal(NO_TYPE)]
    return [] if kind.is_no_show else [Refusal(NOT_FOR_NO_SHOWS)]


# --- Calling again --------------------------------------------------------------------------------------

COPIED = (
    "consultation_type_id", "duration", "buffer", "modality", "allow_saturday",
    "allow_sunday_holiday", "priority", "required_practitioner_id", "preferred_practitioner_id",
    "preferred_location_id", "remarks",
)  # fmt: skip


def _call_again(
    session: Session, appointment: Appointment, by: Actor, now: datetime
) -> UUID | None:
    """A request like the one before, as long as that was, from the day after; none where one is open already."""
    wanted = _like(session, appointment, now)
    key = new_id()
    try:
        with guarded(session):
            begin(session, REQUESTS, [wanted | {"id": key}], event="open", by=by, at=now)
    except RefusedError as error:
        if [one.code for one in error.refusals] != [Duplicate.code]:
            raise
        return None
    there = select(RequestLocation.location_id)
    mine = there.where(RequestLocation.request_id == appointment.request_id)
    locations = [{"request_id": key, "location_id": location} for location in session.scalars(mine)]
    if locations:
        session.execute(insert(RequestLocation), locations)
    those = NoShow.appointment_id == appointment.id
    session.execute(update(NoShow).where(those).values(follow_up_id=key))
    return key


def _like(session: Session, appointment: Appointment, now: datetime) -> dict[str, object]:
    where = appointment.location_id
    on = days(session, {appointment.id: (where, appointment.starts_at), where: (where, now)})
    from_day = max(on.values()) + A_DAY
    request = (
        session.get(AppointmentRequest, appointment.request_id) if appointment.request_id else None
    )
    shape: dict[str, object] = {
        "consultation_type_id": appointment.consultation_type_id,
        "duration": (appointment.ends_at - appointment.starts_at) // A_MINUTE,
        "buffer": (appointment.occupied_until - appointment.ends_at) // A_MINUTE,
        "modality": appointment.modality,
    }
    if request is not None:
        shape = {name: getattr(request, name) for name in COPIED}
    window = A_WHILE if request is None else request.until_day - request.from_day
    return shape | {
        "employee_id": appointment.employee_id,
        "case_id": appointment.case_id,
        "establishment_id": appointment.establishment_id,
        "contact_person_id": appointment.contact_person_id,
        "from_day": from_day,
        "until_day": from_day + window,
        "requested_on": on[where],
        "created_at": now,
    }
