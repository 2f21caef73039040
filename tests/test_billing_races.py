"""Many make bases final at once against one budget: not a cent is spent twice (reliability §1, P16); and one is killed anywhere.

In the control runs nobody locks, and on SQLite the engine is the usual one (§0, E1): what the budgets have
left may be outdated by the time it is spent.
"""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from multiprocessing.queues import SimpleQueue
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, delete, event, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from models import database
from models.billing import BasisState, InvoiceBasis, InvoiceLine
from models.database import reading, writing
from scheduler.billing import budgets, finishing
from scheduler.billing.generating import Period, generate
from scheduler.billing.runs import generate_all
from tests.billings import MARCH, NOW, Books
from tests.forking import ended, forking, kill, started, told_by
from tests.races import BEFORE_COMMIT, CLIENTS
from tests.records import DATABASES, fresh
from tests.waiting import PATIENCE, insisting

BUDGET = 100_000
Act = Callable[[Session], object]


@pytest.fixture(scope="module", params=DATABASES)
def records(request: pytest.FixtureRequest) -> Iterator[Engine]:
    for engine in fresh(request):
        own = database.engine(url_of(engine), poolclass=NullPool)
        yield own
        own.dispose()


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def at_once(engine: Engine, acts: Sequence[Act]) -> None:
    """Each by a client of its own, all at the same moment."""
    ready = threading.Barrier(len(acts))

    def client(act: Act) -> None:
        def transaction() -> None:
            with writing(engine) as session:
                act(session)
                time.sleep(BEFORE_COMMIT)

        ready.wait()
        insisting(transaction)

    with ThreadPoolExecutor(len(acts)) as clients:
        for done in [clients.submit(client, act) for act in acts]:
            done.result()


# --- One budget ---------------------------------------------------------------------------------------------


def drafts(engine: Engine, clients: int) -> tuple[Books, list[UUID]]:
    """Of as many establishments of one employer: EUR 110 each, against EUR 1000 for all of them."""
    with engine.begin() as connection:
        books = Books(connection)
        books.budget(BUDGET)
        branches = [books.performed_at_a_branch() for _ in range(clients)]
    with writing(engine) as session:
        made = [
            generate(session, [books.employer], Period(MARCH.from_day, MARCH.until_day, one)).bases
            for one in branches
        ]
    return books, [key for (key,) in made]


def final(books: Books, basis: UUID) -> Act:
    def act(session: Session) -> None:
        row = session.get_one(InvoiceBasis, basis)
        finishing.finalise(session, row, by=books.by, now=NOW)

    return act


def spent(engine: Engine, books: Books) -> int:
    query = (
        select(func.sum(InvoiceLine.budget_cents))
        .join(InvoiceBasis, InvoiceBasis.id == InvoiceLine.basis_id)
        .where(InvoiceLine.agreed_model_id == books.agreed, InvoiceBasis.state != BasisState.DRAFT)
    )
    with reading(engine) as session:
        return int(session.scalar(query) or 0)


def test_fifty_at_once_spend_no_cent_twice(records: Engine) -> None:
    books, bases = drafts(records, CLIENTS)

    at_once(records, [final(books, one) for one in bases])

    assert spent(records, books) == BUDGET
    with reading(records) as session:
        lines = session.scalars(select(InvoiceLine).where(InvoiceLine.basis_id.in_(bases))).all()
        numbers = session.scalars(
            select(InvoiceBasis.number).where(InvoiceBasis.id.in_(bases))
        ).all()
    # nine are paid whole, one in part, and the rest are invoiced
    assert Counter(one.budget_cents for one in lines) == {11_000: 9, 1_000: 1, 0: CLIENTS - 10}
    assert all(one.budget_cents + one.invoiced_cents == one.price_cents for one in lines)
    counted = sorted(int(str(one).rpartition("-")[2]) for one in numbers)
    assert counted == list(range(counted[0], counted[0] + CLIENTS))


def test_control_without_the_lock_it_is_spent_twice(
    records: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    books, bases = drafts(records, CLIENTS)
    careless = create_engine(url_of(records), poolclass=NullPool)
    looked = threading.Barrier(CLIENTS)
    purse = budgets.purse

    def looks(*given: Any) -> Any:
        """All of them look before the first one spends."""
        found = purse(*given)
        looked.wait(PATIENCE)
        return found

    monkeypatch.setattr(budgets, "purse", looks)
    monkeypatch.setattr(budgets, "lock", lambda *_: None)
    # a savepoint would begin a transaction on SQLite, whose snapshot is then noticed to be outdated
    monkeypatch.setattr(finishing, "guarded", nullcontext)
    with ThreadPoolExecutor(CLIENTS) as clients:
        for one in bases:
            clients.submit(_carelessly, careless, final(books, one))
    careless.dispose()

    assert spent(records, books) > BUDGET


def _carelessly(engine: Engine, act: Act) -> None:
    with Session(engine) as session, session.begin():
        act(session)


# --- Killed -------------------------------------------------------------------------------------------------

KILLED_AT = 12
"""Places in a run at which it is killed."""
EMPLOYERS, EACH = 6, 5


def many(engine: Engine) -> None:
    """Employers, each with an agreement of its own and some performances."""
    with engine.begin() as connection:
        for _ in range(EMPLOYERS):
            books = Books(connection)
            for _ in range(EACH):
                books.performed()


def in_small_portions(engine: Engine) -> None:
    with patch("scheduler.billing.runs.AT_ONCE", 2):
        for _ in generate_all(engine, MARCH):
            pass


def count_steps(engine: Engine, at_each: Callable[[int], None]) -> None:
    """Call with the number of each statement before it goes, and of each commit."""
    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1
        at_each(count)

    event.listen(engine, "before_cursor_execute", step)
    event.listen(engine, "commit", step)


def run_counted(url: str, told: "SimpleQueue[int]") -> None:
    own, steps = database.engine(url, poolclass=NullPool), [0]
    count_steps(own, steps.append)
    in_small_portions(own)
    told.put(steps[-1])


def run_killed(url: str, at_step: int) -> None:
    own = database.engine(url, poolclass=NullPool)
    count_steps(own, lambda number: kill(os.getpid()) if number == at_step else None)
    in_small_portions(own)


def billed(engine: Engine) -> Counter[int]:
    """How many performances are on how many lines."""
    lines = select(InvoiceLine.performance_id, func.count()).group_by(InvoiceLine.performance_id)
    with reading(engine) as session:
        return Counter(number for _, number in session.execute(lines))


def test_killed_anywhere_and_begun_again_no_line_is_lost_or_doubled(
    request: pytest.FixtureRequest, records: Engine
) -> None:
    for engine in fresh(request_for(request, records)):
        many(engine)
        engine.dispose()
        told: SimpleQueue[int] = forking().SimpleQueue()
        whole = started(run_counted, url_of(engine), told)
        (steps,) = told_by([whole], told)
        assert ended(whole) == 0
        seen = set()
        for place in range(KILLED_AT):
            with writing(engine) as session:
                session.execute(delete(InvoiceLine))
                session.execute(delete(InvoiceBasis))
            at_step = 1 + place * (steps - 1) // (KILLED_AT - 1)
            killed = started(run_killed, url_of(engine), at_step)
            assert ended(killed) == -signal.SIGKILL, f"step {at_step} of {steps}"
            left = billed(engine)
            assert left.keys() <= {1}
            seen.add(left[1])
            in_small_portions(engine)
            assert billed(engine) == {1: EMPLOYERS * EACH}
            in_small_portions(engine)
            assert billed(engine) == {1: EMPLOYERS * EACH}
        # before the first portion, between two, and after the last but one
        assert {0, 2 * EACH, 4 * EACH} <= seen


def request_for(request: pytest.FixtureRequest, engine: Engine) -> Any:
    """Another database of the same kind."""

    class Asked:
        param = engine.dialect.name
        getfixturevalue = staticmethod(request.getfixturevalue)

    return Asked()
