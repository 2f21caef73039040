"""The peers: each plans, its models say what the rules say, and none gets more time than it has."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import against
from benchmarks.generator import generate, write
from benchmarks.inputs import GENERATED, Input, Made
from benchmarks.machine import Record
from benchmarks.peers import PEERS, gaps, intervals, slots
from benchmarks.peers.placing import Chosen, placed
from benchmarks.peers.program import Program
from benchmarks.quality import Problem
from benchmarks.shapes import SIZES, Shape
from benchmarks.solving import Row, solved
from solver.board import Boards
from solver.candidates import Candidates, candidates
from solver.check import check
from solver.facts import Assignment, Plan
from solver.files.instance import read_instance
from solver.greedy import best_greedy, first_come_first_served

SMALL = SIZES["S"]
EASY = Input("E-60-1", "E-60", GENERATED, Made(replace(SMALL, requests=50, practitioners=2), 60, 1))
SECONDS = 12.0
"""Most peers prove long before that their plan of 50 requests is the best."""
SHAPES = [SMALL, *map(SMALL.variant, ("telephone", "tight-rooms", "coarse-grid", "duplicates"))]
MODELS = [gaps.program, slots.program]

WITH_ALL_RULES = {"cp-sat", "cp-sat-hinted", "highs-slots", "scip-slots"}
"""Whose choices are a plan, so that none is ever dropped."""

Model = Callable[[Candidates], Program]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Problem, Row]:
    problem = Problem.of(EASY, tmp_path_factory.mktemp("peers"))
    return problem, replace(solved(problem, 3.0)[0], limit=SECONDS)


@pytest.fixture(params=SHAPES, ids=lambda shape: shape.name)
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Candidates:
    shape: Shape = request.param
    return made(shape, tmp_path)


def made(shape: Shape, folder: Path) -> Candidates:
    file = folder / "instance.json"
    write(generate(shape, 100, 1), file)
    return candidates(read_instance(file))


def taken(program: Program, plan: Plan) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The plan as columns of the program."""
    columns = np.zeros(len(program.request))
    for a in plan:
        here = (program.request == a.request) & (program.availability == a.availability)
        columns[here & (program.begin <= a.start) & (a.start < program.end)] = 1
    return columns


# --- Each peer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_makes_a_plan_that_the_checker_passes(peer: str, ours: tuple[Problem, Row]) -> None:
    problem, row = ours
    assert PEERS[peer].missing() == [], f"{peer} is not installed: pip install -e '.[bench]'"

    result = against.opposed(problem, peer, row)

    assert result.quality is not None, result.note
    assert row.bound is not None
    assert 0 < result.quality.weight <= row.bound
    assert result.gap is not None
    assert result.gap >= 0
    if result.bound is not None:
        assert result.bound >= row.quality.weight
        assert result.placed is not None
        assert result.chosen is not None
        assert result.placed <= min(result.chosen, result.quality.weight)
        if peer in WITH_ALL_RULES:
            assert result.placed == result.chosen


def test_a_peer_without_time_has_no_plan_and_says_so(ours: tuple[Problem, Row]) -> None:
    problem, row = ours

    result = against.opposed(problem, "highs-slots", replace(row, limit=0.3))

    assert result.quality is None
    assert result.gap is None
    assert "no plan" in result.note
    assert result.as_json().keys() >= {"weight", "planned", "note"}


def test_a_peer_that_is_broken_is_told_from_one_without_time(
    ours: tuple[Problem, Row], tmp_path: Path
) -> None:
    problem, row = ours
    gone = replace(problem, file=tmp_path / "gone.json")

    result = against.opposed(gone, "first-come", row)

    assert result.quality is None
    assert result.note.startswith("FAILED: ")


def test_peers_are_written_beside_ours(
    ours: tuple[Problem, Row],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchmarks.against.solved", lambda problem, seconds: (ours[1], {}))
    record = Record("peers", tmp_path, ["peers"])

    against.benchmark([EASY], ["first-come", "best-greedy"], SECONDS, record)

    rows = json.loads((tmp_path / "peers.json").read_text("utf-8"))["rows"]
    assert [row["peer"] for row in rows] == ["spreekuur", "first-come", "best-greedy"]
    assert rows[1]["weight"] <= rows[2]["weight"] <= rows[0]["weight"]
    assert [row["limit"] for row in rows] == [SECONDS] * 3
    assert "| first-come |" in capsys.readouterr().out


def test_a_peer_that_cannot_run_is_left_out_loudly(
    ours: tuple[Problem, Row],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    absent = replace(PEERS["scip-gaps"], packages=("no_such_package",))
    weak = replace(PEERS["scip-slots"], up_to=10)
    monkeypatch.setattr("benchmarks.against.PEERS", {"absent": absent, "weak": weak})
    monkeypatch.setattr("benchmarks.against.solved", lambda problem, seconds: (ours[1], {}))

    against.benchmark([EASY], ["absent", "weak"], SECONDS, Record("peers", tmp_path, []))

    told = capsys.readouterr().out
    assert "LEFT OUT: absent takes no_such_package" in told
    assert "LEFT OUT: weak plans 10 requests at most, E-60-1 has 50" in told
    assert len(json.loads((tmp_path / "peers.json").read_text("utf-8"))["rows"]) == 1


@pytest.mark.parametrize(("module", "loads"), [("highs", "no"), ("intervals", "yes")])
def test_highs_and_or_tools_are_never_in_one_process(module: str, loads: str) -> None:
    program = f"import sys, benchmarks.peers.{module}; print('ortools' in sys.modules)"
    command = [sys.executable, "-c", program]

    run = subprocess.run(command, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == ("True" if loads == "yes" else "False")


# --- The models of integer programming ------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=["gaps", "slots"])
def test_every_plan_that_keeps_the_rules_is_in_the_model(model: Model, found: Candidates) -> None:
    program = model(found)

    for plan in (best_greedy(Boards(found)), first_come_first_served(Boards(found))):
        columns = taken(program, plan)

        assert columns.sum() == len(plan)
        assert (program.rows @ columns <= program.limits).all()


def test_what_the_time_indexed_model_allows_keeps_the_rules(found: Candidates) -> None:
    program = slots.program(found)
    plan = best_greedy(Boards(found))[::2]  # with room for others
    chance = np.random.default_rng(1)
    allowed = broken = 0
    for _ in range(60):
        i = int(chance.integers(len(program.request)))
        [choice] = program.chosen([i])
        moved = Assignment(choice.request, choice.availability, choice.begin)
        other = (*(a for a in plan if a.request != moved.request), moved)

        fits = bool((program.rows @ taken(program, other) <= program.limits).all())

        assert fits == (not check(found.instance, other))
        allowed += fits
        broken += not fits
    assert allowed
    assert broken


def test_a_large_instance_gets_a_coarser_grid_and_no_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = made(SMALL, tmp_path)
    fine = slots.program(small)
    monkeypatch.setattr(slots, "FINE_UP_TO", 100)

    coarse = slots.program(small)

    assert fine.exact
    assert fine.note == ""
    assert not coarse.exact
    assert "every 15 minutes" in coarse.note
    assert set(coarse.begin % 15) == {0}


@pytest.mark.parametrize("name", ["tight-rooms", "telephone", "duplicates"])
def test_what_the_intervals_allow_keeps_the_rules(name: str, tmp_path: Path) -> None:
    found = made(SMALL.variant(name), tmp_path)

    answer = intervals.plan_hinted(found.instance, 2.0)

    assert answer.chosen is not None
    assert answer.bound is not None
    assert answer.placed == answer.chosen <= answer.bound
    assert check(found.instance, answer.plan) == []


# --- Placing what was chosen ----------------------------------------------------------------------------


def test_of_two_choices_for_one_place_the_heavier_is_kept_and_the_rest_is_filled(
    tmp_path: Path,
) -> None:
    found = made(SMALL, tmp_path)
    requests = found.instance.requests
    greedy = best_greedy(Boards(found))
    first = greedy[0]
    rival = next(
        r
        for r in found.requests_of[first.availability]
        if requests[r].priority != requests[first.request].priority
    )
    both = [
        Chosen(r, first.availability, first.start, first.start + 1) for r in (first.request, rival)
    ]

    answer = placed(found, both)

    weights = sorted(requests[choice.request].priority for choice in both)
    assert answer.chosen == sum(weights)
    assert answer.placed == weights[1]
    assert len(answer.plan) > len(greedy) / 2
    assert check(found.instance, answer.plan) == []
