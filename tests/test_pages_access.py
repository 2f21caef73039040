"""Users, programs, roles, groups and deputies on the pages: made, handed over, locked and unlocked. Domain §8."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, update

from models.access import Account
from models.database import reading, writing
from scheduler.access import Right
from tests.access import NOW, a_group, an_account
from tests.http_client import copied
from tests.pages import Desk, require_accessible
from tests.records import add

EVERY_RIGHT = (
    Right.MANAGE_USERS,
    Right.MANAGE_API_ACCOUNTS,
    Right.MANAGE_ROLES,
    Right.MANAGE_GROUPS,
    Right.VIEW_AGENDA,
    Right.VIEW_ORGANISATION,
)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).first.click()


def test_a_role_a_group_and_a_user_who_logs_in_for_the_first_time(desk: Desk) -> None:
    with desk.api.engine.begin() as connection:
        add(connection, "employers", name="Employer 1")
    manager = desk.api.person(*EVERY_RIGHT)
    with desk.open("/administration/roles/new", by=manager) as page:
        page.get_by_label("Name").fill("Agenda reader")
        expect(page.get_by_label("start and preview planning runs")).to_be_disabled()
        page.get_by_label("see practitioners, locations").check()
        require_accessible(page)
        save(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Agenda reader")
        expect(page.get_by_label("see practitioners, locations")).to_be_checked()

        page.goto("/administration/groups/new")
        page.get_by_label("Name").fill("Only employer 1")
        page.get_by_role("searchbox", name="Search: Employers").fill("Empl")
        page.get_by_role("radio", name="Employer 1").click()
        expect(page.get_by_role("checkbox", name="Employer 1")).to_be_checked()
        require_accessible(page)
        save(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Only employer 1")
        expect(page.get_by_role("checkbox", name="Employer 1")).to_be_checked()

        page.goto("/administration/users")
        require_accessible(page)
        page.get_by_role("link", name="Add").click()
        page.get_by_label("User name").fill("Reader1")
        page.get_by_label("Name", exact=False).first.fill("Reader 1")
        page.get_by_label("Role").select_option(label="Agenda reader")
        page.get_by_label("Group").select_option(label="Only employer 1")
        save(page)
        expect(page.get_by_role("heading", name="Hand this over")).to_be_focused()
        require_accessible(page)
        password = page.locator(".secret").inner_text()
        page.get_by_role("link", name="I have kept it").click()
        expect(page.get_by_text("no app for codes yet")).to_be_visible()
        assert password not in page.content()
    with desk.open("/", language="en") as page:
        page.get_by_label("User name").fill("reader1")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_label("New password").fill("eleven green bicycles")
        page.get_by_role("button", name="Further").click()
        page.get_by_role("button", name="Show the picture to scan").click()
        secret = page.locator(".secret").inner_text()
        page.get_by_label("The code that the app shows now").fill(
            pyotp.TOTP(secret).at(desk.api.clock.now)
        )
        page.get_by_role("button", name="Confirm").click()
        page.get_by_role("link", name="I have kept them").click()
        expect(page).to_have_url(re.compile(r"/agenda"))


def test_a_user_is_unlocked_moved_deactivated_and_let_in_again(desk: Desk) -> None:
    manager = desk.api.person(*EVERY_RIGHT)
    with writing(desk.api.engine) as session:
        group = a_group(session, everybody=True)
        somebody = an_account(session, name="Locked 1", email="old@example.org")
        session.execute(update(Account).where(Account.id == somebody.id).values(locked_at=NOW))
    with desk.open(f"/administration/accounts/{somebody.id}", by=manager) as page:
        require_accessible(page)
        page.get_by_role("button", name="Unlock").click()
        expect(page.get_by_text("may log in")).to_be_visible()
        page.get_by_label("Group").select_option(str(group))
        with page.expect_navigation():
            save(page)
        page.get_by_role("textbox", name="Mail address").fill("new@example.org")
        with page.expect_navigation():
            page.get_by_role("region", name="Mail address").get_by_role("button").click()
        page.get_by_role("button", name="Deactivate").click()
        expect(page.get_by_text("deactivated")).to_be_visible()
        page.get_by_role("button", name="Reactivate").click()
        expect(page.get_by_text("may log in")).to_be_visible()
        page.get_by_role("button", name="New password").click()
        expect(page.locator(".secret")).to_be_visible()
    with reading(desk.api.engine) as session:
        kept = session.get_one(Account, somebody.id)
        assert (kept.group_id, kept.email, kept.secret_is_temporary) == (
            group,
            "new@example.org",
            True,
        )


def test_a_program_gets_its_secrets_once(desk: Desk) -> None:
    manager = desk.api.person(*EVERY_RIGHT)
    with writing(desk.api.engine) as session:
        role, group = an_account(session).role_id, a_group(session, everybody=True)
    with desk.open("/administration/api-accounts/new", by=manager, language="nl") as page:
        page.get_by_label("Gebruikersnaam").fill("program1")
        page.get_by_label("Naam", exact=False).first.fill("Program 1")
        page.get_by_label("Rol").select_option(str(role))
        page.get_by_label("Groep").select_option(str(group))
        page.get_by_role("button", name="Opslaan").click()
        expect(page.locator(".secret")).to_have_count(2)
        require_accessible(page)
        first = page.locator(".secret").first.inner_text()
        page.get_by_role("link", name="Ik heb ze bewaard").click()
        page.get_by_label("Voor de gebruikers van de groep").select_option(str(group))
        with page.expect_navigation():
            page.get_by_role("region", name="Handelen namens").get_by_role("button").click()
        page.get_by_role("button", name="Nieuwe sleutels").click()
        expect(page.locator(".secret")).to_have_count(2)
        assert page.locator(".secret").first.inner_text() != first
    with reading(desk.api.engine) as session:
        kept = session.query(Account).filter_by(login="program1").one()
        assert kept.impersonates_id == group


def test_a_login_that_is_taken_is_told_beside_what_was_typed(desk: Desk) -> None:
    manager = desk.api.person(*EVERY_RIGHT)
    with writing(desk.api.engine) as session:
        taken = an_account(session, login="taken1")
    with desk.open("/administration/users/new", by=manager) as page:
        page.get_by_label("User name").fill("taken1")
        page.get_by_label("Name", exact=False).first.fill("Taken 1")
        page.get_by_label("Role").select_option(str(taken.role_id))
        page.get_by_label("Group").select_option(str(taken.group_id))
        save(page)
        expect(page.get_by_role("alert").filter(has_text="this login is taken")).to_be_visible()
        expect(page.get_by_label("User name")).to_have_value("taken1")


def test_a_deputy_acts_for_somebody_until_it_is_ended(desk: Desk) -> None:
    mine = desk.api.person(Right.APPOINT_DEPUTIES, Right.VIEW_AGENDA, name="Absent 1")
    other = desk.api.person(name="Deputy 1")
    with desk.open("/deputies", by=mine) as page:
        page.get_by_role("searchbox", name="Search: Deputy").fill("Deputy")
        page.get_by_role("radio", name="Deputy 1").check()
        page.get_by_label("From").fill("2027-02-01")
        page.get_by_label("Until").fill("2027-04-01")
        page.get_by_role("button", name="Appoint").click()
        expect(page.get_by_role("button", name="End Deputy 1")).to_be_visible()
        require_accessible(page)
    with desk.open("/deputies", by=other) as page:
        page.get_by_role("button", name="Act for Absent 1").click()
        expect(page.get_by_text("for Absent 1")).to_be_visible()
        expect(page).to_have_url(re.compile(r"/agenda"))
    with desk.open("/deputies", by=mine) as page:
        page.get_by_role("button", name="End Deputy 1").click()
        expect(page.get_by_role("button", name="End Deputy 1")).to_have_count(0)


def test_whoever_manages_users_appoints_and_ends_their_deputies(desk: Desk) -> None:
    manager = desk.api.person(*EVERY_RIGHT)
    user = desk.api.person(name="Ill 1")
    desk.api.person(name="Standing in 1")
    with desk.open(f"/administration/accounts/{user.id}", by=manager) as page:
        page.get_by_role("link", name="Appoint a deputy").click()
        expect(page.get_by_role("radio", name="Ill 1")).to_be_checked()
        page.get_by_role("searchbox", name="Search: Deputy").fill("Standing")
        page.get_by_role("radio", name="Standing in 1").check()
        page.get_by_label("From").fill("2027-02-01")
        page.get_by_label("Until").fill("2027-02-01")
        save(page)
        expect(page.get_by_text("the period ends before it begins")).to_be_visible()
        page.get_by_label("Until").fill("2027-04-01")
        save(page)
        line = page.get_by_role("row").filter(has_text="Ill 1")
        expect(line).to_contain_text("Standing in 1")
        line.get_by_role("button", name="End").click()
        expect(line).to_have_count(0)
