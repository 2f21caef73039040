"""The benchmarks: what they measure is put together right, and written down whole."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks import curve, growth, serving, solving
from benchmarks import measured as measuring
from benchmarks.__main__ import main
from benchmarks.following import Followed, followed
from benchmarks.inputs import GENERATED, SHARED, Input, Made, expanded
from benchmarks.machine import Record
from benchmarks.measured import MEBIBYTE, Measured, measured
from benchmarks.quality import BrokenPlanError, Problem, Quality, checked
from benchmarks.shapes import SIZES
from benchmarks.summary import growth as fitted
from benchmarks.summary import spread
from solver.aims import BEST_GREEDY, FIRST_COME, Baseline, Score
from solver.files.instance import read_instance
from solver.files.plan import FORMAT
from tests.command_line import ends
from tests.waiting import PATIENCE

TINY = Input(
    "T-100-1", "T-100", GENERATED, Made(replace(SIZES["S"], requests=60, practitioners=2), 100, 1)
)
SECONDS = 3.0
"""For planning 60 requests."""
RECORDED = {"benchmark", "when", "command", "machine", "versions"}

PROMISED = {
    "instance", "cell", "source", "limit", "wall", "peak_mib", "requests", "options_per_request",
    "bound", "gap", "to_first_come", "to_best_greedy", "stages", "trouble", "planned", "weight",
    "seniority", "of_most_seniority", "preference", "unusable_gap_minutes", "urgent_with_option", "urgent_left_out",
    "of_best_weight", "of_best_seniority", "long_waits", "history", "fewest",
}  # fmt: skip
"""What the JSON has of every run."""

NOTHING = Quality(
    planned=0,
    weight=95,
    seniority=0,
    preference=0,
    unusable_gap_minutes=0,
    urgent_with_option=0,
    urgent_left_out=0,
    of_best_weight=None,
    of_best_seniority=None,
    long_waits=0,
    history=None,
    fewest=None,
)


ROW = solving.Row(
    instance="M-100-1",
    cell="M-100",
    source=GENERATED,
    limit=20.0,
    wall=20.0,
    peak_mib=300,
    requests=2000,
    options_per_request=20.0,
    bound=100,
    gap=0.01,
    to_first_come=1.2,
    to_best_greedy=1.0,
    of_most_seniority=None,
    stages={},
    trouble=None,
    quality=replace(NOTHING, urgent_with_option=3, urgent_left_out=1),
)


# --- Figures put together -----------------------------------------------------------------------------


def test_a_spread_tells_median_mean_and_range() -> None:
    found = spread([0.4, 0.1, 0.1])

    assert (found.count, found.median, found.least, found.most) == (3, 0.1, 0.1, 0.4)
    assert found.mean == pytest.approx(0.2)


def test_the_median_of_two_lies_between_them() -> None:
    assert spread([1.0, 4.0]).median == 2.5


def test_growth_finds_the_exponent_that_was_put_in() -> None:
    sizes = [1_250.0, 2_500.0, 5_000.0, 10_000.0]

    found = fitted(sizes, [3e-4 * size**1.4 for size in sizes])

    assert found is not None
    assert found.exponent == pytest.approx(1.4)
    assert found.factor == pytest.approx(3e-4)
    assert found.count == 4


@pytest.mark.parametrize("sizes", [[], [10.0], [10.0, 10.0]])
def test_growth_takes_two_different_sizes(sizes: list[float]) -> None:
    assert fitted(sizes, [1.0] * len(sizes)) is None


def test_the_time_to_a_gap_is_that_of_the_first_point_proven_so_near() -> None:
    points: list[dict[str, Any]] = [
        {"seconds": 1.0, "weight": 99, "bound": None},
        {"seconds": 2.0, "weight": 99, "bound": 110},
        {"seconds": 3.0, "weight": 99, "bound": 100},
        {"seconds": 4.0, "weight": 100, "bound": 100},
    ]
    run = Followed(points, {}, {}, 100, 0.0, NOTHING, wall=5.0, peak_mib=1)

    assert run.seconds_to(0.01) == 3.0
    assert run.seconds_to(0.2) == 2.0
    assert run.seconds_to(-1.0) is None
    assert run.gap_at_end_of(95) == pytest.approx(0.05)


def test_preparation_is_all_before_the_search() -> None:
    stages = {"reading": 0.5, "candidates": 0.25, "packing": 8.0, "filling": 1.0}

    assert growth.preparation(stages) == 0.75


def test_a_curve_knows_the_gap_of_each_moment() -> None:
    points = [(1.0, 0.5), (3.0, 0.1)]
    drawn = curve.Curve("T", 5.0, 5.0, 1, 100, 0.1, points, 0.6, 0.5, told=[])

    assert [drawn.at(seconds) for seconds in (0.5, 1.0, 2.9, 3.0, 6.0)] == [
        None,
        0.5,
        0.5,
        0.1,
        None,
    ]


def test_the_runs_of_a_cell_are_put_together_over_seeds() -> None:
    others = [replace(ROW, gap=0.02), replace(ROW, gap=0.06), replace(ROW, limit=60.0)]

    first, second = solving.cells([ROW, *others])

    assert (first["cell"], first["limit"], second["limit"]) == ("M-100", 20.0, 60.0)
    assert first["gap"] == pytest.approx(
        {"count": 3, "median": 0.02, "mean": 0.03, "least": 0.01, "most": 0.06}
    )
    assert (first["urgent_left_out"], first["urgent_with_option"]) == (3, 9)
    assert (first["runs"], first["in_trouble"]) == (3, 0)
    assert "| 3 | 2.00% | 3.00% | 1.00% to 6.00% |" in solving.table_of_cells([first])


def test_a_run_that_died_is_told_and_has_no_gap_where_it_had_no_bound() -> None:
    died = replace(ROW, bound=None, gap=None, trouble="it died")

    (alone,) = solving.cells([died])
    (both,) = solving.cells([ROW, died])

    assert died.as_json()["trouble"] == "it died"
    assert solving.table([ROW, died]).count("it died") == 1
    assert solving.table([died]).endswith("| it died |")
    assert (alone["runs"], alone["in_trouble"], alone["gap"]["median"]) == (1, 1, None)
    assert (both["runs"], both["in_trouble"], both["gap"]["median"]) == (2, 1, 0.01)
    assert "| 1 |  |  |  |" in solving.table_of_cells([alone])
    assert "| 2 | 1.00% | 1.00% | 1.00% to 1.00% |" in solving.table_of_cells([both])


# --- Processes ----------------------------------------------------------------------------------------

WAITS = "import os, time\nwhile not os.path.exists({!r}): time.sleep(0.01)"
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}])"


def test_the_memory_of_children_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They go on until they have been looked at."""
    small, large = str(tmp_path / "small"), str(tmp_path / "large")
    look = measuring._resident

    def resident(pid: int) -> int:
        found = look(pid)
        for file, least in ((small, 1), (large, 61 * MEBIBYTE)):
            if found > least:
                Path(file).touch()
        return found

    monkeypatch.setattr(measuring, "_resident", resident)
    hungry = "x = bytearray(60 << 20)\n" + WAITS.format(large)
    alone = measured([sys.executable, "-c", WAITS.format(small)], limit=PATIENCE)
    with_child = measured([sys.executable, "-c", PARENT.format(hungry)], limit=PATIENCE)

    assert alone.code == with_child.code == 0
    assert 1 < alone.peak_mib < 60 < with_child.peak_mib


def test_a_command_is_stopped_at_its_limit_with_its_children() -> None:
    sleeps = "import time; time.sleep(60)"
    child = f"c = subprocess.Popen([sys.executable, '-c', {sleeps!r}]); print(c.pid, flush=True)"

    command = [sys.executable, "-c", f"import subprocess, sys; {child}; c.wait()"]
    # so long that the child has been started
    limit, run = next(
        (limit, run) for limit in (1.0, 5.0, 25.0) if (run := measured(command, limit)).out
    )

    assert run.code is None
    assert limit <= run.wall < 60
    with suppress(psutil.NoSuchProcess):
        assert ends(psutil.Process(int(run.out)))


def test_what_a_command_prints_is_kept_however_much_it_is() -> None:
    run = measured([sys.executable, "-c", f"print('x' * {MEBIBYTE}); import sys; sys.exit(3)"])

    assert (run.code, len(run.out.strip())) == (3, MEBIBYTE)


# --- Which instances ----------------------------------------------------------------------------------


def test_a_name_stands_for_every_load_and_seed() -> None:
    assert [each.name for each in expanded(["S"], (1, 2))] == [
        f"S-{load}-{seed}" for load in (80, 100, 130) for seed in (1, 2)
    ]
    assert [each.name for each in expanded(["S-100", "S-100-2", "500-80"], (1,))] == [
        "S-100-1",
        "S-100-2",
        "500-80-1",
    ]


@pytest.mark.parametrize("name", ["Q-100", "M-0", "M-100-", "M-x", "0-100", "M-100-1-2", "no.json"])
def test_an_unknown_name_is_one_line_with_a_remedy(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--output", str(tmp_path / "out"), "spreekuur", name])

    told = capsys.readouterr().err
    assert end.value.code == 2
    assert told.count("\n") == 1
    assert repr(name) in told
    assert "such as M-100-2" in told


def test_a_file_that_is_no_instance_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "empty.json"
    file.write_text("{}")

    with pytest.raises(SystemExit) as end:
        main(["--output", str(tmp_path / "out"), "spreekuur", str(file)])

    told = capsys.readouterr().err
    assert end.value.code == 2
    assert told.count("\n") == 1
    assert str(file) in told


def test_what_is_shared_is_missed_loudly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.inputs.SHARED", tmp_path / "nowhere")

    assert {each.source for each in expanded(["all"], (1,))} == {GENERATED}
    assert "LEFT OUT" in capsys.readouterr().out
    with pytest.raises(SystemExit) as end:
        main(["--output", str(tmp_path / "out"), "spreekuur", "vitoria-S"])
    assert end.value.code == 2
    assert "'vitoria-S'" in capsys.readouterr().err


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"LEFT OUT: there is no {SHARED}")
def test_shared_instances_of_a_cell_are_told_from_generated_ones() -> None:
    found = expanded(["shared/S-100-1", "S-100-1", "vitoria-S-drop10"], (1,))

    assert [(each.source, each.cell) for each in found] == [
        ("shared", "S-100"),
        ("generated", "S-100"),
        ("vitoria", "vitoria-S-drop10"),
    ]


# --- Whole benchmarks ---------------------------------------------------------------------------------


def test_a_run_is_written_with_all_it_depends_on(tmp_path: Path) -> None:
    record = Record("spreekuur", tmp_path, ["spreekuur", "T"])

    solving.benchmark([TINY], (SECONDS,), record)

    content = json.loads((tmp_path / "spreekuur.json").read_text("utf-8"))
    row, cell = content["rows"][0], content["cells"][0]
    assert content.keys() >= RECORDED
    assert content["machine"].keys() >= {"processor", "cores", "memory_bytes"}
    assert content["versions"].keys() >= {"python", "ortools", "highspy", "pyscipopt"}
    assert row.keys() == PROMISED
    assert row["planned"] > 0
    assert row["trouble"] is None
    assert row["weight"] <= row["bound"]
    assert row["gap"] == pytest.approx(1 - row["weight"] / row["bound"], abs=1e-5)
    assert row["peak_mib"] > 50
    assert {"candidates", "packing", "reasons"} <= row["stages"].keys()
    assert cell["gap"]["median"] == row["gap"]
    assert "T-100" in (tmp_path / "spreekuur.md").read_text("utf-8")


def test_a_run_that_died_is_written_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = Baseline(0, Score()).as_file()

    def dying(command: Sequence[str]) -> Measured:
        content: dict[str, Any] = {
            "format": FORMAT,
            "instance": read_instance(Path(command[2])).name,
            "bound": None,
            "gap": None,
            "compared": {FIRST_COME: nothing, BEST_GREEDY: nothing},
            "assignments": [],
            "run": {"trouble": "it died", "seconds": {}},
        }
        Path(command[4]).write_text(json.dumps(content), "utf-8")
        return Measured(wall=1.0, peak_mib=100, code=0, out="", err="")

    monkeypatch.setattr(solving, "measured", dying)

    solving.benchmark([TINY], (SECONDS,), Record("spreekuur", tmp_path, ["spreekuur", "T"]))

    row = json.loads((tmp_path / "spreekuur.json").read_text("utf-8"))["rows"][0]
    assert (row["bound"], row["gap"], row["trouble"]) == (None, None, "it died")
    assert "it died" in (tmp_path / "spreekuur.md").read_text("utf-8")
    assert "gap unknown" in capsys.readouterr().out


def test_a_run_is_followed_from_the_start_of_its_process(tmp_path: Path) -> None:
    problem = Problem.of(TINY, tmp_path)
    began = time.monotonic()

    run = followed(problem, SECONDS)

    seconds = [point["seconds"] for point in run.points]
    assert seconds == sorted(seconds)
    assert 0.1 < seconds[0] <= seconds[-1] < time.monotonic() - began
    assert run.quality.weight == run.points[-1]["weight"]
    assert 0 < growth.preparation(run.stages) < seconds[-1]


def test_growth_is_drawn_and_written(tmp_path: Path) -> None:
    growth.benchmark((60, 120), 100, (1,), SECONDS, Record("growth", tmp_path, ["growth"]))

    content = json.loads((tmp_path / "growth.json").read_text("utf-8"))
    assert content.keys() >= RECORDED
    assert [row["requests"] for row in content["rows"]] == [60, 120]
    assert content["growth"]["preparation"]["count"] == 2
    assert content["growth"]["peak_mib"]["exponent"] == pytest.approx(0.0, abs=0.5)
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_what_the_api_answers_is_written_and_none_of_it_fails(tmp_path: Path) -> None:
    rows = serving.benchmark(600, ["sqlite"], 2, 1.0, Record("serve", tmp_path, ["serve"]))

    content = json.loads((tmp_path / "serve.json").read_text("utf-8"))
    assert content.keys() >= RECORDED
    assert len(content["rows"]) == len(rows)
    assert {row.operation for row in rows if row.clients == 1} == {"options"}
    assert {row.operation for row in rows if row.clients == 2} <= serving.MIX.keys()
    assert [row for row in rows if row.failed or row.later] == []
    assert all(0 < row.p50 <= row.p95 <= row.p99 for row in rows)
    assert "options" in (tmp_path / "serve.md").read_text("utf-8")


def test_curves_are_drawn_and_written(tmp_path: Path) -> None:
    curve.benchmark([TINY], SECONDS, Record("curve", tmp_path, ["curve"]))

    content = json.loads((tmp_path / "curve.json").read_text("utf-8"))
    drawn = content["curves"][0]
    assert content.keys() >= RECORDED
    assert drawn["points"][-1][1] == pytest.approx(drawn["gap"], abs=1e-9)
    assert drawn["first_come"] >= drawn["best_greedy"] >= drawn["gap"]
    assert (tmp_path / "curve-T-100-1.png").read_bytes().startswith(b"\x89PNG")


def test_a_plan_that_breaks_a_rule_is_not_measured(tmp_path: Path) -> None:
    problem = Problem.of(TINY, tmp_path)
    block = problem.instance.availabilities[0]
    start = 1440 * block.day + block.start
    twice = [
        {"request": request.id, "availability": block.id, "start": start}
        for request in problem.instance.requests[:2]
    ]
    content = {"format": FORMAT, "instance": problem.instance.name, "assignments": twice}
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(content))

    with pytest.raises(BrokenPlanError, match="does not pass the check"):
        checked(problem, file, content)

    file.write_text(json.dumps(content | {"assignments": []}))  # the control
    assert checked(problem, file, content | {"assignments": []}).planned == 0


def test_the_module_runs_as_a_command() -> None:
    command = [sys.executable, "-m", "benchmarks", "--help"]

    run = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "vitoria-M-drop10" in run.stdout
