"""Who sends: threads of one process that deliver webhooks and mail, shared with other processes by claims, and the bell for those.

The tables are the queues. A ring is a job of RQ that says no more than that something may have to leave; one that is lost
costs the time until the next look. Whoever has taken on as much as he can at once rings on, so that others come.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker, Worker
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty
from sqlalchemy import Engine

from api.http import sending
from notifications.delivering import Deliverer
from notifications.egress import Client
from notifications.mail import Mailer, Terms
from notifications.mail.terms import USUAL
from notifications.own_calendars import Importer, Told
from scheduler import clock
from scheduler.access.vault import Vault
from scheduler.agenda import own_calendars
from scheduler.impatient import impatient
from scheduler.rounds import Rounds

log = logging.getLogger(__name__)

QUEUE = "sending"
JOB = "api.senders.send"
LOOKS_EVERY = timedelta(seconds=30)
"""The safety net where nobody rings."""
MAILERS = 2
"""Threads that send mail: while one waits for a slow server, there is another."""
KEPT = timedelta(minutes=5)
"""For a ring that nobody hears: whoever comes later looks by himself."""
AGAIN_AFTER = 2.0
"""Seconds after which a Redis that went away is asked again."""
FORGOTTEN_AFTER = 90
"""Seconds without a sign of life after which RQ knows no such sender: nobody counts on it."""


@dataclass(frozen=True)
class Means:
    """By which things leave. `base_url`: where others reach us; the same in every process, as Message-IDs name it."""

    vault: Vault = field(repr=False)
    base_url: str
    egress: Client = field(repr=False)


def nobody() -> bool:
    """There are no others."""
    return False


class Senders:
    """Of one process. `others`: whether other processes do it; `more`: rung when there is more than is taken on at once."""

    def __init__(
        self,
        engine: Engine,
        means: Means,
        *,
        now: Callable[[], datetime] = clock.now,
        others: Callable[[], bool] = nobody,
        more: Callable[[], object] = nobody,
        terms: Terms = USUAL,
    ) -> None:
        self._others = others
        self._more = more
        channel = sending.webhooks(means.vault, means.egress, now)
        self._deliverer = Deliverer(engine, channel)
        house = sending.house(means.vault, means.base_url, now)
        self._mailer = Mailer(engine, house, means.egress, terms)
        self._mailer.more = more
        self._delivering = Rounds("deliverer", self._deliver, LOOKS_EVERY)
        self._deliverer.rung = self._delivering.ring
        self._mailing = [Rounds(f"mailer {n}", self._mail, LOOKS_EVERY) for n in range(MAILERS)]

    def ring(self) -> None:
        """There is something to send."""
        self._delivering.ring()
        self.ring_mail()

    def ring_mail(self) -> None:
        for one in self._mailing:
            one.ring()

    @contextmanager
    def going(self) -> Iterator[Self]:
        """Send while this lasts; what is on its way comes to its end."""
        with ExitStack() as stack:
            stack.callback(self._deliverer.close)
            for one in (self._delivering, *self._mailing):
                stack.enter_context(one.going())
            stack.callback(self._mailer.stop)
            yield self

    def _deliver(self) -> None:
        if not self._others() and self._deliverer.fill() == self._deliverer.threads:
            self._more()

    def _mail(self) -> None:
        if not self._others():
            self._mailer.send_all()


def importer(engine: Engine, means: Means, now: Callable[[], datetime]) -> Importer:
    """Reads the calendars that practitioners keep elsewhere, by the same way out."""
    host = sending.host_of(means.base_url)
    told = Told(lambda calendar: own_calendars.url_of(means.vault, calendar), host, now)
    return Importer(engine, means.egress, told)


# --- The bell -------------------------------------------------------------------------------------------------


class Bell:
    """Rings for senders in other processes, and knows whether there are any."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._quiet_until = 0.0

    @classmethod
    def at(cls, url: str) -> Self:
        """Raises ValueError where the URL is none."""
        return cls(impatient(url))

    def ring(self) -> bool:
        """Gives whether somebody listens, and so will come."""
        return self._asked(self._rung)

    def is_heard(self) -> bool:
        """Whether somebody listens."""
        return self._asked(self._heard)

    def close(self) -> None:
        self._redis.close()

    def _asked(self, ask: Callable[[Queue], bool]) -> bool:
        if time.monotonic() < self._quiet_until:
            return False
        try:
            return ask(queue_at(self._redis))
        except RedisError as error:
            log.warning("no sender can be rung (%s): they look", type(error).__name__)
            self._quiet_until = time.monotonic() + LOOKS_EVERY.total_seconds()
            return False

    def _heard(self, queue: Queue) -> bool:
        # a count would have those who died
        return bool(Worker.all(queue=queue))

    def _rung(self, queue: Queue) -> bool:
        if not self._heard(queue):
            return False
        # one that hangs is enough, however many ring; no Retry: our own tables say what is done again
        if queue.count == 0:
            kept = int(KEPT.total_seconds())
            queue.enqueue_call(JOB, timeout=kept, ttl=kept, result_ttl=0, failure_ttl=kept)
        return True


def queue_at(redis: Redis) -> Queue:
    """The queue of the senders."""
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


_rung: Callable[[], object] | None = None
"""Of this process: what a job of RQ finds when it is called."""


def send() -> None:
    """The job: something may have to leave."""
    if _rung is None:
        raise RuntimeError("this job is for `spreekuur worker`, and for no other worker of RQ")
    _rung()


class _Listener(SimpleWorker):
    """RQ's worker, in a thread beside the one that does runs: signals are not its business."""

    death_penalty_class = TimerDeathPenalty

    def _install_signal_handlers(self) -> None:
        """The process has its own."""


@contextmanager
def listening(url: str | None, senders: Senders) -> Iterator[None]:
    """Let these be rung while this lasts; while Redis is away they look by themselves."""
    global _rung  # noqa: PLW0603 (a job of RQ is a function and knows nobody)
    _rung = senders.ring
    if url is None:
        yield
        return
    over, listeners = threading.Event(), list[_Listener]()
    # the process does not wait for it: it hangs on Redis
    of = (url, over, listeners)
    threading.Thread(target=_listen, args=of, name="senders' bell", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        for one in listeners[-1:]:
            # from now on nobody counts on it
            with suppress(RedisError):
                one.register_death()  # type: ignore[no-untyped-call]


def _listen(url: str, over: threading.Event, listeners: list[_Listener]) -> None:
    while not over.is_set():
        try:
            with Redis.from_url(url) as redis:
                listener = _Listener(
                    [queue_at(redis)],
                    connection=redis,
                    serializer=JSONSerializer,
                    worker_ttl=FORGOTTEN_AFTER,
                )
                listeners[:] = [listener]
                listener.work(logging_level="WARNING")
        except RedisError as error:
            log.warning("Redis is away (%s): the sender looks by itself", type(error).__name__)
        over.wait(AGAIN_AFTER)
