"""The relay's doorbell for other processes: a job of RQ that says no more than that there is something to do.

The truth is the table (reliability §0, E7). A ring that is lost costs the time to the next poll; a job
that is run twice finds nothing to do. So Redis may be away, empty or full, and nobody who rings waits
for it or hears of it.
"""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy import Engine

from scheduler.impatient import impatient
from scheduler.relay.relaying import POLL, relay_all
from scheduler.relay.subscriber import Subscriber

log = logging.getLogger(__name__)

QUEUE = "relay"
RUNG = "spreekuur:relay:rung"
"""Set from the ring until it is answered: a thousand rings are one job."""
JOB = timedelta(minutes=5)


class Doorbell:
    """Rings for a relay elsewhere. `job`: the dotted name of the function that is to `answer` there."""

    def __init__(self, redis: Redis, job: str) -> None:
        self._redis = redis
        self._job = job
        self._quiet_until = 0.0

    @classmethod
    def at(cls, url: str, job: str) -> Self:
        """With a connection that gives up at once: it is tried within somebody's request."""
        return cls(impatient(url), job)

    def ring(self) -> bool:
        """After a commit: there is something to relay. Gives whether it rang, or had rung already."""
        if time.monotonic() < self._quiet_until:
            return False
        try:
            if self._redis.set(RUNG, 1, nx=True, ex=POLL):
                self._enqueue()
        except RedisError as error:
            log.warning("the relay cannot be rung (%s): it polls", type(error).__name__)
            self._quiet_until = time.monotonic() + POLL.total_seconds()
            return False
        return True

    def close(self) -> None:
        self._redis.close()

    def _enqueue(self) -> None:
        # no Retry: our own table decides what is done again
        Queue(QUEUE, connection=self._redis).enqueue_call(
            self._job,
            timeout=int(JOB.total_seconds()),
            result_ttl=0,
            failure_ttl=int(JOB.total_seconds()),
        )


def answer(redis: Redis, engine: Engine, subscribers: Sequence[Subscriber]) -> int:
    """What the job does: relay all there is; give how many events."""
    # before it looks: whoever rings from now on may have committed too late for it
    redis.delete(RUNG)
    return relay_all(engine, subscribers)
