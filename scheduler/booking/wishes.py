"""What the rules ask about an appointment: its request's wishes, and the appointment as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from models.appointments import Appointment, NoShow
from models.consultations import Modality
from models.requests import AppointmentRequest, RequestState
from scheduler.loading import rows
from scheduler.loading.rows import RequestRow

A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """An appointment, standing or to be made, as far as the rules ask about it."""

    id: UUID
    employee_id: UUID
    consultation_type_id: UUID
    establishment_id: UUID
    starts_at: datetime
    duration: int
    buffer: int
    modality: Modality


def wish(session: Session, appointment: Appointment) -> RequestRow:
    """Of one that stands.

    A no-show is asked about as what was to be held: availabilities are open for that (`type_admitted`).
    """
    found = rows.requests(session, AppointmentRequest.id == appointment.request_id)
    asked = Meant(
        id=appointment.id,
        employee_id=appointment.employee_id,
        consultation_type_id=_to_be_held(session, appointment),
        establishment_id=appointment.establishment_id,
        starts_at=appointment.starts_at,
        duration=(appointment.ends_at - appointment.starts_at) // A_MINUTE,
        buffer=(appointment.occupied_until - appointment.ends_at) // A_MINUTE,
        modality=appointment.modality,
    )
    if not found:
        return wish_of_nobody(asked)
    return found[0]._replace(
        state=RequestState.OPEN,
        consultation_type_id=asked.consultation_type_id,
        duration=asked.duration,
        buffer=asked.buffer,
        modality=asked.modality,
    )


def wish_of_nobody(meant: Meant) -> RequestRow:
    """Without a request any day will do, but a Saturday, a Sunday or a holiday only with a reason."""
    return RequestRow(
        id=meant.id,
        reference=None,
        version=1,
        state=RequestState.OPEN,
        employee_id=meant.employee_id,
        employee=None,
        consultation_type_id=meant.consultation_type_id,
        case_id=None,
        establishment_id=meant.establishment_id,
        contact_person_id=None,
        from_day=date.min,
        until_day=date.max,
        duration=meant.duration,
        buffer=meant.buffer,
        modality=meant.modality,
        allow_saturday=False,
        allow_sunday_holiday=False,
        priority=1,
        requested_on=meant.starts_at.astimezone(UTC).date(),
        required_practitioner_id=None,
        preferred_practitioner_id=None,
        preferred_location_id=None,
        case_practitioner_id=None,
        employer_id=meant.establishment_id,
        latitude=None,
        longitude=None,
    )


def _to_be_held(session: Session, appointment: Appointment) -> UUID:
    missed = session.get(NoShow, appointment.id)
    if missed is None:
        return appointment.consultation_type_id
    before: Mapping[str, str] = missed.original["appointment"]
    return UUID(before["consultation_type_id"])
