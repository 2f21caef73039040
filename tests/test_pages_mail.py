"""Mail on the pages: a template is written and tried, a server set up, what was sent is shown; and a recipient chooses his language. Domain §6."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, select, update

from api.http.sending import OWN_LANGUAGE
from api.pages.routes.mail import ERRORS, RECIPIENTS, STATES
from models.base import Base
from models.database import reading, writing
from models.instants import database_now
from models.messages import AddressLanguage, MailServer, Message, Recipient, Reminder
from models.outbox import DeliveryState
from notifications.delivering.claims import Lost
from notifications.delivering.deliverer import Fault
from notifications.egress.errors import Why
from notifications.mail.claims import Unsent
from notifications.mail.smtp import Trouble
from notifications.mail.writing import Unwritten
from scheduler.access import Right
from scheduler.mail import languages, servers
from tests.access import VAULT
from tests.hooks import soon
from tests.http_client import World, a_world, copied
from tests.mail import HOST, Box, a_box, a_server, reminders, sent
from tests.pages import Desk, a_browser, a_desk, require_accessible

MANAGER = (
    Right.MANAGE_MESSAGES,
    Right.MANAGE_TYPES,
    Right.VIEW_APPOINTMENTS,
    Right.VIEW_EMPLOYEES,
)
EMPLOYEE = "employee-1@example.org"


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    with a_browser() as made:
        yield made


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with a_box() as made:
        yield made


@pytest.fixture(scope="module")
def world(engine: Engine, box: Box) -> Iterator[World]:
    with a_world(engine, egress=box.client()) as made:
        yield made


@pytest.fixture(scope="module")
def desk(world: World, started: Browser, box: Box) -> Iterator[Desk]:
    with a_desk(world.api, started, egress=box.client()) as made:
        yield made


def test_a_server_is_set_up_and_its_sender_verified(desk: Desk, world: World, box: Box) -> None:
    manager = world.api.person(*MANAGER)
    with desk.open("/administration", by=manager) as page:
        page.get_by_role("link", name="Mail servers").click()
        require_accessible(page)
        page.get_by_role("link", name="Add").click()
        require_accessible(page)
        page.get_by_label("Name", exact=False).first.fill("Our mail server")
        page.get_by_label("Host").fill("127.0.0.1")
        page.get_by_label("Port").fill("25")
        page.get_by_label("The default mail server").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("this mail server is not allowed")).to_be_visible()
        page.get_by_label("Host").fill(HOST)
        page.get_by_label("Port").fill(str(box.port))
        page.get_by_label("Messages").first.fill("100")
        page.get_by_label("in so many minutes").first.fill("60")
        with page.expect_navigation():
            page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Our mail server")
        page.locator("#sender-name").fill("Planning")
        page.get_by_label("Mail address").fill("planning@example.org")
        with page.expect_navigation():
            page.get_by_role("button", name="Add").click()
        require_accessible(page)
        assert soon(lambda: box.taken)
        code = next(line for line in box.taken[0].text.splitlines() if line.isdecimal())
        page.get_by_label("Code").fill(code)
        with page.expect_navigation():
            page.get_by_role("button", name="Verify").click()
        expect(page.get_by_role("cell", name="verified")).to_be_visible()


def test_a_template_is_written_tried_and_sent(desk: Desk, world: World, box: Box) -> None:
    engine = world.api.engine
    manager = world.api.person(*MANAGER)
    with reading(engine) as session:
        has_server = session.scalar(select(MailServer.id).where(MailServer.is_default)) is not None
    if not has_server:
        a_server(engine, box.port)
    with engine.begin() as connection:
        employees = Base.metadata.tables["employees"]
        connection.execute(update(employees).values(private_email=EMPLOYEE))
    world.book(1, 1)  # to try the template with

    with desk.open("/administration/templates/new", by=manager) as page:
        require_accessible(page)
        page.get_by_label("Name", exact=False).first.fill("Call-up")
        page.get_by_label("Code").fill("call-up")
        page.get_by_label("Subject").first.fill("Uw afspraak")
        page.get_by_label("Text").first.fill("Beste {{recipient.nam}}")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("there are no such merge fields")).to_be_visible()
        page.get_by_label("Text").first.fill("Beste {{recipient.name}}, om {{appointment.time}}")
        page.get_by_label("Subject").nth(1).fill("Your appointment")
        page.get_by_label("Text").nth(1).fill("Dear {{recipient.name}}, at {{appointment.time}}")
        with page.expect_navigation():
            page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Call-up")
        page.locator("#appointment_id").select_option(index=0)
        page.get_by_label("Language").select_option("en")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", name="Your appointment")).to_be_visible()
        expect(page.locator("#preview pre")).to_contain_text("Dear ")
        require_accessible(page)

        page.goto("/administration/default-reminders")
        page.get_by_label("Consultation type").select_option(index=0)
        page.get_by_label("Template").select_option(label="Call-up")
        with page.expect_navigation():
            page.get_by_role("button", name="Add").click()
        expect(page.get_by_text("1440 minutes before the start")).to_be_visible()
        require_accessible(page)

        world.book(0, 0)
        with writing(engine) as session:
            session.execute(update(Reminder).values(due_at=database_now()))
        sent(engine, box.client())
        assert soon(lambda: {one.state for one in reminders(engine)} == {DeliveryState.SENT})
        page.goto("/administration/mails")
        expect(page.get_by_text(EMPLOYEE)).to_be_visible()
        require_accessible(page)
        page.locator("table a").first.click()
        expect(page.get_by_text("250")).to_be_visible()
        require_accessible(page)


def test_a_recipient_chooses_his_language_by_the_link(desk: Desk, world: World) -> None:
    engine = world.api.engine
    path = f"{OWN_LANGUAGE}/{languages.sealed(VAULT, EMPLOYEE)}"
    with desk.open(path, language="nl") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Taal van berichten")
        assert EMPLOYEE not in page.content()
        page.get_by_label("English").check()
        page.get_by_role("button", name="Opslaan").click()
        expect(page.get_by_text("Vanaf nu schrijven wij u in deze taal: English")).to_be_visible()
        require_accessible(page)
    with reading(engine) as session:
        chosen = session.get(AddressLanguage, EMPLOYEE)
        assert chosen is not None
        assert (chosen.language, chosen.own_choice) == ("en", True)
    nobody = world.api.client
    forged = nobody.get(f"{OWN_LANGUAGE}/{'A' * 60}", headers={"accept": "text/html"})
    assert forged.status_code == 404
    from_elsewhere = nobody.post(path, content="language=en")
    assert from_elsewhere.status_code == 403


def test_all_that_is_told_has_a_word() -> None:
    assert set(STATES) == set(DeliveryState)
    assert set(RECIPIENTS) == set(Recipient)
    http = {Why.BAD_ANSWER, Why.ANSWER_TOO_LARGE}
    assert set(ERRORS) == {*Why, *Trouble, *Unsent, *Unwritten, *Lost, *Fault} - http
    assert Message.sealed in servers.SEALED
    assert MailServer.password in servers.SEALED
