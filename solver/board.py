"""The facts and a plan as the arrays of the compiled loops, and back."""

from collections.abc import Iterable, Sequence
from math import gcd

import numpy as np
from numpy.typing import NDArray

from solver.candidates import Candidates
from solver.compiled.state import FREE, NOWHERE, STANDS, Board, Longs
from solver.facts import Assignment, Instance, Plan
from solver.minutes import MINUTES_PER_DAY
from solver.rules.words import grouped


class Boards:
    """Boards for the plans of one instance. What they share is computed once.

    `slot`: minutes of the coarsest slot in which every time of the instance is a whole number.
    """

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates
        self.slot = slot_minutes(candidates.instance)
        self._empty = _empty_board(candidates, self.slot)

    def holding(self, plan: Plan) -> Board:
        """A new board with this plan on it."""
        old = self._empty
        board = old._replace(
            where=old.where.copy(),
            start=old.start.copy(),
            worth=old.worth.copy(),
            holder=old.holder.copy(),
            spare=old.spare.copy(),
            rooms=old.rooms.copy(),
        )
        for p in plan:
            r, a, start = p.request, p.availability, p.start // self.slot
            options = board.option[board.option_at[r] : board.option_at[r + 1]]
            pair = board.option_at[r] + int(np.searchsorted(options, a))
            time = slice(start, start + board.occupied[r])
            board.where[r], board.start[r], board.worth[r] = a, start, board.option_worth[pair]
            board.holder[board.person_day[a], time] = r
            board.spare[board.person_day[a]] -= board.occupied[r]
            if board.in_room[r]:
                board.rooms[board.place_day[a], time] -= 1
        return board

    def plan_on(self, board: Board) -> Plan:
        """The plan that is on a board."""
        planned = np.flatnonzero(board.where != NOWHERE)
        availability = board.where[planned].tolist()
        start = (board.start[planned] * self.slot).tolist()
        lines = zip(planned.tolist(), availability, start, strict=True)
        return tuple(map(Assignment._make, lines))


def slot_minutes(instance: Instance) -> int:
    """Minutes of the coarsest slot in which every time of the instance is a whole number of slots."""
    times = {MINUTES_PER_DAY, instance.grid}
    for a in instance.availabilities:
        times |= {a.start, a.end}
    for s in instance.appointments:
        times |= {s.start, s.end, s.occupied_until}
    for r in instance.requests:
        times |= {r.duration, r.buffer}
    return gcd(*times)


def _empty_board(candidates: Candidates, slot: int) -> Board:
    """The board on which nothing is planned."""
    instance = candidates.instance
    requests, blocks = instance.requests, instance.availabilities
    person_days = _numbered((a.practitioner, a.day) for a in blocks)
    place_days = _numbered((a.location, a.day) for a in blocks)
    person_day = [person_days[a.practitioner, a.day] for a in blocks]
    by_person_day = grouped(range(len(blocks)), lambda a: person_day[a])
    block_at, block = _rows([by_person_day[d] for d in range(len(person_days))])
    asker_order = np.lexsort((candidates.request, candidates.availability))
    siblings = _siblings(instance)
    sibling_at, sibling = _rows(siblings)
    bars = (
        requests[r].type == requests[other].type and requests[r].type in instance.duplicates_refused
        for r, others in enumerate(siblings)
        for other in others
    )
    engaged_at, engaged = _rows(_engaged(instance))
    standing = instance.appointments
    slots = MINUTES_PER_DAY // slot
    board = Board(
        slots=slots,
        step=instance.grid // slot,
        occupied=_ints(r.occupied // slot for r in requests),
        duration=_ints(r.duration // slot for r in requests),
        weight=_longs(r.priority for r in requests),
        in_room=np.fromiter((r.takes_room for r in requests), np.bool_),
        earliest=_longs(-(-r.earliest // slot) for r in requests),
        option_at=candidates.offsets.astype(np.int32),
        option=candidates.availability.astype(np.int32),
        option_worth=candidates.lower_aims,
        asker_at=np.searchsorted(
            candidates.availability[asker_order], np.arange(len(blocks) + 1)
        ).astype(np.int32),
        asker=candidates.request[asker_order].astype(np.int32),
        asker_worth=candidates.lower_aims[asker_order],
        sibling_at=sibling_at,
        sibling=sibling,
        sibling_bars=np.fromiter(bars, np.bool_),
        engaged_at=engaged_at,
        engaged_day=_ints(standing[i].day for i in engaged),
        engaged_from=_ints(standing[i].start // slot for i in engaged),
        engaged_until=_ints(standing[i].end // slot for i in engaged),
        person_day=_ints(person_day),
        place_day=_ints(place_days[a.location, a.day] for a in blocks),
        day=_ints(a.day for a in blocks),
        opens=_ints(a.start // slot for a in blocks),
        closes=_ints(a.end // slot for a in blocks),
        block_at=block_at,
        block=block,
        where=np.full(len(requests), NOWHERE, np.int32),
        start=np.zeros(len(requests), np.int32),
        worth=np.zeros(len(requests), np.int64),
        holder=np.full((max(1, len(person_days)), slots), STANDS, np.int32),
        spare=np.zeros(max(1, len(person_days)), np.int32),
        rooms=np.zeros((max(1, len(place_days)), slots), np.int32),
    )
    for a, person in zip(blocks, person_day, strict=True):
        board.holder[person, a.start // slot : a.end // slot] = FREE
    for (location, _), i in place_days.items():
        board.rooms[i] = instance.locations[location].capacity
    for s in standing:
        time = slice(s.start // slot, s.occupied_until // slot)
        who = person_days.get((s.practitioner, s.day))
        place = place_days.get((s.location, s.day))
        if who is not None:
            board.holder[who, time] = STANDS
        if place is not None and s.takes_room:
            board.rooms[place, time] -= 1
    board.spare[:] = np.count_nonzero(board.holder == FREE, axis=1)
    return board


def _siblings(instance: Instance) -> list[list[int]]:
    """For each request, the other requests of its employee."""
    of_employee = grouped(range(len(instance.requests)), lambda r: instance.requests[r].employee)
    return [
        [other for other in of_employee[request.employee] if other != r]
        for r, request in enumerate(instance.requests)
    ]


def _engaged(instance: Instance) -> list[list[int]]:
    """For each request, the standing appointments of its employee."""
    of_employee = grouped(
        range(len(instance.appointments)), lambda s: instance.appointments[s].employee
    )
    return [of_employee.get(request.employee, []) for request in instance.requests]


def _numbered(keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    numbers: dict[tuple[int, int], int] = {}
    for key in keys:
        numbers.setdefault(key, len(numbers))
    return numbers


def _rows(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Lists of different lengths as one array: row `i` is `flat[at[i]:at[i + 1]]`."""
    at = np.zeros(len(rows) + 1, np.int32)
    np.cumsum([len(row) for row in rows], out=at[1:])
    return at, _ints(x for row in rows for x in row)


def _ints(values: Iterable[int]) -> NDArray[np.int32]:
    return np.fromiter(values, np.int32)


def _longs(values: Iterable[int]) -> Longs:
    return np.fromiter(values, np.int64)
