"""What is asked of a place on the map. Domain §2."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from models.base import new_id
from scheduler.agenda.calendars import UNKNOWN_CALENDAR
from scheduler.loading.calendar import UnknownCalendarError, days_off
from scheduler.records.record import Draft
from scheduler.refusals import Refusal

UNKNOWN_ZONE = "unknown_time_zone"
HALF_A_POINT = "half_a_point"
SOME_DAY = date(2027, 1, 1)


@dataclass(frozen=True, slots=True)
class _Place:
    """A place of which only the calendar is asked for."""

    name: str
    country: str
    subdivision: str | None
    id: UUID = field(default_factory=new_id)


def country(draft: Draft) -> Iterable[Refusal]:
    """Whose holidays are known; where the place has a subdivision, its too."""
    if not draft.gets("country", "subdivision"):
        return
    place = _Place(draft.after["name"], draft.after["country"], draft.after.get("subdivision"))
    try:
        days_off(draft.session, [place], SOME_DAY, SOME_DAY + timedelta(days=1))
    except UnknownCalendarError as error:
        yield Refusal(UNKNOWN_CALENDAR, {"field": "country", "problem": str(error)})


def time_zone(draft: Draft) -> Iterable[Refusal]:
    zone = draft.after["time_zone"]
    if zone not in _zones():
        yield Refusal(UNKNOWN_ZONE, {"field": "time_zone", "time_zone": zone})


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def point(draft: Draft) -> Iterable[Refusal]:
    if (draft.after.get("latitude") is None) is not (draft.after.get("longitude") is None):
        yield Refusal(HALF_A_POINT, {"field": "latitude"})
