"""The agenda: looked at, dragged in, filtered, and the same as a table. Domain §§1-5, 8; reliability T24."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine, select

from models.agenda import Availability
from models.appointments import Appointment
from models.audit import Act
from models.database import reading
from scheduler.access import Right
from tests.agendas import AMSTERDAM, FRIDAY_BEFORE, MONDAY, there
from tests.filled import Filled
from tests.http_client import PLANNER, Client, an_api, copied
from tests.pages import Desk, a_desk, require_accessible

TUESDAY = MONDAY + timedelta(days=1)
SPRING = date(2028, 3, 26)
SEES = (Right.VIEW_AGENDA, Right.VIEW_APPOINTMENTS, Right.VIEW_EMPLOYEES)
PLANS = tuple({*SEES, *PLANNER})
NINE = 540


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@dataclass
class Room(Filled):
    """Two practitioners with a morning each, and the service before a browser."""

    engine: Engine
    desk: Desk

    def __post_init__(self) -> None:
        super().__init__(self.engine)
        self.first = self.world.practitioner
        self.second = self.add("practitioners", name="Practitioner 2")
        for whose in (self.first, self.second):
            self.block(MONDAY, NINE, 240, practitioner_id=whose)
        self.planner = self.desk.api.person(*PLANS)

    def booked(self, name: str, minute: int = NINE, day: date = MONDAY, **more: Any) -> UUID:
        """Somebody of this name, with the first practitioner."""
        employee = self.add("employees", last_name=name)
        request = self.request(employee_id=employee, **more)
        place = {
            "availability_id": str(self.open_then(day)),
            "starts_at": there(AMSTERDAM, day, minute).isoformat(),
        }
        answer = self.planner.post(f"/requests/{request}/appointment", place)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    def open_then(self, day: date) -> UUID:
        found = Availability.day == day, Availability.practitioner_id == self.first
        with reading(self.engine) as session:
            return session.scalars(select(Availability.id).where(*found)).one()

    def now(self, key: UUID) -> Appointment:
        with reading(self.engine) as session:
            found = session.get_one(Appointment, key)
            session.expunge(found)
            return found


@pytest.fixture
def room(engine: Engine, started: Browser) -> Iterator[Room]:
    with an_api(engine) as api:
        api.clock.now = FRIDAY_BEFORE
        with a_desk(api, started) as desk:
            yield Room(engine, desk)


STANDING = ".standing, .ec-event[role=button]:not(.line)"
"""An appointment in the week, and in the day."""
ROWS = ".rota tbody th, .ec-row-head"


def event(page: Page, name: str) -> Locator:
    return page.locator(STANDING).filter(has_text=name)


def drag(page: Page, name: str, *, to: str | None = None, right: float = 0) -> None:
    """With the mouse, as a planner does: to the row of a practitioner, and so many pixels to the right."""
    box = event(page, name).bounding_box()
    assert box is not None
    x, y = box["x"] + 8, box["y"] + 8
    row = None if to is None else page.locator(ROWS, has_text=to).bounding_box()
    target = y if row is None else row["y"] + row["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for part in range(1, 9):
        page.mouse.move(x + right * part / 8, y + (target - y) * part / 8)
    page.mouse.up()


def row_of(page: Page, name: str) -> str:
    """The practitioner beside whom it stands."""
    box = event(page, name).bounding_box()
    assert box is not None
    for head in page.locator(ROWS).all():
        there_ = head.bounding_box()
        assert there_ is not None
        if there_["y"] <= box["y"] < there_["y"] + there_["height"]:
            return head.inner_text().strip()
    raise AssertionError(box)


DAY = f"/agenda?view=day&day={MONDAY}"
WEEK = f"/agenda?view=week&day={MONDAY}"


# --- Dragging -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York"])
def test_an_appointment_is_dragged_to_another_practitioner_and_stays_there(
    room: Room, zone: str
) -> None:
    """Wherever the browser is: the day is that of the location."""
    key = room.booked("Employee 7")
    with room.desk.open(DAY, by=room.planner, timezone_id=zone) as page:
        drag(page, "Employee 7", to="Practitioner 2")

        expect(page.locator("#said")).to_have_text(
            "Employee 7 has been rescheduled to Monday 3 May 09:00."
        )
        assert row_of(page, "Employee 7") == "Practitioner 2"
        assert room.now(key).practitioner_id == room.second
        assert room.now(key).starts_at == there(AMSTERDAM, MONDAY, NINE)
        with page.expect_response("**/drop") as again:  # by the version that it has now
            drag(page, "Employee 7", to="Practitioner 1")
        assert again.value.status == 200
    assert room.now(key).practitioner_id == room.first


def test_it_is_dragged_to_another_time_on_the_grid(room: Room) -> None:
    key = room.booked("Employee 7")
    with room.desk.open(DAY, by=room.planner) as page:
        slot = page.locator(".ec-slot").first.bounding_box()
        assert slot is not None
        drag(page, "Employee 7", right=slot["width"])

        expect(page.locator("#said")).to_contain_text("10:00")
    assert room.now(key).starts_at == there(AMSTERDAM, MONDAY, NINE + 60)


def test_in_the_week_it_is_dragged_to_another_day_and_keeps_its_time(room: Room) -> None:
    room.block(TUESDAY, NINE, 240, practitioner_id=room.first)
    key = room.booked("Employee 7", NINE + 30)
    with room.desk.open(WEEK, by=room.planner) as page:
        expect(event(page, "Employee 7")).to_be_visible()
        require_accessible(page)
        day = page.locator("thead th").last.bounding_box()
        assert day is not None
        drag(page, "Employee 7", right=day["width"])

        expect(page.locator("#said")).to_contain_text("Tuesday 4 May 09:30")
        tuesday = page.locator(f"td[data-day='{TUESDAY}']").filter(has_text="Employee 7")
        expect(tuesday).to_contain_text("09:30")
        page.reload()
        expect(tuesday).to_contain_text("09:30")
    assert room.now(key).starts_at == there(AMSTERDAM, TUESDAY, NINE + 30)


@pytest.mark.parametrize("path", [DAY, WEEK])
def test_what_the_rules_refuse_springs_back_and_says_why(room: Room, path: str) -> None:
    key = room.booked("Employee 7")
    room.add("exclusions", employee_id=room.now(key).employee_id, practitioner_id=room.second)
    with room.desk.open(path, by=room.planner) as page:
        drag(page, "Employee 7", to="Practitioner 2")

        dialog = page.get_by_role("dialog", name="Not possible yet")
        expect(dialog).to_contain_text("the practitioner is excluded for this employee")
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        require_accessible(page, without="#agenda")
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        assert row_of(page, "Employee 7") == "Practitioner 1"
    assert room.now(key).practitioner_id == room.first


def test_where_nothing_is_open_it_says_so_in_the_reader_s_language(room: Room) -> None:
    room.booked("Employee 7")
    away = {"starts_at": there(AMSTERDAM, MONDAY, 0), "ends_at": there(AMSTERDAM, TUESDAY, 0)}
    third = room.add("practitioners", name="Practitioner 4")
    room.add("absences", practitioner_id=third, **away)
    with room.desk.open(DAY, by=room.planner, language="nl") as page:
        drag(page, "Employee 7", to="Practitioner 4")

        expect(page.get_by_role("dialog")).to_contain_text(
            "Practitioner 4 heeft op 3 mei 2027 om 09:00 geen beschikbaarheid"
        )


@pytest.mark.parametrize("path", [DAY, WEEK])
def test_what_somebody_else_has_moved_meanwhile_is_shown_where_it_is_now(
    room: Room, path: str
) -> None:
    key = room.booked("Employee 7")
    with room.desk.open(path, by=room.planner) as page:
        expect(event(page, "Employee 7")).to_be_visible()
        place = {
            "availability_id": str(room.open_then(MONDAY)),
            "starts_at": there(AMSTERDAM, MONDAY, NINE + 120).isoformat(),
        }
        moved = room.planner.post(f"/appointments/{key}/move", place, version=room.now(key).version)
        assert moved.status_code == 200, moved.text
        drag(page, "Employee 7", to="Practitioner 2")

        expect(page.get_by_role("dialog")).to_contain_text("it was changed meanwhile")
        page.keyboard.press("Escape")
        expect(page.locator("[title^='11:00–11:30 Employee 7']")).to_be_visible()
    assert room.now(key).practitioner_id == room.first


def test_a_time_that_the_clocks_skip_is_no_place(room: Room) -> None:
    room.desk.api.clock.now = there(AMSTERDAM, SPRING - timedelta(days=9), NINE)
    room.planner = room.desk.api.person(*PLANS)  # who logged in a year ago is out
    saturday = SPRING - timedelta(days=1)
    for day in (saturday, SPRING):
        room.block(day, 60, 300, practitioner_id=room.first)
    window = {"from_day": saturday, "until_day": SPRING + timedelta(days=7)}
    allowed = {"allow_saturday": True, "allow_sunday_holiday": True}
    key = room.booked("Employee 7", 150, saturday, **window, **allowed)
    with room.desk.open(f"/agenda?day={SPRING}", by=room.planner) as page:
        heading = page.locator("thead th").last.bounding_box()
        assert heading is not None
        drag(page, "Employee 7", right=heading["width"])

        expect(page.get_by_role("dialog")).to_contain_text(
            "on 26 March 2028 the clocks in Europe/Amsterdam are put forward past 02:30"
        )
    assert room.now(key).starts_at == there(AMSTERDAM, saturday, 150)


def test_who_may_not_plan_cannot_drag(room: Room) -> None:
    room.booked("Employee 7")
    with room.desk.open(DAY, by=room.desk.api.person(*SEES)) as page:
        expect(event(page, "Employee 7")).to_be_visible()
        expect(page.locator(".ec-draggable")).to_have_count(0)
        page.get_by_role("link", name="Week").click()
        expect(event(page, "Employee 7")).to_have_attribute("draggable", "false")


# --- Looking --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [DAY, WEEK])
def test_states_are_told_by_marks_and_words_and_enter_opens_an_appointment(
    room: Room, path: str
) -> None:
    key = room.booked("Employee 7")
    room.stands(
        MONDAY,
        NINE + 60,
        state="completed",
        employee_id=room.add("employees", last_name="Employee 8"),
    )
    with room.desk.open(path, by=room.planner) as page:
        expect(event(page, "Employee 7")).to_contain_text("●")
        expect(event(page, "Employee 8")).to_contain_text("✓")
        expect(event(page, "Employee 8")).to_have_accessible_name(re.compile("completed"))
        open_ = page.get_by_text("09:00–13:00 Location").first
        expect(open_).to_be_visible()
        require_accessible(page, without="#agenda" if path == DAY else None)
        event(page, "Employee 7").focus()
        page.keyboard.press("Enter")

        expect(page).to_have_url(f"{room.desk.url}/appointments/{key}")
        page.go_back()
        open_.click()
        expect(page).to_have_url(re.compile(f"{room.desk.url}/availabilities/"))


def test_holidays_and_the_limit_of_a_location_stand_in_the_heading(room: Room) -> None:
    where = room.add("locations", name="Location 9", capacity=1)
    room.block(MONDAY, NINE, 240, practitioner_id=room.add("practitioners"), location_id=where)
    with room.desk.open(f"{WEEK}&location_id={where}", by=room.planner, language="nl") as page:
        headings = page.locator("thead th:not(:first-child)")
        expect(headings.filter(has_text="Hemelvaartsdag")).to_contain_text("do 6 mei")
        expect(headings.first).to_contain_text("tegelijk: 1 open, 0 bezet (ten hoogste 1)")
        expect(headings.first.locator(".full")).to_be_visible()
        expect(page.locator(ROWS)).to_have_count(1)
        expect(headings).to_have_count(5)  # nothing is at the weekend


def test_filters_show_one_location_or_one_practitioner(room: Room) -> None:
    room.booked("Employee 7")
    with room.desk.open(WEEK, by=room.planner) as page:
        expect(page.locator(ROWS)).to_have_count(2)
        page.get_by_label("Practitioner").select_option("Practitioner 2")
        page.get_by_role("button", name="Show").click()

        expect(page.locator(ROWS)).to_have_text(["Practitioner 2"])
        expect(event(page, "Employee 7")).to_have_count(0)
        page.get_by_role("link", name="Later").click()
        expect(page.get_by_text("There is nothing in the agenda on these days.")).to_be_visible()


def test_who_sees_one_employer_sees_nothing_of_another_and_no_names_without_the_right(
    room: Room,
) -> None:
    other = room.add("employers")
    elsewhere = room.add("establishments", employer_id=other, is_main=True)
    here = room.world.establishment
    for name, whose, where, minute in (
        ("Employee 7", room.employer, here, NINE),
        ("Employee 8", other, elsewhere, NINE + 60),
    ):
        employee = room.works(whose, where, last_name=name)
        room.stands(MONDAY, minute, employee_id=employee, establishment_id=where)
    reaches = {"employer_id": room.employer}
    for rights, names in ((SEES, 1), (SEES[:2], 0)):
        with room.desk.open(DAY, by=room.desk.api.person(*rights, reaches=reaches)) as page:
            expect(page.locator(STANDING)).to_have_count(1)
            expect(event(page, "Employee 7")).to_have_count(names)


# --- The table ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_table_tells_the_same_and_each_employee_shown_is_on_record(
    room: Room, language: str
) -> None:
    key = room.booked("Employee 7")
    looker = room.desk.api.person(*SEES)
    with room.desk.open(f"/agenda/table?day={MONDAY}", by=looker, language=language) as page:
        cell = page.get_by_role("cell").filter(has_text="Employee 7")
        expect(cell).to_contain_text("09:00–13:00 Location")
        expect(cell.get_by_role("link", name="09:00 Employee 7")).to_have_attribute(
            "href", f"/appointments/{key}"
        )
        holiday = {"en": "Ascension Day (everywhere)", "nl": "Hemelvaartsdag (overal)"}[language]
        expect(page.get_by_text(holiday)).to_be_visible()
        require_accessible(page)
    looks = room.desk.api.records(act=Act.READ, actor_id=looker.id)
    assert [one.object_id for one in looks] == [key]


def test_at_200_percent_both_are_used_without_losing_anything(room: Room) -> None:
    """As a window of half the size is: 640 by 400."""
    room.booked("Employee 7")
    small = {"width": 640, "height": 400}
    for path in (DAY, WEEK, f"/agenda/table?day={MONDAY}"):
        with room.desk.open(path, by=room.planner, viewport=small) as page:
            shown = page.get_by_text("Employee 7").first
            shown.scroll_into_view_if_needed()
            expect(shown).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= small["width"]


def test_what_a_page_does_it_does_once_beside_the_agenda_s_own_script(room: Room) -> None:
    """A second copy of the common script in the agenda's would send each form twice."""
    with room.desk.open(WEEK, by=room.desk.api.person(*SEES)) as page:
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(f"{room.desk.url}/login")

    assert sent == [f"{room.desk.url}/logout"]


def test_no_other_site_can_drag(room: Room) -> None:
    key = room.booked("Employee 7")
    form: dict[str, str | float | bool] = {
        "practitioner_id": str(room.second),
        "day": str(MONDAY),
        "minute": "540",
    }
    with room.desk.open(DAY, by=room.planner) as page:
        headers = {"Idempotency-Key": "1", "If-Match": f'"{room.now(key).version}"'}
        answer = page.request.post(f"/agenda/appointments/{key}/drop", form=form, headers=headers)

    assert answer.status == 403
    assert room.now(key).practitioner_id == room.first


def stranger(room: Room) -> Client:
    return room.desk.api.person(*PLANS, reaches={"employer_id": room.add("employers")})


def test_what_is_not_the_planner_s_is_not_there_to_be_dragged(room: Room) -> None:
    key = room.booked("Employee 7")
    own = stranger(room)
    with room.desk.open("/agenda", by=own) as page:
        status = page.evaluate(
            """async (path) => {
                const form = document.createElement("form");
                form.dataset.version = "1";
                const headers = { ...window.spreekuur.headersFor(form), "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded" };
                const body = new URLSearchParams({ practitioner_id: path.split("/")[3], day: "2027-05-03", minute: "540" });
                return (await fetch(path, { method: "POST", headers, body })).status;
            }""",
            f"/agenda/appointments/{key}/drop",
        )
    assert status == 404
