"""Processes that send, as `spreekuur worker` does, to a mail server of the tests."""

import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from redis import Redis
from rq import Worker
from sqlalchemy import Engine

from api import senders
from api.senders import Bell, Means, Senders, listening
from models import database
from notifications.mail import Terms
from tests.access import VAULT
from tests.forking import ended, kill, started
from tests.mail import HOST, Box, a_client, certificate
from tests.waiting import soon

SHORT = Terms(lease=timedelta(seconds=20), batch=5)


@dataclass(frozen=True)
class Post:
    """Where what is due lies, who rings, and where it goes."""

    database: str
    redis: str
    port: int
    pem: Path


def sender(number: int, by: Post, terms: Terms = SHORT) -> None:
    """A process that sends, until it is killed; it signs its mails with its number."""
    own = database.engine(by.database)
    egress = a_client(frozenset({(HOST, by.port)}), by.pem)
    means = Means(VAULT, f"https://sender-{number}.test", egress)
    with closing(Bell.at(by.redis)) as bell:
        mine = Senders(own, means, more=bell.ring, terms=terms)
        with mine.going(), listening(by.redis, mine):
            threading.Event().wait()


def start(
    act: Callable[..., None], engine: Engine, redis: str, box: Box, *how: Terms
) -> list[BaseProcess]:
    """Two of them, once they can be rung."""
    url = engine.url.render_as_string(hide_password=False)
    by = Post(url, redis, box.port, certificate())
    two = [started(act, number, by, *how) for number in (1, 2)]
    assert soon(lambda: are_there(redis, 2))
    return two


def stop(processes: Iterable[BaseProcess]) -> None:
    for one in processes:
        kill(one.pid)
        ended(one)


def are_there(redis: str, count: int) -> bool:
    with closing(Redis.from_url(redis)) as client:
        return len(Worker.all(queue=senders.queue_at(client))) == count
