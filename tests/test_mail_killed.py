"""Every reminder is sent, whoever is killed, slow, says no for now, or dies having taken it; doubles are counted, and explained. P15, F9."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock

import pytest
from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.pool import NullPool

from models import database
from models.base import new_id
from models.database import reading, writing
from models.instants import database_now
from models.messages import Channel, DefaultReminder, Recipient, Reminder
from models.outbox import DeliveryState
from notifications.mail import Terms
from tests.effort import REPORT, sized
from tests.forking import ended, kill, started
from tests.mail import (
    DIES,
    HOST,
    Answer,
    Box,
    Taken,
    a_box,
    a_client,
    a_mailer,
    a_server,
    a_template,
    certificate,
)
from tests.records import DATABASES, fresh
from tests.test_booking import Service
from tests.test_mail import booked

REMINDERS, WORKERS, KILLS = 100, 3, 6
PUT_OFF, DIED, SLOW = 0.15, 0.05, 0.02
WAITS = 1.0
PATIENCE = 120
SHORT = Terms(lease=timedelta(seconds=3), retries=(timedelta(seconds=0.1),) * 3)


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


class Journal:
    """Why something may have been sent twice, as the server knows it."""

    def __init__(self) -> None:
        self._chance = random.Random(5)
        self._lock = Lock()
        self.explained: Counter[str] = Counter()

    def answers(self, _: Taken) -> Answer:
        with self._lock:
            drawn = self._chance.random()
            if drawn < PUT_OFF:
                return "451 later"
            if drawn < PUT_OFF + DIED:
                self.explained["died after DATA"] += 1
                return DIES
            if drawn < PUT_OFF + DIED + SLOW:
                self.explained["slow"] += 1
                return 2 * WAITS
        return "250 taken"


def _worker(url: str, port: int, pem: Path, over: Path) -> None:
    """Sends, until it is told to stop, or is killed."""
    own = database.engine(url, poolclass=NullPool)
    mailer = a_mailer(own, a_client(frozenset({(HOST, port)}), pem), SHORT, WAITS)
    while not over.exists():
        mailer.send_all(timedelta(seconds=1))
        time.sleep(0.05)


def _left(engine: Engine) -> int:
    with reading(engine) as session:
        due = select(func.count()).where(Reminder.state == DeliveryState.DUE)
        return session.scalar(due) or 0


def _wait_until_left(engine: Engine, most: int) -> None:
    ends = time.monotonic() + PATIENCE
    while (still := _left(engine)) > most:
        assert time.monotonic() < ends, f"{still} are left"
        time.sleep(0.05)


def _due(engine: Engine, number: int) -> None:
    """So many rules for one appointment, whose moment has come."""
    service = Service(engine)
    template = a_template(engine)
    with writing(engine) as session:
        rule = {
            "consultation_type_id": service.world.type,
            "template_id": template,
            "recipient": Recipient.EMPLOYEE,
            "channel": Channel.EMAIL,
            "minutes": -60,
        }
        session.execute(insert(DefaultReminder), [{"id": new_id(), **rule} for _ in range(number)])
    booked(service)
    with writing(engine) as session:
        session.execute(update(Reminder).values(due_at=database_now()))


@pytest.mark.hypothesis
def test_none_is_lost_whoever_dies(
    engine: Engine, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    number, kills = sized(REMINDERS, 5_000), sized(KILLS, 100)
    journal = Journal()
    with a_box() as box:
        box.answers = journal.answers
        a_server(engine, box.port)
        _due(engine, number)
        _sent_by_workers_that_die(engine, box, tmp_path / "over", kills)

    with reading(engine) as session:
        rows = session.execute(select(Reminder.id, Reminder.state)).all()
    assert {state for _, state in rows} == {DeliveryState.SENT}
    came = Counter(one.id for one in box.taken)
    assert {f"<{key}@spreekuur.test>" for key, _ in rows} == set(came)  # none lost, none strange
    doubles = sum(came.values()) - len(came)
    assert doubles <= kills + sum(journal.explained.values())
    record_property(
        REPORT,
        f"{len(rows)} reminders, {kills} workers killed, {dict(journal.explained)}:"
        f" lost 0, twice {doubles}",
    )


def _sent_by_workers_that_die(engine: Engine, box: Box, over: Path, kills: int) -> None:
    url = engine.url.render_as_string(hide_password=False)
    start = partial(started, _worker, url, box.port, certificate(), over)
    chance = random.Random(6)
    workers = [start() for _ in range(WORKERS)]
    whole = _left(engine)
    for number in range(kills):
        _wait_until_left(engine, whole - (number + 1) * whole // (kills + 1))
        victim = workers.pop(chance.randrange(WORKERS))
        kill(victim.pid)
        ended(victim)
        workers.append(start())
    _wait_until_left(engine, 0)
    over.touch()
    for worker in workers:
        ended(worker)
