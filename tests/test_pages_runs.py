"""A planning run in a browser: started, watched, read, and what it left out dealt with. Domain §4."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from api.http.routes.runs import NewRun
from scheduler.access import Right
from scheduler.planning.night import RunSettings
from scheduler.planning.working import work
from tests.counters import PLANNER, Counter, a_counter
from tests.desks import NOW
from tests.http_client import copied
from tests.pages import require_accessible
from tests.waiting import soon

RUNNER = (*PLANNER, Right.START_RUNS, Right.TAKE_BACK_RUNS)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def counter(engine: Engine, started: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    asked = NewRun.settings

    def quick(given: NewRun) -> RunSettings:
        return replace(asked(given), iterations=0)

    monkeypatch.setattr(NewRun, "settings", quick)
    with a_counter(engine, started) as made:
        yield made


@contextmanager
def a_worker(engine: Engine) -> Iterator[None]:
    """Does what was asked for, beside the page that watches."""
    done: list[int] = []
    worker = threading.Thread(target=lambda: done.append(work(engine, now=lambda: NOW)))
    worker.start()
    try:
        yield
    finally:
        worker.join()
        assert done
        assert done[0] > 0


def test_started_watched_read_and_dealt_with(counter: Counter, engine: Engine) -> None:
    lucky, unlucky = counter.employee("Employee 21"), counter.employee("Employee 22")
    counter.block(minutes=30)
    counter.request(lucky, priority=5)
    left = counter.request(unlucky)
    runner = counter.colleague(*RUNNER)
    with counter.open("/runs", by=runner) as page:
        require_accessible(page)
        page.get_by_label("Minutes it may take").fill("1")
        page.get_by_role("button", name="Start").click()

        expect(page.get_by_text("It waits for a worker that is free.")).to_be_visible()
        require_accessible(page)
        with a_worker(engine):
            expect(page.get_by_role("heading", name="Result")).to_be_visible(timeout=60_000)
        expect(page.locator(".badges")).to_contain_text("done")
        facts = page.get_by_role("region", name="Result")
        expect(facts).to_contain_text("Planned")
        row = page.get_by_role("row").filter(has_text="Employee 22")
        expect(row).to_contain_text("the practitioner is occupied")
        require_accessible(page)
        counter.block(clock="11:00", minutes=30)  # a place more
        row.get_by_role("link", name="Plan:").click()

        dialog = page.locator("#dialog")
        expect(page.get_by_text("Kept for you until")).to_be_visible()
        dialog.get_by_role("button", name="Plan", exact=True).click()
        expect(page.locator(".badges")).to_contain_text("planned")
    assert counter.planned(lucky)
    assert counter.planned(unlucky)
    assert counter.requests_of(unlucky)[0].id == left


def test_let_to_end_and_taken_back(counter: Counter, engine: Engine) -> None:
    employee = counter.employee("Employee 23")
    counter.block()
    counter.request(employee)
    runner = counter.colleague(*RUNNER)
    with counter.open("/runs", by=runner, language="nl") as page:
        page.get_by_role("button", name="Starten").click()
        page.get_by_role("button", name="Laten eindigen").click()
        expect(page.locator(".badges")).to_contain_text("geannuleerd")

        page.goto("/runs")
        page.get_by_role("button", name="Starten").click()
        expect(page.get_by_text("Het wacht op een werker die vrij is.")).to_be_visible()
        with a_worker(engine):
            expect(page.get_by_role("heading", name="Resultaat")).to_be_visible(timeout=60_000)
        assert counter.planned(employee)
        page.on("dialog", lambda asked: asked.accept())
        page.get_by_role("button", name="Terugnemen").click()
        expect(page.get_by_text("Het wacht op een werker die vrij is.")).to_be_visible()
        with a_worker(engine):
            expect(page.get_by_text("1 afspraak is teruggenomen")).to_be_visible(timeout=60_000)
        require_accessible(page)
    assert soon(lambda: not counter.planned(employee))


def test_who_reaches_a_part_reads_and_starts_nothing(counter: Counter) -> None:
    part = counter.records.add("employers")
    some = counter.pages.api.person(*RUNNER, reaches={"employer_id": part})
    with counter.open("/runs", by=some) as page:
        expect(page.get_by_role("heading", name="Planning runs")).to_be_visible()
        assert not page.get_by_role("button", name="Start").count()
