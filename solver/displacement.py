"""The cheapest way to get a request one of the places that others hold.

A *displacement* gives the request a suitable place, and each of its holders (`solver.holders`)
another place, free beside all who stay, or none: nobody else is moved to make room for a holder in
turn. Of a place with more than `solver.holders.MOST_HOLDERS` holders none is tried.

The cheapest displacement is the one after which the plan weighs most; of those the one that
disturbs the fewest holders, then the one with the most seniority, then with the most preference
(`solver.aims`). What it gains may be negative: then it costs more than it brings, and says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np

from solver.agenda import Agenda, availabilities_by_place
from solver.aims import preference, seniority
from solver.facts import Assignment, Plan
from solver.holders import Held, Holders, Places
from solver.minutes import Minutes, members
from solver.obstacles import Obstacles


class Gain(NamedTuple):
    """What a plan gains by a displacement, compared from the first to the last, more is better.

    `undisturbed` is minus the number of holders who are moved or lose their place.
    """

    weight: int
    undisturbed: int
    seniority: int
    preference: int

    def plus(self, other: "Gain") -> "Gain":
        """Both together. The order holds: what is added to the larger of two is the larger sum."""
        return Gain(
            self.weight + other.weight,
            self.undisturbed + other.undisturbed,
            self.seniority + other.seniority,
            self.preference + other.preference,
        )

    def minus(self, other: "Gain") -> "Gain":
        """What is left of it when the other is lost."""
        return Gain(
            self.weight - other.weight,
            self.undisturbed - other.undisturbed,
            self.seniority - other.seniority,
            self.preference - other.preference,
        )


NO_GAIN = Gain(0, 0, 0, 0)
"""What gains more than this plans more by weight: somebody is always disturbed."""
WORST = Gain(-(1 << 62), 0, 0, 0)
"""What every displacement gains more than."""
DISTURBED = Gain(0, -1, 0, 0)


@dataclass(frozen=True, slots=True)
class Displacement:
    """One request in, its holders moved or out, everybody else where he was.

    `place`: where the request goes. `moved`: where holders go instead. `left_out`: the holders who
    lose their place. `gain`: by how much the plan as a whole gains, the request's own worth included.
    """

    place: Assignment
    moved: tuple[Assignment, ...]
    left_out: tuple[int, ...]
    gain: Gain

    def applied(self, plan: Plan) -> Plan:
        """The plan after it."""
        after = {assignment.request: assignment for assignment in plan}
        for request in self.left_out:
            del after[request]
        for assignment in (*self.moved, self.place):
            after[assignment.request] = assignment
        return tuple(after[request] for request in sorted(after))


class _Spot(NamedTuple):
    """Where a holder might start in one availability, and what the plan gains if he goes there."""

    gain: Gain
    availability: int
    starts: Minutes


class _Trial(NamedTuple):
    """Places with their holders, and the most that the plan could gain by one of them."""

    hope: Gain
    places: Places
    holders: Holders


@dataclass(slots=True)
class _Best:
    """The best displacement found so far, and what another must gain more than."""

    gain: Gain
    found: Displacement | None = None


class Displacements:
    """Answers for the requests that an agenda leaves out.

    `obstacles` are those of that agenda, which stays as it is: everything is tried on a copy.
    """

    def __init__(self, obstacles: Obstacles) -> None:
        self._obstacles = obstacles
        self._instance = obstacles.agenda.instance
        self._open: dict[int, list[tuple[int, Minutes]]] = {}
        self._hopes: dict[Holders, Gain] = {}
        self._changed: list[tuple[int, int, int]] = []

    @cached_property
    def _trying(self) -> Agenda:
        """The copy of the agenda on which things are tried, and undone."""
        return Agenda(self._instance, self._obstacles.agenda.plan())

    def cheapest(
        self, held: Held, most: int | None = None, better_than: Gain = WORST
    ) -> Displacement | None:
        """The cheapest displacement that gains more than this; None where there is none.

        With `most`, only of so many sets of holders: those of the fewest, and then the lightest.
        """
        best = _Best(better_than)
        sets = sorted(held.sets, key=lambda holders: (len(holders), self._weight(holders), holders))
        trials = [trial for holders in sets[:most] for trial in self._trials(held, holders)]
        for trial in sorted(trials, key=lambda trial: trial.hope, reverse=True):
            for start in members(trial.places.starts):
                if trial.hope <= best.gain:
                    return best.found
                place = Assignment(held.request, trial.places.availability, start)
                self._try(place, trial.holders, best)
        return best.found

    def _weight(self, holders: Holders) -> int:
        return sum(self._instance.requests[holder].priority for holder in holders)

    def _trials(self, held: Held, holders: Holders) -> Iterator[_Trial]:
        """All places of these holders; the hope is that nobody is in another's way."""
        hope = self._hopes.get(holders)
        if hope is None:
            with self._removed(holders):
                hope = _sum(self._hope(holder, self._spots(holder)) for holder in holders)
            self._hopes[holders] = hope
        for places in held.sets[holders]:
            yield _Trial(hope.plus(self._worth(held.request, places.availability)), places, holders)

    def _try(self, place: Assignment, holders: Holders, best: _Best) -> None:
        """Find the best way to settle the holders of this place."""
        with self._removed(holders), self._placed(place):
            spots = [(holder, self._spots(holder)) for holder in holders]
            # who can go almost nowhere comes first: he decides soonest that a way leads nowhere
            spots.sort(key=lambda entry: len(entry[1]))
            waiting = [(holder, self._hope(holder, his)) for holder, his in spots]
            worth = self._worth(place.request, place.availability)
            self._settle(Displacement(place, (), (), worth), waiting, spots[0][1], best)

    def _settle(
        self,
        so_far: Displacement,
        waiting: Sequence[tuple[int, Gain]],
        spots: Sequence[_Spot],
        best: _Best,
    ) -> None:
        """Go on from `so_far` in every way that may be better than the best.

        `waiting`: the holders still without a place, each with the most he could bring; `spots` are
        those of the first of them.
        """
        if _sum(hope for _, hope in waiting).plus(so_far.gain) <= best.gain:
            return
        if not waiting:
            best.found, best.gain = so_far, so_far.gain
            return
        (holder, _), *rest = waiting
        hope = _sum(hope for _, hope in rest)
        for spot in spots:
            gain = so_far.gain.plus(spot.gain)
            for start in members(spot.starts):
                if hope.plus(gain) <= best.gain:
                    break
                place = Assignment(holder, spot.availability, start)
                with self._placed(place):
                    moved = replace(so_far, moved=(*so_far.moved, place), gain=gain)
                    self._settle(moved, rest, self._spots_of_first(rest), best)
        gain = so_far.gain.plus(self._gain_without(holder))
        out = replace(so_far, left_out=(*so_far.left_out, holder), gain=gain)
        self._settle(out, rest, self._spots_of_first(rest), best)

    def _spots_of_first(self, waiting: Sequence[tuple[int, Gain]]) -> Sequence[_Spot]:
        return self._spots(waiting[0][0]) if waiting else ()

    def _hope(self, holder: int, spots: Sequence[_Spot]) -> Gain:
        """The most that the plan could gain by moving this holder to one of these spots."""
        return spots[0].gain if spots else self._gain_without(holder)

    def _spots(self, holder: int) -> list[_Spot]:
        """Everywhere the holder may go as things are tried now, the best first."""
        row = self._instance.requests[holder]
        if self._trying.claimed(row):
            return []
        without = self._gain_without(holder)
        near = {a for day in self._changed for a in self._on_day[day]}
        blocks, trying = self._instance.availabilities, self._trying
        elsewhere = (
            (a, trying.personal_starts(row, blocks[a], starts))
            for a, starts in self._free(holder)
            if a not in near
        )
        here = (
            (a, trying.starts(row, blocks[a]))
            for a in near.intersection(self._obstacles.possible(holder))
        )
        return sorted(
            (
                _Spot(without.plus(self._worth(holder, a)), a, starts)
                for a, starts in chain(elsewhere, here)
                if starts
            ),
            reverse=True,
        )

    def _free(self, holder: int) -> list[tuple[int, Minutes]]:
        """The availabilities where such a request could go as it was found, and the starts there."""
        known = self._open.get(holder)
        if known is None:
            left = self._obstacles.of_shape(self._instance.requests[holder].shape)
            possible = np.asarray(self._obstacles.possible(holder), np.int64)
            open_ = possible[left.free[possible]].tolist()
            known = self._open[holder] = [(a, left.levels[a][0]) for a in open_]
        return known

    def _worth(self, request: int, a: int) -> Gain:
        """What a request in an availability adds to the plan."""
        row = self._instance.requests[request]
        block = self._instance.availabilities[a]
        return Gain(
            row.priority,
            0,
            seniority(row, block.day, self._instance.days),
            preference(row, block, a),
        )

    def _gain_without(self, holder: int) -> Gain:
        """What the plan gains by leaving a holder out: less than nothing, and one is disturbed."""
        place = self._obstacles.agenda.planned[holder]
        return DISTURBED.minus(self._worth(holder, place.availability))

    @contextmanager
    def _removed(self, holders: Holders) -> Iterator[None]:
        """Try without these holders, and then put them back."""
        places = [self._trying.remove(holder) for holder in holders]
        self._changed += map(self._days, places)
        yield
        for place in places:
            self._trying.place(place)
        del self._changed[-len(places) :]

    @contextmanager
    def _placed(self, place: Assignment) -> Iterator[None]:
        """Try with this request in this place, and then take it out again."""
        self._trying.place(place)
        self._changed.append(self._days(place))
        yield
        self._changed.pop()
        self._trying.remove(place.request)

    def _days(self, place: Assignment) -> tuple[int, int, int]:
        """The practitioner, the location and the day that are another with this place taken."""
        block = self._instance.availabilities[place.availability]
        return block.practitioner, block.location, block.day

    @cached_property
    def _on_day(self) -> dict[tuple[int, int, int], list[int]]:
        """For each practitioner, location and day: the availabilities that share one of both there."""
        return availabilities_by_place(self._instance)


def _sum(gains: Iterable[Gain]) -> Gain:
    total = NO_GAIN
    for gain in gains:
        total = total.plus(gain)
    return total
