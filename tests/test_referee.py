"""The model of record, fed a finished plan, allows what the checker passes and refuses what it finds."""

import random
from pathlib import Path

import pytest

from benchmarks.generator import generate
from benchmarks.shapes import Shape
from solver.agenda import Agenda
from solver.board import Boards
from solver.candidates import candidates
from solver.check import check
from solver.greedy import best_greedy
from solver.options import Options
from solver.pipeline import Greedy, run
from solver.process import GaveUp, plan
from solver.referee import Referee, RefusedPlanError, feasible
from solver.search import Search
from tests.facts import assignments_of, facts_of
from tests.test_mutated_plans import mutated
from tests.worlds import Json, cases_of_bad_plans


@pytest.mark.parametrize("variant", ["tight-rooms", "telephone", "coarse-grid"])
def test_it_says_what_the_checker_says(variant: str) -> None:
    instance = facts_of(generate(Shape.of(40).variant(variant), 130, 3))
    good = best_greedy(Boards(candidates(instance)))
    chance = random.Random(variant)
    said = {True: 0, False: 0}

    for _ in range(150):
        plan = mutated(instance, good, chance)
        broken = check(instance, plan)
        # which request is planned twice is decided before there is a model: it knows them by request
        if all(violation.rule != "planned_twice" for violation in broken):
            said[not broken] += 1
            assert feasible(Agenda(instance), plan) == (not broken)

    assert min(said.values()) > 10


class Overbooked:
    """A stage with a fault: it offers a plan in which one practitioner sees two at once."""

    name = "overbooked"

    def __init__(self, bad: Json) -> None:
        self._bad = bad

    def run(self, search: Search) -> None:
        """Offer it."""
        search.plan = assignments_of(self._bad, search.instance)


def test_a_run_with_a_fault_in_the_search_ends_without_a_plan() -> None:
    rule, instance, bad = cases_of_bad_plans()[0]
    assert rule == "practitioner_free"

    with pytest.raises(RefusedPlanError, match="2 assignments"):
        run(facts_of(instance), Options(iterations=0), stages=(Overbooked(bad), Referee()))


def test_a_run_without_one_ends_with_its_plan() -> None:
    _, instance, _ = cases_of_bad_plans()[0]

    found, _ = run(facts_of(instance), Options(iterations=0), stages=(Greedy(), Referee()))

    assert len(found.plan) == len(instance["requests"])


def test_a_plan_that_the_referee_refuses_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever the child had sent before: there is no plan, and one line says why."""
    (tmp_path / "sitecustomize.py").write_text(
        "import solver.referee\nsolver.referee.feasible = lambda standing, assignments: False\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    _, instance, _ = cases_of_bad_plans()[0]

    ended = plan(facts_of(instance), Options(iterations=0))

    assert isinstance(ended, GaveUp)
    assert "refuses" in ended.reason
