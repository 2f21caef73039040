"""The availabilities around a request: where it may go, and where it might if it wished something else, the nearest first.

Each wish that somebody may change is left out in turn, alone and together with others: of what then remains, those
within the window and those nearest to it on either side are read, so many of each. In a small agenda that is all there is.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, bindparam
from sqlalchemy.orm import Session

from models.agenda import Availability
from models.instants import LONGEST, Instant
from scheduler.loading import keyed, selects
from scheduler.loading.days import midnight
from scheduler.loading.in_turn import conditions
from scheduler.loading.rows import AvailabilityRow, RequestRow, read
from scheduler.loading.selects import Query

WISHES = ("wished", "required")
"""What narrows the search and may be eased, by the names of `in_turn.conditions`."""
FAR = timedelta(days=2 * 366)
"""Nobody is asked to come in more than two years' time."""
LAST = date(9990, 1, 1)
"""After it no midnight can be told."""


class Order(Enum):
    """Of what is read: the nearest first."""

    AHEAD = (Availability.starts_at, Availability.id)
    BACK = (Availability.starts_at.desc(), Availability.id)


@dataclass(frozen=True, slots=True)
class Around:
    """What was read. `complete`: there are no others."""

    availabilities: list[AvailabilityRow]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """Availabilities that begin within `[begin, end)`."""

    begin: datetime
    end: datetime
    order: Order = Order.AHEAD


def around(
    session: Session,
    request: RequestRow,
    wished: Collection[UUID] | None,
    since: datetime,
    most: int,
) -> Around:
    """Up to `most` of each: those not over at `since`. `wished`: as in `in_turn`."""
    found: dict[UUID, AvailabilityRow] = {}
    complete = True
    parts = list(_parts(session, request, since))
    for must in _musts(request, wished, since):
        for part in parts:
            rows = read(
                session,
                AvailabilityRow,
                _query(part.order, *must),
                **must,
                begin=part.begin,
                end=part.end,
                most=most,
            )
            found.update((row.id, row) for row in rows)
            complete &= len(rows) < most
    return Around(list(found.values()), complete)


def _musts(
    request: RequestRow, wished: Collection[UUID] | None, since: datetime
) -> Iterator[Mapping[str, Any]]:
    """All that is wished, then less and less of it; at last what is not open for the type, too."""
    likes = {"wished": wished, "required": request.required_practitioner_id}
    wishes = [name for name in WISHES if likes[name] is not None]
    always = {"type": request.consultation_type_id, "since": since}
    for kept in product((True, False), repeat=len(wishes)):
        yield always | {name: likes[name] for name, is_ in zip(wishes, kept, strict=True) if is_}
    yield {"since": since}


def _parts(session: Session, request: RequestRow, since: datetime) -> Iterator[_Part]:
    """The window, what comes after it, and what comes before; the days are those of the rules, by each place's clock."""
    zones = keyed.time_zones(session, None) or {"UTC"}
    from_day, until_day = min(request.from_day, LAST), min(request.until_day, LAST)
    opens = max(since - LONGEST, min(midnight(zone, from_day) for zone in zones))
    closes = max(opens, *(midnight(zone, until_day) for zone in zones))
    far = opens + FAR
    yield _Part(opens, min(closes, far))
    yield _Part(min(closes, far), far)
    yield _Part(max(since - LONGEST, opens - FAR), opens, Order.BACK)


@cache
def _query(order: Order, *names: str) -> Query:
    """Made once for each choice of conditions."""
    t = Availability
    begin, end = (bindparam(name, type_=Instant()) for name in ("begin", "end"))
    known = conditions()
    return (
        selects.availabilities(
            t.starts_at >= begin, t.starts_at < end, *(known[name] for name in names)
        )
        .order_by(*order.value)
        .limit(bindparam("most", type_=Integer()))
    )
