"""What the stages of a planning run share: the problem, the best plan so far, and the budget."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Protocol

from solver.aims import Baseline, Score
from solver.board import Boards
from solver.candidates import Candidates
from solver.facts import Instance, Plan
from solver.flow import Flow
from solver.options import Options
from solver.scarcity import NOTHING_SCARCE, Scarcity
from solver.score import score


@dataclass
class Part:
    """A component, the flows that have been asked for, and the bound once it is known.

    `by_all`, `by_weight`: of its regions, by the first three aims and by the first alone. `whole`: of
    all of it, by weight.
    """

    candidates: Candidates
    bound: int | None = None
    by_all: list[Future[Flow]] = field(default_factory=list)
    by_weight: list[Future[Flow]] = field(default_factory=list)
    whole: Future[Flow] | None = None

    @property
    def flows_by_all(self) -> list[Flow]:
        """The flows of its regions by the first three aims; waits for them."""
        return [future.result() for future in self.by_all]

    @property
    def flows_by_weight(self) -> list[Flow]:
        """The flows of its regions by weight; waits for them."""
        return [future.result() for future in self.by_weight]


@dataclass
class Search:
    """A run in progress. A stage reads it, and offers plans that it has found."""

    instance: Instance
    candidates: Candidates
    boards: Boards
    parts: list[Part]
    options: Options
    deadline: float
    report: Callable[["Search"], None]
    threads: Executor
    plan: Plan = ()
    score: Score = field(default_factory=Score)
    compared: dict[str, Baseline] = field(default_factory=dict)
    scarcity: Scarcity = NOTHING_SCARCE
    iterations: int = 0
    stage: str = ""

    @property
    def timed(self) -> bool:
        """Whether wall time is the budget, rather than iterations."""
        return self.options.iterations is None

    @property
    def seconds_left(self) -> float:
        """Wall time left; without end where iterations are counted."""
        return self.deadline - time.monotonic() if self.timed else float("inf")

    @property
    def bound(self) -> int | None:
        """The proven upper bound of the weight, once every part has one."""
        bounds = [part.bound for part in self.parts if part.bound is not None]
        return sum(bounds) if len(bounds) == len(self.parts) else None

    def offer(self, plan: Plan) -> bool:
        """Take the plan if it is better, by all four aims in order, than the best so far."""
        found = score(self.instance, plan)
        if self.plan and found <= self.score:
            return False
        self.plan, self.score = plan, found
        self.report(self)
        return True


class Stage(Protocol):
    """One step of the pipeline."""

    name: str

    def run(self, search: Search) -> None:
        """Do the step within the search's budget."""
        ...
