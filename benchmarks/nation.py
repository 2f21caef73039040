"""A database as large as a country's: a hundred thousand availabilities, three appointments in each.

Made by plain inserts with the guards down, and put under guard afterwards: what is measured is reading
and booking, not making it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from models import Base, guards, migrations
from models.appointments import AppointmentState
from models.base import new_id
from models.consultations import Modality
from models.requests import RequestState
from scheduler.loading.clock import local_instant

ZONE = "Europe/Amsterdam"
FIRST_DAY = date(2027, 3, 1)  # a Monday
WORKING_DAYS = 60
LOCATIONS = 200
NEARBY = 8
PRACTITIONERS = 1_667
TYPES = 12
ADMITTED = 4
APPOINTMENTS = 3
STARTS = (8 * 60, 13 * 60)
BLOCK = 4 * 60
VISIT, BUFFER = 30, 5
WINDOW = 21
PORTION = 20_000

Row = dict[str, Any]
INSTANT = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Nation:
    """The keys of what was made."""

    requests: tuple[UUID, ...]
    availabilities: int
    appointments: int


def settled(
    engine: Engine, availabilities: int, requests: int, seed: int, first_day: date = FIRST_DAY
) -> Nation:
    """Make it, in an empty database. `first_day`: a Monday."""
    migrations.upgrade(engine)
    chance = random.Random(seed)
    with engine.begin() as connection:
        guards.remove(connection)
        made = _make(connection, chance, availabilities, requests, first_day)
        guards.install(connection)
    if engine.dialect.name == "postgresql":
        # its autovacuum would do so sooner or later; for SQLite nobody does
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    return made


def _make(
    connection: Connection, chance: random.Random, blocks: int, requests: int, first_day: date
) -> Nation:
    employer, establishment = new_id(), new_id()
    _insert(connection, "employers", [{"id": employer, "code": "1", "name": "Employer 1"}])
    main = {"id": establishment, "employer_id": employer, "name": "Main", "is_main": True}
    _insert(connection, "establishments", [main | {"country": "NL"}])
    kinds = [new_id() for _ in range(TYPES)]
    _insert(connection, "consultation_types", [_type(key, i) for i, key in enumerate(kinds)])
    places = [new_id() for _ in range(LOCATIONS)]
    _insert(connection, "locations", [_location(key, i) for i, key in enumerate(places)])
    holders = [new_id() for _ in range(PRACTITIONERS)]
    named = [{"id": key, "name": f"Practitioner {i}"} for i, key in enumerate(holders)]
    _insert(connection, "practitioners", named)
    people = [new_id() for _ in range(APPOINTMENTS * blocks)]
    _insert(
        connection,
        "employees",
        [{"id": key, "last_name": f"Employee {i}"} for i, key in enumerate(people)],
    )
    made = list(_blocks(chance, holders, places, blocks, first_day))
    _insert(connection, "availabilities", made)
    admitted = [
        {"availability_id": block["id"], "consultation_type_id": kind}
        for block in made
        for kind in chance.sample(kinds, ADMITTED)
    ]
    _insert(connection, "availability_types", admitted)
    booked = list(_appointments(chance, made, people, kinds, establishment))
    _insert(connection, "appointments", booked)
    asked = [
        _request(chance, chance.choice(people), kinds, establishment, first_day)
        for _ in range(requests)
    ]
    _insert(connection, "requests", asked)
    _insert(
        connection,
        "request_locations",
        [
            {"request_id": one["id"], "location_id": place}
            for one in asked
            for place in _nearby(chance, places)
        ],
    )
    return Nation(tuple(one["id"] for one in asked), len(made), len(booked))


def _insert(connection: Connection, table: str, rows: list[Row]) -> None:
    for start in range(0, len(rows), PORTION):
        connection.execute(Base.metadata.tables[table].insert(), rows[start : start + PORTION])


def _type(key: UUID, number: int) -> Row:
    return {
        "id": key,
        "code": f"T{number}",
        "name": f"Type {number}",
        "duration": VISIT,
        "buffer": BUFFER,
        "modality": Modality.AT_LOCATION,
    }


def _location(key: UUID, number: int) -> Row:
    where = {"country": "NL", "time_zone": ZONE, "capacity": 20}
    return {"id": key, "name": f"Location {number}", **where}


def _blocks(
    chance: random.Random, holders: list[UUID], places: list[UUID], wanted: int, first_day: date
) -> Iterator[Row]:
    """Each practitioner a morning or an afternoon a day, mostly at one of two places."""
    homes = {holder: chance.sample(places, 2) for holder in holders}
    number = 0
    for week in range(WORKING_DAYS // 5):
        for weekday in range(5):
            day = first_day + timedelta(weeks=week, days=weekday)
            for holder in holders:
                if number == wanted:
                    return
                number += 1
                start = chance.choice(STARTS)
                yield {
                    "id": new_id(),
                    "practitioner_id": holder,
                    "location_id": chance.choice(homes[holder]),
                    "starts_at": local_instant(ZONE, day, start),
                    "ends_at": local_instant(ZONE, day, start + BLOCK),
                    "day": day,
                    "start_minute": start,
                    "end_minute": start + BLOCK,
                    "at_location": True,
                    "by_telephone": True,
                    "by_video": False,
                }


def _appointments(
    chance: random.Random,
    blocks: list[Row],
    people: list[UUID],
    kinds: list[UUID],
    establishment: UUID,
) -> Iterator[Row]:
    """Some of each block, each of another employee."""
    slots = BLOCK // (VISIT + BUFFER)
    for number, block in enumerate(blocks):
        for turn, slot in enumerate(chance.sample(range(slots), APPOINTMENTS)):
            start = block["starts_at"] + timedelta(minutes=slot * (VISIT + BUFFER))
            yield {
                "id": new_id(),
                "employee_id": people[APPOINTMENTS * number + turn],
                "practitioner_id": block["practitioner_id"],
                "location_id": block["location_id"],
                "availability_id": block["id"],
                "consultation_type_id": chance.choice(kinds),
                "establishment_id": establishment,
                "state": AppointmentState.PLANNED,
                "starts_at": start,
                "ends_at": start + timedelta(minutes=VISIT),
                "occupied_until": start + timedelta(minutes=VISIT + BUFFER),
                "modality": Modality.AT_LOCATION,
            }


def _request(
    chance: random.Random, employee: UUID, kinds: list[UUID], establishment: UUID, first_day: date
) -> Row:
    first = first_day + timedelta(days=chance.randrange(7 * WORKING_DAYS // 5 - WINDOW))
    return {
        "id": new_id(),
        "employee_id": employee,
        "consultation_type_id": chance.choice(kinds),
        "establishment_id": establishment,
        "state": RequestState.OPEN,
        "from_day": first,
        "until_day": first + timedelta(days=WINDOW),
        "duration": VISIT,
        "buffer": BUFFER,
        "modality": Modality.AT_LOCATION,
        "requested_on": first_day,
        "created_at": INSTANT,
    }


def _nearby(chance: random.Random, places: list[UUID]) -> list[UUID]:
    first = chance.randrange(len(places) - NEARBY)
    return places[first : first + NEARBY]
