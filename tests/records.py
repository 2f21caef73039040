"""Databases with every table and guard, a small organisation in them, and rows with working defaults.

Rows are written by plain INSERT and UPDATE, past all of our code but the tables: what is refused
here, the database refuses.
"""

import shutil
import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, delete, event, insert, text, update
from sqlalchemy.exc import DBAPIError

from models import Base, database, guards
from models.base import new_id
from tests import servers
from tests.effort import SOAK

DATABASES = ("sqlite", "postgresql")

MIDNIGHT = datetime(2027, 3, 1, tzinfo=UTC)  # a Monday


def at(clock: str, day: int = 0) -> datetime:
    hour, minute = clock.split(":")
    return MIDNIGHT + timedelta(days=day, hours=int(hour), minutes=int(minute))


# --- Databases ----------------------------------------------------------------------------------------


def fresh(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database of the kind that the fixture is parametrised by (else SQLite), empty but for its tables and guards."""
    with ExitStack() as stack:
        if getattr(request, "param", "sqlite") == "sqlite":
            file = request.getfixturevalue("tmp_path_factory").mktemp("records") / "records.db"
            shutil.copy(request.getfixturevalue("sqlite_template"), file)
            url = f"sqlite:///{file}"
        else:
            server = request.getfixturevalue("postgres_server")
            template = request.getfixturevalue("postgres_template")
            url = stack.enter_context(servers.fresh_database(server, template))
        engine = database.engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _forget_crashes)
        yield engine
        engine.dispose()


def _forget_crashes(connection: sqlite3.Connection, _: object) -> None:
    """Nothing in it outlives its tests: it need not wait for the disk."""
    connection.execute("PRAGMA synchronous = OFF")


def tried(
    names: str,
    cases: Iterable[tuple[Any, ...]],
    *,
    kind: Callable[..., Hashable],
    called: Callable[..., str],
) -> pytest.MarkDecorator:
    """Parametrise by cases that are generated: all of them on SQLite, and on PostgreSQL the first of each kind.

    There a case takes longer, and what the databases differ in (a type, a condition, a guard) all of a kind have
    in common. A soak tries all of them there. The fixture `engine` is an SQLite unless it is said.
    """
    all_of_them = list(cases)
    first_of_each = {kind(*one): one for one in reversed(all_of_them)}.values()
    soaks = settings.get_current_profile_name() == SOAK
    there = all_of_them if soaks else sorted(first_of_each, key=all_of_them.index)
    parts: list[tuple[str, list[tuple[Any, ...]], list[pytest.MarkDecorator]]] = [
        ("sqlite", all_of_them, []),
        ("postgresql", there, [pytest.mark.hypothesis]),
    ]
    return pytest.mark.parametrize(
        f"engine, {names}",
        [
            pytest.param(database, *one, id=f"{database}-{called(*one)}", marks=marks)
            for database, those, marks in parts
            for one in those
        ],
        indirect=["engine"],
        scope="module",  # else a database would be made for each of them
    )


# --- Rows ---------------------------------------------------------------------------------------------

OPENING = {
    "at_location": True,
    "by_telephone": True,
    "by_video": True,
    "start_minute": 480,
    "end_minute": 1020,
}

DEFAULTS: dict[str, dict[str, Any]] = {
    "employers": {"name": "Employer"},
    "establishments": {"name": "Main", "is_main": False, "country": "NL"},
    "departments": {"name": "Department"},
    "employees": {"last_name": "Employee 1"},
    "functions": {"name": "Doctor"},
    "practitioners": {"name": "Practitioner 1"},
    "locations": {"name": "Location", "country": "NL", "time_zone": "Europe/Amsterdam"},
    "consultation_types": {
        "name": "Consultation",
        "duration": 30,
        "buffer": 5,
        "modality": "at_location",
    },
    "own_holidays": {"subdivision": "", "name": "Own holiday", "is_holiday": True},
    "availabilities": OPENING
    | {"starts_at": at("08:00"), "ends_at": at("17:00"), "day": date(2027, 3, 1)},
    "requests": {
        "state": "open",
        "from_day": date(2027, 3, 1),
        "until_day": date(2027, 3, 8),
        "duration": 30,
        "buffer": 5,
        "modality": "at_location",
        "requested_on": date(2027, 2, 1),
        "created_at": at("08:00", day=-28),
    },
    "appointments": {"state": "planned", "modality": "at_location"},
    "holds": {"modality": "at_location", "expires_at": datetime(2999, 1, 1, tzinfo=UTC)},
    "accounts": {"kind": "user", "name": "Planner", "secret_hash": "-"},
    "case_kinds": {"name": "Absence"},
    "contact_persons": {"name": "Contact person 1"},
    "performance_types": {"name": "Consultation"},
    "performances": {"performed_on": date(2027, 3, 1), "state": "held"},
    "contract_models": {"kind": "sale", "name": "Model"},
    "price_categories": {"name": "Consultations"},
    "prices": {"cents": 11000},
    "service_agreements": {"name": "Agreement", "from_day": date(2027, 1, 1)},
    "agreed_models": {"budget_scope": "none"},
    "invoice_bases": {
        "state": "draft",
        "from_day": date(2027, 3, 1),
        "until_day": date(2027, 4, 1),
    },
    "invoice_lines": {"description": "A line", "budget_cents": 0},
    "job_runs": {
        "kind": "plan",
        "scope": "",
        "business_date": date(2027, 3, 1),
        "state": "running",
        "lease_until": at("00:01"),
        "settings": {},
        "started_at": at("00:00"),
    },
}

UNIQUE = {
    "employers": "code",
    "case_kinds": "code",
    "functions": "code",
    "consultation_types": "code",
    "performance_types": "code",
    "roles": "name",
    "groups": "name",
    "accounts": "login",
}


def row(table: str, **values: Any) -> dict[str, Any]:
    """A whole row, with a new key and working defaults."""
    key = new_id()
    unique = {UNIQUE[table]: key.hex} if table in UNIQUE else {}
    return {"id": key, **unique, **DEFAULTS.get(table, {}), **values}


def add(connection: Connection, table: str, **values: Any) -> UUID:
    """Insert a row, and give its key."""
    new = row(table, **values)
    connection.execute(insert(Base.metadata.tables[table]).values(new))
    key: UUID = new["id"]
    return key


def change(connection: Connection, table: str, key: UUID, **values: Any) -> None:
    those = Base.metadata.tables[table]
    connection.execute(update(those).where(those.c.id == key).values(values))


def drop(connection: Connection, table: str, key: UUID) -> None:
    those = Base.metadata.tables[table]
    connection.execute(delete(those).where(those.c.id == key))


@dataclass(frozen=True)
class World:
    """One practitioner with a day at one location, one employee, and what those need."""

    establishment: UUID
    employee: UUID
    practitioner: UUID
    location: UUID
    type: UUID
    availability: UUID
    account: UUID

    def appointment(
        self, start: str, end: str, until: str | None = None, **others: Any
    ) -> dict[str, Any]:
        """The values of an appointment from `start` to `end`, its buffer lasting `until`."""
        return {
            "employee_id": self.employee,
            "practitioner_id": self.practitioner,
            "location_id": self.location,
            "availability_id": self.availability,
            "consultation_type_id": self.type,
            "establishment_id": self.establishment,
            "starts_at": at(start),
            "ends_at": at(end),
            "occupied_until": at(until or end),
        } | others

    def hold(self, connection: Connection, start: str, end: str, **others: Any) -> dict[str, Any]:
        """The values of a hold, for a request of its own."""
        values = self.appointment(start, end, **others)
        del values["consultation_type_id"], values["establishment_id"]
        request = add(connection, "requests", **self.request(employee_id=values["employee_id"]))
        return values | {"request_id": request, "account_id": self.account} | others

    def request(self, **others: Any) -> dict[str, Any]:
        return {
            "employee_id": self.employee,
            "consultation_type_id": self.type,
            "establishment_id": self.establishment,
        } | others


def small_world(connection: Connection, **location: Any) -> World:
    employer = add(connection, "employers")
    role, group = add(connection, "roles"), add(connection, "groups")
    practitioner = add(connection, "practitioners")
    place = add(connection, "locations", **location)
    return World(
        establishment=add(connection, "establishments", employer_id=employer, is_main=True),
        employee=add(connection, "employees"),
        practitioner=practitioner,
        location=place,
        type=add(connection, "consultation_types"),
        availability=add(
            connection, "availabilities", practitioner_id=practitioner, location_id=place
        ),
        account=add(connection, "accounts", role_id=role, group_id=group),
    )


def ad_hoc(connection: Connection) -> dict[str, Any]:
    """A new employee with a new practitioner, outside every availability."""
    return {
        "employee_id": add(connection, "employees"),
        "practitioner_id": add(connection, "practitioners"),
        "availability_id": None,
        "ad_hoc": True,
    }


def another_practitioner(connection: Connection, world: World) -> dict[str, Any]:
    """Somebody else, with a day at the same location: what an appointment with him refers to."""
    practitioner = add(connection, "practitioners")
    return {
        "practitioner_id": practitioner,
        "availability_id": add(
            connection,
            "availabilities",
            practitioner_id=practitioner,
            location_id=world.location,
        ),
    }


# --- Refusals, and guards taken away --------------------------------------------------------------------


def refusal(connection: Connection, act: Any, *arguments: Any, **values: Any) -> str | None:
    """The rule by which the database refuses; nothing where it does not."""
    try:
        with connection.begin_nested():
            act(connection, *arguments, **values)
    except DBAPIError as error:
        return guards.refused_by(error) or str(error.orig)
    return None


def unguard(engine: Engine) -> None:
    """Take away what the control run of a race must do without."""
    with engine.begin() as connection:
        guards.remove(connection)
        if engine.dialect.name == "postgresql":
            for constraint in ("practitioner_free", "employee_free"):
                connection.execute(text(f"ALTER TABLE appointments DROP CONSTRAINT {constraint}"))
