"""The bell of the planning workers: jobs of RQ that say no more than "look" and "help with that run".

As with the relay's (`scheduler.relay.doorbell`) the table is the truth: a ring that is lost costs the time
until somebody looks by himself, and a job that is run twice finds nothing to do.
"""

import logging
from datetime import timedelta
from typing import Self
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from scheduler.impatient import impatient

log = logging.getLogger(__name__)

QUEUE = "planning"
KEPT = timedelta(minutes=5)
"""For a ring that nobody hears: whoever comes later looks by himself."""


class Bell:
    """Rings for workers. `look`, `help_with`: the dotted names of what they do then."""

    def __init__(self, redis: Redis, *, look: str, help_with: str) -> None:
        self._redis = redis
        self._look = look
        self._help_with = help_with

    @classmethod
    def at(cls, url: str, *, look: str, help_with: str) -> Self:
        """With a connection that gives up at once."""
        return cls(impatient(url), look=look, help_with=help_with)

    def ring(self) -> bool:
        """After a commit: a run waits. Gives whether it rang."""
        try:
            self._enqueue(self._look, [])
        except RedisError as error:
            log.warning("the workers cannot be rung (%s): they look", type(error).__name__)
            return False
        return True

    def help(self, run_id: UUID, most: int) -> int:
        """Call for helpers for a run, so many at most; gives how many are idle, and so may come."""
        try:
            coming = min(most, self.idle())
            for _ in range(coming):
                self._enqueue(self._help_with, [str(run_id)])
        except RedisError as error:
            log.warning("nobody can be asked to help (%s)", type(error).__name__)
            return 0
        return coming

    def answers(self) -> bool:
        """Whether Redis is there."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def idle(self) -> int:
        """How many workers wait for the bell.

        Raises:
            RedisError: Redis is away.
        """
        there = Worker.all(queue=queue_at(self._redis))
        return sum(one.get_state() == WorkerStatus.IDLE for one in there)

    def close(self) -> None:
        self._redis.close()

    def _enqueue(self, what: str, arguments: list[str]) -> None:
        # no time-out: a run's lease says who does it; no Retry: our own table says what is done again
        queue_at(self._redis).enqueue_call(
            what,
            args=arguments,
            timeout=-1,
            ttl=int(KEPT.total_seconds()),
            result_ttl=0,
            failure_ttl=int(KEPT.total_seconds()),
        )


def queue_at(redis: Redis) -> Queue:
    """The queue of the planning workers."""
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)
