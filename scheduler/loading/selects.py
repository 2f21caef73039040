"""What planning asks of the database: a query for each kind of row, its columns in the order of `rows`.

SQL fetches a superset by its indexes, and decides nothing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from models.agenda import Availability, AvailabilityType, Location
from models.appointments import Appointment, AppointmentState
from models.consultations import ConsultationType, ConsultationTypeFunction
from models.organisation import Establishment
from models.own_calendars import BusyTime
from models.people import Absence, Employee, Exclusion, Practitioner, PractitionerFunction
from models.requests import AppointmentRequest, Case, RequestLocation

Query = Select[*tuple[Any, ...]]
Pairs = Select[UUID, UUID]

Condition = ColumnElement[bool]
Moment = datetime | ColumnElement[datetime]


def consultation_types(*where: Condition) -> Query:
    t = ConsultationType
    return (
        select(t.id, t.code, t.duration, t.buffer, t.refuses_duplicates, t.minimum_notice)
        .where(*where)
        .order_by(t.id)
    )


def functions_of_types(*where: Condition) -> Pairs:
    t = ConsultationTypeFunction
    return select(t.consultation_type_id, t.function_id).where(*where)


def functions_of_practitioners(*where: Condition) -> Pairs:
    t = PractitionerFunction
    return select(t.practitioner_id, t.function_id).where(*where)


def locations(*where: Condition) -> Query:
    t = Location
    return (
        select(
            t.id, t.reference, t.name, t.capacity, t.country, t.subdivision, t.time_zone,
            t.latitude, t.longitude,
        )
        .where(*where)
        .order_by(t.id)
    )  # fmt: skip


def time_zones(*where: Condition) -> Select[str]:
    """Of locations."""
    return select(Location.time_zone).where(*where).distinct()


def practitioners(*where: Condition) -> Query:
    t = Practitioner
    return select(t.id, t.reference, t.score).where(*where).order_by(t.id)


def availabilities(*where: Condition) -> Query:
    """Those that are not removed, in no order yet."""
    t = Availability
    return select(
        t.id, t.reference, t.practitioner_id, t.location_id, t.starts_at, t.ends_at,
        t.at_location, t.by_telephone, t.by_video,
    ).where(t.removed_at.is_(None), *where)  # fmt: skip


def admitted_types(*where: Condition) -> Pairs:
    t = AvailabilityType
    return (
        select(t.availability_id, t.consultation_type_id)
        .join(Availability, Availability.id == t.availability_id)
        .where(Availability.removed_at.is_(None), *where)
    )


def absences(begin: Moment, end: Moment, *where: Condition) -> Query:
    """Those that touch the time between two instants."""
    t = Absence
    return (
        select(t.id, t.practitioner_id, t.starts_at, t.ends_at)
        .where(t.starts_at < end, t.ends_at > begin, *where)
        .order_by(t.id)
    )


def busy_times(begin: Moment, end: Moment, *where: Condition) -> Query:
    """The same of times at which they are busy elsewhere."""
    t = BusyTime
    return (
        select(t.id, t.practitioner_id, t.starts_at, t.ends_at)
        .where(t.starts_at < end, t.ends_at > begin, *where)
        .order_by(t.id)
    )


def requests(*where: Condition) -> Query:
    t, case, at = AppointmentRequest, Case, Establishment
    return (
        select(
            t.id, t.reference, t.version, t.state, t.employee_id, Employee.reference,
            t.consultation_type_id, t.case_id, t.establishment_id, t.contact_person_id,
            t.from_day, t.until_day, t.duration, t.buffer, t.modality,
            t.allow_saturday, t.allow_sunday_holiday, t.priority, t.requested_on,
            t.required_practitioner_id, t.preferred_practitioner_id, t.preferred_location_id,
            case.practitioner_id, at.employer_id, at.latitude, at.longitude,
        )
        .join(Employee, Employee.id == t.employee_id)
        .join(at, at.id == t.establishment_id)
        .outerjoin(case, case.id == t.case_id)
        .where(*where)
        .order_by(t.id)
    )  # fmt: skip


def wished_locations(*where: Condition) -> Pairs:
    t = RequestLocation
    return (
        select(t.request_id, t.location_id)
        .join(AppointmentRequest, AppointmentRequest.id == t.request_id)
        .where(*where)
    )


def excluded(*where: Condition) -> Pairs:
    t = Exclusion
    return select(t.employee_id, t.practitioner_id).where(*where)


def planned_once(*where: Condition) -> Query:
    t = Appointment
    return (
        select(t.id, t.employee_id, t.consultation_type_id, t.request_id)
        .join(ConsultationType, ConsultationType.id == t.consultation_type_id)
        .where(ConsultationType.refuses_duplicates, t.state == AppointmentState.PLANNED, *where)
    )
