"""The planning run, from top to bottom: which stages there are, and in which order.

Runs in a child process (`solver.child`); everything that loads OR-Tools is behind this module. A
stage is a class with a name and `run(search)`: add one by adding a line to `STAGES`.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from solver.aims import BEST_GREEDY, FIRST_COME, Baseline
from solver.candidates import candidates
from solver.components import SMALL, parts, regions
from solver.exact import SmallParts
from solver.facts import Instance
from solver.flow import largest_flow, lexicographic_worth, network, weight_bound
from solver.greedy import BestFit, Desk, by_worth, greedy_plans, take_in_order
from solver.neighbourhoods import Neighbourhoods
from solver.options import Options
from solver.packing import Packing
from solver.rounding import rounded
from solver.score import score
from solver.search import Part, Search, Stage

FLOWS_AS_ONE = 15_000
"""Requests of a part up to which its flow is one."""


class Greedy:
    """Plans that move nothing: the baselines of every report, and a first plan."""

    name = "greedy plans"

    def run(self, search: Search) -> None:
        """Offer them, and keep their scores to compare with."""
        scored = [(score(search.instance, plan), plan) for plan in greedy_plans(search.candidates)]
        first_score, first = scored[0]
        best_score, best = max(scored, key=lambda entry: entry[0])
        search.compared[FIRST_COME] = Baseline(len(first), first_score)
        search.compared[BEST_GREEDY] = Baseline(len(best), best_score)
        search.offer(best)


class Bound:
    """The min-cost flow of each part: a proven upper bound of the weight.

    The flow of a very large part takes too long: it is split by regions then, and the bound a little
    looser, since a practitioner or an employee of two regions is counted in both.
    """

    name = "bound"

    def run(self, search: Search) -> None:
        """Give every part its networks and its bound."""
        for part in search.parts:
            found = part.candidates
            if len(found.requests) > FLOWS_AS_ONE:
                groups = [np.asarray(sorted(g), np.int64) for g in regions(found, SMALL)]
            else:
                groups = [np.asarray(found.requests, np.int64)]
            part.networks = [network(found.of(group)) for group in groups]
            part.bound = sum(weight_bound(net) for net in part.networks)
        search.report(search)


class Rounding:
    """The flow that is best by all of the first three aims, rounded to a plan."""

    name = "flow, rounded"

    def run(self, search: Search) -> None:
        """Offer the rounded flow."""
        flows = [
            largest_flow(net, lexicographic_worth(net.candidates))
            for part in search.parts
            for net in part.networks
        ]
        search.offer(rounded(search.candidates, flows))


class Filling:
    """Whoever still fits as things stand: no request is left out that could go in as it is."""

    name = "filling"

    def run(self, search: Search) -> None:
        """Offer the plan with all who fit, where there are any."""
        desk = Desk(search.candidates, search.plan)
        search.offer(take_in_order(desk, by_worth(search.candidates), BestFit()))


STAGES: tuple[Stage, ...] = (
    Greedy(),
    Bound(),
    Rounding(),
    Packing(),
    SmallParts(),
    Neighbourhoods(),
    Filling(),
)


def run(
    instance: Instance,
    options: Options,
    report: Callable[[Search], None] = lambda search: None,
    stages: Sequence[Stage] = STAGES,
) -> tuple[Search, dict[str, float]]:
    """Plan the instance, and say how many seconds each stage took.

    `report` is called with the search whenever there is something new to tell.
    """
    began = time.monotonic()
    left = options.time_limit if options.until is None else options.until - time.time()
    seconds: dict[str, float] = {}
    all_candidates = candidates(instance)
    search = Search(
        instance=instance,
        candidates=all_candidates,
        parts=[Part(part) for part in parts(all_candidates)],
        options=options,
        deadline=began + left,
        report=report,
    )
    seconds["candidates"] = time.monotonic() - began
    for stage in stages:
        stage_began = time.monotonic()
        search.stage = stage.name
        stage.run(search)
        seconds[stage.name] = time.monotonic() - stage_began
    return search, seconds
