"""Twenty clients at work while the server is killed, and PostgreSQL stopped as by a power cut, again and again.

Reliability §1, P6. Each client asks until he is answered, with the same key, and writes down what he was told. Afterwards all
that was acknowledged is stored, nothing else is, and everything that came of it is there once. `make soak` goes on for longer.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from api.http import transactions
from models import database, migrations
from models.appointments import Appointment, History
from models.audit import Act, AuditRecord
from models.database import reading
from models.outbox import Event
from models.runs import IdempotencyKey
from scheduler.audit import Broken, verify
from tests import servers
from tests.crowds import Crowd, a_crowd, a_token
from tests.effort import REPORT, Report, sized
from tests.http_client import PLANNER
from tests.http_processes import Address
from tests.takers import IN_A_DAY, Place, made, places_in
from tests.towns import overlaps, torn, town

CLIENTS = 20
KILLS = sized(6, in_a_soak=100)
AT_MOST = 2 * CLIENTS
"""Changes that are acknowledged between two of them."""

Crash = Callable[[], object]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An SQLite; the PostgreSQL that is stopped is a test's own."""
    made = database.engine(f"sqlite:///{tmp_path}/records.db")
    migrations.upgrade(made)
    yield made
    made.dispose()


@dataclass
class Clerk:
    """Books, moves and cancels, with a practitioner of his own; `told`: what was acknowledged, each with its version."""

    crowd: Crowd
    request: UUID
    places: list[Place]
    told: list[tuple[UUID, int]] = field(default_factory=list)

    def work(self, over: threading.Event) -> None:
        while not over.is_set():
            moved = self._does("move", self.book(), random.choice(self.places[1:]).body)
            self._does("cancel", moved, {"party": "employee", "reason": "-"})

    def book(self) -> Any:
        path = f"/requests/{self.request}/appointment"
        return self.note(made(self.crowd.post(path, self.places[0].body)))

    def _does(self, what: str, appointment: Any, body: object) -> Any:
        path = f"/appointments/{appointment['id']}/{what}"
        return self.note(made(self.crowd.post(path, body, version=appointment["version"])))

    def note(self, appointment: Any) -> Any:
        self.told.append((UUID(appointment["id"]), appointment["version"]))
        return appointment


@contextmanager
def clerks_of(engine: Engine, address: Address) -> Iterator[list[Clerk]]:
    """The first has booked before anything is served, and does no more."""
    some = 1 + CLIENTS
    here = town(engine, practitioners=some, employees=some)
    days = [places_in(here)[n * IN_A_DAY :][:IN_A_DAY] for n in range(some)]
    with a_crowd(address.url, a_token(engine, *PLANNER)) as crowd:
        clerks = [Clerk(crowd, *each) for each in zip(here.requests, days, strict=True)]
        clerks[0].note(crowd.warm_up(address, here.requests[0], days[0][0].body))
        yield clerks


def at_work(engine: Engine, address: Address, crash: Crash | None = None) -> list[Clerk]:
    """Kill the server, or what it stands on, after a while that nobody knows, and start another; again and again."""
    over = threading.Event()
    with clerks_of(engine, address) as clerks, ThreadPoolExecutor(CLIENTS) as pool:
        server = address.started()
        try:
            going = [pool.submit(one.work, over) for one in clerks[1:]]
            for number in range(KILLS):
                enough = len(told(clerks)) + random.randrange(AT_MOST)
                while len(told(clerks)) < enough and not any(one.done() for one in going):
                    time.sleep(0.001)
                if crash is not None and number % 2:
                    crash()
                else:
                    server.kill()
                    server = address.started()
            over.set()
            # all of them are answered by the last one
            for one in going:
                one.result()
        finally:
            over.set()
            server.kill()
        assert clerks[0].crowd.sent_back, "nobody noticed anything"
        return clerks


def told(clerks: Sequence[Clerk]) -> list[tuple[UUID, int]]:
    return sorted(each for one in clerks for each in one.told)


def stored(engine: Engine) -> dict[str, object]:
    """Every step of an appointment that there is, and all that comes with each."""
    history = select(History.appointment_id, History.step).where(
        History.appointment_id.is_not(None)
    )
    news = select(Event.subject_id, Event.facts).where(Event.subject == Appointment.__tablename__)
    records = select(func.count()).where(
        AuditRecord.kind == Appointment.__tablename__,
        AuditRecord.act.in_([Act.CREATE, Act.UPDATE]),
        AuditRecord.allowed,
    )
    answers = select(func.count()).where(IdempotencyKey.response.is_not(None))
    with reading(engine) as session:
        return {
            "history": sorted((key, step) for key, step in session.execute(history)),
            "news": sorted((key, facts["version"]) for key, facts in session.execute(news)),
            "records": session.scalar(records),
            "answers": session.scalar(answers),
        }


def expected(clerks: Sequence[Clerk]) -> dict[str, object]:
    """Each once."""
    those = told(clerks)
    return {"history": those, "news": those, "records": len(those), "answers": len(those)}


def assert_whole(engine: Engine, clerks: Sequence[Clerk]) -> None:
    assert stored(engine) == expected(clerks)
    assert (overlaps(engine), torn(engine)) == (0, 0)
    assert not isinstance(verify(engine), Broken)


@pytest.mark.hypothesis  # so that a soak goes on for longer
def test_the_server_killed_again_and_again_loses_nothing(
    engine: Engine, record_property: Report
) -> None:
    with Address(engine) as address:
        clerks = at_work(engine, address)

    assert_whole(engine, clerks)
    with engine.connect() as connection:
        assert connection.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
        assert connection.scalars(text("PRAGMA foreign_key_check")).all() == []
    report(record_property, clerks)


@pytest.mark.hypothesis  # so that a soak goes on for longer
def test_the_database_stopped_as_by_a_power_cut_loses_nothing(
    tmp_path: Path, record_property: Report
) -> None:
    server = servers.started_postgres(tmp_path / "lock")
    engine = database.engine(servers.with_psycopg(server.get_uri()))
    try:
        migrations.upgrade(engine)
        with Address(engine) as address:
            clerks = at_work(engine, address, partial(servers.crash, server))

        assert_whole(engine, clerks)
        report(record_property, clerks)
    finally:
        engine.dispose()
        server.cleanup()


def report(record_property: Report, clerks: Sequence[Clerk]) -> None:
    """For the end of a soak."""
    changes = f"{KILLS} kills, {len(told(clerks)):,} changes acknowledged: none lost, none twice"
    record_property(REPORT, f"{changes}; {clerks[0].crowd.told}")


# --- Control --------------------------------------------------------------------------------------------------


def forgetting(stack: ExitStack) -> None:
    """Every third change is acknowledged, and rolled back."""
    turns = count(1)

    @contextmanager
    def writing(to: Engine) -> Iterator[Session]:
        with Session(to) as session, session.begin() as transaction:
            yield session
            if next(turns) % 3 == 0:
                transaction.rollback()

    stack.enter_context(patch.object(transactions, "writing", writing))


def test_control_a_server_that_acknowledges_what_it_has_not_stored_is_found_out(
    engine: Engine,
) -> None:
    with Address(engine, prepare=forgetting) as address, clerks_of(engine, address) as clerks:
        with address.served():
            for one in clerks[1:]:
                one.book()
        assert stored(engine) != expected(clerks)
