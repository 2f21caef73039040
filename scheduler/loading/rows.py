"""What planning reads from the database.

Each row is a tuple under the names of its columns, in the order of its key: rows made in order have
keys in order, and so the facts come in the order in which they were entered.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from models.agenda import Availability
from models.appointments import Appointment
from models.consultations import Modality
from models.people import Exclusion
from models.requests import AppointmentRequest, RequestState
from scheduler.loading import selects
from scheduler.loading.selects import Pairs, Query


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
    """An absence of a practitioner, or a time at which he is busy elsewhere."""

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


class PlannedRow(NamedTuple):
    """A planned appointment of a type that refuses duplicates."""

    id: UUID
    employee_id: UUID
    consultation_type_id: UUID
    request_id: UUID | None


Row = TypeVar("Row", bound=NamedTuple)

Sets = Mapping[UUID, frozenset[UUID]]


def consultation_types(session: Session, *where: ColumnElement[bool]) -> list[TypeRow]:
    return read(session, TypeRow, selects.consultation_types(*where))


def functions_of_types(session: Session, *where: ColumnElement[bool]) -> Sets:
    """The functions that each type asks for, one of which will do; types that ask for none are not in it."""
    return sets(session, selects.functions_of_types(*where))


def functions_of_practitioners(session: Session, *where: ColumnElement[bool]) -> Sets:
    return sets(session, selects.functions_of_practitioners(*where))


def locations(session: Session, *where: ColumnElement[bool]) -> list[LocationRow]:
    return read(session, LocationRow, selects.locations(*where))


def practitioners(session: Session, *where: ColumnElement[bool]) -> list[PractitionerRow]:
    return read(session, PractitionerRow, selects.practitioners(*where))


def availabilities(session: Session, *where: ColumnElement[bool]) -> list[AvailabilityRow]:
    """Those that are not removed."""
    query = selects.availabilities(*where).order_by(Availability.id)
    return read(session, AvailabilityRow, query)


def admitted_types(session: Session, *where: ColumnElement[bool]) -> Sets:
    """The types that each availability admits; `where` is about availabilities."""
    return sets(session, selects.admitted_types(*where))


def absences(session: Session, begin: datetime, end: datetime) -> list[AbsenceRow]:
    """Everybody's that touch the time between two instants."""
    return read(session, AbsenceRow, selects.absences(begin, end))


def busy_times(session: Session, begin: datetime, end: datetime) -> list[AbsenceRow]:
    """Everybody's that touch the time between two instants, by calendars of their own."""
    return read(session, AbsenceRow, selects.busy_times(begin, end))


def requests(session: Session, *where: ColumnElement[bool]) -> list[RequestRow]:
    return read(session, RequestRow, selects.requests(*where))


def employees_of(session: Session, requests: Collection[UUID]) -> set[UUID]:
    """Whom these requests are for."""
    t = AppointmentRequest
    return set(session.scalars(select(t.employee_id).where(t.id.in_(requests))))


def wished_locations(session: Session, *where: ColumnElement[bool]) -> Sets:
    """The locations that each request may be planned at; one without any is not in it."""
    return sets(session, selects.wished_locations(*where))


def excluded(session: Session, employees: Select[UUID]) -> Sets:
    """The practitioners who may not see each of these employees."""
    return sets(session, selects.excluded(Exclusion.employee_id.in_(employees)))


def planned_once(session: Session, employees: Select[UUID]) -> list[PlannedRow]:
    """What these employees have planned of types that refuse duplicates."""
    return read(session, PlannedRow, selects.planned_once(Appointment.employee_id.in_(employees)))


def read(session: Session, kind: type[Row], query: Query, **values: object) -> list[Row]:
    """The rows of a query, as tuples of a kind; `values`: of its parameters."""
    # past the ORM: its rows of objects cost several times what these do; all, for one by one takes longer
    return [kind(*row) for row in session.connection().execute(query, values).all()]


def sets(session: Session, query: Pairs, **values: object) -> Sets:
    """The second of each pair, by the first."""
    found: dict[UUID, set[UUID]] = {}
    for key, member in session.connection().execute(query, values).all():
        found.setdefault(key, set()).add(member)
    return {key: frozenset(members) for key, members in found.items()}
