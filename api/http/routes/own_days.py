"""Holidays: those of the organisation's own, and those that count at a location. Domain §2."""

from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field, StringConstraints

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.leaving import Confirmed, leave
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.shapes import Day, Flag, Given, Line, Page, View
from models.agenda import Location, OwnHoliday
from models.audit import Act
from models.instants import local
from scheduler.access import Right
from scheduler.agenda import own_days
from scheduler.agenda.bounds import END, FIRST_DAY
from scheduler.agenda.own_days import OwnDay

routes = Routes("holidays")

YEAR = timedelta(days=365)

LOOK = everywhere(Right.VIEW_AGENDA, Right.MANAGE_LOCATIONS, of=OwnHoliday)

Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    Field(description="ISO 3166-1", examples=["NL"]),
]
Subdivision = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Z0-9]{1,3})?$"),
    Field(description="ISO 3166-2 without its country; empty for all of it", examples=[""]),
]


class HolidayFilters(Paging):
    """Where, and in which year."""

    country: Country | None = None
    subdivision: Subdivision | None = None
    location_id: UUID | None = None
    year: int | None = Field(default=None, ge=FIRST_DAY.year, lt=END.year)


class HolidayView(View):
    """A day that is a holiday by the organisation's word, or none: in a country, a part of it, or at one location."""

    id: UUID
    day: date
    name: str
    is_holiday: bool
    country: str
    subdivision: str
    location_id: UUID | None


class NewHoliday(Confirmed):
    """A day and where: a country, a part of it, or one location, which knows its own country."""

    day: Day
    name: Line
    is_holiday: Flag
    country: Country | None = None
    subdivision: Subdivision = ""
    location_id: UUID | None = None

    def as_own_day(self) -> OwnDay:
        return OwnDay(
            day=self.day,
            name=self.name,
            is_holiday=self.is_holiday,
            country=self.country or "",
            subdivision=self.subdivision,
            location_id=self.location_id,
        )


class DaysOffFilters(Given):
    """A period of three years at the most, the coming year unless it is said, and the language of the names."""

    from_day: Day | None = None
    until_day: Day | None = None
    language: Literal["en", "nl"] = "en"


class DayOff(View):
    """A holiday. A Sunday is none, unless a holiday falls on it."""

    day: date
    name: str


class DaysOff(View):
    """By day."""

    items: list[DayOff]


@routes.get("/own-holidays", LOOK)
def list_own_holidays(call: Call, filters: Annotated[HolidayFilters, Query()]) -> Page[HolidayView]:
    """The days that the organisation adds to the public holidays, or drops from them."""
    one = OwnHoliday
    equal = {
        one.country: filters.country,
        one.subdivision: filters.subdivision,
        one.location_id: filters.location_id,
    }
    conditions = [column == wanted for column, wanted in equal.items() if wanted is not None]
    if filters.year is not None:
        conditions += [one.day >= date(filters.year, 1, 1), one.day <= date(filters.year, 12, 31)]
    return call.page(one, HolidayView, filters, *conditions, by=(one.day,))


@routes.get("/own-holidays/{holiday_id}", LOOK)
def read_own_holiday(call: Call, holiday_id: UUID) -> HolidayView:
    """One of them."""
    return HolidayView.model_validate(call.one(OwnHoliday, holiday_id))


@routes.post(
    "/own-holidays", everywhere(Right.MANAGE_LOCATIONS, of=OwnHoliday, act=Act.CREATE), status=201
)
def add_own_holiday(call: Call, given: NewHoliday) -> HolidayView:
    """Make a day a holiday, or none.

    Appointments that may not be held on a new holiday are listed (`disturbs_appointments`), and cancelled
    once that is confirmed.
    """
    with leave(call, confirmed=given.confirm) as given_leave:
        key = own_days.add(
            call.session, given.as_own_day(), leave=given_leave, by=call.by, now=call.now
        )
    return HolidayView.model_validate(call.another(OwnHoliday, key))


@routes.post(
    "/own-holidays/{holiday_id}/drop",
    everywhere(Right.MANAGE_LOCATIONS, of=OwnHoliday, act=Act.DELETE),
    status=204,
)
def drop_own_holiday(call: Call, holiday_id: UUID, given: Confirmed) -> None:
    """Let the day be again what it is in its country; that, too, may make a holiday of it."""
    row = call.one(OwnHoliday, holiday_id)
    with leave(call, confirmed=given.confirm) as given_leave:
        own_days.drop(call.session, row.id, leave=given_leave, by=call.by, now=call.now)


@routes.get(
    "/locations/{location_id}/days-off",
    everywhere(Right.VIEW_AGENDA, Right.MANAGE_LOCATIONS, of=Location),
)
def list_days_off(
    call: Call, location_id: UUID, filters: Annotated[DaysOffFilters, Query()]
) -> DaysOff:
    """The holidays that count at a location, the organisation's own among them."""
    row = call.one(Location, location_id)
    from_day = filters.from_day or local(call.now, ZoneInfo(row.time_zone))[0]
    until_day = filters.until_day or from_day + YEAR
    found = own_days.days_off_there(call.session, row.id, from_day, until_day, filters.language)
    return DaysOff(items=[DayOff(day=day, name=name) for day, name in found.items()])
