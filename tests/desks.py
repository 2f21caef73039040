"""A planner's desk over a small world: intake and agenda, each command in a transaction of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, insert, select, true
from sqlalchemy.orm import Session

from models import Base
from models.agenda import Availability
from models.appointments import Appointment, AppointmentState, History
from models.base import new_id
from models.database import reading, writing
from models.outbox import Event
from models.people import Employment
from models.requests import AppointmentRequest, RequestState
from scheduler.actor import Actor
from scheduler.agenda.disturbed import Leave
from scheduler.agenda.offers import EVERY_MODALITY, Offer
from scheduler.booking import Place, book_one
from scheduler.intake import First, May, Wish, requests
from scheduler.refusals import Refusal, RefusedError
from tests.records import add, at, change, small_world

TABLES = Base.metadata.tables
NOW = at("12:00", day=-3)  # the Friday before the Monday
MONDAY = date(2027, 3, 1)
PLANNER = May(place=True)

OTHERS: dict[str, dict[str, Any]] = {
    "employments": {"from_day": date(2020, 1, 1)},
    "cases": {"opened_on": date(2027, 1, 1)},
    "case_kinds": {"name": "Absence"},
    "contact_persons": {"name": "Contact 1"},
    "functions": {"name": "Doctor"},
}
Result = TypeVar("Result")


def looking_first(looks: Callable[..., Result], clients: int) -> Callable[..., Result]:
    """Of a control run: all of them have looked before the first one writes. Once each: a retry waits for nobody."""
    looked, done = threading.Barrier(clients), threading.local()

    def look(*arguments: Any, **named: Any) -> Result:
        found = looks(*arguments, **named)
        if not getattr(done, "once", False):
            done.once = True
            looked.wait()
        return found

    return look


class Desk:
    """Somebody who works at the main establishment, and all commands at hand."""

    def __init__(self, engine: Engine, **location: Any) -> None:
        self.engine = engine
        with engine.begin() as connection:
            self.world = small_world(connection, **location)
        self.by = Actor(self.world.account)
        self.employer = self._employer()
        self.link(
            "availability_types",
            availability_id=self.world.availability,
            consultation_type_id=self.world.type,
        )
        self.employment = self.works(self.world.employee)

    # --- rows

    def add(self, table: str, **values: Any) -> UUID:
        with self.engine.begin() as connection:
            if table not in OTHERS:
                return add(connection, table, **values)
            unique = {"code": new_id().hex} if table in {"case_kinds", "functions"} else {}
            new = {"id": new_id(), "version": 1, **unique, **OTHERS[table], **values}
            connection.execute(insert(TABLES[table]).values(new))
            key: UUID = new["id"]
            return key

    def link(self, table: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(TABLES[table]).values(values))

    def set(self, table: str, key: UUID, **values: Any) -> None:
        with self.engine.begin() as connection:
            change(connection, table, key, **values)

    def works(self, employee: UUID, **values: Any) -> UUID:
        those = {"employer_id": self.employer, "establishment_id": self.world.establishment}
        return self.add("employments", employee_id=employee, **(those | values))

    def somebody(self, **values: Any) -> UUID:
        """A new employee, who works at the main establishment."""
        employee = self.add("employees", **values)
        self.works(employee)
        return employee

    def another(self) -> UUID:
        """An account beside that of this desk."""
        role, group = self.add("roles"), self.add("groups")
        return self.add("accounts", role_id=role, group_id=group)

    def _employer(self) -> UUID:
        table = TABLES["establishments"].c
        with self.engine.connect() as connection:
            query = select(table.employer_id).where(table.id == self.world.establishment)
            key: UUID = connection.execute(query).scalar_one()
            return key

    # --- commands

    def do(self, act: Callable[[Session], Result]) -> Result:
        with writing(self.engine) as session:
            return act(session)

    def refusals(self, act: Callable[[Session], object]) -> list[Refusal]:
        """What speaks against it; it must change nothing."""
        with pytest.raises(RefusedError) as refused:
            self.do(act)
        return list(refused.value.refusals)

    def codes(self, act: Callable[[Session], object]) -> list[str]:
        return [one.code for one in self.refusals(act)]

    @property
    def how(self) -> dict[str, Any]:
        return {"by": self.by, "now": NOW}

    def asking(self, *, confirm: bool = False) -> dict[str, Any]:
        """Of a change that planned appointments may be in the way of."""
        return self.how | {"leave": Leave(confirmed=confirm, seen=true())}

    def wish(self, **values: Any) -> Wish:
        those: dict[str, Any] = {
            "employee_id": self.world.employee,
            "consultation_type_id": self.world.type,
            "establishment_id": self.world.establishment,
            "from_day": MONDAY,
            "until_day": date(2027, 3, 8),
        }
        return Wish(**those | values)

    def creating(
        self, first: First = First.PLACED, may: May = PLANNER, **values: Any
    ) -> Callable[[Session], UUID]:
        wish = self.wish(**values)
        return lambda session: requests.create(session, wish, first, may=may, **self.how)

    def create(self, first: First = First.PLACED, may: May = PLANNER, **values: Any) -> UUID:
        return self.do(self.creating(first, may, **values))

    def offer(self, **values: Any) -> Offer:
        """The first practitioner at the first location, from nine to five, for the first type."""
        those: dict[str, Any] = {
            "practitioner_id": self.world.practitioner,
            "location_id": self.world.location,
            "start_minute": 540,
            "end_minute": 1020,
            "types": frozenset({self.world.type}),
            "modalities": EVERY_MODALITY,
        }
        return Offer(**those | values)

    def booked(
        self, start: datetime, availability: UUID | None = None, **wish: Any
    ) -> tuple[UUID, UUID]:
        """A request of somebody new, and its appointment."""
        employee = wish.pop("employee_id", None) or self.somebody()
        request = self.create(employee_id=employee, **wish)
        place = Place(request, availability or self.world.availability, start)
        return request, self.do(lambda s: book_one(s, place, not_before=NOW, **self.how))

    # --- what stands

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with reading(self.engine) as session:
            yield session

    def request(self, key: UUID) -> AppointmentRequest:
        with self.reading() as session:
            return session.get_one(AppointmentRequest, key)

    def state(self, key: UUID) -> RequestState:
        return self.request(key).state

    def appointment(self, key: UUID) -> Appointment:
        with self.reading() as session:
            return session.get_one(Appointment, key)

    def availability(self, key: UUID) -> Availability:
        with self.reading() as session:
            return session.get_one(Availability, key)

    def employment_row(self) -> Employment:
        with self.reading() as session:
            return session.get_one(Employment, self.employment)

    def count(self, table: str, **values: Any) -> int:
        """The rows that have these values."""
        query = select(func.count()).select_from(TABLES[table]).filter_by(**values)
        with self.reading() as session:
            return session.scalar(query) or 0

    def news(self, subject: UUID) -> list[str]:
        with self.reading() as session:
            query = select(Event.topic).where(Event.subject_id == subject).order_by(Event.sequence)
            return list(session.scalars(query))

    def history(self, request: UUID) -> list[History]:
        with self.reading() as session:
            query = select(History).where(History.request_id == request).order_by(History.step)
            return list(session.scalars(query))

    def went(self, *pairs: tuple[UUID, UUID]) -> None:
        """They were cancelled by the service, their requests are open again, and that was announced."""
        for request, appointment in pairs:
            gone = self.appointment(appointment)
            assert (gone.state, gone.cancelled_by) == (AppointmentState.CANCELLED, "service")
            assert gone.reason
            assert self.state(request) == RequestState.OPEN
            assert self.news(appointment)[-1] == "AppointmentCancelled"
            assert self.news(request)[-1] == "RequestReopened"

    def stand(self, *pairs: tuple[UUID, UUID]) -> None:
        for request, appointment in pairs:
            assert self.appointment(appointment).state == AppointmentState.PLANNED
            assert self.state(request) == RequestState.PLANNED
