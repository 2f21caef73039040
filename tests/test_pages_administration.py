"""The administration: one list and one form for every kind, in both languages, by mouse and by keyboard. Domain §§1-4, 8."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from models.agenda import Location
from models.consultations import ConsultationType, ConsultationTypeName
from models.database import reading
from models.organisation import PreferredHours
from scheduler.access import Right
from tests.agendas import AMSTERDAM, FRIDAY_BEFORE, MONDAY, Agenda, there
from tests.http_client import an_api, copied
from tests.pages import Desk, a_desk, require_accessible
from tests.records import add

TYPES = (Right.VIEW_AGENDA, Right.MANAGE_TYPES)
PLACES = (Right.VIEW_AGENDA, Right.MANAGE_LOCATIONS)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def desk(engine: Engine, started: Browser) -> Iterator[Desk]:
    with an_api(engine) as api, a_desk(api, started) as made:
        api.clock.now = FRIDAY_BEFORE
        yield made


def made(desk: Desk, table: str, **values: object) -> UUID:
    with desk.api.engine.begin() as connection:
        return add(connection, table, **values)


def save(page: Page, name: str = "Save") -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


# --- One list and one form --------------------------------------------------------------------------------


def test_a_type_is_named_in_two_languages_and_each_reader_sees_his_own(desk: Desk) -> None:
    manager = desk.api.person(*TYPES)
    with desk.open("/administration", by=manager) as page:
        page.get_by_role("link", name="Consultation types").click()
        page.get_by_role("link", name="Add").click()
        require_accessible(page)
        page.get_by_label("Name *", exact=False).first.fill("Eerste gesprek")
        page.get_by_label("Code").fill("first")
        page.get_by_label("Duration").fill("45")
        page.get_by_label("Modality").select_option(label="by telephone")
        page.get_by_label("Language, line 1").select_option("en")
        page.get_by_label("Name, line 1").fill("First talk")
        save(page)

        expect(page.get_by_role("heading", level=1)).to_have_text("First talk")
        require_accessible(page)
        page.get_by_label("Name *", exact=False).first.fill("Intake")
        page.get_by_label("Name, line 1").fill("Intake talk")
        page.get_by_role("button", name="Another line").click()
        expect(page.get_by_label("Language, line 3")).to_be_focused()
        save(page)

        expect(page.get_by_role("heading", level=1)).to_have_text("Intake talk")
        expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    reads = desk.api.person(*TYPES)
    for code, name, modality in (
        ("nl", "Intake", "telefonisch"),
        ("en", "Intake talk", "by telephone"),
    ):
        with desk.open("/administration/consultation-types", by=reads, language=code) as page:
            line = page.get_by_role("row").filter(has_text="first")
            expect(line.get_by_role("link")).to_have_text(name)
            expect(line).to_contain_text(modality)
            require_accessible(page)
    with reading(desk.api.engine) as session:
        kept = session.scalars(select(ConsultationType).filter_by(code="first")).one()
        names = session.scalars(
            select(ConsultationTypeName).filter_by(consultation_type_id=kept.id)
        )
        assert (kept.name, kept.duration) == ("Intake", 45)
        assert [(one.language, one.name) for one in names] == [("en", "Intake talk")]


def test_a_location_gets_a_limit_and_loses_it_again(desk: Desk) -> None:
    manager = desk.api.person(*PLACES)
    with desk.open("/administration/locations/new", by=manager, language="nl") as page:
        page.get_by_label("Naam").fill("Location 7")
        page.get_by_label("Land").select_option("NL")
        page.get_by_label("Tijdzone").fill("Europe/Nowhere")
        page.get_by_label("Breedtegraad").fill("52,37")
        page.get_by_label("Limiet").fill("3")
        save(page, "Opslaan")

        told = page.get_by_role("alert").filter(has_text="Dit kan nog niet")
        expect(told).to_contain_text("Europe/Nowhere")
        expect(page.get_by_label("Naam")).to_have_value("Location 7")
        page.get_by_label("Tijdzone").fill("Europe/Amsterdam")
        page.get_by_label("Lengtegraad").fill("4.89")
        save(page, "Opslaan")
        expect(page.get_by_role("heading", level=1)).to_have_text("Location 7")
        expect(page.get_by_label("Limiet")).to_have_value("3")
        page.get_by_label("Limiet").fill("")
        save(page, "Opslaan")
        expect(page.get_by_role("status").filter(has_text="Opgeslagen.")).to_be_visible()
        require_accessible(page)
    with reading(desk.api.engine) as session:
        kept = session.scalars(select(Location).filter_by(name="Location 7")).one()
        assert (kept.capacity, kept.latitude, kept.version) == (None, 52.37, 2)


def test_hours_are_rows_that_come_and_go(desk: Desk) -> None:
    employer = made(desk, "employers", name="Employer with hours")
    manager = desk.api.person(Right.MANAGE_ORGANISATION)
    with desk.open(f"/administration/employers/{employer}", by=manager) as page:
        page.get_by_label("Weekday, line 1").select_option(label="Tuesday")
        page.get_by_label("From, line 1").fill("09:30")
        save(page)
        expect(page.get_by_role("alert").filter(has_text="Until, line 1: fill")).to_be_visible()
        expect(page.get_by_label("Until, line 1")).to_be_focused()
        page.get_by_label("Until, line 1").fill("24:00")
        save(page)
        expect(page.get_by_label("Until, line 1")).to_have_value("24:00")
        expect(page.get_by_label("Weekday, line 2")).to_have_value("")
    with reading(desk.api.engine) as session:
        (kept,) = session.scalars(select(PreferredHours).filter_by(employer_id=employer))
        assert (kept.weekday, kept.start_minute, kept.end_minute) == (2, 570, 1440)


def test_what_belongs_to_an_employer_is_a_step_away(desk: Desk) -> None:
    employer = made(desk, "employers", name="Employer 40")
    manager = desk.api.person(Right.MANAGE_ORGANISATION)
    with desk.open("/administration/employers?q=Employer+40", by=manager) as page:
        page.get_by_role("link", name="Employer 40").click()
        page.get_by_role("link", name="Departments", exact=True).click()
        expect(page.get_by_text("Of Employer 40")).to_be_visible()
        page.get_by_role("link", name="Add").click()
        expect(page.get_by_role("radio", name="Employer 40")).to_be_checked()
        page.get_by_label("Name", exact=False).first.fill("Department 40")
        save(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Department 40")
        expect(page.locator(".facts")).to_contain_text("Employer 40")
        page.get_by_role("button", name="Remove").click()
        expect(page).to_have_url(f"{desk.url}/administration/departments")
    with desk.open(f"/administration/employers/{employer}", by=manager) as page:
        made(desk, "establishments", employer_id=employer)
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_role("alert").filter(has_text="still named by")).to_be_visible()


def test_a_practitioner_is_found_archived_and_restored(desk: Desk) -> None:
    made(desk, "functions", name="Nurse 1")
    manager = desk.api.person(Right.VIEW_AGENDA, Right.MANAGE_PRACTITIONERS)
    with desk.open("/administration/practitioners/new", by=manager) as page:
        page.get_by_label("Name").fill("Practitioner 70")
        page.get_by_label("Nurse 1").check()
        save(page)
        page.get_by_role("button", name="Archive").click()
        expect(page.get_by_role("button", name="Restore")).to_be_visible()
        require_accessible(page)
        page.get_by_role("link", name="Practitioners", exact=True).click()
        page.get_by_label("Begins with").fill("Practitioner 7")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("link", name="Practitioner 70")).to_have_count(0)
        page.get_by_label("The archived ones too").check()
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("row").filter(has_text="Practitioner 70")).to_contain_text(
            "Nurse 1"
        )
        page.get_by_role("link", name="Practitioner 70").click()
        page.get_by_role("button", name="Restore").click()
        expect(page.get_by_role("button", name="Archive")).to_be_visible()


def test_nothing_is_archived_while_appointments_lie_ahead_of_it(desk: Desk) -> None:
    with desk.api.engine.begin() as connection:
        agenda = Agenda(connection)
        block = agenda.block(there(AMSTERDAM, MONDAY, 540), 60)
        employee = agenda.add("employees", last_name="Employee 71")
        booked = agenda.standing(
            there(AMSTERDAM, MONDAY, 540), 30, employee_id=employee, availability_id=block
        )
        agenda.add("appointments", **{**booked, "ad_hoc": False})
        place = agenda.world.location
    manager = desk.api.person(*PLACES, Right.VIEW_APPOINTMENTS, Right.VIEW_EMPLOYEES)
    with desk.open(f"/administration/locations/{place}", by=manager, language="nl") as page:
        page.get_by_role("button", name="Archiveren").click()

        told = page.get_by_role("alert").filter(has_text="1 beschikbaarheden en 1 geplande")
        expect(told).to_be_visible()
        expect(told.get_by_role("link")).to_contain_text("ma 3 mei 2027 09:00, Employee 71")
        require_accessible(page)


def test_a_list_goes_on_where_the_part_before_ended(desk: Desk) -> None:
    with desk.api.engine.begin() as connection:
        for n in range(60):
            add(connection, "case_kinds", name=f"Kind {n:02}")
    manager = desk.api.person(Right.VIEW_CASES, Right.MANAGE_TYPES)
    with desk.open("/administration/case-kinds?q=Kind", by=manager) as page:
        expect(page.get_by_role("row")).to_have_count(51)
        page.get_by_role("link", name="Further").click()
        expect(page.get_by_role("row")).to_have_count(11)
        expect(page.get_by_role("link", name="Kind 59")).to_be_visible()


# --- Whoever only looks, and whoever may not ----------------------------------------------------------------


def test_whoever_only_looks_sees_facts_and_no_form(desk: Desk) -> None:
    place = made(desk, "locations", name="Location 80", capacity=2, city="Utrecht")
    reads = desk.api.person(Right.VIEW_AGENDA)
    with desk.open(f"/administration/locations/{place}", by=reads) as page:
        expect(page.locator(".facts")).to_contain_text("Utrecht")
        expect(page.get_by_role("button", name="Save")).to_have_count(0)
        page.goto("/administration/locations")
        expect(page.get_by_role("link", name="Add")).to_have_count(0)
        page.goto("/administration/locations/new")
        expect(page.get_by_text("this needs the right")).to_be_visible()
        page.goto("/administration")
        expect(page.get_by_role("link", name="Locations")).to_be_visible()
        expect(page.get_by_role("link", name="Users")).to_have_count(0)


# --- Two at the same form -----------------------------------------------------------------------------------


def test_an_outdated_form_keeps_what_was_typed_and_shows_the_rest_as_it_is(desk: Desk) -> None:
    place = made(desk, "locations", name="Location 90", city="Utrecht")
    manager = desk.api.person(*PLACES)
    with desk.open(f"/administration/locations/{place}", by=manager) as page:
        page.get_by_label("Name").fill("Location 90 north")
        page.get_by_label("Limit").fill("4")
        other = {"city": "Zwolle", "capacity": 9}
        assert manager.patch(f"/locations/{place}", other, version=1).status_code == 200
        save(page)
        expect(page.get_by_text("it was changed meanwhile")).to_be_visible()
        require_accessible(page)
        page.get_by_role("button", name="Show what is there now").click()

        expect(page.get_by_label("City")).to_have_value("Zwolle")
        expect(page.get_by_label("Name")).to_have_value("Location 90 north")
        expect(page.get_by_label("Limit")).to_have_value("4")
        expect(page.get_by_text("now: 9")).to_be_visible()
        save(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Location 90 north")
    kept = manager.get(f"/locations/{place}").json()
    assert (kept["name"], kept["city"], kept["capacity"]) == ("Location 90 north", "Zwolle", 4)


# --- Holidays -----------------------------------------------------------------------------------------------


def test_a_location_keeps_a_day_of_its_own(desk: Desk) -> None:
    place = made(desk, "locations", name="Location 50")
    manager = desk.api.person(*PLACES, Right.VIEW_APPOINTMENTS, Right.CANCEL_APPOINTMENTS)
    path = f"/administration/locations/{place}"
    with desk.open(path, by=manager) as page:
        page.get_by_role("link", name="Holidays").click()
        page.get_by_role("textbox", name="Day").fill("2027-06-17")
        page.get_by_role("textbox", name="Name").fill("Anniversary")
        save(page)

        kept = page.get_by_role("region", name="All that count").get_by_role("listitem")
        expect(kept.filter(has_text="Anniversary")).to_contain_text("Thu 17 June")
        require_accessible(page)
        page.get_by_role("button", name="Drop Anniversary").click()
        expect(kept.filter(has_text="Anniversary")).to_have_count(0)
        expect(kept.filter(has_text="Ascension")).to_have_count(1)


# --- The order of the preferences ---------------------------------------------------------------------------


def test_preferences_are_ordered_by_keyboard_and_the_focus_goes_with_them(desk: Desk) -> None:
    manager = desk.api.person(Right.ORDER_PREFERENCES)
    with desk.open("/administration/preferences", by=manager) as page:
        require_accessible(page)
        page.get_by_role("button", name="Let it count The practitioner's score").focus()
        page.keyboard.press("Enter")
        counted = page.get_by_role("region", name="What counts, the").get_by_role("listitem")
        expect(counted).to_have_count(3)
        expect(page.get_by_role("button", name="Up The practitioner's score")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="place 2 of 3")).to_have_count(1)
        expect(page.get_by_role("button", name="Up The practitioner's score")).to_be_focused()
        page.keyboard.press("Enter")
        expect(counted.first).to_contain_text("The practitioner's score")
        expect(page.get_by_role("button", name="Down The practitioner's score")).to_be_focused()
        require_accessible(page)
    order = manager.get("/preferences").json()["order"]
    assert order == ["practitioner_score", "preferred_practitioner", "preferred_location"]


def test_a_parameter_is_set_by_what_it_is(desk: Desk) -> None:
    made(desk, "consultation_types", code="usual", name="Usual 1")
    manager = desk.api.person(Right.MANAGE_PARAMETERS)
    with desk.open("/administration/parameters", by=manager) as page:
        require_accessible(page)
        days = page.get_by_label("How many days ahead the nightly run plans.")
        days.evaluate("field => field.form.noValidate = true")
        days.fill("0")
        page.get_by_role("button", name="Save How many days").click()
        expect(page.get_by_text("a field cannot have this value")).to_be_visible()
        days.fill("28")
        with page.expect_navigation():
            page.get_by_role("button", name="Save How many days").click()
        page.get_by_label("Save and plan is offered").select_option("no")
        with page.expect_navigation():
            page.get_by_role("button", name="Save Save and plan").click()
        page.get_by_label("The consultation type that").select_option(label="Usual 1")
        with page.expect_navigation():
            page.get_by_role("button", name="Save The consultation type").click()
    told = {one["code"]: one["value"] for one in manager.get("/parameters").json()["items"]}
    assert told["HorizonDays"] == 28
    assert told["CalculateAvailabilitiesForAppointmentRequest"] is False
    assert told["DefaultTypeForRequests"] == "usual"
