"""`spreekuur plan` as a user runs it: on a database file, with the real planning process."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, make_url, select

from api.planning import _named
from models import database, migrations
from models.base import new_id
from models.database import reading
from models.requests import RequestState
from models.runs import JobRun, RunState
from scheduler.planning.asking import PLANNING
from scheduler.planning.lease import Job, start
from tests.command_line import Ran, called, child_of, ends, run, started
from tests.nights import (
    MONDAY,
    abandon,
    assert_answered,
    assert_sound,
    clinic,
    emptied,
    outcomes_of,
    standing,
    states,
)
from tests.waiting import PATIENCE

AHEAD = max(0, (datetime.now(UTC).date() - MONDAY).days // 7 + 2) * 7
"""Days from the tests' Monday to one that is still to come, by the clock that the command reads."""
FIRST = MONDAY + timedelta(days=AHEAD)
QUICKLY = ("--from", FIRST, "--days", 7, "--iterations", 2)
WITHOUT_END = ("--from", FIRST, "--days", 7, "--iterations", 10**9)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = database.engine(f"sqlite:///{tmp_path_factory.mktemp('plan')}/records.db")
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(file: Engine) -> Engine:
    return emptied(file)


def plan(engine: Engine, *arguments: object) -> Ran:
    return called("plan", "--database", engine.url, *arguments)


def content(ran: Ran) -> dict[str, Any]:
    assert (ran.code, ran.err) == (0, "")
    told: dict[str, Any] = json.loads(ran.out)
    return told


def text(ran: Ran) -> str:
    assert (ran.code, ran.err) == (0, "")
    return ran.out.decode()


# --- Planning -------------------------------------------------------------------------------------------


def test_it_plans_and_says_what_became_of_the_requests(engine: Engine) -> None:
    here = clinic(engine, day=AHEAD)

    said = text(plan(engine, *QUICKLY))

    (run_id,) = {one.run_id for one in standing(engine).values()}
    assert "24 of 26 open requests planned, 2 left out; the run is done" in said
    assert "no plan weighs more" in said
    assert "first come, first served" in said
    assert "in the way of the 2 left out: practitioner_free 2" in said
    assert "nothing that a planner may change would let 2 in" in said
    assert "26 requests compete for 24 places" in said
    assert f"run {run_id} in {engine.url}" in said
    assert f"spreekuur plan --take-back {run_id}" in said
    assert run_id is not None
    assert_sound(engine)
    assert_answered(here, run_id)


def test_as_json_it_says_what_the_record_says(engine: Engine) -> None:
    clinic(engine, day=AHEAD)

    told = content(plan(engine, *QUICKLY, "--json"))

    with reading(engine) as session:
        record = session.scalars(select(JobRun)).one()
    assert (told.pop("run"), told.pop("state")) == (str(record.id), "done")
    assert told.pop("database") == str(engine.url)
    assert told == record.report
    assert record.settings["iterations"] == 2


def test_the_plan_file_is_what_was_booked(engine: Engine, tmp_path: Path) -> None:
    clinic(engine, day=AHEAD)
    output = tmp_path / "plan.json"

    text(plan(engine, *QUICKLY, "-o", output))

    written = json.loads(output.read_text("utf-8"))
    assert written["format"] == "appt-plan/1"
    booked = {str(one.request_id): str(one.availability_id) for one in standing(engine).values()}
    assert {one["request"]: one["availability"] for one in written["assignments"]} == booked
    assert written["score"]["weight"] == written["bound"]
    assert len(written["unplanned"]) == 2
    assert written["run"]["seed"] == 1


def test_the_file_of_a_further_time_zone_has_its_name() -> None:
    assert _named(Path("a/plan.json.gz"), "Atlantic/Canary") == Path(
        "a/plan-Atlantic-Canary.json.gz"
    )


def test_a_preview_books_nothing(engine: Engine) -> None:
    clinic(engine, day=AHEAD)

    said = text(plan(engine, *QUICKLY, "--preview"))

    assert "24 of 26 open requests would be planned" in said
    assert "--take-back" not in said
    assert states(engine) == {RequestState.OPEN: 26}


def test_a_run_beside_another_says_since_when_that_one_runs(engine: Engine) -> None:
    clinic(engine, day=AHEAD)
    start(engine, Job(PLANNING, "", date(2027, 3, 1), {}), timedelta(minutes=1))
    with reading(engine) as session:
        since = session.scalars(select(JobRun.started_at)).one()

    assert f"since {since:%Y-%m-%d %H:%M:%S} UTC" in text(plan(engine, *QUICKLY))
    assert content(plan(engine, *QUICKLY, "--json")) == {"since": since.isoformat()}
    assert states(engine) == {RequestState.OPEN: 26}


# --- Taking back ----------------------------------------------------------------------------------------


def test_it_takes_a_run_back(engine: Engine) -> None:
    clinic(engine, day=AHEAD)
    first = content(plan(engine, *QUICKLY, "--json"))["run"]

    assert f"run {first}: 24 appointments taken back" in text(plan(engine, "--take-back", first))
    assert states(engine) == {RequestState.OPEN: 26}
    again = content(plan(engine, "--take-back", first, "--json"))
    assert again == {"run": first, "taken": [], "kept": {}}


def test_a_run_that_goes_on_is_not_taken_back(engine: Engine) -> None:
    held = start(engine, Job(PLANNING, "", date(2027, 3, 1), {}), timedelta(minutes=1))

    refused = plan(engine, "--take-back", getattr(held, "run_id", ""))

    assert refused.code == 3
    assert "goes on since" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--take-back", new_id()), "there is no run"),
        (("--take-back", "tonight"), "UUID"),
        (("--take-back", new_id(), "--preview"), "plans nothing"),
        (("--from", "tomorrow"), "tomorrow"),
        (("-o", "/nowhere/plan.json"), "no such folder"),
    ],
)
def test_what_is_asked_for_wrongly_is_refused(
    engine: Engine, arguments: tuple[object, ...], said: str
) -> None:
    refused = plan(engine, *arguments)

    assert refused.code == 2
    assert said in refused.err


def test_the_plan_does_not_take_the_place_of_the_database(engine: Engine) -> None:
    refused = plan(engine, "-o", make_url(engine.url).database)

    assert refused.code == 2


def test_without_a_database_there_is_nothing_to_plan(tmp_path: Path) -> None:
    refused = called("plan", "--database", f"sqlite:///{tmp_path}/none.db")

    assert refused.code == 2
    assert "spreekuur db upgrade" in refused.err


# --- Killed ---------------------------------------------------------------------------------------------


def test_killed_with_its_whole_group_it_is_taken_over_by_the_next_one(engine: Engine) -> None:
    here = clinic(engine, day=AHEAD)
    with started("plan", "--database", engine.url, *WITHOUT_END) as process:
        child = child_of(process)
        os.killpg(process.pid, signal.SIGKILL)
        assert ends(child)
    with reading(engine) as session:
        before = session.scalars(select(JobRun)).one()
    assert (before.state, standing(engine)) == (RunState.RUNNING, {})
    abandon(engine)

    done = run("plan", "--database", engine.url, *QUICKLY, "--json")

    told = content(done)
    assert (told["run"], told["state"]) == (str(before.id), "done")
    assert told["planned"] == 24
    assert_sound(engine)
    assert_answered(here, before.id)


def test_stopped_by_a_signal_it_says_so_in_its_record(engine: Engine) -> None:
    clinic(engine, day=AHEAD)
    with started("plan", "--database", engine.url, *WITHOUT_END) as process:
        child = child_of(process)
        process.terminate()
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
        assert ends(child)

    with reading(engine) as session:
        (record,) = session.scalars(select(JobRun))
    assert record.state is RunState.FAILED
    assert "SystemExit" in (record.report or {})["trouble"]
    assert outcomes_of(engine, record.id) == {}


@pytest.mark.parametrize("end", ["", "-wal"])
def test_no_file_of_the_database_is_written_over(engine: Engine, end: str) -> None:
    clinic(engine)
    there = Path(f"{engine.url.database}{end}")
    before = there.read_bytes() if there.exists() else None

    planned = plan(engine, *QUICKLY, "-o", there)
    exported = called("export", there, "--database", engine.url)

    for ran in (planned, exported):
        assert ran.code == 2
        assert "is what is read itself; name another file" in ran.err
    assert standing(engine) == {}
    assert before is None or there.read_bytes()[:16] == before[:16]


def test_a_day_beyond_the_calendar_is_one_line(engine: Engine) -> None:
    clinic(engine)
    for arguments in (
        ("plan", "--from", "9999-12-31", "--days", 366),
        ("plan", "--from", "0001-01-01"),
    ):
        ran = called(*arguments, "--database", engine.url)
        assert ran.code == 2
        assert "a day is beyond the calendar" in ran.err
        assert "Traceback" not in ran.err
