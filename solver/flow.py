"""The min-cost flow: a proven bound for the weight, and a plan that is almost whole.

Flow is minutes. A request sends its occupied minutes to the stretches it may go to, each minute
worth its share of the request; a stretch takes no more than can be filled in it, a location no more
than its rooms, a practitioner no more than one at a time. What is left out (that an appointment is
one piece, and starts on a grid) can only raise the worth: so the flow's worth bounds every plan's.

    request -> stretch -> (location and day, segment of time) -> sink     where rooms may run out
                       -> (practitioner, segment of time)     -> sink     where availabilities overlap
                       -> sink                                            elsewhere
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd, lcm

import numpy as np
from ortools.graph.python import min_cost_flow

from solver.agenda import Agenda
from solver.candidates import Candidates
from solver.compiled.potentials import potentials
from solver.facts import FloatColumn, IntColumn
from solver.minutes import runs, span
from solver.rules.words import grouped
from solver.stretches import Stretch, fullest_sum, stretches_of

FINEST_SHARE = 5040
"""Parts in which a request's worth is split over its minutes where their lcm would be larger."""
LARGEST_COST = 1 << 60
"""What the cost of an arc times the number of nodes must stay under: OR-Tools counts in 64 bits."""


@dataclass(frozen=True)
class Network:
    """The stretches of some requests' options, and how the minutes leave them.

    An arc leads from `arc_request[i]` to `stretches[arc_stretch[i]]`; `arc_pair[i]` is the line of
    the candidates it came from. `capacity`: minutes a stretch takes. `outlets`: for each stretch
    the segments it flows through, as (segment, minutes); none: straight to the sink.
    `segment_capacity`: minutes.
    """

    candidates: Candidates
    stretches: tuple[Stretch, ...]
    arc_request: IntColumn
    arc_stretch: IntColumn
    arc_pair: IntColumn
    capacity: IntColumn
    outlets: tuple[tuple[tuple[int, int], ...], ...]
    segment_capacity: tuple[int, ...]


@dataclass(frozen=True)
class Worth:
    """What each pair is worth to a flow, and what a unit of weight counts in that."""

    of_pair: IntColumn
    of_weight: int


@dataclass(frozen=True)
class Flow:
    """The flow of greatest worth.

    `minutes` on each arc of the network, `worth` in all and `profit`, the worth of the whole request,
    on each arc. `price`: for each stretch what the last of its minutes adds to the worth, and
    `segment_price` for each segment.
    """

    network: Network
    worth_of: Worth
    minutes: IntColumn
    worth: float
    profit: IntColumn
    price: FloatColumn
    segment_price: FloatColumn

    @property
    def bound(self) -> int:
        """The most that any plan can be worth. Worths are whole numbers, so it is rounded down."""
        return int(self.worth + 1e-6)


def network(candidates: Candidates) -> Network:
    """The network of all candidates of an instance."""
    instance = candidates.instance
    stands = Agenda(instance)
    used = sorted(set(candidates.availability.tolist()))
    takes_room = np.fromiter((r.takes_room for r in instance.requests), np.bool_)
    in_room = takes_room[candidates.request]
    mixed = set(candidates.availability[~in_room].tolist())
    stretches: list[Stretch] = []
    of_availability: dict[int, range] = {}
    for a in used:
        found = stretches_of(instance, a, stands, rooms=a not in mixed)
        of_availability[a] = range(len(stretches), len(stretches) + len(found))
        stretches.extend(found)
    arc_pair, arc_stretch = _arcs(candidates, stands, stretches, of_availability)
    arc_request = candidates.request[arc_pair]
    outlets, segment_capacity = _Outlets(candidates, stands, stretches, mixed).all()
    return Network(
        candidates=candidates,
        stretches=tuple(stretches),
        arc_request=arc_request,
        arc_stretch=arc_stretch,
        arc_pair=arc_pair,
        capacity=_capacities(candidates, stretches, arc_request, arc_stretch),
        outlets=outlets,
        segment_capacity=segment_capacity,
    )


def _arcs(
    candidates: Candidates,
    stands: Agenda,
    stretches: Sequence[Stretch],
    of_availability: dict[int, range],
) -> tuple[IntColumn, IntColumn]:
    """For each arc its candidate pair and its stretch; which stretches fit is asked per shape."""
    instance = candidates.instance
    shape = candidates.shape_of[candidates.request]
    width = len(instance.availabilities)
    kinds, example, kind_of_pair = np.unique(
        shape * width + candidates.availability, return_index=True, return_inverse=True
    )
    fitting: list[list[int]] = []
    for kind, pair in zip(kinds.tolist(), example.tolist(), strict=True):
        a = kind % width
        request = instance.requests[int(candidates.request[pair])]
        starts = stands.shape_starts(request, instance.availabilities[a])
        fitting.append(
            [s for s in of_availability[a] if starts & span(stretches[s].start, stretches[s].end)]
        )
    sizes = np.fromiter((len(f) for f in fitting), np.int64, len(fitting))
    flat = np.fromiter((s for f in fitting for s in f), np.int64)
    begin = np.cumsum(sizes) - sizes
    count = sizes[kind_of_pair]
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    arc_pair = np.repeat(np.arange(len(kind_of_pair)), count)
    return arc_pair, flat[np.repeat(begin[kind_of_pair], count) + within]


def _capacities(
    candidates: Candidates,
    stretches: Sequence[Stretch],
    arc_request: IntColumn,
    arc_stretch: IntColumn,
) -> IntColumn:
    """How many minutes of each stretch the requests that fit there can fill."""
    occupied = _occupied(candidates)
    lengths, length_of_arc = np.unique(occupied[arc_request], return_inverse=True)
    counts = np.zeros((len(stretches), max(1, len(lengths))), np.int64)
    np.add.at(counts, (arc_stretch, length_of_arc), 1)
    return np.fromiter(
        (
            fullest_sum(
                {int(n): c for n, c in zip(lengths.tolist(), row, strict=False) if c},
                stretch.minutes,
            )
            for stretch, row in zip(stretches, counts.tolist(), strict=True)
        ),
        np.int64,
        len(stretches),
    )


def _occupied(candidates: Candidates) -> IntColumn:
    return np.fromiter((r.occupied for r in candidates.instance.requests), np.int64)


class _Outlets:
    """Where rooms or a practitioner's overlapping availabilities narrow the way out of stretches."""

    def __init__(
        self,
        candidates: Candidates,
        stands: Agenda,
        stretches: Sequence[Stretch],
        mixed: set[int],
    ) -> None:
        self._instance = candidates.instance
        self._stands = stands
        self._stretches = stretches
        self._mixed = mixed
        self._outlets: list[list[tuple[int, int]]] = [[] for _ in stretches]
        self._capacity: list[int] = []

    def all(self) -> tuple[tuple[tuple[tuple[int, int], ...], ...], tuple[int, ...]]:
        """For each stretch its outlets, and the capacity of each segment."""
        blocks = self._instance.availabilities
        numbers = range(len(self._stretches))

        def place(s: int) -> tuple[int, int]:
            a = blocks[self._stretches[s].availability]
            return a.location, a.day

        def person(s: int) -> tuple[int, int]:
            a = blocks[self._stretches[s].availability]
            return a.practitioner, a.day

        for (location, day), there in grouped(numbers, place).items():
            # appointments without a room may go there too: no bound on the minutes through rooms
            if not any(self._stretches[s].availability in self._mixed for s in there):
                self._rooms(location, day, there)
        # a stretch has one way out: where it leads through rooms, the rooms' bound is kept
        straight = [s for s in numbers if not self._outlets[s]]
        for there in grouped(straight, person).values():
            self._overlaps(there)
        return tuple(tuple(o) for o in self._outlets), tuple(self._capacity)

    def _rooms(self, location: int, day: int, there: Sequence[int]) -> None:
        capacity = self._instance.locations[location].capacity
        taken = self._stands.rooms_taken(location, day)
        segments = list(self._segments(there, (edge for level in taken for edge in _edges(level))))
        blocks = self._instance.availabilities

        def rooms(start: int) -> int:
            return capacity - sum(level >> start & 1 for level in taken)

        def people(inside: Sequence[int]) -> int:
            return len({blocks[self._stretches[s].availability].practitioner for s in inside})

        if all(people(inside) <= rooms(start) for start, _, inside in segments):
            return
        for start, end, inside in segments:
            self._narrow(min(rooms(start), people(inside)) * (end - start), start, end, inside)

    def _overlaps(self, there: Sequence[int]) -> None:
        segments = list(self._segments(there, ()))
        if all(len(inside) <= 1 for _, _, inside in segments):
            return
        for start, end, inside in segments:
            self._narrow(end - start, start, end, inside)

    def _segments(
        self, there: Sequence[int], edges: Iterable[int]
    ) -> Iterable[tuple[int, int, list[int]]]:
        """The times between any change, each with the stretches that cover it."""
        mine = [(self._stretches[s].start, self._stretches[s].end) for s in there]
        cuts = sorted({edge for pair in mine for edge in pair} | set(edges))
        for start, end in pairwise(cuts):
            inside = [
                s for s, (begin, until) in zip(there, mine, strict=True) if begin <= start < until
            ]
            if inside:
                yield start, end, inside

    def _narrow(self, capacity: int, start: int, end: int, inside: Sequence[int]) -> None:
        segment = len(self._capacity)
        self._capacity.append(capacity)
        for s in inside:
            self._outlets[s].append((segment, end - start))


def _edges(minutes: int) -> Iterable[int]:
    for start, end in runs(minutes):
        yield start
        yield end


def largest_flow(net: Network, worth: Worth) -> Flow:
    """The flow of greatest worth.

    Raises:
        RuntimeError: the flow was not solved to the end, which a network of ours cannot cause.
    """
    occupied = _occupied(net.candidates)
    requests = np.unique(net.arc_request)
    if not len(requests):
        nothing = np.empty(0, np.int64)
        return Flow(
            net,
            worth,
            nothing,
            0.0,
            nothing,
            np.zeros(len(net.stretches)),
            np.zeros(len(net.segment_capacity)),
        )
    node_of_request = np.zeros(len(occupied), np.int64)
    node_of_request[requests] = np.arange(len(requests))
    first_stretch = len(requests)
    first_segment = first_stretch + len(net.stretches)
    sink = first_segment + len(net.segment_capacity)
    nodes = sink + 1 + len(net.stretches)
    parts, cost = _shares(worth.of_pair[net.arc_pair], occupied[net.arc_request], nodes)

    outlet_tail: list[int] = []
    outlet_head: list[int] = []
    outlet_capacity: list[int] = []
    for s, outlets in enumerate(net.outlets):
        ways = [(first_segment + segment, n) for segment, n in outlets]
        for head, minutes in ways or [(sink, int(net.capacity[s]))]:
            outlet_tail.append(first_stretch + s)
            outlet_head.append(head)
            outlet_capacity.append(minutes)
    for segment, minutes in enumerate(net.segment_capacity):
        outlet_tail.append(first_segment + segment)
        outlet_head.append(sink)
        outlet_capacity.append(minutes)

    # a stretch with segments is split in two, so that its own capacity binds as well
    solver = min_cost_flow.SimpleMinCostFlow()
    entry = np.arange(len(net.stretches)) + first_stretch
    split = np.fromiter((bool(o) for o in net.outlets), np.bool_, len(net.outlets))
    entry[split] = sink + 1 + np.arange(split.sum())
    tails = np.concatenate(
        [
            node_of_request[net.arc_request],
            entry[split],
            np.asarray(outlet_tail, np.int64),
            np.arange(len(requests)),
        ]
    )
    heads = np.concatenate(
        [
            entry[net.arc_stretch],
            np.flatnonzero(split) + first_stretch,
            np.asarray(outlet_head, np.int64),
            np.full(len(requests), sink),
        ]
    )
    capacities = np.concatenate(
        [
            occupied[net.arc_request],
            net.capacity[split],
            np.asarray(outlet_capacity, np.int64),
            occupied[requests],
        ]
    )
    costs = np.zeros(len(tails), np.int64)
    costs[: len(cost)] = -cost
    # in units of the common divisor, so that equal appointments are never cut in pieces
    unit = gcd(*np.unique(capacities).tolist()) or 1
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tails, heads, capacities // unit, costs)
    supply = occupied[requests] // unit
    solver.set_nodes_supplies(np.arange(len(requests)), supply)
    solver.set_node_supply(sink, -int(supply.sum()))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise RuntimeError(f"the min-cost flow ended with status {status}")
    flows = solver.flows(arcs)
    minutes = flows[: len(cost)] * unit
    # whole numbers far below 2^53 where it is the weight that is bounded: exact
    total = float(np.dot(minutes.astype(np.float64), cost.astype(np.float64)))
    potential = potentials(tails, heads, costs, capacities // unit - flows, flows)
    price = np.maximum(0.0, potential[sink] - potential[entry]) / parts
    segments = np.arange(first_segment, sink)
    segment_price = np.maximum(0.0, potential[sink] - potential[segments]) / parts
    return Flow(
        net, worth, minutes, total / parts, worth.of_pair[net.arc_pair], price, segment_price
    )


def _shares(worth: IntColumn, occupied: IntColumn, nodes: int) -> tuple[int, IntColumn]:
    """The worth of a minute on each arc, in so many parts; rounded up, so that a bound stays one."""
    parts = lcm(*np.unique(occupied).tolist())
    parts = min(parts, FINEST_SHARE, LARGEST_COST // (nodes * max(1, int(worth.max()))))
    parts = max(1, parts)
    return parts, -((-worth * parts) // occupied)


def weight_bound(net: Network) -> int:
    """The most weight that any plan can have."""
    return largest_flow(net, weight(net.candidates)).bound


def weight(candidates: Candidates) -> Worth:
    """The first aim alone."""
    return Worth(candidates.priority[candidates.request], 1)


def weight_then_lower_aims(candidates: Candidates) -> Worth:
    """One number for each pair that orders by weight, then seniority, then preference."""
    unit = int(candidates.lower_aims.max(initial=0)) + 1
    weights = candidates.priority[candidates.request]
    return Worth(weights * unit + candidates.lower_aims, unit)
