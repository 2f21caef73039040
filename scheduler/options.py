"""What is possible for one request, best first: the drop-down of save and plan. Domain §4.

Availabilities are asked a few dozen at a time, those with the practitioner and at the place that the
request prefers first, then by time, until enough are found: so the answer takes as long in the agenda of
a hundred thousand as in a small one. What is offered here, `book` allows, as long as nobody takes it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import islice
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from models.appointments import Hold
from scheduler.lifecycles import REQUESTS, Situation, reasons_against
from scheduler.loading import keyed
from scheduler.loading.facts import loaded
from scheduler.loading.gathered import Rows, Wanted
from scheduler.loading.in_turn import AT_ONCE, MOST_AT_ONCE, in_turn
from scheduler.loading.nearby import filled, opened, wanted
from scheduler.loading.occupation import Span
from scheduler.loading.rows import AvailabilityRow
from solver.agenda import Agenda
from solver.aims import preference
from solver.facts import Assignment
from solver.minutes import first


@dataclass(frozen=True, slots=True)
class Option:
    """A place that the rules allow as things stand. `points`: of preference."""

    availability_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime
    points: int


class NoSuchRequestError(LookupError):
    """A request that is not there."""


def options(
    session: Session, request_id: UUID, *, now: datetime, not_before: datetime, most: int = 20
) -> list[Option]:
    """Up to `most` possible places for a request, best first: its first start in each availability.

    Of those with the most points of preference the earliest availabilities come first.

    Raises:
        NoSuchRequestError: there is none with this key.
    """
    found = keyed.requests(session, [request_id])
    if not found:
        raise NoSuchRequestError(f"there is no request {request_id}")
    (request,) = found
    if reasons_against(REQUESTS, "plan", Situation(request.state)):
        return []
    own = session.connection().scalars(_own_holds(), {"request": request_id}).all()
    search = _Search(session, wanted(session, found, own), own, now, not_before)
    possible: list[Option] = []
    for some in search.found():
        possible += some
        if len(possible) >= most:
            break
    possible.sort(key=lambda option: (-option.points, option.starts_at, option.availability_id))
    return possible[:most]


@cache
def _own_holds() -> Select[UUID]:
    return select(Hold.id).where(Hold.request_id == bindparam("request"))


@dataclass(frozen=True, slots=True)
class _Search:
    """For the one request in `asked`. `apart_from`: its own holds."""

    session: Session
    asked: Wanted
    apart_from: Collection[UUID]
    now: datetime
    not_before: datetime

    def found(self) -> Iterator[list[Option]]:
        """What is possible in a few availabilities, then in a few more that are not liked better."""
        for batch in self._batches():
            zones = list(self._opened(batch))
            # what has no room in an empty agenda has none in this one: on a holiday, say, or a Sunday
            fits = {one.availability_id for rows in zones for one in self._options(rows)}
            fitting = [row.id for row in batch if row.id in fits]
            for start in range(0, len(fitting), AT_ONCE):
                few = set(fitting[start : start + AT_ONCE])
                yield [one for rows in zones for one in self._beside_what_stands(rows, few)]

    def _batches(self) -> Iterator[list[AvailabilityRow]]:
        """The availabilities that may do, the preferred first."""
        (request,) = self.asked.requests
        wished = self.asked.wished_locations.get(request.id)
        since = max(self.now, self.not_before)
        liked = in_turn(self.session, request, wished, self.asked.order, since)
        so_far = 0
        while batch := list(islice(liked, min(so_far or AT_ONCE, MOST_AT_ONCE))):
            yield batch
            # as many again as there were before: mostly the second is the last
            so_far += len(batch)

    def _opened(self, batch: Sequence[AvailabilityRow]) -> Iterator[Rows]:
        """Each time of one zone."""
        places = keyed.locations(self.session, {row.location_id for row in batch})
        for zone in dict.fromkeys(place.time_zone for place in places):
            there = {place.id: place for place in places if place.time_zone == zone}
            blocks = [row for row in batch if row.location_id in there]
            yield opened(self.session, self.asked, list(there.values()), blocks)

    def _beside_what_stands(self, empty: Rows, those: Collection[UUID]) -> Iterator[Option]:
        """The options in those availabilities, with the agenda as it is."""
        blocks = [row for row in empty.availabilities if row.id in those]
        if blocks:
            spans = [Span(b.practitioner_id, b.location_id, b.starts_at, b.ends_at) for b in blocks]
            rows = replace(empty, availabilities=blocks)
            yield from self._options(filled(self.session, rows, spans, self.apart_from))

    def _options(self, rows: Rows) -> Iterator[Option]:
        """The first start in each availability, where there is any."""
        facts = loaded(rows, now=self.now, not_before=self.not_before)
        agenda = Agenda(facts.instance)
        (wish,) = facts.instance.requests
        for a, block in enumerate(facts.instance.availabilities):
            starts = agenda.admits(wish, block)
            if starts:
                row = facts.availabilities[a]
                yield Option(
                    row.id,
                    row.practitioner_id,
                    row.location_id,
                    facts.starts_at(Assignment(0, a, first(starts))),
                    preference(wish, block, a),
                )
