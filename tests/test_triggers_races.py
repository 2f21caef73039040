"""Eight relays that are killed again and again: each trigger fires once on each event, and what it does is there once. Domain §4, E8."""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from models import database
from models.requests import AppointmentRequest
from models.triggers import TriggerFiring
from scheduler.relay import relay_once, waiting
from scheduler.relay.relaying import Terms
from scheduler.topics import Topic
from scheduler.triggers import subscribers, tell_days
from tests.desks import NOW, Desk
from tests.firings import Bench
from tests.records import DATABASES, fresh

RELAYS, KILLS, CASES = 8, 12, 60
TASK = {"action": "add_task", "title": "Call"}
QUICK = Terms(batch=10, portion=3, lease=timedelta(seconds=1), pause=timedelta(seconds=0.01))
LONG = 120.0
DAY = timedelta(days=1)


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def _worker(url: str, over: Path) -> None:
    """Relays until it is told to stop, or is killed."""
    own = database.engine(url, poolclass=NullPool)
    while not over.exists():
        try:
            relayed = relay_once(own, subscribers(lambda: NOW), QUICK)
        except DBAPIError:
            relayed = 0  # too many at once on SQLite
        if not relayed:
            time.sleep(0.01)


def left(engine: Engine) -> int:
    with database.reading(engine) as session:
        return waiting(session).events


def test_each_trigger_fires_once_on_each_event_whoever_is_killed(
    engine: Engine, tmp_path: Path
) -> None:
    bench = Bench(Desk(engine))
    tasks = bench.trigger(Topic.CASE_OPENED, TASK)
    plans = bench.trigger(Topic.CASE_OPENED, bench.request(from_days=0, plan="at_once"))
    planned = bench.trigger(Topic.APPOINTMENT_PLANNED, TASK)
    for _ in range(CASES):
        bench.opens(employee_id=bench.desk.somebody())
    over = tmp_path / "over"
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([__name__])
    url = engine.url.render_as_string(hide_password=False)

    def started() -> BaseProcess:
        process = forking.Process(target=_worker, args=(url, over))
        process.start()
        return process

    chance = random.Random(4)
    workers = [started() for _ in range(RELAYS)]
    deadline = time.monotonic() + LONG
    kills = 0
    while left(engine) or kills < KILLS:
        assert time.monotonic() < deadline, f"{left(engine)} events are left"
        if kills < KILLS:
            time.sleep(chance.uniform(0.05, 0.3))
            victim = workers.pop(chance.randrange(RELAYS))
            os.kill(victim.pid or 0, signal.SIGKILL)
            victim.join()
            workers.append(started())
            kills += 1
        time.sleep(0.02)
    over.touch()
    for worker in workers:
        worker.join()

    firings = bench.firings()
    by_trigger = Counter(one.trigger_id for one in firings)
    booked = bench.desk.count("appointments")
    assert by_trigger == {tasks: CASES, plans: CASES, planned: booked}
    assert {one.outcome for one in firings} == {"done"}
    assert bench.desk.count("tasks") == CASES + booked
    with database.reading(engine) as session:
        per_employee = (
            select(func.count())
            .select_from(AppointmentRequest)
            .group_by(AppointmentRequest.employee_id)
        )
        assert set(session.scalars(per_employee)) == {1}
        # as many as the day has room for; the others know why not
        f = TriggerFiring
        told = select(func.count()).where(f.trigger_id == plans, f.unplanned.is_not(None))
        assert session.scalar(told) == CASES - booked
    assert 0 < booked < CASES


def test_eight_who_ask_at_once_what_the_day_brings_tell_it_once(engine: Engine) -> None:
    bench = Bench(Desk(engine))
    bench.trigger(Topic.CASE_DAY_REACHED, TASK, ("day", [1]))
    for _ in range(20):
        bench.opens(employee_id=bench.desk.somebody())
        bench.desk.create(
            employee_id=bench.desk.somebody(), from_day=NOW.date(), until_day=NOW.date() + DAY
        )
    told: list[int] = []
    faults: list[Exception] = []

    def ask() -> None:
        try:
            told.append(tell_days(engine, NOW + DAY))
        except Exception as error:  # noqa: BLE001 (is shown)
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert sum(told) == 40
    assert (
        len(bench.events(Topic.CASE_DAY_REACHED)) == len(bench.events(Topic.REQUEST_OVERDUE)) == 20
    )
