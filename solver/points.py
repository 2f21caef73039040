"""Points of preference: what each availability is worth to one request.

A night's ten thousand requests see a thousand availabilities each, so the points are not listed pair
by pair. They are sums over few facts: whose availability it is, where, in which hours. What many requests
have in common is one array that all of them refer to, in memory and in a pickle.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from solver.facts import IntColumn


class Factor(Protocol):
    """A part of the points."""

    @property
    def reach(self) -> int:
        """No availability from this index on has points by this factor."""
        ...

    def at(self, availability: int) -> int: ...
    def of(self, availabilities: IntColumn) -> IntColumn: ...


@dataclass(frozen=True, slots=True, eq=False)
class Only:
    """So many points where the availability has this key: this practitioner, that location."""

    keys: IntColumn
    key: int
    points: int

    @property
    def reach(self) -> int:
        return len(self.keys)

    def at(self, availability: int) -> int:
        return self.points if self.keys[availability] == self.key else 0

    def of(self, availabilities: IntColumn) -> IntColumn:
        points: IntColumn = (self.keys[availabilities] == self.key) * self.points
        return points


@dataclass(frozen=True, slots=True, eq=False)
class ByKey:
    """The points of each key; `keys` says which one an availability has."""

    keys: IntColumn
    points: IntColumn

    @property
    def reach(self) -> int:
        return len(self.keys)

    def at(self, availability: int) -> int:
        return int(self.points[self.keys[availability]])

    def of(self, availabilities: IntColumn) -> IntColumn:
        return self.points[self.keys[availabilities]]


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The points of each availability by itself, as a file has them; `availabilities` in order."""

    availabilities: IntColumn
    points: IntColumn

    @classmethod
    def of_each(cls, points: Mapping[int, int]) -> Self:
        in_order = sorted(points.items())
        return cls(
            np.fromiter((a for a, _ in in_order), np.int64, len(in_order)),
            np.fromiter((p for _, p in in_order), np.int64, len(in_order)),
        )

    @property
    def reach(self) -> int:
        return int(self.availabilities[-1]) + 1 if len(self.availabilities) else 0

    def at(self, availability: int) -> int:
        place = int(np.searchsorted(self.availabilities, availability))
        there = place < len(self.points) and self.availabilities[place] == availability
        return int(self.points[place]) if there else 0

    def of(self, availabilities: IntColumn) -> IntColumn:
        if not len(self.points):
            return np.zeros(len(availabilities), np.int64)
        place = np.searchsorted(self.availabilities, availabilities)
        nearest = np.minimum(place, len(self.points) - 1)
        points: IntColumn = self.points[nearest] * (self.availabilities[nearest] == availabilities)
        return points


class Points(Mapping[int, int]):
    """The availabilities that have points, and how many; never changed once it is made.

    Equal are those that give equal points, however they are put together.
    """

    __slots__ = ("_factors",)

    def __init__(self, *factors: Factor) -> None:
        self._factors = factors

    def of(self, availabilities: IntColumn) -> IntColumn:
        """For each of these availabilities its points, 0 where it has none."""
        total = np.zeros(len(availabilities), np.int64)
        for factor in self._factors:
            total += factor.of(availabilities)
        return total

    def __getitem__(self, availability: int) -> int:
        points = sum(
            factor.at(availability) for factor in self._factors if availability < factor.reach
        )
        if not points:
            raise KeyError(availability)
        return points

    def __iter__(self) -> Iterator[int]:
        return iter(self._listed().availabilities.tolist())

    def __len__(self) -> int:
        return len(self._listed().availabilities)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Points):
            return super().__eq__(other)
        if self._factors == other._factors:
            return True
        mine, others = self._listed(), other._listed()
        return np.array_equal(mine.availabilities, others.availabilities) and np.array_equal(
            mine.points, others.points
        )

    def __hash__(self) -> int:
        listed = self._listed()
        return hash((listed.availabilities.tobytes(), listed.points.tobytes()))

    def __repr__(self) -> str:
        return f"Points({dict(self)})"

    def _listed(self) -> Listed:
        """All that have points, one by one."""
        total = np.zeros(max((factor.reach for factor in self._factors), default=0), np.int64)
        for factor in self._factors:
            total[: factor.reach] += factor.of(np.arange(factor.reach))
        found = np.flatnonzero(total)
        return Listed(found, total[found])


def as_points(preferences: Mapping[int, int]) -> Points:
    """The same, to be asked about many availabilities at once."""
    return preferences if isinstance(preferences, Points) else Points(Listed.of_each(preferences))
