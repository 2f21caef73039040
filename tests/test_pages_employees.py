"""An employee's page: where he works, how he is reached, who may not see him, and who looked at him. Domain §§1, 3, 8."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from models.appointments import Appointment, AppointmentState
from models.audit import Act
from models.database import reading
from models.people import Employee, Employment, Exclusion
from scheduler.access import Right
from tests.agendas import AMSTERDAM, FRIDAY_BEFORE, MONDAY, Agenda, there
from tests.http_client import an_api, copied
from tests.pages import Desk, a_desk, require_accessible

MANAGER = (
    Right.VIEW_EMPLOYEES,
    Right.MANAGE_EMPLOYEES,
    Right.VIEW_ORGANISATION,
    Right.VIEW_APPOINTMENTS,
    Right.CANCEL_APPOINTMENTS,
    Right.VIEW_EXCLUSIONS,
    Right.MANAGE_EXCLUSIONS,
    Right.VIEW_CASES,
)


@dataclass(frozen=True)
class Known:
    """Somebody who works somewhere, with an appointment on the Monday."""

    employee: UUID
    employer: UUID
    establishment: UUID
    employment: UUID
    practitioner: UUID
    appointment: UUID


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def desk(engine: Engine, started: Browser) -> Iterator[Desk]:
    with an_api(engine) as api, a_desk(api, started) as made:
        api.clock.now = FRIDAY_BEFORE
        yield made


@pytest.fixture
def known(engine: Engine, request: pytest.FixtureRequest) -> Known:
    name = request.node.name.removeprefix("test_")[:20]
    with engine.begin() as connection:
        agenda = Agenda(connection)
        employer = agenda.add("employers", name=f"Employer of {name}")
        site = agenda.add("establishments", employer_id=employer, name=f"Site of {name}")
        above = agenda.add("departments", employer_id=employer, name="Care")
        below = agenda.add("departments", employer_id=employer, parent_id=above, name="Night shift")
        employee = agenda.add("employees", last_name=f"Employee {name}")
        work = {"employer_id": employer, "establishment_id": site, "department_id": below}
        employment = agenda.add("employments", employee_id=employee, from_day=MONDAY, **work)
        block = agenda.block(there(AMSTERDAM, MONDAY, 540), 60)
        standing = agenda.standing(
            there(AMSTERDAM, MONDAY, 540),
            30,
            employee_id=employee,
            establishment_id=site,
            availability_id=block,
        )
        appointment = agenda.add("appointments", **{**standing, "ad_hoc": False})
        return Known(employee, employer, site, employment, agenda.world.practitioner, appointment)


def save(page: Page, name: str = "Save") -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def test_somebody_new_gets_an_employment_at_once(desk: Desk, known: Known) -> None:
    manager = desk.api.person(*MANAGER)
    with desk.open("/employees", by=manager, language="nl") as page:
        require_accessible(page)
        page.get_by_role("link", name="Toevoegen").click()
        require_accessible(page)
        page.get_by_label("Achternaam").fill("Employee 501")
        page.get_by_label("Privé mobiel nummer").fill("06 12 34 56 78")
        page.locator("[name='employment.from_day']").fill("2027-05-01")
        save(page, "Opslaan")
        page.get_by_role("searchbox", name="Zoeken: Vestiging").fill("Site of somebody")
        page.get_by_role("radio", name="Site of somebody").check()
        save(page, "Opslaan")

        expect(page.get_by_role("heading", level=1)).to_have_text("Employee 501")
        expect(page.get_by_role("row").filter(has_text="Site of")).to_contain_text("loopt door")
        require_accessible(page)
        page.get_by_label("Achternaam").fill("Employee 502")
        save(page, "Opslaan")
        expect(page.get_by_role("status").filter(has_text="Opgeslagen.")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("Employee 502")
    with reading(desk.api.engine) as session:
        made = session.scalars(select(Employee).filter_by(last_name="Employee 502")).one()
        work = session.scalars(select(Employment).filter_by(employee_id=made.id)).one()
        assert (made.private_mobile, work.establishment_id) == (
            "06 12 34 56 78",
            known.establishment,
        )
    changed = desk.api.records(object_id=made.id, act=Act.UPDATE)
    assert (changed[-1].employee_id, changed[-1].fields) == (made.id, ["last_name"])


def test_an_employment_ends_once_what_it_disturbs_is_confirmed(desk: Desk, known: Known) -> None:
    manager = desk.api.person(*MANAGER)
    with desk.open(f"/employees/{known.employee}", by=manager) as page:
        expect(page.get_by_role("cell", name="Care, Night shift")).to_be_visible()
        page.get_by_role("link", name="Change or end").click()
        require_accessible(page)
        page.get_by_label("First day on which it no longer holds").fill("2027-05-02")
        page.get_by_role("button", name="End employment").click()
        expect(page.get_by_text("ends on a later day than")).to_be_visible()
        page.get_by_label("First day on which it no longer holds").fill("2027-05-04")
        page.get_by_role("button", name="End employment").click()
        expect(page.get_by_role("row").filter(has_text="4 May 2027")).to_be_visible()

        page.get_by_role("link", name="Change or end").click()
        page.get_by_label("From").fill("2027-05-02")
        save(page)
        told = page.get_by_role("alert").filter(has_text="end this employment and add another")
        expect(told).to_be_visible()


def test_an_exclusion_is_added_and_removed(desk: Desk, known: Known) -> None:
    manager = desk.api.person(*MANAGER)
    with desk.open(f"/employees/{known.employee}", by=manager) as page:
        excluded = page.get_by_role("region", name="Exclusions")
        excluded.get_by_label("Practitioner").select_option(str(known.practitioner))
        excluded.get_by_label("Reason").fill("asked for it")
        excluded.get_by_role("button", name="Exclude").click()
        told = excluded.get_by_role("alert").filter(has_text="without a place")
        expect(told.get_by_role("link")).to_contain_text("Mon 3 May 2027 09:00")
        require_accessible(page)
        told.get_by_role("button", name="Cancel these appointments").click()

        expect(excluded.get_by_text("asked for it")).to_be_visible()
        with reading(desk.api.engine) as session:
            assert session.get_one(Appointment, known.appointment).state is (
                AppointmentState.CANCELLED
            )
            (kept,) = session.scalars(select(Exclusion).filter_by(employee_id=known.employee))
            assert kept.practitioner_id == known.practitioner
        excluded.get_by_role("button", name="Remove").click()
        expect(excluded.get_by_text("None.")).to_be_visible()


def test_exclusions_are_shown_to_whoever_may_see_them(desk: Desk, known: Known) -> None:
    path = f"/employees/{known.employee}"
    with desk.open(path, by=desk.api.person(Right.VIEW_EMPLOYEES)) as page:
        expect(page.get_by_role("heading", name="Personal details")).to_be_visible()
        expect(page.get_by_role("region", name="Exclusions")).to_have_count(0)
        expect(page.get_by_role("button", name="Save")).to_have_count(0)
        expect(page.get_by_role("region", name="Cases")).to_have_count(0)
    sees = desk.api.person(Right.VIEW_EMPLOYEES, Right.VIEW_EXCLUSIONS)
    with desk.open(path, by=sees) as page:
        expect(page.get_by_role("region", name="Exclusions")).to_be_visible()
        expect(page.get_by_role("button", name="Exclude")).to_have_count(0)


def test_somebody_of_another_employer_is_not_there(desk: Desk, known: Known) -> None:
    with desk.api.engine.begin() as connection:
        other = Agenda(connection).add("employers")
    elsewhere = desk.api.person(*MANAGER, Right.VIEW_AUDIT, reaches={"employer_id": other})
    for path in ("", "/audit", "/employments/new"):
        with desk.open(f"/employees/{known.employee}{path}", by=elsewhere) as page:
            expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")
    with desk.open(f"/employments/{known.employment}", by=elsewhere) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")


def test_who_looked_is_told_and_is_a_look_itself(desk: Desk, known: Known) -> None:
    guard = desk.api.person(Right.VIEW_EMPLOYEES, Right.VIEW_AUDIT, name="Guard 1")
    reads = desk.api.person(Right.VIEW_EMPLOYEES, name="Curious 1")
    with desk.open(f"/employees/{known.employee}", by=reads):
        pass
    with desk.open(f"/employees/{known.employee}", by=guard) as page:
        page.get_by_role("link", name="Who looked").click()
        line = page.get_by_role("row").filter(has_text="Curious 1").first
        expect(line).to_contain_text("seen")
        expect(line).to_contain_text("see employees and their employments")
        expect(line).to_contain_text("Private mobile number")
        require_accessible(page)
        before = page.get_by_role("row").filter(has_text="Guard 1").count()
        page.reload()
        expect(page.get_by_role("row").filter(has_text="Guard 1")).to_have_count(before + 1)
        page.get_by_label("Up to and including").fill("2001-01-01")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_text("Nobody, in these days.")).to_be_visible()
