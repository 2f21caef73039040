"""Which requests may go into which availabilities, given only what stands.

The ten thousand times hundred thousand pairs are never formed: availabilities are sorted by
location and day, so that a request's locations and window are a few ranges of them; those are
expanded in chunks, and then *every* pair rule is asked again. The ranges are only ever a superset
and decide nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from solver.agenda import Agenda
from solver.aims import seniority, usual_preference
from solver.columns import AvailabilityColumns, RequestColumns
from solver.facts import BoolColumn, Instance, IntColumn, Shape
from solver.points import as_points
from solver.rules import PAIR_RULES, REQUEST_RULES

PAIRS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Candidates:
    """The pairs `(request[i], availability[i])` that every rule allows, sorted by both.

    `columns`: the facts of all requests and availabilities.
    `shapes` are the distinct shapes of requests, `shape_of` the shape's index for each request.
    """

    instance: Instance
    columns: tuple[RequestColumns, AvailabilityColumns]
    request: IntColumn
    availability: IntColumn
    shapes: tuple[Shape, ...]
    shape_of: IntColumn

    def of(self, requests: IntColumn) -> "Candidates":
        """The candidates of some requests only (sorted indices)."""
        mine = np.isin(self.request, requests)
        return replace(self, request=self.request[mine], availability=self.availability[mine])

    def lines(self, some: "Candidates") -> IntColumn:
        """For each pair of some of these candidates, its line here."""
        width = len(self.instance.availabilities)
        return np.searchsorted(
            self.request * width + self.availability, some.request * width + some.availability
        )

    @cached_property
    def requests(self) -> list[int]:
        """The requests that have any candidate, in order."""
        found: list[int] = np.unique(self.request).tolist()
        return found

    @cached_property
    def offsets(self) -> IntColumn:
        """The pairs of request `r` are `offsets[r]:offsets[r + 1]`."""
        requests = np.arange(len(self.instance.requests) + 1)
        return np.searchsorted(self.request, requests).astype(np.int64)

    @cached_property
    def options(self) -> list[list[int]]:
        """The availabilities of each request."""
        offsets = self.offsets.tolist()
        availabilities = self.availability.tolist()
        return [availabilities[start:end] for start, end in pairwise(offsets)]

    @cached_property
    def requests_of(self) -> list[list[int]]:
        """The requests that may go into each availability."""
        order = np.lexsort((self.request, self.availability))
        edges = np.searchsorted(
            self.availability[order], np.arange(len(self.instance.availabilities) + 1)
        )
        requests = self.request[order].tolist()
        return [requests[start:end] for start, end in pairwise(edges.tolist())]

    @cached_property
    def priority(self) -> IntColumn:
        """The weight of each request."""
        return np.fromiter((r.priority for r in self.instance.requests), np.int64)

    @cached_property
    def seniority(self) -> IntColumn:
        """For each pair, what it adds to the second aim."""
        requests, availabilities = self.columns
        day = availabilities.day[self.availability]
        return seniority(requests.take(self.request), day, self.instance.days)

    @cached_property
    def preference(self) -> IntColumn:
        """For each pair, what it adds to the third aim."""
        requests, availabilities = self.columns
        points = np.asarray(
            usual_preference(requests.take(self.request), availabilities.take(self.availability)),
            np.int64,
        )
        for r in self.requests:
            own = self.instance.requests[r].preferences
            if own is not None:
                mine = slice(self.offsets[r], self.offsets[r + 1])
                points[mine] = as_points(own).of(self.availability[mine])
        return points

    @cached_property
    def lower_aims(self) -> IntColumn:
        """For each pair, seniority and preference as one number, seniority first."""
        return self.seniority * (int(self.preference.max(initial=0)) + 1) + self.preference


def columns(instance: Instance) -> tuple[RequestColumns, AvailabilityColumns]:
    """The instance's requests and availabilities as columns."""
    return (
        RequestColumns.of(instance.requests, len(instance.locations), len(instance.practitioners)),
        AvailabilityColumns.of(instance.availabilities, len(instance.types)),
    )


def candidates(instance: Instance) -> Candidates:
    """Every pair that all rules allow while nothing but the standing appointments is there."""
    requests, availabilities = columns(instance)
    shape_numbers: dict[Shape, int] = {}
    shape_of = np.fromiter(
        (shape_numbers.setdefault(r.shape, len(shape_numbers)) for r in instance.requests),
        np.int64,
        len(instance.requests),
    )
    room_left = _RoomLeft(instance, shape_of)
    kept: list[tuple[IntColumn, IntColumn]] = []
    for some_r, some_a in _superset(instance, requests, availabilities):
        allowed = pair_rules_hold(requests.take(some_r), availabilities.take(some_a))
        r, a = some_r[allowed], some_a[allowed]
        fits = room_left.somewhere(shape_of[r], a)
        kept.append((r[fits], a[fits]))
    request = np.concatenate([r for r, _ in kept]) if kept else np.empty(0, np.int64)
    availability = np.concatenate([a for _, a in kept]) if kept else np.empty(0, np.int64)
    special = _needs_a_closer_look(instance)
    if special[request].any():
        agenda = Agenda(instance)
        possible = np.fromiter(
            (
                not special[r]
                or bool(agenda.starts(instance.requests[r], instance.availabilities[a]))
                for r, a in zip(request.tolist(), availability.tolist(), strict=True)
            ),
            np.bool_,
            len(request),
        )
        request, availability = request[possible], availability[possible]
    order = np.lexsort((availability, request))
    return Candidates(
        instance,
        (requests, availabilities),
        request[order],
        availability[order],
        tuple(shape_numbers),
        shape_of,
    )


def pair_rules_hold(requests: RequestColumns, availabilities: AvailabilityColumns) -> BoolColumn:
    """For each line of the two tables, whether every pair rule holds."""
    allowed = np.ones(len(requests.type), np.bool_)
    for rule in PAIR_RULES:
        allowed &= rule.holds(requests, availabilities)
    return allowed


def _superset(
    instance: Instance, requests: RequestColumns, availabilities: AvailabilityColumns
) -> Iterator[tuple[IntColumn, IntColumn]]:
    """Chunks of pairs by location and window, of requests that may be planned at all."""
    plannable = np.fromiter(
        (all(rule.admits(request) for rule in REQUEST_RULES) for request in instance.requests),
        np.bool_,
        len(instance.requests),
    )
    days = instance.days
    order = np.lexsort((availabilities.day, availabilities.location))
    place = (availabilities.location * days + availabilities.day)[order]
    wishes = requests.locations
    rows = np.flatnonzero(plannable)
    # a line for each request and location it may go to
    line, location = np.nonzero(wishes.table[wishes.which[rows]])
    request = rows[line]
    first_day = np.clip(requests.from_day[request], 0, days)
    last_day = np.clip(requests.until_day[request], 0, days)
    begin = np.searchsorted(place, location * days + first_day)
    count = np.searchsorted(place, location * days + last_day) - begin
    count = np.maximum(count, 0)
    chunk = np.cumsum(count) // PAIRS_AT_ONCE
    for edge in np.unique(chunk):
        lines = np.flatnonzero(chunk == edge)
        sizes = count[lines]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        yield np.repeat(request[lines], sizes), order[np.repeat(begin[lines], sizes) + within]


def _needs_a_closer_look(instance: Instance) -> BoolColumn:
    """The requests for which a shape does not tell all: notice, or an employee already occupied."""
    occupied = {a.employee for a in instance.appointments}
    return np.fromiter(
        (r.earliest > 0 or r.employee in occupied for r in instance.requests),
        np.bool_,
        len(instance.requests),
    )


class _RoomLeft:
    """Whether a shape finds any start in an availability; each such question is answered once."""

    def __init__(self, instance: Instance, shape_of: IntColumn) -> None:
        self._instance = instance
        # any request of a shape answers for all of that shape
        self._examples = np.unique(shape_of, return_index=True)[1]
        self._agenda = Agenda(instance)
        # -1: not asked yet
        self._answers = np.full(len(self._examples) * len(instance.availabilities), -1, np.int8)

    def somewhere(self, shape: IntColumn, availability: IntColumn) -> BoolColumn:
        """For each line, whether such an appointment fits into that availability."""
        width = len(self._instance.availabilities)
        line = shape * width + availability
        for open_line in np.unique(line[self._answers[line] < 0]).tolist():
            s, a = divmod(open_line, width)
            example = self._instance.requests[self._examples[s]]
            starts = self._agenda.shape_starts(example, self._instance.availabilities[a])
            self._answers[open_line] = bool(starts)
        answers: BoolColumn = self._answers[line] > 0
        return answers
