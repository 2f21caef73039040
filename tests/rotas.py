"""Somebody who lays out the agenda over HTTP, above the small world of `tests/http_client.py`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import Engine, insert, select

from models.agenda import Availability
from models.appointments import Appointment, AppointmentState
from models.database import reading
from models.outbox import Event
from scheduler.access import Right
from tests.agendas import MONDAY, TABLES
from tests.http_client import PLANNER, Api, Client, World, a_world
from tests.records import add

MAKER = (
    Right.VIEW_AGENDA,
    Right.MANAGE_AVAILABILITIES,
    Right.MANAGE_ABSENCES,
    Right.MANAGE_LOCATIONS,
    Right.MANAGE_EMPLOYEES,
    Right.VIEW_EXCLUSIONS,
    Right.MANAGE_EXCLUSIONS,
    Right.VIEW_APPOINTMENTS,
    Right.CANCEL_APPOINTMENTS,
)
"""Whoever lays out the agenda, and may let appointments go for it."""


@dataclass
class Rota:
    """The small world, and its availability from nine to eleven on the Monday."""

    world: World
    maker: Client
    practitioner: UUID
    location: UUID
    type: UUID

    @property
    def api(self) -> Api:
        return self.world.api

    @property
    def planned(self) -> str:
        """The path of the availability in which the world plans."""
        return f"/availabilities/{self.world.availability}"

    def person(self, *rights: Right, reaches: Mapping[str, UUID] | None = None) -> Client:
        return self.api.person(*(rights or MAKER), reaches=reaches)

    def add(self, table: str, **values: Any) -> UUID:
        with self.api.engine.begin() as connection:
            return add(connection, table, **values)

    def link(self, table: str, **values: Any) -> None:
        """A row without a key of its own."""
        with self.api.engine.begin() as connection:
            connection.execute(insert(TABLES[table]).values(values))

    def body(self, **changes: Any) -> dict[str, Any]:
        """An availability of the first practitioner on the Monday, from one to five."""
        plain = {
            "practitioner_id": str(self.practitioner),
            "location_id": str(self.location),
            "day": MONDAY.isoformat(),
            "start": "13:00",
            "end": "17:00",
            "types": [str(self.type)],
        }
        return plain | changes

    def standing(self, **changes: Any) -> dict[str, Any]:
        """The availability in which the world plans, as it stands."""
        return self.body(start="09:00", end="11:00", **changes)

    def series(self, **changes: Any) -> dict[str, Any]:
        """Four Mondays, from one to five."""
        plain = self.body(first_day=MONDAY.isoformat(), rule="FREQ=WEEKLY;COUNT=4")
        del plain["day"]
        return plain | changes

    def away(self, **changes: Any) -> dict[str, Any]:
        """The first practitioner, for the whole of the Monday."""
        plain = {
            "practitioner_id": str(self.practitioner),
            "starts_at": f"{MONDAY}T00:00:00+02:00",
            "ends_at": f"{MONDAY}T23:00:00+02:00",
        }
        return plain | changes

    def news(self, subject: UUID | str) -> list[tuple[str, dict[str, Any]]]:
        query = select(Event).where(Event.subject_id == UUID(str(subject)))
        with reading(self.api.engine) as session:
            found = session.scalars(query.order_by(Event.sequence))
            return [(one.topic, one.facts) for one in found]

    def went(self, made: Mapping[str, Any], number: int = 0) -> None:
        """The appointment was cancelled by the service, and its request is open again."""
        with reading(self.api.engine) as session:
            gone = session.get_one(Appointment, UUID(made["id"]))
        assert (gone.state, gone.cancelled_by) == (AppointmentState.CANCELLED, "service")
        request = self.world.planner.get(f"/requests/{self.world.requests[number]}")
        assert request.json()["state"] == "open"

    def stands(self, made: Mapping[str, Any]) -> None:
        with reading(self.api.engine) as session:
            assert session.get_one(Appointment, UUID(made["id"])).state == "planned"


@contextmanager
def a_rota(engine: Engine, requests: int = 2) -> Iterator[Rota]:
    with a_world(engine, requests) as world:
        with reading(engine) as session:
            its = session.get_one(Availability, world.availability)
        kind = world.planner.get(f"/requests/{world.requests[0]}").json()["consultation_type_id"]
        maker = world.api.person(*{*PLANNER, *MAKER})
        yield Rota(world, maker, its.practitioner_id, its.location_id, UUID(kind))


def in_the_way(answer: httpx2.Response) -> dict[str, Any]:
    """What the refusal of a change says of the planned appointments that it would disturb."""
    assert answer.status_code == 409, answer.text
    (refusal,) = answer.json()["refusals"]
    assert refusal["code"] == answer.json()["code"] == "disturbs_appointments"
    told: dict[str, Any] = refusal["params"]
    return told
