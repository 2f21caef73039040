"""A week in an empty database: practitioners with a morning on each of five days, and appointments in it."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from models import Base, guards, migrations
from models.appointments import AppointmentState
from models.base import new_id
from models.consultations import Modality
from scheduler.loading.clock import local_instant

ZONE = "Europe/Amsterdam"
NINE, BLOCK, VISIT, EVERY = 540, 300, 30, 40
PLACES = 5


def fill(engine: Engine, practitioners: int, a_day: int, first_day: date) -> None:
    """By plain inserts with the guards down: what is measured is reading it."""
    migrations.upgrade(engine)
    with engine.begin() as connection:
        guards.remove(connection)
        _make(connection, practitioners, a_day, first_day)
        guards.install(connection)


def _make(connection: Connection, practitioners: int, a_day: int, first_day: date) -> None:
    employer, establishment, kind = new_id(), new_id(), new_id()
    places, holders = [new_id() for _ in range(PLACES)], [new_id() for _ in range(practitioners)]
    blocks: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    visits: list[dict[str, Any]] = []
    for turn, holder in enumerate(holders):
        for weekday in range(5):
            day = first_day + timedelta(days=weekday)
            block = _block(holder, places[turn % PLACES], day)
            blocks.append(block)
            for number_ in range(a_day):
                somebody = new_id()
                people.append({"id": somebody, "last_name": f"Employee {len(people) + 1}"})
                begin = block["starts_at"] + timedelta(minutes=EVERY * number_)
                about = {"consultation_type_id": kind, "establishment_id": establishment}
                visits.append(_visit(block, begin) | about | {"employee_id": somebody})
    rows: dict[str, list[dict[str, Any]]] = {
        "employers": [{"id": employer, "code": "1", "name": "Employer 1"}],
        "establishments": [
            {"id": establishment, "employer_id": employer, "name": "Main", "is_main": True, "country": "NL"}
        ],
        "consultation_types": [
            {"id": kind, "code": "T1", "name": "Absence consultation", "duration": VISIT, "buffer": 0, "modality": Modality.AT_LOCATION}
        ],
        "locations": [
            {"id": key, "name": f"Location {n + 1}", "country": "NL", "time_zone": ZONE, "capacity": 50}
            for n, key in enumerate(places)
        ],
        "practitioners": [{"id": key, "name": f"Practitioner {n + 1}"} for n, key in enumerate(holders)],
        "employees": people,
        "availabilities": blocks,
        "appointments": visits,
    }  # fmt: skip
    for table, those in rows.items():
        connection.execute(Base.metadata.tables[table].insert(), those)


def _block(practitioner: object, place: object, day: date) -> dict[str, Any]:
    return {
        "id": new_id(),
        "practitioner_id": practitioner,
        "location_id": place,
        "starts_at": local_instant(ZONE, day, NINE),
        "ends_at": local_instant(ZONE, day, NINE + BLOCK),
        "day": day,
        "start_minute": NINE,
        "end_minute": NINE + BLOCK,
        "at_location": True,
        "by_telephone": True,
        "by_video": False,
    }


def _visit(block: dict[str, Any], begin: Any) -> dict[str, Any]:  # noqa: ANN401 (an instant)
    return {
        "id": new_id(),
        "practitioner_id": block["practitioner_id"],
        "location_id": block["location_id"],
        "availability_id": block["id"],
        "state": AppointmentState.PLANNED,
        "starts_at": begin,
        "ends_at": begin + timedelta(minutes=VISIT),
        "occupied_until": begin + timedelta(minutes=VISIT),
        "modality": Modality.AT_LOCATION,
    }
