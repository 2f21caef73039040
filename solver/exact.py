"""Small components as one model: the best plan of each, and where it can be had, the proof."""

from solver.agenda import Agenda
from solver.components import SMALL
from solver.facts import Assignment
from solver.model import Effort, Model, choices_of
from solver.neighbourhoods import worth_of
from solver.search import Part, Search

THREADS = 8
"""Strategies that take turns, where time is the budget; where iterations are, there is one: with
several, CP-SAT notices the end of its deterministic time late."""
DETERMINISTIC_TIME = 0.25
"""Where iterations are counted: what each of a part's two models may cost, in CP-SAT's units."""
SHARE = 0.4
"""Where time is: the share of what is left that each model of each part may take."""


class SmallParts:
    """The stage: first the greatest weight and its bound, then the lower aims at that weight."""

    name = "small parts, exactly"

    def run(self, search: Search) -> None:
        """Improve the search's plan and bounds wherever a part is small."""
        for part in search.parts:
            if len(part.candidates.requests) <= SMALL:
                self._solve(search, part)

    def _solve(self, search: Search, part: Part) -> None:
        instance = search.instance
        mine = set(part.candidates.requests)
        others = tuple(a for a in search.plan if a.request not in mine)
        here = tuple(a for a in search.plan if a.request in mine)
        agenda = Agenda(instance, others)
        options = {r: part.candidates.options[r] for r in part.candidates.requests}
        model = Model(agenda, choices_of(agenda, options))
        weights = [instance.requests[c.request].priority for c in model.choices]
        weight = sum(instance.requests[a.request].priority for a in here)
        if part.bound is None or weight < part.bound:
            model.hint(here)
            answer = model.best(weights, self._effort(search))
            if answer is None:
                return
            if answer.objective >= weight:
                here, weight = answer.assignments, answer.objective
                search.offer(_together(others, here))
            proven = int(answer.bound + 1e-6)
            part.bound = proven if part.bound is None else min(part.bound, proven)
        model.require(weights, weight)
        model.hint(here)
        answer = model.best(worth_of(instance, model.choices), self._effort(search))
        if answer is not None:
            search.offer(_together(others, answer.assignments))

    def _effort(self, search: Search) -> Effort:
        return Effort(
            deterministic=None if search.timed else DETERMINISTIC_TIME,
            seconds=search.seconds_left * SHARE if search.timed else None,
            seed=search.options.seed,
            threads=THREADS if search.timed else 1,
        )


def _together(
    others: tuple[Assignment, ...], here: tuple[Assignment, ...]
) -> tuple[Assignment, ...]:
    """One plan of two parts, ordered by request."""
    return tuple(sorted((*others, *here), key=lambda a: a.request))
