"""Triggers and tasks on the pages: set up, tried on last month, seen to fire, and done. Domain §4."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from models.triggers import Trigger
from scheduler.access import Right
from scheduler.relay import relay_all
from scheduler.triggers import subscribers
from tests import desks
from tests.desks import NOW
from tests.firings import Bench
from tests.http_client import an_api, copied
from tests.pages import Desk, a_desk, require_accessible

MANAGER = (
    Right.MANAGE_TRIGGERS,
    Right.DO_TASKS,
    Right.VIEW_EMPLOYEES,
    Right.VIEW_REQUESTS,
    Right.VIEW_APPOINTMENTS,
)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def bench(engine: Engine) -> Bench:
    made = Bench(desks.Desk(engine))
    made.desk.set("employees", made.desk.world.employee, last_name="Employee 1")
    made.desk.set("case_kinds", made.kind, name="Absence")
    made.desk.set("consultation_types", made.desk.world.type, name="Absence consultation")
    return made


@pytest.fixture(scope="module")
def desk(bench: Bench, started: Browser) -> Iterator[Desk]:
    with an_api(bench.engine) as api:
        api.clock.now = NOW
        with a_desk(api, started) as made:
            yield made


def relayed(bench: Bench) -> None:
    relay_all(bench.engine, subscribers(lambda: NOW))


def chosen(page: Page, event: str, action: str) -> None:
    """The parts of the form follow each choice."""
    for field, option in (("#topic", event), ("#action", action)):
        with page.expect_response("**/administration/triggers/parts*"):
            page.locator(field).select_option(label=option)


def test_a_trigger_is_made_tried_and_seen_to_fire(desk: Desk, bench: Bench) -> None:
    bench.opens()
    relayed(
        bench
    )  # before there is a trigger: by a clock that stands still it would be of the same moment
    with desk.open("/administration/triggers", by=desk.api.person(*MANAGER)) as page:
        require_accessible(page)
        page.get_by_role("link", name="New trigger").click()
        page.get_by_label("Name").fill("Call in after a day")
        chosen(page, "A request waits to be planned", "Withdraw the request")
        expect(page.get_by_label("Reason")).to_be_visible()
        chosen(page, "A case was opened", "Make a request")
        page.get_by_label("Consultation type", exact=False).first.select_option(
            label="Absence consultation"
        )
        page.get_by_label("Planned").select_option(label="at once, if there is a place")
        page.get_by_label("From, in days").fill("0")
        page.locator("summary").filter(has_text="Kind of case").click()
        page.get_by_label("Absence", exact=True).check()
        require_accessible(page)

        page.get_by_role("button", name="Try on last month").click()
        expect(page.get_by_role("heading", name="It would have fired 1 time")).to_be_focused()
        expect(page.locator("#tried")).to_contain_text("Employee 1")
        require_accessible(page)
        assert bench.firings() == []

        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Call in after a day")
        expect(page.get_by_label("Absence", exact=True)).to_be_checked()
        require_accessible(page)

        bench.opens()
        relayed(bench)
        page.get_by_role("link", name="Log").click()
        expect(page.get_by_role("row").filter(has_text="Employee 1")).to_contain_text("planned on")
        require_accessible(page)

        page.get_by_role("link", name="Call in after a day").click()
        page.get_by_role("button", name="Turn off").click()
        expect(page.get_by_role("button", name="Turn on")).to_be_visible()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("There are no triggers yet.")).to_be_visible()


def test_what_cannot_work_is_refused_where_it_is_filled_in(desk: Desk, bench: Bench) -> None:
    with desk.open(
        "/administration/triggers/new?topic=CaseDayReached&action=add_task",
        by=desk.api.person(*MANAGER),
        language="nl",
    ) as page:
        page.locator("form.card").evaluate("form => form.noValidate = true")
        page.get_by_label("Naam").fill("Dag 42")
        page.get_by_label("Wat er te doen is").fill("Bellen")
        page.get_by_role("button", name="Opslaan").click()
        expect(page.get_by_text("geef een voorwaarde voor de dag")).to_be_visible()
        page.get_by_label("Dag van het traject").fill("42, 91")
        require_accessible(page)
        page.get_by_role("button", name="Opslaan").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Dag 42")
        expect(page.get_by_label("Dag van het traject")).to_have_value("42, 91")
    with bench.desk.reading() as session:
        stored = session.scalars(select(Trigger).where(Trigger.name == "Dag 42")).one()
    assert stored.conditions == {"all": [{"field": "day", "values": [42, 91]}]}


def test_a_task_is_mine_to_take_on_to_do_and_to_pass_on(desk: Desk, bench: Bench) -> None:
    manager = desk.api.person(*MANAGER)
    key = bench.desk.add(
        "tasks",
        title="Call the employee",
        employee_id=bench.desk.world.employee,
        due_on=NOW.date() - timedelta(days=1),
    )
    with desk.open("/tasks", by=manager) as page:
        expect(page.get_by_text("There is nothing to do.")).to_be_visible()
        page.get_by_label("Whose").select_option(label="Everybody's")
        page.get_by_role("button", name="Show").click()
        row = page.get_by_role("row").filter(has_text="Call the employee")
        expect(row).to_contain_text("Employee 1")
        expect(row).to_contain_text("late")
        require_accessible(page)
        row.get_by_role("link", name="Call the employee").click()
        require_accessible(page)
        page.get_by_role("button", name="Take it on").click()
        expect(page.locator("dl")).to_contain_text("you")

        page.goto("/tasks")
        page.get_by_role("button", name="Done Call the employee").click()
        expect(page.get_by_text("There is nothing to do.")).to_be_visible()
    assert bench.tasks()[-1].id == key
    assert bench.tasks()[-1].done_at == NOW
