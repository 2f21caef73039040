"""What a worker process is made of: somebody who looks, somebody who is rung, and one pair of hands."""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Any
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus
from sqlalchemy import Engine

from scheduler import clock
from scheduler.planning.bell import Bell, queue_at
from scheduler.planning.helping import help_out
from scheduler.planning.timetable import ask_when_due
from scheduler.planning.working import nobody_to_ring, work
from scheduler.rounds import Rounds

log = logging.getLogger(__name__)

LOOKS_EVERY = timedelta(seconds=5)
TICKS_EVERY = timedelta(seconds=20)
AGAIN_AFTER = 2.0
"""Seconds after which a Redis that went away is asked again."""
MAINTAINS_EVERY = 60
BEATS_EVERY = timedelta(seconds=20)
FORGOTTEN_AFTER = 90
"""Seconds without a sign of life after which RQ knows no such worker: nobody counts on it."""

ENDED_AMID = 75
"""The exit code of a worker that was stopped amid a run: another goes on with it when its lease is over."""

Tick = Callable[[], object]


def bell_at(url: str) -> Bell:
    """The bell of the workers that this module is about."""
    return Bell.at(url, look=_dotted(look), help_with=_dotted(help_with))


class Hands:
    """Does one thing at a time, whoever asks: the bell, or the look into the table."""

    def __init__(self, engine: Engine, bell: Bell | None = None) -> None:
        self._engine = engine
        self._ring = nobody_to_ring if bell is None else bell.help
        self._busy = threading.Lock()

    @property
    def are_full(self) -> bool:
        """Whether it is at something at this moment."""
        return self._busy.locked()

    def look(self) -> int:
        """Do all that waits; give how much it was."""
        with self._busy:
            return work(self._engine, now=clock.now, ring=self._ring)

    def look_if_idle(self) -> None:
        """The same, where it is not at it anyway."""
        if self._busy.acquire(blocking=False):
            try:
                work(self._engine, now=clock.now, ring=self._ring)
            finally:
                self._busy.release()

    def help_with(self, run_id: UUID) -> int:
        """Plan shares of that run."""
        with self._busy:
            return help_out(self._engine, run_id)


_hands: Hands | None = None
"""Of this process: what a job of RQ finds when it is called."""


def look() -> None:
    """The job: a run waits."""
    _of_this_process().look()


def help_with(run_id: str) -> None:
    """The job: a run has shares for others."""
    _of_this_process().help_with(UUID(run_id))


def until_stopped(hands: Hands, url: str | None, stopped: threading.Event) -> None:
    """Look and listen until somebody says stop."""
    global _hands  # noqa: PLW0603 (a job of RQ is a function and knows nobody)
    _hands = hands
    looking = Rounds("looking", hands.look_if_idle, LOOKS_EVERY)
    with looking.going():
        if url is None:
            stopped.wait()
            end_amid(hands)
            return
        while not stopped.is_set():
            try:
                _listen(url, stopped)
            except RedisError as error:
                log.warning("Redis is away (%s): the worker looks by itself", type(error).__name__)
                stopped.wait(AGAIN_AFTER)


def end_amid(hands: Hands) -> None:
    """End the process where it is at something: its child ends with it, and another takes the run over."""
    if hands.are_full:
        os._exit(ENDED_AMID)


def timetable(engine: Engine, ring: Tick) -> Rounds:
    """Asks for the night's run when its hour has come, and rings."""

    def tick() -> None:
        if ask_when_due(engine, clock.now()) is not None:
            ring()

    return Rounds("timetable", tick, TICKS_EVERY)


def _listen(url: str, stopped: threading.Event) -> None:
    """Do what RQ says, until a signal stops it, or Redis goes."""
    with Redis.from_url(url) as redis:
        worker = _Listener(
            [queue_at(redis)],
            connection=redis,
            serializer=JSONSerializer,
            maintenance_interval=MAINTAINS_EVERY,
            worker_ttl=FORGOTTEN_AFTER,
        )
        worker.stopped = stopped
        worker.work(logging_level="WARNING")


class _Listener(SimpleWorker):
    """RQ's worker. It waits for no run when it is asked to end: whoever is next takes it over."""

    stopped: threading.Event

    def execute_job(self, job: Job, queue: Queue) -> None:
        """As its parent does, and heard of all the while: a run may take longer than RQ waits for a sign of life."""
        execution = self.prepare_execution(job)
        beat = partial(self.maintain_heartbeats, job, execution)
        with Rounds("rq", beat, BEATS_EVERY).going():
            self.perform_job(job, queue, execution)
        self.set_state(WorkerStatus.IDLE)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        # told as well: what RQ does at its end may fail where Redis is away, and hide that it was asked to
        self.stopped.set()
        with suppress(RedisError):
            self.register_death()  # type: ignore[no-untyped-call]
        end_amid(_of_this_process())
        # wherever it waits: for the bell, or for a Redis that is away
        raise SystemExit(0)


def _of_this_process() -> Hands:
    if _hands is None:
        raise RuntimeError("this job is for `spreekuur worker`, and for no other worker of RQ")
    return _hands


def _dotted(act: Callable[..., Any]) -> str:
    return f"{act.__module__}.{act.__qualname__}"
