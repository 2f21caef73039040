"""Appointments that will not be held: cancelled for a reason, or deleted. Their requests are open again. Domain §5."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.appointments import Appointment, Party
from scheduler.actor import Actor
from scheduler.booking.standing import locked, requests_of, unchanged
from scheduler.guarded import guarded
from scheduler.lifecycles import APPOINTMENTS, REQUESTS, Step, advance
from scheduler.performing import hold_again
from scheduler.reminders import forget


def cancel(
    session: Session,
    appointment_id: UUID,
    *,
    party: Party,
    reason: str,
    by: Actor,
    now: datetime,
    version: int | None = None,
) -> None:
    """Cancel an appointment: who, why, and by `now` how late.

    Raises:
        RefusedError: its state does not allow it.
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another by now.
    """
    values = {"cancelled_by": party, "cancelled_at": now, "reason": reason}
    appointments = locked(session, [appointment_id])
    unchanged(appointments[0], version)
    steps = [_step(one, "cancel", values, reason) for one in appointments]
    _end(session, appointments, steps, by=by, now=now)


def delete(
    session: Session,
    appointment_ids: Sequence[UUID],
    *,
    by: Actor,
    now: datetime,
    reason: str,
    versions: Mapping[UUID, int | None] | None = None,
) -> None:
    """Take appointments away for good; the history keeps them. Their performances are held, and hidden with them.

    `versions`: those that whoever asks has seen.

    Raises:
        RefusedError: the state of one of them does not allow it; then none of them goes.
        NoSuchAppointmentError: one of them is not there.
        OutdatedError: the version of one of them is another by now.
    """
    appointments = locked(session, appointment_ids)
    for one in appointments:
        unchanged(one, (versions or {}).get(one.id))
    steps = [_step(one, "delete", {}, reason) for one in appointments]
    _end(session, appointments, steps, by=by, now=now)


def _step(appointment: Appointment, event: str, values: dict[str, object], reason: str) -> Step:
    return Step(
        appointment.id, appointment.version, appointment.state, event, values, reason=reason
    )


def _end(
    session: Session,
    appointments: Sequence[Appointment],
    steps: Sequence[Step],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """The appointment goes first: its request is only open once its place is given up (`duplicate`)."""
    keys = [one.id for one in appointments]
    with guarded(session):
        advance(session, APPOINTMENTS, steps, by=by, at=now)
        hold_again(session, keys, by=by, at=now)
        forget(session, keys)
        requests = requests_of(session, appointments)
        advance(
            session,
            REQUESTS,
            [Step(one.id, one.version, one.state, "reopen") for one in requests.values()],
            by=by,
            at=now,
        )
    session.expire_all()
