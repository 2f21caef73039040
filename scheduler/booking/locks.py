"""The rows that a change of the agenda is about, locked in the one order (reliability §3.1).

Location, practitioner, employee, availability, request, appointment; among its like by key. Whoever
changes the agenda locks here, and nowhere else, so that no two of them wait for each other. The
guards' triggers take the same locks once more, which costs nothing by then. (An UPDATE locks its own row
before its trigger runs: so this comes before the change, always.)

On SQLite there is one writer at a time, and nothing to lock.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Availability, Location
from models.appointments import Appointment
from models.people import Employee, Practitioner
from models.requests import AppointmentRequest

Lockable = type[
    Location | Practitioner | Employee | Availability | AppointmentRequest | Appointment
]


@dataclass(frozen=True, slots=True)
class Concerned:
    """The keys of what a change is about."""

    locations: Collection[UUID] = ()
    practitioners: Collection[UUID] = ()
    employees: Collection[UUID] = ()
    availabilities: Collection[UUID] = ()
    requests: Collection[UUID] = ()
    appointments: Collection[UUID] = ()


def lock(session: Session, concerned: Concerned) -> None:
    """Wait until nobody else is changing any of this, and keep it until the transaction ends."""
    if session.get_bind().dialect.name == "sqlite":
        return
    order: tuple[tuple[Lockable, Collection[UUID]], ...] = (
        (Location, concerned.locations),
        (Practitioner, concerned.practitioners),
        (Employee, concerned.employees),
        (Availability, concerned.availabilities),
        (AppointmentRequest, concerned.requests),
        (Appointment, concerned.appointments),
    )
    for table, keys in order:
        if keys:
            query = select(table.id).where(table.id.in_(keys)).order_by(table.id)
            # NO KEY UPDATE lets inserts go on that merely refer to the row. An availability is not
            # changed by a booking, so that several may be booked into it at once: SHARE
            shared = table is Availability
            session.execute(query.with_for_update(read=shared, key_share=not shared)).all()
