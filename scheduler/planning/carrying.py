"""What was planned on one load of the facts, said in the numbers of a later one.

Between a snapshot and the moment it is booked the world goes on: requests are withdrawn, availabilities
are removed, employees come. Rows are found again by their keys and places by their instants.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import UUID

import numpy as np

from scheduler.loading import Loaded
from scheduler.loading.rows import AvailabilityRow, RequestRow
from solver.facts import NONE, Assignment, Instance, IntColumn, Members, Plan, Request
from solver.points import Points, as_points
from solver.scarcity import Bottleneck, Scarcity, Shortage

Numbers = list[int]
"""For each number in the earlier load the one in the later, or NONE."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A plan on other facts. `lost`: its assignments (of the earlier facts) that have no place there."""

    plan: Plan
    lost: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Elsewhere:
    """Points of preference that were given by the earlier numbers of the availabilities."""

    points: Points
    before: IntColumn

    @property
    def reach(self) -> int:
        return len(self.before)

    def at(self, availability: int) -> int:
        return self.points.get(int(self.before[availability]), 0)

    def of(self, availabilities: IntColumn) -> IntColumn:
        before = self.before[availabilities]
        found = np.zeros(len(before), np.int64)
        known = before != NONE
        found[known] = self.points.of(before[known])
        return found


class Carrying:
    """From the numbers of one load to those of a later one, of the same days and time zone."""

    def __init__(self, earlier: Loaded, later: Loaded) -> None:
        self._earlier = earlier
        self._later = later
        self._requests = _numbers(_keys(earlier.requests), _keys(later.requests))
        self._blocks = _numbers(_keys(earlier.availabilities), _keys(later.availabilities))

    def plan(self, plan: Iterable[Assignment]) -> Carried:
        """Every assignment whose request is still asked, in the same availability at the same instant."""
        carried, lost = [], []
        for assignment in plan:
            request = self._requests[assignment.request]
            place = self.place(assignment)
            if request == NONE or place is None:
                lost.append(assignment)
            else:
                carried.append(Assignment(request, *place))
        return Carried(tuple(sorted(carried)), tuple(lost))

    def place(self, assignment: Assignment) -> tuple[int, int] | None:
        """The availability and the minute; nothing where there is no such availability any more."""
        block = self._blocks[assignment.availability]
        if block == NONE:
            return None
        start = self._later.minute(block, self._earlier.starts_at(assignment))
        return None if start == NONE else (block, start)

    def request(self, index: int) -> Request:
        """The request as it was asked then, whether or not it still is."""
        asked = self._earlier.instance.requests[index]
        employee = self._employees[asked.employee]
        if self._same:
            return replace(asked, employee=employee) if employee != asked.employee else asked
        return replace(
            asked,
            employee=employee,
            type=self._types[asked.type],
            locations=_members(asked.locations, self._locations),
            excluded=_members(asked.excluded, self._practitioners),
            required_practitioner=_one(asked.required_practitioner, self._practitioners),
            preferred_practitioner=_one(asked.preferred_practitioner, self._practitioners),
            preferred_location=_one(asked.preferred_location, self._locations),
            preferences=asked.preferences
            and Points(_Elsewhere(as_points(asked.preferences), self._before)),
        )

    def scarcity(self, found: Scarcity) -> Scarcity:
        """What is scarce, without what speaks of rows that are no longer there."""
        shortages = (self._shortage(one) for one in found.shortages)
        bottlenecks = (self._bottleneck(one) for one in found.bottlenecks)
        return Scarcity(
            tuple(one for one in shortages if NONE not in (*one.requests, *one.availabilities)),
            tuple(one for one in bottlenecks if one.availability != NONE),
        )

    def _shortage(self, one: Shortage) -> Shortage:
        return replace(
            one,
            requests=tuple(self._requests[r] for r in one.requests),
            availabilities=tuple(self._blocks[a] for a in one.availabilities),
        )

    def _bottleneck(self, one: Bottleneck) -> Bottleneck:
        return replace(
            one,
            location=self._locations[one.location],
            types=frozenset(self._types[kind] for kind in one.types),
            availability=self._blocks[one.availability],
        )

    # the numbers

    @cached_property
    def _types(self) -> Numbers:
        return _numbers(*([kind.id for kind in of.types] for of in self._both))

    @cached_property
    def _locations(self) -> Numbers:
        return _numbers(*([place.id for place in of.locations] for of in self._both))

    @cached_property
    def _practitioners(self) -> Numbers:
        return _numbers(*(of.practitioners for of in self._both))

    @cached_property
    def _employees(self) -> Numbers:
        return _numbers(*(of.employees for of in self._both))

    @cached_property
    def _before(self) -> IntColumn:
        """For each availability of the later load its number in the earlier, or NONE."""
        keys = _keys(self._later.availabilities), _keys(self._earlier.availabilities)
        return np.asarray(_numbers(*keys), np.int64)

    @cached_property
    def _same(self) -> bool:
        """Whether all numbers that a request speaks of, but its employee's, are what they were."""
        spoken_of = (self._types, self._locations, self._practitioners, self._blocks)
        return all(numbers == list(range(len(numbers))) for numbers in spoken_of)

    @property
    def _both(self) -> tuple[Instance, Instance]:
        return self._earlier.instance, self._later.instance


def _keys(rows: Iterable[RequestRow | AvailabilityRow]) -> list[UUID]:
    return [row.id for row in rows]


def _numbers(earlier: Sequence[Hashable], later: Sequence[Hashable]) -> Numbers:
    place = {key: number for number, key in enumerate(later)}
    return [place.get(key, NONE) for key in earlier]


def _one(number: int, numbers: Numbers) -> int:
    return NONE if number == NONE else numbers[number]


def _members(those: Members, numbers: Numbers) -> Members:
    return Members(numbers[one] for one in those if numbers[one] != NONE)
