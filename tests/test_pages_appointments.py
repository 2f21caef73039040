"""An appointment on its page: what can be done, what cannot and why, and each step to its end. Domain §5."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from scheduler.access import Right
from tests.http_client import Client, copied
from tests.http_practice import STEPS, Surgery, surgery
from tests.pages import Desk, a_desk, require_accessible
from tests.practices import NEXT_DAY

SEES = (
    Right.VIEW_EMPLOYEES,
    Right.VIEW_REQUESTS,
    Right.VIEW_BILLING,
    Right.VIEW_AGENDA,
    Right.OVERRIDE_RULES,
)


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
    return there.api.person(*STEPS, *SEES, may_write_performances=True)


def act(page: Page, name: str) -> None:
    """One of the things that can be done, at a click; the page is shown afresh."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def step(page: Page, name: str) -> None:
    """One that asks something first: its form is in the dialog."""
    page.get_by_role("button", name=f"{name} …", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def sent(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


# --- Held, missed, and not after all ----------------------------------------------------------------------


def test_completed_undone_missed_and_corrected(desk: Desk, there: Surgery, planner: Client) -> None:
    request, key = there.booked()
    again = there.practice.types["call again"]
    with there.by_hand() as practice:
        practice.change("consultation_types", again, name="Missed, call again")
    with desk.open(f"/appointments/{key}", by=planner) as page:
        expect(page.get_by_role("heading", level=1)).to_contain_text("Employee 1")
        expect(page.get_by_text("Monday 1 March 2027, 10:00–10:30")).to_be_visible()
        require_accessible(page)

        act(page, "Complete")
        expect(page.get_by_text("✓ completed")).to_be_visible()
        expect(page.get_by_role("row", name="€110.00")).to_contain_text("released")
        act(page, "Undo completion")
        expect(page.get_by_text("● planned")).to_be_visible()
        step(page, "No-show")
        require_accessible(page)
        page.get_by_label("No-show type").select_option(label="Missed, call again")
        sent(page, "No-show")
        expect(page.get_by_text("∅ no-show")).to_be_visible()
        expect(page.get_by_role("link", name="by a new request")).to_be_visible()
        require_accessible(page)
        follow_up = there.all("no_shows", appointment_id=key)[0]["follow_up_id"]
        step(page, "Correct no-show")
        sent(page, "Correct no-show")

        expect(page.get_by_text("∅ no-show")).to_have_count(0)
        history = page.get_by_role("region", name="History").get_by_role("listitem")
        expect(history.first).to_contain_text("no-show corrected")
        expect(page.get_by_role("region", name="History")).to_contain_text("marked as a no-show")
        expect(page.get_by_role("region", name="History")).to_contain_text("Missed, call again")
    assert there.row("requests", follow_up)["state"] == "withdrawn"
    assert there.row("requests", request)["state"] == "planned"


def test_what_cannot_be_done_says_why_and_can_be_reached_by_keyboard(
    desk: Desk, there: Surgery
) -> None:
    _, key = there.booked()
    reader = there.api.person(Right.VIEW_APPOINTMENTS, Right.CANCEL_APPOINTMENTS)
    with desk.open(f"/appointments/{key}", by=reader, language="nl") as page:
        for name, why in (
            ("Voltooien", "hiervoor is het recht nodig: afspraken voltooien"),
            ("Voltooiing ongedaan maken", "dit is gepland"),
            ("No-show corrigeren", "het is geen no-show"),
        ):
            button = page.get_by_role("button", name=name, exact=True)
            expect(button).to_have_attribute("aria-disabled", "true")
            button.focus()
            expect(button).to_be_focused()
            told = page.locator(f"#{button.get_attribute('aria-describedby')}")
            expect(told).to_be_visible()
            expect(told).to_contain_text(why)
        expect(page.get_by_role("heading", level=1)).not_to_contain_text("Employee 1")
        require_accessible(page)


def test_who_may_not_see_it_is_not_told_that_it_is_there(desk: Desk, there: Surgery) -> None:
    _, key = there.booked()
    with there.by_hand() as practice:
        another = practice.somebody()
    stranger = there.api.person(*STEPS, reaches={"employee_id": another})
    with desk.open(f"/appointments/{key}", by=stranger) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")


# --- Cancelled, deleted -----------------------------------------------------------------------------------


def test_cancelled_by_the_keyboard_alone_in_dutch_its_request_is_open_again(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    request, key = there.booked()
    with desk.open(f"/appointments/{key}", by=planner, language="nl") as page:
        page.get_by_role("button", name="Annuleren …", exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("radio", name="de werknemer", exact=True)).to_be_focused()
        require_accessible(page)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.type("het bedrijf is dicht")
        with page.expect_navigation():
            page.keyboard.press("Enter")

        expect(page.get_by_text("✕ geannuleerd")).to_be_visible()
        expect(page.get_by_text("het bedrijf is dicht").first).to_be_visible()
        expect(page.get_by_text("door de werkgever")).to_be_visible()
    assert there.row("requests", request)["state"] == "open"


def test_deleted_it_is_out_of_the_list(desk: Desk, there: Surgery, planner: Client) -> None:
    _, key = there.booked()
    with desk.open(f"/appointments/{key}", by=planner) as page:
        step(page, "Delete")
        page.get_by_label("Why").fill("entered twice")
        with page.expect_navigation():
            page.get_by_role("button", name="Delete the appointment").click()

        expect(page).to_have_url(f"{desk.url}/appointments")
        page.goto(f"/appointments/{key}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")


# --- Moved ------------------------------------------------------------------------------------------------


def test_moved_to_a_place_that_is_offered(desk: Desk, there: Surgery, planner: Client) -> None:
    _, key = there.booked()
    with desk.open(f"/appointments/{key}", by=planner) as page:
        step(page, "Reschedule")
        require_accessible(page)
        with page.expect_navigation():
            page.get_by_role("button", name="Choose Tue 2 Mar 2027 09:00").first.click()

        expect(page.get_by_text("Tuesday 2 March 2027, 09:00–09:30")).to_be_visible()
        history = page.get_by_role("region", name="History")
        expect(history).to_contain_text("Mon 1 Mar 2027 10:00")
    assert there.row("appointments", key)["availability_id"] == there.practice.blocks[NEXT_DAY]


def test_by_hand_it_is_said_what_is_in_the_way_and_a_rule_is_set_aside_for_a_reason(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    _, key = there.booked(
        from_day=there.api.clock.now.date() + timedelta(days=3),
        until_day=there.api.clock.now.date() + timedelta(days=4),
    )
    with desk.open(f"/appointments/{key}", by=planner) as page:
        step(page, "Reschedule")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("combobox", name="Practitioner").select_option(
            value=str(there.practice.world.practitioner)
        )
        dialog.locator("#start").fill("19:00")
        dialog.get_by_role("button", name="Reschedule", exact=True).click()
        expect(dialog.get_by_role("alert").filter(has_text="no availability")).to_be_visible()
        dialog.locator("#day").fill("2027-03-02")
        dialog.locator("#start").fill("15:00")
        dialog.get_by_role("button", name="Reschedule", exact=True).click()
        expect(dialog.get_by_role("alert").filter(has_text="not on a day")).to_be_visible()
        require_accessible(page)
        dialog.get_by_text("Set a rule aside, for a reason").click()
        dialog.get_by_label("Outside the days that were asked for").fill("she is abroad until then")
        sent(page, "Reschedule")

        expect(page.get_by_text("Tuesday 2 March 2027, 15:00–15:30")).to_be_visible()
        aside = page.get_by_role("region", name="Rules that were set aside")
        expect(aside).to_contain_text("she is abroad until then")


def test_what_somebody_else_changed_meanwhile_is_said_and_loaded_again(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    _, key = there.booked()
    with desk.open(f"/appointments/{key}", by=planner) as page:
        there.done("edit", key, remarks="brings a dog")
        page.get_by_role("button", name="Complete", exact=True).click()
        told = page.get_by_role("alert").filter(has_text="it was changed meanwhile")
        expect(told).to_be_visible()
        page.get_by_role("button", name="Cancel …", exact=True).click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        with page.expect_navigation():
            page.get_by_role("link", name="Load the page again").first.click()

        expect(page.get_by_text("brings a dog").first).to_be_visible()
        act(page, "Complete")
        expect(page.get_by_text("✓ completed")).to_be_visible()


def test_edited_and_marked_as_a_draft_and_planned(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    _, key = there.booked()
    with desk.open(f"/appointments/{key}", by=planner) as page:
        step(page, "Edit")
        page.get_by_label("Remarks").fill("<b>brings</b> a dog")
        sent(page, "Save")
        expect(page.get_by_text("<b>brings</b> a dog").first).to_be_visible()
        act(page, "Mark as draft")
        expect(page.get_by_text("✎ draft")).to_be_visible()
        act(page, "Plan")
        expect(page.get_by_text("● planned")).to_be_visible()


def test_an_invoiced_one_is_marked_lapsed_with_a_refund(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    _, key = there.booked()
    there.done("complete", key)
    with there.by_hand() as practice:
        for one in practice.all("performances", appointment_id=key):
            practice.change("performances", one["id"], state="submitted")
    with desk.open(f"/appointments/{key}", by=planner) as page:
        expect(page.get_by_role("button", name="Delete", exact=True)).to_have_attribute(
            "aria-disabled", "true"
        )
        step(page, "Mark lapsed")
        page.get_by_label("Why").fill("never took place")
        sent(page, "Mark lapsed")

        expect(page.get_by_text("⊘ lapsed")).to_be_visible()
        expect(page.get_by_role("row", name="refund")).to_contain_text("-€110.00")
        require_accessible(page)


# --- Without a request, and the list ------------------------------------------------------------------------


def somebody(there: Surgery, name: str) -> UUID:
    with there.by_hand() as practice:
        employee = practice.somebody()
        practice.change("employees", employee, last_name=name)
        return employee


def filled_in(page: Page, there: Surgery, name: str, clock: str) -> None:
    page.get_by_role("searchbox").fill(name[:6])
    page.get_by_role("radio", name=name).check()
    expect(page.get_by_label("Establishment")).to_be_visible()
    page.get_by_label("Consultation type").select_option(value=str(there.practice.types["talk"]))
    page.get_by_role("combobox", name="Practitioner").select_option(
        value=str(there.practice.world.practitioner)
    )
    page.locator("#day").fill("2027-03-02")
    page.locator("#start").fill(clock)


def test_one_is_planned_directly_and_another_is_a_draft(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    somebody(there, "Direct 1")
    with desk.open("/appointments/new", by=planner) as page:
        require_accessible(page)
        page.get_by_role("button", name="Plan", exact=True).click()
        filled_in(page, there, "Direct 1", "07:00")
        page.get_by_role("button", name="Plan", exact=True).click()
        expect(page.get_by_role("alert").filter(has_text="no availability")).to_be_visible()
        page.locator("#start").fill("11:00")
        with page.expect_navigation():
            page.get_by_role("button", name="Plan", exact=True).click()
        expect(page.get_by_text("● planned")).to_be_visible()
        expect(page.get_by_text("none: planned without a request")).to_be_visible()

        page.goto("/appointments/new")
        filled_in(page, there, "Direct 1", "12:00")
        with page.expect_navigation():
            page.get_by_role("button", name="Enter as a draft").click()
        expect(page.get_by_text("✎ draft")).to_be_visible()


def test_one_is_added_for_a_report_in_the_past_in_dutch(
    desk: Desk, there: Surgery, planner: Client
) -> None:
    somebody(there, "Report 1")
    with desk.open("/appointments/new?report=true", by=planner, language="nl") as page:
        require_accessible(page)
        page.get_by_role("searchbox").fill("Report")
        page.get_by_role("radio", name="Report 1").check()
        expect(page.get_by_label("Vestiging")).to_be_visible()
        page.get_by_label("Spreekuursoort").select_option(value=str(there.practice.types["talk"]))
        page.get_by_label("Agenda-gebruiker").select_option(
            value=str(there.practice.world.practitioner)
        )
        page.get_by_label("Locatie").select_option(value=str(there.practice.world.location))
        page.get_by_label("Dag").fill("2027-02-01")
        page.get_by_label("Tijd").fill("20:00")
        with page.expect_navigation():
            page.get_by_role("button", name="Toevoegen").click()

        expect(page.get_by_text("maandag 1 februari 2027, 20:00–20:30")).to_be_visible()
        expect(page.get_by_text("ad hoc, voor een rapport")).to_be_visible()


def test_the_list_is_filtered_and_goes_on(desk: Desk, there: Surgery, planner: Client) -> None:
    employee = somebody(there, "Listed 1")
    keys = [there.booked(f"{hour}:00", employee_id=employee)[1] for hour in (9, 11, 13)]
    there.done("no_show", keys[0])
    with desk.open(f"/appointments?employee_id={employee}", by=planner, language="nl") as page:
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(3)
        require_accessible(page)
        page.get_by_label("No-show").select_option("true")
        page.get_by_role("button", name="Tonen").click()
        expect(rows).to_have_count(1)
        expect(rows.first).to_contain_text("Listed 1")
        page.goto(f"/appointments?employee_id={employee}&page_size=2")
        expect(rows).to_have_count(2)
        page.get_by_role("link", name="Verder").click()
        expect(rows).to_have_count(1)
        rows.first.get_by_role("link").click()
        expect(page).to_have_url(f"{desk.url}/appointments/{keys[2]}")
        page.goto("/appointments?from_day=2027-03-05&until_day=2027-03-05")
        expect(page.get_by_text("Er zijn geen afspraken die hieraan voldoen.")).to_be_visible()


@pytest.mark.parametrize(
    "query", ["from_day=1900-01-01", "until_day=2199-12-31", f"employee_id={UUID(int=1)}"]
)
def test_no_filter_is_too_odd(desk: Desk, planner: Client, query: str) -> None:
    with desk.open(f"/appointments?{query}", by=planner) as page:
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.request.get(f"/appointments?{query}").status < 500
