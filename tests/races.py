"""Many clients at once, each with a connection of its own, all after the same thing.

A client does what careless code does: it looks, sees that the place is free, and takes it. All of
them look before the first one takes, so without a guard every race is lost, which is what the
control runs show.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from operator import methodcaller
from typing import Any

from sqlalchemy import Connection, Engine, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from models import Base, database, guards
from tests.forking import ended, forking, started, told_by
from tests.waiting import PATIENCE

CLIENTS = 50
BEFORE_COMMIT = 0.005  # seconds in which others who do not wait would come to the same conclusion

Taking = Callable[[Connection], object]
Span = tuple[datetime, datetime]


def race(
    engine: Engine, looks: Callable[[Connection], bool], takings: Sequence[Taking]
) -> Counter[str]:
    """Let one client each `looks`, then do one of `takings`; give what became of them: "done", or the refusal."""
    own = database.engine(engine.url.render_as_string(hide_password=False), poolclass=NullPool)
    looked = threading.Barrier(len(takings), timeout=PATIENCE)

    def client(taking: Taking) -> str:
        with own.connect() as connection:
            free = looks(connection)
        looked.wait()
        return _outcome(own, taking) if free else "seen"

    with ThreadPoolExecutor(len(takings)) as clients:
        outcome = Counter(clients.map(client, takings))
    own.dispose()
    return outcome


def _outcome(own: Engine, taking: Taking) -> str:
    """What becomes of it; who waits too long for those before him comes back: a machine may be slow."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with own.begin() as connection:
                taking(connection)
                time.sleep(BEFORE_COMMIT)
        except DBAPIError as error:
            said = str(error.orig)
            if "deadlock detected" in said:
                return "deadlock"
            waited = "lock timeout" in said or "database is locked" in said
            if not waited or time.monotonic() > deadline:
                return guards.refused_by(error) or said
        else:
            return "done"


def race_of_processes(
    engine: Engine, table: str, places: Sequence[Sequence[dict[str, Any]]]
) -> list[Counter[str]]:
    """The same between processes, which share no lock of Python's or the driver's: for each place, one try each.

    `places` has, for each place, the row that each process tries to insert.
    """
    processes = len(places[0])
    ready = forking().Barrier(processes, timeout=PATIENCE)
    outcomes: SimpleQueue[list[str]] = forking().SimpleQueue()
    url = engine.url.render_as_string(hide_password=False)
    own = [[rows[number] for rows in places] for number in range(processes)]
    clients = [started(_client, url, table, rows, ready, outcomes) for rows in own]
    found = told_by(clients, outcomes)
    assert {ended(client) for client in clients} == {0}
    return [Counter(column) for column in zip(*found, strict=True)]


def _client(
    url: str,
    table: str,
    rows: list[dict[str, Any]],
    ready: Barrier,
    outcomes: "SimpleQueue[list[str]]",
) -> None:
    own = database.engine(url)
    found = []
    for row in rows:
        inserted = insert(Base.metadata.tables[table]).values(row)
        ready.wait()
        found.append(_outcome(own, methodcaller("execute", inserted)))
    outcomes.put(found)
    own.dispose()


def most_at_once(spans: Sequence[Span]) -> int:
    """The oracle of the limits: sweep over all starts and ends."""
    # an end goes before a start at the same moment: [start, end)
    moments = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most


def most_within(span: Span, others: Sequence[Span]) -> int:
    """How many of the others there are at once, at most, during the span."""
    clipped = [(max(start, span[0]), min(end, span[1])) for start, end in others]
    return most_at_once([(start, end) for start, end in clipped if start < end])


def within(span: Span, other: Span) -> bool:
    return other[0] <= span[0] and span[1] <= other[1]
