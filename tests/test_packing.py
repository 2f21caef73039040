"""The compiled search keeps every rule, undoes what it rejects, and depends on its seed alone."""

import numpy as np
import pytest
from hypothesis import given

from benchmarks.generator import generate
from benchmarks.shapes import SIZES
from solver.board import board_of, plan_on
from solver.candidates import Candidates, candidates
from solver.check import check
from solver.facts import Plan
from solver.greedy import best_greedy, first_come_first_served
from solver.kernels import NOWHERE, Effort, search
from solver.options import Options
from solver.packing import Packing, divided
from solver.pipeline import Greedy, run
from solver.score import score
from tests.effort import searched
from tests.facts import facts_of
from tests.worlds import Json, tiny_instances


@pytest.fixture(
    scope="module", params=["plain", "telephone", "tight-rooms", "coarse-grid", "duplicates"]
)
def generated(request: pytest.FixtureRequest) -> Candidates:
    shape = SIZES["S"] if request.param == "plain" else SIZES["S"].variant(request.param)
    return candidates(facts_of(generate(shape, 100, 7)))


def walked(found: Candidates, plan: Plan, moves: int, heat: float = 1e4, seed: int = 5) -> Plan:
    """The plan after so many moves over the whole instance."""
    board = board_of(found, plan)
    (territory,) = divided(found, board)
    effort = Effort(moves, 1e5, heat, 0.8, 0.2, 0.2)
    search(board, territory, effort, np.array([seed], np.uint64))
    return plan_on(board)


def test_a_board_tells_the_plan_that_was_put_on_it(generated: Candidates) -> None:
    plan = best_greedy(generated)

    assert plan_on(board_of(generated, plan)) == plan


def test_after_any_number_of_moves_every_rule_is_kept(generated: Candidates) -> None:
    plan = first_come_first_served(generated)

    for moves in (1, 10, 100, 1000, 5000):
        assert check(generated.instance, walked(generated, plan, moves)) == []


def test_what_the_board_counts_is_what_is_planned_on_it(generated: Candidates) -> None:
    board = board_of(generated, first_come_first_served(generated))
    (territory,) = divided(generated, board)
    search(board, territory, Effort(3000, 1e5, 1e4, 0.8, 0.2, 0.2), np.array([3], np.uint64))

    anew = board_of(generated, plan_on(board))

    planned = board.where != NOWHERE
    assert np.array_equal(board.holder, anew.holder)
    assert np.array_equal(board.rooms, anew.rooms)
    assert np.array_equal(board.worth[planned], anew.worth[planned])


def test_without_heat_no_move_makes_the_plan_worse(generated: Candidates) -> None:
    plan = best_greedy(generated)

    after = walked(generated, plan, 2000, heat=0.0)

    before = score(generated.instance, plan)
    reached = score(generated.instance, after)
    assert (reached.weight, reached.seniority) >= (before.weight, before.seniority)
    assert reached.weight > before.weight


def test_the_same_seed_makes_the_same_moves(generated: Candidates) -> None:
    plan = best_greedy(generated)

    assert walked(generated, plan, 2000) == walked(generated, plan, 2000)
    assert walked(generated, plan, 2000) != walked(generated, plan, 2000, seed=6)


@given(tiny_instances())
@searched()
def test_the_odd_corners_of_tiny_worlds_are_kept_too(instance: Json) -> None:
    problem = facts_of(instance)

    found, _ = run(problem, Options(iterations=1, workers=1), stages=(Greedy(), Packing()))

    assert check(problem, found.plan) == []


def test_territories_share_no_practitioners_day_no_rooms_and_no_employee() -> None:
    found = candidates(facts_of(generate(SIZES["M"], 100, 3)))
    board = board_of(found, ())

    territories = divided(found, board)

    assert len(territories) > 1
    assert np.sum([t.owned for t in territories], axis=0).max() == 1
    assert np.sum([t.mine for t in territories], axis=0).max() == 1
    employees = [{found.instance.requests[r].employee for r in t.asking} for t in territories]
    places = [
        {
            (block.location, block.day)
            for r in t.asking
            for a in found.options[r]
            for block in [found.instance.availabilities[a]]
        }
        for t in territories
    ]
    for sets in (employees, places):
        assert sum(map(len, sets)) == len(set.union(*sets))
