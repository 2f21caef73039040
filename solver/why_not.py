"""Why a request is not planned, and what would let it in: asked against a finished plan.

Every rule is asked for every availability by the same code that plans (`solver.obstacles`). An offer
is a place found with some rules eased, and it is given only after the request, changed as the offer
says, has been planned there by the rules as they are, with none of them eased.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from solver.agenda import Agenda
from solver.aims import preference, usual_preference
from solver.displacement import NO_GAIN, Displacement, Displacements
from solver.easing import Offer, days_outside, eased, shortest
from solver.facts import NONE, Availability, Instance, IntColumn, Plan, Request, Shape
from solver.holders import Holdings
from solver.minutes import first
from solver.obstacles import (
    EASABLE_BITS,
    PAIRS,
    SLOTS,
    Left,
    Obstacles,
    Obstructed,
)
from solver.points import as_points
from solver.rules import SLOT_RULES
from solver.rules.fits import Fits

FEW = 16
"""Availabilities that are asked one by one sooner than as columns."""
IN_BULK = 100
"""How many of those left out are asked who holds their places, where nobody asks for one by name;"""
PLACES_IN_BULK = 2500
"""fewer where the availabilities that suit them are more than this together."""
SETS_IN_BULK = 12
"""How many sets of holders are tried for each of those."""


@dataclass(frozen=True, slots=True)
class Miss:
    """Where a request comes nearest to going in, and the rules that it breaks there.

    `start` is a minute of the availability's day, None where no start fits. The rules are those of
    the request by itself, of the pair, and of that start; no offer: some of them nobody may ease.
    """

    availability: int
    start: int | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one request is not in the plan.

    `reasons`: the number of availabilities that each rule excludes by itself. `only`: those of them
    where it is the only obstacle. `offers`: all inclusion-minimal sets of easable rules; none where
    nothing helps, and the empty set alone where the request could go in as it is.

    `nearest`: of all availabilities and starts the one that breaks the fewest rules; of those the
    one the fewest days outside the window, then with the most points of preference, then the
    earliest, then the first in the instance. None where there is no availability. Where no start
    fits, `fits` counts as one broken rule and nothing is asked about what is occupied.

    `suitable`: the number of availabilities that break no rule about the request and the pair: what
    excludes them is time, or a duplicate that is planned. `holders`: the planned requests that hold
    the places which would suit it, those that hold most starts first (`solver.holders`); none where
    no place would suit it, or one is free. `displacement`: the cheapest way to make them give one up
    (`solver.displacement`). `None` for both: it was not asked.
    """

    request: int
    reasons: Mapping[str, int]
    only: Mapping[str, int]
    offers: tuple[Offer, ...]
    nearest: Miss | None = None
    suitable: int = 0
    holders: tuple[int, ...] | None = None
    displacement: Displacement | None = None


class WhyNot:
    """Answers for the requests that a plan leaves out."""

    def __init__(self, instance: Instance, plan: Plan) -> None:
        self._instance = instance
        self._agenda = Agenda(instance, plan)
        self._obstacles = Obstacles(self._agenda)
        self._holdings = Holdings(self._obstacles)
        self._displacements = Displacements(self._obstacles)
        self._longest_of: dict[tuple[Shape, int], int] = {}

    def explain(self, index: int) -> Explanation:
        """Why the request with this index is left out, and what would let it in."""
        request = self._instance.requests[index]
        found = self._obstacles.of(request)
        reasons, only = found.counts()
        return Explanation(
            request=index,
            reasons=reasons,
            only=only,
            offers=tuple(self._offers(request, found)),
            nearest=self._nearest_miss(request, found),
            suitable=found.suitable(),
        )

    def taken(self, index: int) -> list[int]:
        """The availabilities that would suit the request and where it would fit, but for what stands there."""
        left = self._obstacles.left(self._instance.requests[index])
        too_short = left.broken & SLOTS.bit[Fits.code]
        return [a for a in self._obstacles.possible(index) if not too_short[a] and not left.free[a]]

    def with_holders(self, explanation: Explanation, *, in_bulk: bool = False) -> Explanation:
        """The same, and who holds the places, and what it would cost to make them give one up.

        In bulk only a displacement by which the plan gains weight, and only the first
        `SETS_IN_BULK` sets of holders are tried.
        """
        held = self._holdings.held(explanation.request)
        if in_bulk:
            found = self._displacements.cheapest(held, SETS_IN_BULK, NO_GAIN)
        else:
            found = self._displacements.cheapest(held)
        return replace(explanation, holders=held.holders, displacement=found)

    # the nearest miss

    def _nearest_miss(self, request: Request, found: Obstructed) -> Miss | None:
        places = found.nearest()
        if not len(places):
            return None
        a = self._nearest(request, found.left, places)
        start = int(found.left.start[a])
        rules = (*found.always, *PAIRS.named(int(found.pairs[a])))
        if start == NONE:
            return Miss(a, None, (*rules, Fits.code))
        block = self._instance.availabilities[a]
        taken = (r for r in SLOT_RULES if not r.starts(request, block, self._agenda) >> start & 1)
        return Miss(a, start, (*rules, *(rule.code for rule in taken)))

    def _nearest(self, request: Request, left: Left, places: IntColumn) -> int:
        """Of these availabilities the nearest to the wish; the order is that of `Explanation`."""
        columns = self._obstacles.columns
        for farther in (self._days_outside, self._points_missed):
            if len(places) > 1:
                distance = farther(request, places)
                places = places[distance == distance.min()]
        if len(places) > 1:
            start = np.where(left.start[places] == NONE, columns.start[places], left.start[places])
            places = places[np.lexsort((start, columns.day[places]))]
        return int(places[0])

    def _days_outside(self, request: Request, places: IntColumn) -> IntColumn:
        day = self._obstacles.columns.day[places]
        return np.maximum(0, np.maximum(request.from_day - day, day - request.until_day + 1))

    def _points_missed(self, request: Request, places: IntColumn) -> IntColumn:
        if request.preferences is not None:
            return -as_points(request.preferences).of(places)
        if len(places) > FEW:
            return -np.asarray(usual_preference(request, self._obstacles.columns), np.int64)[places]
        blocks = self._instance.availabilities
        points = (preference(request, blocks[a], a) for a in places.tolist())
        return -np.fromiter(points, np.int64, len(places))

    # what would help

    def _offers(self, request: Request, found: Obstructed) -> Iterator[Offer]:
        """All inclusion-minimal sets, fewest rules first, each with its nearest place."""
        if found.always:
            return
        known: list[tuple[int, bool]] = []
        for short in (False, True):
            if short and shortest(request) == request.duration:
                return
            left = self._obstacles.left(request, shortest(request)) if short else found.left
            broken = found.pairs[left.open]
            easable = broken <= EASABLE_BITS
            open_, broken = left.open[easable], broken[easable]
            met = np.flatnonzero(np.bincount(broken, minlength=1)).tolist()
            for rules in sorted(met, key=lambda bits: (bits.bit_count(), bits)):
                if any(fewer & ~rules == 0 and shorter <= short for fewer, shorter in known):
                    continue
                known.append((rules, short))
                a = self._nearest(request, left, open_[broken == rules])
                offer = self._offer(request, a, PAIRS.named(rules), short=short)
                if self._planned_again(request, offer):
                    yield offer

    def _offer(self, request: Request, a: int, rules: tuple[str, ...], *, short: bool) -> Offer:
        block = self._instance.availabilities[a]
        fitting = replace(request, duration=self._longest(request, a)) if short else request
        return Offer(
            rules=tuple(sorted((*rules, Fits.code) if short else rules)),
            availability=a,
            start=first(self._agenda.starts(fitting, block)),
            days=days_outside(request, block) or None,
            minutes=fitting.duration if short else None,
        )

    def _planned_again(self, request: Request, offer: Offer) -> bool:
        """Whether the request, changed as offered, may go there by all rules as they are."""
        block = self._instance.availabilities[offer.availability]
        return bool(self._agenda.admits(eased(request, offer, block), block) >> offer.start & 1)

    def _longest(self, request: Request, a: int) -> int:
        """The longest duration, shorter than asked, for which the request gets in there."""
        block = self._instance.availabilities[a]
        personal = request.earliest > 0 or self._agenda.employee_busy(request.employee, block.day)
        if personal:
            return self._longest_alone(request, block)
        known = self._longest_of.get((request.shape, a))
        if known is None:
            known = self._longest_of[request.shape, a] = self._longest_alone(request, block)
        return known

    def _longest_alone(self, request: Request, block: Availability) -> int:
        longer = range(shortest(request) + 1, request.duration)

        def too_long(duration: int) -> bool:
            return not self._agenda.starts(replace(request, duration=duration), block)

        # what fits at some length fits at any shorter one
        return shortest(request) + bisect_left(longer, True, key=too_long)


def seconds_needed(asked: int, blocks: int) -> float:
    """About how long `why_not` takes for so many requests and availabilities, on the machine where it was measured."""
    # every rule is asked for every availability, once per request left out and per shape
    return 0.2 + asked * 8e-5 + blocks * 1e-3 + asked * blocks * 1.6e-8


def why_not(
    instance: Instance, plan: Plan, requests: Iterable[int] | None = None
) -> list[Explanation]:
    """The explanations of all requests that the plan leaves out, or of some of them.

    Of those asked for by index everything is told. Of all, only the first `IN_BULK` by priority and
    formal request date, whom no more than `PLACES_IN_BULK` availabilities suit, are asked who holds
    their places, and of their sets of holders only the first `SETS_IN_BULK` are tried: that keeps a
    run of any size bounded.
    """
    answers = WhyNot(instance, plan)
    planned = {assignment.request for assignment in plan}
    if requests is not None:
        asked = [answers.explain(r) for r in requests if r not in planned]
        return [answers.with_holders(explanation) for explanation in asked]
    rows = instance.requests
    left_out = {
        r: answers.explain(r) for r, row in enumerate(instance.requests) if r not in planned
    }
    # whom no place would suit, nobody holds one for
    waiting = [r for r, explanation in left_out.items() if explanation.suitable]
    waiting.sort(key=lambda r: (-rows[r].priority, rows[r].requested_on, rows[r].id))
    places = accumulate(left_out[r].suitable for r in waiting)
    for r, so_far in zip(waiting[:IN_BULK], places, strict=False):
        if so_far <= PLACES_IN_BULK:
            left_out[r] = answers.with_holders(left_out[r], in_bulk=True)
    return list(left_out.values())
