"""What is possible for one request, or for an appointment that is to be moved, best first. Domain §§4-5.

Availabilities are asked a few dozen at a time, those with the practitioner and at the place that the
request prefers first, then by time, until enough are found: so the answer takes as long in the agenda of
a hundred thousand as in a small one. What is offered here, `book` allows, as long as nobody takes it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import islice
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from models.appointments import Appointment, Hold
from models.settings import Criterion
from scheduler.booking.standing import NoSuchAppointmentError, reasons
from scheduler.booking.wishes import wish
from scheduler.lifecycles import REQUESTS, Situation, reasons_against
from scheduler.loading import keyed
from scheduler.loading.facts import Loaded, loaded
from scheduler.loading.gathered import Rows, Wanted
from scheduler.loading.in_turn import AT_ONCE, MOST_AT_ONCE, in_turn
from scheduler.loading.nearby import filled, opened, wanted
from scheduler.loading.occupation import Span
from scheduler.loading.preferences import Liking
from scheduler.loading.request_facts import likings_of
from scheduler.loading.rows import AvailabilityRow, RequestRow
from solver.agenda import Agenda
from solver.aims import preference
from solver.facts import Assignment
from solver.minutes import first

A_DAY = timedelta(days=1)
A_YEAR = timedelta(days=366)
"""How far ahead it is looked for what nobody gave a window."""


@dataclass(frozen=True, slots=True)
class Liked:
    """What a criterion of preference adds to the points of an option; `most`: it can add."""

    criterion: Criterion
    points: int
    most: int


@dataclass(frozen=True, slots=True)
class Option:
    """A place that the rules allow as things stand. `points`: of preference; `liked`: what they are made of.

    The criteria are in the administrator's order, without those that add nothing.
    """

    availability_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime
    points: int
    liked: tuple[Liked, ...] = ()


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
    own = own_holds(session, request_id)
    return _best(_Search(session, wanted(session, found, own), own, now, not_before), most)


def options_to_move(
    session: Session, appointment_id: UUID, *, now: datetime, most: int = 20
) -> list[Option]:
    """The same for an appointment that stands: where it may go by the wish of its request, itself out of the way.

    Raises:
        NoSuchAppointmentError: there is none with this key.
    """
    appointment = session.get(Appointment, appointment_id)
    if appointment is None:
        raise NoSuchAppointmentError([appointment_id])
    if reasons(session, "reschedule", [appointment]):
        return []
    asked = _within_reach(wish(session, appointment), now)
    # whether there may be another of its type was asked when it came (`duplicate`)
    without = replace(wanted(session, [asked], [appointment.id]), planned_once=())
    search = _Search(session, without, [appointment.id], now, now)
    stands = appointment.availability_id, appointment.starts_at
    possible = _best(search, most + 1)
    return [one for one in possible if (one.availability_id, one.starts_at) != stands][:most]


def _within_reach(asked: RequestRow, now: datetime) -> RequestRow:
    """Not before yesterday; and not for ever where it came without a request."""
    today = now.date()
    until = today + A_YEAR if asked.until_day == date.max else asked.until_day
    return asked._replace(from_day=max(asked.from_day, today - A_DAY), until_day=until)


def _best(search: "_Search", most: int) -> list[Option]:
    possible: list[Option] = []
    for some in search.found():
        possible += some
        if len(possible) >= most:
            break
    possible.sort(key=lambda option: (-option.points, option.starts_at, option.availability_id))
    return possible[:most]


def own_holds(session: Session, request_id: UUID) -> Sequence[UUID]:
    """What is kept for a request stands in its own way least of all."""
    return session.connection().scalars(_own_holds(), {"request": request_id}).all()


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
            fits = {row.id for rows in zones for row in self._possible(rows)}
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
        likings: list[Liking] | None = None
        for a, start in _starts(facts):
            likings = likings_of(facts.instance, rows) if likings is None else likings
            row = facts.availabilities[a]
            yield Option(
                row.id,
                row.practitioner_id,
                row.location_id,
                facts.starts_at(Assignment(0, a, start)),
                preference(facts.instance.requests[0], facts.instance.availabilities[a], a),
                tuple(
                    Liked(one.criterion, points, one.most)
                    for one in likings
                    if (points := one.factor.at(a))
                ),
            )

    def _possible(self, rows: Rows) -> Iterator[AvailabilityRow]:
        facts = loaded(rows, now=self.now, not_before=self.not_before)
        for a, _ in _starts(facts):
            yield facts.availabilities[a]


def _starts(facts: Loaded) -> Iterator[tuple[int, int]]:
    """Of the one request: each availability where there is any start, and the first."""
    agenda = Agenda(facts.instance)
    (wish,) = facts.instance.requests
    for a, block in enumerate(facts.instance.availabilities):
        starts = agenda.admits(wish, block)
        if starts:
            yield a, first(starts)
