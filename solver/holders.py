"""Who holds the places that would suit a request.

A place (availability and start) *suits* a request if every rule allows it there while nothing but
the standing appointments is there: those are never moved. Its *holders* are a smallest set of
planned requests without which the request could start there, all other planned ones staying; where
rooms are short there may be several such sets. A place with more than `MOST_HOLDERS` holders is
passed over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from solver.agenda import Agenda
from solver.facts import Request
from solver.minutes import NO_MINUTES, WHOLE_DAY, Minutes, first, members, span, starts_of_runs
from solver.obstacles import Obstacles

MOST_HOLDERS = 3
"""Holders of one place who are tried together: every way to place them again is."""

Holders = tuple[int, ...]
"""Planned requests that hold a place together, sorted."""


@dataclass(frozen=True, slots=True)
class Places:
    """Starts (minutes of the day) in one availability."""

    availability: int
    starts: Minutes


@dataclass(frozen=True, slots=True)
class Held:
    """The suitable places of one request, all of them held.

    `sets`: for each set of holders (sorted), the places that it holds. Sets of more than
    `MOST_HOLDERS` are not among them.
    """

    request: int
    sets: Mapping[Holders, Sequence[Places]]

    @property
    def holders(self) -> Holders:
        """All who hold a place, those who hold most of them first."""
        count: dict[int, int] = {}
        for holders, places in self.sets.items():
            for holder in holders:
                held = sum(each.starts.bit_count() for each in places)
                count[holder] = count.get(holder, 0) + held
        return tuple(sorted(count, key=lambda holder: (-count[holder], holder)))


@dataclass(frozen=True, slots=True)
class _Taken:
    """A planned request as it occupies a practitioner, an employee or a room: `[start, end)`."""

    request: int
    start: int
    end: int

    def forbids(self, length: int) -> Minutes:
        """The starts at which an appointment of this length would overlap it."""
        return span(max(0, self.start - length + 1), self.end)


Key = tuple[int, int]
"""A practitioner, employee or location, and a day."""


class Holdings:
    """Answers for the requests that an agenda leaves out; `obstacles` are those of that agenda."""

    def __init__(self, obstacles: Obstacles) -> None:
        self._obstacles = obstacles
        self._instance = obstacles.agenda.instance

    @cached_property
    def _standing(self) -> Agenda:
        """Nothing but the standing appointments."""
        return Agenda(self._instance)

    def held(self, request: int) -> Held:
        """Who holds the places that suit the request; no sets where one of them is free."""
        sets: dict[Holders, list[Places]] = {}
        row = self._instance.requests[request]
        for a in self._obstacles.possible(request):
            starts = self._standing.starts(row, self._instance.availabilities[a])
            for holders, held in self._by_holders(row, Places(a, starts)):
                if not holders:
                    return Held(request, {})
                sets.setdefault(holders, []).append(held)
        return Held(request, sets)

    def _by_holders(self, row: Request, places: Places) -> Iterator[tuple[Holders, Places]]:
        """Suitable places in one availability, by each smallest set of holders that they have."""
        block = self._instance.availabilities[places.availability]
        in_rooms = self._rooms.get((block.location, block.day), ()) if row.takes_room else ()
        for forced, starts in self._by_forced(row, places):
            full = self._obstacles.agenda.room_full(block.location, block.day) if in_rooms else 0
            for taken in in_rooms:
                # a full minute has room again as soon as one leaves: no plan goes over the limit
                if taken.request in forced:
                    full &= ~span(taken.start, taken.end)
            roomy = starts & starts_of_runs(WHOLE_DAY & ~full, row.occupied) if full else starts
            if roomy:
                yield tuple(sorted(forced)), Places(places.availability, roomy)
            for start in members(starts & ~roomy):
                needed = full & span(start, start + row.occupied)
                covers = _covers(needed, in_rooms, MOST_HOLDERS - len(forced))
                for cover in covers:
                    if not any(other < cover for other in covers):
                        here = Places(places.availability, 1 << start)
                        yield tuple(sorted(forced | cover)), here

    def _by_forced(self, row: Request, places: Places) -> list[tuple[frozenset[int], Minutes]]:
        """The places by who must leave them: for the practitioner, the employee, as a duplicate."""
        block = self._instance.availabilities[places.availability]
        forbidden: dict[int, Minutes] = {}
        for those, length in (
            (self._practitioners.get((block.practitioner, block.day), ()), row.occupied),
            (self._employees.get((row.employee, block.day), ()), row.duration),
        ):
            for taken in those:
                lost = forbidden.get(taken.request, NO_MINUTES) | taken.forbids(length)
                forbidden[taken.request] = lost
        for duplicate in self._duplicates.get((row.employee, row.type), ()):
            forbidden[duplicate] = WHOLE_DAY
        sorted_out = [(frozenset[int](), places.starts)] if places.starts else []
        for request, lost in forbidden.items():
            sorted_out = [
                (forced, starts)
                for before, all_starts in sorted_out
                for forced, starts in (
                    (before, all_starts & ~lost),
                    (before | {request}, all_starts & lost),
                )
                if starts and len(forced) <= MOST_HOLDERS
            ]
        return sorted_out

    @cached_property
    def _practitioners(self) -> dict[Key, list[_Taken]]:
        """What is planned on each practitioner's days."""
        return self._by_day(
            lambda a, row: self._instance.availabilities[a].practitioner, lambda r: r.occupied
        )

    @cached_property
    def _employees(self) -> dict[Key, list[_Taken]]:
        """What is planned on each employee's days."""
        return self._by_day(lambda a, row: row.employee, lambda r: r.duration)

    @cached_property
    def _rooms(self) -> dict[Key, list[_Taken]]:
        """What is planned in the rooms of each location on each day."""
        return self._by_day(
            lambda a, row: self._instance.availabilities[a].location,
            lambda r: r.occupied if r.takes_room else 0,
        )

    def _by_day(
        self, whose: Callable[[int, Request], int], length: Callable[[Request], int]
    ) -> dict[Key, list[_Taken]]:
        table: dict[Key, list[_Taken]] = {}
        for assignment in self._obstacles.agenda.plan():
            row = self._instance.requests[assignment.request]
            day = self._instance.availabilities[assignment.availability].day
            start, end = assignment.start, assignment.start + length(row)
            if start < end:
                key = whose(assignment.availability, row), day
                table.setdefault(key, []).append(_Taken(assignment.request, start, end))
        return table

    @cached_property
    def _duplicates(self) -> dict[Key, list[int]]:
        """By employee and type, who is planned of the types that refuse duplicates."""
        table: dict[Key, list[int]] = {}
        for request in self._obstacles.agenda.planned:
            row = self._instance.requests[request]
            if row.type in self._instance.duplicates_refused:
                table.setdefault((row.employee, row.type), []).append(request)
        return table


def _covers(minutes: Minutes, taken: Sequence[_Taken], most: int) -> set[frozenset[int]]:
    """Sets of at most so many who together take all these minutes; all the smallest among them."""
    if not minutes:
        return {frozenset()}
    if not most:
        return set()
    earliest = first(minutes)
    return {
        cover | {t.request}
        for t in taken
        if t.start <= earliest < t.end
        for cover in _covers(minutes & ~span(t.start, t.end), taken, most - 1)
    }
