"""Whoever has time plans a share of somebody's run: a worker elsewhere, or the run's own process."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from models.database import BusyError, writing
from scheduler.planning import claims
from scheduler.planning.claims import Claim
from scheduler.planning.lease import BEATS
from scheduler.planning.watch import KEEP_EVERY, OnProgress
from solver.options import Options, Progress
from solver.process import plan

log = logging.getLogger(__name__)

SHORTEST = 1.0
"""Seconds for which no share is begun."""


class NotWantedError(Exception):
    """The share is somebody else's by now, or its run goes on without it."""


def help_out(engine: Engine, run_id: UUID) -> int:
    """Plan shares of the run as long as there are any; give how many were answered."""
    done = 0
    while (answered := plan_one(engine, run_id)) is not None:
        done += answered
    return done


def plan_one(
    engine: Engine,
    run_id: UUID,
    on_progress: OnProgress = lambda progress: None,
) -> bool | None:
    """Plan a share that is nobody's, and answer; nothing where there is none, false where it came too late."""
    with writing(engine) as session:
        held = claims.claim(session, run_id)
    if held is None:
        return None
    with _Keeping(engine, held).going() as keeping:

        def told(progress: Progress) -> None:
            on_progress(progress)
            keeping.told(progress)

        try:
            found = plan(held.asked.instance, _in_time(held), told)
        except NotWantedError:
            return False
    with writing(engine) as session:
        return claims.answer(session, held, found)


def _in_time(held: Claim) -> Options:
    """As it was asked, but for what is left of the time: it may have waited for somebody."""
    asked = held.asked.options
    if held.seconds_left is None or asked.iterations is not None:
        return asked
    return replace(asked, time_limit=max(SHORTEST, min(asked.time_limit, held.seconds_left)))


class _Keeping:
    """Keeps a claim from a thread of its own while the share is planned, and tells how far it is."""

    def __init__(self, engine: Engine, held: Claim) -> None:
        self._engine = engine
        self._held = held
        self._last: Progress | None = None
        self._lost = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beats, name="share", daemon=True)

    @contextmanager
    def going(self) -> Iterator["_Keeping"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()

    def told(self, progress: Progress) -> None:
        """How far it is.

        Raises:
            NotWantedError: it need not go on.
        """
        self._last = progress
        if self._lost.is_set():
            raise NotWantedError

    def _beats(self) -> None:
        every = min(KEEP_EVERY, self._held.lease.total_seconds() / BEATS)
        while not self._over.wait(every):
            # busy, or away for a moment: the next beat may come in time
            with suppress(DBAPIError, BusyError), writing(self._engine) as session:
                if not claims.keep(session, self._held, self._last):
                    self._lost.set()
                    return
