"""A planner's desk behind the API: somebody who works somewhere, and another employer whom he has nothing to do with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import Engine

from scheduler.access import Right
from tests.desks import MONDAY, NOW, Desk
from tests.http_client import Api, Client, an_api

INTAKE = (
    Right.VIEW_REQUESTS,
    Right.CREATE_REQUESTS,
    Right.PLACE_REQUESTS,
    Right.APPROVE_REQUESTS,
    Right.WITHDRAW_REQUESTS,
)


@dataclass
class Elsewhere:
    """Of another employer: what nobody of the first one may learn of."""

    desk: Desk
    employer: UUID = field(init=False)
    establishment: UUID = field(init=False)
    employee: UUID = field(init=False)
    contact_person: UUID = field(init=False)
    case: UUID = field(init=False)

    def __post_init__(self) -> None:
        desk = self.desk
        self.employer = desk.add("employers")
        self.establishment = desk.add("establishments", employer_id=self.employer)
        self.employee = desk.add("employees")
        self.works(self.employee)
        self.contact_person = desk.add("contact_persons", employer_id=self.employer)
        self.case = desk.add(
            "cases",
            employee_id=self.employee,
            establishment_id=self.establishment,
            kind_id=desk.add("case_kinds"),
        )

    def works(self, employee: UUID, **values: Any) -> None:
        there = {"employer_id": self.employer, "establishment_id": self.establishment}
        self.desk.works(employee, **there | values)


@dataclass
class Office:
    """`planner`: may all of intake, for the first employer."""

    desk: Desk
    api: Api
    planner: Client
    elsewhere: Elsewhere

    def wish(self, **values: Any) -> dict[str, Any]:
        """As `Desk.wish`, as it is sent."""
        those = {
            "employee_id": self.desk.world.employee,
            "consultation_type_id": self.desk.world.type,
            "establishment_id": self.desk.world.establishment,
            "from_day": MONDAY,
            "until_day": date(2027, 3, 8),
        }
        return {
            name: str(value) if isinstance(value, (UUID, date)) else value
            for name, value in (those | values).items()
        }

    def content(self, **values: Any) -> dict[str, Any]:
        """The same without the employee."""
        return {name: one for name, one in self.wish(**values).items() if name != "employee_id"}

    def create(self, client: Client | None = None, **values: Any) -> dict[str, Any]:
        answer = (client or self.planner).post("/requests", self.wish(**values))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def step(self, client: Client, request: str, step: str, **body: Any) -> httpx2.Response:
        """One of the steps of a request, in the version that stands."""
        version = self.desk.request(UUID(request)).version
        takes = body if step in {"reject", "withdraw"} else None
        return client.post(f"/requests/{request}/{step}", takes, version=version)

    def here(self, *rights: Right, **changes: Any) -> Client:
        """Somebody with these rights for the first employer."""
        return self.api.person(*rights, reaches={"employer_id": self.desk.employer}, **changes)


@contextmanager
def an_office(engine: Engine) -> Iterator[Office]:
    desk = Desk(engine)
    with an_api(engine) as api:
        api.clock.now = NOW
        reaches = {"employer_id": desk.employer}
        yield Office(desk, api, api.person(*INTAKE, reaches=reaches), Elsewhere(desk))
