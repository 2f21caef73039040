"""The certified run, from the specification's acceptance cases (A2), by the running planner."""

import pytest

from benchmarks.generator import generate
from benchmarks.shapes import Shape
from solver.aims import FIRST_COME
from solver.board import Boards
from solver.candidates import candidates
from solver.check import check
from solver.facts import Instance, Plan
from solver.greedy import first_come_first_served
from solver.options import Options
from solver.process import Solved, plan
from tests.facts import assignments_of, facts_of
from tests.worlds import (
    Json,
    case_best_fit,
    case_fairness,
    case_make_booking,
    case_shortage,
    cases_of_bad_plans,
)


def certified(problem: Instance, iterations: int = 2) -> Solved:
    """The run, of which the weight must be proven the best possible."""
    solved = plan(problem, Options(iterations=iterations))
    assert isinstance(solved, Solved)
    assert solved.trouble is None
    assert solved.optimal
    assert solved.gap == 0
    return solved


def names(problem: Instance, planned: Plan) -> set[str]:
    return {problem.requests[assignment.request].id for assignment in planned}


@pytest.mark.parametrize(
    ("case", "first_come", "best"),
    [(case_best_fit(), 2, 3), (case_make_booking(), 1, 2)],
    ids=["a: best fit", "b: make a booking"],
)
def test_all_are_planned_where_first_come_leaves_one_out(
    case: Json, first_come: int, best: int
) -> None:
    solved = certified(facts_of(case))

    assert len(solved.plan) == best
    assert solved.compared[FIRST_COME].planned == first_come


def test_c_the_oldest_are_planned_at_no_cost_in_places() -> None:
    """First come, first served puts the oldest where the second oldest needs to be."""
    problem = facts_of(case_fairness())
    served = first_come_first_served(Boards(candidates(problem)))

    solved = certified(problem)

    assert names(problem, served) == {"Q1", "Q3"}
    assert names(problem, solved.plan) == {"Q1", "Q2"}
    assert len(solved.plan) == len(served)


def test_d_a_shortage_is_told_as_who_competes_for_how_many_places() -> None:
    problem = facts_of(case_shortage())

    solved = certified(problem)

    assert len(solved.plan) == 5
    (shortage,) = solved.scarcity.shortages
    assert {problem.requests[r].id for r in shortage.requests} == {f"Q-a{n}" for n in range(1, 6)}
    assert (shortage.places, shortage.deficit) == (3, 2)


def test_e_the_same_input_gives_the_same_plan() -> None:
    problem = facts_of(generate(Shape.of(100), 130, 4))
    options = Options(iterations=3, workers=1)

    first, second = plan(problem, options), plan(problem, options)

    assert isinstance(first, Solved)
    assert isinstance(second, Solved)
    assert first.plan == second.plan
    assert (first.bound, first.score) == (second.bound, second.score)


@pytest.mark.parametrize(("rule", "instance", "bad"), cases_of_bad_plans())
def test_f_a_planted_bad_plan_is_refused_by_the_rules_name(
    rule: str, instance: Json, bad: Json
) -> None:
    problem = facts_of(instance)

    broken = check(problem, assignments_of(bad, problem))

    assert {violation.rule for violation in broken} == {rule}


def test_g_ten_practitioners_and_a_hundred_requests_are_planned_with_proof() -> None:
    shape = Shape("CLN", 100, practitioners=10, locations=3, regions=1)

    solved = certified(facts_of(generate(shape, 80, 1)))

    assert len(solved.plan) > solved.compared[FIRST_COME].planned
