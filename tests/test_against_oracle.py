"""Everything the solver says about a world, against the plain second statement of the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.board import Boards
from solver.candidates import candidates
from solver.check import check
from solver.facts import Instance
from solver.files.plan import assignments_as_file
from solver.files.reading import MalformedInputError
from solver.greedy import first_come_first_served
from solver.options import Options
from solver.pipeline import run
from solver.score import score
from tests import oracle
from tests.effort import searched
from tests.facts import assignments_of, facts_of
from tests.worlds import Json, plans_of, tiny_instances


def on_the_day_of_its_availability(instance: Json, plan: Json) -> bool:
    days = {a["id"]: a["start"] // 1440 for a in instance["availabilities"]}
    return all(a["start"] // 1440 == days[a["availability"]] for a in plan["assignments"])


def planned(instance: Json, problem: Instance, iterations: int = 2) -> Json:
    """What the whole pipeline makes of it, as a plan file, with bound and status."""
    search, _ = run(problem, Options(iterations=iterations, workers=1))
    return {
        "format": "appt-plan/1",
        "instance": instance["name"],
        "assignments": assignments_as_file(problem, search.plan),
        "bound": search.bound,
    }


@given(st.data())
@searched(1.5)
def test_the_checker_finds_what_the_oracle_finds(data: st.DataObject) -> None:
    instance = data.draw(tiny_instances())
    plan = data.draw(plans_of(instance))
    problem = facts_of(instance)
    expected = oracle.broken_rules(instance, plan)

    if "unknown" in expected:
        with pytest.raises(MalformedInputError):
            assignments_of(plan, problem)
        return

    found = {violation.rule for violation in check(problem, assignments_of(plan, problem))}
    if on_the_day_of_its_availability(instance, plan):
        assert found == expected
    else:
        # elsewhere it is enough to be told so: which day its other rules are asked for is moot
        assert "fits" in found
        assert "fits" in expected


@given(st.data())
@searched()
def test_the_score_is_the_oracles(data: st.DataObject) -> None:
    instance = data.draw(tiny_instances())
    problem = facts_of(instance)
    plan = oracle.earliest_first_come(instance)
    by_id = {(a["request"], a["availability"], a["start"]) for a in plan["assignments"]}

    mine = first_come_first_served(Boards(candidates(problem)))

    written = assignments_as_file(problem, mine)
    assert {(a["request"], a["availability"], a["start"]) for a in written} == by_id
    assert score(problem, mine).as_file() == oracle.score(instance, plan)


@given(tiny_instances())
@searched()
def test_a_plan_keeps_every_rule_and_reaches_the_best_weight(instance: Json) -> None:
    problem = facts_of(instance)

    plan = planned(instance, problem)

    assert oracle.violations(instance, plan) == set()
    assert oracle.score(instance, plan)["weight"] == oracle.best_weight(instance)
    assert plan["bound"] == oracle.best_weight(instance)


@given(tiny_instances(most_requests=4))
@searched()
def test_the_lower_aims_are_the_best_there_are_at_that_weight(instance: Json) -> None:
    plan = planned(instance, facts_of(instance))

    best = oracle.score(instance, oracle.best_plan(instance, aims=3))
    reached = oracle.score(instance, plan)
    for aim in ("weight", "seniority", "preference"):
        assert reached[aim] == best[aim]
