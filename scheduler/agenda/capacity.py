"""`availability_capacity`: no more availabilities at once at a location than it takes. Domain §3 [001, Limitatie].

The guard of the database has the last word; this says at which limit, and when.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Availability, Location
from models.guards.agenda import AVAILABILITY_CAPACITY
from models.instants import LONGEST
from scheduler.agenda.placing import Placed
from scheduler.refusals import Refusal


class Span(NamedTuple):
    """When an availability takes a place."""

    start: datetime
    end: datetime


def refusals(
    session: Session,
    location_id: UUID,
    blocks: Sequence[Placed],
    apart_from: Collection[UUID] = (),
) -> list[Refusal]:
    """Of these blocks at the location, each with those before it already there.

    `apart_from`: availabilities that are not there any more, or become one of the blocks.
    """
    location = session.get_one(Location, location_id)
    if location.capacity is None or not blocks:
        return []
    there = standing(session, location_id, blocks, frozenset(apart_from))
    against = []
    for block in blocks:
        span = Span(block.starts_at, block.ends_at)
        full = _full(span, there, location.capacity)
        if full is None:
            insort(there, span)
        else:
            against.append(_refusal(location, block, full))
    return against


def standing(
    session: Session, location_id: UUID, blocks: Sequence[Placed], apart_from: frozenset[UUID]
) -> list[Span]:
    """What takes a place there, near these blocks."""
    t = Availability
    begin, end = min(b.starts_at for b in blocks), max(b.ends_at for b in blocks)
    query = select(t.id, t.starts_at, t.ends_at).where(
        t.location_id == location_id,
        t.removed_at.is_(None),
        t.at_location,
        t.starts_at < end,
        # nothing lasts longer: the lower bound keeps the search short
        t.starts_at > begin - LONGEST,
        t.ends_at > begin,
    )
    found = session.execute(query)
    return sorted(Span(start, end) for key, start, end in found if key not in apart_from)


def _full(span: Span, there: Sequence[Span], limit: int) -> Span | None:
    """The first stretch of the span in which there are as many as the location takes.

    The number in parallel is highest where one of them starts, so only those moments are asked about.
    """
    near = there[bisect_left(there, Span(span.start - LONGEST, span.start)) :]
    over = [one for one in _until(near, span.end) if one.end > span.start]
    moments = sorted({span.start, *(one.start for one in over if one.start > span.start)})
    for moment in moments:
        present = [one for one in over if one.start <= moment < one.end]
        if len(present) >= limit:
            return Span(moment, min([span.end, *(one.end for one in present)]))
    return None


def _until(in_order: Sequence[Span], end: datetime) -> Iterable[Span]:
    return in_order[: bisect_left(in_order, Span(end, end))]


def _refusal(location: Location, block: Placed, full: Span) -> Refusal:
    zone = ZoneInfo(location.time_zone)
    return Refusal(
        AVAILABILITY_CAPACITY.rule,
        {
            "location": location.name,
            "limit": location.capacity,
            "day": block.day,
            "start": f"{full.start.astimezone(zone):%H:%M}",
            "end": f"{full.end.astimezone(zone):%H:%M}",
        },
    )
