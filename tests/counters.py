"""A small service before a browser: one location, practitioners with blocks of time, and people who are called up."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, delete, select

from models.appointments import Appointment, AppointmentState, Hold
from models.database import reading
from models.requests import AppointmentRequest
from scheduler.access import Right
from tests.agendas import AMSTERDAM, there
from tests.desks import MONDAY, NOW, TABLES, Desk
from tests.http_client import Client, an_api
from tests.pages import Desk as Pages
from tests.pages import a_desk

DAY = timedelta(days=1)
PLANNER = (
    Right.VIEW_EMPLOYEES,
    Right.VIEW_CASES,
    Right.VIEW_REQUESTS,
    Right.CREATE_REQUESTS,
    Right.PLACE_REQUESTS,
    Right.WITHDRAW_REQUESTS,
    Right.VIEW_APPOINTMENTS,
    Right.PLAN_APPOINTMENTS,
    Right.PLAN_AUTOMATICALLY,
)
HALF_AN_HOUR = {"duration": 30, "buffer": 0}


@dataclass
class Counter:
    """`planner`: may save and plan. The agenda is empty: each test makes the blocks that it needs."""

    records: Desk
    pages: Pages
    planner: Client

    def open(self, path: str, by: Client | None = None, **more: Any) -> Any:
        return self.pages.open(path, by=by or self.planner, **more)

    def colleague(self, *rights: Right) -> Client:
        """Somebody else, who may what a planner may unless it is said."""
        return self.pages.api.person(*(rights or PLANNER))

    def employee(self, name: str, **values: Any) -> UUID:
        return self.records.somebody(last_name=name, **values)

    def practitioner(self, name: str) -> UUID:
        return self.records.add("practitioners", name=name)

    def block(
        self, day: date = MONDAY, clock: str = "09:00", minutes: int = 60, **more: Any
    ) -> UUID:
        """Time of the first practitioner at the first location, unless it is said."""
        hour, minute = map(int, clock.split(":"))
        begin = there(AMSTERDAM, day, 60 * hour + minute)
        whose = {
            "practitioner_id": self.records.world.practitioner,
            "location_id": self.records.world.location,
        }
        times = {
            "starts_at": begin,
            "ends_at": begin + timedelta(minutes=minutes),
            "day": day,
            "start_minute": 60 * hour + minute,
            "end_minute": 60 * hour + minute + minutes,
        }
        key = self.records.add("availabilities", **whose | times | more)
        self.records.link(
            "availability_types",
            availability_id=key,
            consultation_type_id=self.records.world.type,
        )
        return key

    def request(self, employee: UUID, **values: Any) -> UUID:
        """Half an hour on the Monday."""
        those = {"from_day": MONDAY, "until_day": MONDAY + DAY, **HALF_AN_HOUR, **values}
        return self.records.add(
            "requests", **self.records.world.request(employee_id=employee, **those)
        )

    def requests_of(self, employee: UUID) -> Sequence[AppointmentRequest]:
        with reading(self.records.engine) as session:
            those = select(AppointmentRequest).where(AppointmentRequest.employee_id == employee)
            return session.scalars(those.order_by(AppointmentRequest.id)).all()

    def planned(self, employee: UUID) -> Sequence[Appointment]:
        with reading(self.records.engine) as session:
            those = select(Appointment).where(
                Appointment.employee_id == employee, Appointment.state == AppointmentState.PLANNED
            )
            return session.scalars(those).all()

    def held(self, employee: UUID) -> Sequence[Hold]:
        with reading(self.records.engine) as session:
            return session.scalars(select(Hold).where(Hold.employee_id == employee)).all()


@contextmanager
def a_counter(engine: Engine, started: Browser) -> Iterator[Counter]:
    records = Desk(engine, name="Utrecht", latitude=None)
    with engine.begin() as connection:
        connection.execute(delete(TABLES["availability_types"]))
        connection.execute(delete(TABLES["availabilities"]))
    records.set("practitioners", records.world.practitioner, name="Practitioner 1")
    records.set("consultation_types", records.world.type, name="Consultation", **HALF_AN_HOUR)
    with an_api(engine) as api:
        api.clock.now = NOW
        with a_desk(api, started) as desk:
            yield Counter(records, desk, api.person(*PLANNER))


def fill_in(page: Page, employee: str, last_day: date = MONDAY, first_day: date = MONDAY) -> None:
    """The form of a request: for whom, what and when."""
    page.get_by_label("Search: Employee").fill(employee[:-1])
    page.get_by_label(employee).check()
    page.get_by_label("Establishment").wait_for()
    page.get_by_label("Consultation type").select_option("Consultation")
    page.get_by_label("Duration in minutes").wait_for()
    page.get_by_label("From", exact=False).first.fill(first_day.isoformat())
    page.get_by_label("Until (not included)").fill((last_day + DAY).isoformat())
