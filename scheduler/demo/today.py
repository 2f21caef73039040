"""The demo world, moved to where we are: last week, this one and the next.

What was Easter Monday is this week's Monday, on which the organisation stays closed for a day of its own; the public
holidays of these weeks are added to it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import cycle

from holidays import country_holidays

from scheduler.demo.demand import DemoEmployee
from scheduler.demo.file_format import MINUTES_PER_DAY, Row
from scheduler.demo.horizon import DAYS, DROPPED, LANGUAGE, SUNDAY, own_holidays
from scheduler.demo.horizon import holidays as easter
from scheduler.demo.world import DemoWorld

WEEK = timedelta(days=7)
OWN_DAY, THEIR_DAY = "Studiedag", "Locatie gesloten"
"""What the organisation calls its own holidays, and those of one location; nobody translates them."""


def moved(world: DemoWorld, today: date) -> DemoWorld:
    """The same world, in which today is a day of the second week."""
    start = today - timedelta(days=today.weekday()) - WEEK
    public = _public(start)
    working = {day: OWN_DAY for day in easter() if (start + timedelta(days=day)).weekday() < SUNDAY}
    closed = {**working, **public}
    locations = [
        row if row["id"] not in own_holidays() else row | {"holidays": _theirs(row["id"], closed)}
        for row in world.instance["locations"]
    ]
    back = (start - world.start_date).days
    requests = [
        row | {"request_date": _later(row["request_date"], back)}
        for row in world.instance["requests"]
    ]
    instance = world.instance | {
        "start_date": start.isoformat(),
        "holidays": sorted(closed),
        "availabilities": _not_on(public, world.instance["availabilities"]),
        "existing": _not_on(public, world.instance["existing"]),
        "locations": locations,
        "requests": requests,
    }
    also = {day: THEIR_DAY for row in locations for day in row.get("holidays", ())}
    return replace(
        world,
        instance=instance,
        start_date=start,
        holidays=also | closed,
        employees={**world.employees, **_others(world)},
    )


def _others(world: DemoWorld) -> Mapping[str, DemoEmployee]:
    """Those who ask for nothing, and have an appointment already: an employer and a number for each."""
    there = [row["employee"] for row in world.instance["existing"]]
    strangers = sorted({one for one in there if one not in world.employees})
    employers = [*world.employers.values()]
    return {
        one: DemoEmployee(one, f"Werknemer {number}", employer.id, employer.town, "")
        for number, (one, employer) in enumerate(
            zip(strangers, cycle(employers)), start=len(world.employees) + 1
        )
    }


def _public(start: date) -> Mapping[int, str]:
    days = [start + timedelta(days=n) for n in range(DAYS)]
    known = country_holidays("NL", years={days[0].year, days[-1].year}, language=LANGUAGE)
    return {n: known[day] for n, day in enumerate(days) if day in known and known[day] != DROPPED}


def _not_on(days: Collection[int], rows: Sequence[Row]) -> list[Row]:
    """What was there on an ordinary day; on a public holiday nobody opens."""
    return [row for row in rows if row["start"] // MINUTES_PER_DAY not in days]


def _theirs(location: str, closed: Mapping[int, str]) -> list[int]:
    """The days on which this location is closed as well."""
    also = set(own_holidays()[location]) - set(easter())
    return sorted({*closed, *also})


def _later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
