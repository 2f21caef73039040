"""Workers that deliver: as many threads as there may be on their way, filled whenever one is free."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from sqlalchemy import Engine

from models.base import Code
from models.database import reading, retried, writing
from notifications.delivering.channel import Channel, Outcome
from notifications.delivering.claims import Claim, claim, finish, open_lanes
from notifications.delivering.terms import USUAL, Terms

log = logging.getLogger(__name__)

THREADS = 8
GLANCE = 1.0
"""Seconds after which it is looked again whether there is something new, while others are on their way."""


class Fault(Code):
    """Of ours, in sending."""

    INTERNAL = "internal"


def _nothing() -> None:
    """Nobody waits for it."""


class Deliverer:
    """Of one channel. `rung`: called whenever a thread is free again, so that somebody calls `fill`."""

    def __init__(
        self, engine: Engine, channel: Channel, terms: Terms = USUAL, threads: int = THREADS
    ) -> None:
        self.rung: Callable[[], object] = _nothing
        self._engine = engine
        self._channel = channel
        self._terms = terms
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=channel.name)
        self._under_way = 0
        self._changed = threading.Condition()
        self._writes = threading.Lock()
        """One after the other: on SQLite they would wait anyway, and so they need one connection."""

    def fill(self) -> int:
        """Take on as many as there are threads for; give how many. It does not wait for them."""
        taken = 0
        while (free := self.threads - self._under_way) > 0 and self._has_something():
            claims = retried(partial(self._claimed, free))
            if not claims:
                break
            taken += len(claims)
            with self._changed:
                self._under_way += len(claims)
            for one in claims:
                self._pool.submit(self._deliver, one)
        return taken

    def deliver_all(self, within: timedelta) -> int:
        """Until nothing is due, or for so long; give how many attempts were made."""
        ends = time.monotonic() + within.total_seconds()
        made = 0
        while time.monotonic() < ends:
            made += self.fill()
            with self._changed:
                if not self._under_way:
                    break
                self._changed.wait(GLANCE)
        return made

    def close(self) -> None:
        """Wait for what is on its way."""
        self._pool.shutdown()

    def _has_something(self) -> bool:
        # on SQLite whoever claims keeps all others from writing
        with reading(self._engine) as session:
            return session.scalar(open_lanes(self._channel).limit(1)) is not None

    def _claimed(self, most: int) -> list[Claim]:
        with self._writes, writing(self._engine) as session:
            return claim(session, self._channel, most, self._terms)

    def _deliver(self, one: Claim) -> None:
        try:
            began = time.monotonic()
            outcome = self._sent(one)
            took = timedelta(seconds=time.monotonic() - began)
            retried(lambda: self._finished(one, outcome, took))
        except Exception as error:  # noqa: BLE001 (the lease runs out, and another one delivers it)
            log.warning("delivery %s has no end: %s", one.delivery_id, type(error).__name__)
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()
            self.rung()

    def _sent(self, one: Claim) -> Outcome:
        try:
            return self._channel.send(one.parcel)
        except Exception as error:  # noqa: BLE001 (whatever it is, it was an attempt)
            # the kind only: the words may hold what was sent
            log.warning("delivery %s: %s", one.delivery_id, type(error).__name__)
            return Outcome(error=Fault.INTERNAL)

    def _finished(self, one: Claim, outcome: Outcome, took: timedelta) -> None:
        with self._writes, writing(self._engine) as session:
            finish(session, one, outcome, took, self._terms)


A_JOB = timedelta(minutes=4)
"""Of a worker of RQ: shorter than its time-out."""


def deliver_all(
    engine: Engine, channel: Channel, terms: Terms = USUAL, within: timedelta = A_JOB
) -> int:
    """What a worker calls: deliver all that is due; give how many attempts were made."""
    deliverer = Deliverer(engine, channel, terms)
    try:
        return deliverer.deliver_all(within)
    finally:
        deliverer.close()
