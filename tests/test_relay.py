"""Events reach whoever listens, in their order, whoever is killed, late, or away (E7, E8, F8)."""

import os
import random
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from models import Base, database
from models.base import new_id
from models.outbox import Event
from scheduler.announcing import News, announce
from scheduler.relay import (
    Doorbell,
    Heard,
    Waiting,
    answer,
    relay,
    relay_all,
    relay_once,
    waiting,
)
from scheduler.relay import claims as claiming
from scheduler.relay.claims import Claim, claim
from scheduler.relay.relaying import Terms, _finished
from scheduler.rounds import Rounds
from scheduler.topics import Topic
from tests.forking import ended, kill, started
from tests.records import DATABASES, add, at, fresh
from tests.servers import started_redis
from tests.waiting import PATIENCE, soon

NOTES = Base.metadata.tables["tasks"]
"""A table in which the subscriber of these tests writes a row for each event; it would not mind a double."""
MINUTE = timedelta(minutes=1)
MOMENT = timedelta(seconds=0.05)
QUICK = Terms(batch=20, portion=5, lease=timedelta(seconds=1), pause=timedelta(seconds=0.01))
BRIEFLY = 20.0
"""Seconds for a thousand who ring in vain; if each of them waited, it would be minutes."""


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """For what is the same on both."""
    engine = database.engine(f"sqlite:///{tmp_path_factory.mktemp('relay')}/records.db")
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
    yield engine
    engine.dispose()


def made(engine: Engine, number: int) -> list[UUID]:
    """Things that something can happen to, in the order of their ids."""
    with engine.begin() as connection:
        return [add(connection, "employers") for _ in range(number)]


def announced(engine: Engine, subjects: Sequence[UUID]) -> None:
    with database.writing(engine) as session:
        news = [News(Topic.REQUEST_OPENED, "employers", subject) for subject in subjects]
        announce(session, news, at=at("09:00"))


@dataclass
class Scribe:
    """Writes a row for each event that it hears of; fails first where `fails` says so."""

    fails: Callable[[Sequence[Heard]], bool] = lambda _: False
    topics: frozenset[str] = frozenset({Topic.REQUEST_OPENED})
    heard: list[Heard] = field(default_factory=list)

    def hear(self, session: Session, events: Sequence[Heard]) -> None:
        rows = [{"id": new_id(), "version": 1, "title": note(event)} for event in events]
        session.execute(insert(NOTES), rows)
        if self.fails(events):
            raise ZeroDivisionError
        self.heard += events


def note(event: Heard) -> str:
    return f"{event.subject_id} {event.sequence}"


def notes(engine: Engine) -> list[str]:
    with database.reading(engine) as session:
        return list(session.scalars(select(NOTES.c.title).order_by(NOTES.c.id)))


def left(engine: Engine) -> int:
    with database.reading(engine) as session:
        return waiting(session).events


def claimed(engine: Engine, lease: timedelta = MINUTE) -> list[Claim]:
    with database.writing(engine) as session:
        return claim(session, 100, lease)


# --- Who hears what -------------------------------------------------------------------------------------


def test_an_event_is_told_as_it_was_announced_to_those_who_want_its_topic(engine: Engine) -> None:
    (subject,) = made(engine, 1)
    fact = new_id()
    with database.writing(engine) as session:
        told = News(Topic.APPOINTMENT_PLANNED, "employers", subject, {"request_id": fact})
        announce(session, [told], at=at("09:00"))
    wants, wants_not = Scribe(topics=frozenset({Topic.APPOINTMENT_PLANNED})), Scribe()

    assert relay_once(engine, [wants, wants_not]) == 1
    assert relay_once(engine, [wants, wants_not]) == 0

    (event,) = wants.heard
    assert (event.topic, event.subject, event.subject_id, event.sequence, event.at) == (
        "AppointmentPlanned",
        "employers",
        subject,
        1,
        at("09:00"),
    )
    assert event.facts == {"request_id": str(fact)}
    assert wants_not.heard == []
    assert left(engine) == 0


def test_an_event_waits_for_its_predecessor(engine: Engine) -> None:
    one, other = made(engine, 2)
    announced(engine, [one, one, other])
    first = claimed(engine)

    assert sorted(each.event.sequence for each in first) == [1, 1]
    assert claimed(engine) == []

    assert _finished(engine, [Scribe()], QUICK, first) == 2
    assert [(each.event.subject_id, each.event.sequence) for each in claimed(engine)] == [(one, 2)]


def test_what_another_is_claiming_is_passed_over(postgres_url: str) -> None:
    engine = database.engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION btree_gist"))
        Base.metadata.create_all(connection)
    announced(engine, made(engine, 3))

    with database.writing(engine) as slow:
        first = claim(slow, 2, MINUTE)
        second = claimed(engine)

    assert [len(first), len(second)] == [2, 1]
    engine.dispose()


# --- What fails -----------------------------------------------------------------------------------------


def test_what_fails_holds_up_its_own_subject_only(engine: Engine) -> None:
    subjects = made(engine, 5)
    announced(engine, [*subjects, subjects[2]])
    broken = Scribe(lambda events: any(event.subject_id == subjects[2] for event in events))

    assert relay_all(engine, [broken], QUICK) == 4
    assert notes(engine) == [f"{subject} 1" for subject in subjects if subject != subjects[2]]
    assert left(engine) == 2

    time.sleep(0.05)
    assert relay_all(engine, [Scribe()], QUICK) == 2
    assert notes(engine)[4:] == [f"{subjects[2]} 1", f"{subjects[2]} 2"]


def test_what_fails_takes_back_what_all_subscribers_wrote(engine: Engine) -> None:
    announced(engine, made(engine, 1))

    assert relay_once(engine, [Scribe(), Scribe(lambda _: True)]) == 0
    assert notes(engine) == []


def test_what_fails_again_and_again_is_tried_less_often_and_can_be_seen(engine: Engine) -> None:
    announced(engine, made(engine, 2))
    broken, quick = Scribe(lambda _: True), Terms(pause=timedelta(microseconds=1))
    for _ in range(4):
        time.sleep(0.01)  # SQLite's clock counts milliseconds
        relay_once(engine, [broken], quick)

    with database.reading(engine) as session:
        assert waiting(session) == Waiting(events=2, in_trouble=2, oldest=at("09:00"))
    pauses = [Terms().pause_after(tries).total_seconds() for tries in (1, 2, 3, 9, 10, 1_000)]
    assert pauses == [1, 2, 4, 256, 300, 300]


# --- Who comes late -------------------------------------------------------------------------------------


def overtaken(engine: Engine) -> tuple[int, int]:
    """One claims an event and is away past his lease; another claims it. What each of them relays then."""
    announced(engine, made(engine, 1))
    late = claimed(engine, lease=MOMENT)
    time.sleep(2 * MOMENT.total_seconds())
    present = claimed(engine)

    assert [each.token for each in (*late, *present)] == [1, 2]
    return tuple(_finished(engine, [Scribe()], QUICK, those) for those in (late, present))  # type: ignore[return-value]


def test_who_comes_late_writes_nothing(engine: Engine) -> None:
    assert overtaken(engine) == (0, 1)
    assert len(notes(engine)) == 1


def test_control_without_the_token_the_late_one_s_write_lands(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def anybody_s(claims: Sequence[Claim]) -> tuple[object, ...]:
        return (Event.id.in_([claim.event.id for claim in claims]),)

    monkeypatch.setattr(claiming, "_ours", anybody_s)

    assert overtaken(engine) == (1, 1)
    assert len(notes(engine)) == 2


def test_who_comes_late_writes_nothing_even_where_nobody_came(engine: Engine) -> None:
    announced(engine, made(engine, 1))
    late = claimed(engine, lease=MOMENT)
    time.sleep(2 * MOMENT.total_seconds())

    assert _finished(engine, [Scribe()], QUICK, late) == 0
    assert notes(engine) == []
    assert relay_once(engine, [Scribe()]) == 1


# --- Killed ---------------------------------------------------------------------------------------------

EVENTS, SUBJECTS = 3_000, 600
WORKERS, KILLS = 4, 20
FAILURES = 0.2


def _worker(url: str, journal: Path, over: Path) -> None:
    """Relays until it is told to stop, or is killed; each fifth call of its subscriber fails."""
    own = database.engine(url, poolclass=NullPool)
    chance = random.Random(os.getpid())
    file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    class Outside(Scribe):
        """Lets the world know before the commit, which no database can take back."""

        def hear(self, session: Session, events: Sequence[Heard]) -> None:
            super().hear(session, events)
            os.write(file, "".join(f"{note(event)}\n" for event in events).encode())
            time.sleep(0.002)  # so that some are killed here

    scribe = Outside(lambda _: chance.random() < FAILURES)
    while not over.exists():
        if not relay_once(own, [scribe], QUICK):
            time.sleep(0.01)


def wait_until_left(engine: Engine, most: int) -> None:
    assert soon(lambda: left(engine) <= most), f"{left(engine)} events are left"


def test_of_three_thousand_events_none_is_lost_whoever_is_killed(
    engine: Engine, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    subjects = made(engine, SUBJECTS)
    announced(engine, [subject for subject in subjects for _ in range(EVENTS // SUBJECTS)])
    journal, over = tmp_path / "journal", tmp_path / "over"
    url = engine.url.render_as_string(hide_password=False)
    chance = random.Random(8)
    workers = [started(_worker, url, journal, over) for _ in range(WORKERS)]
    for turn in range(KILLS):
        wait_until_left(engine, EVENTS - (turn + 1) * EVENTS // (KILLS + 1))
        victim = workers.pop(chance.randrange(WORKERS))
        kill(victim.pid)
        ended(victim)
        workers.append(started(_worker, url, journal, over))
    wait_until_left(engine, 0)
    over.touch()
    assert {ended(worker) for worker in workers} == {0}

    expected = {
        f"{subject} {step + 1}" for subject in subjects for step in range(EVENTS // SUBJECTS)
    }
    written, told = notes(engine), journal.read_text().splitlines()
    assert set(written) == expected
    assert len(written) == EVENTS  # inside the database there is no double
    assert set(told) == expected
    doubles = len(told) - EVENTS
    assert doubles <= KILLS * QUICK.portion
    record_property("doubles outside", doubles)
    in_order = defaultdict(list)
    for line in dict.fromkeys(told):
        in_order[line.split()[0]].append(int(line.split()[1]))
    assert all(sequences == sorted(sequences) for sequences in in_order.values())


# --- The thread, and its bell ---------------------------------------------------------------------------


def test_a_relay_that_is_rung_does_not_wait(on_sqlite: Engine) -> None:
    announced(on_sqlite, made(on_sqlite, 1))
    with relay(on_sqlite, [Scribe()], every=timedelta(hours=1)).going() as running:
        assert soon(lambda: left(on_sqlite) == 0)  # in its first round
        announced(on_sqlite, made(on_sqlite, 1))
        running.ring()

        assert soon(lambda: left(on_sqlite) == 0)


def test_control_a_relay_that_nobody_rings_waits(on_sqlite: Engine) -> None:
    announced(on_sqlite, made(on_sqlite, 1))
    with relay(on_sqlite, [Scribe()], every=timedelta(hours=1)).going():
        assert soon(lambda: left(on_sqlite) == 0)  # in its first round
        announced(on_sqlite, made(on_sqlite, 1))
        time.sleep(0.2)

        assert left(on_sqlite) == 1


def test_a_round_that_fails_is_made_again() -> None:
    rounds = iter([ZeroDivisionError, ZeroDivisionError])
    done = threading.Event()

    def act() -> None:
        for error in rounds:
            raise error
        done.set()

    with Rounds("test", act, MOMENT).going():
        assert done.wait(PATIENCE)


# --- The bell of RQ -------------------------------------------------------------------------------------

DATABASE = "TEST_RELAY_DATABASE"
JOB = f"{__name__}.answer_there"


def answer_there() -> None:
    """What a worker of RQ runs."""
    own = database.engine(os.environ[DATABASE], poolclass=NullPool)
    with Redis.from_url(os.environ["TEST_RELAY_REDIS"]) as redis:
        answer(redis, own, [Scribe()])
    own.dispose()


def test_a_thousand_rings_are_one_job_and_it_relays(
    on_sqlite: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE, str(on_sqlite.url))
    monkeypatch.setenv("TEST_RELAY_REDIS", redis_url)
    announced(on_sqlite, made(on_sqlite, 3))
    with Redis.from_url(redis_url) as redis, closing(Doorbell.at(redis_url, JOB)) as bell:
        queue = Queue("relay", connection=redis)
        assert all(bell.ring() for _ in range(1_000))
        assert queue.count == 1

        SimpleWorker([queue], connection=redis).work(burst=True, logging_level="WARNING")
        assert left(on_sqlite) == 0
        assert queue.count == 0

        assert bell.ring()
        assert queue.count == 1


def test_who_rings_while_it_is_answered_is_answered_again(
    on_sqlite: Engine, redis_url: str
) -> None:
    announced(on_sqlite, made(on_sqlite, 1))
    with Redis.from_url(redis_url) as redis, closing(Doorbell.at(redis_url, JOB)) as bell:
        bell.ring()
        queue = Queue("relay", connection=redis)
        queue.delete(delete_jobs=True)

        answer(redis, on_sqlite, [Scribe(lambda _: not bell.ring())])
        assert queue.count == 1


def test_without_redis_nobody_waits_and_the_poll_relays(on_sqlite: Engine) -> None:
    with started_redis() as url:
        bell = Doorbell.at(url, JOB)
        assert bell.ring()
    with closing(bell), relay(on_sqlite, [Scribe()], every=MOMENT).going():
        announced(on_sqlite, made(on_sqlite, 1))
        began = time.monotonic()

        assert not any(bell.ring() for _ in range(1_000))
        assert time.monotonic() - began < BRIEFLY
        assert soon(lambda: left(on_sqlite) == 0)


def test_a_redis_that_does_not_answer_is_waited_for_once_and_briefly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"redis://127.0.0.1:{deaf.getsockname()[1]}"
        with closing(Doorbell.at(url, JOB)) as bell:
            began = time.monotonic()

            assert not any(bell.ring() for _ in range(1_000))
            assert time.monotonic() - began < BRIEFLY


def test_a_redis_that_is_full_is_as_one_that_is_away() -> None:
    with started_redis("--maxmemory", "1") as url, closing(Doorbell.at(url, JOB)) as bell:
        assert not bell.ring()
