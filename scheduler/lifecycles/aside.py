"""Two that change places: while one is set aside, the other can take its place. Domain §5, reschedule.

The guards look at every row as it is written, so of two appointments that change places the first
would meet the second. Both steps are taken in one transaction: nobody sees one set aside.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.appointments import AppointmentState
from scheduler.lifecycles.appointments import APPOINTMENTS


def set_aside(session: Session, appointment: UUID) -> None:
    """It occupies nothing until it is put back."""
    _write(session, appointment, {"state": AppointmentState.DELETED})


def put_back(
    session: Session, appointment: UUID, state: AppointmentState, place: Mapping[str, object]
) -> None:
    """It is what it was, at another place."""
    _write(session, appointment, {**place, "state": state})


def _write(session: Session, appointment: UUID, values: Mapping[str, object]) -> None:
    table = APPOINTMENTS.table
    session.execute(update(table).where(table.c.id == appointment).values(**values))
