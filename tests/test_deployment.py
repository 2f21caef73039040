"""What is deployed: the Procfile's processes on PostgreSQL and Redis, health that tells degraded from dead, alarms and their runbook."""

import base64
import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from sqlalchemy import Engine, update

from models.audit import Act
from models.database import writing
from models.runs import JobRun, RunState
from scheduler.actor import NOBODY
from scheduler.audit import Entry, Origin, record_reads
from scheduler.parameters import NIGHTLY_RUN_AT, put
from scheduler.planning import condition
from tests.http_client import Api, an_api
from tests.nights import NOW, WEEK, clinic, emptied, night
from tests.records import add, fresh
from tests.servers import started_redis
from tests.waiting import soon

ROOT = Path(__file__).parent.parent
PROCFILE = dict(
    line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines() if line
)
RULES = yaml.safe_load((ROOT / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]


# --- Health and figures -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def api(records: Engine) -> Iterator[Api]:
    emptied(records)
    with an_api(records) as made:
        yield made


def health(api: Api) -> dict[str, Any]:
    answer = api.client.get("/health")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_health_is_ok_where_nothing_is_in_trouble(api: Api) -> None:
    clinic(api.engine)
    night(api.engine)

    assert health(api) == {"status": "ok", "troubles": []}


def test_it_is_degraded_where_redis_is_away(api: Api) -> None:
    api.service.redis_answers = lambda: False

    assert health(api) == {"status": "degraded", "troubles": ["redis"]}
    assert "spreekuur_redis_up 0.0" in api.client.get("/metrics").text


def test_so_it_is_where_a_run_waits_and_nobody_comes(api: Api) -> None:
    with api.engine.begin() as connection:
        add(connection, "job_runs", state="waiting", lease_until=NOW - timedelta(days=900))

    assert health(api)["troubles"] == ["no_worker"]


def test_what_has_to_wait_for_its_turn_is_no_trouble(api: Api) -> None:
    """The only worker is at work: `now` is long before the lease of the one that goes on ends."""
    with api.engine.begin() as connection:
        long_ago, in_time = NOW - timedelta(days=900), NOW + timedelta(days=900)
        add(connection, "job_runs", state="running", lease_until=in_time)
        add(connection, "job_runs", kind="other", state="waiting", lease_until=long_ago)

    assert health(api)["troubles"] == []


def test_a_preview_or_one_that_was_called_off_says_nothing_of_the_night(api: Api) -> None:
    clinic(api.engine)
    result = night(api.engine)
    with writing(api.engine) as session:
        session.get_one(JobRun, result.run_id).state = RunState.FAILED
    with api.engine.begin() as connection:
        over = {"kind": "planning", "finished_at": NOW}
        add(connection, "job_runs", state="cancelled", **over)
        add(connection, "job_runs", state="done", preview=True, **over)

    assert health(api)["troubles"] == ["run_failed"]


def test_so_it_is_where_the_last_run_failed(api: Api) -> None:
    clinic(api.engine)
    result = night(api.engine)
    with writing(api.engine) as session:
        session.execute(
            update(JobRun).where(JobRun.id == result.run_id).values(state=RunState.FAILED)
        )

    assert health(api)["troubles"] == ["run_failed"]
    assert "spreekuur_run_last_planned 24.0" in api.client.get("/metrics").text


def test_so_it_is_where_nobody_ever_asked_for_a_night(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`spreekuur scheduler` was forgotten on the first day, and that day is long ago."""
    record_reads(api.engine, [Entry(Act.READ, "employees", "employees_view")], by=Origin(NOBODY))
    clinic(api.engine)
    assert health(api)["troubles"] == []

    monkeypatch.setattr(condition, "A_NIGHT", timedelta(0))
    assert health(api)["troubles"] == ["run_missed"]
    emptied(api.engine)
    assert health(api)["troubles"] == []  # there is nothing to plan in


def test_so_it_is_where_a_night_was_missed(api: Api) -> None:
    clinic(api.engine)
    with api.engine.begin() as connection:
        before = NOW - timedelta(days=900)
        add(connection, "job_runs", state="done", occasion="night of then", started_at=before)
    assert health(api)["troubles"] == ["run_missed"]

    with writing(api.engine) as session:
        put(session, NIGHTLY_RUN_AT, "")
    assert health(api)["troubles"] == []


def test_every_alarm_is_of_a_figure_that_there_is_and_is_in_the_runbook(api: Api) -> None:
    api.client.get("/nowhere")
    told = api.client.get("/metrics").text
    headings = set(re.findall(r"^## (.+)$", (ROOT / "RUNBOOK.md").read_text("utf-8"), re.MULTILINE))

    for rule in RULES:
        for name in re.findall(r"spreekuur_\w+", rule["expr"]):
            assert f"# TYPE {name.removesuffix('_total')}" in told, name
        assert rule["alert"] in headings
        assert rule["annotations"]["runbook"] == f"RUNBOOK.md#{rule['alert'].lower()}"


# --- The processes ------------------------------------------------------------------------------------------


@contextmanager
def running(name: str, known: dict[str, str], *more: str) -> Iterator[subprocess.Popen[str]]:
    """A line of the Procfile, as it stands but for what is said beside it."""
    command, *arguments = shlex.split(PROCFILE[name])
    assert command == "spreekuur"
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("spreekuur")), *arguments, *more],
        env=os.environ | known,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, 1}, name
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str], wanted: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if wanted in line:
            return line
    raise AssertionError(f"it never said {wanted!r}")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_processes_of_the_procfile_do_the_night(engine: Engine) -> None:
    clinic(engine)
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    with ExitStack() as stack:
        redis = stack.enter_context(ExitStack())
        url = redis.enter_context(started_redis())
        known = {
            "SPREEKUUR_DATABASE": engine.url.render_as_string(hide_password=False),
            "SPREEKUUR_REDIS": url,
            "SPREEKUUR_SECRET_KEY": key,
            "PYTHONUNBUFFERED": "1",
        }
        web = stack.enter_context(running("web", known, "--port", "0"))
        address = first_line(web, "serving on").split()[2].rstrip(",")
        worker = stack.enter_context(running("worker", known))
        first_line(worker, "waiting for runs")
        first_line(stack.enter_context(running("scheduler", known)), "watching the clock")
        assert httpx2.get(f"{address}/health").json() == {"status": "ok", "troubles": []}

        with engine.begin() as connection:
            run = add(
                connection,
                "job_runs",
                kind="planning",
                state="waiting",
                settings=WEEK.kept(),
                token=0,
            )
        assert soon(lambda: state_of(engine, run) is RunState.DONE)

        redis.close()  # Redis goes: the service is degraded, and serves
        assert httpx2.get(f"{address}/health").json()["troubles"] == ["redis"]
        assert httpx2.get(f"{address}/ready").status_code == 200


def test_a_service_alone_does_the_night_in_a_child_of_its_own(engine: Engine) -> None:
    clinic(engine)
    known = {
        "SPREEKUUR_DATABASE": engine.url.render_as_string(hide_password=False),
        "SPREEKUUR_SECRET_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "PYTHONUNBUFFERED": "1",
    }
    with running("web", known, "--port", "0") as web:
        first_line(web, "serving on")
        with engine.begin() as connection:
            waiting = {"state": "waiting", "settings": WEEK.kept(), "token": 0}
            run = add(connection, "job_runs", kind="planning", **waiting)

        assert soon(lambda: state_of(engine, run) is RunState.DONE)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def state_of(engine: Engine, run: Any) -> RunState:
    with writing(engine) as session:
        return session.get_one(JobRun, run).state
