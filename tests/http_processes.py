"""The real server in processes of its own: several beside each other, killed at a named point, and started again.

A server is forked from a process that has made the application and may have answered already: that takes a
moment, and not seconds. Its address is there before the first server and outlives each of them: who calls
while nobody serves is answered by the next one.
"""

import asyncio
import inspect
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from importlib import import_module
from itertools import count
from multiprocessing.connection import Connection, wait
from pkgutil import resolve_name
from typing import Any, NoReturn, Self
from unittest.mock import patch

from fastapi import FastAPI
from sqlalchemy import Engine, create_engine
from starlette.testclient import TestClient

from api import serving
from api.http import logs, transactions
from api.http.application import application
from api.http.service import Settings
from models import database
from scheduler.agenda import capacity
from scheduler.booking.locks import lock
from scheduler.booking.places import judge
from scheduler.idempotency import Fresh
from tests.access import VAULT
from tests.forking import ended, forking, kill, started
from tests.towns import NOW
from tests.waiting import PATIENCE

WHILE = 0.02
"""Seconds in which others who do not wait come to the same conclusion."""

Prepare = Callable[[ExitStack], None]
"""What is made otherwise in a process, before it serves."""


class Server:
    """A process that serves."""

    def __init__(self, pid: int, told: Connection) -> None:
        self.pid = pid
        self.told = told
        self._code: int | None = None

    def ended(self) -> int:
        """How it ended, once it has: minus the number of a signal."""
        if self._code is None:
            goes_on = not self.told.poll(PATIENCE)
            if goes_on:
                kill(self.pid)
            self._code = self.told.recv()
            assert not goes_on, "it goes on and on"
        return self._code

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._code is None and not self.told.poll():
            kill(self.pid)
        self.ended()


class Stem:
    """A process that has made the application, and is forked for each server, one after the other.

    Nobody waits for it for ever: without orders it ends, and its server with it.
    """

    def __init__(self, given: "Given") -> None:
        self._told, theirs = forking().Pipe()
        self._process = started(_stem, given, theirs)
        theirs.close()

    def started(self, prepare: Prepare | None = None) -> Server:
        return Server(self._answer(prepare), self._told)

    def post(self, path: str, body: object, headers: Mapping[str, str]) -> Any:
        """Let the application make something before it is forked: whatever is made the first time is there by then."""
        status, made = self._answer((path, body, dict(headers)))
        assert status == 201, made
        return made

    def _answer(self, order: object) -> Any:
        try:
            self._told.send(order)
            assert self._told.poll(PATIENCE), "no answer"
            return self._told.recv()
        except (EOFError, OSError) as error:
            code = ended(self._process)
            raise AssertionError(f"the application did not start, or broke: {code}") from error

    def close(self) -> None:
        self._told.close()
        ended(self._process)


@dataclass(frozen=True)
class Given:
    """What a server is made of. `now`: what its clock shows. `prepare`: before anything else."""

    database: str
    listening: socket.socket
    now: datetime
    prepare: Prepare | None


class Address:
    """Where a database is served, by whichever processes there are at the moment."""

    def __init__(
        self, engine: Engine, *, now: datetime = NOW, prepare: Prepare | None = None, stems: int = 1
    ) -> None:
        url = engine.url.render_as_string(hide_password=False)
        self._listening = serving.listen("127.0.0.1", 0)
        given = Given(url, self._listening, now, prepare)
        self.stems = [Stem(given) for _ in range(stems)]
        self._deserted = False
        self.pids: list[int] = []
        """Of those that serve, as long as `served` lasts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stem in self.stems:
            stem.close()
        self._listening.close()

    @property
    def url(self) -> str:
        return serving.address_of(self._listening)

    def started(self, prepare: Prepare | None = None) -> Server:
        """One server."""
        return self.stems[0].started(prepare)

    @contextmanager
    def served(self) -> Iterator[Self]:
        """By a server of each stem, as long as this lasts."""
        servers: list[Server] = []
        over, until = forking().Pipe(duplex=False)
        watch = threading.Thread(target=self._watch, args=(servers, over))
        try:
            servers += (stem.started() for stem in self.stems)
            self.pids = [one.pid for one in servers]
            watch.start()
            yield self
        finally:
            until.close()
            if watch.ident is not None:
                watch.join()
            over.close()
            for one in servers:
                one.kill()
        by_us = {one.ended() for one in servers} == {-signal.SIGKILL} and not self._deserted
        assert by_us, "a server ended by itself"

    def _watch(self, servers: list[Server], over: Connection) -> None:
        """Where one ends by itself, nobody is left to wait for an answer that will not come."""
        if over not in wait([over, *(one.told for one in servers)]):
            self._deserted = True
            with suppress(OSError):  # a system may not know this of one that listens
                self._listening.shutdown(socket.SHUT_RDWR)


def _stem(given: Given, told: Connection) -> None:
    with ExitStack() as stack:
        if given.prepare is not None:
            given.prepare(stack)
        logs.configure(level=logging.ERROR)
        app = application(Settings(given.database, VAULT), now=lambda: given.now)
        client = TestClient(app, base_url="https://spreekuur.test")
        # until nobody can order anything any more, or wants to know
        with suppress(EOFError, BrokenPipeError):
            while True:
                order = told.recv()
                if isinstance(order, tuple):
                    path, body, headers = order
                    answer = client.post(path, json=body, headers=headers)
                    told.send((answer.status_code, answer.json()))
                else:
                    _fork(app, given.listening, order, told)


def _fork(
    app: FastAPI, listening: socket.socket, prepare: Prepare | None, told: Connection
) -> None:
    """Serve in a process of its own; tell its number, and how it has ended."""
    app.state.service.engine.dispose()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(PATIENCE)  # one that has answered is about to end
    assert threading.active_count() == 1, threading.enumerate()
    lives, held = forking().Pipe(duplex=False)
    pid = os.fork()
    if not pid:
        _serve(app, listening, prepare)
    held.close()  # the server has it open as long as it lives
    try:
        told.send(pid)
        wait([lives, told])
    finally:
        # nobody may be there any more who could end it
        kill(pid)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        lives.close()
    told.send(code)


def _serve(app: FastAPI, listening: socket.socket, prepare: Prepare | None) -> NoReturn:
    """To the end of the process: it must not go on as the one it was forked from."""
    code = 1
    try:
        with ExitStack() as stack:
            if prepare is not None:
                prepare(stack)
            serving.run(app, listening)
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


# --- Killed at a point ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """Before or after something is done, for the `turn`th time. `where`: "module:name", as it is called there."""

    when: str
    where: str
    turn: int = 1

    def __str__(self) -> str:
        turn = f" ({self.turn})" if self.turn > 1 else ""
        return f"{self.when} {self.where.partition(':')[2]}{turn}"

    def __call__(self, stack: ExitStack) -> None:
        """Let this process die there, by a signal that nothing can answer."""
        holder, _, name = self.where.rpartition("." if "." in self.where.partition(":")[2] else ":")
        owner = resolve_name(holder)
        stack.enter_context(patch.object(owner, name, self._around(getattr(owner, name))))

    def _around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        turns = count(1)

        def die(when: str) -> None:
            if when == self.when and _serves_somebody() and next(turns) == self.turn:
                os.kill(os.getpid(), signal.SIGKILL)

        if inspect.iscoroutinefunction(act):

            @wraps(act)
            async def in_the_loop(*given: Any, **named: Any) -> Any:
                die("before")
                found = await act(*given, **named)
                die("after")
                return found

            return in_the_loop

        @wraps(act)
        def in_a_thread(*given: Any, **named: Any) -> Any:
            die("before")
            found = act(*given, **named)
            die("after")
            return found

        return in_a_thread


def _serves_somebody() -> bool:
    """Whether this is the loop, or a thread, in which requests are answered: the relay and the sealer commit, too."""
    if threading.current_thread() is not threading.main_thread():
        return threading.current_thread().name.startswith("AnyIO")
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False  # it is about to start
    return True


# --- Guards taken away --------------------------------------------------------------------------------------


def forgetful(stack: ExitStack) -> None:
    """Nobody remembers a key."""
    fresh = Fresh(lambda *_: None)
    stack.enter_context(patch.object(transactions, "once", lambda *_, **__: fresh))


def careless(stack: ExitStack) -> None:
    """The database is opened as a beginner would, nobody locks, and others have time to come between.

    Nor does anybody write before the rules are asked: SQLite would lock by chance.
    """

    def plain(url: str, *, poolclass: Any = None) -> Engine:
        return create_engine(url, poolclass=poolclass)

    stack.enter_context(patch.object(database, "engine", plain))
    _wherever(stack, lock, lambda *_: None)
    for asks in (judge, capacity.refusals):
        _wherever(stack, asks, _slow(asks))
    booking = import_module("scheduler.booking.book")
    stack.enter_context(patch.object(booking, "_free_holds", lambda *_: None))
    forgetful(stack)


def _wherever(stack: ExitStack, act: Callable[..., Any], instead: Callable[..., Any]) -> None:
    """In every module that has it under its name."""
    name = act.__name__
    for module in list(sys.modules.values()):
        if vars(module).get(name) is act:
            stack.enter_context(patch.object(module, name, instead))


def _slow(act: Callable[..., Any]) -> Callable[..., Any]:
    def slowly(*given: Any, **named: Any) -> Any:
        found = act(*given, **named)
        time.sleep(WHILE)
        return found

    return slowly
