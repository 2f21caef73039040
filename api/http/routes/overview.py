"""The agenda of a day or a week, all at once, to be drawn. Domain §§1-3."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field
from sqlalchemy import false

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import by_right
from api.http.shapes import Day, Given, View
from models.agenda import Location
from models.appointments import Appointment, AppointmentState
from models.consultations import Modality
from scheduler.access import Right
from scheduler.agenda import overview
from scheduler.agenda.overview import Window
from scheduler.loading.calendar import Names, names_where_known

routes = Routes("agenda")

Seen = TypeVar("Seen", bound=View)

LOOK = by_right(Right.VIEW_AGENDA, of=Appointment)
LONGEST = 14


class Somebody(View):
    """A practitioner."""

    id: UUID
    name: str


class AtOnce(View):
    """How many go on together at a location, at the moment of a day when most do; of what is shown here, and takes a room."""

    availabilities: int
    appointments: int


class Somewhere(View):
    """A location.

    `closed`: its holidays by day, with their names; null where nobody knows them, and nothing can be planned there
    automatically. `at_once`: by day, of the location that is asked for.
    """

    id: UUID
    name: str
    time_zone: str
    capacity: int | None
    closed: dict[date, str] | None = None
    at_once: dict[date, AtOnce] = Field(default_factory=dict)


class Kind(View):
    """A consultation type."""

    id: UUID
    name: str


@dataclass(slots=True)
class Open:
    """An availability."""

    # these two are no models: to make one of those of each row takes longer than to read it
    id: UUID
    version: int
    series_id: UUID | None
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime
    ends_at: datetime
    at_location: bool
    by_telephone: bool
    by_video: bool


class Away(View):
    """An absence."""

    id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Standing:
    """An appointment. The employee's name for whoever may see employees."""

    id: UUID
    version: int
    state: AppointmentState
    is_no_show: bool
    employee_id: UUID
    last_name: str | None
    first_name: str | None
    practitioner_id: UUID
    location_id: UUID
    availability_id: UUID | None
    consultation_type_id: UUID
    request_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    occupied_until: datetime
    modality: Modality
    ad_hoc: bool


class Agenda(View):
    """Everything in the days from `first_day` on, on the clocks of `time_zone`; the practitioners by name."""

    first_day: date
    days: int
    time_zone: str
    practitioners: list[Somebody]
    locations: list[Somewhere]
    types: list[Kind]
    availabilities: list[Open]
    absences: list[Away]
    appointments: list[Standing]


class AgendaFilters(Given):
    """Which days, and whose. `language`: of the names of types and holidays."""

    first_day: Day | None = Field(default=None, description="today without")
    days: int = Field(default=7, ge=1, le=LONGEST)
    location_id: UUID | None = None
    practitioner_id: UUID | None = None
    language: str = Field(default="nl", max_length=10)


@routes.get("/agenda", LOOK, compressed=True)
def read_agenda(call: Call, filters: Annotated[AgendaFilters, Query()]) -> Agenda:
    """The agenda of some days: who is there, what is open, what stands."""
    session = call.session
    window = _window(call, filters)
    stands = _appointments(call, window)
    open_ = [Open(*one) for one in overview.availabilities(session, window)]
    away = overview.absences(session, window)
    used = {one.location_id for one in stands} | {one.location_id for one in open_}
    places = overview.locations(session, window, used)
    closed = names_where_known(
        session, places, window.first_day, window.until_day, filters.language
    )
    whose = {one.practitioner_id for one in stands} | {one.practitioner_id for one in open_}
    whose |= {one.practitioner_id for one in away}
    kinds = {one.consultation_type_id for one in stands}
    return Agenda(
        first_day=window.first_day,
        days=window.days,
        time_zone=window.zone,
        practitioners=_views(Somebody, overview.practitioners(session, whose)),
        locations=[
            _somewhere(one, closed[one.id], _at_once(window, one, open_, stands)) for one in places
        ],
        types=_views(Kind, overview.types(session, kinds, filters.language)),
        availabilities=open_,
        absences=_views(Away, away),
        appointments=stands,
    )


def _window(call: Call, filters: AgendaFilters) -> Window:
    zones = overview.zones(call.session, filters.location_id)
    first = filters.first_day or call.now.astimezone(ZoneInfo(zones[0])).date()
    return Window(first, filters.days, zones, filters.location_id, filters.practitioner_id)


def _appointments(call: Call, window: Window) -> list[Standing]:
    """None of them for whoever may not see any; nobody's name for whoever may not see employees."""
    visible = call.seen(Appointment)
    if not call.caller.may(Right.VIEW_APPOINTMENTS):
        visible = false()
    found = [Standing(*row) for row in overview.appointments(call.session, window, visible)]
    names = call.caller.may(Right.VIEW_EMPLOYEES)
    for one in found:
        if not names:
            one.last_name = one.first_name = None
        call.entry(Appointment.__tablename__, one.id, one.employee_id)
    return found


def _somewhere(place: Location, closed: Names | None, at_once: Mapping[date, AtOnce]) -> Somewhere:
    seen = Somewhere.model_validate(place)
    seen.closed, seen.at_once = None if closed is None else dict(closed), dict(at_once)
    return seen


def _at_once(
    window: Window, place: Location, open_: Sequence[Open], stands: Sequence[Standing]
) -> Mapping[date, AtOnce]:
    """Of the one location that is asked for: beside its limit it tells how full it is."""
    if window.location_id is None:
        return {}
    zone = ZoneInfo(place.time_zone)
    rooms: dict[date, list[tuple[datetime, datetime]]] = defaultdict(list)
    people: dict[date, list[tuple[datetime, datetime]]] = defaultdict(list)
    for block in open_:
        if block.at_location:
            rooms[block.starts_at.astimezone(zone).date()].append((block.starts_at, block.ends_at))
    for one in stands:
        if one.modality is Modality.AT_LOCATION and one.state is not AppointmentState.LAPSED:
            there = one.starts_at, one.occupied_until
            people[one.starts_at.astimezone(zone).date()].append(there)
    return {
        day: AtOnce(
            availabilities=overview.most_at_once(rooms[day]),
            appointments=overview.most_at_once(people[day]),
        )
        for day in sorted({*rooms, *people})
    }


def _views(view: type[Seen], rows: Sequence[object]) -> list[Seen]:
    return [view.model_validate(one) for one in rows]
