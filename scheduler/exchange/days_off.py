"""The holidays of an instance file, told as what the organisation adds to the calendar or drops from it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.agenda import Location, OwnHoliday
from models.base import new_id
from scheduler.exchange.labels import Labels
from scheduler.loading.calendar import ANY_LANGUAGE, names
from solver.files.instance import InstanceFile

SUNDAY = 6
UNNAMED = "Day off"


def own_days(
    session: Session, content: InstanceFile, locations: Mapping[str, UUID], labels: Labels
) -> list[dict[str, Any]]:
    """The rows after which each location has the days off of the file, and no others.

    `locations`: their keys; they are in the database, and have no rows of their own yet. A day on which
    all of them differ from the calendar is the country's, unless the country has other locations.
    Sundays are days off anyway.

    Raises:
        UnknownCalendarError: nobody knows the country's holidays.
    """
    there = list(session.scalars(select(Location).where(Location.id.in_(locations.values()))))
    start = date.fromisoformat(content.start_date)
    calendar = names(session, there, start, start + timedelta(days=content.days), ANY_LANGUAGE)
    closed = _closed(content, locations)
    everywhere = _are_alone(session, there)
    rows: list[dict[str, Any]] = []
    for number in range(content.days):
        day = start + timedelta(days=number)
        if day.weekday() == SUNDAY:
            continue
        differ = [
            place for place in there if (number in closed[place.id]) != (day in calendar[place.id])
        ]
        shared = everywhere and len(differ) == len(there)
        for place in differ[:1] if shared else differ:
            name = calendar[place.id].get(day) or labels.holidays.get(number, UNNAMED)
            rows.append(
                {
                    "id": new_id(),
                    "day": day,
                    "country": place.country,
                    "subdivision": (shared and place.subdivision) or "",
                    "location_id": None if shared else place.id,
                    "name": name,
                    "is_holiday": number in closed[place.id],
                }
            )
    return rows


def _closed(content: InstanceFile, locations: Mapping[str, UUID]) -> dict[UUID, frozenset[int]]:
    return {
        locations[part.id]: frozenset(content.holidays if part.holidays is None else part.holidays)
        for part in content.locations
    }


def _are_alone(session: Session, locations: Sequence[Location]) -> bool:
    """Whether what is said of their country concerns nobody else, and nothing has been said of it."""
    countries = {place.country for place in locations}
    others = select(func.count()).select_from(Location).where(Location.country.in_(countries))
    said = select(OwnHoliday.id).where(OwnHoliday.country.in_(countries)).limit(1)
    return session.scalar(others) == len(locations) and session.scalar(said) is None
