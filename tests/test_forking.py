"""What goes wrong in a process beside the tests is known at once: no test waits for it, and none leaves it behind."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.queues import SimpleQueue
from unittest.mock import Mock, patch

import httpx2
import psutil
import pytest
from sqlalchemy import Engine

from tests import http_processes
from tests.crowds import Crowd, a_crowd, a_token
from tests.forking import ended, forking, kill, started, told_by
from tests.http_processes import Address, Prepare
from tests.records import fresh


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


# --- Processes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "why"), [(3, r"\[3\]"), (0, "without a word")])
def test_nobody_waits_for_the_word_of_one_that_has_ended(code: int, why: str) -> None:
    queue: SimpleQueue[int] = forking().SimpleQueue()
    silent = started(os._exit, code)

    with pytest.raises(AssertionError, match=why):
        told_by([silent], queue)
    assert ended(silent) == code


def test_one_that_goes_on_and_on_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.forking.PATIENCE", 0.1)
    endless = started(time.sleep, 600)

    with pytest.raises(AssertionError, match="on and on"):
        ended(endless)
    assert endless.exitcode == -signal.SIGKILL


# --- Servers --------------------------------------------------------------------------------------------------


def starts_no_application(stack: ExitStack) -> None:
    broken = Mock(side_effect=RuntimeError("this one does not start"))
    stack.enter_context(patch.object(http_processes, "application", broken))


def served(engine: Engine, prepare: Prepare | None = None) -> None:
    with (
        Address(engine, prepare=prepare, stems=2) as address,
        address.served(),
        a_crowd(address.url, a_token(engine)) as crowd,
    ):
        crowd.get("/me")
        for one in address.pids:
            kill(one)
        refused(crowd)


def refused(crowd: Crowd) -> None:
    """Ask until nobody takes a connection any more."""
    while True:
        try:
            crowd.once("GET", "/me")
        except httpx2.ConnectError:
            return
        except httpx2.TransportError:
            time.sleep(0.01)


def test_an_application_that_does_not_start_is_told(engine: Engine) -> None:
    with pytest.raises(AssertionError, match="did not start"):
        served(engine, starts_no_application)


def test_whoever_asks_where_all_have_ended_is_refused(engine: Engine) -> None:
    """At once, and not when he has lost his patience with a connection that nobody takes."""
    with pytest.raises(AssertionError, match="ended by itself"):
        served(engine)


def test_a_server_that_is_forgotten_ends_with_its_address(engine: Engine) -> None:
    with Address(engine) as address:
        forgotten = address.started()
        assert psutil.pid_exists(forgotten.pid)

    assert not psutil.pid_exists(forgotten.pid)


def test_a_server_that_goes_on_and_on_is_ended_and_the_next_one_serves(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Address(engine) as address, a_crowd(address.url, a_token(engine)) as crowd:
        endless = address.started()
        with monkeypatch.context() as patched:
            patched.setattr(http_processes, "PATIENCE", 0.1)
            with pytest.raises(AssertionError, match="on and on"):
                endless.ended()

        with address.served():
            crowd.get("/me")
