"""Draft or planned: an appointment keeps its place either way. Domain §5."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from scheduler.actor import Actor
from scheduler.appointments.standing import refuse_unless_offered, step, the_one
from scheduler.guarded import guarded
from scheduler.lifecycles import APPOINTMENTS, advance
from scheduler.reminders import remind


def mark_as_draft(
    session: Session, appointment_id: UUID, *, by: Actor, now: datetime, version: int | None = None
) -> None:
    """It is a draft: it occupies its time, and nobody is reminded of it.

    Raises:
        RefusedError: its state does not allow it.
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another by now.
    """
    _become(session, appointment_id, "mark_as_draft", version, by=by, now=now)


def plan(
    session: Session, appointment_id: UUID, *, by: Actor, now: datetime, version: int | None = None
) -> None:
    """A draft is planned where it stands: the rules were asked when it got its place.

    Raises:
        RefusedError: its state does not allow it; or there is another of its type by now (`duplicate`).
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another by now.
    """
    _become(session, appointment_id, "plan", version, by=by, now=now)


def _become(
    session: Session,
    appointment_id: UUID,
    event: str,
    version: int | None,
    *,
    by: Actor,
    now: datetime,
) -> None:
    appointment = the_one(session, appointment_id, version)
    refuse_unless_offered(session, event, appointment)
    with guarded(session):
        advance(session, APPOINTMENTS, [step(appointment, event)], by=by, at=now)
        remind(session, [appointment_id], by=by, now=now)
    session.expire_all()
