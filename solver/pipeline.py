"""The planning run, from top to bottom: which stages there are, and in which order.

Runs in a child process (`solver.child`); everything that loads OR-Tools is behind this module. A
stage is a class with a name and `run(search)`: add one by adding a line to `STAGES`.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import gcd

import numpy as np

from solver.aims import BEST_GREEDY, FIRST_COME, Baseline
from solver.board import Boards
from solver.candidates import Candidates, candidates
from solver.claims import Claims, settled
from solver.components import SMALL, parts, regions
from solver.exact import SmallParts
from solver.facts import Instance, Plan
from solver.flow import Flow, Network, Worth, largest_flow, network, weight, weight_then_lower_aims
from solver.greedy import greedy_plans
from solver.neighbourhoods import Neighbourhoods
from solver.options import Options
from solver.packed import packed_bound
from solver.packing import Packing
from solver.referee import Referee
from solver.rounding import rounded
from solver.score import score
from solver.search import Part, Search, Stage
from solver.shortage import scarcity

FLOWS_AS_ONE = 15_000
"""Requests of a part up to which it is bounded as a whole, too."""


AFTERWARDS = 0.05
"""Seconds for the last stages, beside three times what it took to find the candidates."""


class Greedy:
    """Plans that move nothing: the baselines of every report, and a first plan."""

    name = "greedy plans"

    def run(self, search: Search) -> None:
        """Offer them, and keep their scores to compare with."""
        scored = [(score(search.instance, plan), plan) for plan in greedy_plans(search.boards)]
        first_score, first = scored[0]
        best_score, best = max(scored, key=lambda entry: entry[0])
        search.compared[FIRST_COME] = Baseline(len(first), first_score)
        search.compared[BEST_GREEDY] = Baseline(len(best), best_score)
        search.offer(best)


class Flows:
    """The min-cost flows: by all aims for a start and for prices, by weight for prices and a bound.

    Regions are small and quick. Together they bound a little loosely, since a practitioner or an
    employee of two regions is counted in both; so a part that is not too large is asked as a whole,
    too. OR-Tools' flows run beside Python: nobody waits for them before they are needed.
    """

    name = "flows"

    def run(self, search: Search) -> None:
        """Ask for the flows of every part."""
        ask = search.threads.submit
        for part in search.parts:
            found = part.candidates
            groups = regions(found, SMALL)
            nets = [network(found.of(np.asarray(sorted(g), np.int64))) for g in groups]
            part.by_all = [ask(_largest_flow, net, weight_then_lower_aims) for net in nets]
            part.by_weight = [ask(_largest_flow, net, weight) for net in nets]
        for part in search.parts:
            if len(part.by_weight) > 1 and len(part.candidates.requests) <= FLOWS_AS_ONE:
                part.whole = ask(_largest_flow, network(part.candidates), weight)


def _largest_flow(net: Network, aim: Callable[[Candidates], Worth]) -> Flow:
    return largest_flow(net, aim(net.candidates))


class Rounding:
    """The flow that is best by all of the first three aims, rounded to a plan, its claims settled.

    Settled at once: the few that rounding loses must not make a greedy plan seem the better start.
    """

    name = "flow, rounded"

    def run(self, search: Search) -> None:
        """Offer the rounded flow, where there is no plan to begin with that is better anyway."""
        if search.plan:
            return
        flows = [flow for part in search.parts for flow in part.flows_by_all]
        search.offer(settled(search, rounded(search.boards, flows)))


class Bound:
    """What no plan can weigh more than: the least that the flows of a part come to."""

    name = "bound"

    def run(self, search: Search) -> None:
        """Bound every part."""
        for part in search.parts:
            part.bound = sum(packed_bound(flow) for flow in part.flows_by_weight)
            if part.whole is not None:
                part.bound = min(part.bound, packed_bound(part.whole.result()))
            # what divides every weight divides the weight of every plan
            part.bound -= part.bound % gcd(
                *part.candidates.priority[part.candidates.requests].tolist()
            )
        search.report(search)


class Shortages:
    """Who competes for too few places, and where an hour more would help: no plan decides that."""

    name = "shortages"

    def run(self, search: Search) -> None:
        """Find what is scarce, in the networks that bound best."""
        networks: list[Network] = []
        for part in search.parts:
            flows = part.flows_by_weight if part.whole is None else [part.whole.result()]
            networks += [flow.network for flow in flows]
        search.scarcity = scarcity(search.candidates, networks)


STAGES: tuple[Stage, ...] = (
    Flows(),
    Rounding(),
    Greedy(),
    Bound(),
    Shortages(),
    Packing(),
    SmallParts(),
    Neighbourhoods(),
    Claims(),
    Referee(),
)


def run(
    instance: Instance,
    options: Options,
    report: Callable[[Search], None] = lambda search: None,
    stages: Sequence[Stage] = STAGES,
    *,
    begun: Plan = (),
) -> tuple[Search, dict[str, float]]:
    """Plan the instance, and say how many seconds each stage took.

    `report` is called with the search whenever there is something new to tell. `begun`: a plan that keeps
    every rule, to begin with.
    """
    began = time.monotonic()
    left = options.time_limit if options.until is None else options.until - time.time()
    seconds: dict[str, float] = {}
    all_candidates = candidates(instance)
    with ThreadPoolExecutor(max(1, options.workers)) as threads:
        search = Search(
            instance=instance,
            candidates=all_candidates,
            boards=Boards(all_candidates),
            parts=[Part(part) for part in parts(all_candidates)],
            options=options,
            deadline=began + left,
            report=report,
            threads=threads,
        )
        seconds["candidates"] = time.monotonic() - began
        # claims and referee go over everything as finding the candidates does
        search.deadline -= AFTERWARDS + 3 * seconds["candidates"]
        if begun:
            search.stage = "begun"
            search.offer(begun)
        for stage in stages:
            stage_began = time.monotonic()
            search.stage = stage.name
            stage.run(search)
            seconds[stage.name] = time.monotonic() - stage_began
    return search, seconds
