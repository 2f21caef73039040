"""What still lies ahead of a location, a practitioner or a type, and keeps it from being archived, or moved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.agenda import Availability
from models.appointments import AHEAD, Appointment
from scheduler.refusals import Refusal

IN_USE = "in_use_ahead"
MOST = 100
"""Told by their keys; the others are counted."""

Condition = Callable[[UUID], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Of one kind: which availabilities, and which appointments."""

    availabilities: Condition
    appointments: Condition

    def refusals(
        self,
        session: Session,
        key: UUID,
        *,
        now: datetime,
        seen: ColumnElement[bool],
        code: str = IN_USE,
        **params: object,
    ) -> Sequence[Refusal]:
        """Against doing away with it. `seen`: the condition on the appointments that may be told by their keys."""
        open_still = Availability.removed_at.is_(None), Availability.ends_at > now
        planned = Appointment.state.in_(AHEAD), Appointment.ends_at > now
        those = self.appointments(key)
        availabilities = _keys(session, Availability, self.availabilities(key), *open_still)
        appointments = _keys(session, Appointment, those, *planned)
        if not availabilities and not appointments:
            return []
        told = _keys(session, Appointment, those, *planned, seen)
        counts = {
            "availability_count": len(availabilities),
            "appointment_count": len(appointments),
            "availabilities": availabilities[:MOST],
            "appointments": told[:MOST],
        }
        return [Refusal(code, {**params, **counts})]


def _keys(
    session: Session,
    table: type[Availability | Appointment],
    *conditions: ColumnElement[bool],
) -> Sequence[UUID]:
    query = select(table.id).where(*conditions).order_by(table.starts_at, table.id)
    return tuple(session.scalars(query))
