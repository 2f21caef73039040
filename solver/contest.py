"""Who competes for what: demands against free stretches, as maximum flows of minutes.

The network is that of `flow.py`; what it leaves out can only make more possible. But here all
minutes of a demand are worth the same wherever they go. The minutes that can be served are then a
polymatroid (Edmonds 1970): whoever serves the demands class by class, the most worth per minute
first, and takes no minute back, ends at the best. Each class is one maximum flow in whole minutes
that goes on where the last one ended: exact, and without a second solver to trust.

    source -> demand -> stretch, entered -> stretch, left -> segment -> sink
                                           stretch, left ------------> sink
              demand -> longer -> stretch, entered       these three are closed,
                       longer ------------------------------> sink      but for "what if"
              demand ----------------------------------------> sink
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from solver.compiled.residual import Arcs, leading_on, leading_to, push
from solver.demands import Demands
from solver.facts import NONE, BoolColumn, IntColumn
from solver.flow import Network
from solver.stretches import Stretch

SOURCE = 0
UNBOUNDED = 1 << 40
"""More minutes than there are."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """A component of a contest in which minutes are missing.

    `demands`: numbers of `Demands`. `minutes_there`: what the stretches take that they lead to.
    """

    demands: IntColumn
    minutes_there: int


@dataclass(frozen=True, slots=True)
class Longer:
    """A stretch that would go on for an hour, or until midnight, and who may go there then.

    `stretch`: its number in the contest; None: there was none that the hour goes on from.
    `hour`: the minutes that it goes on for. `minutes`: so many more can be filled. `demands`:
    positions among those who take part.
    """

    stretch: int | None
    hour: int
    minutes: int
    demands: IntColumn


class Contest:
    """Some demands, and all that they may go to in these networks.

    `who`: the demands that take part, sorted. `worth`: what each of them is worth, served whole.
    `served`: the minutes that each has so far.
    """

    def __init__(
        self, demands: Demands, networks: Sequence[Network], who: IntColumn, worth: IntColumn
    ) -> None:
        self.who = who
        self.worth = worth
        self.minutes = demands.minutes[who]
        self.served = np.zeros(len(who), np.int64)
        self.stretches: list[Stretch] = [s for net in networks for s in net.stretches]
        self.capacity = np.concatenate([*(net.capacity for net in networks), np.empty(0, np.int64)])
        self._last = {(s.availability, s.end): i for i, s in enumerate(self.stretches)}
        everyone, stretches = len(who), len(self.stretches)
        segments = sum(len(net.segment_capacity) for net in networks)
        self._demand = 1 + np.arange(everyone)
        self._entered = 1 + everyone + np.arange(stretches)
        self._left = self._entered + stretches
        self._sink = 1 + everyone + 2 * stretches + segments
        self._longer = self._sink + 1
        nodes = self._sink + 2
        self._straight = [not outlets for net in networks for outlets in net.outlets]
        tail, head, capacity = _joined([*self._arcs(demands, networks), *self._closed()])
        # each arc has its way back, which holds what can be taken back
        ends = (np.concatenate([tail, head]), np.concatenate([head, tail]))
        both = np.concatenate([capacity, np.zeros(len(tail), np.int64)])
        graph = csr_array((both, ends), shape=(nodes, nodes))
        graph.sum_duplicates()
        # the pattern is symmetric: turned over, each arc stands where its way back does
        numbers = np.arange(graph.nnz)
        turned = csr_array((numbers, graph.indices, graph.indptr), shape=graph.shape).T.tocsr()
        begin, self._head = graph.indptr.astype(np.int64), graph.indices.astype(np.int64)
        self._ways = Arcs(begin, self._head, turned.data)
        self._tail = np.repeat(np.arange(nodes), np.diff(begin))
        self._key = self._tail * nodes + self._head
        self._capacity: IntColumn = graph.data
        self._left_over = self._capacity.copy()
        self._asking = self._at(SOURCE, self._demand)
        self._left_over[self._asking] = 0

    def _arcs(self, demands: Demands, networks: Sequence[Network]) -> "Iterator[_Arcs]":
        """The networks' own arcs, those of demands that take part only."""
        place = np.full(len(demands.minutes) + 1, NONE, np.int64)
        place[self.who] = np.arange(len(self.who))
        yield SOURCE, self._demand, self.minutes
        stretch, segment = 0, int(self._sink) - sum(len(net.segment_capacity) for net in networks)
        for net in networks:
            inside = slice(stretch, stretch + len(net.stretches))
            entered, left = self._entered[inside], self._left[inside]
            mine = place[demands.of[net.arc_request]]
            here = mine != NONE
            # where several requests of one demand go to a stretch, their arcs become one
            who = mine[here]
            yield self._demand[who], entered[net.arc_stretch[here]], self.minutes[who]
            yield entered, left, net.capacity
            ways_out = [
                (s, segment + to, minutes)
                for s, outlets in enumerate(net.outlets)
                for to, minutes in outlets
            ]
            tail, head, minutes = np.asarray(ways_out, np.int64).reshape(-1, 3).T
            yield left[tail], head, minutes
            straight = np.flatnonzero([not outlets for outlets in net.outlets])
            yield left[straight], self._sink, net.capacity[straight]
            narrow = segment + np.arange(len(net.segment_capacity))
            yield narrow, self._sink, np.asarray(net.segment_capacity, np.int64)
            stretch, segment = stretch + len(net.stretches), segment + len(narrow)

    def _closed(self) -> "Iterator[_Arcs]":
        """The arcs of the hour more."""
        for tail, head in (
            (self._demand, self._longer),
            (self._demand, np.asarray([self._sink])),
            (self._longer, self._entered),
            (self._left, self._sink),
            (self._longer, np.asarray([self._sink])),
        ):
            yield tail, head, np.zeros(np.broadcast(tail, head).size, np.int64)

    def _at(self, tail: IntColumn | int, head: IntColumn | int) -> IntColumn:
        """Where these arcs stand."""
        nodes = len(self._ways.begin) - 1
        return np.searchsorted(self._key, np.asarray(tail) * nodes + head)

    # who is served

    @property
    def short(self) -> BoolColumn:
        """Those who have not all of their minutes."""
        answer: BoolColumn = self.served < self.minutes
        return answer

    def serve(self, some: IntColumn) -> IntColumn:
        """Serve these (positions) as far as it goes beside who is served; the minutes they got."""
        if not len(some):
            return np.empty(0, np.int64)
        demand = self._asking[some]
        missing = (self.minutes - self.served)[some]
        self._left_over[demand] = missing
        push(self._ways, self._left_over, SOURCE, self._sink)
        got = missing - self._left_over[demand]
        self._left_over[demand] = 0
        self.served[some] += got
        return got

    def serve_best(self) -> Fraction:
        """Serve everybody else so that it is worth most; what that is."""
        gained = Fraction()
        for rate, some in self.classes:
            waiting = some[self.short[some]]
            gained += rate * int(self.serve(waiting).sum())
        return gained

    @cached_property
    def classes(self) -> list[tuple[Fraction, IntColumn]]:
        """Who takes part (positions), by worth per minute, the best first."""
        divisor = np.gcd(self.worth, self.minutes)
        pairs = np.stack([self.worth // divisor, self.minutes // divisor])
        kinds, kind = np.unique(pairs, axis=1, return_inverse=True)
        rates = [Fraction(int(p), int(q)) for p, q in kinds.T]
        order = sorted(range(len(rates)), key=rates.__getitem__, reverse=True)
        return [(rates[k], np.flatnonzero(kind == k)) for k in order]

    # who is in whose way

    def rivals(self) -> list[Rivals]:
        """Once all are served as far as it goes: who misses minutes, and who holds those instead.

        Whoever could pass minutes on to somebody short is reached from there, and the stretches
        and segments around the reached are full. That is the smallest set that misses so much
        (the least of the minimum cuts), whichever way the others were served.

        Raises:
            RuntimeError: the capacity around them is not what they were served, which a maximum
                flow cannot cause.
        """
        if not self.short.any():
            return []
        reached = self._reached_from(self.short)
        around = reached[self._tail] & ~reached[self._head]
        reached[SOURCE] = False
        around &= self._tail != SOURCE
        among = reached[self._tail] & reached[self._head]
        ends = (self._tail[among], self._head[among])
        pattern = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(len(reached),) * 2)
        label = connected_components(pattern, directed=False)[1]
        there = np.bincount(
            label[self._tail[around]], self._capacity[around], minlength=label.max() + 1
        )
        found = []
        for number in np.unique(label[self._demand[self.short]]):
            mine = np.flatnonzero(reached[self._demand] & (label[self._demand] == number))
            # the proof does not need the flow: this much leads out of the set, and no more
            if there[number] != self.served[mine].sum():
                raise RuntimeError("the maximum flow is none")
            found.append(Rivals(self.who[mine], int(there[number])))
        return found

    def urgency(self) -> "list[Fraction]":
        """For each of those who take part: what a minute that they did not need would be worth."""
        found = [Fraction()] * len(self.who)
        unknown = np.ones(len(self.who), np.bool_)
        for rate, some in self.classes:
            still = np.zeros(len(self.who), np.bool_)
            still[some] = self.short[some]
            if not (still & unknown).any():
                continue
            reached = self._reached_from(still)[self._demand]
            for demand in np.flatnonzero(reached & unknown).tolist():
                found[demand] = rate
            unknown &= ~reached
        return found

    def _reached_from(self, some: BoolColumn) -> BoolColumn:
        """The nodes to which these demands could send a minute more."""
        self._left_over[self._asking[some]] = 1
        reached = leading_on(self._ways, self._left_over, SOURCE)
        self._left_over[self._asking[some]] = 0
        return reached

    # what if

    def last_stretch(self, availability: int, end: int) -> int | None:
        """The number of the stretch with which this availability ends at that minute."""
        return self._last.get((availability, end))

    def with_hour(self, longer: Longer) -> tuple[Fraction, Fraction]:
        """What it would be worth, and how many demands more would be served, parts counted.

        Everybody must have been served so that it is worth most. The contest stays as it was.
        """
        before = self._left_over.copy(), self.served.copy()
        displacing = self._open(longer)
        # whoever can gain could send minutes to the hour as things stand, or makes way for another
        near = leading_to(self._ways, self._left_over, self._longer)[self._demand]
        may_gain = near & self.short
        later = np.ones(len(self.who), np.bool_)
        for _, some in self.classes:
            later[some] = False
            waiting = some[may_gain[some]]
            self.serve(waiting)
            if displacing:
                may_gain |= self._serve_instead(waiting[self.short[waiting]], later)
            elif self.served.sum() - before[1].sum() == longer.minutes:
                break
        more = [
            (Fraction(minutes, of), worth)
            for minutes, of, worth in zip(
                (self.served - before[1]).tolist(),
                self.minutes.tolist(),
                self.worth.tolist(),
                strict=True,
            )
            if minutes
        ]
        self._left_over, self.served = before
        none = Fraction(0)
        return sum((part * worth for part, worth in more), none), sum(
            (part for part, _ in more), none
        )

    def _open(self, longer: Longer) -> bool:
        """Open the ways to the hour; whether somebody may take minutes there from others.

        The minutes of the hour are new. But where the stretch goes on into it, whoever did not fit
        before may use the stretch too, and more of it may be filled than before.
        """
        left_over = self._left_over
        left_over[self._at(self._demand[longer.demands], self._longer)] = UNBOUNDED
        if longer.stretch is None:
            left_over[self._at(self._longer, self._sink)] = longer.minutes
            return False
        entered, left = self._entered[longer.stretch], self._left[longer.stretch]
        left_over[self._at(self._longer, entered)] = UNBOUNDED
        left_over[self._at(entered, left)] += longer.minutes
        straight = self._straight[longer.stretch]
        # past rooms and overlaps that narrow the stretch there is the hour itself, no more
        left_over[self._at(left, self._sink)] += longer.minutes if straight else longer.hour
        out = slice(self._ways.begin[entered], self._ways.begin[entered + 1])
        fitted = self._head[out][self._capacity[self._ways.back[out]] > 0]
        joining = ~np.isin(self._demand[longer.demands], fitted)
        return not straight or bool(joining.any())

    def _serve_instead(self, waiting: IntColumn, later: BoolColumn) -> BoolColumn:
        """Serve these with minutes of those who come later; who gave any."""
        giving = self._at(self._demand, self._sink)
        self._left_over[giving[later]] = self.served[later]
        self.serve(waiting)
        given = np.where(later, self.served - self._left_over[giving], 0)
        self.served -= given
        self._left_over[giving] = 0
        self._left_over[self._ways.back[giving]] = 0
        return given > 0


_Arcs = tuple[IntColumn | int, IntColumn | int, IntColumn]
"""Tails, heads and capacities; one tail or head may stand for all."""


def _joined(arcs: Sequence[_Arcs]) -> tuple[IntColumn, IntColumn, IntColumn]:
    tails, heads, capacities = zip(*arcs, strict=True)
    sizes = [len(capacity) for capacity in capacities]
    return (
        np.concatenate([np.broadcast_to(t, n) for t, n in zip(tails, sizes, strict=True)]),
        np.concatenate([np.broadcast_to(h, n) for h, n in zip(heads, sizes, strict=True)]),
        np.concatenate(capacities),
    )
