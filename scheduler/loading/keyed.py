"""The rows of `rows` by their keys, for whoever somebody waits for: each statement is made once.

To make a statement and to look up what it was compiled to takes longer than the database does.
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.agenda import Availability, AvailabilityType, Location
from models.appointments import Appointment
from models.consultations import ConsultationType, ConsultationTypeFunction
from models.instants import Instant
from models.own_calendars import BusyTime
from models.people import Absence, Exclusion, Practitioner, PractitionerFunction
from models.requests import AppointmentRequest
from scheduler.loading import selects
from scheduler.loading.rows import (
    AbsenceRow,
    LocationRow,
    PlannedRow,
    PractitionerRow,
    RequestRow,
    Sets,
    TypeRow,
    read,
    sets,
)
from scheduler.loading.selects import Pairs, Query

Keys = Collection[UUID]


def consultation_types(session: Session, keys: Keys) -> list[TypeRow]:
    return read(session, TypeRow, _consultation_types(), keys=keys)


def functions_of_types(session: Session, keys: Keys) -> Sets:
    return sets(session, _functions_of_types(), keys=keys)


def functions_of_practitioners(session: Session, keys: Keys) -> Sets:
    return sets(session, _functions_of_practitioners(), keys=keys)


def locations(session: Session, keys: Keys) -> list[LocationRow]:
    return read(session, LocationRow, _locations(), keys=keys)


def time_zones(session: Session, locations: Keys | None) -> set[str]:
    """Of these locations, or where none are named, of all."""
    if locations is None:
        return set(session.connection().scalars(_all_time_zones()))
    return set(session.connection().scalars(_time_zones(), {"keys": locations}))


def practitioners(session: Session, keys: Keys) -> list[PractitionerRow]:
    return read(session, PractitionerRow, _practitioners(), keys=keys)


def admitted_types(session: Session, availabilities: Keys, types: Keys) -> Sets:
    """Which of these types each of these availabilities admits."""
    return sets(session, _admitted_types(), keys=availabilities, types=types)


def absences(
    session: Session, begin: datetime, end: datetime, practitioners: Keys
) -> list[AbsenceRow]:
    """Of these practitioners."""
    return read(session, AbsenceRow, _absences(), begin=begin, end=end, keys=practitioners)


def busy_times(
    session: Session, begin: datetime, end: datetime, practitioners: Keys
) -> list[AbsenceRow]:
    """Of these practitioners."""
    return read(session, AbsenceRow, _busy_times(), begin=begin, end=end, keys=practitioners)


def requests(session: Session, keys: Keys) -> list[RequestRow]:
    return read(session, RequestRow, _requests(), keys=keys)


def wished_locations(session: Session, requests: Keys) -> Sets:
    return sets(session, _wished_locations(), keys=requests)


def excluded(session: Session, employees: Keys) -> Sets:
    return sets(session, _excluded(), keys=employees)


def planned_once(session: Session, employees: Keys) -> list[PlannedRow]:
    return read(session, PlannedRow, _planned_once(), keys=employees)


# --- Their statements -----------------------------------------------------------------------------------


def _in_keys(column: InstrumentedAttribute[UUID], name: str = "keys") -> ColumnElement[bool]:
    return column.in_(bindparam(name, expanding=True))


@cache
def _consultation_types() -> Query:
    return selects.consultation_types(_in_keys(ConsultationType.id))


@cache
def _functions_of_types() -> Pairs:
    return selects.functions_of_types(_in_keys(ConsultationTypeFunction.consultation_type_id))


@cache
def _functions_of_practitioners() -> Pairs:
    return selects.functions_of_practitioners(_in_keys(PractitionerFunction.practitioner_id))


@cache
def _locations() -> Query:
    return selects.locations(_in_keys(Location.id))


@cache
def _time_zones() -> Select[str]:
    return selects.time_zones(_in_keys(Location.id))


@cache
def _all_time_zones() -> Select[str]:
    return selects.time_zones()


@cache
def _practitioners() -> Query:
    return selects.practitioners(_in_keys(Practitioner.id))


@cache
def _admitted_types() -> Pairs:
    types = _in_keys(AvailabilityType.consultation_type_id, "types")
    return selects.admitted_types(_in_keys(Availability.id), types)


@cache
def _absences() -> Query:
    begin, end = (bindparam(name, type_=Instant()) for name in ("begin", "end"))
    return selects.absences(begin, end, _in_keys(Absence.practitioner_id))


@cache
def _busy_times() -> Query:
    begin, end = (bindparam(name, type_=Instant()) for name in ("begin", "end"))
    return selects.busy_times(begin, end, _in_keys(BusyTime.practitioner_id))


@cache
def _requests() -> Query:
    return selects.requests(_in_keys(AppointmentRequest.id))


@cache
def _wished_locations() -> Pairs:
    return selects.wished_locations(_in_keys(AppointmentRequest.id))


@cache
def _excluded() -> Pairs:
    return selects.excluded(_in_keys(Exclusion.employee_id))


@cache
def _planned_once() -> Query:
    return selects.planned_once(_in_keys(Appointment.employee_id))
