"""What the rules of intake ask of the database, read at once for however many wishes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.agenda import Location
from models.appointments import Appointment, AppointmentState
from models.base import Keyed
from models.consultations import ConsultationType, ConsultationTypeFunction, Modality
from models.instants import local
from models.organisation import ContactPerson, Establishment
from models.people import Employee, Employment, Exclusion, Practitioner, PractitionerFunction
from models.requests import TO_BE_PLANNED, AppointmentRequest, Case
from scheduler.announcing import in_portions
from scheduler.intake.wishes import Sees, Wish, everything
from scheduler.parameters import DEFAULT_TYPE, value

Key = InstrumentedAttribute[UUID]
Sets = Mapping[UUID, frozenset[UUID]]


class TypeRow(NamedTuple):
    """A consultation type."""

    id: UUID
    code: str
    duration: int
    buffer: int
    modality: Modality
    refuses_duplicates: bool
    is_no_show: bool
    needs_contact_details: bool
    preferred_case_kind_id: UUID | None
    archived_at: datetime | None


class Work(NamedTuple):
    """An employment."""

    employer_id: UUID
    establishment_id: UUID
    from_day: date
    until_day: date | None

    def touches(self, from_day: date, until_day: date) -> bool:
        """Whether he works there on one of the days."""
        return self.from_day < until_day and (self.until_day is None or from_day < self.until_day)


class ContactRow(NamedTuple):
    """A contact person."""

    employer_id: UUID
    establishment_id: UUID | None


class CaseRow(NamedTuple):
    """A case, and the employer that it is about."""

    employee_id: UUID
    employer_id: UUID
    kind_id: UUID
    closed_on: date | None


class Standing(NamedTuple):
    """What is there already of a type that refuses duplicates; a request, or an appointment and its request."""

    what: str
    request_id: UUID | None


@dataclass(frozen=True)
class Known:
    """What was read. Whatever a wish names and is not in here, is not there."""

    today: date
    default_type: str
    types: Mapping[UUID, TypeRow]
    employees: Mapping[UUID, bool]
    """Each with whether an address or a mobile number of his is known."""
    works: Mapping[UUID, Sequence[Work]]
    employers: Mapping[UUID, UUID]
    """By establishment."""
    contacts: Mapping[UUID, ContactRow]
    cases: Mapping[UUID, CaseRow]
    practitioners: Mapping[UUID, datetime | None]
    """Each with when he was archived."""
    locations: Mapping[UUID, datetime | None]
    asked_functions: Sets
    held_functions: Sets
    excluded: Sets
    standing: Mapping[tuple[UUID, UUID], Sequence[Standing]]
    """By employee and type."""
    taken: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    """The same for the wishes before, of the same bulk: the number of the row."""


def today(session: Session, now: datetime) -> date:
    """The calendar day where most locations are: a request is made nowhere in particular."""
    zones = (
        select(Location.time_zone)
        .where(Location.archived_at.is_(None))
        .group_by(Location.time_zone)
        .order_by(func.count().desc(), Location.time_zone)
    )
    zone = session.scalars(zones.limit(1)).first()
    return now.astimezone(UTC).date() if zone is None else local(now, ZoneInfo(zone))[0]


def known(
    session: Session, wishes: Sequence[Wish], *, now: datetime, sees: Sees = everything
) -> Known:
    """Everything that these wishes touch; of what they name, what he sees who wishes it."""
    read = _Reading(session, sees)
    reachable = _reachable(read, {wish.employee_id for wish in wishes})
    # of nobody else anything is read: what speaks against a wish would tell of him
    employees = reachable.keys()
    kinds = {wish.consultation_type_id for wish in wishes}
    practitioners = _named(
        key for w in wishes for key in (w.required_practitioner_id, w.preferred_practitioner_id)
    )
    locations = _named(w.preferred_location_id for w in wishes).union(
        *(w.location_ids for w in wishes)
    )
    t = ConsultationType
    types = read.named(
        t, kinds,
        t.code, t.duration, t.buffer, t.modality, t.refuses_duplicates, t.is_no_show,
        t.needs_contact_details, t.preferred_case_kind_id, t.archived_at,
    )  # fmt: skip
    found = {row[0]: TypeRow._make(row) for row in types}
    return Known(
        today=today(session, now),
        default_type=value(session, DEFAULT_TYPE),
        types=found,
        employees=reachable,
        works=_works(read, employees),
        employers=dict(
            read.named(
                Establishment, {w.establishment_id for w in wishes}, Establishment.employer_id
            )
        ),
        contacts={
            key: ContactRow._make(rest)
            for key, *rest in read.named(
                ContactPerson,
                _named(w.contact_person_id for w in wishes),
                ContactPerson.employer_id,
                ContactPerson.establishment_id,
            )
        },
        cases=_cases(read, _named(w.case_id for w in wishes)),
        practitioners=dict(read.named(Practitioner, practitioners, Practitioner.archived_at)),
        locations=dict(read.named(Location, locations, Location.archived_at)),
        asked_functions=read.sets(
            ConsultationTypeFunction.consultation_type_id,
            kinds,
            ConsultationTypeFunction.function_id,
        ),
        held_functions=read.sets(
            PractitionerFunction.practitioner_id, practitioners, PractitionerFunction.function_id
        ),
        excluded=read.sets(Exclusion.employee_id, employees, Exclusion.practitioner_id),
        standing=_standing(
            read, employees, {k for k, row in found.items() if row.refuses_duplicates}
        ),
    )


def _named(keys: Iterable[UUID | None]) -> set[UUID]:
    return {key for key in keys if key is not None}


class _Reading:
    """Rows by their keys, however many keys."""

    def __init__(self, session: Session, sees: Sees) -> None:
        self._session = session
        self.sees = sees

    def named(self, kind: type[Keyed], keys: Iterable[UUID], *columns: Any) -> list[Any]:  # noqa: ANN401 (columns)
        """Those that he sees who names them."""
        query = select(kind.id, *columns)
        return list(self.those(query, kind.id, keys, self.sees(kind)))

    def those(
        self,
        query: Select[*tuple[Any, ...]],
        key: Key,
        keys: Iterable[UUID],
        *where: ColumnElement[bool],
    ) -> Iterable[Any]:
        for portion in in_portions(sorted(keys)):
            # past the ORM: its rows of objects cost several times what these do
            yield from self._session.connection().execute(query.where(key.in_(portion), *where))

    def sets(self, key: Key, keys: Iterable[UUID], member: Key) -> Sets:
        found: dict[UUID, set[UUID]] = {}
        for one, its in self.those(select(key, member), key, keys):
            found.setdefault(one, set()).add(its)
        return {one: frozenset(members) for one, members in found.items()}


def _reachable(read: _Reading, employees: Iterable[UUID]) -> dict[UUID, bool]:
    """Private and work details both count. Domain §3 [000 §3.1.2]."""
    e = Employee
    rows = read.named(e, employees, e.private_email, e.work_email, e.private_mobile, e.work_mobile)
    return {key: any((detail or "").strip() for detail in details) for key, *details in rows}


def _works(read: _Reading, employees: Iterable[UUID]) -> dict[UUID, list[Work]]:
    w = Employment
    found: dict[UUID, list[Work]] = {}
    query = select(w.employee_id, w.employer_id, w.establishment_id, w.from_day, w.until_day)
    for employee, *rest in read.those(query.order_by(w.id), w.employee_id, employees):
        found.setdefault(employee, []).append(Work._make(rest))
    return found


def _cases(read: _Reading, keys: Iterable[UUID]) -> dict[UUID, CaseRow]:
    c = Case
    query = select(c.id, c.employee_id, Establishment.employer_id, c.kind_id, c.closed_on).join(
        Establishment, Establishment.id == c.establishment_id
    )
    found = read.those(query, c.id, keys, read.sees(c))
    return {key: CaseRow._make(rest) for key, *rest in found}


def _standing(
    read: _Reading, employees: Iterable[UUID], refusing: set[UUID]
) -> dict[tuple[UUID, UUID], list[Standing]]:
    found: dict[tuple[UUID, UUID], list[Standing]] = {}
    if not refusing:
        return found
    r, a = AppointmentRequest, Appointment
    requests = select(r.employee_id, r.consultation_type_id, r.id).where(r.state.in_(TO_BE_PLANNED))
    planned = select(a.employee_id, a.consultation_type_id, a.request_id).where(
        a.state == AppointmentState.PLANNED
    )
    for what, query, whose, kind in (
        ("request", requests, r.employee_id, r.consultation_type_id),
        ("appointment", planned, a.employee_id, a.consultation_type_id),
    ):
        for employee, its, request in read.those(query, whose, employees, kind.in_(refusing)):
            found.setdefault((employee, its), []).append(Standing(what, request))
    return found
