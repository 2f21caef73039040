"""Save and plan in a browser: to a booked appointment, by a way out, against another planner, by keyboard. Domain §4; issue 6 §1."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import Engine

from models.requests import RequestState
from scheduler.access import Right
from scheduler.parameters import SAVE_AND_PLAN
from tests.counters import DAY, PLANNER, Counter, a_counter, fill_in
from tests.desks import MONDAY
from tests.http_client import copied
from tests.pages import require_accessible

DIALOG = "#dialog"


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def counter(engine: Engine, started: Browser) -> Iterator[Counter]:
    with a_counter(engine, started) as made:
        yield made


def places(page: Page) -> list[str]:
    return page.locator("#place option").all_inner_texts()


def kept(page: Page) -> None:
    expect(page.get_by_text("Kept for you until")).to_be_visible()


def test_save_and_plan_to_a_booked_appointment(counter: Counter) -> None:
    employee = counter.employee("Employee 11")
    liked = counter.practitioner("Practitioner 9")
    counter.block(clock="09:00")
    counter.block(clock="13:00", practitioner_id=liked)
    with counter.open("/requests/new") as page:
        fill_in(page, "Employee 11")
        expect(page.get_by_text("On this one day: Monday 1 March 2027.")).to_be_visible()
        page.get_by_label("Preferably with").select_option("Practitioner 9")
        require_accessible(page)
        page.get_by_role("button", name="Save and plan").click()

        dialog = page.locator(DIALOG)
        expect(dialog.get_by_role("heading")).to_have_text("Plan: Employee 11, Consultation")
        assert places(page) == [
            "Mon 1 Mar 13:00 · Practitioner 9 · Utrecht — preferred practitioner",
            "Mon 1 Mar 09:00 · Practitioner 1 · Utrecht — soonest",
        ]
        kept(page)
        assert [one.practitioner_id for one in counter.held(employee)] == [liked]
        require_accessible(page)
        with page.expect_response("**/plan/hold"):
            dialog.get_by_label("Possible places").select_option(index=1)
        assert [one.practitioner_id for one in counter.held(employee)] == [
            counter.records.world.practitioner
        ]
        dialog.get_by_role("button", name="Plan").click()

        expect(page.get_by_role("link", name="Mon 1 Mar 2027 09:00")).to_be_visible()
        expect(page.locator(".badges")).to_contain_text("planned")
        require_accessible(page)
    (planned,) = counter.planned(employee)
    assert planned.starts_at.hour == 8  # nine by the clocks there
    assert not counter.held(employee)


def test_cancelling_leaves_it_unplanned_and_gives_the_place_back(counter: Counter) -> None:
    employee = counter.employee("Employee 12")
    counter.block()
    with counter.open("/requests/new") as page:
        fill_in(page, "Employee 12")
        page.get_by_role("button", name="Save and plan").click()
        kept(page)
        with page.expect_response("**/plan/release"):
            page.keyboard.press("Escape")

        expect(page.locator(".badges")).to_contain_text("open")
        expect(page).to_have_url(
            f"{counter.pages.url}/requests/{counter.requests_of(employee)[0].id}"
        )
    assert counter.requests_of(employee)[0].state == RequestState.OPEN
    assert not counter.planned(employee)
    assert not counter.held(employee)
    (released,) = counter.pages.api.records(act="delete")
    assert (released.kind, released.employee_id) == ("holds", employee)


def test_without_any_possibility_a_way_out_is_one_click_away(counter: Counter) -> None:
    employee, other = counter.employee("Employee 13"), counter.employee("Employee 14")
    full = counter.block(minutes=30)
    counter.block(MONDAY + 5 * DAY, minutes=30)  # a Saturday
    free = counter.block(MONDAY + 2 * DAY, minutes=30)
    world = counter.records.world
    counter.records.add(
        "appointments",
        **world.appointment("08:00", "08:30") | {"employee_id": other, "availability_id": full},
    )
    with counter.open("/requests/new") as page:
        fill_in(page, "Employee 13")
        page.get_by_role("button", name="Save and plan").click()

        dialog = page.locator(DIALOG)
        expect(dialog.get_by_text("Nothing is possible as it is asked")).to_be_visible()
        (only,) = dialog.locator(".ways button").all()
        expect(only).to_have_text("allow other days: 3 March 2027")
        expect(only).to_be_focused()
        dialog.get_by_text("What is in the way").click()
        row = dialog.get_by_role("row").filter(has_text="the practitioner is occupied")
        expect(row.get_by_role("cell").nth(1)).to_have_text("1")
        dialog.get_by_text("Who has the places that would suit").click()
        expect(dialog.get_by_role("link", name="Mon 1 Mar 2027 09:00")).to_be_visible()
        expect(dialog.get_by_text("Employee 14")).to_be_visible()
        require_accessible(page)
        only.click()

        kept(page)
        expect(dialog.get_by_text("the request has been changed")).to_be_visible()
        dialog.get_by_role("button", name="Plan").click()
        expect(page.get_by_role("link", name="Wed 3 Mar 2027 09:00")).to_be_visible()
    (planned,) = counter.planned(employee)
    assert planned.availability_id == free
    assert counter.requests_of(employee)[0].until_day == MONDAY + 3 * DAY


def test_a_way_out_that_eases_several_rules_is_one_click_too(counter: Counter) -> None:
    employee = counter.employee("Employee 15")
    counter.block(MONDAY + 5 * DAY)
    request = counter.request(employee)
    with counter.open(f"/requests/{request}", language="nl") as page:
        page.get_by_role("button", name="Plannen").click()
        dialog = page.locator(DIALOG)
        expect(dialog.get_by_text("Zoals het gevraagd is, is er niets mogelijk")).to_be_visible()
        dialog.get_by_role(
            "button", name="andere dagen toestaan: 6 maart 2027 en zaterdagen toestaan"
        ).click()
        expect(dialog.get_by_text("Voor u vastgehouden tot")).to_be_visible()
        with page.expect_navigation():
            dialog.get_by_role("button", name="Nu niet").click()

        expect(page.get_by_text("een zaterdag mag")).to_be_visible()
    assert not counter.planned(employee)


def test_of_two_planners_after_one_place_the_second_is_told_and_offered_others(
    counter: Counter,
) -> None:
    first, second = counter.employee("Employee 16"), counter.employee("Employee 17")
    counter.block(clock="09:00", minutes=30)
    counter.block(clock="11:00", minutes=30)
    counter.block(clock="13:00", minutes=30)
    mine, theirs = counter.request(first), counter.request(second)
    colleague = counter.colleague()
    with (
        counter.open(f"/requests/{mine}") as page,
        counter.open(f"/requests/{theirs}", by=colleague) as other,
    ):
        for one in (page, other):
            one.get_by_role("button", name="Plan …").click()
            kept(one)
        assert len(places(other)) == 2  # what is kept is offered to nobody else
        with page.expect_response("**/plan/hold"):
            page.get_by_label("Possible places").select_option(index=2)
        other.get_by_label("Possible places").select_option(index=1)

        told = other.locator("#plan .problems")
        expect(told).to_contain_text("the place is kept for another request until")
        expect(other.locator("#place option").first).to_contain_text("09:00")
        assert [text[:15] for text in places(other)] == [
            "Mon 1 Mar 09:00",
            "Mon 1 Mar 11:00",
        ]
        expect(other.get_by_label("Possible places")).to_be_focused()
        require_accessible(other)
        page.get_by_role("button", name="Plan", exact=True).click()
        expect(page.get_by_role("link", name="Mon 1 Mar 2027 13:00")).to_be_visible()
        other.get_by_role("button", name="Plan", exact=True).click()
        expect(other.get_by_role("link", name="Mon 1 Mar 2027 09:00")).to_be_visible()
    assert counter.planned(first)
    assert counter.planned(second)


def test_what_is_booked_by_another_while_the_dialog_is_open_is_told(counter: Counter) -> None:
    employee = counter.employee("Employee 18")
    counter.block()
    request = counter.request(employee)
    with counter.open(f"/requests/{request}") as page:
        page.get_by_role("button", name="Plan …").click()
        kept(page)
        counter.records.set("requests", request, state="withdrawn")
        page.get_by_role("button", name="Plan", exact=True).click()

        expect(page.locator("#plan")).to_contain_text("It cannot be planned")
        expect(page.locator("#plan")).to_contain_text("this is withdrawn")


@pytest.mark.parametrize(
    ("rights", "parameter"), [(set(PLANNER) - {Right.PLAN_AUTOMATICALLY}, True), (PLANNER, False)]
)
def test_the_button_is_not_there_without_the_right_or_the_parameter(
    counter: Counter, rights: set[Right], *, parameter: bool
) -> None:
    named = {"category": SAVE_AND_PLAN.category, "code": SAVE_AND_PLAN.code}
    if not parameter:
        counter.records.link("product_parameters", **named, value="false")
    somebody = counter.colleague(*rights)
    with counter.open("/requests/new", by=somebody) as page:
        expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
        assert not page.get_by_role("button", name="Save and plan").count()


def test_an_answer_that_comes_late_does_not_undo_a_choice(counter: Counter) -> None:
    counter.employee("Employee 14")
    late: list[Route] = []
    with counter.open("/requests/new") as page:
        page.get_by_label("Search: Employee").fill("Employee")
        page.get_by_label("Employee 14").wait_for()
        page.route(re.compile("q=Employee(%20|[+])1"), lambda one: late.append(one))  # noqa: PLW0108  (Playwright marks what it is given)
        with page.expect_request(re.compile("q=Employee(%20|[+])1")):
            page.get_by_label("Search: Employee").fill("Employee 1")
        page.get_by_label("Employee 14").check()
        (answer,) = late
        with page.expect_event("requestfinished", lambda one: one.url == answer.request.url):
            answer.continue_()
        page.evaluate("() => new Promise((done) => setTimeout(done, 100))")  # htmx has swapped

        assert page.get_by_label("Employee 14").is_checked()
        page.get_by_label("Search: Employee").fill("Employ")
        expect(page.get_by_label("Employee 14")).not_to_be_checked()


def test_a_keyboard_is_enough(counter: Counter) -> None:
    """And a page at twice its size: half as many pixels of a style sheet, that is."""
    employee = counter.employee("Employee 19")
    counter.block()
    with counter.open("/requests/new", viewport={"width": 640, "height": 400}) as page:
        keyboard = page.keyboard

        def to(label: str) -> None:
            for _ in range(40):
                if page.evaluate(
                    "() => document.activeElement.labels?.[0]?.textContent.trim() ?? document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()"
                ).startswith(label):
                    return
                keyboard.press("Tab")
            raise AssertionError(f"no {label} by the keyboard")

        to("Search: Employee")
        keyboard.type("Employee 1")
        page.get_by_label("Employee 19").wait_for()
        to("Employee 1")
        for _ in range(8):
            if page.get_by_label("Employee 19").is_checked():
                break
            keyboard.press("ArrowDown")
        page.get_by_label("Establishment").wait_for()
        to("Consultation type")
        keyboard.type("Consultation")
        page.get_by_label("Duration in minutes").wait_for()
        to("From")
        keyboard.type("03012027")
        to("Until")
        keyboard.type("03022027")
        to("Save and plan")
        keyboard.press("Enter")
        kept(page)
        expect(page.get_by_label("Possible places")).to_be_focused()
        keyboard.press("Tab")
        keyboard.press("Enter")

        expect(page.get_by_role("link", name="Mon 1 Mar 2027 09:00")).to_be_visible()
        wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
        assert not wide, "it has to be scrolled sideways"
    (planned,) = counter.planned(employee)
    assert planned.ends_at - planned.starts_at == timedelta(minutes=30)
