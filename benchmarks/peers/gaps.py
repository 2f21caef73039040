"""The model by free gaps: a yes-or-no for each request in each free stretch of its availabilities.

Exact starts are left out: a stretch takes no more minutes than it has, a practitioner's overlapping
availabilities no more than the day has, a location no more than its rooms have on that day. So it
is a relaxation: its bound holds for every plan, its choices need placing.
"""

from itertools import pairwise

import numpy as np

from benchmarks.peers.program import NO_ROW, Program, Rows, at_most_once, family, stacked
from solver.agenda import Agenda
from solver.candidates import Candidates
from solver.facts import IntColumn
from solver.minutes import first, on_grid, runs, span
from solver.rules.words import grouped
from solver.stretches import Stretch, stretches_of

NOTE = "rooms and overlaps by minutes a day; what could not be placed was dropped"


def program(candidates: Candidates) -> Program:
    """The whole instance as an integer program."""
    instance = candidates.instance
    stands = Agenda(instance)
    takes_room = np.fromiter((r.takes_room for r in instance.requests), np.bool_)
    mixed = set(candidates.availability[~takes_room[candidates.request]].tolist())
    stretches: list[Stretch] = []
    fitting: dict[tuple[int, int], list[int]] = {}
    of_availability: dict[int, range] = {}
    request: list[int] = []
    stretch: list[int] = []
    shape_of = candidates.shape_of.tolist()
    for r, options in enumerate(candidates.options):
        for a in options:
            if a not in of_availability:
                there = stretches_of(instance, a, stands, rooms=a not in mixed)
                of_availability[a] = range(len(stretches), len(stretches) + len(there))
                stretches.extend(there)
            key = (shape_of[r], a)
            if key not in fitting:
                starts = stands.shape_starts(instance.requests[r], instance.availabilities[a])
                fitting[key] = [
                    s
                    for s in of_availability[a]
                    if starts & span(stretches[s].start, stretches[s].end)
                ]
            request.extend([r] * len(fitting[key]))
            stretch.extend(fitting[key])
    of_request = np.asarray(request, np.int64)
    of_stretch = np.asarray(stretch, np.int64)
    occupied = np.fromiter((r.occupied for r in instance.requests), np.int64)[of_request]
    in_room = takes_room[of_request]
    people = _people(candidates, stretches)
    rooms = _rooms(candidates, stands, stretches)
    rows, limits = stacked(
        [
            *at_most_once(candidates, of_request),
            family(of_stretch, occupied, [_room_for(s, instance.grid) for s in stretches]),
            _through(people, len(stretches), of_stretch, occupied),
            _through(rooms, len(stretches), np.where(in_room, of_stretch, NO_ROW), occupied),
        ]
    )
    place = np.asarray([(s.availability, s.start, s.end) for s in stretches], np.int64)
    place = place.reshape(-1, 3)[of_stretch]
    return Program(
        candidates, of_request, place[:, 0], place[:, 1], place[:, 2], rows, limits, NOTE
    )


def _room_for(stretch: Stretch, grid: int) -> int:
    """The minutes of a stretch from the first start on the grid."""
    return stretch.end - first(on_grid(grid) >> stretch.start << stretch.start)


Crowds = list[tuple[list[int], int]]
"""Stretches, and the minutes that they may take together."""


def _through(crowds: Crowds, stretches: int, of_stretch: IntColumn, size: IntColumn) -> Rows:
    """A row for each crowd; none of the `stretches` is in two."""
    # one place more, for the columns that are of no stretch here: NO_ROW is the last
    crowd_of = np.full(stretches + 1, NO_ROW, np.int64)
    for number, (members, _) in enumerate(crowds):
        crowd_of[members] = number
    row = crowd_of[of_stretch]
    return family(row, size, [float(minutes) for _, minutes in crowds])


def _people(candidates: Candidates, stretches: list[Stretch]) -> Crowds:
    """The stretches of each practitioner's day, where some of them overlap."""
    blocks = candidates.instance.availabilities

    def person(s: int) -> tuple[int, int]:
        block = blocks[stretches[s].availability]
        return block.practitioner, block.day

    found: Crowds = []
    for members in grouped(range(len(stretches)), person).values():
        free = 0
        for s in members:
            free |= span(stretches[s].start, stretches[s].end)
        if free.bit_count() < sum(stretches[s].minutes for s in members):
            found.append((members, free.bit_count()))
    return found


def _rooms(candidates: Candidates, stands: Agenda, stretches: list[Stretch]) -> Crowds:
    """The stretches of each location's day with more people at some time than rooms are left."""
    instance = candidates.instance
    blocks = instance.availabilities

    def place(s: int) -> tuple[int, int]:
        block = blocks[stretches[s].availability]
        return block.location, block.day

    found: Crowds = []
    for (location, day), members in grouped(range(len(stretches)), place).items():
        capacity = instance.locations[location].capacity
        taken = stands.rooms_taken(location, day)
        free: dict[int, int] = {}
        for s in members:
            person = blocks[stretches[s].availability].practitioner
            free[person] = free.get(person, 0) | span(stretches[s].start, stretches[s].end)
        minutes = _minutes_left(list(free.values()), taken, capacity)
        if minutes < sum(each.bit_count() for each in free.values()):
            found.append((members, minutes))
    return found


def _minutes_left(people: list[int], taken: list[int], capacity: int) -> int:
    """Minutes of rooms that so many people (each a set of free minutes) can use at most."""
    changes = {0}
    for minutes in (*people, *taken):
        changes.update(edge for run in runs(minutes) for edge in run)
    cuts = sorted(changes)
    total = 0
    for start, end in pairwise(cuts):
        there = sum(each >> start & 1 for each in people)
        left = capacity - sum(level >> start & 1 for level in taken)
        total += max(0, min(there, left)) * (end - start)
    return total
