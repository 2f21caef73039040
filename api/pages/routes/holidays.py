"""The holidays of a year, of a country or at a location: the public ones, and the organisation's own. Domain §2."""

from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.leaving import Confirmed
from api.http.pages import LONGEST_CURSOR
from api.http.policies import everywhere
from api.http.replies import Reply
from api.http.routes import own_days as api
from api.http.shapes import Day, Given, Line
from api.languages import ZONE
from api.pages.administration.forming import countries
from api.pages.answers import again
from api.pages.declaring import Pages
from api.pages.names import choices, names
from api.pages.rendering import reader, render
from models.agenda import Location, OwnHoliday
from models.audit import Act
from scheduler.access import Right
from scheduler.agenda.bounds import END, FIRST_DAY

pages = Pages("holidays")

MOST = 200
JANUARY = 1


class Which(Given):
    """Which year, and where."""

    year: int | None = Field(default=None, ge=FIRST_DAY.year, lt=END.year - 1)
    location_id: UUID | None = None
    country: api.Country | None = None
    cursor: str | None = Field(default=None, max_length=LONGEST_CURSOR)
    day: Day | None = None
    """A day that the form begins with."""
    name: Line | None = None


@pages.get("/administration/holidays", api.LOOK)
def holidays_page(call: Call, which: Annotated[Which, Query()]) -> Reply:
    """The calendar of a year, and the days that are the organisation's own."""
    year = which.year or call.now.astimezone(ZoneInfo(ZONE)).year
    own = _own(call, which, year)
    return render(
        call,
        "holidays/year.html",
        which=which,
        year=year,
        years=(FIRST_DAY.year, END.year - 2),
        own=own,
        days_off=_days_off(call, which, year),
        locations=choices(call, Location, Location.archived_at.is_(None)),
        names=names(call, Location, [one.location_id for one in own]),
        countries=countries(reader(call).language),
        may_manage=call.caller.may(Right.MANAGE_LOCATIONS),
    )


@pages.post(
    "/administration/holidays", everywhere(Right.MANAGE_LOCATIONS, of=OwnHoliday, act=Act.CREATE)
)
def add_holiday_at_page(call: Call, given: api.NewHoliday) -> Reply:
    """Make a day a holiday, or none."""
    api.add_own_holiday(call, given)
    return again()


@pages.post(
    "/administration/holidays/{holiday_id}/drop",
    everywhere(Right.MANAGE_LOCATIONS, of=OwnHoliday, act=Act.DELETE),
)
def drop_holiday_at_page(call: Call, holiday_id: UUID, given: Confirmed) -> Reply:
    """Let the day be again what it is in its country."""
    api.drop_own_holiday(call, holiday_id, given)
    return again()


def _own(call: Call, which: Which, year: int) -> list[api.HolidayView]:
    """Of a location those too that hold in its whole country, or its part of it."""
    place = which.location_id and call.another(Location, which.location_id)
    country = place.country if place else which.country
    asked = api.HolidayFilters(page_size=MOST, year=year, country=country)
    found = api.list_own_holidays(call, asked).items
    if not place:
        return found
    parts = {"", place.subdivision or ""}
    return [
        one
        for one in found
        if one.location_id == place.id or (one.location_id is None and one.subdivision in parts)
    ]


def _days_off(call: Call, which: Which, year: int) -> list[api.DayOff] | None:
    """All that count at the location that is asked for."""
    if which.location_id is None:
        return None
    asked = api.DaysOffFilters(
        from_day=date(year, JANUARY, 1),
        until_day=date(year + 1, JANUARY, 1),
        language=reader(call).language.code,  # type: ignore[arg-type]
    )
    return api.list_days_off(call, which.location_id, asked).items
