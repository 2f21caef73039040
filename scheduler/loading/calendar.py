"""The holidays of locations: the country's by the library, and what the organisation makes of them. Domain §2.

What the organisation says of a day is said for a country, a subdivision or one location; the nearest
counts. A Sunday is no holiday here, unless one falls on it: the facts know weekdays by themselves.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple, Protocol
from uuid import UUID

from holidays import HolidayBase, country_holidays
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.agenda import OwnHoliday
from scheduler.loading.rows import read
from scheduler.loading.selects import Query

ISO_SUBDIVISION = re.compile(r"[A-Z0-9]{1,3}")
"""ISO 3166-2, without the country before it."""

ANY_LANGUAGE = "en"

Names = Mapping[date, str]


class Place(Protocol):
    """A location as the calendar sees it."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def subdivision(self) -> str | None: ...


class OwnDay(NamedTuple):
    """A day that the organisation adds or drops."""

    location_id: UUID | None
    country: str
    subdivision: str
    day: date
    name: str
    is_holiday: bool


class UnknownCalendarError(ValueError):
    """Nobody knows the holidays of a location, so planning there would pass over them."""

    def __init__(self, location: str, problem: str) -> None:
        super().__init__(f"the holidays of location {location!r} are not known: {problem}")
        self.location = location


def days_off(
    session: Session, locations: Iterable[Place], from_day: date, until_day: date
) -> Mapping[UUID, frozenset[date]]:
    """The holidays of each location within `[from_day, until_day)`.

    Raises:
        UnknownCalendarError: a location whose country or subdivision the library does not know.
    """
    found = names(session, locations, from_day, until_day, ANY_LANGUAGE)
    return {location: frozenset(days) for location, days in found.items()}


def names(
    session: Session, locations: Iterable[Place], from_day: date, until_day: date, language: str
) -> Mapping[UUID, Names]:
    """The same days with their names, in that language or, where there is no translation, the country's own.

    The organisation's own days have the one name that it gave them.

    Raises:
        UnknownCalendarError: a location whose country or subdivision the library does not know.
    """
    ours = _ours(session, from_day, until_day)
    return {
        place.id: _own_way(_public(place, from_day, until_day, language), _of(place, ours))
        for place in locations
    }


def names_where_known(
    session: Session, locations: Iterable[Place], from_day: date, until_day: date, language: str
) -> Mapping[UUID, Names | None]:
    """The same to be looked at: nothing of a location whose holidays nobody knows."""
    ours = _ours(session, from_day, until_day)
    found: dict[UUID, Names | None] = {}
    for place in locations:
        try:
            public = _public(place, from_day, until_day, language)
        except UnknownCalendarError:
            found[place.id] = None
        else:
            found[place.id] = _own_way(public, _of(place, ours))
    return found


def _own_way(public: Names, ours: Sequence[OwnDay]) -> Names:
    """The public holidays, with each of our days added or dropped; the last word counts."""
    days = dict(public)
    for own in ours:
        days.pop(own.day, None)
        if own.is_holiday:
            days[own.day] = own.name
    return dict(sorted(days.items()))


# --- The organisation's own days ----------------------------------------------------------------------

Reach = UUID | tuple[str, str]
"""What a day of our own is said for: one location, or a country and its subdivision ("": all of it)."""


def _of(place: Place, ours: Mapping[Reach, list[OwnDay]]) -> list[OwnDay]:
    return [day for key in _from_far_to_near(place) for day in ours.get(key, ())]


def _from_far_to_near(place: Place) -> tuple[Reach, ...]:
    return (place.country, ""), (place.country, place.subdivision or ""), place.id


def _ours(session: Session, from_day: date, until_day: date) -> Mapping[Reach, list[OwnDay]]:
    found: dict[Reach, list[OwnDay]] = {}
    for own in read(session, OwnDay, _between(), begin=from_day, end=until_day):
        found.setdefault(own.location_id or (own.country, own.subdivision), []).append(own)
    return found


@cache
def _between() -> Query:
    t = OwnHoliday
    return select(t.location_id, t.country, t.subdivision, t.day, t.name, t.is_holiday).where(
        t.day >= bindparam("begin"), t.day < bindparam("end")
    )


# --- The library's -------------------------------------------------------------------------------------


def _public(place: Place, from_day: date, until_day: date, language: str) -> Names:
    last = until_day - timedelta(days=1)
    years = range(from_day.year, last.year + 1)
    try:
        found = [_of_a_year(place.country, place.subdivision, y, language) for y in years]
    except NotImplementedError:
        raise UnknownCalendarError(place.name, _remedy(place)) from None
    return {day: name for year in found for day, name in year.items() if from_day <= day <= last}


@cache
def _of_a_year(country: str, subdivision: str | None, year: int, language: str) -> Names:
    """A year's public holidays, in order.

    Raises:
        NotImplementedError: the library does not know the country or the subdivision.
    """
    of_country = country_holidays(country, language=ANY_LANGUAGE)
    found = country_holidays(
        country,
        subdiv=None if _makes_no_difference(of_country, subdivision) else subdivision,
        years=year,
        # where the language is not named, or not known, the library follows the environment
        language=_known_language(of_country, language),
    )
    return MappingProxyType(dict(sorted(found.items())))


def _makes_no_difference(country: HolidayBase, subdivision: str | None) -> bool:
    """Whether there is no subdivision, or one of a country with the same holidays everywhere.

    Of such a country the library lists no subdivisions by their ISO codes: of the Netherlands it knows
    the regions of the school holidays, of Belgium the communities.
    """
    if not subdivision:
        return True
    if subdivision in _subdivisions(country):
        return False
    iso = ISO_SUBDIVISION.fullmatch
    return bool(iso(subdivision)) and not any(map(iso, _subdivisions(country)))


def _subdivisions(country: HolidayBase) -> list[str]:
    return [*country.subdivisions, *country.subdivisions_aliases]


def _known_language(country: HolidayBase, language: str) -> str:
    """The translation nearest to what is asked: nl for nl-NL, en_US for en; else the country's own."""
    known = country.supported_languages
    asked = language.replace("-", "_")
    alone = asked.partition("_")[0]
    variants = (each for each in known if each.startswith(f"{alone}_"))
    likely = (each for each in (asked, alone, *variants) if each in known)
    return next(likely, country.default_language or language)


def _remedy(place: Place) -> str:
    try:
        country = country_holidays(place.country, language=ANY_LANGUAGE)
    except NotImplementedError:
        return f"{place.country!r} is no country; give the two capital letters of ISO 3166-1"
    choices = ", ".join(country.subdivisions) or "none"
    return (
        f"{place.country} has no subdivision {place.subdivision!r}; "
        f"leave it empty or take one that has holidays of its own: {choices}"
    )
