"""Holidays of the organisation's own: a day added to the public ones, or dropped from them. Domain §2.

Either may make a day a holiday somewhere: one that was dropped and is taken back is a holiday again. So
the calendar is asked before and after, and what is planned on a new holiday without leave is in its way.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, exists, insert, or_, select
from sqlalchemy.orm import Session

from models.agenda import Location, OwnHoliday
from models.appointments import Appointment, Override
from models.base import new_id
from models.requests import AppointmentRequest
from scheduler.actor import Actor
from scheduler.agenda import calendars, disturbed
from scheduler.agenda.bounds import END, out_of_range
from scheduler.agenda.disturbed import Leave, Way
from scheduler.agenda.missing import NotThereError
from scheduler.agenda.offers import UNKNOWN
from scheduler.booking.locks import Concerned
from scheduler.guarded import guarded
from scheduler.loading.calendar import Names, Place, days_off, names
from scheduler.loading.days import midnight
from scheduler.refusals import Refusal, RefusedError
from solver.rules.sunday_holiday import SundayHoliday

CLOSED = "the day has become a holiday"
PERIOD = "days_off_period"
MOST_DAYS = 1_100
"""Three years at once."""
DAY = timedelta(days=1)
SUNDAY = 7

Write = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDay:
    """A day that is a holiday, or none, in a country, a subdivision of it, or at one location, which knows its country."""

    day: date
    name: str
    is_holiday: bool
    country: str = ""
    subdivision: str = ""
    location_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Country:
    """A place of which only the calendar is asked for."""

    country: str
    name: str
    subdivision: str | None
    id: UUID = field(default_factory=new_id)


def add(session: Session, own: OwnDay, *, leave: Leave, by: Actor, now: datetime) -> UUID:
    """Enter a day: its key. With `leave`, what may not be held on a holiday goes.

    Raises:
        RefusedError: the country is not known, the day is there already, or appointments are in its way.
    """
    own = _checked(session, own)
    key = new_id()
    row = {
        "id": key,
        "day": own.day,
        "name": own.name,
        "is_holiday": own.is_holiday,
        "country": own.country,
        "subdivision": own.subdivision,
        "location_id": own.location_id,
    }
    places = _places(session, own.country, own.subdivision, own.location_id)

    def write() -> None:
        session.execute(insert(OwnHoliday).values(row))

    _write(session, places, own.day, write, leave, by=by, now=now)
    return key


def drop(session: Session, own_id: UUID, *, leave: Leave, by: Actor, now: datetime) -> None:
    """The day is again what it is in its country.

    Raises:
        NotThereError: there is none with this key.
        RefusedError: it becomes a holiday by this, appointments are in its way, and nobody confirmed.
    """
    own = session.get(OwnHoliday, own_id)
    if own is None:
        raise NotThereError("own holiday", own_id)
    places = _places(session, own.country, own.subdivision, own.location_id)
    day = own.day

    def write() -> None:
        session.execute(delete(OwnHoliday).where(OwnHoliday.id == own_id))

    _write(session, places, day, write, leave, by=by, now=now)


def days_off_there(
    session: Session, location_id: UUID, from_day: date, until_day: date, language: str
) -> Names:
    """The holidays that count at a location within `[from_day, until_day)`, our own among them, by name.

    Raises:
        NotThereError: there is no such location.
        RefusedError: it is no period, or too long a one; or nobody knows the location's holidays.
    """
    location = session.get(Location, location_id)
    if location is None:
        raise NotThereError("location", location_id)
    against = out_of_range(from_day=from_day, until_day=until_day)
    if not timedelta() < until_day - from_day <= MOST_DAYS * DAY:
        against.append(Refusal(PERIOD, {"most": MOST_DAYS}))
    if against:
        raise RefusedError(against)
    with calendars.known():
        return names(session, [location], from_day, until_day, language)[location.id]


def _checked(session: Session, own: OwnDay) -> OwnDay:
    """As it is kept: at a location, with the country that the location lies in."""
    against = out_of_range(day=own.day) or (out_of_range(day=END + DAY) if own.day == END else [])
    location = None if own.location_id is None else session.get(Location, own.location_id)
    if own.location_id is not None and location is None:
        against.append(Refusal(UNKNOWN, {"field": "location_id", "id": own.location_id}))
    if against:
        raise RefusedError(against)
    if location is not None:
        return replace(own, country=location.country, subdivision=location.subdivision or "")
    _off(session, [_Country(own.country, own.country, own.subdivision or None)], own.day)
    return own


def _places(
    session: Session, country: str, subdivision: str, location: UUID | None
) -> Sequence[Location]:
    query = select(Location).order_by(Location.id)
    if location is not None:
        return session.scalars(query.where(Location.id == location)).all()
    there = query.where(Location.country == country)
    if subdivision:
        there = there.where(Location.subdivision == subdivision)
    return session.scalars(there).all()


def _write(
    session: Session,
    places: Sequence[Location],
    day: date,
    write: Write,
    leave: Leave,
    *,
    by: Actor,
    now: datetime,
) -> None:
    closing = _closing(session, places, day, write)
    zones = {place.id: place.time_zone for place in places if place.id in closing}
    also = Concerned(locations=[place.id for place in places])
    way = Way(lambda: _planned(session, day, zones.items()), also, CLOSED)
    disturbed.make_way(session, way, leave, by=by, now=now)
    with guarded(session):
        write()
    session.expire_all()


def _closing(
    session: Session, places: Sequence[Location], day: date, write: Write
) -> frozenset[UUID]:
    """The places at which the day becomes a holiday: written for trial, and taken back."""
    before = _off(session, places, day)
    with guarded(session), session.begin_nested() as trial:
        write()
        session.expire_all()
        after = _off(session, places, day)
        trial.rollback()
    # on a Sunday nothing changes: a holiday asks for the same leave
    return after - before if day.isoweekday() < SUNDAY else frozenset()


def _off(session: Session, places: Iterable[Place], day: date) -> frozenset[UUID]:
    with calendars.known():
        found = days_off(session, places, day, day + DAY)
    return frozenset(place for place, days in found.items() if day in days)


def _planned(session: Session, day: date, closing: Collection[tuple[UUID, str]]) -> Sequence[UUID]:
    """What is planned there on that day and would not be planned there again (`sunday_holiday`, domain §3)."""
    if not closing:
        return []
    a, wish = Appointment, AppointmentRequest
    on_that_day = [
        and_(
            a.location_id == location,
            a.starts_at >= midnight(zone, day),
            a.starts_at < midnight(zone, day + DAY),
        )
        for location, zone in closing
    ]
    unwilling = exists().where(wish.id == a.request_id, wish.allow_sunday_holiday.is_(False))
    by_hand = exists().where(Override.appointment_id == a.id, Override.rule == SundayHoliday.code)
    return disturbed.ahead(session, or_(*on_that_day), unwilling, ~by_hand)
