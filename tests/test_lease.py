"""Who holds a run: one of five, until he is away too long; then the next, and he writes nothing more (P14, E10)."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.pool import NullPool

from models import database, migrations
from models.base import new_id
from models.instants import database_now
from models.people import Employee
from models.runs import JobRun, RunState
from scheduler.planning import lease
from scheduler.planning.lease import Busy, Heartbeat, Held, Job, LostLeaseError, start
from tests.forking import ended, forking, started, told_by
from tests.records import DATABASES, fresh
from tests.waiting import PATIENCE, soon

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(seconds=0.2)
STARTS = 5
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def a_job(**changes: Any) -> Job:
    """Of a kind of its own, so that no other test stands in its way."""
    return replace(Job(new_id().hex, "", date(2027, 3, 1), {}), **changes)


def begun(engine: Engine, job: Job, lease: timedelta = MINUTE) -> Held:
    held = start(engine, job, lease)
    assert isinstance(held, Held)
    return held


def run_of(engine: Engine, run_id: UUID) -> JobRun:
    with database.reading(engine) as session:
        return session.get_one(JobRun, run_id)


def outlive(engine: Engine, held: Held) -> None:
    """Let the lease run out, as if the holder had been away."""
    with database.writing(engine) as session:
        session.execute(update(JobRun).where(JobRun.id == held.run_id).values(lease_until=LONG_AGO))


def write(held: Held, key: UUID, then: Callable[[], object] = lambda: None) -> None:
    """What a run does: write, as long as it holds."""
    with held.writing() as session:
        session.add(Employee(id=key, last_name="Employee 1"))
        session.flush()
        then()


def finish(held: Held) -> None:
    with database.writing(held.engine) as session:
        held.finish(session, RunState.DONE, {"planned": 3})


def written(engine: Engine, key: UUID) -> bool:
    with database.reading(engine) as session:
        return session.get(Employee, key) is not None


# --- One of five --------------------------------------------------------------------------------------


def test_of_five_starts_at_once_one_runs(engine: Engine) -> None:
    job, ready = a_job(), threading.Barrier(STARTS)

    def client(_: int) -> Held | Busy:
        ready.wait()
        return start(engine, job, MINUTE)

    with ThreadPoolExecutor(STARTS) as clients:
        found = list(clients.map(client, range(STARTS)))

    held = [one for one in found if isinstance(one, Held)]
    assert len(held) == 1
    started = run_of(engine, held[0].run_id).started_at
    assert [one for one in found if isinstance(one, Busy)] == [Busy(started)] * (STARTS - 1)


def _process(url: str, job: Job, ready: Barrier, found: "SimpleQueue[bool]") -> None:
    own = database.engine(url, poolclass=NullPool)
    ready.wait()
    found.put(isinstance(start(own, job, MINUTE), Held))


def test_of_five_processes_that_start_at_once_one_runs(engine: Engine) -> None:
    engine.dispose()
    ready = forking().Barrier(STARTS, timeout=PATIENCE)
    found: SimpleQueue[bool] = forking().SimpleQueue()
    url = engine.url.render_as_string(hide_password=False)
    job = a_job()
    processes = [started(_process, url, job, ready, found) for _ in range(STARTS)]
    runs = told_by(processes, found)
    assert {ended(process) for process in processes} == {0}

    assert sorted(runs) == [False] * (STARTS - 1) + [True]


def test_of_five_who_would_take_over_one_does(engine: Engine) -> None:
    job, ready = a_job(), threading.Barrier(STARTS)
    outlive(engine, begun(engine, job))

    def client(_: int) -> Held | Busy:
        ready.wait()
        return start(engine, job, MINUTE)

    with ThreadPoolExecutor(STARTS) as clients:
        found = list(clients.map(client, range(STARTS)))

    assert [one.token for one in found if isinstance(one, Held)] == [2]


def test_runs_of_another_kind_or_scope_are_not_in_the_way(engine: Engine) -> None:
    job = a_job()

    begun(engine, job)
    begun(engine, a_job(kind=job.kind, scope="elsewhere"))

    assert isinstance(start(engine, job, MINUTE), Busy)


def test_one_that_has_ended_makes_way_for_a_new_one(engine: Engine) -> None:
    job = a_job()
    first = begun(engine, job)
    finish(first)

    second = begun(engine, job)

    ended = run_of(engine, first.run_id)
    assert second.run_id != first.run_id
    assert (ended.state, ended.report) == (RunState.DONE, {"planned": 3})
    assert ended.finished_at is not None


# --- Taken over ---------------------------------------------------------------------------------------


def begun_and_tried_again(engine: Engine, lease: timedelta) -> Held | Busy:
    job = a_job()
    begun(engine, job, lease)
    return start(engine, job, MINUTE)


def test_a_run_is_taken_over_once_its_lease_has_run_out(engine: Engine) -> None:
    assert isinstance(begun_and_tried_again(engine, MINUTE), Busy)
    job = a_job()
    first = begun(engine, job, MOMENT)
    time.sleep(MOMENT.total_seconds())

    second = begun(engine, job)

    assert (second.run_id, second.token, second.taken_over) == (first.run_id, 2, True)


def test_who_was_away_past_his_lease_writes_nothing_more(engine: Engine) -> None:
    job = a_job()
    first = begun(engine, job)
    outlive(engine, first)
    begun(engine, job)
    key = new_id()

    for late in (lambda: write(first, key), first.beat, lambda: finish(first)):
        with pytest.raises(LostLeaseError):
            late()

    assert not written(engine, key)
    assert run_of(engine, first.run_id).state is RunState.RUNNING


def test_control_without_the_fence_his_write_lands(engine: Engine) -> None:
    job = a_job()
    first = begun(engine, job)
    outlive(engine, first)
    begun(engine, job)
    key = new_id()

    with database.writing(first.engine) as session:
        session.add(Employee(id=key, last_name="Employee 1"))

    assert written(engine, key)


def test_past_the_lease_nothing_is_written_even_where_nobody_took_over(engine: Engine) -> None:
    held = begun(engine, a_job())
    outlive(engine, held)

    with pytest.raises(LostLeaseError):
        write(held, new_id())


def test_who_is_stopped_within_a_transaction_does_not_commit_it(engine: Engine) -> None:
    held, key = begun(engine, a_job(), MOMENT), new_id()

    with pytest.raises(LostLeaseError):
        write(held, key, then=lambda: time.sleep(2 * MOMENT.total_seconds()))

    assert not written(engine, key)


def test_nothing_is_taken_from_a_holder_who_is_writing_at_that_moment(postgres_url: str) -> None:
    """Whoever asks is told so at once, rather than waiting for the holder's row.

    On SQLite one who writes makes all who would write wait.
    """
    engine = database.engine(postgres_url, poolclass=NullPool)
    migrations.upgrade(engine)
    answer, within = None, MOMENT

    while answer is None:
        job = a_job()
        held = begun(engine, job, within)
        # on a busy machine it may have run out before he writes
        with suppress(LostLeaseError), database.writing(engine) as session:
            held.fence(session)
            time.sleep(within.total_seconds())
            answer = start(engine, job, MINUTE)
        within *= 5

    assert isinstance(answer, Busy)


@pytest.mark.parametrize("other", [{"preview": True}, {"business_date": date(2027, 3, 2)}])
def test_what_was_begun_otherwise_is_closed_as_failed(
    engine: Engine, other: dict[str, Any]
) -> None:
    job = a_job()
    first = begun(engine, job)
    outlive(engine, first)

    second = begun(engine, a_job(kind=job.kind, **other))

    closed = run_of(engine, first.run_id)
    assert (second.taken_over, second.run_id == first.run_id) == (False, False)
    assert closed.state is RunState.FAILED
    assert closed.report is not None
    assert "away past his lease" in closed.report["trouble"]


def test_the_clock_is_the_databases(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose clock is wrong neither loses its runs nor takes those of others."""
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    job = a_job()

    held = begun(engine, job)

    with database.reading(engine) as session:
        left = session.execute(select(JobRun.lease_until, database_now())).first()
        asked = session.scalars(select(JobRun.lease_until).where(JobRun.id == held.run_id)).one()
        now = session.scalar(select(func.max(database_now())))
    assert left is not None
    assert now is not None
    assert timedelta() < asked - now <= MINUTE
    assert isinstance(start(engine, job, MINUTE), Busy)


# --- The heartbeat ------------------------------------------------------------------------------------


@pytest.fixture
def _beats_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ten milliseconds, of a lease that outlasts whatever a busy machine does."""
    monkeypatch.setattr(lease, "BEATS", 100 * MINUTE.total_seconds())


@pytest.mark.usefixtures("_beats_fast")
def test_the_heart_keeps_the_lease(engine: Engine) -> None:
    job = a_job()
    held = begun(engine, job)
    at_first = run_of(engine, held.run_id).lease_until

    with Heartbeat(held).beating() as heart:
        assert soon(lambda: run_of(engine, held.run_id).lease_until > at_first + MOMENT)
        answer = start(engine, job, MINUTE)

    assert isinstance(answer, Busy)
    assert not heart.lost.is_set()


def test_the_heart_stops_where_the_lease_is_lost(engine: Engine) -> None:
    job = a_job()
    held = begun(engine, job, MOMENT)

    with Heartbeat(held).beating() as heart:
        outlive(engine, held)
        assert heart.lost.wait(PATIENCE)

    assert begun(engine, job).token == 2


@pytest.mark.usefixtures("_beats_fast")
def test_the_heart_hears_that_the_run_is_to_end(engine: Engine) -> None:
    held = begun(engine, a_job())

    with Heartbeat(held).beating() as heart:
        assert not heart.cancel_asked.is_set()
        with database.writing(engine) as session:
            session.execute(
                update(JobRun)
                .where(JobRun.id == held.run_id)
                .values(cancel_asked_at=database_now())
            )
        assert heart.cancel_asked.wait(PATIENCE)
