"""Receivers of webhooks on the pages: added with a secret shown once, tried out, their log, and what is sent again. Domain §6."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from api.pages.routes.receivers import ERRORS, STATES, TOPICS
from models.access import AccountKind
from models.database import writing
from models.outbox import DeliveryState, Receiver
from notifications.delivering.claims import Lost
from notifications.delivering.deliverer import Fault
from notifications.egress.errors import Why
from notifications.webhooks import Failure
from scheduler.access import Right
from scheduler.receivers import CATALOGUE
from tests.access import a_group, a_role, an_account
from tests.deliveries import attempts, deliveries
from tests.hooks import Hook, a_hook, soon, well
from tests.http_client import Api, Client, an_api, copied
from tests.pages import Desk, a_browser, a_desk, require_accessible
from tests.test_http_deliveries import _given_up
from tests.test_http_receivers import MANAGER, wish


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    with a_browser() as made:
        yield made


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with a_hook() as made:
        yield made


@pytest.fixture(scope="module")
def desk(engine: Engine, started: Browser, hook: Hook) -> Iterator[Desk]:
    way_out = {"egress": hook.client()}
    with an_api(engine, **way_out) as api, a_desk(api, started, **way_out) as made:
        yield made


@pytest.fixture(scope="module")
def manager(desk: Desk) -> Client:
    return desk.api.person(*MANAGER)


def a_program(api: Api, name: str) -> str:
    with writing(api.engine) as session:
        role = a_role(session, [Right.VIEW_APPOINTMENTS])
        group = a_group(session, everybody=True)
        made = an_account(session, kind=AccountKind.API, role_id=role, group_id=group, name=name)
        return str(made.id)


def test_one_is_added_and_its_secret_is_shown_once(desk: Desk, manager: Client, hook: Hook) -> None:
    a_program(desk.api, "Program 1")
    with desk.open("/administration", by=manager) as page:
        page.get_by_role("link", name="Receivers of webhooks").click()
        require_accessible(page)
        page.get_by_role("link", name="Add").click()
        require_accessible(page)
        page.get_by_label("Name").fill("Payroll")
        page.get_by_label("URL", exact=False).first.fill("http://127.0.0.1:1/")
        page.get_by_label("API account").select_option(label="Program 1")
        page.get_by_label("An appointment was planned").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("this address is not allowed")).to_be_visible()

        page.get_by_label("URL", exact=False).first.fill(hook.url)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="The secret of Payroll")).to_be_focused()
        require_accessible(page)
        secret = page.locator(".secret").inner_text()
        assert secret.startswith("whsec_")
        page.get_by_role("link", name="I have kept it").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Payroll")
        require_accessible(page)
        assert secret not in page.content()

        page.get_by_text("Edit", exact=True).click()
        page.get_by_label("An appointment was cancelled").check()
        page.get_by_label("Name").fill("Wages")
        with page.expect_navigation():
            page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Wages")
        page.get_by_text("Edit", exact=True).click()
        expect(page.get_by_label("An appointment was cancelled")).to_be_checked()

        page.get_by_role("button", name="New secret").click()
        expect(page.locator(".secret")).to_have_count(1)
        assert page.locator(".secret").inner_text() != secret
        page.get_by_role("link", name="I have kept it").click()
        with page.expect_navigation():
            page.get_by_role("button", name="Retire the secret before").click()
        expect(page.get_by_text("still valid")).to_have_count(0)


def test_it_is_tried_out_its_log_is_read_and_what_failed_is_sent_again(
    desk: Desk, manager: Client, hook: Hook
) -> None:
    engine = desk.api.engine
    made = manager.post("/receivers", wish(a_program(desk.api, "Program 2"), url=hook.url)).json()
    hook.answers = lambda _: (500, {}, b"")
    with desk.open(f"/administration/receivers/{made['receiver']['id']}", by=manager) as page:
        with page.expect_navigation():
            page.get_by_role("button", name="Send a test").click()
        assert soon(
            lambda: (
                attempts(engine) and all(one.milliseconds is not None for one in attempts(engine))
            )
        )
        page.reload()
        expect(page.get_by_text("500 the receiver did not take it")).to_be_visible()
        _given_up(engine)
        hook.answers = well
        page.reload()
        page.locator("table a").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The receiver was tried out")
        require_accessible(page)
        with page.expect_navigation():
            page.get_by_role("button", name="Send again").click()
        manager.post(
            f"/receivers/{made['receiver']['id']}/test", version=made["receiver"]["version"]
        )
        assert soon(lambda: {one.state for one in deliveries(engine)} == {DeliveryState.SENT})
        page.reload()
        expect(page.get_by_text("2.1", exact=True)).to_be_visible()
        expect(page.get_by_text("received")).to_be_visible()
        page.get_by_role("link", name="Log").click()
        page.on("dialog", lambda asked: asked.accept())
        with page.expect_navigation():
            page.get_by_role("button", name="Remove").click()
        expect(page.get_by_role("button", name="Send a test")).to_have_count(0)
        expect(page.locator("table tbody tr")).to_have_count(2)
    with writing(engine) as session:
        receiver = session.get_one(Receiver, UUID(made["receiver"]["id"]))
        assert receiver.removed_at is not None


def test_what_there_is_to_hear_of_in_dutch(desk: Desk, manager: Client) -> None:
    with desk.open("/administration/event-topics", by=manager, language="nl") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Waarover bericht kan worden")
        expect(page.get_by_text("AppointmentPlanned")).to_be_visible()
        require_accessible(page)


def test_all_that_the_log_may_say_has_a_word() -> None:
    assert set(STATES) == set(DeliveryState)
    assert set(ERRORS) == {*Why, *Failure, *Lost, *Fault}
    assert set(CATALOGUE) <= set(TOPICS)
