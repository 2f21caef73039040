"""Which rules stand between a request and each availability, once the rest of a plan stands.

Every rule is asked for every availability, without short cuts, by the same code that plans. What a
rule answers is kept as one bit, so that "how many does it exclude, and where is it alone" is a count
of equal numbers, and what only the shape of a request decides is asked once for all of that shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solver.agenda import Agenda
from solver.columns import AvailabilityColumns
from solver.facts import (
    NOBODY,
    NONE,
    Availability,
    BoolColumn,
    IntColumn,
    Modality,
    Request,
    Shape,
)
from solver.minutes import MINUTES_PER_DAY, NO_MINUTES, Minutes, first
from solver.rules import PAIR_RULES, PERSONAL_RULES, REQUEST_RULES, SHAPE_RULES
from solver.rules.duplicate import Duplicate
from solver.rules.face import SlotRule
from solver.rules.fits import Fits

NO_COMMON_START = "no_common_start"
"""Each rule alone leaves a start, together they leave none."""

EASABLE = tuple(rule for rule in PAIR_RULES if rule.relaxation is not None)
FIXED = tuple(rule for rule in PAIR_RULES if rule.relaxation is None)
EASABLE_BITS = (1 << len(EASABLE)) - 1
"""The set of all pair rules that can be eased."""
OCCUPIED = tuple(rule for rule in SHAPE_RULES if rule.code != Fits.code)
"""The slot rules of a shape that are asked at the starts that fit."""

BitColumn = NDArray[np.uint16]
"""A set of rules for each availability, one bit for each rule."""
CountColumn = NDArray[np.int8]
NOWHERE = np.empty(0, np.int64)


class Family:
    """Some rules, and which bit of a set stands for which."""

    def __init__(self, codes: Sequence[str]) -> None:
        self.codes = tuple(codes)
        self.bit = {code: 1 << place for place, code in enumerate(codes)}
        every = np.arange(1 << len(codes))
        self._has = (every[:, None] >> np.arange(len(codes))) & 1
        self.size = self._has.sum(axis=1, dtype=np.int8)
        """How many rules each set has."""

    def named(self, bits: int) -> tuple[str, ...]:
        """The rules of a set."""
        return tuple(code for code, bit in self.bit.items() if bits & bit)

    def counts(self, sets: BitColumn) -> dict[str, int]:
        """How many of the sets have each rule, those that none has left out."""
        return self._told(np.bincount(sets, minlength=len(self.size)) @ self._has)

    def alone(self, sets: BitColumn) -> dict[str, int]:
        """How many of the sets are each rule alone."""
        times = np.bincount(sets, minlength=len(self.size))
        return self._told(times[list(self.bit.values())])

    def _told(self, numbers: IntColumn) -> dict[str, int]:
        counted = zip(self.codes, numbers.tolist(), strict=True)
        return {code: number for code, number in counted if number}


PAIRS = Family([rule.code for rule in (*EASABLE, *FIXED)])
SLOTS = Family([Fits.code, *(rule.code for rule in (*OCCUPIED, *PERSONAL_RULES)), NO_COMMON_START])


@dataclass(frozen=True)
class Left:
    """What the slot rules leave in each availability, of the starts that fit.

    `broken`: the rules that alone leave nothing. `fewest`: the smallest number of rules that one
    start breaks, 1 where nothing fits; `start`: the earliest such start (minute of the day), `NONE`
    where nothing fits.
    """

    broken: BitColumn
    fewest: CountColumn
    start: IntColumn

    @cached_property
    def free(self) -> BoolColumn:
        """Where some start passes every slot rule."""
        everywhere: BoolColumn = self.fewest == 0
        return everywhere

    @cached_property
    def open(self) -> IntColumn:
        """The availabilities that are free."""
        return np.flatnonzero(self.free)

    def write(self, a: int, broken: int, levels: Sequence[Minutes]) -> None:
        """Write down what is left in one availability: `levels[k]` break `k` of the rules."""
        self.broken[a] = broken
        for count, starts in enumerate(levels):
            if starts:
                self.fewest[a], self.start[a] = count, first(starts)
                return


@dataclass(frozen=True)
class LeftToShape(Left):
    """The same for anybody with a request of one shape.

    `levels[a][k]`: the starts in availability `a` that break `k` of the rules; no levels where
    nothing fits.
    """

    levels: list[Sequence[Minutes]]


@dataclass(frozen=True)
class Obstructed:
    """Everything that stands between one request and each availability.

    `always`: the codes of the rules that bar the request wherever it would go; `barred`: whether one
    of them would, were nothing planned. `pairs`: the pair rules that each availability breaks.
    `left`: what the slot rules leave there.
    """

    always: tuple[str, ...]
    barred: bool
    pairs: BitColumn
    left: Left

    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """How many availabilities each rule excludes, and where it is the only obstacle."""
        pairs, slots = self.pairs, self.left.broken
        if self.always:
            reasons = dict.fromkeys(self.always, len(pairs)) if len(pairs) else {}
            free = int(np.count_nonzero((pairs | slots) == 0))
            only = {self.always[0]: free} if free and len(self.always) == 1 else {}
            return reasons | PAIRS.counts(pairs) | SLOTS.counts(slots), only
        together = (slots == 0) & (pairs == 0) & ~self.left.free
        slots = slots | together * np.uint16(SLOTS.bit[NO_COMMON_START])
        return (
            PAIRS.counts(pairs) | SLOTS.counts(slots),
            PAIRS.alone(pairs[slots == 0]) | SLOTS.alone(slots[pairs == 0]),
        )

    def suitable(self) -> int:
        """How many availabilities no rule about the request and the pair bars, whoever has them."""
        return 0 if self.barred else int(np.count_nonzero(self.pairs == 0))

    def nearest(self) -> IntColumn:
        """The availabilities with a start that breaks the fewest rules."""
        broken = PAIRS.size.take(self.pairs) + self.left.fewest
        return np.flatnonzero(broken == broken.min()) if len(broken) else NOWHERE


class Obstacles:
    """What stands in the way of any request, given all that an agenda holds."""

    def __init__(self, agenda: Agenda) -> None:
        self.agenda = agenda
        self._instance = agenda.instance
        self.columns = AvailabilityColumns.of(
            self._instance.availabilities, len(self._instance.types)
        )
        self._shapes: dict[Shape, LeftToShape] = {}
        self._possible: dict[int, list[int]] = {}

    def of(self, request: Request) -> Obstructed:
        """What stands in the way of this request."""
        always = [rule.code for rule in REQUEST_RULES if not rule.admits(request)]
        barred = bool(always)
        if self.agenda.claimed(request) and Duplicate.code not in always:
            always.append(Duplicate.code)
        return Obstructed(tuple(always), barred, self.pairs(request), self.left(request))

    def possible(self, index: int) -> list[int]:
        """The availabilities that no rule about the request and the pair bars, whoever has them."""
        known = self._possible.get(index)
        if known is None:
            request = self._instance.requests[index]
            if all(rule.admits(request) for rule in REQUEST_RULES):
                known = np.flatnonzero(self.pairs(request) == 0).tolist()
            else:
                known = []
            self._possible[index] = known
        return known

    def pairs(self, request: Request) -> BitColumn:
        """The pair rules that each availability breaks."""
        broken = np.zeros(len(self._instance.availabilities), np.uint16)
        for place, rule in enumerate((*EASABLE, *FIXED)):
            broken |= np.logical_not(rule.holds(request, self.columns)) * np.uint16(1 << place)
        return broken

    def left(self, request: Request, duration: int | None = None) -> Left:
        """What the slot rules leave this request of each availability; or if it were shorter."""
        minutes = request.duration if duration is None else duration
        of_shape = self.of_shape(Shape(minutes, request.buffer, request.takes_room))
        concerned = self._personal(request, of_shape)
        if not len(concerned):
            return of_shape
        asked = request if duration is None else replace(request, duration=duration)
        mine = Left(of_shape.broken.copy(), of_shape.fewest.copy(), of_shape.start.copy())
        for a in concerned.tolist():
            block, levels = self._instance.availabilities[a], of_shape.levels[a]
            broken, levels = _asked(PERSONAL_RULES, asked, block, self.agenda, levels)
            mine.write(a, int(mine.broken[a]) | broken, levels)
        return mine

    def of_shape(self, shape: Shape) -> LeftToShape:
        """What the slot rules leave anybody with a request of this shape."""
        known = self._shapes.get(shape)
        if known is None:
            count = len(self._instance.availabilities)
            known = self._shapes[shape] = LeftToShape(
                np.full(count, SLOTS.bit[Fits.code], np.uint16),
                np.ones(count, np.int8),
                np.full(count, NONE, np.int64),
                [()] * count,
            )
            anybody = _anybody(shape)
            for a, block in enumerate(self._instance.availabilities):
                fitting = Fits().starts(anybody, block, self.agenda)
                if fitting:
                    broken, levels = _asked(OCCUPIED, anybody, block, self.agenda, (fitting,))
                    known.write(a, broken, levels)
                    known.levels[a] = levels
        return known

    def _personal(self, request: Request, left: Left) -> IntColumn:
        """The availabilities where it may matter who asks: whose best start he may not have.

        As long as he may, no personal rule excludes the availability, and no other start is better.
        A superset: every start before the notice ends, or that might reach into his busy hours.
        """
        start = left.start
        concerned = [
            here[(start[here] > since - request.occupied) & (start[here] < until)]
            for day, since, until in self._busy_hours.get(request.employee, ())
            for here in [self._on_day.get(day, NOWHERE)]
        ]
        if request.earliest > 0:
            begins = MINUTES_PER_DAY * self.columns.day + start
            concerned.append(np.flatnonzero((begins < request.earliest) & (start != NONE)))
        if not concerned:
            return NOWHERE
        found = np.unique(np.concatenate(concerned))
        fitting: IntColumn = found[start[found] != NONE]
        return fitting

    @cached_property
    def _on_day(self) -> dict[int, IntColumn]:
        """The availabilities of each day."""
        day = self.columns.day
        return {number: np.flatnonzero(day == number) for number in np.unique(day).tolist()}

    @cached_property
    def _busy_hours(self) -> dict[int, list[tuple[int, int, int]]]:
        """For each employee with appointments: day, first start and last end."""
        hours: dict[int, list[tuple[int, int, int]]] = {}
        for employee, day, busy in self.agenda.employees_busy():
            hours.setdefault(employee, []).append((day, first(busy), busy.bit_length()))
        return hours


def _anybody(shape: Shape) -> Request:
    """A request of this shape, of nobody in particular and for no day."""
    return Request(
        id="",
        employee=NONE,
        type=NONE,
        duration=shape.duration,
        buffer=shape.buffer,
        from_day=0,
        until_day=0,
        locations=NOBODY,
        modalities=int(Modality.AT_LOCATION if shape.takes_room else Modality.REMOTE),
    )


def _asked(
    rules: Sequence[SlotRule],
    request: Request,
    block: Availability,
    agenda: Agenda,
    levels: Sequence[Minutes],
) -> tuple[int, Sequence[Minutes]]:
    """Ask more rules about the starts that fit, sorted into levels by how many they break so far.

    Returns the rules that alone leave none of them, and the levels with these rules counted.
    """
    fitting = 0
    for starts in levels:
        fitting |= starts
    broken = 0
    for rule in rules:
        left = rule.starts(request, block, agenda)
        lost = fitting & ~left
        if lost == fitting:
            broken |= SLOTS.bit[rule.code]
            levels = (NO_MINUTES, *levels)
        elif lost:
            levels = [
                (here & left) | (fewer & lost)
                for here, fewer in zip((*levels, NO_MINUTES), (NO_MINUTES, *levels), strict=True)
            ]
    return broken, levels
