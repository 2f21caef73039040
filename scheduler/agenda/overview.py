"""The agenda of some days, all at once: who is where, what stands, and when it is closed. It is looked at, and changes nothing."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.agenda import Availability, Location
from models.appointments import Appointment, AppointmentState, NoShow
from models.consultations import ConsultationType, ConsultationTypeName
from models.people import Absence, Employee, Practitioner
from scheduler.loading.days import midnight

SHOWN = frozenset(
    {
        AppointmentState.DRAFT,
        AppointmentState.PLANNED,
        AppointmentState.COMPLETED,
        AppointmentState.LAPSED,
    }
)
"""A lapsed one keeps its visible mark (domain §5); what was cancelled or deleted is no longer in the agenda."""

OTHERWISE = "Europe/Amsterdam"
"""Where there is no location yet."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whole days, and whose. A day is that of the place, on its clocks."""

    first_day: date
    days: int
    zones: Sequence[str]
    """Those of the places; the first is that of most of them, on whose clocks everything else is told."""
    location_id: UUID | None = None
    """Without one, all."""
    practitioner_id: UUID | None = None

    @property
    def until_day(self) -> date:
        return self.first_day + timedelta(days=self.days)

    @property
    def zone(self) -> str:
        return self.zones[0]

    def between(self, zone: str) -> tuple[datetime, datetime]:
        return midnight(zone, self.first_day), midnight(zone, self.until_day)


def zones(session: Session, location_id: UUID | None) -> Sequence[str]:
    """The clocks of the location, or of all, those of most locations first."""
    those = select(Location.time_zone).group_by(Location.time_zone)
    by_use = func.count().desc(), Location.time_zone != OTHERWISE, Location.time_zone
    query = those.where(*_of(Location.id, location_id)).order_by(*by_use)
    return session.scalars(query).all() or [OTHERWISE]


def appointments(session: Session, window: Window, *visible: ColumnElement[bool]) -> Sequence[Any]:
    """Those that start in it, in order, with what a planner looks for first: who, for what, in which state."""
    a = Appointment
    missed = exists().where(NoShow.appointment_id == a.id)
    query = (
        select(
            a.id,
            a.version,
            a.state,
            missed.label("is_no_show"),
            a.employee_id,
            Employee.last_name,
            Employee.first_name,
            a.practitioner_id,
            a.location_id,
            a.availability_id,
            a.consultation_type_id,
            a.request_id,
            a.starts_at,
            a.ends_at,
            a.occupied_until,
            a.modality,
            a.ad_hoc,
        )
        .join(Employee, Employee.id == a.employee_id)
        .where(a.state.in_(SHOWN), _begins(a.starts_at, a.location_id, window))
        .where(*_of(a.practitioner_id, window.practitioner_id))
        .where(*_of(a.location_id, window.location_id), *visible)
        .order_by(a.starts_at, a.id)
    )
    return session.execute(query).all()


def availabilities(session: Session, window: Window) -> Sequence[Any]:
    """The blocks that begin in it."""
    a = Availability
    query = (
        select(
            a.id,
            a.version,
            a.series_id,
            a.practitioner_id,
            a.location_id,
            a.starts_at,
            a.ends_at,
            a.at_location,
            a.by_telephone,
            a.by_video,
        )
        .where(a.removed_at.is_(None), _begins(a.starts_at, a.location_id, window))
        .where(*_of(a.practitioner_id, window.practitioner_id))
        .where(*_of(a.location_id, window.location_id))
        .order_by(a.starts_at, a.id)
    )
    return session.execute(query).all()


def absences(session: Session, window: Window) -> Sequence[Absence]:
    """Those that touch it."""
    a = Absence
    since, until = window.between(window.zone)
    query = (
        select(a)
        .where(a.starts_at < until, a.ends_at > since)
        .where(*_of(a.practitioner_id, window.practitioner_id))
        .order_by(a.starts_at, a.id)
    )
    return session.scalars(query).all()


def practitioners(session: Session, keys: Collection[UUID]) -> Sequence[Practitioner]:
    """Those, by name, and 2 before 10."""
    query = select(Practitioner).where(Practitioner.id.in_(keys)).order_by(Practitioner.id)
    return sorted(session.scalars(query), key=lambda one: in_order(one.name))


def locations(session: Session, window: Window, used: Collection[UUID]) -> Sequence[Location]:
    """Those in use, and those that are used there, by name."""
    kept = or_(Location.archived_at.is_(None), Location.id.in_(used))
    query = select(Location).where(kept, *_of(Location.id, window.location_id))
    return sorted(session.scalars(query.order_by(Location.id)), key=lambda one: in_order(one.name))


def types(session: Session, keys: Collection[UUID], language: str) -> Sequence[Any]:
    """Those, by the name in this language, or else their own. Domain §5 [000 §3.1.6]."""
    one, other = ConsultationType, ConsultationTypeName
    in_it = and_(other.consultation_type_id == one.id, other.language == language)
    name = func.coalesce(other.name, one.name).label("name")
    query = select(one.id, name).outerjoin(other, in_it).where(one.id.in_(keys))
    return session.execute(query.order_by(name, one.id)).all()


def in_order(name: str) -> list[tuple[int, int, str]]:
    """As people sort names: numbers by how much they are."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]", name.casefold())
    return [(0, int(one), "") if one.isdecimal() else (1, 0, one) for one in parts]


def most_at_once(times: Iterable[tuple[datetime, datetime]]) -> int:
    """How many of these go on together, where there are most; where one ends, another may begin."""
    steps = sorted(step for begin, end in times if begin < end for step in ((begin, 1), (end, -1)))
    most = going_on = 0
    for _, change in steps:
        going_on += change
        most = max(most, going_on)
    return most


def _begins(
    column: InstrumentedAttribute[datetime], place: InstrumentedAttribute[UUID], window: Window
) -> ColumnElement[bool]:
    """On one of the days, as the clocks of its own place show it."""
    conditions = []
    for zone in window.zones:
        since, until = window.between(zone)
        there = place.in_(select(Location.id).where(Location.time_zone == zone))
        apart = [there] if len(window.zones) > 1 else []
        conditions.append(and_(column >= since, column < until, *apart))
    return or_(*conditions)


def _of(column: InstrumentedAttribute[UUID], wanted: UUID | None) -> list[ColumnElement[bool]]:
    return [] if wanted is None else [column == wanted]
