"""The performances of appointments, as they stand."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from models.appointments import Appointment, History
from models.billing import Performance, PerformanceState
from models.organisation import Establishment
from models.requests import Case
from scheduler.announcing import in_portions
from scheduler.lifecycles import CREDITED

WRITTEN_BY_COMPLETING = exists().where(
    History.performance_id == Performance.id, History.step == 1, History.event == "write"
)


class PerformanceRow(NamedTuple):
    """A performance in an appointment."""

    id: UUID
    version: int
    state: PerformanceState
    appointment_id: UUID
    performance_type_id: UUID
    case_id: UUID | None
    establishment_id: UUID
    account_id: UUID
    performed_on: date
    refund_of_id: UUID | None
    employer_id: UUID
    credited: bool
    """Its money came back: it counts no more, and nothing becomes of it."""
    by_completing: bool
    """Completing wrote it, and its type is the appointment's; all others were written by hand."""

    @property
    def counts(self) -> bool:
        """It is neither credited nor a refund."""
        return not self.credited and self.refund_of_id is None


def employees(session: Session, keys: Collection[UUID]) -> dict[UUID, UUID]:
    """For whom each of these was performed: whoever its appointment, or its case, is about."""
    query = (
        select(Performance.id, func.coalesce(Appointment.employee_id, Case.employee_id))
        .outerjoin(Appointment, Appointment.id == Performance.appointment_id)
        .outerjoin(Case, Case.id == Performance.case_id)
    )
    found: dict[UUID, UUID] = {}
    for portion in in_portions(keys):
        rows = session.execute(query.where(Performance.id.in_(portion)))
        found |= {row[0]: row[1] for row in rows}
    return found


def performances(
    session: Session, appointments: Collection[UUID]
) -> defaultdict[UUID, list[PerformanceRow]]:
    """Those of these appointments, in the order in which they were written."""
    t = Performance
    query = (
        select(
            t.id, t.version, t.state, t.appointment_id, t.performance_type_id, t.case_id,
            t.establishment_id, t.account_id, t.performed_on, t.refund_of_id,
            Establishment.employer_id, CREDITED, WRITTEN_BY_COMPLETING,
        )
        .join(Establishment, Establishment.id == t.establishment_id)
        .order_by(t.id)
    )  # fmt: skip
    found: defaultdict[UUID, list[PerformanceRow]] = defaultdict(list)
    for portion in in_portions(appointments):
        for row in session.execute(query.where(t.appointment_id.in_(portion))):
            one = PerformanceRow._make(row)
            found[one.appointment_id].append(one)
    return found
