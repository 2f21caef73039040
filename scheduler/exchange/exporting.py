"""The solver's facts as an instance file, and with them what the database has for some days.

Read again, the file gives equal facts, but for what the format has no words for:

| facts | the file |
| --- | --- |
| `earliest` | the window begins at the first whole day that keeps it: stricter where it falls within a day; where nothing is left, the window lies behind the horizon |
| a draft, or a request that awaits approval | left out: it is never planned |
| `already_has_one`, and nothing in the horizon says so | a minute before the last midnight with a practitioner of its own |
| an absence, or a practitioner or location that is not among the facts | an existing appointment of people of its own, which takes no room |
| the part of an appointment that is all buffer | the same, for the employee is free |
| one appointment on two days | two, the second under another id |
| no limit, or one that the format has no room for | 10,000 appointments at once |
| a region without a name | `everywhere` |
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.orm import Session

from scheduler.exchange.standing import Standing, UnwritableError
from scheduler.loading import horizon, next_day, zones
from scheduler.loading.clock import MINUTE
from scheduler.loading.days import midnight
from scheduler.parameters import HORIZON_DAYS, NOTICE_NEXT_DAY, value
from solver.facts import NONE, Availability, Instance, Modality, Request
from solver.files.instance import LONGEST_HORIZON, MODALITIES, MOST_POINTS
from solver.minutes import MINUTES_PER_DAY
from solver.points import as_points

FORMAT = "appt-instance/1"
MOST_AT_ONCE = 10_000
EVERYWHERE = "everywhere"
SUNDAY = 6

Row = dict[str, Any]


def export(
    session: Session,
    *,
    now: datetime,
    zone: str | None = None,
    from_day: date | None = None,
    days: int | None = None,
) -> Row:
    """What automatic planning would be given, as a file. Days that are over: on the eve of the first.

    `zone`: may be left out where there is one only. `from_day`: tomorrow, and `days`: as many as the
    nightly run plans, where none are given.

    Raises:
        UnwritableError: the format has no room for it, or the zone must be named.
        UnknownCalendarError: nobody knows the holidays of a location.
    """
    zone = zone or _only(zones(session))
    first = from_day or next_day(now, zone).astimezone(ZoneInfo(zone)).date()
    eve = min(now, midnight(zone, first) - MINUTE)
    found = horizon(
        session,
        zone,
        first,
        first + timedelta(days=days or value(session, HORIZON_DAYS)),
        now=eve,
        not_before=next_day(eve, zone) if value(session, NOTICE_NEXT_DAY) else eve,
    )
    return instance_file(found.instance)


def _only(present: list[str]) -> str:
    if not present:
        raise UnwritableError("there are no availabilities, so nothing can be planned")
    if len(present) > 1:
        raise UnwritableError(f"a file has one time zone; choose from {', '.join(present)}")
    return present[0]


def instance_file(facts: Instance) -> Row:
    """The content of a file that says the same.

    Raises:
        UnwritableError: the format has no room for it.
    """
    standing = Standing(facts)
    # it may need practitioners of its own
    existing = standing.rows()
    return {
        "format": FORMAT,
        "name": facts.name,
        "start_date": facts.start_date.isoformat(),
        "days": facts.days,
        "grid": facts.grid,
        "holidays": [],
        "types": list(_types(facts)),
        "locations": list(_locations(facts)),
        "practitioners": [{"id": one} for one in (*facts.practitioners, *standing.practitioners)],
        "employees": list(_employees(facts)),
        "availabilities": [_availability(facts, block) for block in facts.availabilities],
        "existing": existing,
        "requests": [
            _request(facts, one)
            for one in facts.requests
            if not one.draft and not one.awaits_approval
        ],
    }


def _types(facts: Instance) -> Iterator[Row]:
    for kind in facts.types:
        yield {
            "id": kind.id,
            "duration": kind.duration,
            "buffer": kind.buffer,
            "refuse_duplicates": kind.refuse_duplicates,
        }


def _locations(facts: Instance) -> Iterator[Row]:
    holidays = _holidays(facts)
    for location, holidays_there in zip(facts.locations, holidays, strict=True):
        yield {
            "id": location.id,
            "region": location.region or EVERYWHERE,
            "capacity": min(location.capacity, MOST_AT_ONCE),
            "holidays": holidays_there,
        }


def _holidays(facts: Instance) -> list[list[int]]:
    """By location, as its availabilities tell: of a day without any nothing needs to be known."""
    off: list[dict[int, bool]] = [{} for _ in facts.locations]
    for block in facts.availabilities:
        sunday = _date(facts, block.day).weekday() == SUNDAY
        said = off[block.location].setdefault(block.day, block.on_day_off)
        if said != block.on_day_off or (sunday and not block.on_day_off):
            raise UnwritableError(f"availability {block.id}: whether its day is one off is unclear")
    return [
        sorted(
            day for day, is_off in days.items() if is_off and _date(facts, day).weekday() != SUNDAY
        )
        for days in off
    ]


def _date(facts: Instance, day: int) -> date:
    return facts.start_date + timedelta(days=day)


def _employees(facts: Instance) -> Iterator[Row]:
    excluded: dict[int, frozenset[int]] = {}
    for asked in facts.requests:
        if excluded.setdefault(asked.employee, asked.excluded) != asked.excluded:
            raise UnwritableError(f"request {asked.id}: its employee has two lists of exclusions")
    for number, id_ in enumerate(facts.employees):
        those = sorted(excluded.get(number, ()))
        yield {"id": id_, "blacklist": [facts.practitioners[one] for one in those]}


def _availability(facts: Instance, block: Availability) -> Row:
    row: Row = {
        "id": block.id,
        "practitioner": facts.practitioners[block.practitioner],
        "location": facts.locations[block.location].id,
        "start": MINUTES_PER_DAY * block.day + block.start,
        "end": MINUTES_PER_DAY * block.day + block.end,
        "types": [facts.types[kind].id for kind in sorted(block.types)],
    }
    return (
        row if block.modalities == Modality.ANY else row | {"modalities": _ways(block.modalities)}
    )


def _ways(modalities: int) -> list[str]:
    return [name for name, flag in MODALITIES.items() if flag & modalities]


def _request(facts: Instance, asked: Request) -> Row:
    places = [facts.locations[one] for one in sorted(asked.locations)]
    row: Row = {
        "id": asked.id,
        "employee": facts.employees[asked.employee],
        "type": facts.types[asked.type].id,
        "duration": asked.duration,
        "buffer": asked.buffer,
        "window": _window(facts, asked),
        "region": (places or facts.locations)[0].region or EVERYWHERE,
        "locations": [place.id for place in places],
        "required_practitioner": _maybe(facts.practitioners, asked.required_practitioner),
        "preferred_practitioner": _maybe(facts.practitioners, asked.preferred_practitioner),
        "preferred_location": None
        if asked.preferred_location == NONE
        else facts.locations[asked.preferred_location].id,
        "allow_saturday": asked.allow_saturday,
        "allow_sunday_holiday": asked.allow_day_off,
        "priority": asked.priority,
        "request_date": asked.requested_on.isoformat(),
    }
    if asked.modalities == Modality.REMOTE:
        row["remote"] = True
    elif asked.modalities != Modality.AT_LOCATION:
        # `remote` for those who do not know the list
        row |= {"modalities": _ways(asked.modalities), "remote": not asked.takes_room}
    if asked.preferences is not None:
        row["preferences"] = _preferences(facts, asked)
    return row


def _maybe(names: tuple[str, ...], number: int) -> str | None:
    return None if number == NONE else names[number]


def _window(facts: Instance, asked: Request) -> list[int]:
    """The days that keep the notice, too."""
    whole_days = -(-asked.earliest // MINUTES_PER_DAY)
    from_day = max(asked.from_day, whole_days) if asked.earliest else asked.from_day
    from_day = max(from_day, -LONGEST_HORIZON)
    until_day = min(asked.until_day, 2 * LONGEST_HORIZON)
    if from_day < until_day:
        return [from_day, until_day]
    return [facts.days, facts.days + 1]


def _preferences(facts: Instance, asked: Request) -> list[list[Any]]:
    given = as_points(asked.preferences or {}).of(np.arange(len(facts.availabilities)))
    if given.max(initial=0) > MOST_POINTS:
        raise UnwritableError(f"request {asked.id}: more than {MOST_POINTS} points")
    return [[facts.availabilities[a].id, int(given[a])] for a in np.flatnonzero(given)]
