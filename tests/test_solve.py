"""`spreekuur solve` as a user runs it: real processes, on worlds that are made up."""

import gc
import io
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from api.progress import watched
from benchmarks.generator import generate, write
from benchmarks.shapes import SIZES
from solver import process
from solver.options import Options, Progress
from solver.process import Solved, plan
from tests.command_line import PATIENCE, Ran, Terminal, called, child_of, ends, run, started
from tests.facts import facts_of
from tests.worlds import Json, a_location, an_instance, case_a1

SERVICE = replace(SIZES["S"], name="service", requests=330, practitioners=12, locations=2)
"""More than one component of which is solved as one model: it takes the search as well."""
LOAD = 130
WITHOUT_END = ("--iterations", 10**9)
"""So many that only a signal ends the run."""
PROGRESS = re.compile(r"[\d,]+ planned, weight [\d,]+.*?\((?P<stage>[^()]+)\)")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("service") / "service.json.gz"
    write(generate(SERVICE, LOAD, seed=1), file)
    return file


def without_seconds(plan: bytes) -> bytes:
    """The bytes of a plan file but for the one key that may differ from run to run."""
    shorter, count = re.subn(rb'"seconds":\{[^{}]*\}', b"", plan)
    assert count == 1
    return shorter


def assert_good(service: Path, plan: bytes) -> Json:
    """It keeps every rule, and scores what it says."""
    checked = called("check", service, stdin=plan)
    content: Json = json.loads(plan)
    assert checked.code == 0
    assert json.loads(checked.out) == content["score"]
    return content


# --- The plan ---------------------------------------------------------------------------------------


def counted(service: Path, workers: int, hash_seed: str) -> Ran:
    """A run that counts iterations, in a process with an order of its own in its sets."""
    return run(
        *("solve", service, "--iterations", 6, "--workers", workers), PYTHONHASHSEED=hash_seed
    )


@pytest.fixture(scope="module")
def planned(service: Path) -> Ran:
    return counted(service, workers=1, hash_seed="1")


def test_a_plan_on_standard_output_is_all_that_is_said(planned: Ran) -> None:
    assert (planned.code, planned.err) == (0, "")
    assert planned.out.count(b"\n") == 1
    assert planned.out.endswith(b"}\n")


def test_the_plan_keeps_every_rule_and_is_better_than_the_best_greedy(
    service: Path, planned: Ran
) -> None:
    plan = assert_good(service, planned.out)

    greedy, weight = plan["compared"]["best_greedy"]["weight"], plan["score"]["weight"]
    assert greedy <= weight <= plan["bound"]
    assert plan["gap"] == round((plan["bound"] - weight) / plan["bound"], 6)
    assert plan["run"]["iterations"] == 6


def test_every_request_is_planned_or_explained(planned: Ran) -> None:
    plan = json.loads(planned.out)

    named = [line["request"] for part in ("assignments", "unplanned") for line in plan[part]]

    assert sorted(named) == sorted(
        request["id"] for request in generate(SERVICE, LOAD, 1)["requests"]
    )
    assert all(left_out["reasons"] for left_out in plan["unplanned"])


def test_the_same_seed_and_iterations_give_the_same_bytes_with_more_workers(
    service: Path, planned: Ran
) -> None:
    again = counted(service, workers=2, hash_seed="2")

    assert without_seconds(again.out) == without_seconds(planned.out)


def test_a_pipe_leads_from_solve_to_check_and_the_time_limit_is_kept(service: Path) -> None:
    began = time.monotonic()
    with (
        started("solve", service, "--seed", 2, "--time-limit", 3) as solve,
        started("check", service, stdin=solve.stdout) as check,
    ):
        score, complaints = check.communicate(timeout=PATIENCE)
        took = time.monotonic() - began
        _, more_complaints = solve.communicate(timeout=PATIENCE)

    assert (solve.returncode, check.returncode) == (0, 0)
    assert (complaints, more_complaints) == (b"", b"")
    assert json.loads(score)["weight"] > 0
    assert took < 3 + 40  # roughly: the machine may be busy with something else


EMPTY: dict[str, Json] = {
    "nobody asks": an_instance(requests=[], employees=[]),
    "nobody works": an_instance(availabilities=[], locations=[a_location()]),
}


@pytest.mark.parametrize("sentence", EMPTY)
def test_where_nothing_can_be_planned_nothing_is(tmp_path: Path, sentence: str) -> None:
    world = EMPTY[sentence]
    file = tmp_path / "empty.json"
    file.write_text(json.dumps(world))

    ran = run("solve", file, "--iterations", 1)

    assert (ran.code, ran.err) == (0, "")
    plan = assert_good(file, ran.out)
    assert plan["assignments"] == []
    assert (plan["bound"], plan["gap"], plan["status"]) == (0, 0.0, "OPTIMAL")
    assert len(plan["unplanned"]) == len(world["requests"])


@pytest.mark.parametrize(
    "options",
    [
        ("--time-limit", "0"),
        ("--time-limit", "nan"),
        ("--time-limit", "inf"),
        ("--time-limit", "soon"),
        ("--iterations", "-1"),
        ("--iterations", "1.5"),
        ("--seed", "-1"),
        ("--seed", "99999999999"),
        ("--workers", "0"),
        ("--colour", "red"),
    ],
    ids=" ".join,
)
def test_an_option_that_cannot_be_is_refused(service: Path, options: tuple[str, str]) -> None:
    ran = called("solve", service, *options)

    assert (ran.code, ran.out) == (2, b"")
    assert options[0] in ran.err
    assert "Traceback" not in ran.err


# --- On a terminal ----------------------------------------------------------------------------------


def run_until(
    seen: Callable[[str], bool], terminal: Terminal, process: "subprocess.Popen[bytes]"
) -> None:
    """Wait until the terminal shows it."""
    assert any(seen(text) for text in terminal.read(process)), terminal.seen


def shows_two_stages(text: str) -> bool:
    """By the time of the second, the plan of the first has reached the parent."""
    return len(set(PROGRESS.findall(text))) > 1


def test_on_a_terminal_a_line_follows_the_run_and_is_gone_in_the_end(
    service: Path, tmp_path: Path
) -> None:
    output = tmp_path / "plan.json"
    with (
        Terminal() as terminal,
        started(
            *("solve", service, "--output", output, "--time-limit", 3),
            stderr=terminal.end,
            environment={"TERM": "xterm", "COLUMNS": "120"},
        ) as process,
    ):
        run_until(shows_two_stages, terminal, process)
        *_, everything = terminal.read(process)

    line = re.search(
        r"([\d,]+) planned, weight ([\d,]+) of at most [\d,]+, gap [\d.]+%, \d+ s", everything
    )
    assert line
    assert everything.endswith("\x1b[2K")  # the line is gone
    assert process.returncode == 0
    assert_good(service, output.read_bytes())


def test_forced_colours_are_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    # many a build server sets this
    monkeypatch.setenv("FORCE_COLOR", "1")
    log = io.StringIO()

    with watched(Console(file=log)) as on_progress:
        on_progress(Progress("greedy plans", planned=1, weight=1, bound=None, seconds=0.0))

    assert not log.getvalue()


# --- Killed, interrupted ----------------------------------------------------------------------------


def test_a_child_that_is_killed_leaves_the_best_plan_so_far(service: Path, tmp_path: Path) -> None:
    output = tmp_path / "plan.json"
    with (
        Terminal() as terminal,
        started(
            *("solve", service, "--output", output, *WITHOUT_END),
            stderr=terminal.end,
            environment={"TERM": "xterm", "COLUMNS": "120"},
        ) as process,
    ):
        run_until(shows_two_stages, terminal, process)
        child_of(process).kill()
        *_, everything = terminal.read(process)

    assert process.returncode == 0
    assert "Traceback" not in everything
    assert everything.count("spreekuur: ") == 1
    plan = assert_good(service, output.read_bytes())
    assert plan["assignments"]
    assert "died" in plan["run"]["trouble"]
    assert plan["run"]["trouble"] in everything


def test_a_child_that_is_killed_before_it_has_a_plan_leaves_one_line(
    service: Path, tmp_path: Path
) -> None:
    with started("solve", service, "--output", tmp_path / "plan.json", *WITHOUT_END) as process:
        child_of(process).kill()
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out) == (3, b"")
    assert err.startswith(b"spreekuur: no plan: ")
    assert err.count(b"\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moment", ["while it loads", "while it plans"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "kill"]
)
def test_a_run_that_is_stopped_leaves_nothing(
    service: Path, tmp_path: Path, moment: str, number: signal.Signals, code: int
) -> None:
    output = tmp_path / "plan.json"
    with started("solve", service, "--output", output, *WITHOUT_END) as process:
        child = child_of(process)
        if moment == "while it plans":
            time.sleep(2)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)

        assert (process.returncode, out, err) == (code, b"", b"")
        assert ends(child)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_no_traceback_even_where_the_child_is_the_first_to_get_it(
    service: Path, tmp_path: Path
) -> None:
    with started("solve", service, "--output", tmp_path / "plan.json", *WITHOUT_END) as process:
        child_of(process)
        time.sleep(0.3)
        # a terminal sends it to the whole process group; here the parent takes a little longer
        process.send_signal(signal.SIGSTOP)
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, err) == (130, b"")


def test_a_child_whose_parent_is_killed_ends_by_itself_without_a_word(
    service: Path, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    with (
        said.open("wb") as err,
        started("solve", service, *WITHOUT_END, stderr=err) as process,
    ):
        child = child_of(process)
        time.sleep(2)
        process.kill()

        assert ends(child)
    assert said.read_text() == ""


def test_planning_leaves_no_pipe_open() -> None:
    before = psutil.Process().num_fds()

    solved = plan(facts_of(EMPTY["nobody asks"]), Options(iterations=0))

    assert isinstance(solved, Solved)
    assert psutil.Process().num_fds() == before
    gc.collect()  # complains of what nobody closed


class _EnoughError(Exception):
    """Somebody wants it to end."""


def test_whoever_listens_can_end_it_while_the_planning_process_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        process, "TOLD_AGAIN", 0.02
    )  # it takes longer to start, and says nothing meanwhile
    heard: list[Progress] = []

    def listen(progress: Progress) -> None:
        heard.append(progress)
        if len(heard) == 3:
            raise _EnoughError

    with pytest.raises(_EnoughError):
        process.plan(facts_of(case_a1()), Options(time_limit=30), listen)

    assert [one.stage for one in heard] == ["begun"] * 3
    assert heard[0].seconds < heard[1].seconds < heard[2].seconds
