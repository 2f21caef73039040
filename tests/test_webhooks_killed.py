"""Every event is delivered, or has visibly failed, whoever is killed, slow, or hangs up; doubles are explained, each by its cause. P7, F11."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Lock
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.pool import NullPool

from models import database
from models.database import reading
from models.outbox import Delivery, DeliveryState, Event
from notifications.delivering import Deliverer, Terms
from notifications.egress import Client, Rules
from tests.deliveries import a_receiver, happened, things, webhooks
from tests.effort import REPORT, sized
from tests.forking import ended, kill, started
from tests.hooks import Heard, Hook, a_hook
from tests.records import DATABASES, fresh

EVENTS, WORKERS, KILLS = 500, 8, 16
RECEIVERS = 5
FAILS, HANGS_UP, IS_SLOW = 0.20, 0.05, 0.01
WAITS = 1.5
"""Seconds for an answer; who is slow takes longer."""
PATIENCE = 180
SHORT = Terms(lease=timedelta(seconds=5), retries=(timedelta(seconds=0.05),) * 4)


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@dataclass
class Journal:
    """What the receiver has taken, outside of our system; and why it may have got something twice."""

    chance: random.Random
    taken: list[tuple[str, str]] = field(default_factory=list)
    bodies: defaultdict[tuple[str, str], set[bytes]] = field(
        default_factory=lambda: defaultdict(set)
    )
    explained: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def answers(self, heard: Heard) -> tuple[int, Mapping[str, str], bytes]:
        with self.lock:
            drawn = self.chance.random()
            which = heard.path, heard.id
            self.bodies[which].add(heard.body)
            if drawn < FAILS:
                return 500, {}, b""
            self.taken.append(which)
            is_slow = drawn < FAILS + IS_SLOW
            hangs_up = not is_slow and drawn < FAILS + IS_SLOW + HANGS_UP
            self.explained["slow"] += is_slow
            self.explained["hung up"] += hangs_up
        if is_slow:
            time.sleep(2 * WAITS)
        if hangs_up:
            raise ConnectionResetError
        return 204, {}, b""


def _worker(url: str, port: int, over: Path) -> None:
    """Delivers, one at a time, until it is told to stop, or is killed."""
    own = database.engine(url, poolclass=NullPool)
    rules = Rules(allows_http=True, excepted=frozenset({("127.0.0.1", port)}))
    deliverer = Deliverer(own, webhooks(Client(rules), within=WAITS), SHORT, threads=1)
    while not over.exists():
        deliverer.deliver_all(timedelta(seconds=1))
        time.sleep(0.05)
    deliverer.close()


def left(engine: Engine) -> int:
    with reading(engine) as session:
        due = select(func.count()).where(Delivery.state == DeliveryState.DUE)
        return session.scalar(due) or 0


def wait_until_left(engine: Engine, most: int) -> None:
    ends = time.monotonic() + PATIENCE
    while (still := left(engine)) > most:
        assert time.monotonic() < ends, f"{still} deliveries are left"
        time.sleep(0.05)


@pytest.mark.hypothesis
def test_none_is_lost_whoever_is_killed_slow_or_hangs_up(
    engine: Engine, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    events, kills = sized(EVENTS, 10_000), sized(KILLS, 200)
    journal = Journal(random.Random(7))
    with a_hook(journal.answers) as hook:
        receivers = _all_hear(engine, hook, events // RECEIVERS)
        _delivered_by_workers_that_die(engine, hook.port, tmp_path / "over", kills)

    with reading(engine) as session:
        rows = session.execute(
            select(Delivery.receiver_id, Delivery.state, Delivery.attempts, Event.id).join(Event)
        ).all()
    assert len(rows) == events // RECEIVERS * RECEIVERS
    assert {state for _, state, _, _ in rows} <= {DeliveryState.SENT, DeliveryState.FAILED}
    assert max(attempts for _, _, attempts, _ in rows) <= 5

    lost = [
        event
        for receiver, state, _, event in rows
        if receiver is not None
        and state is DeliveryState.SENT
        and (f"/hook/{receivers[receiver]}", str(event)) not in journal.taken
    ]
    sent = sum(state is DeliveryState.SENT for _, state, _, _ in rows)
    assert not lost
    assert len(set(journal.taken)) >= sent
    assert max(len(bodies) for bodies in journal.bodies.values()) == 1
    doubles = len(journal.taken) - len(set(journal.taken))
    assert doubles <= kills + sum(journal.explained.values())
    failed = len(rows) - sent
    record_property(
        REPORT,
        f"{len(rows)} deliveries, {kills} workers killed, {dict(journal.explained)}: lost 0,"
        f" given up {failed} after 5 attempts, twice {doubles}",
    )


def _all_hear(engine: Engine, hook: Hook, events: int) -> dict[UUID, int]:
    """The receivers, each with its number in the path of its URL."""
    made = {a_receiver(engine, f"{hook.url}/{n}").id: n for n in range(RECEIVERS)}
    subjects = things(engine, max(1, events // 5))
    happened(engine, [subjects[n % len(subjects)] for n in range(events)])
    return made


def _delivered_by_workers_that_die(engine: Engine, port: int, over: Path, kills: int) -> None:
    url = engine.url.render_as_string(hide_password=False)
    chance = random.Random(8)
    workers = [started(_worker, url, port, over) for _ in range(WORKERS)]
    whole = left(engine)
    for number in range(kills):
        wait_until_left(engine, whole - (number + 1) * whole // (kills + 1))
        victim = workers.pop(chance.randrange(WORKERS))
        kill(victim.pid)
        ended(victim)
        workers.append(started(_worker, url, port, over))
    wait_until_left(engine, 0)
    over.touch()
    for worker in workers:
        ended(worker)
