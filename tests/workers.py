"""Real workers: processes of `spreekuur worker`, on a database and a Redis, to be killed and stopped."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine, select

from api.workers import bell_at
from models.database import reading, writing
from models.runs import JobRun, RunState
from scheduler.planning.asking import PLANNING, ask
from scheduler.planning.lease import Job
from scheduler.planning.night import RunSettings
from tests.nights import NOW

PATIENCE = 120.0
GOING = (RunState.WAITING, RunState.RUNNING)


@dataclass
class Fleet:
    """Workers of one database. `redis`: who rings them, if anybody does."""

    engine: Engine
    redis: str | None
    log: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[bytes]:
        """One more, in a process group of its own."""
        url = self.engine.url.render_as_string(hide_password=False)
        known = {"SPREEKUUR_DATABASE": url, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        if self.redis is not None:
            known["SPREEKUUR_REDIS"] = self.redis
        with self.log.open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", "api", "worker"],
                env=os.environ | known,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        self.workers.append(started)
        return started

    @property
    def alive(self) -> list[subprocess.Popen[bytes]]:
        return [one for one in self.workers if one.poll() is None]

    def end(self) -> None:
        for one in self.alive:
            os.killpg(one.pid, signal.SIGKILL)
        for one in self.workers:
            one.wait()

    def told(self) -> str:
        return self.log.read_text("utf-8", "replace")

    # --- Runs -------------------------------------------------------------------------------------------

    def ask(self, settings: RunSettings) -> UUID:
        """Let the next one that is free do it."""
        job = Job(PLANNING, "", NOW.date(), settings.kept(), settings.preview)
        with writing(self.engine) as session:
            return ask(session, job, by=None)

    def run(self, run_id: UUID) -> JobRun:
        with reading(self.engine) as session:
            return session.scalars(select(JobRun).where(JobRun.id == run_id)).one()

    def await_idle(self, count: int) -> None:
        """Until so many wait for the bell."""
        assert self.redis is not None
        bell = bell_at(self.redis)
        deadline = time.monotonic() + PATIENCE
        while bell.idle() < count:
            assert time.monotonic() < deadline, self.told()
            time.sleep(0.05)
        bell.close()

    def await_end(self, run_id: UUID, patience: float = PATIENCE) -> JobRun:
        """The run, when it has ended."""
        deadline = time.monotonic() + patience
        while (found := self.run(run_id)).state in GOING:
            assert time.monotonic() < deadline, f"it goes on and on: {found.state}, {self.told()}"
            time.sleep(0.05)
        return found


@contextmanager
def a_fleet(engine: Engine, redis: str | None, workers: int) -> Iterator[Fleet]:
    """So many workers, until the end."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(engine, redis, Path(folder, "log"))
        try:
            for _ in range(workers):
                fleet.start()
            yield fleet
        finally:
            fleet.end()
