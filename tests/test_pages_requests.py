"""Requests in a browser: the list, the form and what it fills in and warns of, approval, and why one is not planned. Domain §§3, 5."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from models.requests import RequestState
from scheduler.access import Right
from tests.counters import DAY, PLANNER, Counter, a_counter, fill_in
from tests.desks import MONDAY
from tests.http_client import copied
from tests.pages import require_accessible


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def counter(engine: Engine, started: Browser) -> Iterator[Counter]:
    with a_counter(engine, started) as made:
        yield made


# --- The list -------------------------------------------------------------------------------------------


def test_the_list_shows_what_waits_and_finds_the_rest(counter: Counter) -> None:
    late, urgent, gone = (counter.employee(f"Employee {n}") for n in (11, 12, 13))
    counter.request(late, from_day=MONDAY - 20 * DAY, until_day=MONDAY - 10 * DAY)
    counter.request(urgent, priority=100, until_day=MONDAY + 10 * DAY)
    counter.request(gone, state="withdrawn")
    with counter.open("/") as page:
        page.get_by_role("link", name="Requests").click()
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.nth(0)).to_contain_text("Employee 11")
        expect(rows.nth(0)).to_contain_text("overdue")
        expect(rows.nth(1)).to_contain_text("1 Mar – 10 Mar 2027")
        expect(rows.nth(1)).to_contain_text("urgent")
        require_accessible(page)

        page.get_by_label("Overdue").select_option("true")
        page.get_by_role("button", name="Show").click()
        expect(rows).to_have_count(1)
        page.get_by_role("link", name="Clear").click()
        page.get_by_label("State").select_option("all")
        page.get_by_label("Search: Employee").fill("Employee 13")
        page.get_by_label("Employee 13").check()
        page.get_by_role("button", name="Show").click()
        expect(rows).to_have_count(1)
        expect(rows.nth(0)).to_contain_text("withdrawn")
        require_accessible(page)


def test_the_list_goes_on_where_it_ended(counter: Counter) -> None:
    for n in range(3):
        counter.request(counter.employee(f"Employee {n}"))
    with counter.open("/requests?page_size=2") as page:
        expect(page.locator("tbody tr")).to_have_count(2)
        page.get_by_role("link", name="Further").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody")).to_contain_text("Employee 2")


# --- The form -------------------------------------------------------------------------------------------


def test_what_is_chosen_fills_in_what_follows_from_it(counter: Counter) -> None:
    records = counter.records
    employee = counter.employee("Employee 11")
    kind = records.add("case_kinds")
    case = records.add(
        "cases", employee_id=employee, establishment_id=records.world.establishment, kind_id=kind
    )
    contact = records.add("contact_persons", employer_id=records.employer)
    other = records.add("consultation_types", name="Call", modality="telephone", duration=15)
    with counter.open("/requests") as page:
        page.get_by_role("link", name="New request").click()
        fill_in(page, "Employee 11")
        expect(page.get_by_label("Duration in minutes")).to_have_value("30")
        expect(page.get_by_label("Case")).to_have_value(str(case))
        page.get_by_label("Contact person").select_option("Contact 1")
        page.get_by_label("Consultation type").select_option("Call")
        expect(page.get_by_label("Duration in minutes")).to_have_value("15")
        expect(page.get_by_label("How it is held")).to_have_value("telephone")
        # the day that ends the window is after the one that begins it, and moves along
        until = page.get_by_label("Until (not included)")
        expect(until).to_have_attribute("min", "2027-03-02")
        page.get_by_label("From").first.fill("2027-03-05")
        expect(until).to_have_value("2027-03-06")
        until.fill("2027-03-13")
        expect(
            page.get_by_text("The last day on which it may be is Friday 12 March 2027.")
        ).to_be_visible()
        expect(page.get_by_text("No medical data.")).to_be_visible()
        page.get_by_label("A Saturday will do").check()
        page.get_by_text("Only at these locations").first.click()
        page.get_by_label("Utrecht").check()
        page.get_by_label("For whoever plans it").fill("<b>in the morning</b>")
        page.get_by_role("button", name="Save", exact=True).click()

        expect(page.get_by_role("heading", level=1)).to_have_text("Employee 11 · Call")
        expect(page.locator("dl")).to_contain_text("<b>in the morning</b>")
        expect(page.locator("dl")).to_contain_text("a Saturday will do")
    (made,) = counter.requests_of(employee)
    assert (made.consultation_type_id, made.case_id, made.contact_person_id) == (
        other,
        case,
        contact,
    )
    assert (made.duration, made.modality, made.state) == (15, "telephone", RequestState.OPEN)
    assert (made.from_day, made.until_day) == (MONDAY + 4 * DAY, MONDAY + 12 * DAY)


def test_what_will_be_in_the_way_is_said_before_it_is_saved(counter: Counter) -> None:
    employee = counter.employee("Employee 11")
    counter.records.set(
        "consultation_types",
        counter.records.world.type,
        needs_contact_details=True,
        refuses_duplicates=True,
    )
    counter.request(employee)
    with counter.open("/requests/new", language="nl") as page:
        page.get_by_label("Zoeken: Werknemer").fill("Employee 11")
        page.get_by_label("Employee 11").check()
        page.get_by_label("Spreekuursoort").select_option("Consultation")

        warned = page.locator("#checked")
        expect(warned).to_contain_text("Dit staat in de weg")
        expect(warned).to_contain_text("spreekuursoort Consultation vraagt een e-mailadres")
        expect(warned).to_contain_text("(een oproepverzoek)")
        require_accessible(page)
        page.get_by_role("button", name="Opslaan", exact=True).click()
        expect(page.locator("form .problem")).to_contain_text("vraagt een e-mailadres")
    assert len(counter.requests_of(employee)) == 1


def test_a_refusal_stays_though_what_was_typed_is_looked_at_meanwhile(counter: Counter) -> None:
    """The look at what was typed last answers after the refusal, and is fine."""
    key = counter.request(counter.employee("Employee 14"))
    with (
        counter.open(f"/requests/{key}/edit") as late,
        counter.open(f"/requests/{key}/edit") as soon,
    ):
        soon.get_by_label("For whoever plans it").fill("The first")
        soon.get_by_role("button", name="Save", exact=True).click()
        expect(soon.get_by_text("The first", exact=True)).to_be_visible()
        late.get_by_label("Duration in minutes").fill("25")
        with late.expect_response("**/check"):
            late.get_by_role("button", name="Save", exact=True).click()
        late.wait_for_timeout(500)

        expect(late.get_by_text("it was changed meanwhile")).to_be_visible()


def test_the_formal_request_date_is_set_only_with_the_right(counter: Counter) -> None:
    employee = counter.employee("Employee 11")
    request = counter.request(employee)
    with counter.open(f"/requests/{request}/edit") as page:
        expect(page.get_by_text("Formal request date")).to_be_visible()
        assert not page.get_by_label("Formal request date").count()
        page.get_by_label("Priority").select_option("urgent")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".badges")).to_contain_text("urgent")
        expect(page.locator(".history")).to_contain_text("Priority")
    by = counter.colleague(*PLANNER, Right.CHANGE_FORMAL_REQUEST_DATE)
    with counter.open(f"/requests/{request}/edit", by=by) as page:
        require_accessible(page)
        page.get_by_label("Formal request date").fill("2027-01-04")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("dl")).to_contain_text("4 January 2027")
    (row,) = counter.requests_of(employee)
    assert (row.priority, row.requested_on.isoformat(), row.version) == (100, "2027-01-04", 3)


# --- Approval -------------------------------------------------------------------------------------------


def test_who_may_not_place_one_has_it_approved_or_rejected(counter: Counter) -> None:
    employee = counter.employee("Employee 11")
    asker = counter.colleague(Right.VIEW_EMPLOYEES, Right.VIEW_REQUESTS, Right.CREATE_REQUESTS)
    approver = counter.colleague(Right.VIEW_REQUESTS, Right.APPROVE_REQUESTS)
    with counter.open("/requests/new", by=asker) as page:
        expect(page.get_by_text("It waits for approval once it is saved")).to_be_visible()
        fill_in(page, "Employee 11")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".badges")).to_contain_text("for approval")
        address = page.url.removeprefix(counter.pages.url)
        expect(page.get_by_role("button", name="Approve")).to_have_attribute(
            "aria-disabled", "true"
        )
    with counter.open(address, by=approver) as page:
        page.get_by_role("button", name="Reject …").click()
        page.get_by_label("Reason").fill("on which day?")
        require_accessible(page)
        page.locator("dialog").get_by_role("button", name="Reject").click()
        expect(page.locator(".badges")).to_contain_text("rejected")
        expect(page.locator(".history")).to_contain_text("on which day?")
    with counter.open(address, by=asker) as page:
        page.get_by_role("button", name="Offer again").click()
        expect(page.locator(".badges")).to_contain_text("for approval")
    with counter.open(address, by=approver) as page:
        page.get_by_role("button", name="Approve").click()
        expect(page.locator(".badges")).to_contain_text("open")
        require_accessible(page)
    assert counter.requests_of(employee)[0].state == RequestState.OPEN


def test_a_draft_is_placed_and_withdrawn(counter: Counter) -> None:
    employee = counter.employee("Employee 11")
    with counter.open("/requests/new") as page:
        fill_in(page, "Employee 11")
        page.get_by_role("button", name="Save as a draft").click()
        expect(page.locator(".badges")).to_contain_text("draft")
        page.get_by_role("button", name="Place").click()
        expect(page.locator(".badges")).to_contain_text("open")
        page.get_by_role("button", name="Withdraw …").click()
        page.locator("dialog").get_by_role("button", name="Withdraw").click()
        expect(page.locator(".badges")).to_contain_text("withdrawn")
    assert counter.requests_of(employee)[0].state == RequestState.WITHDRAWN


# --- Why it is not planned --------------------------------------------------------------------------------


def test_it_says_why_the_last_run_left_it_out_and_how_it_is_now(counter: Counter) -> None:
    employee = counter.employee("Employee 11")
    request = counter.request(employee)
    run = counter.records.add("job_runs", state="done")
    told = {"reasons": {"practitioner_free": 3, "saturday": 1}}
    counter.records.link("run_outcomes", run_id=run, request_id=request, why_not=told)
    counter.block(MONDAY + DAY)
    with counter.open(f"/requests/{request}") as page:
        why = page.locator("#why")
        expect(why.get_by_role("row").nth(1)).to_contain_text("the practitioner is occupied")
        expect(why.get_by_role("row").nth(1)).to_contain_text("3")
        page.get_by_role("button", name="Ask how it is now").click()
        way = why.get_by_role("button", name="allow other days: 2 March 2027")
        expect(way).to_be_visible()
        require_accessible(page)
        way.click()
        expect(page.get_by_text("Kept for you until")).to_be_visible()
        page.get_by_role("button", name="Plan", exact=True).click()
        expect(page.get_by_role("link", name="Tue 2 Mar 2027 09:00")).to_be_visible()
    assert counter.planned(employee)


def test_who_may_not_change_it_sees_the_ways_out_but_cannot_take_them(counter: Counter) -> None:
    request = counter.request(counter.employee("Employee 11"))
    counter.block(MONDAY + DAY)
    only_plans = counter.colleague(*(set(PLANNER) - {Right.PLACE_REQUESTS}))
    with counter.open(f"/requests/{request}", by=only_plans) as page:
        page.get_by_role("button", name="Plan …").click()
        way = page.get_by_role("button", name="allow other days: 2 March 2027")
        expect(way).to_have_attribute("aria-disabled", "true")
        expect(page.locator("dialog")).to_contain_text("only who may place requests")
        require_accessible(page)
