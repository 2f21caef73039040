"""What is possible for one request, best first: the drop-down of save and plan. Domain §4.

Availabilities are asked a few dozen at a time, those with the practitioner and at the place that the
request prefers first, then by time, until enough are found: so the answer takes as long in the agenda of
a hundred thousand as in a small one. What is offered here, `book` allows, as long as nobody takes it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress, islice, product
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, tuple_
from sqlalchemy.orm import Session

from models.agenda import Availability, AvailabilityType, Location
from models.appointments import Hold
from models.instants import LONGEST
from models.requests import AppointmentRequest
from models.settings import Criterion
from scheduler.lifecycles import REQUESTS, Situation, reasons_against
from scheduler.loading import beside, rows
from scheduler.loading.days import midnight
from scheduler.loading.occupation import Span
from scheduler.loading.preferences import order_of
from scheduler.loading.rows import AvailabilityRow, LocationRow, RequestRow
from solver.agenda import Agenda
from solver.aims import preference
from solver.facts import Assignment
from solver.minutes import first

AT_ONCE = 25
"""Availabilities that are asked together: mostly more than enough."""

Where = tuple[ColumnElement[bool], ...]


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
    found = rows.requests(session, AppointmentRequest.id == request_id)
    if not found:
        raise NoSuchRequestError(f"there is no request {request_id}")
    (request,) = found
    if reasons_against(REQUESTS, "plan", Situation(request.state)):
        return []
    own = session.scalars(select(Hold.id).where(Hold.request_id == request_id)).all()
    possible: list[Option] = []
    for batch in _batches(session, request, max(now, not_before)):
        possible += _possible(
            session, request, batch, now=now, not_before=not_before, apart_from=own
        )
        if len(possible) >= most:
            break
    possible.sort(key=lambda option: (-option.points, option.starts_at, option.availability_id))
    return possible[:most]


def _possible(
    session: Session,
    request: RequestRow,
    blocks: Sequence[AvailabilityRow],
    *,
    now: datetime,
    not_before: datetime,
    apart_from: Collection[UUID],
) -> Iterator[Option]:
    """The first start in each of these availabilities of one zone, where there is any."""
    spans = [Span(b.practitioner_id, b.location_id, b.starts_at, b.ends_at) for b in blocks]
    facts = beside(
        session, [request], blocks, spans, now=now, not_before=not_before, apart_from=apart_from
    )
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


# --- In which order they are asked ----------------------------------------------------------------------


def _batches(
    session: Session, request: RequestRow, since: datetime
) -> Iterator[list[AvailabilityRow]]:
    """The availabilities that may do, the preferred first, a few at a time, each time of one zone."""
    wished = rows.wished_locations(session, AppointmentRequest.id == request.id).get(request.id)
    anywhere = wished is None
    places = rows.locations(session, *([] if anywhere else [Location.id.in_(wished or ())]))
    zone_of = {place.id: place.time_zone for place in places}
    if not places:
        return
    window = _window(request, places, since, anywhere=anywhere)
    asked = _in_turn(session, _tiers(request, order_of(session), window))
    while batch := list(islice(asked, AT_ONCE)):
        for zone in dict.fromkeys(zone_of[row.location_id] for row in batch):
            yield [row for row in batch if zone_of[row.location_id] == zone]


def _window(
    request: RequestRow, places: Sequence[LocationRow], since: datetime, *, anywhere: bool
) -> Where:
    """A superset, by the indexes: the rules decide, each place by its own clock."""
    zones = {place.time_zone for place in places}
    opens = min(midnight(zone, request.from_day) for zone in zones)
    there = [] if anywhere else [Availability.location_id.in_([place.id for place in places])]
    required = request.required_practitioner_id
    his = [] if required is None else [Availability.practitioner_id == required]
    return (
        *there,
        *his,
        # one that has begun still has time left
        Availability.starts_at >= max(opens, since - LONGEST),
        Availability.ends_at > since,
        Availability.starts_at < max(midnight(zone, request.until_day) for zone in zones),
        exists().where(
            AvailabilityType.availability_id == Availability.id,
            AvailabilityType.consultation_type_id == request.consultation_type_id,
        ),
    )


def _tiers(request: RequestRow, order: Sequence[Criterion], window: Where) -> Iterator[Where]:
    """Where all that is liked comes together, then where the least of it is missing, at last anywhere.

    In an order of preference each criterion counts more than all after it.
    """
    wishes = {
        Criterion.PREFERRED_PRACTITIONER: (
            Availability.practitioner_id,
            request.preferred_practitioner_id,
        ),
        Criterion.CONTINUITY: (Availability.practitioner_id, request.case_practitioner_id),
        Criterion.PREFERRED_LOCATION: (Availability.location_id, request.preferred_location_id),
    }
    asked = (wishes[criterion] for criterion in order if criterion in wishes)
    liked = [column == key for column, key in asked if key is not None]
    for fulfilled in product((True, False), repeat=len(liked)):
        yield (*window, *compress(liked, fulfilled))


def _in_turn(session: Session, tiers: Iterator[Where]) -> Iterator[AvailabilityRow]:
    """Each once, by tier and time."""
    seen: set[UUID] = set()
    for tier in tiers:
        after: Where = ()
        while batch := rows.availabilities_in_turn(session, AT_ONCE, *tier, *after):
            yield from (row for row in batch if row.id not in seen)
            seen.update(row.id for row in batch)
            last = batch[-1]
            after = (tuple_(Availability.starts_at, Availability.id) > (last.starts_at, last.id),)
