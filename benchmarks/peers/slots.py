"""The time-indexed model: a yes-or-no for each request at each start in each of its availabilities.

All rules are in it, minute by minute where anything begins, so its choices are a plan. It is the
tightest model and by far the largest: beyond a few hundred requests only starts on a coarser grid
are in it, and then its bound is one for such plans only.
"""

import numpy as np

from benchmarks.peers.desk import Desk
from benchmarks.peers.program import NO_ROW, Numbers, Program, Rows, at_most_once, entries, stacked
from solver.agenda import Agenda
from solver.candidates import Candidates
from solver.facts import IntColumn
from solver.minutes import MINUTES_PER_DAY, Minutes, members, on_grid, runs

FINE_UP_TO = 500
"""Requests up to which every start of the instance is in the model."""
COARSE_GRID = 15
"""Minutes between starts beyond, where the instance's own grid divides it."""


def program(candidates: Candidates) -> Program:
    """The whole instance as an integer program."""
    instance = candidates.instance
    large = len(instance.requests) > FINE_UP_TO
    grid = COARSE_GRID if large and COARSE_GRID % instance.grid == 0 else instance.grid
    request, availability, start = _columns(candidates, grid)
    rows, limits = stacked(
        [
            *at_most_once(candidates, request),
            *_Times(candidates, request, availability, start).rows(),
        ]
    )
    exact = grid == instance.grid
    note = "" if exact else f"starts every {grid} minutes only, and its bound for such plans only"
    return Program(
        candidates, request, availability, start, start + 1, rows, limits, note, exact=exact
    )


def _columns(candidates: Candidates, grid: int) -> tuple[IntColumn, IntColumn, IntColumn]:
    """Request, availability and start (minute of the day) of each column."""
    desk = Desk(candidates)
    listed: dict[Minutes, IntColumn] = {}
    starts: list[IntColumn] = []
    for r, options in enumerate(candidates.options):
        for a in options:
            possible = desk.starts(r, a) & on_grid(grid)
            if possible not in listed:
                listed[possible] = np.fromiter(members(possible), np.int64)
            starts.append(listed[possible])
    sizes = np.fromiter((len(each) for each in starts), np.int64, len(starts))
    return (
        np.repeat(candidates.request, sizes),
        np.repeat(candidates.availability, sizes),
        np.concatenate(starts) if starts else np.empty(0, np.int64),
    )


class _Times:
    """Who and what is occupied when: a row for each time at which anything may begin."""

    def __init__(
        self,
        candidates: Candidates,
        request: IntColumn,
        availability: IntColumn,
        start: IntColumn,
    ) -> None:
        self._candidates = candidates
        self._start = start
        self._stands = Agenda(candidates.instance)
        asked = candidates.instance.requests
        self._occupied = np.fromiter((r.occupied for r in asked), np.int64)[request]
        self._duration = np.fromiter((r.duration for r in asked), np.int64)[request]
        self._in_room = np.fromiter((r.takes_room for r in asked), np.bool_)[request]
        employee = np.fromiter((r.employee for r in asked), np.int64)
        self._employee = employee[request]
        # an employee with one request is seen at most once
        self._asks_again = np.bincount(employee)[self._employee] > 1
        block = candidates.columns[1].take(availability)
        self._day = block.day
        self._practitioner = block.practitioner
        self._location = block.location

    def rows(self) -> list[Rows]:
        """Those of the practitioners, the employees and the rooms."""
        days = self._candidates.instance.days
        person = self._practitioner * days + self._day
        employee = np.where(self._asks_again, self._employee * days + self._day, NO_ROW)
        return [
            self._one_at_a_time(person, self._occupied),
            self._one_at_a_time(employee, self._duration),
            self._rooms(np.where(self._in_room, self._location * days + self._day, NO_ROW), person),
        ]

    def _one_at_a_time(self, of: IntColumn, length: IntColumn) -> Rows:
        """No two columns of the same number at once: it is enough to ask when any begins."""
        some = np.flatnonzero(of != NO_ROW)
        times = np.unique(of[some] * MINUTES_PER_DAY + self._start[some])
        return self._at(times, np.ones(len(times)), some, of, length)

    def _rooms(self, place: IntColumn, person: IntColumn) -> Rows:
        """As many as rooms are left, whenever one begins, there or in what stands."""
        days = self._candidates.instance.days
        times: list[int] = []
        left: list[int] = []
        tight: list[int] = []
        for number, people in self._people(place, person).items():
            location, day = divmod(number, days)
            capacity = self._candidates.instance.locations[location].capacity
            taken = self._stands.rooms_taken(location, day)
            there = set(self._start[place == number].tolist())
            there.update(edge for level in taken for run in runs(level) for edge in run)
            free = {t: capacity - sum(level >> t & 1 for level in taken) for t in there}
            if people > min(free.values()):
                tight.append(number)
                times.extend(number * MINUTES_PER_DAY + t for t in sorted(free))
                left.extend(free[t] for t in sorted(free))
        some = np.flatnonzero(np.isin(place, tight))
        return self._at(
            np.asarray(times, np.int64), np.asarray(left, float), some, place, self._occupied
        )

    def _people(self, place: IntColumn, person: IntColumn) -> dict[int, int]:
        """How many practitioners may be at each place (and day), in order."""
        pairs = np.unique(np.stack([place, person])[:, place != NO_ROW], axis=1)
        places, count = np.unique(pairs[0], return_counts=True)
        return dict(zip(places.tolist(), count.tolist(), strict=True))

    def _at(
        self, times: IntColumn, limits: Numbers, some: IntColumn, of: IntColumn, length: IntColumn
    ) -> Rows:
        """A row for each time (of a number and a minute), with the columns that cover it."""
        begin = of[some] * MINUTES_PER_DAY + self._start[some]
        first = np.searchsorted(times, begin)
        count = np.searchsorted(times, begin + length[some]) - first
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        row = np.repeat(first, count) + within
        return entries(row, np.repeat(some, count), 1, limits, len(self._start))
