"""Appointments that are there, read again under their locks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Location
from models.appointments import Appointment
from models.instants import local
from models.requests import AppointmentRequest
from scheduler.booking.locks import Concerned, lock
from scheduler.lifecycles import APPOINTMENTS, OutdatedError, reasons_against, situations
from scheduler.refusals import Refusal


class NoSuchAppointmentError(LookupError):
    """An appointment that is not there."""

    def __init__(self, keys: Iterable[UUID]) -> None:
        super().__init__(f"there is no appointment {', '.join(map(str, keys))}")
        self.keys = tuple(keys)


def locked(
    session: Session,
    keys: Collection[UUID],
    also: Concerned = Concerned(),  # noqa: B008 (frozen)
) -> list[Appointment]:
    """These appointments with all that they are about locked, and `also` what they are to be about.

    Raises:
        NoSuchAppointmentError: one of them is not there.
    """
    while True:
        with session.begin_nested() as attempt:
            found = locked_as_seen(session, keys, also)
            if found is not None:
                return found
            # moved meanwhile: the locks are given back, so that all of them are taken in their order
            attempt.rollback()


def locked_as_seen(
    session: Session, keys: Collection[UUID], also: Concerned
) -> list[Appointment] | None:
    """The same in one try; nothing, where one of them was moved while its locks were waited for.

    For whoever has a savepoint of his own, to which he may go back. One within the other would not do: what
    is released into the outer one makes others wait for the whole transaction, and they go on waiting when the
    outer one is rolled back and the lock is long free. PostgreSQL calls that a deadlock, and is right.
    """
    before = _read(session, keys)
    seen = [_place(one) for one in before]
    lock(session, _concerned(before, also))
    now = _read(session, keys)
    return now if [_place(one) for one in now] == seen else None


def _place(one: Appointment) -> tuple[UUID, UUID, UUID | None]:
    return one.location_id, one.practitioner_id, one.availability_id


def _concerned(appointments: Collection[Appointment], also: Concerned) -> Concerned:
    return Concerned(
        locations={one.location_id for one in appointments} | set(also.locations),
        practitioners={one.practitioner_id for one in appointments} | set(also.practitioners),
        employees={one.employee_id for one in appointments} | set(also.employees),
        availabilities={one.availability_id for one in appointments if one.availability_id}
        | set(also.availabilities),
        requests={one.request_id for one in appointments if one.request_id} | set(also.requests),
        appointments={one.id for one in appointments},
    )


def _read(session: Session, keys: Collection[UUID]) -> list[Appointment]:
    found = list(
        session.scalars(
            select(Appointment)
            .where(Appointment.id.in_(keys))
            .order_by(Appointment.id)
            .execution_options(populate_existing=True)
        )
    )
    missing = set(keys) - {one.id for one in found}
    if missing:
        raise NoSuchAppointmentError(sorted(missing))
    return found


def requests_of(
    session: Session, appointments: Iterable[Appointment]
) -> dict[UUID, AppointmentRequest]:
    """The requests that these appointments are for."""
    keys = [one.request_id for one in appointments if one.request_id]
    query = select(AppointmentRequest).where(AppointmentRequest.id.in_(keys))
    return {one.id: one for one in session.scalars(query.execution_options(populate_existing=True))}


def unchanged(appointment: Appointment, version: int | None) -> None:
    """Whoever asks has seen this version, or did not look.

    Raises:
        OutdatedError: it has another one by now.
    """
    if version not in (None, appointment.version):
        raise OutdatedError(APPOINTMENTS.name, [appointment.id])


def reasons(session: Session, event: str, appointments: Sequence[Appointment]) -> list[Refusal]:
    """What the table of their lifecycle has against this event, as they stand."""
    stands = situations(session, APPOINTMENTS, [one.id for one in appointments])
    return [
        refusal
        for one in appointments
        for refusal in reasons_against(APPOINTMENTS, event, stands[one.id])
    ]


def days(session: Session, starts: Mapping[UUID, tuple[UUID, datetime]]) -> dict[UUID, date]:
    """The local day of each start, given its location: the day that the rules and the prices speak of."""
    where = {location for location, _ in starts.values()}
    query = select(Location.id, Location.time_zone).where(Location.id.in_(where))
    zones = {key: ZoneInfo(name) for key, name in session.execute(query)}
    return {
        key: local(at, zones[location])[0]
        for key, (location, at) in starts.items()
        if location in zones
    }
