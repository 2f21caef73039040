"""Processes that have loaded all of it already: to start one takes as long as to fork. Nobody waits for one for ever."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from typing import Any, TypeVar

from tests.waiting import PATIENCE

LOADED = [
    "tests.http_processes",
    "tests.races",
    "tests.test_billing_races",
    "tests.test_idempotency",
    "tests.test_lease",
    "tests.test_mail_killed",
    "tests.test_relay",
    "tests.test_runs_killed",
    "tests.test_senders",
    "tests.test_webhooks_killed",
]
"""All that is forked in one run of the tests: there is one process that it is forked from."""

Told = TypeVar("Told")


def forking() -> ForkServerContext:
    """Where such processes are made, and what they share."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    return context


def started(act: Callable[..., object], *given: Any, **named: Any) -> BaseProcess:
    """One that does this; where it is forgotten, it ends with the tests."""
    process = forking().Process(target=act, args=given, kwargs=named, daemon=True)
    process.start()
    return process


def ended(process: BaseProcess) -> int:
    """How it ended, once it has: minus the number of a signal."""
    process.join(PATIENCE)
    if process.exitcode is None:
        kill(process.pid)
        process.join()
        raise AssertionError("it goes on and on")
    return process.exitcode


def kill(pid: int | None) -> None:
    """As `kill -9` does, unless it has ended by itself."""
    with suppress(ProcessLookupError):
        os.kill(pid or 0, signal.SIGKILL)


def told_by(processes: Sequence[BaseProcess], queue: "SimpleQueue[Told]") -> list[Told]:
    """What they tell, each once. If one ends otherwise than it should, nobody waits for its word."""
    return [_next(processes, queue) for _ in processes]


def _next(processes: Sequence[BaseProcess], queue: "SimpleQueue[Told]") -> Told:
    going = [one for one in processes if one.exitcode is None]
    reader = queue._reader  # type: ignore[attr-defined]
    while queue.empty():
        assert going, "they have ended without a word"
        assert wait([reader, *(one.sentinel for one in going)], PATIENCE), "nobody says anything"
        assert not any(one.exitcode for one in going), [one.exitcode for one in going]
        going = [one for one in going if one.exitcode is None]
    return queue.get()
