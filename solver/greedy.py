"""Plans made by taking requests in one order and moving nothing: baselines, and starts to improve.

`first_come_first_served` is what most booking systems do, and what every report is held against.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from solver.agenda import Agenda
from solver.candidates import Candidates
from solver.facts import Assignment, Plan
from solver.minutes import Minutes, first, span
from solver.score import score


class Choose(Protocol):
    """How a greedy planner picks a place for one request, or None where there is none."""

    def __call__(self, desk: "Desk", request: int) -> Assignment | None: ...


class Desk:
    """An agenda with a memory: where each shape of request may still start."""

    def __init__(self, candidates: Candidates, plan: Plan = ()) -> None:
        self.instance = candidates.instance
        self.candidates = candidates
        self.agenda = Agenda(self.instance, plan)
        self._shape_of = candidates.shape_of.tolist()
        self._known: list[dict[int, Minutes]] = [{} for _ in self.instance.availabilities]
        self._touched = _availabilities_by_place(candidates)

    def starts(self, request: int, availability: int) -> Minutes:
        """Where the request may start in the availability now; it must be one of its options."""
        known = self._known[availability]
        shape = self._shape_of[request]
        row = self.instance.requests[request]
        block = self.instance.availabilities[availability]
        if shape not in known:
            known[shape] = self.agenda.shape_starts(row, block)
        allowed = known[shape]
        return allowed and self.agenda.personal_starts(row, block, allowed)

    def barred(self, request: int) -> bool:
        """Whether what is planned already bars the request wherever it might go."""
        return self.agenda.claimed(self.instance.requests[request])

    def place(self, assignment: Assignment) -> None:
        """Plan the request, and forget what is no longer known."""
        self.agenda.place(assignment)
        block = self.instance.availabilities[assignment.availability]
        for a in self._touched[block.practitioner, block.location, block.day]:
            self._known[a].clear()


def _availabilities_by_place(candidates: Candidates) -> dict[tuple[int, int, int], list[int]]:
    """For each practitioner, location and day: the availabilities that share one of both there."""
    blocks = candidates.instance.availabilities
    practitioners: dict[tuple[int, int], list[int]] = {}
    locations: dict[tuple[int, int], list[int]] = {}
    for i, a in enumerate(blocks):
        practitioners.setdefault((a.practitioner, a.day), []).append(i)
        locations.setdefault((a.location, a.day), []).append(i)
    return {
        (a.practitioner, a.location, a.day): [
            *practitioners[a.practitioner, a.day],
            *locations[a.location, a.day],
        ]
        for a in blocks
    }


def take_in_order(desk: Desk, order: Iterable[int], choose: Choose) -> Plan:
    """Offer each request its place, in this order; what is planned on the desk stays."""
    for request in order:
        if request not in desk.agenda.planned and not desk.barred(request):
            assignment = choose(desk, request)
            if assignment is not None:
                desk.place(assignment)
    return desk.agenda.plan()


class FirstFit:
    """The earliest possible start; where two are equal, the smallest availability id."""

    def __init__(self, candidates: Candidates) -> None:
        blocks = candidates.instance.availabilities
        self._options = [
            sorted(options, key=lambda a: (blocks[a].day, blocks[a].start, blocks[a].id))
            for options in candidates.options
        ]

    def __call__(self, desk: Desk, request: int) -> Assignment | None:
        best: tuple[int, int, str] | None = None
        found: Assignment | None = None
        for a in self._options[request]:
            block = desk.instance.availabilities[a]
            if best is not None and best[:2] < (block.day, block.start):
                break
            starts = desk.starts(request, a)
            if starts:
                offer = (block.day, first(starts), block.id)
                if best is None or offer < best:
                    best, found = offer, Assignment(request, a, offer[1])
        return found


class BestFit:
    """The free stretch that the appointment fills best; where two are equal, the earliest."""

    def __call__(self, desk: Desk, request: int) -> Assignment | None:
        best: tuple[int, int, int] | None = None
        found: Assignment | None = None
        occupied = desk.instance.requests[request].occupied
        for a in desk.candidates.options[request]:
            starts = desk.starts(request, a)
            if not starts:
                continue
            block = desk.instance.availabilities[a]
            free = span(block.start, block.end) & ~desk.agenda.practitioner_busy(
                block.practitioner, block.day
            )
            start, left = tightest(starts, free, occupied)
            offer = (left, block.day, start)
            if best is None or offer < best:
                best, found = offer, Assignment(request, a, start)
        return found


def tightest(starts: Minutes, free: Minutes, occupied: int) -> tuple[int, int]:
    """Of the possible starts the first of the stretch with least left over, and the minutes left.

    `starts` must not be empty and lie in `free`.
    """
    best = (0, 1 << 30)
    while starts:
        start = first(starts)
        before = ~free & (span(0, start))
        begin = before.bit_length()
        after = (free >> start) + 1
        end = start + first(after)
        left = end - begin - occupied
        if left < best[1]:
            best = (start, left)
        starts &= ~span(0, end)
    return best


def first_come_first_served(candidates: Candidates) -> Plan:
    """In order of formal request date and id, each at its earliest start; nothing is moved."""
    requests = candidates.instance.requests
    order = sorted(range(len(requests)), key=lambda r: (requests[r].requested_on, requests[r].id))
    return take_in_order(Desk(candidates), order, FirstFit(candidates))


def fewest_options_first(candidates: Candidates) -> Plan:
    """The requests that have least to choose from first, each where it fills best."""
    requests = candidates.instance.requests
    options = candidates.options
    order = sorted(
        range(len(requests)), key=lambda r: (len(options[r]), -requests[r].priority, requests[r].id)
    )
    return take_in_order(Desk(candidates), order, BestFit())


def worth_per_minute_first(candidates: Candidates) -> Plan:
    """The highest weight per minute first, then the fewest options; each at its earliest start."""
    return take_in_order(Desk(candidates), by_worth(candidates), FirstFit(candidates))


def by_worth(candidates: Candidates) -> list[int]:
    """All requests by weight per occupied minute, then by how little they have to choose from."""
    requests = candidates.instance.requests
    options = candidates.options
    return sorted(
        range(len(requests)),
        key=lambda r: (
            -requests[r].priority / requests[r].occupied,
            len(options[r]),
            requests[r].id,
        ),
    )


OTHER_ORDERS: tuple[Callable[[Candidates], Plan], ...] = (
    fewest_options_first,
    worth_per_minute_first,
)
"""Beside first come, first served: the orders of which the best greedy plan comes."""


def greedy_plans(candidates: Candidates) -> list[Plan]:
    """First come, first served, and then the plan of each other order."""
    return [make(candidates) for make in (first_come_first_served, *OTHER_ORDERS)]


def best_greedy(candidates: Candidates) -> Plan:
    """The best of all greedy plans, by all four aims."""
    return max(greedy_plans(candidates), key=lambda plan: score(candidates.instance, plan))
