"""Who and what is occupied when: appointments, and holds that have not expired. Domain §3.

For a horizon everything is read. For a few places only what overlaps them: a night books ten thousand,
and most of what stands is far from any of them.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnClause,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import Session

from models.appointments import OCCUPYING, Appointment, AppointmentState, Hold
from models.consultations import Modality
from models.instants import EPOCH, LONGEST, MICROSECOND, Instant, database_now
from models.people import Employee
from scheduler.loading.rows import read
from scheduler.loading.selects import Moment, Query


class StandingRow(NamedTuple):
    """An appointment that occupies, or a hold. What is only a name, or no rule asks about, may be left out."""

    practitioner_id: UUID | None
    location_id: UUID
    employee_id: UUID
    starts_at: datetime
    ends_at: datetime
    occupied_until: datetime
    modality: Modality
    id: UUID | None = None
    reference: str | None = None
    employee: str | None = None
    consultation_type_id: UUID | None = None
    state: AppointmentState | None = None


class RoomRow(NamedTuple):
    """Of an appointment of others it only matters that it takes a room."""

    location_id: UUID
    starts_at: datetime
    occupied_until: datetime


class Span(NamedTuple):
    """The time of a practitioner at a location that is asked about."""

    practitioner_id: UUID
    location_id: UUID
    begin: datetime
    end: datetime


class Overlapping(NamedTuple):
    """What overlaps some spans: of their practitioners and employees, and of others in their rooms."""

    standing: list[StandingRow]
    rooms: list[RoomRow]


def standing(session: Session, begin: datetime, end: datetime) -> list[StandingRow]:
    """Everything that occupies anybody between two instants, in the order of the keys."""
    t = Appointment
    names = (t.reference, Employee.reference, t.consultation_type_id, t.state)
    booked = select(*_columns(t), *names).join(Employee, Employee.id == t.employee_id)
    held = select(*_columns(Hold)).where(*_held(begin, end))
    found = read(session, StandingRow, booked.where(*_between(t, begin, end)).order_by(t.id))
    return [*found, *read(session, StandingRow, held.order_by(Hold.id))]


def overlapping(
    session: Session,
    spans: Sequence[Span],
    employees: Collection[UUID],
    limited: Collection[UUID],
    apart_from: Collection[UUID] = (),
) -> Overlapping:
    """What overlaps these spans, and what these employees have at any time between.

    `limited`: the locations with a limit; elsewhere nobody counts the rooms. `apart_from`: appointments
    and holds that count for nothing.
    """
    asked = {
        "begin": min(span.begin for span in spans),
        "end": max(span.end for span in spans),
        "employees": list(employees),
        "apart_from": list(apart_from),
    }
    dialect = session.get_bind().dialect.name
    connection = session.connection()
    times = _merged((span.practitioner_id, span.begin, span.end) for span in spans)
    found = [
        StandingRow(times[number][0], *rest)
        for number, *rest in connection.execute(
            _of_practitioners(dialect), asked | {"spans": _document(dialect, times)}
        ).all()
    ]
    seen = {row.id for row in found}
    for query in (_of_employees(), _holds()):
        more = [StandingRow(*row) for row in connection.execute(query, asked).all()]
        found += [row for row in more if row.id not in seen]
        seen |= {row.id for row in more}
    there = _merged((s.location_id, s.begin, s.end) for s in spans if s.location_id in limited)
    rooms = [
        RoomRow(there[number][0], *rest)
        for number, *rest, key in connection.execute(
            _in_rooms(dialect), asked | {"spans": _document(dialect, there)}
        ).all()
        if key not in seen
    ]
    return Overlapping(found, rooms)


# --- Statements, made once: a planner waits for them --------------------------------------------------


@cache
def _of_practitioners(dialect: str) -> Query:
    t, asked = Appointment, _spans(dialect)
    meets = t.practitioner_id == asked.c.whose, *_meeting(t, asked), _counts(t)
    # the number of the span for the key of its practitioner: keys are the dearest of all values
    return _of_each(dialect, asked, _columns(t)[1:], meets)


@cache
def _of_employees() -> Query:
    t = Appointment
    return select(*_columns(t)).where(
        *_between(t, BEGIN, END),
        t.employee_id.in_(bindparam("employees", expanding=True)),
        _counts(t),
    )


@cache
def _in_rooms(dialect: str) -> Query:
    t, asked = Appointment, _spans(dialect)
    meets = (
        t.location_id == asked.c.whose,
        *_meeting(t, asked),
        t.modality == Modality.AT_LOCATION,
        _counts(t),
    )
    return _of_each(dialect, asked, (t.starts_at, t.occupied_until, t.id), meets)


def _of_each(
    dialect: str,
    asked: FromClause,
    columns: tuple[Any, ...],
    meets: tuple[ColumnElement[bool], ...],
) -> Query:
    """What meets each span, behind its number."""
    if dialect == "sqlite":
        return select(asked.c.number, *columns).join(asked, and_(*meets))
    # PostgreSQL takes a document for a hundred rows, and would rather read the whole table once: the
    # offset makes it look for each span by itself, by an index
    there = select(*columns).where(*meets).offset(literal_column("0")).lateral()
    return select(asked.c.number, *there.c).join(there, true())


@cache
def _holds() -> Query:
    """Whosever they are: there are few at any time."""
    return select(*_columns(Hold)).where(*_held(BEGIN, END), _counts(Hold))


def _counts(table: type[Appointment | Hold]) -> ColumnElement[bool]:
    return table.id.not_in(bindparam("apart_from", expanding=True))


def _columns(table: type[Appointment | Hold]) -> tuple[Any, ...]:
    t = table
    return (
        t.practitioner_id, t.location_id, t.employee_id,
        t.starts_at, t.ends_at, t.occupied_until, t.modality, t.id,
    )  # fmt: skip


BEGIN: ColumnElement[datetime] = bindparam("begin", type_=Instant())
END: ColumnElement[datetime] = bindparam("end", type_=Instant())


def _between(
    table: type[Appointment], begin: Moment, end: Moment
) -> tuple[ColumnElement[bool], ...]:
    t = table
    return t.state.in_(OCCUPYING), t.starts_at < end, t.occupied_until > begin


def _meeting(table: type[Appointment], asked: FromClause) -> tuple[ColumnElement[bool], ...]:
    t = table
    return (
        t.state.in_(OCCUPYING),
        t.starts_at < asked.c.until,
        t.starts_at >= asked.c.not_before,
        t.occupied_until > asked.c.since,
    )


def _held(begin: Moment, end: Moment) -> tuple[ColumnElement[bool], ...]:
    alive = Hold.expires_at > database_now()
    return alive, Hold.starts_at < end, Hold.occupied_until > begin


# --- Spans as a table -----------------------------------------------------------------------------------
# As one parameter, a document: a statement with its values spelled out would be compiled anew each time,
# which takes longer than to run it.

FIELDS = ("number", "whose", "since", "until", "not_before")

Times = tuple[UUID, datetime, datetime]
"""Whose or what's, from when, until when."""


def _merged(spans: Iterable[Times]) -> list[Times]:
    """The spans in order; those of one that touch are one."""
    merged: list[Times] = []
    for whose, since, until in sorted(spans):
        if merged and merged[-1][0] == whose and since <= merged[-1][2]:
            merged[-1] = (whose, merged[-1][1], max(until, merged[-1][2]))
        else:
            merged.append((whose, since, until))
    return merged


def _document(dialect: str, times: Sequence[Times]) -> str:
    """The spans as the value of the parameter, numbered."""
    rows = [
        (number, whose, since, until, _not_before(times, number))
        for number, (whose, since, until) in enumerate(times)
    ]
    if dialect == "sqlite":
        return json.dumps([[_stored(value) for value in row] for row in rows])
    return json.dumps([dict(zip(FIELDS, map(str, row), strict=True)) for row in rows])


def _not_before(times: Sequence[Times], number: int) -> datetime:
    """What began sooner is too long ago to overlap the span, or overlaps the one before it and is told there."""
    whose, since, _ = times[number]
    long_ago = since - LONGEST
    if number and times[number - 1][0] == whose:
        return max(long_ago, times[number - 1][2])
    return long_ago


def _stored(value: int | UUID | datetime) -> str | int:
    """As SQLite has it: see `Instant`, and `Uuid` of SQLAlchemy."""
    match value:
        case UUID():
            return value.hex
        case datetime():
            return (value - EPOCH) // MICROSECOND
    return value


def _spans(dialect: str) -> FromClause:
    """The parameter as a table to join with."""
    document: ColumnElement[str] = bindparam("spans", type_=Text())
    if dialect == "sqlite":
        each = func.json_each(document).table_valued("value").alias()
        fields = (
            func.json_extract(each.c.value, f"$[{place}]").label(name)
            for place, name in enumerate(FIELDS)
        )
        return select(*fields).subquery()
    number: ColumnClause[int] = column("number", Integer())
    whose: ColumnClause[UUID] = column("whose", Uuid())
    instants: list[ColumnClause[datetime]] = [column(name, Instant()) for name in FIELDS[2:]]
    table = func.json_to_recordset(cast(document, JSON)).table_valued(number, whose, *instants)
    return table.render_derived(with_types=True)
