"""Calendars of practitioners on the pages: added, read, what is wrong with them, removed. Domain §6."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from models.database import writing
from models.own_calendars import BusyTime
from scheduler.access import Right
from tests.http_client import an_api, copied
from tests.pages import Desk, a_browser, a_desk, require_accessible
from tests.records import at
from tests.test_booking import Service
from tests.test_own_calendars_read import Elsewhere, a_server, at_ten, row
from tests.waiting import soon


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    with a_browser() as made:
        yield made


@pytest.fixture(scope="module")
def there() -> Iterator[Elsewhere]:
    with a_server() as made:
        yield made


@pytest.fixture(scope="module")
def desk(engine: Engine, started: Browser, there: Elsewhere) -> Iterator[Desk]:
    way_out = {"egress": there.client()}
    with an_api(engine, **way_out) as api, a_desk(api, started, **way_out) as made:
        yield made


def test_one_is_read_and_what_collides_is_shown(desk: Desk, there: Elsewhere) -> None:
    service = Service(desk.api.engine)
    service.booked("10:00")
    planner = desk.api.person(
        Right.MANAGE_ABSENCES, Right.VIEW_AGENDA, Right.VIEW_APPOINTMENTS, Right.VIEW_EMPLOYEES
    )
    there.gives(at_ten(), "UID:b\nDTSTART:never")
    with desk.open("/absences", by=planner) as page:
        page.get_by_role("link", name="Own calendars").click()
        expect(page.get_by_text("There are none.")).to_be_visible()
        page.get_by_label("Practitioner").select_option(index=1)
        page.get_by_label("Address of the calendar").fill(there.url)
        page.get_by_role("button", name="Read it").click()
        expect(page.get_by_role("cell", name="localhost")).to_be_visible()
        assert soon(lambda: row(desk.api.engine).read_at)
        page.reload()
        expect(page.get_by_text("1 event is left out")).to_be_visible()
        page.get_by_text("1 event is left out").click()
        expect(page.get_by_text("line 9: it cannot be read")).to_be_visible()
        assert "private-" not in page.content()
        require_accessible(page)

        with writing(desk.api.engine) as session:
            one = row(desk.api.engine)
            session.add(
                BusyTime(
                    own_calendar_id=one.id,
                    practitioner_id=one.practitioner_id,
                    starts_at=at("09:45"),
                    ends_at=at("10:15"),
                )
            )
        page.get_by_role("link", name="What collides with it").click()
        expect(page.get_by_role("rowheader")).to_have_count(1)
        require_accessible(page)
        page.go_back()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("There are none.")).to_be_visible()


def test_one_that_cannot_be_read_says_since_when_and_why(desk: Desk, there: Elsewhere) -> None:
    Service(desk.api.engine)
    planner = desk.api.person(Right.MANAGE_ABSENCES, Right.VIEW_AGENDA)
    there.says = lambda _: (410, {}, b"")
    with desk.open("/own-calendars", by=planner, language="nl") as page:
        page.get_by_label("Agenda-gebruiker").select_option(index=1)
        page.get_by_label("Adres van de agenda").fill("https://127.0.0.1/me.ics")
        page.get_by_role("button", name="Lezen", exact=True).click()
        expect(page.locator(".problems").last).to_contain_text("niet toegestaan")
        page.get_by_label("Adres van de agenda").fill(there.url)
        page.get_by_role("button", name="Lezen", exact=True).click()
        expect(page.get_by_role("cell", name="localhost")).to_be_visible()
        assert soon(lambda: row(desk.api.engine).trouble)
        page.reload()
        expect(page.get_by_text("het staat er niet meer")).to_be_visible()
        require_accessible(page)
