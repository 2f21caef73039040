"""One appointment, read under its locks, and what is asked before a step of it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from models.appointments import Appointment
from models.requests import AppointmentRequest
from scheduler.booking.locks import Concerned
from scheduler.booking.standing import locked, reasons, requests_of, unchanged
from scheduler.lifecycles import NOT_ALLOWED, Step
from scheduler.refusals import Refusal, RefusedError


def the_one(
    session: Session,
    appointment_id: UUID,
    version: int | None,
    also: Concerned = Concerned(),  # noqa: B008 (frozen)
) -> Appointment:
    """It, with all that it is about locked.

    Raises:
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another than the caller has seen.
    """
    (appointment,) = locked(session, [appointment_id], also)
    unchanged(appointment, version)
    return appointment


def refuse(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise RefusedError(refusals)


def refuse_unless_offered(session: Session, event: str, appointment: Appointment) -> None:
    """Raises RefusedError where its menu has something against the event."""
    refuse(reasons(session, event, [appointment]))


def fits_the_state(refusals: Sequence[Refusal]) -> bool:
    """Whether the event is one of this state at all: what else it needs, is asked then only."""
    return all(one.code != NOT_ALLOWED for one in refusals)


def step(
    appointment: Appointment,
    event: str,
    *,
    why: str | None = None,
    **values: object,
) -> Step:
    """That step of it, with new values of columns; the history keeps what they were, and why."""
    before = {name: getattr(appointment, name) for name in values}
    return Step(
        appointment.id,
        appointment.version,
        appointment.state,
        event,
        values,
        reason=why,
        before=before or None,
    )


def request_step(session: Session, appointment: Appointment, event: str) -> list[Step]:
    """The same event, or its like, of the request that it is for, if it is for one."""
    requests: list[AppointmentRequest] = list(requests_of(session, [appointment]).values())
    return [Step(one.id, one.version, one.state, event) for one in requests]
