"""Shortages: the smallest sets of requests that compete for fewer places than they are.

Hall's theorem, in minutes: not all of a set can be planned if together they need more than all that
they may go to can take. What misses the most minutes is a minimum cut of the flow, and there is one
such set inside all others: those whom somebody left short could ask for minutes, and so on. It falls
apart into components, each a shortage by itself. Neither the plan nor who weighs more decides what
is one; every request that some fullest use of the minutes leaves short is in exactly one.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solver.bottleneck import bottlenecks
from solver.candidates import Candidates
from solver.contest import Contest, Rivals
from solver.demands import Demands
from solver.facts import IntColumn
from solver.flow import Network
from solver.rules.words import grouped
from solver.scarcity import Scarcity, Shortage


def scarcity(all_candidates: Candidates, networks: Sequence[Network]) -> Scarcity:
    """What is scarce, whatever is planned; `networks`: those of all parts, or of their regions."""
    demands = Demands.in_instance(all_candidates.instance)
    found = shortages(demands, networks)
    return Scarcity(tuple(found), tuple(bottlenecks(all_candidates, demands, networks, found)))


def shortages(demands: Demands, networks: Sequence[Network]) -> list[Shortage]:
    """All shortages of these networks, the largest deficit first."""
    found = [s for group in _groups(demands, networks) for s in _of_group(demands, group)]
    return sorted(found, key=lambda s: (-s.deficit, -s.minutes_wanted, s.requests))


def _groups(demands: Demands, networks: Sequence[Network]) -> list[list[Network]]:
    """The networks in groups that share no demand: duplicates may be asked for in two regions."""
    if not networks:
        return []
    taking = [demands.taking_part(net.arc_request) for net in networks]
    demand, number = np.concatenate(taking), np.repeat(range(len(taking)), list(map(len, taking)))
    nodes = len(networks) + len(demands.minutes)
    ends = (number, len(networks) + demand)
    graph = coo_array((np.ones(len(demand), np.int8), ends), shape=(nodes, nodes))
    label = connected_components(graph, directed=False)[1].tolist()
    groups = grouped(range(len(networks)), label.__getitem__).values()
    return [[networks[n] for n in group] for group in groups]


def _of_group(demands: Demands, networks: Sequence[Network]) -> list[Shortage]:
    """The shortages of networks that share demands, served for the number of demands alone.

    Those who are in no shortage have all their minutes and take none from those who are: so these
    are served as well as if they were alone.
    """
    who = demands.taking_part(np.concatenate([net.arc_request for net in networks]))
    contest = Contest(demands, networks, who, np.ones_like(who))
    contest.serve_best()
    return [_told(demands, networks, contest, rivals) for rivals in contest.rivals()]


def _told(
    demands: Demands, networks: Sequence[Network], contest: Contest, rivals: Rivals
) -> Shortage:
    requests = np.flatnonzero(np.isin(demands.of, rivals.demands))
    options = [
        net.candidates.availability[np.isin(net.candidates.request, requests)] for net in networks
    ]
    minutes = demands.minutes[rivals.demands]
    served = contest.served[np.searchsorted(contest.who, rivals.demands)]
    places = _whole(served, minutes)
    return Shortage(
        requests=tuple(requests.tolist()),
        wanted=len(rivals.demands),
        places=places,
        availabilities=tuple(np.unique(np.concatenate(options)).tolist()),
        minutes_wanted=int(minutes.sum()),
        minutes_there=rivals.minutes_there,
        by_counting=places == counted_places(minutes, rivals.minutes_there),
    )


def counted_places(minutes: IntColumn, there: int) -> int:
    """How many appointments of these lengths go into so many minutes, the shortest first."""
    return int(np.count_nonzero(np.cumsum(np.sort(minutes)) <= there))


def _whole(served: IntColumn, minutes: IntColumn) -> int:
    """How many demands that is, parts of them added up and the rest cut off."""
    lengths = np.unique(minutes)
    return sum(Fraction(int(served[minutes == n].sum()), int(n)) for n in lengths) // 1
