"""What planning reads from the database. SQL fetches a superset by its indexes, and decides nothing.

Each row is a tuple under the names of its columns, in the order of its key: rows made in order have
keys in order, and so the facts come in the order in which they were entered.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from models.agenda import Availability, AvailabilityType, Location
from models.appointments import Appointment, AppointmentState
from models.consultations import ConsultationType, ConsultationTypeFunction, Modality
from models.organisation import Establishment
from models.people import Absence, Employee, Exclusion, Practitioner, PractitionerFunction
from models.requests import AppointmentRequest, Case, RequestLocation, RequestState


class TypeRow(NamedTuple):
    """A consultation type."""

    id: UUID
    code: str
    duration: int
    buffer: int
    refuses_duplicates: bool
    minimum_notice: int


class LocationRow(NamedTuple):
    """A location."""

    id: UUID
    reference: str | None
    name: str
    capacity: int | None
    country: str
    subdivision: str | None
    time_zone: str
    latitude: float | None
    longitude: float | None


class PractitionerRow(NamedTuple):
    """A practitioner."""

    id: UUID
    reference: str | None
    score: int


class AvailabilityRow(NamedTuple):
    """An availability that is not removed."""

    id: UUID
    reference: str | None
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime
    ends_at: datetime
    at_location: bool
    by_telephone: bool
    by_video: bool


class AbsenceRow(NamedTuple):
    """An absence of a practitioner."""

    id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime


class RequestRow(NamedTuple):
    """A request, with what is asked of its employee, case and establishment."""

    id: UUID
    reference: str | None
    version: int
    state: RequestState
    employee_id: UUID
    employee: str | None
    consultation_type_id: UUID
    case_id: UUID | None
    establishment_id: UUID
    contact_person_id: UUID | None
    from_day: date
    until_day: date
    duration: int
    buffer: int
    modality: Modality
    allow_saturday: bool
    allow_sunday_holiday: bool
    priority: int
    requested_on: date
    required_practitioner_id: UUID | None
    preferred_practitioner_id: UUID | None
    preferred_location_id: UUID | None
    case_practitioner_id: UUID | None
    employer_id: UUID
    latitude: float | None
    longitude: float | None


Row = TypeVar("Row", bound=NamedTuple)

Keys = Collection[UUID] | Select[UUID]
"""Some rows, by their keys or by a query for them."""


def consultation_types(session: Session, *where: ColumnElement[bool]) -> list[TypeRow]:
    t = ConsultationType
    return read(
        session,
        TypeRow,
        select(t.id, t.code, t.duration, t.buffer, t.refuses_duplicates, t.minimum_notice)
        .where(*where)
        .order_by(t.id),
    )


def functions_of_types(
    session: Session, *where: ColumnElement[bool]
) -> Mapping[UUID, frozenset[UUID]]:
    """The functions that each type asks for, one of which will do; types that ask for none are not in it."""
    t = ConsultationTypeFunction
    return _sets(session, select(t.consultation_type_id, t.function_id).where(*where))


def functions_of_practitioners(
    session: Session, *where: ColumnElement[bool]
) -> Mapping[UUID, frozenset[UUID]]:
    t = PractitionerFunction
    return _sets(session, select(t.practitioner_id, t.function_id).where(*where))


def locations(session: Session, *where: ColumnElement[bool]) -> list[LocationRow]:
    t = Location
    return read(
        session,
        LocationRow,
        select(
            t.id, t.reference, t.name, t.capacity, t.country, t.subdivision, t.time_zone,
            t.latitude, t.longitude,
        )
        .where(*where)
        .order_by(t.id),
    )  # fmt: skip


def practitioners(session: Session, *where: ColumnElement[bool]) -> list[PractitionerRow]:
    t = Practitioner
    return read(
        session,
        PractitionerRow,
        select(t.id, t.reference, t.score).where(*where).order_by(t.id),
    )


def availabilities(session: Session, *where: ColumnElement[bool]) -> list[AvailabilityRow]:
    """Those that are not removed."""
    return read(session, AvailabilityRow, _availabilities(*where).order_by(Availability.id))


def availabilities_in_turn(
    session: Session, most: int, *where: ColumnElement[bool]
) -> list[AvailabilityRow]:
    """The earliest of those that are not removed."""
    t = Availability
    query = _availabilities(*where).order_by(t.starts_at, t.id).limit(most)
    return read(session, AvailabilityRow, query)


def _availabilities(*where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    t = Availability
    return select(
        t.id, t.reference, t.practitioner_id, t.location_id, t.starts_at, t.ends_at,
        t.at_location, t.by_telephone, t.by_video,
    ).where(t.removed_at.is_(None), *where)  # fmt: skip


def admitted_types(session: Session, *where: ColumnElement[bool]) -> Mapping[UUID, frozenset[UUID]]:
    """The types that each availability admits; `where` is about availabilities."""
    t = AvailabilityType
    query = select(t.availability_id, t.consultation_type_id).join(
        Availability, Availability.id == t.availability_id
    )
    return _sets(session, query.where(Availability.removed_at.is_(None), *where))


def absences(
    session: Session,
    begin: datetime,
    end: datetime,
    practitioners: Collection[UUID] | None = None,
) -> list[AbsenceRow]:
    """Everybody's, or these practitioners', that touch the time between two instants."""
    t = Absence
    query = select(t.id, t.practitioner_id, t.starts_at, t.ends_at).where(
        t.starts_at < end, t.ends_at > begin
    )
    if practitioners is not None:
        query = query.where(t.practitioner_id.in_(practitioners))
    return read(session, AbsenceRow, query.order_by(t.id))


def requests(session: Session, *where: ColumnElement[bool]) -> list[RequestRow]:
    t, case, at = AppointmentRequest, Case, Establishment
    return read(
        session,
        RequestRow,
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
        .order_by(t.id),
    )  # fmt: skip


def employees_of(session: Session, requests: Collection[UUID]) -> set[UUID]:
    """Whom these requests are for."""
    t = AppointmentRequest
    return set(session.scalars(select(t.employee_id).where(t.id.in_(requests))))


def wished_locations(
    session: Session, *where: ColumnElement[bool]
) -> Mapping[UUID, frozenset[UUID]]:
    """The locations that each request may be planned at; one without any is not in it."""
    t = RequestLocation
    query = select(t.request_id, t.location_id).join(
        AppointmentRequest, AppointmentRequest.id == t.request_id
    )
    return _sets(session, query.where(*where))


def excluded(session: Session, employees: Keys) -> Mapping[UUID, frozenset[UUID]]:
    """The practitioners who may not see each of these employees."""
    t = Exclusion
    return _sets(
        session, select(t.employee_id, t.practitioner_id).where(t.employee_id.in_(employees))
    )


class PlannedRow(NamedTuple):
    """A planned appointment of a type that refuses duplicates."""

    id: UUID
    employee_id: UUID
    consultation_type_id: UUID
    request_id: UUID | None


def planned_once(session: Session, employees: Keys) -> list[PlannedRow]:
    """What these employees have planned of types that refuse duplicates."""
    t = Appointment
    return read(
        session,
        PlannedRow,
        select(t.id, t.employee_id, t.consultation_type_id, t.request_id)
        .join(ConsultationType, ConsultationType.id == t.consultation_type_id)
        .where(
            ConsultationType.refuses_duplicates,
            t.state == AppointmentState.PLANNED,
            t.employee_id.in_(employees),
        ),
    )


def read(session: Session, kind: type[Row], query: Select[*tuple[Any, ...]]) -> list[Row]:
    """The rows of a query, as tuples of a kind."""
    # past the ORM: its rows of objects cost several times what these do
    return [kind(*row) for row in session.connection().execute(query)]


def _sets(session: Session, query: Select[UUID, UUID]) -> dict[UUID, frozenset[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    for key, member in session.connection().execute(query):
        found.setdefault(key, set()).add(member)
    return {key: frozenset(members) for key, members in found.items()}
