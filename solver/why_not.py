"""Why a request is not planned, and what would let it in: asked against a finished plan.

Every rule is asked for every availability, without short cuts, by the same code that plans. An offer
to ease rules is a place found with those rules eased and all others asked; an exclusion is never
eased.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from solver.agenda import Agenda
from solver.columns import AvailabilityColumns
from solver.facts import Availability, BoolColumn, Instance, IntColumn, Plan, Request, Shape
from solver.minutes import first
from solver.rules import PAIR_RULES, REQUEST_RULES, SLOT_RULES
from solver.rules.duplicate import Duplicate
from solver.rules.fits import Fits

NO_COMMON_START = "no_common_start"
"""Each rule alone leaves a start, together they leave none."""

EASABLE = tuple(rule for rule in PAIR_RULES if rule.relaxation is not None)
FIXED = tuple(rule for rule in PAIR_RULES if rule.relaxation is None)


@dataclass(frozen=True, slots=True)
class Offer:
    """A smallest set of rules whose easing lets the request in, and the nearest place it would get.

    `start` is a minute of the availability's day. `days`: how far outside the window that is,
    negative before it. `minutes`: the longest shorter duration that fits there.
    """

    rules: tuple[str, ...]
    availability: int
    start: int
    days: int | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one request is not in the plan.

    `reasons`: the number of availabilities that each rule excludes by itself. `only`: those of them
    where it is the only obstacle. `offers`: all inclusion-minimal sets of easable rules; none where
    nothing helps, and the empty set alone where the request could go in as it is.
    """

    request: int
    reasons: Mapping[str, int]
    only: Mapping[str, int]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class _Slots:
    """For one shape and every availability: whether a start passes each rule, and them all."""

    alone: dict[str, BoolColumn]
    together: BoolColumn


class WhyNot:
    """Answers for the requests that a plan leaves out."""

    def __init__(self, instance: Instance, plan: Plan) -> None:
        self._instance = instance
        self._agenda = Agenda(instance, plan)
        self._columns = AvailabilityColumns.of(instance.availabilities, len(instance.types))
        self._shapes: dict[Shape, _Slots] = {}

    def explain(self, index: int) -> Explanation:
        """Why the request with this index is left out, and what would let it in."""
        request = self._instance.requests[index]
        slots = self._slots(request)
        holds = {rule.code: self._everywhere(rule.admits(request)) for rule in REQUEST_RULES}
        if self._agenda.claimed(request):
            holds[Duplicate.code] = self._everywhere(False)
        for rule in PAIR_RULES:
            holds[rule.code] = self._everywhere(rule.holds(request, self._columns))
        holds |= slots.alone
        none_alone = np.logical_and.reduce(list(holds.values()))
        holds[NO_COMMON_START] = ~none_alone | slots.together
        obstacles = np.sum([~h for h in holds.values()], axis=0)
        return Explanation(
            request=index,
            reasons=_counts({code: ~h for code, h in holds.items()}),
            only=_counts({code: ~h & (obstacles == 1) for code, h in holds.items()}),
            offers=tuple(self._offers(request, holds, slots)),
        )

    def _everywhere(self, truth: "bool | BoolColumn") -> BoolColumn:
        return np.broadcast_to(np.asarray(truth, np.bool_), len(self._instance.availabilities))

    # which starts are left

    def _slots(self, request: Request) -> _Slots:
        """What the slot rules leave of each availability."""
        of_shape = self._of_shape(request)
        concerned = self._personal(request)
        if not len(concerned):
            return of_shape
        alone = {code: column.copy() for code, column in of_shape.alone.items()}
        together = of_shape.together.copy()
        for a in concerned.tolist():
            self._ask(request, a, alone, together)
        return _Slots(alone, together)

    def _of_shape(self, request: Request) -> _Slots:
        """The same for everybody with this shape, so it is asked once."""
        known = self._shapes.get(request.shape)
        if known is None:
            count = len(self._instance.availabilities)
            alone = {rule.code: np.ones(count, np.bool_) for rule in SLOT_RULES}
            together = np.zeros(count, np.bool_)
            # nobody in particular: no notice, no appointments
            anybody = replace(request, earliest=0, employee=len(self._instance.employees))
            for a in range(count):
                self._ask(anybody, a, alone, together)
            known = self._shapes[request.shape] = _Slots(alone, together)
        return known

    def _ask(
        self, request: Request, a: int, alone: dict[str, BoolColumn], together: BoolColumn
    ) -> None:
        """Ask every slot rule about one availability. The starts asked are those that fit."""
        block = self._instance.availabilities[a]
        fitting = common = Fits().starts(request, block, self._agenda)
        alone[Fits.code][a] = bool(fitting)
        if fitting:
            for rule in SLOT_RULES:
                left = fitting & rule.starts(request, block, self._agenda)
                alone[rule.code][a] = bool(left)
                common &= left
        together[a] = bool(common)

    def _personal(self, request: Request) -> IntColumn:
        """The availabilities for which it matters who asks: notice, and days with appointments."""
        days = self._busy_days.get(request.employee, ())
        concerned = np.isin(self._columns.day, days)
        if request.earliest > 0:
            concerned |= True
        return np.flatnonzero(concerned)

    @cached_property
    def _busy_days(self) -> dict[int, list[int]]:
        """For each employee with appointments, the days of them."""
        days: dict[int, list[int]] = {}
        for appointment in self._instance.appointments:
            days.setdefault(appointment.employee, []).append(appointment.day)
        for assignment in self._agenda.planned.values():
            employee = self._instance.requests[assignment.request].employee
            day = self._instance.availabilities[assignment.availability].day
            days.setdefault(employee, []).append(day)
        return days

    # what would help

    def _offers(
        self, request: Request, holds: Mapping[str, BoolColumn], slots: _Slots
    ) -> Iterator[Offer]:
        """All inclusion-minimal sets, fewest rules first, each with its nearest place."""
        fixed = [rule.code for rule in (*REQUEST_RULES, *FIXED)]
        possible = np.logical_and.reduce([holds[code] for code in fixed])
        broken = np.zeros(len(possible), np.int64)
        for bit, rule in enumerate(EASABLE):
            broken |= (~holds[rule.code]).astype(np.int64) << bit
        shorter = replace(request, duration=_shortest(request))
        found: list[frozenset[str]] = []
        for short in (False, True):
            if short and shorter.duration == request.duration:
                break
            left = (self._slots(shorter) if short else slots).together & possible
            for code in sorted(np.unique(broken[left]).tolist(), key=lambda c: c.bit_count()):
                rules = {rule.code for bit, rule in enumerate(EASABLE) if code >> bit & 1}
                eased = frozenset(rules | {Fits.code} if short else rules)
                if any(known <= eased for known in found):
                    continue
                found.append(eased)
                places = np.flatnonzero(left & (broken == code))
                yield self._nearest(request, eased, places, short=short)

    def _nearest(
        self, request: Request, eased: frozenset[str], places: IntColumn, *, short: bool
    ) -> Offer:
        """Of the places that easing these rules opens, the one closest to what was asked."""

        def distance(a: int) -> tuple[int, int, int]:
            block = self._instance.availabilities[a]
            return abs(_days_outside(request, block)), block.day, block.start

        a = min(places.tolist(), key=distance)
        block = self._instance.availabilities[a]
        fitting = self._longest(request, block) if short else request
        outside = _days_outside(request, block)
        return Offer(
            rules=tuple(sorted(eased)),
            availability=a,
            start=first(self._agenda.starts(fitting, block)),
            days=outside or None,
            minutes=fitting.duration if short else None,
        )

    def _longest(self, request: Request, block: Availability) -> Request:
        """The request, shortened no more than it takes to get in."""
        longer = range(_shortest(request) + 1, request.duration)

        def too_long(duration: int) -> bool:
            return not self._agenda.starts(replace(request, duration=duration), block)

        # what fits at some length fits at any shorter one
        duration = _shortest(request) + bisect_left(longer, True, key=too_long)
        return replace(request, duration=duration)


def _shortest(request: Request) -> int:
    """Minutes to which a planner may shorten an appointment: half, or it would be another one."""
    return -(-request.duration // 2)


def _days_outside(request: Request, block: Availability) -> int:
    """How many days the availability lies after the window, negative before it, 0 inside."""
    if block.day < request.from_day:
        return block.day - request.from_day
    return max(0, block.day - request.until_day + 1)


def _counts(masks: Mapping[str, BoolColumn]) -> dict[str, int]:
    """How many availabilities each excludes, those that exclude none left out."""
    counted = {code: int(np.count_nonzero(mask)) for code, mask in masks.items()}
    return {code: n for code, n in counted.items() if n}


def why_not(
    instance: Instance, plan: Plan, requests: Iterable[int] | None = None
) -> list[Explanation]:
    """The explanations of all requests that the plan leaves out, or of some of them."""
    planned = {assignment.request for assignment in plan}
    asked = range(len(instance.requests)) if requests is None else requests
    answers = WhyNot(instance, plan)
    return [answers.explain(r) for r in asked if r not in planned]
