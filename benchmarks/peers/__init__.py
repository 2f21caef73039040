"""Other ways of planning, on the same instances, under the same checker and time limit.

A peer is a function `plan(instance, seconds) -> Answer` in a module of this package; the table says
which. It takes candidates, stretches and the agenda from `solver`, and none of its search. Each runs
in a process of its own (`python -m benchmarks.peers NAME INSTANCE -o PLAN --seconds S`): OR-Tools
and highspy cannot be loaded in one, so no module here may import both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from solver.facts import Instance, Plan

NO_PLAN = 3
"""The exit code of a peer whose time was up; any other but 0 says that it is broken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer comes to: a plan that keeps every rule.

    `bound`: the peer's own proof that no plan weighs more. `chosen`: the weight of what its model
    chose; `placed`: of what was left when each choice was placed with all rules. The plan itself has
    whoever still fitted after that as well. `note`: what a reader should know.
    """

    plan: Plan
    bound: int | None = None
    chosen: int | None = None
    placed: int | None = None
    note: str = ""


class NoPlanError(RuntimeError):
    """The time was up before there was any plan; the text says where."""


Plans = Callable[[Instance, float], Answer]
"""Plans an instance within so many seconds of wall time, building its model included.

Raises `NoPlanError` where it finds none.
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a peer lives, what it does, and the packages that it takes.

    `up_to`: it is not asked to plan more requests than that; None: any number.
    """

    module: str
    function: str
    text: str
    packages: tuple[str, ...] = ()
    up_to: int | None = None

    def missing(self) -> list[str]:
        """The packages that are not installed here."""
        return [package for package in self.packages if find_spec(package) is None]

    def load(self) -> Plans:
        """The function itself; only now is its solver loaded."""
        plans: Plans = getattr(import_module(f"benchmarks.peers.{self.module}"), self.function)
        return plans


PEERS: Mapping[str, Peer] = {
    "first-come": Peer("baselines", "first_come", "first come, first served"),
    "best-greedy": Peer("baselines", "best_order", "the best of the greedy orders"),
    "cp-sat": Peer("intervals", "plan", "CP-SAT, optional intervals", ("ortools",)),
    "cp-sat-hinted": Peer(
        "intervals", "plan_hinted", "CP-SAT, optional intervals, from the best greedy", ("ortools",)
    ),
    "highs-gaps": Peer("highs", "plan_gaps", "HiGHS, (request, gap) choices", ("highspy",)),
    "highs-slots": Peer("highs", "plan_slots", "HiGHS, time-indexed", ("highspy",)),
    "scip-gaps": Peer("scip", "plan_gaps", "SCIP, (request, gap) choices", ("pyscipopt",)),
    "scip-slots": Peer("scip", "plan_slots", "SCIP, time-indexed", ("pyscipopt",), up_to=500),
}
