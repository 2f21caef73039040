"""Bottlenecks: where capacity binds, and what an hour more would be worth there.

The worth is that of the bound: whoever is served is served so that the weight is greatest, and is
then served on with an availability an hour longer. Where that adds nothing, there is no shortage
that an hour there would ease, however full the day is. Many places are worth something; those that
promise most are tried. An hour ends at midnight at the latest, as every availability does.

A practitioner's function is no fact of its own here: what it allows is in the types that an
availability admits (`facts.Availability`), so these stand for it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solver.agenda import Agenda
from solver.candidates import Candidates, candidates, pair_rules_hold
from solver.contest import Contest, Longer
from solver.demands import Demands
from solver.facts import NONE, Availability, FloatColumn, IntColumn
from solver.flow import Network
from solver.minutes import MINUTES_PER_DAY, Minutes, on_grid, span
from solver.scarcity import Bottleneck, Shortage
from solver.stretches import fullest_sum, stretches_of

HOUR = 60
"""Minutes."""
TRIED = 30
"""Places for which the bound is solved again: so many are nearly always enough to find the best."""
TOLD = 20

Place = tuple[int, int, frozenset[int]]
"""Location, day and admitted types."""


def bottlenecks(
    all_candidates: Candidates,
    demands: Demands,
    networks: Sequence[Network],
    shortages: Iterable[Shortage],
) -> list[Bottleneck]:
    """The places where an hour more is worth most, the best first."""
    short = [np.asarray(s.requests, np.int64) for s in shortages]
    in_shortages = demands.taking_part(np.concatenate([*short, np.empty(0, np.int64)]))
    everyone = np.arange(len(demands.minutes))
    if not len(everyone):
        return []
    # who has no option at all competes with nobody, and yet an hour may be his first
    optionless = np.setdiff1d(everyone, demands.taking_part(all_candidates.request))
    missing = np.union1d(in_shortages, optionless)
    contests = []
    for some in _groups(all_candidates, demands, networks):
        if np.isin(some, missing).any():
            nearby = _networks_of(demands, networks, some)
            contest = Contest(demands, nearby, some, demands.priority[some])
            # who is in no shortage gets all he needs, whoever comes first
            contest.serve(np.flatnonzero(~np.isin(some, missing)))
            contest.serve_best()
            contests.append(contest)
    hours = _Hours(all_candidates, demands, contests)
    found = [hours.worth(a) for a in hours.promising()[:TRIED]]
    found = [b for b in found if b.worth]
    return sorted(found, key=lambda b: (-b.worth, b.day, b.location, b.availability))[:TOLD]


def _networks_of(demands: Demands, networks: Sequence[Network], some: IntColumn) -> list[Network]:
    return [net for net in networks if np.isin(demands.of[net.arc_request], some).any()]


def _groups(
    all_candidates: Candidates, demands: Demands, networks: Sequence[Network]
) -> list[IntColumn]:
    """The demands in groups that share no network, nor a location to which two of them might go."""
    wishes = all_candidates.columns[0].locations
    wishing = np.flatnonzero(demands.of != NONE)
    line, location = np.nonzero(wishes.table[wishes.which[wishing]])
    everyone, locations = len(demands.minutes), wishes.table.shape[1]
    demand, place = [demands.of[wishing[line]]], [everyone + location]
    for number, net in enumerate(networks):
        demand.append(demands.taking_part(net.arc_request))
        place.append(np.full(len(demand[-1]), everyone + locations + number))
    ends = (np.concatenate(demand), np.concatenate(place))
    nodes = everyone + locations + len(networks)
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(nodes, nodes))
    label = connected_components(graph, directed=False)[1][:everyone]
    return [np.flatnonzero(label == number) for number in np.unique(label)]


class _Hours:
    """Availabilities an hour longer."""

    def __init__(
        self, all_candidates: Candidates, demands: Demands, contests: Sequence[Contest]
    ) -> None:
        self._candidates = all_candidates
        self._instance = all_candidates.instance
        self._demands = demands
        self._contests = contests
        self._stands = Agenda(self._instance)
        self._hour = np.fromiter(map(_hour, self._instance.availabilities), np.int64)
        everyone = len(demands.minutes)
        self._contest_of = np.full(everyone, NONE, np.int64)
        self._urgency = np.zeros(everyone)
        self._missing = np.zeros(everyone, np.int64)
        for number, contest in enumerate(contests):
            self._contest_of[contest.who] = number
            self._urgency[contest.who] = contest.urgency()
            self._missing[contest.who] = contest.minutes - contest.served

    # which are worth trying

    def promising(self) -> list[int]:
        """Of each place the availability that promises most, the most promising first."""
        found, demands = self._candidates, self._demands
        waiting = np.flatnonzero((demands.of != NONE) & (self._missing[demands.of] > 0))
        # a day on which everybody is occupied has no candidates: an hour more begins with none
        longer = replace(
            self._instance,
            requests=tuple(self._instance.requests[r] for r in waiting),
            availabilities=tuple(map(_an_hour_longer, self._instance.availabilities)),
            appointments=(),
        )
        directly = candidates(longer)
        request, availability = waiting[directly.request], directly.availability
        first = np.zeros(len(self._instance.availabilities))
        np.maximum.at(first, found.availability, self._urgency[demands.of[found.request]])
        np.maximum.at(first, availability, self._urgency[demands.of[request]])
        filled = self._filled(demands.of[request], availability)
        places: dict[Place, int] = {}
        order = np.lexsort((-filled, -first))
        for a in order[(first[order] > 0) & (self._hour[order] > 0)].tolist():
            block = self._instance.availabilities[a]
            places.setdefault((block.location, block.day, block.types), a)
        return list(places.values())

    def _filled(self, demand: IntColumn, availability: IntColumn) -> FloatColumn:
        """What an hour of each availability is worth to those who may use it themselves."""
        rate = self._demands.priority[demand] / self._demands.minutes[demand]
        order = np.lexsort((demand, -rate, availability))
        demand, availability, rate = demand[order], availability[order], rate[order]
        until = np.cumsum(self._missing[demand])
        before = until - self._missing[demand]
        first = np.searchsorted(availability, availability)
        hour, start = self._hour[availability], before[first]
        minutes = np.clip(until - start, 0, hour) - np.clip(before - start, 0, hour)
        worth = np.zeros(len(self._instance.availabilities))
        np.add.at(worth, availability, minutes * rate)
        return worth

    # what it is worth

    def worth(self, a: int) -> Bottleneck:
        """What an hour more of this availability is worth, by the bound solved again."""
        block = self._instance.availabilities[a]
        who = self._may_go(a)
        # whoever may go to one location is in one group, and so in one contest
        contest = self._contests[self._contest_of[self._demands.of[who[0]]]]
        worth, more = contest.with_hour(self._longer(a, who, contest))
        return Bottleneck(
            location=block.location,
            day=block.day,
            types=block.types,
            availability=a,
            worth=float(worth),
            requests=float(more),
        )

    def _may_go(self, a: int) -> IntColumn:
        """The requests that pair and request rules allow there, if they are in any contest."""
        requests, availabilities = self._candidates.columns
        everyone = np.flatnonzero(
            (self._demands.of != NONE) & (self._contest_of[self._demands.of] != NONE)
        )
        here = availabilities.take(np.full(len(everyone), a))
        return everyone[pair_rules_hold(requests.take(everyone), here)]

    def _longer(self, a: int, who: IntColumn, contest: Contest) -> Longer:
        """The last stretch of the availability, or none, an hour longer."""
        block = self._instance.availabilities[a]
        stretch = contest.last_stretch(a, block.end)
        begin = self._free_from(a, who) if stretch is None else contest.stretches[stretch].start
        longer = _an_hour_longer(block)
        grid = self._instance.grid
        first = -(-begin // grid) * grid
        lengths: Counter[int] = Counter()
        fitting: list[int] = []
        for r in who.tolist():
            request = self._instance.requests[r]
            starts = span(first, longer.end - request.occupied + 1) & on_grid(grid)
            if starts and self._admits(r, longer, starts):
                lengths[request.occupied] += 1
                fitting.append(r)
        before = 0 if stretch is None else int(contest.capacity[stretch])
        demands = np.searchsorted(
            contest.who, self._demands.taking_part(np.asarray(fitting, np.int64))
        )
        more = fullest_sum(lengths, longer.end - begin) - before
        return Longer(stretch, longer.end - block.end, more, demands)

    def _free_from(self, a: int, who: IntColumn) -> int:
        """Since when nothing stands at the end of an availability to which nobody could go yet.

        What of that overlaps with others is counted in full: rather too much than too little.
        """
        rooms = all(self._instance.requests[r].takes_room for r in who.tolist())
        block = self._instance.availabilities[a]
        free = stretches_of(self._instance, a, self._stands, rooms=rooms)
        return free[-1].start if free and free[-1].end == block.end else block.end

    def _admits(self, r: int, longer: Availability, starts: Minutes) -> bool:
        """Whether notice and the employee's own appointments leave one of these starts, or another."""
        request = self._instance.requests[r]

        def left(of: Minutes) -> bool:
            return bool(self._stands.personal_starts(request, longer, of))

        return left(starts) or left(self._stands.shape_starts(request, longer))


def _hour(block: Availability) -> int:
    """The minutes of an hour more that are left of the day."""
    return min(HOUR, MINUTES_PER_DAY - block.end)


def _an_hour_longer(block: Availability) -> Availability:
    """The availability up to an hour longer: until midnight at the latest."""
    return replace(block, end=block.end + _hour(block))
