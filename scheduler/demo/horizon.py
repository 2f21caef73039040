"""The three weeks of the demo: around Easter 2027, with the change to summer time in them."""

from datetime import date, timedelta
from functools import cache

from holidays import country_holidays

from scheduler.demo.towns import location_in

START = date(2027, 3, 22)
"""A Monday; Easter is a week later, and the clock changes on Easter Sunday."""

DAYS = 21
SATURDAY, SUNDAY = 5, 6

LANGUAGE = "nl"
DROPPED = "Goede vrijdag"
"""The library counts Good Friday as public; most Dutch organisations, and this one, work on it."""


def date_of(day: int) -> date:
    """The date of a day of the horizon."""
    return START + timedelta(days=day)


def weekday(day: int) -> int:
    """Monday is 0."""
    return date_of(day).weekday()


@cache
def of_the_library() -> dict[int, str]:
    """The country's holidays within the horizon: day and Dutch name."""
    years = {START.year, date_of(DAYS - 1).year}
    # The language is always named: without it the library follows the environment.
    found = country_holidays("NL", years=years, language=LANGUAGE)
    by_day = {(day - START).days: name for day, name in sorted(found.items())}
    return {day: name for day, name in by_day.items() if 0 <= day < DAYS}


@cache
def holidays() -> dict[int, str]:
    """The organisation's holidays: the country's without the one that it dropped."""
    return {day: name for day, name in of_the_library().items() if name != DROPPED}


@cache
def own_holidays() -> dict[str, tuple[int, ...]]:
    """The locations with holidays of their own: one building closes from Good Friday on.

    Its Saturday is then a Saturday that is a holiday, for which a request must allow both.
    """
    good_friday = next(day for day, name in of_the_library().items() if name == DROPPED)
    closed = {*holidays(), good_friday, good_friday + 1}
    return {location_in("Den Haag"): tuple(sorted(closed))}


def days_off(location: str) -> tuple[int, ...]:
    """The holidays that hold at a location."""
    return own_holidays().get(location, tuple(holidays()))


@cache
def working_days() -> tuple[int, ...]:
    """Monday to Friday without the organisation's holidays."""
    return tuple(d for d in range(DAYS) if weekday(d) < SATURDAY and d not in holidays())
