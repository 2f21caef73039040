"""The last word on a finished plan: it is fed to the model of record as a fixed assignment.

The search has its own way of keeping the rules, compiled and quick. Here the rules about each request
and place are asked row by row, those about all together state themselves to CP-SAT, part by part, and
exactly this plan must be feasible. The checker in the parent process is another judge still: neither
knows of the other.
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
    """The stage: says yes to the search's plan, or ends the run without one."""

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
    """Whether every rule allows all of these together, each at its start.

    CP-SAT's word alone is not taken for "impossible": it is asked again without its presolve, which
    is where a wrong answer has come from before (OR-Tools issue 5274). What it cannot decide in time
    is not refused: the checker still judges it.
    """
    instance = standing.instance
    choices = []
    for assignment in assignments:
        here = 1 << assignment.start
        request = instance.requests[assignment.request]
        if not standing.admits(request, instance.availabilities[assignment.availability]) & here:
            return False
        options = {assignment.request: [assignment.availability]}
        choices += [
            replace(choice, starts=here)
            for choice in choices_of(standing, options)
            if choice.starts & here
        ]
    model = Model(standing, choices)
    every = [1] * len(choices)
    model.require(every, len(choices))
    for presolve in (True, False):
        effort = Effort(deterministic=None, seconds=LONGEST, presolve=presolve)
        if model.best(every, effort) is not None or not model.impossible:
            return True
    return False
