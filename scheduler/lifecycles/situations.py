"""Things as they stand in the database, as far as a step needs to know."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models.appointments import Appointment, NoShow
from models.billing import BasisState, InvoiceBasis, InvoiceLine, Performance
from models.requests import AppointmentRequest
from scheduler.announcing import in_portions
from scheduler.lifecycles.appointments import APPOINTMENTS
from scheduler.lifecycles.face import Lifecycle, Situation
from scheduler.lifecycles.performances import PERFORMANCES
from scheduler.lifecycles.requests import REQUESTS

CREDITED = exists().where(
    InvoiceLine.performance_id == Performance.id,
    InvoiceLine.credits_id.is_not(None),
    InvoiceLine.basis_id == InvoiceBasis.id,
    InvoiceBasis.state != BasisState.DRAFT,
)


def situations(
    session: Session, lifecycle: Lifecycle, keys: Iterable[UUID]
) -> dict[UUID, Situation]:
    """For each key that there is, how it stands."""
    found: dict[UUID, Situation] = {}
    for portion in in_portions(keys):
        found |= READINGS[lifecycle.name](session, portion)
    return found


def _of_requests(session: Session, keys: list[UUID]) -> dict[UUID, Situation]:
    states = select(AppointmentRequest.id, AppointmentRequest.state)
    those = states.where(AppointmentRequest.id.in_(keys))
    return {key: Situation(state) for key, state in session.execute(those)}


def _of_appointments(session: Session, keys: list[UUID]) -> dict[UUID, Situation]:
    performances: Mapping[UUID | None, set[Situation]] = defaultdict(set)
    theirs = select(Performance.appointment_id, Performance.state, CREDITED)
    of_these = theirs.where(Performance.appointment_id.in_(keys))
    for appointment, state, credited in session.execute(of_these):
        performances[appointment].add(Situation(state, is_credited=credited))
    missed = exists().where(NoShow.appointment_id == Appointment.id)
    states = select(Appointment.id, Appointment.state, missed).where(Appointment.id.in_(keys))
    return {
        key: Situation(state, no_show, performances=frozenset(performances[key]))
        for key, state, no_show in session.execute(states)
    }


def _of_performances(session: Session, keys: list[UUID]) -> dict[UUID, Situation]:
    states = select(Performance.id, Performance.state, CREDITED).where(Performance.id.in_(keys))
    return {
        key: Situation(state, is_credited=credited)
        for key, state, credited in session.execute(states)
    }


READINGS: Mapping[str, Callable[[Session, list[UUID]], dict[UUID, Situation]]] = {
    REQUESTS.name: _of_requests,
    APPOINTMENTS.name: _of_appointments,
    PERFORMANCES.name: _of_performances,
}
