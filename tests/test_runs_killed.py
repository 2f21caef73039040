"""A run killed anywhere, started five times, stopped past its lease, with planners at work beside it (P14, F1-F5).

Each time: a request is planned at most once, no rule is broken, what was made by hand is as it was, and
in the end the record is done and answers for everybody.
"""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier, Semaphore
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psutil
import pytest
from sqlalchemy import Engine, delete, event, func, select
from sqlalchemy.pool import NullPool

from models import Base, database
from models.appointments import Appointment, History
from models.database import reading, writing
from models.outbox import Event
from models.runs import JobRun, RunOutcome, RunState
from scheduler.actor import NOBODY, Actor
from scheduler.booking import Place, Target, book_one, move
from scheduler.lifecycles import OutdatedError
from scheduler.planning import watch
from scheduler.planning.lease import Held, LostLeaseError
from scheduler.planning.run import RunResult
from scheduler.planning.taking_back import take_back
from scheduler.refusals import RefusedError
from solver.options import Progress
from solver.process import plan
from tests.forking import ended, forking, kill, started, told_by
from tests.nights import (
    NOW,
    WEEK,
    Clinic,
    abandon,
    assert_answered,
    assert_sound,
    clinic,
    emptied,
    night,
    run,
    run_of,
    standing,
)
from tests.records import DATABASES, at, fresh
from tests.waiting import PATIENCE

KILLED_AT = 20
"""Places in a run at which it is killed."""
LEASE = timedelta(seconds=1)
SMALL_BATCHES = replace(WEEK, batch=8)


@pytest.fixture(scope="module", params=DATABASES)
def records(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def engine(records: Engine) -> Engine:
    return emptied(records)


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    """One that is stopped would keep the tests from ending."""
    yield
    for one in multiprocessing.active_children():
        kill(one.pid)
        one.join()


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def in_a_group_of_its_own(url: str) -> Engine:
    """A process that can be killed with whatever it starts, and an engine of its own.

    It does not keep its progress, which goes by the clock: each run takes the same steps.
    """
    os.setpgid(0, 0)
    watch.KEEP_EVERY = 1e9
    return database.engine(url, poolclass=NullPool)


def kill_this_group() -> None:
    os.killpg(0, signal.SIGKILL)


# --- Killed -------------------------------------------------------------------------------------------


def count_statements(engine: Engine, at_each: Callable[[int], None]) -> None:
    """Call with the number of each statement before it goes, and of each commit: nothing hides between two."""
    count = 0

    def step(*_: object) -> None:
        nonlocal count
        if threading.current_thread() is not threading.main_thread():
            return  # the heart, which beats when it likes
        count += 1
        at_each(count)

    event.listen(engine, "before_cursor_execute", step)
    event.listen(engine, "commit", step)


def run_counted(url: str, told: "SimpleQueue[int]") -> None:
    """A run to its end; tells how many steps it took."""
    own, steps = in_a_group_of_its_own(url), [0]
    count_statements(own, steps.append)
    night(own, SMALL_BATCHES)
    told.put(steps[-1])


def run_killed(url: str, at_step: int) -> None:
    """A run that is killed before its step of that number."""
    own = in_a_group_of_its_own(url)
    count_statements(own, lambda number: kill_this_group() if number == at_step else None)
    night(own, SMALL_BATCHES)


def test_killed_at_twenty_places_and_started_again(engine: Engine) -> None:
    """The places lie evenly over all statements and commits of the run, from the first to the last."""
    here = clinic(engine)
    engine.dispose()
    steps = steps_of_a_run(engine)
    undo(engine)
    booked_before: set[int] = set()

    for place in range(KILLED_AT):
        at_step = 1 + place * (steps - 1) // (KILLED_AT - 1)
        killed = started(run_killed, url_of(engine), at_step)
        assert ended(killed) == -signal.SIGKILL, f"step {at_step} of {steps}"
        booked_before.add(len(standing(engine)))
        abandon(engine)
        result = night(engine, SMALL_BATCHES)

        assert_sound(engine)
        assert len(standing(engine)) == 24
        last = the_last_run(engine)
        assert (result.state, last.state) == (RunState.DONE, RunState.DONE)
        if result.report["planned"]:
            assert_answered(here, result.run_id)
        undo(engine)

    # from before the first batch to after the last
    assert booked_before == {0, 8, 16, 24}


def steps_of_a_run(engine: Engine) -> int:
    told: SimpleQueue[int] = forking().SimpleQueue()
    whole = started(run_counted, url_of(engine), told)
    (steps,) = told_by([whole], told)
    assert ended(whole) == 0
    return steps


def undo(engine: Engine) -> None:
    """Take every run back: all requests are open again."""
    for run_id in {one.run_id for one in standing(engine).values() if one.run_id}:
        take_back(engine, run_id, by=NOBODY, now=NOW)
    assert standing(engine) == {}
    with writing(engine) as session:  # who is left out is news once more
        session.execute(delete(RunOutcome))


def the_last_run(engine: Engine) -> JobRun:
    with reading(engine) as session:
        return session.scalars(select(JobRun).order_by(JobRun.started_at.desc()).limit(1)).one()


def run_killed_while_it_plans(url: str, at_stage: str) -> None:
    own = in_a_group_of_its_own(url)

    def watch(progress: Progress) -> None:
        if progress.stage == at_stage:
            kill_this_group()

    night(own, WEEK, solve=plan, on_progress=watch)


@pytest.mark.parametrize("stage", ["bound", "solved"])
def test_killed_while_the_child_plans_and_started_again(engine: Engine, stage: str) -> None:
    here = clinic(engine)
    engine.dispose()
    killed = started(run_killed_while_it_plans, url_of(engine), stage)
    assert ended(killed) == -signal.SIGKILL
    assert standing(engine) == {}
    before = the_last_run(engine)

    abandon(engine)
    result = night(engine)

    assert (result.run_id, result.state) == (before.id, RunState.DONE)
    assert run(engine, result.run_id).token == 2
    assert len(standing(engine)) == 24
    assert_sound(engine)
    assert_answered(here, result.run_id)


# --- Started five times ---------------------------------------------------------------------------------

FIVE = 5


def run_with_others(
    url: str, ready: Barrier, answered: Semaphore, told: "SimpleQueue[bool]"
) -> None:
    own = in_a_group_of_its_own(url)
    ready.wait()

    def wait_for_the_others(progress: Progress) -> None:
        if progress.stage == "loaded":
            for _ in range(FIVE - 1):
                assert answered.acquire(timeout=PATIENCE), "one has no answer"

    result = run_of(own, on_progress=wait_for_the_others)
    answered.release()
    told.put(isinstance(result, RunResult))


def test_of_five_processes_at_once_one_runs(engine: Engine) -> None:
    here = clinic(engine)
    engine.dispose()
    ready, answered = forking().Barrier(FIVE, timeout=PATIENCE), forking().Semaphore(0)
    told: SimpleQueue[bool] = forking().SimpleQueue()
    five = [started(run_with_others, url_of(engine), ready, answered, told) for _ in range(FIVE)]
    answers = told_by(five, told)
    assert {ended(one) for one in five} == {0}

    assert sorted(answers) == [False] * (FIVE - 1) + [True]
    assert len(standing(engine)) == 24
    assert_sound(engine)
    assert_answered(here, the_last_run(engine).id)


# --- Stopped past its lease -----------------------------------------------------------------------------

IN_HALF_A_BATCH = 0.5
"""Of all steps of a run: by then it has booked some batches, and is amid another."""


def stop_this_process() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def run_stopped(url: str, at_stage: str, at_step: int, told: "SimpleQueue[str]") -> None:
    """A run that is stopped when it comes to that stage or step; tells how it went on when it woke."""
    own = in_a_group_of_its_own(url)
    been: list[Progress] = []
    beating = threading.Lock()
    beat = Held.beat

    def beat_alone(held: Held, *told_: Any, **others: Any) -> Any:
        with beating:
            return beat(held, *told_, **others)

    def at_progress(progress: Progress) -> None:
        if progress.stage == at_stage and not been:
            been.append(progress)
            with beating:  # the heart may be at it, and would keep SQLite's only writer
                stop_this_process()

    count_statements(own, lambda number: stop_this_process() if number == at_step else None)
    try:
        with patch.object(Held, "beat", beat_alone):
            night(own, replace(SMALL_BATCHES, lease=LEASE), on_progress=at_progress)
    except LostLeaseError:
        told.put("lost its lease")
    else:
        told.put("wrote on")


def run_stopped_unfenced(url: str, at_stage: str, at_step: int, told: "SimpleQueue[str]") -> None:
    """The same, and nobody asks whose the run is."""
    with patch.object(Held, "_ours", lambda *_, **__: None):
        run_stopped(url, at_stage, at_step, told)


def written(engine: Engine) -> dict[str, Any]:
    """All that a run writes: how many rows there are, and what the runs say."""
    counted = {table.__tablename__: func.count() for table in (Appointment, History, Event)}
    with reading(engine) as session:
        rows = {
            name: session.scalar(select(count).select_from(Base.metadata.tables[name]))
            for name, count in counted.items()
        }
        runs = select(JobRun.id, JobRun.state, JobRun.report, RunOutcome.request_id)
        answers = runs.outerjoin(RunOutcome, RunOutcome.run_id == JobRun.id)
        return rows | {"answers": sorted(map(str, session.execute(answers)))}


def wait_until_stopped(process: Any) -> None:
    """And a lease longer."""
    deadline = time.monotonic() + PATIENCE
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        assert time.monotonic() < deadline, "it goes on and on"
        time.sleep(0.01)
    time.sleep(LEASE.total_seconds())


def wake(process: Any) -> None:
    os.kill(process.pid, signal.SIGCONT)


@pytest.mark.parametrize("stage", ["checked", "booking", "explaining"])
def test_who_is_stopped_past_his_lease_writes_nothing_after_another_has_come(
    engine: Engine, stage: str
) -> None:
    here = clinic(engine)
    engine.dispose()
    told: SimpleQueue[str] = forking().SimpleQueue()
    sleeper = started(run_stopped, url_of(engine), stage, 0, told)
    wait_until_stopped(sleeper)

    result = night(engine)
    before = written(engine)
    wake(sleeper)

    assert told_by([sleeper], told) == ["lost its lease"]
    assert ended(sleeper) == 0
    assert written(engine) == before
    assert (result.state, run(engine, result.run_id).token) == (RunState.DONE, 2)
    assert len(standing(engine)) == 24
    assert_sound(engine)
    assert_answered(here, result.run_id)


def test_control_without_the_fence_who_was_stopped_writes_on(engine: Engine) -> None:
    clinic(engine)
    engine.dispose()
    told: SimpleQueue[str] = forking().SimpleQueue()
    sleeper = started(run_stopped_unfenced, url_of(engine), "checked", 0, told)
    wait_until_stopped(sleeper)

    night(engine)
    wake(sleeper)

    assert told_by([sleeper], told) == ["wrote on"]
    assert ended(sleeper) == 0


def test_who_is_stopped_amid_a_transaction_does_not_commit_it(engine: Engine) -> None:
    """Nobody can take over while he has the row (on SQLite: the database) to himself; and he gives up."""
    here = clinic(engine)
    engine.dispose()
    at_step = int(steps_of_a_run(engine) * IN_HALF_A_BATCH)
    emptied(engine)
    here = clinic(engine)
    told: SimpleQueue[str] = forking().SimpleQueue()
    sleeper = started(run_stopped, url_of(engine), "", at_step, told)
    wait_until_stopped(sleeper)
    before = written(engine)

    wake(sleeper)

    assert told_by([sleeper], told) == ["lost its lease"]
    assert ended(sleeper) == 0
    assert 0 < len(standing(engine)) < 24
    assert written(engine) == before
    result = night(engine)
    assert len(standing(engine)) == 24
    assert_sound(engine)
    assert_answered(here, result.run_id)


# --- With planners at work --------------------------------------------------------------------------------


class Planner(threading.Thread):
    """Somebody who books and moves by hand, fifty times a second, and knows where he has put whom."""

    def __init__(self, here: Clinic, seed: int) -> None:
        super().__init__(daemon=True)
        self.put: dict[UUID, tuple[UUID, datetime]] = {}
        self.over = threading.Event()
        self._here = here
        self._chance = random.Random(seed)

    def run(self) -> None:
        while not self.over.wait(0.02):
            with suppress(RefusedError, OutdatedError):
                self._move() if self.put and self._chance.random() < 0.3 else self._book()

    def _place(self) -> tuple[UUID, datetime]:
        which = self._chance.randrange(len(self._here.availabilities))
        start = at("08:00", day=which % 2) + timedelta(minutes=5 * self._chance.randrange(36))
        return self._here.availabilities[which], start

    def _book(self) -> None:
        with self._here.engine.begin() as connection:
            request = self._here.ask(connection)
        where = self._place()
        with writing(self._here.engine) as session:
            place = Place(request, *where)
            appointment = book_one(session, place, **self._how())
        self.put[appointment] = where

    def _move(self) -> None:
        appointment, where = self._chance.choice(list(self.put)), self._place()
        with writing(self._here.engine) as session:
            move(session, appointment, Target(*where), **self._how())
        self.put[appointment] = where

    def _how(self) -> dict[str, Any]:
        return {"by": Actor(self._here.account), "now": NOW, "not_before": NOW}


@pytest.mark.parametrize("seed", range(2))
def test_what_is_booked_and_moved_by_hand_meanwhile_stays_where_it_was_put(
    engine: Engine, seed: int
) -> None:
    """The run's snapshot leaves no place free, so whatever the planner takes was planned for somebody."""
    here = clinic(engine)
    planner = Planner(here, seed)

    def follow(progress: Progress) -> None:
        if progress.stage == "loaded" and not planner.is_alive():
            planner.start()
        while progress.stage == "solved" and not planner.put:
            time.sleep(0.001)
        time.sleep(0.02)

    result = night(engine, replace(WEEK, batch=4), on_progress=follow)
    planner.over.set()
    planner.join()

    by_hand = standing(engine, Appointment.run_id.is_(None))
    assert {
        key: (one.availability_id, one.starts_at) for key, one in by_hand.items()
    } == planner.put
    assert result.state is RunState.DONE
    assert sum(result.report["zones"][0]["refused"]) > 0
    assert_sound(engine)
    assert_answered(here, result.run_id)
