"""Why one request has no place as things stand, and the smallest changes of its wishes that would give it one. Domain §4.

The rules are asked as for a finished plan (`solver.why_not`), about the availabilities around the request: in a small
agenda that is all of them. In a large one those near it are sorted by what would be in the way were nothing booked, and
of each sort the nearest are looked at, beside all that stands there. What is offered here as a change is possible once
the request reads so: `options` has that place then.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.requests import RequestState
from scheduler.lifecycles import REQUESTS, Situation, reasons_against
from scheduler.loading import keyed
from scheduler.loading.around import Around, around
from scheduler.loading.facts import Loaded, loaded
from scheduler.loading.gathered import Rows, Wanted
from scheduler.loading.nearby import filled, opened, wanted
from scheduler.loading.occupation import Span
from scheduler.loading.rows import AvailabilityRow
from scheduler.options import NoSuchRequestError, options, own_holds
from scheduler.refusals import RefusedError
from solver.agenda import Agenda
from solver.easing import Offer, days_outside, eased
from solver.facts import Assignment, Request
from solver.obstacles import Obstacles
from solver.why_not import Explanation, WhyNot

READ = 400
"""Availabilities that are read at the most of each part of `loading.around`."""
LOOKED_AT = 40
"""And looked at beside what stands there, of each sort."""
SUITABLE_TIMES = 8
"""So many times more are looked at of those that would suit it."""
ASKED = frozenset({RequestState.OPEN, RequestState.DRAFT, RequestState.FOR_APPROVAL})
"""The rules speak of these; of the others their state says it all."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A smallest set of rules whose easing gives the request a place.

    `changes`: the columns of the request to set (`location_ids` among them), and what to. The place: the nearest that
    it gets then.
    """

    rules: tuple[str, ...]
    changes: Mapping[str, Any]
    availability_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a request has no place.

    `looked_at`: how many availabilities were; `complete`: there are no others. `excluded`: how many of them each rule
    excludes by itself, `alone`: where it is the only obstacle. `relaxations`: all inclusion-minimal ones that they
    allow. `possible`: it has a place. `held_by`: the appointments that occupy the practitioners of the places that would suit
    it but for them, and the holds, by their keys.
    """

    looked_at: int
    complete: bool
    excluded: Mapping[str, int]
    alone: Mapping[str, int]
    relaxations: Sequence[Relaxation]
    possible: bool
    held_by: Sequence[UUID]


def reasons(session: Session, request_id: UUID, *, now: datetime, not_before: datetime) -> Reasons:
    """As things stand.

    Raises:
        NoSuchRequestError: there is none with this key.
        RefusedError: it is planned already, or no longer wanted.
    """
    found = keyed.requests(session, [request_id])
    if not found:
        raise NoSuchRequestError(f"there is no request {request_id}")
    (request,) = found
    if request.state not in ASKED:
        raise RefusedError(reasons_against(REQUESTS, "plan", Situation(request.state)))
    own = own_holds(session, request_id)
    search = _Search(session, wanted(session, found, own), own, now, not_before)
    # of all there are: among so many that are full, the one that is free may be far
    possible = bool(options(session, request_id, now=now, not_before=not_before, most=1))
    return search.told(possible=possible)


@dataclass(frozen=True, slots=True)
class _Zone:
    """What was found in one time zone: the solver plans in one clock."""

    facts: Loaded
    rows: Rows
    explanation: Explanation
    taken: Sequence[int]

    @property
    def request(self) -> Request:
        return self.facts.instance.requests[0]

    def relaxations(self) -> Iterator[tuple[int, Relaxation]]:
        """Each with how many days outside the window its place is."""
        for offer in self.explanation.offers:
            if not offer.rules:
                continue
            row = self.facts.availabilities[offer.availability]
            place = Assignment(0, offer.availability, offer.start)
            yield (
                abs(offer.days or 0),
                Relaxation(
                    offer.rules,
                    self._changes(offer),
                    row.id,
                    row.practitioner_id,
                    row.location_id,
                    self.facts.starts_at(place),
                ),
            )

    def _changes(self, offer: Offer) -> dict[str, Any]:
        """The columns of the request that read otherwise once the offer is taken up."""
        before, days = self.request, self.facts.days
        after = eased(before, offer, self.facts.instance.availabilities[offer.availability])
        row = self.facts.requests[0]
        changes: dict[str, Any] = {}
        if after.from_day != before.from_day:
            changes["from_day"] = days.date_of(after.from_day)
        if after.until_day != before.until_day:
            changes["until_day"] = days.date_of(after.until_day)
        if after.allow_saturday != before.allow_saturday:
            changes["allow_saturday"] = True
        if after.allow_day_off != before.allow_day_off:
            changes["allow_sunday_holiday"] = True
        if after.locations != before.locations:
            # those of other time zones are no facts here
            wished = self.rows.wanted.wished_locations[row.id]
            there = self.facts.availabilities[offer.availability].location_id
            changes["location_ids"] = sorted(wished | {there})
        if after.required_practitioner != before.required_practitioner:
            changes["required_practitioner_id"] = None
        if after.duration != before.duration:
            changes["duration"] = after.duration
        return changes

    def held_by(self) -> Iterator[UUID]:
        """What occupies the practitioners there, in the order of time."""
        blocks: dict[UUID, list[AvailabilityRow]] = {}
        for a in self.taken:
            row = self.facts.availabilities[a]
            blocks.setdefault(row.practitioner_id, []).append(row)
        for one in sorted(self.rows.standing, key=lambda row: row.starts_at):
            there = blocks.get(one.practitioner_id, ()) if one.practitioner_id else ()
            overlaps = any(
                one.starts_at < block.ends_at and one.occupied_until > block.starts_at
                for block in there
            )
            if overlaps and one.id is not None:
                yield one.id


@dataclass(frozen=True, slots=True)
class _Search:
    """For the one request in `asked`. `apart_from`: its own holds."""

    session: Session
    asked: Wanted
    apart_from: Sequence[UUID]
    now: datetime
    not_before: datetime

    def told(self, *, possible: bool) -> Reasons:
        (request,) = self.asked.requests
        wished = self.asked.wished_locations.get(request.id)
        near = around(self.session, request, wished, self.now, READ)
        zones = list(self._zones(near))
        looked_at = sum(len(zone.facts.availabilities) for zone in zones)
        complete = near.complete and looked_at == len(near.availabilities)
        return Reasons(
            looked_at=looked_at,
            complete=complete,
            excluded=_sum(zone.explanation.reasons for zone in zones),
            alone=_sum(zone.explanation.only for zone in zones),
            relaxations=[] if possible else _smallest(zones),
            possible=possible,
            held_by=[] if possible else [key for zone in zones for key in zone.held_by()],
        )

    def _zones(self, near: Around) -> Iterator[_Zone]:
        places = keyed.locations(self.session, {row.location_id for row in near.availabilities})
        for zone in dict.fromkeys(place.time_zone for place in places):
            there = {place.id: place for place in places if place.time_zone == zone}
            blocks = [row for row in near.availabilities if row.location_id in there]
            empty = opened(self.session, self.asked, list(there.values()), blocks)
            few = self._nearest_of_each_sort(empty)
            spans = [Span(b.practitioner_id, b.location_id, b.starts_at, b.ends_at) for b in few]
            rows = filled(self.session, replace(empty, availabilities=few), spans, self.apart_from)
            facts = loaded(rows, now=self.now, not_before=self.not_before)
            answers = WhyNot(facts.instance, ())
            yield _Zone(facts, rows, answers.explain(0), answers.taken(0))

    def _nearest_of_each_sort(self, empty: Rows) -> list[AvailabilityRow]:
        """What stands there takes longest to read: so it is read of a few."""
        facts = loaded(empty, now=self.now, not_before=self.not_before)
        (request,), blocks = facts.instance.requests, facts.instance.availabilities
        found = Obstacles(Agenda(facts.instance)).of(request)
        in_turn = sorted(
            range(len(blocks)),
            key=lambda a: (abs(days_outside(request, blocks[a])), blocks[a].day, blocks[a].start),
        )
        so_far: Counter[tuple[int, int]] = Counter()
        few = []
        for a in in_turn:
            sort = int(found.pairs[a]), int(found.left.broken[a])
            so_far[sort] += 1
            # whatever suits it counts for more than what does not
            if so_far[sort] <= (LOOKED_AT if any(sort) else SUITABLE_TIMES * LOOKED_AT):
                few.append(facts.availabilities[a])
        return few


def _sum(counts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


def _smallest(zones: Sequence[_Zone]) -> list[Relaxation]:
    """Of all zones: one for each set, the nearest, and none that another is a part of."""
    nearest: dict[tuple[str, ...], tuple[int, Relaxation]] = {}
    for days, one in (found for zone in zones for found in zone.relaxations()):
        known = nearest.get(one.rules)
        if known is None or (days, one.starts_at) < (known[0], known[1].starts_at):
            nearest[one.rules] = days, one
    sets = [set(rules) for rules in nearest]
    minimal = (
        one for rules, (_, one) in nearest.items() if not any(other < set(rules) for other in sets)
    )
    return sorted(minimal, key=lambda one: (len(one.rules), one.rules))
