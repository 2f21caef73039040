"""The last word on a finished plan: it is fed to the model of record as a fixed assignment.

The search has its own way of keeping the rules, compiled and quick. Here every rule states itself to
CP-SAT once more about exactly this plan, part by part, and it must be feasible. The checker in the
parent process is another judge still: neither knows of the other.
"""

from collections.abc import Sequence
from dataclasses import replace

from solver.agenda import Agenda
from solver.facts import Assignment
from solver.model import Effort, Model, choices_of
from solver.search import Search

LONGEST = 60.0
"""Seconds for each part; far more than it takes."""


class RefusedPlanError(RuntimeError):
    """The model of record refuses a plan that the search made. One of them has a fault."""


class Referee:
    """The stage: says yes to the search's plan, or ends the run."""

    name = "referee"

    def run(self, search: Search) -> None:
        """Judge the plan.

        Raises:
            RefusedPlanError: it breaks a rule as the model states it.
        """
        standing = Agenda(search.instance)
        part_of = {r: i for i, part in enumerate(search.parts) for r in part.candidates.requests}
        mine: list[list[Assignment]] = [[] for _ in search.parts]
        for assignment in search.plan:
            mine[part_of[assignment.request]].append(assignment)
        for assignments in mine:
            if not feasible(standing, assignments):
                raise RefusedPlanError(
                    f"the model refuses {len(assignments)} assignments that the search made"
                )


def feasible(standing: Agenda, assignments: Sequence[Assignment]) -> bool:
    """Whether the model allows all of these together, each at its start.

    CP-SAT's word alone is not taken for "impossible": it is asked again without its presolve, which
    is where a wrong answer has come from before (OR-Tools issue 5274).
    """
    choices = []
    for assignment in assignments:
        here = 1 << assignment.start
        options = {assignment.request: [assignment.availability]}
        found = [c for c in choices_of(standing, options) if c.starts & here]
        if not found:
            return False
        choices.append(replace(found[0], starts=here))
    model = Model(standing, choices)
    every = [1] * len(choices)
    model.require(every, len(choices))
    effort = Effort(deterministic=None, seconds=LONGEST)
    return any(
        model.best(every, replace(effort, presolve=presolve)) is not None
        for presolve in (True, False)
    )
