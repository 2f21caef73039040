"""What each availability is worth to each request, by the criteria in the administrator's order. Domain §4.

A criterion grades a pair; the last in the order has weight 1, each before it twice as much as the next.

| criterion | grade, of 4 |
| --- | --- |
| preferred practitioner, continuity, preferred location | 4 where it is he, or there; else 0 |
| travel distance | 4 at the nearest location or up to 5 km farther, 3 up to 10, 2 up to 20, 1 up to 40 |
| the employer's preferred hours | 4 where the block lies wholly within them, 2 where partly |
| the practitioner's score | its share of the highest score, rounded down |
| evenness | under all others, whatever its place: see below |

Where every criterion in the order is a plain yes or no, a yes counts 1: so the order that holds where
none is set gives the 2 and 1 of the plan format.

The nearest location is that of those the request may go to, from the establishment where the employee
works. Without coordinates there is no grade; by telephone or video nobody travels.

Evenness only decides between what is equal otherwise: the others are multiplied by 4, and 0 to 3 added,
3 for a practitioner with less than a quarter of the minutes of the busiest. These are the minutes that
stand when planning begins: points belong to a pair, whatever else is planned.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property, partial
from typing import Self
from uuid import UUID

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.organisation import PreferredHours
from models.settings import Criterion, Preference
from scheduler.loading.grades import (
    FULL,
    SHARES,
    Coordinates,
    Hours,
    by_distance,
    by_evenness,
    by_hours,
    by_score,
    distances,
    merged,
)
from solver.facts import NONE, FloatColumn, Instance, IntColumn, Members
from solver.minutes import MINUTES_PER_DAY
from solver.points import ByKey, Factor, Only, Points

USUAL_ORDER = (Criterion.PREFERRED_PRACTITIONER, Criterion.PREFERRED_LOCATION)
"""Where no order is set."""

YES_OR_NO = frozenset(
    {Criterion.PREFERRED_PRACTITIONER, Criterion.CONTINUITY, Criterion.PREFERRED_LOCATION}
)


@dataclass(frozen=True)
class World:
    """What the criteria ask about availabilities and those behind them."""

    practitioner: IntColumn
    """By availability, as are location, weekday (Monday is 1), start and end (minutes of the day)."""
    location: IntColumn
    weekday: IntColumn
    start: IntColumn
    end: IntColumn
    score: IntColumn
    """By practitioner."""
    minutes: IntColumn
    """By practitioner: for how long the appointments that stand occupy him."""
    coordinates: Sequence[Coordinates | None]
    """By location."""
    hours: Mapping[UUID, Sequence[Hours]]
    """By employer; one without is not in it."""

    @classmethod
    def of(
        cls,
        instance: Instance,
        scores: Iterable[int],
        coordinates: Sequence[Coordinates | None],
        hours: Mapping[UUID, Sequence[Hours]],
    ) -> Self:
        """The world of these facts; what stands with no employee is an absence, and no work."""
        blocks = instance.availabilities
        minutes = np.zeros(len(instance.practitioners), np.int64)
        for standing in instance.appointments:
            if NONE not in {standing.practitioner, standing.employee}:
                minutes[standing.practitioner] += standing.occupied_until - standing.start
        weekdays = [
            (instance.start_date + timedelta(days=day)).isoweekday() for day in range(instance.days)
        ]
        return cls(
            practitioner=_column(a.practitioner for a in blocks),
            location=_column(a.location for a in blocks),
            weekday=_column(weekdays[a.day] for a in blocks),
            start=_column(a.start for a in blocks),
            end=_column(a.end for a in blocks),
            score=_column(scores),
            minutes=minutes,
            coordinates=coordinates,
            hours=hours,
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What the criteria ask about a request; `NONE` where it has nobody or nothing of the kind.

    `establishment`: where the employee works. `locations`: where the request may go, None: anywhere.
    `remote`: by telephone or video, so that nobody travels.
    """

    preferred_practitioner: int = NONE
    case_practitioner: int = NONE
    preferred_location: int = NONE
    establishment: Coordinates | None = None
    employer: UUID | None = None
    locations: Members | None = None
    remote: bool = False


def order_of(session: Session) -> tuple[Criterion, ...]:
    """The criteria that count, the most important first."""
    return tuple(session.scalars(_order())) or USUAL_ORDER


def preferred_hours(session: Session) -> Mapping[UUID, Sequence[Hours]]:
    """By employer."""
    found: dict[UUID, list[Hours]] = {}
    for employer, *hours in session.execute(_hours()):
        found.setdefault(employer, []).append(Hours(*hours))
    return found


# Statements, made once: somebody waits for them


@cache
def _order() -> Select[Criterion]:
    return select(Preference.criterion).order_by(Preference.rank)


@cache
def _hours() -> Select[UUID, int, int, int]:
    t = PreferredHours
    return select(t.employer_id, t.weekday, t.start_minute, t.end_minute).order_by(
        t.weekday, t.start_minute
    )


def points(order: Sequence[Criterion], world: World, wishes: Iterable[Wish]) -> list[Points | None]:
    """For each wish the points of the availabilities; None where the solver's usual ones are the same."""
    if tuple(order) == USUAL_ORDER:
        return [None for _ in wishes]
    scale = Scale.of(order)
    factors = _Factors(scale, world)
    return [factors.of(wish) for wish in wishes]


@dataclass(frozen=True, slots=True)
class Liking:
    """What one criterion adds to the points of one wish, availability by availability; `most`: it can add."""

    criterion: Criterion
    factor: Factor
    most: int


def likings(order: Sequence[Criterion], world: World, wish: Wish) -> list[Liking]:
    """The points of a wish, criterion by criterion, in the order: together they are the same."""
    scale = Scale.of(order)
    apart = dict(_Factors(scale, world).by_criterion(wish))
    return [
        Liking(criterion, apart[criterion], scale.most(criterion))
        for criterion in order
        if criterion in apart
    ]


@dataclass(frozen=True)
class Scale:
    """`step`: the points of one grade, by criterion. `yes`: the grade of a plain yes."""

    step: Mapping[Criterion, int]
    yes: int
    evenly: bool

    @classmethod
    def of(cls, order: Sequence[Criterion]) -> Self:
        ranked = [criterion for criterion in order if criterion != Criterion.EVENNESS]
        evenly = Criterion.EVENNESS in order
        least = SHARES if evenly else 1
        step: dict[Criterion, int] = {
            criterion: least << place for place, criterion in enumerate(reversed(ranked))
        }
        return cls(step, 1 if YES_OR_NO.issuperset(ranked) else FULL, evenly)

    def most(self, criterion: Criterion) -> int:
        """The points that it can add."""
        if criterion == Criterion.EVENNESS:
            return SHARES - 1
        return self.step[criterion] * (self.yes if criterion in YES_OR_NO else FULL)


class _Factors:
    """The parts of the points, each made once for all wishes that have it in common."""

    def __init__(self, scale: Scale, world: World) -> None:
        self._scale = scale
        self._world = world
        self._made: dict[Hashable, Factor] = {}
        self._points: dict[tuple[Factor, ...], Points] = {}
        self._distances: dict[Coordinates, FloatColumn] = {}
        self._hours = {employer: tuple(merged(hours)) for employer, hours in world.hours.items()}

    def of(self, wish: Wish) -> Points:
        parts = (*self._of_everybody, *(factor for _, factor in self._of_wish(wish)))
        return self._points.setdefault(parts, Points(*parts))

    def by_criterion(self, wish: Wish) -> Iterator[tuple[Criterion, Factor]]:
        """The same, each by itself."""
        for criterion, by_practitioner in self._by_practitioner():
            yield criterion, ByKey(self._world.practitioner, by_practitioner)
        yield from self._of_wish(wish)

    def _of_wish(self, wish: Wish) -> Iterator[tuple[Criterion, Factor]]:
        yield from self._liked(wish)
        yield from self._nearby(wish)
        yield from self._timely(wish)

    def _once(self, key: Hashable, make: Callable[[], Factor]) -> Factor:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    @cached_property
    def _of_everybody(self) -> tuple[Factor, ...]:
        """In one, for there are ten thousand who have it in common."""
        each = [by_practitioner for _, by_practitioner in self._by_practitioner()]
        total = np.sum(each, axis=0) if each else np.zeros(0, np.int64)
        return (ByKey(self._world.practitioner, total),) if total.any() else ()

    def _by_practitioner(self) -> Iterator[tuple[Criterion, IntColumn]]:
        world, scale = self._world, self._scale
        step = scale.step.get(Criterion.PRACTITIONER_SCORE)
        if step is not None:
            yield Criterion.PRACTITIONER_SCORE, step * by_score(world.score, world.practitioner)
        if scale.evenly:
            yield Criterion.EVENNESS, by_evenness(world.minutes, world.practitioner)

    def _liked(self, wish: Wish) -> Iterator[tuple[Criterion, Factor]]:
        practitioner, location = self._world.practitioner, self._world.location
        for criterion, keys, key in (
            (Criterion.PREFERRED_PRACTITIONER, practitioner, wish.preferred_practitioner),
            (Criterion.CONTINUITY, practitioner, wish.case_practitioner),
            (Criterion.PREFERRED_LOCATION, location, wish.preferred_location),
        ):
            step = self._scale.step.get(criterion)
            if step is not None and key != NONE:
                points = step * self._scale.yes
                yield (
                    criterion,
                    self._once((criterion, key), partial(Only, keys, key, points)),
                )

    def _nearby(self, wish: Wish) -> Iterator[tuple[Criterion, Factor]]:
        step = self._scale.step.get(Criterion.TRAVEL_DISTANCE)
        home = wish.establishment
        if step is not None and home is not None and not wish.remote:
            key = Criterion.TRAVEL_DISTANCE, home, wish.locations
            by_distance_ = partial(self._by_distance, step, home, wish.locations)
            yield Criterion.TRAVEL_DISTANCE, self._once(key, by_distance_)

    def _by_distance(self, step: int, home: Coordinates, among: Members | None) -> Factor:
        if home not in self._distances:
            self._distances[home] = distances(home, self._coordinates)
        return ByKey(self._world.location, step * by_distance(self._distances[home], among))

    @cached_property
    def _coordinates(self) -> FloatColumn:
        unknown = Coordinates(np.nan, np.nan)
        rows = [place or unknown for place in self._world.coordinates]
        return np.array(rows, np.float64).reshape(-1, 2)

    def _timely(self, wish: Wish) -> Iterator[tuple[Criterion, Factor]]:
        step = self._scale.step.get(Criterion.PREFERRED_HOURS)
        liked = () if wish.employer is None else self._hours.get(wish.employer, ())
        if step is not None and liked:
            # employers with the same hours share them
            key = Criterion.PREFERRED_HOURS, liked
            yield (
                Criterion.PREFERRED_HOURS,
                self._once(key, partial(self._by_hours, step, liked)),
            )

    def _by_hours(self, step: int, liked: Sequence[Hours]) -> Factor:
        times, time_of = self._times
        return ByKey(time_of, step * by_hours(times, liked))

    @cached_property
    def _times(self) -> tuple[IntColumn, IntColumn]:
        """The distinct weekdays, starts and ends of blocks, and which of them each block has."""
        world = self._world
        lines = np.stack([world.weekday, world.start, world.end], axis=1)
        one_number = np.ravel_multi_index(lines.T, (8, MINUTES_PER_DAY + 1, MINUTES_PER_DAY + 1))
        _, examples, time_of = np.unique(one_number, return_index=True, return_inverse=True)
        return lines[examples], time_of


def _column(values: Iterable[int]) -> IntColumn:
    return np.fromiter(values, np.int64)
