"""A town to be booked in by many at once, and what must never be in it afterwards (reliability §1, P1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, and_, func, insert, or_, select, text

from models import Base
from models.appointments import OCCUPYING, Appointment
from models.base import new_id
from models.database import reading
from models.organisation import Establishment
from models.requests import AppointmentRequest, RequestState
from tests.races import most_at_once
from tests.records import World, at, change, row, small_world

TABLES = Base.metadata.tables
NOW = at("12:00", day=-3)  # the Friday before


@dataclass
class Town:
    """Practitioners with a day each at one location, and employees with a request each."""

    world: World
    blocks: list[UUID]
    employees: list[UUID]
    requests: list[UUID]


def town(engine: Engine, *, practitioners: int, employees: int, **location: Any) -> Town:
    with engine.begin() as connection:
        world = small_world(connection)
        people = rows(connection, "practitioners", [{}] * (practitioners - 1))
        days = [{"practitioner_id": who, "location_id": world.location} for who in people]
        blocks = [world.availability, *rows(connection, "availabilities", days)]
        connection.execute(
            insert(TABLES["availability_types"]),
            [{"availability_id": key, "consultation_type_id": world.type} for key in blocks],
        )
        those = rows(connection, "employees", [{}] * employees)
        _employ(connection, world, those)
        asked = [world.request(employee_id=who) for who in those]
        if location:
            # lowered afterwards: the days that are there stay (`availability_capacity`)
            change(connection, "locations", world.location, **location)
        return Town(world, blocks, those, rows(connection, "requests", asked))


def _employ(connection: Connection, world: World, employees: Sequence[UUID]) -> None:
    """All of them work at the one establishment."""
    there = Establishment.id == world.establishment
    employer = connection.scalar(select(Establishment.employer_id).where(there))
    tie = {"employer_id": employer, "establishment_id": world.establishment}
    since = {"version": 1, "from_day": date(2020, 1, 1)}
    new = [{"id": new_id(), "employee_id": who, **tie, **since} for who in employees]
    if new:
        connection.execute(insert(TABLES["employments"]), new)


def rows(connection: Connection, table: str, those: Sequence[dict[str, Any]]) -> list[UUID]:
    new = [row(table, **values) for values in those]
    if new:
        connection.execute(insert(TABLES[table]), new)
    return [one["id"] for one in new]


# --- What must never be -------------------------------------------------------------------------------


def overlaps(engine: Engine) -> int:
    """Pairs of appointments of one practitioner, or of one employee, at the same time."""
    one, other = TABLES["appointments"].alias("one"), TABLES["appointments"].alias("other")
    pairs = or_(
        and_(
            one.c.practitioner_id == other.c.practitioner_id,
            one.c.starts_at < other.c.occupied_until,
            other.c.starts_at < one.c.occupied_until,
        ),
        and_(
            one.c.employee_id == other.c.employee_id,
            one.c.starts_at < other.c.ends_at,
            other.c.starts_at < one.c.ends_at,
        ),
    )
    query = (
        select(func.count())
        .select_from(one.join(other, one.c.id < other.c.id))
        .where(one.c.state.in_(OCCUPYING), other.c.state.in_(OCCUPYING), pairs)
    )
    with reading(engine) as session:
        return session.scalar(query) or 0


def torn(engine: Engine) -> int:
    """Requests that are planned without an appointment, or have more than one, or one and are open."""
    theirs = (
        select(func.count())
        .where(
            Appointment.request_id == AppointmentRequest.id,
            Appointment.state.in_(OCCUPYING),
        )
        .scalar_subquery()
    )
    planned = AppointmentRequest.state == RequestState.PLANNED
    query = select(func.count()).where(or_(and_(planned, theirs != 1), and_(~planned, theirs != 0)))
    with reading(engine) as session:
        return session.scalar(query) or 0


def most_in(engine: Engine, location: UUID) -> int:
    """How many appointments there are at once, at most, at this location."""
    t = Appointment
    those = select(t.starts_at, t.occupied_until).where(
        t.location_id == location, t.state.in_(OCCUPYING)
    )
    with reading(engine) as session:
        return most_at_once([(start, end) for start, end in session.execute(those)])


def deadlocks(engine: Engine) -> int:
    """Since the database was made; those that were tried again count too."""
    if engine.dialect.name == "sqlite":
        return 0
    with engine.connect() as connection:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return connection.scalar(text(query)) or 0
