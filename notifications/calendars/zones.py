"""The clocks of a place, as a calendar is told them: each change between two years, by the day and hour.

icalendar's own (7.3) begin summer time an hour late, where the clocks go forward: RFC 5545 §3.6.5 wants the
moment on the clocks as they were before.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

A_DAY = timedelta(days=1)
A_SECOND = timedelta(seconds=1)
KEPT = 256


def zones_of(days: Iterable[tuple[str, datetime]]) -> Iterator[Timezone]:
    """Of each zone, with the changes of the years of these moments."""
    years: dict[str, set[int]] = {}
    for zone, at in days:
        years.setdefault(zone, set()).add(at.astimezone(ZoneInfo(zone)).year)
    for zone in sorted(years):
        yield clocks(zone, min(years[zone]), max(years[zone]))


@lru_cache(maxsize=KEPT)
def clocks(zone: str, first_year: int, last_year: int) -> Timezone:
    """From the beginning of the first year to the end of the last."""
    there = ZoneInfo(zone)
    begins = datetime.combine(date(first_year, 1, 1), datetime.min.time(), UTC) - A_DAY
    ends = datetime.combine(date(last_year, 12, 31), datetime.min.time(), UTC) + 2 * A_DAY
    made = Timezone()
    made.add("tzid", zone)
    _add(made, begins, begins, there)
    for before, after in _changes(there, begins, ends):
        _add(made, after, before, there)
    return made


def _add(to: Timezone, at: datetime, before: datetime, there: ZoneInfo) -> None:
    """The clocks as they are from that instant on; its hour is told by those before it."""
    local, was = at.astimezone(there), before.astimezone(there)
    part = TimezoneDaylight() if local.dst() else TimezoneStandard()
    offset = was.utcoffset() or timedelta()
    part.add("dtstart", at.replace(tzinfo=None) + offset)
    part.add("tzoffsetfrom", offset)
    part.add("tzoffsetto", local.utcoffset() or timedelta())
    part.add("tzname", local.tzname() or "")
    to.add_component(part)


def _changes(
    there: ZoneInfo, begins: datetime, ends: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The last second before each, and the first with it."""
    day = begins
    while day < ends:
        if _clock(there, day) != _clock(there, day + A_DAY):
            low, high = day, day + A_DAY
            while high - low > A_SECOND:
                middle = low + (high - low) // (2 * A_SECOND) * A_SECOND
                same = _clock(there, middle) == _clock(there, low)
                low, high = (middle, high) if same else (low, middle)
            yield low, high
        day += A_DAY


def _clock(there: ZoneInfo, at: datetime) -> tuple[timedelta | None, timedelta | None]:
    local = at.astimezone(there)
    return local.utcoffset(), local.dst()
