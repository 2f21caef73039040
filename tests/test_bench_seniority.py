"""How much seniority the benchmarks say there could be: never less than a real plan has."""

from hypothesis import given

from benchmarks.seniority import most_seniority
from solver.candidates import candidates
from tests import oracle
from tests.effort import searched
from tests.facts import facts_of
from tests.worlds import Json, tiny_instances


@given(tiny_instances(most_requests=4))
@searched(0.5)
def test_no_plan_of_that_weight_has_more_seniority(instance: Json) -> None:
    best = oracle.best_score(instance)

    most = most_seniority(candidates(facts_of(instance)), best["weight"])

    assert most >= best["seniority"]
