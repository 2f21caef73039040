"""Runs by real workers on PostgreSQL and Redis: shared, killed, stopped, started again, with planners at work (P14, F1-F5, F8)."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from api.workers import ENDED_AMID, bell_at
from models.appointments import Appointment
from models.database import reading, writing
from models.runs import JobRun, RunOutcome, RunShare, RunState
from scheduler import clock
from scheduler.actor import NOBODY
from scheduler.booking import Place, book_one
from scheduler.lifecycles import OutdatedError
from scheduler.options import options
from scheduler.planning import claims, sharing
from scheduler.planning.helping import help_out
from scheduler.planning.night import RunSettings
from scheduler.planning.run import RunResult, plan_open_requests
from scheduler.planning.working import work
from scheduler.refusals import RefusedError
from tests.effort import sized
from tests.nights import (
    NOW,
    WEEK,
    assert_sound,
    clinic,
    emptied,
    outcomes_of,
    run,
    standing,
)
from tests.records import fresh
from tests.workers import Fleet, a_fleet

LEASE = timedelta(seconds=2)
KILLS = sized(20, 50)
SMALL = replace(WEEK, batch=4, lease=LEASE, iterations=1, rounds=1)


@pytest.fixture(scope="module", params=["postgresql"])
def records(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def engine(records: Engine) -> Engine:
    return emptied(records)


@pytest.fixture
def weeks(engine: Engine) -> list[UUID]:
    """The requests of three clinics that share nothing: 24 of each 26 can be planned."""
    return [request for _ in range(3) for request in clinic(engine).requests]


SHARED = replace(SMALL, share=20)


def placed(engine: Engine, run_id: UUID) -> dict[UUID, tuple[object, object]]:
    """Where the run says each request goes."""
    found = outcomes_of(engine, run_id)
    return {key: (one.availability_id, one.starts_at) for key, one in found.items()}


def nobody(_run_id: UUID, _most: int) -> int:
    return 0


def in_one_process(engine: Engine, settings: RunSettings) -> RunResult:
    result = plan_open_requests(engine, settings, now=NOW, by=NOBODY, ring=nobody)
    assert isinstance(result, RunResult)
    return result


# --- Shared ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("weeks")
def test_the_plan_of_two_workers_is_that_of_one_process(engine: Engine, redis_url: str) -> None:
    alone = in_one_process(engine, replace(SHARED, preview=True))

    with a_fleet(engine, redis_url, 2) as fleet:
        shared = fleet.await_end(fleet.ask(SHARED))

    assert shared.state is RunState.DONE, shared.report
    assert placed(engine, shared.id) == placed(engine, alone.run_id)
    assert shared.report is not None
    assert shared.report["planned"] == 72
    (zone,) = shared.report["zones"]
    assert any(what.startswith("shares: ") for what in zone["seconds"])
    assert_sound(engine)
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(RunShare)) == 0


@pytest.mark.usefixtures("weeks")
def test_workers_that_are_rung_plan_the_shares(
    engine: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bell = bell_at(redis_url)
    came: list[int] = []

    def ring(run_id: UUID, most: int) -> int:
        came.append(bell.help(run_id, most))
        return came[-1]

    # the run's own process plans none: whatever is answered, others have planned
    monkeypatch.setattr(sharing, "plan_one", lambda *_: None)
    with a_fleet(engine, redis_url, 2) as fleet:
        fleet.await_idle(2)
        settings = replace(SHARED, lease=timedelta(seconds=30))
        result = plan_open_requests(engine, settings, now=NOW, by=NOBODY, ring=ring)
    bell.close()

    assert isinstance(result, RunResult)
    assert came == [2]
    assert result.report["planned"] == 72
    assert_sound(engine)


@pytest.mark.usefixtures("weeks")
def test_whoever_answers_late_answers_nobody(engine: Engine) -> None:
    """A share of a run that has gone on without it."""
    held: list[claims.Claim] = []

    def ring(_run_id: UUID, _most: int) -> int:
        return 1

    original = claims.hand_out

    def take_one(session: Session, run_id: UUID, *given: Any) -> list[UUID]:
        keys = original(session, run_id, *given)
        taken = claims.claim(session, run_id)
        assert taken is not None
        held.append(taken)
        return keys

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "hand_out", take_one)
        settings = replace(SHARED, iterations=None, time_limit=3.0, preview=True)
        result = plan_open_requests(engine, settings, now=NOW, by=NOBODY, ring=ring)

    assert isinstance(result, RunResult)
    assert result.state is RunState.DONE
    with writing(engine) as session:
        assert not claims.keep(session, held[0], None)
    assert help_out(engine, result.run_id) == 0


# --- Killed, stopped, started again -----------------------------------------------------------------------


class Planner(threading.Thread):
    """Books by hand what he can, twenty times a second."""

    def __init__(self, engine: Engine, requests: list[UUID], seed: int) -> None:
        super().__init__(daemon=True)
        self._engine = engine
        self._left = list(requests)
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self.put: dict[UUID, tuple[object, object]] = {}

    def run(self) -> None:
        while self._left and not self._over.wait(0.05):
            request = self._left.pop(self._chance.randrange(len(self._left)))
            try:
                with writing(self._engine) as session:
                    found = options(session, request, now=NOW, not_before=NOW)
                    if not found:
                        continue
                    one = self._chance.choice(found)
                    place = Place(request, one.availability_id, one.starts_at)
                    made = book_one(session, place, by=NOBODY, now=NOW, not_before=NOW)
            except (RefusedError, OutdatedError):
                continue
            self.put[made] = (one.availability_id, one.starts_at)

    def stop(self) -> None:
        self._over.set()
        self.join()


@pytest.mark.hypothesis  # so that a soak kills more
def test_killed_again_and_again_with_a_planner_at_work(
    engine: Engine, weeks: list[UUID], redis_url: str
) -> None:
    chance = random.Random(7)
    planner = Planner(engine, weeks[::6], seed=7)
    with a_fleet(engine, redis_url, 2) as fleet:
        run_id = fleet.ask(SHARED)
        planner.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.2, 1.5))
            os.killpg(chance.choice(fleet.alive).pid, signal.SIGKILL)
            fleet.start()
            if fleet.run(run_id).state not in {RunState.WAITING, RunState.RUNNING}:
                run_id = fleet.ask(SHARED)
        ended = fleet.await_end(run_id)
        if ended.state is RunState.FAILED:  # too many had died of it
            ended = fleet.await_end(fleet.ask(SHARED))
    planner.stop()

    assert ended.state is RunState.DONE, ended.report
    assert_sound(engine)
    those = standing(engine)
    assert {
        key: (those[key].availability_id, those[key].starts_at) for key in planner.put
    } == planner.put
    assert all(those[key].version == 1 for key in planner.put)
    assert len({one.request_id for one in those.values()}) == len(those) >= 60


@pytest.mark.usefixtures("weeks")
def test_who_is_stopped_past_his_lease_writes_nothing_when_he_wakes(
    engine: Engine, redis_url: str
) -> None:
    with a_fleet(engine, redis_url, 1) as fleet:
        run_id = fleet.ask(SHARED)
        (sleeper,) = fleet.workers
        _until(fleet, run_id, RunState.RUNNING)
        os.killpg(sleeper.pid, signal.SIGSTOP)
        fleet.start()
        done = fleet.await_end(run_id)
        before = _rows(engine)
        os.killpg(sleeper.pid, signal.SIGCONT)
        time.sleep(3 * LEASE.total_seconds())

        assert _rows(engine) == before
        assert sleeper.poll() is None, "it goes on, with other runs"
    assert (done.state, done.token) == (RunState.DONE, 2)
    assert_sound(engine)


@pytest.mark.usefixtures("weeks")
def test_a_worker_that_is_told_to_end_leaves_its_run_to_the_next(
    engine: Engine, redis_url: str
) -> None:
    with a_fleet(engine, redis_url, 1) as fleet:
        run_id = fleet.ask(SHARED)
        (told,) = fleet.workers
        _until(fleet, run_id, RunState.RUNNING)
        told.terminate()
        assert told.wait(30) == ENDED_AMID
        fleet.start()
        done = fleet.await_end(run_id)

    assert (done.state, done.token) == (RunState.DONE, 2)
    assert len(standing(engine)) == 72
    assert_sound(engine)


@pytest.mark.usefixtures("weeks")
def test_of_five_who_ask_at_once_one_run_waits(engine: Engine) -> None:
    ready = threading.Barrier(5)
    told: list[str] = []
    fleet = Fleet(engine, None, log=None)  # type: ignore[arg-type]

    def ask() -> None:
        ready.wait()
        try:
            fleet.ask(SHARED)
        except RefusedError as error:
            told.append(error.refusals[0].code)
        else:
            told.append("waits")

    five = [threading.Thread(target=ask) for _ in range(5)]
    for one in five:
        one.start()
    for one in five:
        one.join()

    assert sorted(told) == ["run_waits"] * 4 + ["waits"]


@pytest.mark.usefixtures("weeks")
def test_a_run_that_so_many_died_of_is_not_tried_again(engine: Engine) -> None:
    fleet = Fleet(engine, None, log=None)  # type: ignore[arg-type]
    run_id = fleet.ask(SHARED)
    with writing(engine) as session:
        one = session.get_one(JobRun, run_id)
        one.state, one.token = RunState.RUNNING, 5

    assert work(engine, now=clock.now) == 0

    found = run(engine, run_id)
    assert found.state is RunState.FAILED
    assert found.report == {"trouble": "5 workers began it, and none of them was heard of again"}


# --- Without Redis ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("weeks")
def test_with_redis_away_all_night_the_run_happens_all_the_same(engine: Engine) -> None:
    with a_fleet(engine, "unix:///nowhere/redis.sock", 1) as fleet:
        done = fleet.await_end(fleet.ask(SHARED))
        told = fleet.told()

    assert done.state is RunState.DONE, told
    assert "Redis is away" in told
    assert len(standing(engine)) == 72


def _until(fleet: Fleet, run_id: UUID, state: RunState) -> None:
    deadline = time.monotonic() + 60
    while fleet.run(run_id).progress is None or fleet.run(run_id).state is not state:
        assert time.monotonic() < deadline, fleet.told()
        time.sleep(0.02)


def _rows(engine: Engine) -> list[object]:
    with reading(engine) as session:
        counts = [
            session.scalar(select(func.count()).select_from(table))
            for table in (Appointment, RunOutcome, RunShare)
        ]
        runs = session.execute(select(JobRun.id, JobRun.state, JobRun.token))
        return [*counts, sorted(map(str, runs))]
