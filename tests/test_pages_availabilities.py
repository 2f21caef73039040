"""Availabilities, series and absences on their pages: the limit while typing, the clocks, what is disturbed. Domain §§1-3 [001]."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from scheduler.access import Right
from scheduler.booking import Place, book_one
from tests.http_client import Client, copied
from tests.http_practice import STEPS, Surgery, surgery
from tests.pages import Desk, a_desk, require_accessible
from tests.practices import NOW
from tests.records import at

MANAGES = (
    Right.VIEW_AGENDA,
    Right.MANAGE_AVAILABILITIES,
    Right.MANAGE_ABSENCES,
    Right.VIEW_EMPLOYEES,
)
SPRING = date(2027, 3, 28)
"""A Sunday: 02:00 to 03:00 is skipped."""


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def there(engine: Engine) -> Iterator[Surgery]:
    with surgery(engine) as made:
        yield made


@pytest.fixture(scope="module")
def desk(there: Surgery, started: Browser) -> Iterator[Desk]:
    with a_desk(there.api, started) as made:
        yield made


@pytest.fixture(scope="module")
def planner(there: Surgery) -> Client:
    return there.api.person(*STEPS, *MANAGES)


def a_place(there: Surgery, name: str, **values: Any) -> UUID:
    with there.by_hand() as practice:
        practice.change("consultation_types", practice.types["check"], name="Check")
        return practice.add("locations", name=name, **values)


def somebody(there: Surgery, name: str) -> UUID:
    with there.by_hand() as practice:
        return practice.add("practitioners", name=name)


def hours(page: Page, location: str, start: str, end: str, day: str | None = None) -> None:
    page.locator("#location_id").select_option(label=location)
    if day is not None:
        page.locator("#day").fill(day)
    page.locator("#start").fill(start)
    page.locator("#end").fill(end)


# --- One --------------------------------------------------------------------------------------------------


def test_the_limit_is_told_while_one_types_and_what_goes_beyond_it_is_not_saved(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    a_place(there, "Two rooms", capacity=2)
    for name in ("Roomer 1", "Roomer 2", "Roomer 3"):
        somebody(there, name)
    with desk.open("/availabilities/new", by=planner) as page:
        require_accessible(page)
        for name, start, end in (("Roomer 1", "09:00", "12:00"), ("Roomer 2", "10:00", "12:00")):
            page.goto("/availabilities/new")
            page.locator("#practitioner_id").select_option(label=name)
            hours(page, "Two rooms", start, end, "2027-03-03")
            expect(page.locator("#room")).to_contain_text(f"rooms taken from {start}")
            page.get_by_label("Check").check()
            with page.expect_navigation():
                page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("link", name=f"{start}–{end}")).to_be_visible()
        page.goto("/availabilities/new")
        page.locator("#practitioner_id").select_option(label="Roomer 3")
        hours(page, "Two rooms", "08:00", "11:00", "2027-03-03")
        told = page.locator("#room li")
        expect(told).to_have_text(
            [
                "0 of 2 rooms taken from 08:00 to 09:00",
                "1 of 2 rooms taken from 09:00 to 10:00",
                "2 of 2 rooms taken from 10:00 to 11:00: no room left",
            ]
        )
        require_accessible(page)
        page.get_by_label("Check").check()
        page.get_by_role("button", name="Save").click()
        refused = page.get_by_role("alert").filter(has_text="Two rooms takes 2 availabilities")
        expect(refused).to_contain_text("from 10:00 to 11:00")
        page.locator("#end").fill("10:00")
        expect(told).to_have_count(2)
        with page.expect_navigation():
            page.get_by_role("button", name="Save").click()
    assert len(there.all("availabilities", day=date(2027, 3, 3))) == 3


def test_a_holiday_is_told_and_so_is_a_time_that_the_clocks_skip_or_show_twice(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    a_place(there, "Open at night")
    somebody(there, "Nighter 1")
    with desk.open("/availabilities/new", by=planner, language="nl") as page:
        page.locator("#practitioner_id").select_option(label="Nighter 1")
        hours(page, "Open at night", "09:00", "12:00", "2027-04-27")
        expect(page.locator("#room")).to_contain_text("feestdag: Koningsdag")
        hours(page, "Open at night", "02:30", "05:00", SPRING.isoformat())
        expect(page.locator("#room")).to_contain_text("vooruit, voorbij 02:30")
        page.get_by_label("Check").check()
        page.get_by_role("button", name="Opslaan").click()
        expect(page.get_by_role("alert").filter(has_text="vooruit, voorbij 02:30")).to_be_visible()

        hours(page, "Open at night", "02:30", "05:00", "2027-10-31")
        meant = page.get_by_label("Welke 02:30 is bedoeld")
        expect(meant).to_be_visible()
        require_accessible(page)
        meant.select_option("+01:00")
        with page.expect_navigation():
            page.get_by_role("button", name="Opslaan").click()
        expect(page.get_by_role("link", name="02:30–05:00")).to_be_visible()
    (made,) = there.all("availabilities", day=date(2027, 10, 31))
    assert f"{made['starts_at']:%H:%M}" == "01:30"


# --- A series ---------------------------------------------------------------------------------------------


def test_a_series_over_a_clock_change_keeps_its_hours_and_leaves_the_holiday_out(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    a_place(there, "By the week")
    somebody(there, "Weekly 1")
    with desk.open("/availabilities/series/new", by=planner) as page:
        require_accessible(page)
        page.locator("#practitioner_id").select_option(label="Weekly 1")
        hours(page, "By the week", "09:00", "12:00")
        page.locator("#first_day").fill("2027-03-22")
        page.get_by_role("checkbox", name="Monday").check()
        page.get_by_role("checkbox", name="Thursday").check()
        page.get_by_label("Check").check()
        page.get_by_role("button", name="Show its days").click()
        expect(page.get_by_role("alert").filter(has_text="Until and including")).to_be_visible()
        page.locator("#until_day").fill("2027-04-05")
        page.get_by_role("button", name="Show its days").click()

        expect(page.get_by_text("Monday 29 March 2027: a holiday there")).to_be_visible()
        rows = page.locator("#preview tbody tr")
        expect(rows).to_have_text(
            [
                "Monday 22 March 202709:00–12:00+01:00",
                "Thursday 25 March 202709:00–12:00+01:00",
                "Thursday 1 April 202709:00–12:00+02:00 the clocks have changed",
                "Monday 5 April 202709:00–12:00+02:00",
            ]
        )
        require_accessible(page)
        page.locator("#until_day").fill("2027-04-02")
        expect(rows).to_have_count(0)
        page.get_by_role("button", name="Show its days").click()
        with page.expect_navigation():
            page.get_by_role("button", name="Make these 3 availabilities").click()
        expect(page.get_by_role("link", name="09:00–12:00")).to_have_count(3)
        require_accessible(page)

        page.get_by_role("link", name="09:00–12:00").nth(1).click()
        page.get_by_role("link", name="Change the series").click()
        require_accessible(page)
        page.locator("#start").fill("10:00")
        with page.expect_navigation():
            page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("link", name="10:00–12:00")).to_have_count(2)
        page.get_by_role("link", name="10:00–12:00").first.click()
        page.get_by_role("button", name="Remove …").click()
        page.get_by_role("radio", name="this one and those that follow").check()
        require_accessible(page)
        with page.expect_navigation():
            page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    left = [
        one for one in there.all("availabilities") if one["series_id"] and not one["removed_at"]
    ]
    assert [one["day"] for one in left] == [date(2027, 3, 22)]


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ("day_of_month", "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=10;UNTIL=20271231"),
        ("weekday_of_month", "FREQ=MONTHLY;INTERVAL=2;BYDAY=2WE;UNTIL=20271231"),
        ("weekly", "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE;UNTIL=20271231"),
    ],
)
def test_a_rule_is_made_of_what_is_chosen(
    desk: Desk, there: Surgery, planner: Client, how: str, rule: str
) -> None:
    a_place(there, f"Ruled {how}")
    with desk.open("/availabilities/series/new", by=planner) as page:
        page.locator("#practitioner_id").select_option(index=1)
        hours(page, f"Ruled {how}", "09:00", "12:00")
        page.get_by_label("Check").check()
        page.get_by_label("How", exact=True).select_option(how)
        page.locator("#every").fill("2")
        page.locator("#first_day").fill("2027-03-10")
        page.locator("#until_day").fill("2027-12-31")
        page.get_by_role("button", name="Show its days").click()
        expect(page.get_by_text(f"By the rule {rule}")).to_be_visible()
        page.get_by_label("How", exact=True).select_option("by_rule")
        page.get_by_text("By a rule", exact=True).click()
        page.get_by_label("Rule", exact=True).fill("FREQ=YEARLY")
        page.get_by_role("button", name="Show its days").click()
        expect(
            page.get_by_role("alert").filter(has_text="a series comes by one of")
        ).to_be_visible()


# --- What is disturbed --------------------------------------------------------------------------------------


def test_an_absence_lists_what_it_disturbs_and_once_confirmed_opens_the_request_again(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    request, key = there.booked()
    with there.by_hand() as practice:
        whose = practice.row("appointments", key)["practitioner_id"]
        practice.change("practitioners", whose, name="Ill 1")
        employee = practice.row("appointments", key)["employee_id"]
        practice.change("employees", employee, last_name="Disturbed 1")
    with desk.open("/absences/new", by=planner) as page:
        require_accessible(page)
        page.get_by_label("Practitioner").select_option(label="Ill 1")
        page.locator("#first_day").fill("2027-03-01")
        page.locator("#last_day").fill("2027-03-02")
        page.get_by_label("Remark").fill("has the flu")
        page.get_by_role("button", name="Save").click()
        told = page.get_by_role("alert").filter(has_text="left without a place")
        expect(told).to_contain_text("Disturbed 1")
        require_accessible(page)
        assert there.row("appointments", key)["state"] == "planned"
        with page.expect_navigation():
            page.get_by_role("button", name="Cancel these appointments and go on").click()

        row = page.get_by_role("row", name="Ill 1")
        expect(row).to_contain_text("Mon 1 Mar 2027")
        expect(row).to_contain_text("Tue 2 Mar 2027")
        expect(row).to_contain_text("has the flu")
        require_accessible(page)
        row.get_by_role("link").click()
        page.locator("#last_day").fill("2027-03-01")
        page.locator("#last_time").fill("13:00")
        with page.expect_navigation():
            page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("row", name="Ill 1")).to_contain_text("Mon 1 Mar 2027 13:00")
        page.get_by_role("row", name="Ill 1").get_by_role("link").click()
        with page.expect_navigation():
            page.get_by_role("button", name="Remove this absence").click()
        expect(page.get_by_role("row", name="Ill 1")).to_have_count(0)
    assert there.row("appointments", key)["state"] == "cancelled"
    assert there.row("requests", request)["state"] == "open"


def test_a_shortened_availability_lists_what_it_disturbs(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    _, key = there.booked("15:00")
    with there.by_hand() as practice:
        row = practice.row("appointments", key)
        block, other = row["availability_id"], at("16:00")
        request = practice.add(
            "requests", **practice.world.request(employee_id=practice.somebody())
        )
        practice.do(book_one, Place(request, block, other), not_before=NOW)
    with desk.open(f"/availabilities/{row['availability_id']}", by=planner, language="nl") as page:
        require_accessible(page)
        page.locator("#end").fill("14:00")
        page.get_by_role("button", name="Opslaan").click()
        told = page.get_by_role("alert").filter(has_text="zonder plaats")
        expect(told.get_by_role("link")).to_have_count(2)
        with page.expect_navigation():
            page.get_by_role("button", name="Deze afspraken annuleren en doorgaan").click()
    assert there.row("appointments", key)["state"] == "cancelled"


@pytest.mark.parametrize(
    "path",
    [
        "/availabilities?from_day=1900-01-01",
        "/availabilities?until_day=2199-12-31",
        "/absences?from_day=1900-01-01",
        "/absences?until_day=2199-12-31",
        "/availabilities/room?day=2199-12-31&start=09:00&end=00:00",
    ],
)
def test_no_filter_is_too_odd(desk: Desk, planner: Client, path: str) -> None:
    with desk.open("/absences", by=planner) as page:
        assert page.request.get(path).status < 500


def test_who_does_not_see_all_that_is_disturbed_cannot_confirm_it(
    desk: Desk, there: Surgery
) -> None:
    _, key = there.booked()
    with there.by_hand() as practice:
        row = practice.row("appointments", key)
        another = practice.somebody()
        practice.change("employees", row["employee_id"], last_name="Secret 1")
    half = there.api.person(*STEPS, *MANAGES, reaches={"employee_id": another})
    with desk.open(f"/availabilities/{row['availability_id']}", by=half) as page:
        page.get_by_role("button", name="Remove …").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        told = page.get_by_role("alert").filter(has_text="that you may not see")
        expect(told).to_be_visible()
        expect(page.get_by_role("button", name="Cancel these appointments")).to_have_count(0)
        assert "Secret 1" not in page.content()
