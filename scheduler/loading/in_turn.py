"""The availabilities that may do for a request: those it likes best first, then by time, a few at a time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import compress, product
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, bindparam, exists, tuple_
from sqlalchemy.orm import Session

from models.agenda import Availability, AvailabilityType
from models.instants import LONGEST, Instant
from models.settings import Criterion
from scheduler.loading import keyed, selects
from scheduler.loading.days import midnight
from scheduler.loading.rows import AvailabilityRow, RequestRow, read
from scheduler.loading.selects import Query

AT_ONCE = 25
"""Availabilities that are read together at first: mostly more than enough."""
MOST_AT_ONCE = 400
"""And at last, where many are read that will not do: on a holiday, say."""

SLICE = timedelta(days=7)
LONGER = 4
"""What is found within a slice of time is put in order at once: so the first is short, each next one longer."""

FIRST_KEY = UUID(int=0)

Must = Mapping[str, Any]
"""What an availability must have: some of `conditions` by their names, each with its value."""


def in_turn(
    session: Session,
    request: RequestRow,
    wished: Collection[UUID] | None,
    order: Sequence[Criterion],
    since: datetime,
) -> Iterator[AvailabilityRow]:
    """Each once: a superset, by the indexes. The rules decide, each place by its own clock.

    `wished`: the locations where the request may go, None: anywhere.
    """
    zones = keyed.time_zones(session, wished)
    if not zones:
        return
    # one that has begun still has time left
    opens = max(min(midnight(zone, request.from_day) for zone in zones), since - LONGEST)
    closes = max(midnight(zone, request.until_day) for zone in zones)
    must = {
        "type": request.consultation_type_id,
        "since": since,
        "wished": wished,
        "required": request.required_practitioner_id,
    }
    must = {name: value for name, value in must.items() if value is not None}
    seen: set[UUID] = set()
    for tier in _tiers(request, order):
        for row in _by_time(session, {**must, **tier}, opens, closes):
            if row.id not in seen:
                seen.add(row.id)
                yield row


def _tiers(request: RequestRow, order: Sequence[Criterion]) -> Iterator[Must]:
    """Where all that is liked comes together, then where the least of it is missing, at last anywhere.

    In an order of preference each criterion counts more than all after it.
    """
    likes = {
        Criterion.PREFERRED_PRACTITIONER: request.preferred_practitioner_id,
        Criterion.CONTINUITY: request.case_practitioner_id,
        Criterion.PREFERRED_LOCATION: request.preferred_location_id,
    }
    liked = [(name, likes[name]) for name in order if likes.get(name) is not None]
    for fulfilled in product((True, False), repeat=len(liked)):
        yield dict(compress(liked, fulfilled))


def _by_time(
    session: Session, must: Must, opens: datetime, closes: datetime
) -> Iterator[AvailabilityRow]:
    """Those that begin within `[opens, closes)`, the earliest first."""
    query = _query(*must)
    begin, key, length, most = opens, FIRST_KEY, SLICE, AT_ONCE
    while begin < closes:
        end = begin + length if length < closes - begin else closes
        after = {"begin": begin, "key": key, "end": end, "most": most}
        found = read(session, AvailabilityRow, query, **must, **after)
        yield from found
        if len(found) == most:
            begin, key, most = found[-1].starts_at, found[-1].id, min(2 * most, MOST_AT_ONCE)
        else:
            begin, key, length = end, FIRST_KEY, LONGER * length


@cache
def _query(*names: str) -> Query:
    """The earliest after a begin and a key, made once for each choice of conditions."""
    t = Availability
    begin, end = (bindparam(name, type_=Instant()) for name in ("begin", "end"))
    known = conditions()
    return (
        selects.availabilities(
            t.starts_at >= begin,
            t.starts_at < end,
            tuple_(t.starts_at, t.id) > tuple_(begin, bindparam("key", type_=Uuid())),
            *(known[name] for name in names),
        )
        .order_by(t.starts_at, t.id)
        .limit(bindparam("most", type_=Integer()))
    )


@cache
def conditions() -> Mapping[str, ColumnElement[bool]]:
    t = Availability
    return {
        "type": exists().where(
            AvailabilityType.availability_id == t.id,
            AvailabilityType.consultation_type_id == bindparam("type"),
        ),
        "since": t.ends_at > bindparam("since", type_=Instant()),
        "wished": t.location_id.in_(bindparam("wished", expanding=True)),
        "required": t.practitioner_id == bindparam("required"),
        Criterion.PREFERRED_PRACTITIONER: t.practitioner_id
        == bindparam(Criterion.PREFERRED_PRACTITIONER),
        Criterion.CONTINUITY: t.practitioner_id == bindparam(Criterion.CONTINUITY),
        Criterion.PREFERRED_LOCATION: t.location_id == bindparam(Criterion.PREFERRED_LOCATION),
    }
