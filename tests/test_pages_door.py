"""Coming in: the log-in page, the first log-in, own settings; and what every page promises. Domain §8; reliability T11, T24."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pyotp
import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine

from api.http.knocking import COOKIE, csrf_token
from models.database import writing
from scheduler.access import Right
from tests.access import PASSWORD, an_account
from tests.http_client import copied
from tests.pages import Desk, require_accessible


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


# --- The door -------------------------------------------------------------------------------------------


def test_nobody_is_shown_the_door_first_and_comes_back_to_where_he_wanted(desk: Desk) -> None:
    with desk.open("/own") as page:
        expect(page).to_have_url(f"{desk.url}/login?next=/own")
        require_accessible(page)


def test_a_wrong_password_says_no_more_than_that(desk: Desk) -> None:
    with writing(desk.api.engine) as session:
        known = an_account(session, login="known1")
    with desk.open("/login") as page:
        for login in (known.login, "unknown1"):
            page.get_by_label("User name").fill(login)
            page.get_by_label("Password").fill("wrong")
            page.get_by_role("button", name="Log in").click()
            told = page.get_by_role("alert").filter(has_text="Not possible yet")
            expect(told).to_contain_text("this combination of name, password and code is not right")


def test_what_is_left_out_is_marked_and_gets_the_focus(desk: Desk) -> None:
    with desk.open("/login") as page:
        page.locator("form").evaluate("form => form.noValidate = true")
        page.get_by_label("User name").fill("somebody")
        page.get_by_role("button", name="Log in").click()

        expect(page.get_by_role("alert").filter(has_text="Password: fill this in")).to_be_visible()
        expect(page.get_by_label("Password")).to_be_focused()
        expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
        require_accessible(page)


def test_somebody_logs_in_by_password_and_code_and_out_again(desk: Desk) -> None:
    with writing(desk.api.engine) as session:
        somebody = an_account(session, login="planner1")
    with desk.open("/own", language="nl") as page:
        page.get_by_label("Gebruikersnaam").fill(somebody.login)
        page.get_by_label("Wachtwoord").fill(PASSWORD)
        page.get_by_label("Code van uw app").fill(pyotp.TOTP(somebody.codes).at(desk.api.clock.now))
        page.keyboard.press("Enter")

        expect(page).to_have_url(f"{desk.url}/own")
        expect(page.get_by_role("heading", level=1)).to_have_text("Eigen instellingen")
        page.get_by_role("button", name="Uitloggen").click()
        expect(page).to_have_url(f"{desk.url}/login")
        assert not [one for one in page.context.cookies() if one["name"] == COOKIE]


def test_the_first_log_in_leads_through_password_app_and_codes(desk: Desk) -> None:
    with writing(desk.api.engine) as session:
        new = an_account(session, login="new1", secret_is_temporary=True, totp_secret=None)
    with desk.open("/") as page:
        page.get_by_label("User name").fill(new.login)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()

        expect(page).to_have_url(f"{desk.url}/own/start")
        page.get_by_label("New password").fill("short")
        page.get_by_role("button", name="Further").click()
        expect(page.get_by_text("a password has at least 12 characters")).to_be_visible()
        page.get_by_label("New password").fill("eleven green bicycles")
        page.get_by_role("button", name="Further").click()
        page.get_by_role("button", name="Show the picture to scan").click()
        secret = page.locator(".secret").inner_text()
        require_accessible(page)
        page.get_by_label("The code that the app shows now").fill(
            pyotp.TOTP(secret).at(desk.api.clock.now)
        )
        page.get_by_role("button", name="Confirm").click()

        expect(page.locator(".codes li")).to_have_count(10)
        page.get_by_role("link", name="I have kept them").click()
        expect(page).to_have_url(f"{desk.url}/own")


@pytest.mark.parametrize("elsewhere", ["//evil.test/", "https://evil.test/", "/\\evil.test", "x"])
def test_the_door_leads_to_places_of_ours_only(desk: Desk, elsewhere: str) -> None:
    with desk.open(f"/login?{urlencode({'next': elsewhere})}") as page:
        assert page.locator("input[name=next]").input_value() == "/"


# --- Own settings ---------------------------------------------------------------------------------------


def test_the_pages_are_read_in_the_language_that_one_chooses(desk: Desk) -> None:
    somebody = desk.api.person(Right.VIEW_AGENDA)
    with desk.open("/own", by=somebody) as page:
        require_accessible(page)
        page.get_by_label("Language of the pages").select_option("nl")
        page.get_by_role("button", name="Save").click()

        expect(page.get_by_role("heading", level=1)).to_have_text("Eigen instellingen")
        expect(page.locator("html")).to_have_attribute("lang", "nl")


def test_secrets_are_changed_after_one_has_proved_who_one_is(desk: Desk) -> None:
    with writing(desk.api.engine) as session:
        somebody = an_account(session)
        client = desk.api.client_of(somebody, session)
    desk.api.clock.now += timedelta(minutes=20)  # the log-in itself was a proof
    with desk.open("/own", by=client) as page:
        page.get_by_label("New password").fill("eleven green bicycles")
        page.get_by_role("button", name="Change").first.click()
        expect(page.get_by_text("give your password and code once more")).to_be_visible()

        page.get_by_label("Password", exact=False).first.fill(PASSWORD)
        page.get_by_label("Code of your app").fill(
            pyotp.TOTP(somebody.codes).at(desk.api.clock.now)
        )
        with page.expect_navigation():
            page.get_by_role("button", name="Confirm").click()
        page.get_by_label("New password").fill("eleven green bicycles")
        with page.expect_response("**/own/password") as answered:
            page.get_by_role("button", name="Change").first.click()

        assert answered.value.status == 200


# --- What every page promises -----------------------------------------------------------------------------


def test_a_page_loads_nothing_from_elsewhere_and_is_in_nobodys_frame(desk: Desk) -> None:
    with desk.open("/login") as page:
        answer = page.request.get("/login")
        policy = answer.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_form_of_another_site_changes_nothing(desk: Desk) -> None:
    somebody = desk.api.person(Right.VIEW_AGENDA)
    assert somebody.token is not None
    form: dict[str, str | float | bool] = {"language": "nl"}
    key = {"Idempotency-Key": "1"}
    ours = {"HX-Request": "true", "X-CSRF-Token": csrf_token(somebody.token)}
    with desk.open("/own", by=somebody) as page:
        for headers in ({}, {"HX-Request": "true"}, {"X-CSRF-Token": ours["X-CSRF-Token"]}):
            answer = page.request.post("/own/language", form=form, headers={**key, **headers})
            assert answer.status == 403
        answer = page.request.post("/own/language", form=form, headers={**key, **ours})
        assert answer.status == 200


def test_what_is_not_there_is_a_page_that_leads_back(desk: Desk) -> None:
    somebody = desk.api.person(Right.VIEW_AGENDA)
    with desk.open("/static/nothing.js", by=somebody) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")
        require_accessible(page)


def test_a_session_that_has_ended_leads_to_the_door(desk: Desk) -> None:
    somebody = desk.api.person(Right.VIEW_AGENDA)
    with desk.open("/own", by=somebody) as page:
        somebody.delete("/sessions")
        page.get_by_role("button", name="Save").click()
        expect(page).to_have_url(f"{desk.url}/login?next=/own")


def test_an_address_that_is_nothing_is_a_page_in_a_browser_and_a_problem_for_a_program(
    desk: Desk,
) -> None:
    with desk.open("/nothing/of/the/kind") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")
        require_accessible(page)
        told = page.request.get("/nothing", headers={"Accept": "application/json"}).json()

    assert told["code"] == "not_found"
