"""Where no workers are deployed: the service does its own runs, each in a child process, and watches the clock itself."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Engine

from api.opening import served
from api.settings import DATABASE, REDIS
from api.workers import timetable
from models.database import reading
from scheduler.planning.asking import anything_waits
from scheduler.rounds import Rounds

LOOKS_EVERY = timedelta(seconds=5)
GIVES_UP = 10.0
"""Seconds that a child has to end when the service is stopped; its run is then taken over by the next."""


class Children:
    """Starts a worker for what waits, one at a time, until nothing waits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()

    def look(self) -> None:
        """Do what waits, in a process that ends when all is done."""
        with reading(self._engine) as session:
            if not anything_waits(session):
                return
        url = self._engine.url.render_as_string(hide_password=False)
        here = os.environ | {DATABASE: url, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        here.pop(REDIS, None)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "api", "worker", "--once"],
            env=here,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for the service, which ends it itself
        )
        if self._stopped.is_set():
            self._child.terminate()
        self._child.wait()

    def stop(self) -> None:
        """Let the child end."""
        self._stopped.set()
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(GIVES_UP)
        except subprocess.TimeoutExpired:
            child.kill()


@contextmanager
def alone(url: str) -> Iterator[Rounds]:
    """Do runs and watch the clock while this lasts; ring it when one was asked for."""
    with served(url) as engine:
        children = Children(engine)
        looking = Rounds("runs", children.look, LOOKS_EVERY)
        with looking.going(), timetable(engine, looking.ring).going():
            try:
                yield looking
            finally:
                children.stop()
