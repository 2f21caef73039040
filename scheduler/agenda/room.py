"""What the limit of a location leaves, and what day it is there: told before an availability is entered. Domain §§2-3 [001, Limitatie].

It counts as `capacity` does, which has the last word.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from models.agenda import Location
from scheduler.agenda import calendars, capacity
from scheduler.agenda.placing import Hours, Placed, on_clocks
from scheduler.loading.calendar import names


class Stretch(NamedTuple):
    """A part of the time that is asked about, with as many availabilities at once."""

    starts_at: datetime
    ends_at: datetime
    taken: int


@dataclass(frozen=True, slots=True)
class Room:
    """`limit`: nothing where there is none. `holiday`: its name."""

    starts_at: datetime
    ends_at: datetime
    limit: int | None
    stretches: Sequence[Stretch]
    holiday: str | None


def room(
    session: Session,
    location: Location,
    day: date,
    hours: Hours,
    *,
    language: str,
    apart_from: Collection[UUID] = (),
) -> Room:
    """At a location, on a day, between two times of its clocks. `apart_from`: availabilities that would become this one.

    Raises:
        RefusedError: its clocks do not show one of the times once; or it ends before it starts; or nobody
            knows its holidays.
    """
    block = on_clocks(location.time_zone, day, hours)
    with calendars.known():
        closed = names(session, [location], day, day + timedelta(days=1), language)[location.id]
    there = capacity.standing(session, location.id, [block], frozenset(apart_from))
    return Room(
        block.starts_at,
        block.ends_at,
        location.capacity,
        tuple(_stretches(block, there)),
        closed.get(day),
    )


def _stretches(block: Placed, there: Sequence[capacity.Span]) -> Iterable[Stretch]:
    """From one beginning or end to the next; those with as many are one."""
    begin, end = block.starts_at, block.ends_at
    moments = {moment for one in there for moment in one if begin < moment < end}
    found: list[Stretch] = []
    for since, until in pairwise(sorted({begin, end, *moments})):
        taken = sum(one.start <= since < one.end for one in there)
        if found and found[-1].taken == taken:
            found[-1] = found[-1]._replace(ends_at=until)
        else:
            found.append(Stretch(since, until, taken))
    return found
