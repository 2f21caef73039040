"""The compiled search keeps every rule, undoes what it rejects, and depends on its seed alone."""

import numpy as np
import pytest
from hypothesis import given

from benchmarks.generator import generate
from benchmarks.shapes import SIZES
from solver.board import Boards
from solver.candidates import Candidates, candidates
from solver.check import check
from solver.compiled.search import Effort, Territory, loss, search
from solver.compiled.state import NOWHERE, Board
from solver.facts import Plan
from solver.flow import largest_flow, network, weight
from solver.greedy import best_greedy, first_come_first_served
from solver.guide import guide_of
from solver.options import Options
from solver.packing import Packing, divided
from solver.pipeline import Greedy, run
from solver.score import score
from tests import oracle
from tests.effort import searched
from tests.facts import facts_of
from tests.worlds import (
    Json,
    a_request,
    an_availability,
    an_employee,
    an_instance,
    at,
    tiny_instances,
)


@pytest.fixture(
    scope="module", params=["plain", "telephone", "tight-rooms", "coarse-grid", "duplicates"]
)
def generated(request: pytest.FixtureRequest) -> Candidates:
    shape = SIZES["S"] if request.param == "plain" else SIZES["S"].variant(request.param)
    return candidates(facts_of(generate(shape, 100, 7)))


def walked(found: Candidates, plan: Plan, moves: int, heat: float = 1e4, seed: int = 5) -> Plan:
    """The plan after so many moves over the whole instance."""
    board = Boards(found).holding(plan)
    (territory,) = divided(found, board)
    walk(found, board, territory, moves=moves, heat=heat, seed=seed)
    return Boards(found).plan_on(board)


def walk(
    found: Candidates, board: Board, territory: Territory, *, moves: int, heat: float, seed: int
) -> None:
    """So many moves, half of them led by the flow."""
    guide = guide_of(found, board, [largest_flow(network(found), weight(found))])
    effort = Effort(
        moves,
        unit=1e5,
        heat=heat,
        weight_noise=0.8,
        worth_noise=0.2,
        guided=0.5,
        thrifty=0.5,
        climb=0.2,
    )
    search(board, territory, guide, effort, np.array([seed], np.uint64))


def test_a_board_tells_the_plan_that_was_put_on_it(generated: Candidates) -> None:
    plan = best_greedy(Boards(generated))

    assert Boards(generated).plan_on(Boards(generated).holding(plan)) == plan


def test_after_any_number_of_moves_every_rule_is_kept(generated: Candidates) -> None:
    plan = first_come_first_served(Boards(generated))

    for moves in (1, 10, 100, 1000, 5000):
        assert check(generated.instance, walked(generated, plan, moves)) == []


def test_what_the_board_counts_is_what_is_planned_on_it(generated: Candidates) -> None:
    board = Boards(generated).holding(first_come_first_served(Boards(generated)))
    (territory,) = divided(generated, board)
    walk(generated, board, territory, moves=3000, heat=1e4, seed=3)

    anew = Boards(generated).holding(Boards(generated).plan_on(board))

    planned = board.where != NOWHERE
    assert np.array_equal(board.holder, anew.holder)
    assert np.array_equal(board.rooms, anew.rooms)
    assert np.array_equal(board.spare, anew.spare)
    assert np.array_equal(board.worth[planned], anew.worth[planned])


def test_without_heat_no_move_makes_the_plan_worse(generated: Candidates) -> None:
    plan = best_greedy(Boards(generated))

    after = walked(generated, plan, 2000, heat=0.0)

    before = score(generated.instance, plan)
    reached = score(generated.instance, after)
    assert (reached.weight, reached.seniority) >= (before.weight, before.seniority)
    assert reached.weight > before.weight


def test_the_same_seed_makes_the_same_moves(generated: Candidates) -> None:
    plan = best_greedy(Boards(generated))

    assert walked(generated, plan, 2000) == walked(generated, plan, 2000)
    assert walked(generated, plan, 2000) != walked(generated, plan, 2000, seed=6)


def test_what_is_lost_piece_by_piece_is_what_the_plan_lacks_to_the_bound() -> None:
    """Two availabilities of an hour, and half hours of different weight that fill them twice over."""
    problem = an_instance(
        availabilities=[
            an_availability(id="A1", end=at(0, "10:00")),
            an_availability(id="A2", start=at(1, "09:00"), end=at(1, "10:00")),
        ],
        employees=[an_employee(id=f"W{i}") for i in range(8)],
        requests=[
            a_request(id=f"Q{i}", employee=f"W{i}", duration=30, priority=1 + i % 5)
            for i in range(8)
        ],
    )
    found = candidates(facts_of(problem))
    flow = largest_flow(network(found), weight(found))
    boards = Boards(found)
    (territory,) = divided(found, boards.holding(()))
    best = oracle.best_weight(problem)
    assert flow.bound == best

    for plan in (first_come_first_served(boards), best_greedy(boards), ()):
        board = boards.holding(plan)
        guide = guide_of(found, board, [flow])
        lacking = best - score(found.instance, plan).weight
        assert loss(board, territory, guide) == pytest.approx(lacking)


@given(tiny_instances())
@searched()
def test_the_odd_corners_of_tiny_worlds_are_kept_too(instance: Json) -> None:
    problem = facts_of(instance)

    found, _ = run(problem, Options(iterations=1, workers=1), stages=(Greedy(), Packing()))

    assert check(problem, found.plan) == []


def test_territories_share_no_practitioners_day_no_rooms_and_no_employee() -> None:
    found = candidates(facts_of(generate(SIZES["M"], 100, 3)))
    board = Boards(found).holding(())

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
