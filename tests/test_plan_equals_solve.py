"""`plan` over the database and `solve` on its export make the same plan: the same facts, the same seed, the same iterations."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.database import reading
from scheduler.actor import NOBODY
from scheduler.demo import demo_world
from scheduler.demo.living import bring_to_life, eve
from scheduler.exchange import export
from scheduler.planning.lease import Busy
from scheduler.planning.night import RunSettings
from scheduler.planning.run import plan_open_requests
from solver.files.instance import read_instance
from solver.files.plan import assignments_as_file
from solver.options import Options
from solver.process import GaveUp, plan
from tests.records import DATABASES, fresh

DAYS = 21
ITERATIONS = 2


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def test_the_plan_of_a_run_is_that_of_solve_on_the_export(engine: Engine, tmp_path: Path) -> None:
    world = demo_world(seed=3, requests=500)
    bring_to_life(engine, world)
    now = eve(world)
    with reading(engine) as session:
        content = export(session, now=now, from_day=world.start_date, days=DAYS)
    file = tmp_path / "export.json"
    file.write_text(json.dumps(content), "utf-8")
    instance = read_instance(file)

    solved = plan(instance, Options(iterations=ITERATIONS, seed=2))
    settings = RunSettings(from_day=world.start_date, days=DAYS, iterations=ITERATIONS, seed=2)
    run = plan_open_requests(engine, settings, now=now, by=NOBODY)

    assert not isinstance(solved, GaveUp)
    assert not isinstance(run, Busy)
    (made,) = run.files.values()
    assert made["assignments"] == assignments_as_file(instance, solved.plan)
    assert made["score"] == solved.score.as_file()
    assert made["bound"] == solved.bound
    assert run.report["planned"] == len(solved.plan) > 300
    left_out = {one["request"] for one in made["unplanned"]}
    planned = {one["request"] for one in made["assignments"]}
    assert left_out | planned == {request.id for request in instance.requests}


def test_the_eve_is_before_the_first_day_whatever_the_calendar_on_the_wall_says() -> None:
    world = demo_world(requests=500)

    noon = datetime.combine(world.start_date, time(12), tzinfo=UTC)

    assert eve(world) == noon - timedelta(days=1)
