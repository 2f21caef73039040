"""Workers that send: rung by RQ, sharing what is due by claims, whoever is killed; and who sends where there are none."""

import base64
import os
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
from redis import Redis
from rq import SimpleWorker
from sqlalchemy import ColumnElement, Engine, select

from api import senders
from api.senders import Bell, Means, Senders, listening
from models.database import reading
from models.messages import Reminder
from models.outbox import DeliveryState
from notifications.mail import claims, ways
from notifications.mail.gathered import Row
from tests.access import VAULT
from tests.mail import (
    Box,
    Taken,
    a_box,
    a_mailer,
    a_server,
    sent,
    tries,
)
from tests.records import DATABASES, fresh
from tests.sending import Post, sender, start, stop
from tests.servers import started_redis
from tests.test_deployment import first_line
from tests.test_mail_killed import _due as due
from tests.test_mail_killed import _left as left
from tests.waiting import soon

REMINDERS = 60


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def blind_sender(number: int, by: Post) -> None:
    """One that does not see what others have taken on."""

    def is_due(kind: type[Row]) -> ColumnElement[bool]:
        return kind.state == DeliveryState.DUE

    def ours(one: claims.Claim) -> tuple[ColumnElement[bool], ...]:
        return (one.kind.id == one.id,)

    vars(ways)["is_due"], vars(claims)["_ours"] = (
        is_due,
        ours,
    )  # this process has nothing else to do
    sender(number, by)


def made_due(engine: Engine) -> None:
    due(engine, REMINDERS)


def hosts(taken: list[Taken]) -> set[str]:
    return {one.id.rpartition("@")[2] for one in taken}


def keys(taken: list[Taken]) -> Counter[str]:
    return Counter(one.id.partition("@")[0] for one in taken)


@pytest.fixture
def redis() -> Iterator[str]:
    with started_redis() as url:
        yield url


@pytest.fixture
def box() -> Iterator[Box]:
    with a_box() as made:
        made.answers = lambda _: 0.02
        yield made


def test_two_share_the_mail_and_what_one_leaves_the_other_sends(
    engine: Engine, redis: str, box: Box
) -> None:
    a_server(engine, box.port)
    victim, other = start(sender, engine, redis, box)
    made_due(engine)
    with closing(Bell.at(redis)) as bell:
        # rung again and again, as one who has more than he can take on at once does
        assert soon(lambda: bell.ring() and len(hosts(box.taken)) == 2)
        stop([victim])
        assert soon(lambda: bell.ring() and left(engine) == 0)
    stop([other])

    with reading(engine) as session:
        rows = set(session.scalars(select(Reminder.id).where(Reminder.state == DeliveryState.SENT)))
    came = keys(box.taken)
    assert {f"<{key}" for key in rows} == set(came)  # none lost, none strange
    assert len(came) == REMINDERS
    # one in each of its threads was on its way
    assert came.total() - REMINDERS <= senders.MAILERS


def test_without_claims_they_would_all_send_the_same(engine: Engine, redis: str, box: Box) -> None:
    """The control."""
    a_server(engine, box.port)
    two = start(blind_sender, engine, redis, box)
    made_due(engine)
    with closing(Bell.at(redis)) as bell:
        assert soon(lambda: bell.ring() and left(engine) == 0)
    stop(two)
    came = keys(box.taken)
    assert len(came) == REMINDERS
    assert came.total() - REMINDERS > senders.MAILERS


def test_who_rings_knows_whether_anybody_hears(redis: str) -> None:
    with closing(Bell.at(redis)) as bell:
        assert not bell.ring()
        assert not bell.is_heard()
        with closing(Redis.from_url(redis)) as client:
            there = SimpleWorker([senders.queue_at(client)], connection=client)
            there.register_birth()  # type: ignore[no-untyped-call]
            assert all(bell.ring() for _ in range(100))
            assert senders.queue_at(client).count == 1
            # killed: it never said that it went
            client.delete(there.key)
        assert not bell.is_heard()


def test_who_listens_is_heard_until_he_stops(engine: Engine, redis: str, box: Box) -> None:
    means = Means(VAULT, "https://spreekuur.test", box.client())
    with closing(Bell.at(redis)) as bell:
        mine = Senders(engine, means)
        with mine.going(), listening(redis, mine):
            assert soon(bell.is_heard)
        assert not bell.is_heard()


def test_where_redis_is_away_nobody_waits_and_the_service_sends_by_itself() -> None:
    with started_redis() as url:
        bell = Bell.at(url)
    with closing(bell):
        assert not any(bell.ring() for _ in range(1_000))
        assert not bell.is_heard()


@pytest.mark.parametrize("others", [False, True])
def test_a_service_sends_where_no_others_do(engine: Engine, box: Box, others: bool) -> None:  # noqa: FBT001
    a_server(engine, box.port)
    due(engine, 1)
    asked: list[bool] = []

    def others_send() -> bool:
        asked.append(others)
        return others

    means = Means(VAULT, "https://spreekuur.test", box.client())
    with Senders(engine, means, others=others_send).going():
        assert soon(lambda: len(asked) > senders.MAILERS and left(engine) == (1 if others else 0))
    assert len(box.taken) == (0 if others else 1)


def test_one_that_is_told_to_stop_gives_back_what_it_has_not_sent(engine: Engine, box: Box) -> None:
    a_server(engine, box.port)
    due(engine, 8)
    mailer = a_mailer(engine, box.client())

    def stops(_: Taken) -> str:
        mailer.stop()
        return "250 taken"

    box.answers = stops
    assert mailer.send_all() == 1
    assert len(box.taken) == 1
    assert left(engine) == 7
    assert len(tries(engine)) == 1  # the others were not tried, and count for no limit
    assert sent(engine, box.client()) == 7


@pytest.mark.parametrize("sends", [False, True])
def test_a_worker_sends_where_it_knows_as_whom(engine: Engine, sends: bool) -> None:  # noqa: FBT001
    known = {"SPREEKUUR_DATABASE": engine.url.render_as_string(hide_password=False)}
    if sends:
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        known |= {"SPREEKUUR_SECRET_KEY": key, "SPREEKUUR_BASE_URL": "https://spreekuur.test"}
    with subprocess.Popen(
        [sys.executable, "-m", "api", "worker"],
        env=os.environ | known | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        try:
            assert ("sending" in first_line(worker, "waiting for runs")) is sends
        finally:
            worker.kill()
