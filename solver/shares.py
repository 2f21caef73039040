"""One problem in several: what workers plan at the same time, and one of them puts together.

A share is a problem of its own, in the numbers of the whole but for its requests. No two of them can get
in each other's way: they meet in no availability, no location's day whose rooms may run out, and no
employee. Where a practitioner has blocks of two shares at the same time, his minutes there go to the
share that is the fuller of the two. That may cost a little, and so the whole is planned once more from
what the shares have found; bound, shortages and certificate are those of the whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.candidates import Candidates, candidates
from solver.components import at_once, districts
from solver.facts import NOBODY, Assignment, Availability, Instance, Plan
from solver.points import as_points

SIZE = 1_000
"""Requests that a share has at least, where there are so many: fewer are planned before they are handed out."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of an instance. `requests`: the number in the whole of each of its requests.

    All else has the numbers of the whole; what is of another share admits nothing.
    """

    requests: tuple[int, ...]
    instance: Instance

    def in_whole(self, plan: Plan) -> Plan:
        """Its plan in the numbers of the whole."""
        return tuple(Assignment(self.requests[r], a, start) for r, a, start in plan)


def shares(instance: Instance, size: int = SIZE) -> list[Share]:
    """The instance in shares, the largest first; the same ones whoever asks.

    A request that may go nowhere is in none of them.
    """
    found = candidates(instance)
    groups = sorted(districts(found, size), key=lambda group: (-len(group), group))
    if not groups:
        return []
    district = np.full(len(instance.availabilities), len(groups))
    of_request = np.full(len(instance.requests), len(groups))
    for number, group in enumerate(groups):
        of_request[group] = number
    district[found.availability] = of_request[found.request]
    blocks = _divided(instance, district.tolist(), _fullness(instance, groups, district.tolist()))
    return [
        _share(found, sorted(group), number, district.tolist(), blocks)
        for number, group in enumerate(groups)
    ]


def together(found: Iterable[tuple[Share, Plan]]) -> Plan:
    """The plans of the shares as one, in the numbers of the whole."""
    return tuple(sorted(one for share, plan in found for one in share.in_whole(plan)))


def _share(
    found: Candidates,
    group: Sequence[int],
    number: int,
    district: Sequence[int],
    blocks: Sequence[Availability],
) -> Share:
    instance = found.instance
    mine = tuple(
        block if district[a] == number else replace(block, types=NOBODY)
        for a, block in enumerate(blocks)
    )
    asked = tuple(
        replace(instance.requests[r], preferences=_points(found, r))
        if instance.requests[r].preferences is not None
        else instance.requests[r]
        for r in group
    )
    return Share(tuple(group), replace(instance, availabilities=mine, requests=asked))


def _points(found: Candidates, request: int) -> Mapping[int, int]:
    """Its points where it may go: the others are nobody's business here."""
    own = found.instance.requests[request].preferences or {}
    there = found.availability[found.offsets[request] : found.offsets[request + 1]]
    points = as_points(own).of(there)
    return dict(zip(there[points != 0].tolist(), points[points != 0].tolist(), strict=True))


def _fullness(
    instance: Instance, groups: Sequence[Sequence[int]], district: Sequence[int]
) -> list[float]:
    """Of each district: the minutes that are wanted, for each that is there."""
    there = [1] * (len(groups) + 1)
    for a, block in enumerate(instance.availabilities):
        there[district[a]] += block.end - block.start
    wanted = [sum(instance.requests[r].occupied for r in group) for group in groups]
    return [minutes / room for minutes, room in zip(wanted, there, strict=False)] + [0.0]


def _divided(
    instance: Instance, district: Sequence[int], fullness: Sequence[float]
) -> list[Availability]:
    """The availabilities, no two of a practitioner at once in different districts."""
    blocks = list(instance.availabilities)
    for together_ in at_once(instance):
        if len({district[a] for a in together_}) == 1:
            continue
        first = sorted(together_, key=lambda a: (-fullness[district[a]], district[a], a))
        taken: list[tuple[int, int, int]] = []
        for a in first:
            others = [(start, end) for start, end, whose in taken if whose != district[a]]
            blocks[a] = _outside(blocks[a], others)
            taken.append((blocks[a].start, blocks[a].end, district[a]))
    return blocks


def _outside(block: Availability, others: Sequence[tuple[int, int]]) -> Availability:
    """The longest piece of the block that is outside the others; where there is none, it admits nothing."""
    pieces = [(block.start, block.end)]
    for start, end in others:
        pieces = [
            piece
            for low, high in pieces
            for piece in ((low, min(high, start)), (max(low, end), high))
            if piece[0] < piece[1]
        ]
    if not pieces:
        return replace(block, types=NOBODY)
    low, high = max(pieces, key=lambda piece: (piece[1] - piece[0], -piece[0]))
    return replace(block, start=low, end=high)
