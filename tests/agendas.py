"""Agendas in the database: by hand, a block at a time, and made up by chance, small and odd enough to hurt.

Everything is written by plain inserts in one transaction that a test rolls back; what a guard refuses
of what is made up by chance is left out.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from models import Base
from models.base import new_id
from models.instants import local
from models.settings import ProductParameter
from tests.records import World, add, change, drop, refusal, row, small_world

TABLES = Base.metadata.tables
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MONDAY = date(2027, 5, 3)  # Ascension on Thursday
FRIDAY_BEFORE = datetime(2027, 4, 30, 10, tzinfo=UTC)
AMSTERDAM, CURACAO = "Europe/Amsterdam", "America/Curacao"


def there(zone: str, day: date, minute: int) -> datetime:
    """When the clocks of the zone show that minute of the day."""
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(zone))


@dataclass
class Agenda:
    """A small world without any availability, and the means to fill it."""

    connection: Connection
    world: World = field(init=False)
    zones: dict[UUID, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = small_world(self.connection)
        drop(self.connection, "availabilities", self.world.availability)
        self.zones[self.world.location] = AMSTERDAM

    def add(self, table: str, **values: Any) -> UUID:
        return add(self.connection, table, **values)

    def link(self, table: str, **values: Any) -> None:
        """A row without a key of its own."""
        self.connection.execute(insert(TABLES[table]), values)

    def location(self, zone: str = AMSTERDAM, **values: Any) -> UUID:
        key = self.add("locations", time_zone=zone, **values)
        self.zones[key] = zone
        return key

    def type(self, **values: Any) -> UUID:
        return self.add("consultation_types", **values)

    def block(
        self, begin: datetime, minutes: int, types: Sequence[UUID] = (), **values: Any
    ) -> UUID:
        """An availability of the first practitioner at the first location, for the first type."""
        return self.blocks([begin], minutes, types, **values)[0]

    def blocks(
        self, begins: Sequence[datetime], minutes: int, types: Sequence[UUID] = (), **values: Any
    ) -> list[UUID]:
        whose = {"practitioner_id": self.world.practitioner, "location_id": self.world.location}
        new = [
            row("availabilities", **(whose | self._times(begin, minutes, **values) | values))
            for begin in begins
        ]
        self.connection.execute(insert(TABLES["availabilities"]), new)
        admitted = [
            {"availability_id": one["id"], "consultation_type_id": kind}
            for one in new
            for kind in (types or (self.world.type,))
        ]
        self.connection.execute(insert(TABLES["availability_types"]), admitted)
        return [one["id"] for one in new]

    def _times(self, begin: datetime, minutes: int, **values: Any) -> dict[str, Any]:
        zone = ZoneInfo(self.zones[values.get("location_id", self.world.location)])
        day, start = local(begin, zone)
        return {
            "starts_at": begin,
            "ends_at": begin.astimezone(UTC) + minutes * MINUTE,
            "day": day,
            "start_minute": start,
            # 1440 at the most; what comes of it on a day of another length, nobody asks
            "end_minute": min(start + minutes, 1440),
        }

    def request(self, locations: Sequence[UUID] = (), **values: Any) -> UUID:
        """Half an hour for somebody new, in the fortnight from the Monday."""
        window = {"from_day": MONDAY, "until_day": MONDAY + 14 * DAY, "requested_on": MONDAY}
        employee = values.pop("employee_id", None) or self.add("employees")
        those = self.world.request(employee_id=employee, buffer=0) | window | values
        key = self.add("requests", **those)
        for place in locations:
            self.link("request_locations", request_id=key, location_id=place)
        return key

    def standing(self, begin: datetime, minutes: int, **values: Any) -> dict[str, Any]:
        """The values of an appointment with somebody new, outside every availability."""
        ends = begin.astimezone(UTC) + minutes * MINUTE
        times = {"starts_at": begin, "ends_at": ends, "occupied_until": ends}
        employee = values.pop("employee_id", None) or self.add("employees")
        loose: dict[str, Any] = {"availability_id": None, "ad_hoc": True, "employee_id": employee}
        return self.world.appointment("09:00", "09:30", **loose) | times | values

    def hold(
        self, begin: datetime, minutes: int, request: UUID, availability: UUID, **values: Any
    ) -> UUID:
        """Of the first practitioner, for the employee of the request."""
        table = TABLES["requests"].c
        whose = self.connection.scalar(select(table.employee_id).where(table.id == request))
        those = self.standing(begin, minutes, employee_id=whose) | values
        for name in ("consultation_type_id", "establishment_id", "ad_hoc"):
            del those[name]
        owner = {"request_id": request, "account_id": self.world.account}
        return self.add("holds", **those | owner | {"availability_id": availability})

    def function(self) -> UUID:
        key = new_id()
        self.link("functions", id=key, version=1, code=key.hex, name="Doctor")
        return key

    def parameter(self, category: str, code: str, value: object) -> None:
        table = TABLES[ProductParameter.__tablename__]
        self.connection.execute(
            insert(table).values(category=category, code=code, value=str(value))
        )


# --- By chance ------------------------------------------------------------------------------------------

GRID = 20
DAYS = [MONDAY + n * DAY for n in (0, 2, 3, 5)]
"""The Monday, Wednesday, Ascension and a Saturday."""


@dataclass
class MadeUp:
    """An agenda made up by chance."""

    agenda: Agenda
    chance: random.Random
    locations: list[UUID]
    practitioners: list[UUID]
    types: list[UUID]
    employees: list[UUID]
    requests: list[UUID] = field(default_factory=list)

    def block(self) -> None:
        chance, agenda = self.chance, self.agenda
        place = chance.choice(self.locations)
        values: dict[str, Any] = {
            name: chance.random() < 0.8 for name in ("by_telephone", "by_video")
        }
        begin, minutes = self.moment(place), chance.choice([40, 60, 80])
        types = chance.choice([self.types, self.types, self.types[:1]])
        values |= {"practitioner_id": chance.choice(self.practitioners), "location_id": place}

        def add_it(_: Connection) -> None:
            agenda.block(begin, minutes, types=types, **values)

        # the place may have as many as it takes
        refusal(agenda.connection, add_it)

    def moment(self, place: UUID) -> datetime:
        """Some time in the morning in Amsterdam, wherever it is."""
        zone = self.agenda.zones[place]
        nine = 540 - 360 * (zone == CURACAO)
        return there(zone, self.chance.choice(DAYS), nine + self.chance.randrange(0, 80, 10))

    def request(self, employee: UUID) -> None:
        chance = self.chance
        first = chance.choice([0, 0, 0, 2, 3])
        key = self.agenda.request(
            employee_id=employee,
            consultation_type_id=chance.choice(self.types),
            duration=chance.choice([10, 20, 30]),
            buffer=chance.choice([0, 5]),
            modality=chance.choice(["at_location", "at_location", "video"]),
            from_day=MONDAY + first * DAY,
            until_day=MONDAY + chance.choice([first + 1, 14, 14]) * DAY,
            allow_saturday=chance.random() < 0.5,
            allow_sunday_holiday=chance.random() < 0.5,
            required_practitioner_id=chance.choice([None, None, None, *self.practitioners]),
            preferred_practitioner_id=chance.choice([None, *self.practitioners]),
            preferred_location_id=chance.choice([None, *self.locations]),
            locations=chance.choice([(), (), self.locations[:1], self.locations[1:]]),
        )
        self.requests.append(key)

    def standing(self) -> None:
        """An appointment, or a hold, of anybody."""
        chance, agenda = self.chance, self.agenda
        place = chance.choice(self.locations)
        values = agenda.standing(
            self.moment(place),
            chance.choice([10, 25, 40]),
            practitioner_id=chance.choice(self.practitioners),
            location_id=place,
            consultation_type_id=chance.choice(self.types),
            employee_id=chance.choice([*self.employees, None]),
            state=chance.choice(["planned", "planned", "draft", "completed", "deleted"]),
        )
        refusal(agenda.connection, add, "appointments", **values)


def made_up(connection: Connection, seed: object) -> MadeUp:
    """Two zones, three practitioners, five requests, and much in the way."""
    chance = random.Random(str(seed))
    agenda = Agenda(connection)
    agenda.parameter("Planning", "Grid", GRID)
    made = MadeUp(
        agenda,
        chance,
        [
            agenda.world.location,
            agenda.location(capacity=1),
            agenda.location(CURACAO, country="CW", capacity=chance.choice([None, 1])),
        ],
        [agenda.world.practitioner, agenda.add("practitioners"), agenda.add("practitioners")],
        [agenda.world.type, agenda.type(minimum_notice=chance.choice([0, 4 * 24 * 60]))],
        [agenda.add("employees") for _ in range(5)],
    )
    _rules(made)
    for _ in range(10):
        made.block()
    for employee in made.employees:
        made.request(employee)
    for _ in range(8):
        made.standing()
    # by now some of its requests and appointments stand beside each other
    change(connection, "consultation_types", made.types[1], refuses_duplicates=True)
    return made


def _rules(made: MadeUp) -> None:
    """A function that one type asks for, an exclusion, an absence over several days, a holiday of one's own."""
    agenda, chance = made.agenda, made.chance
    function = agenda.function()
    agenda.link(
        "consultation_type_functions", consultation_type_id=made.types[1], function_id=function
    )
    for one in chance.sample(made.practitioners, 2):
        agenda.link("practitioner_functions", practitioner_id=one, function_id=function)
    for employee in chance.sample(made.employees, 2):
        who = chance.choice(made.practitioners)
        agenda.add("exclusions", employee_id=employee, practitioner_id=who)
    agenda.add(
        "absences",
        practitioner_id=chance.choice(made.practitioners),
        starts_at=there(AMSTERDAM, chance.choice(DAYS[:2]), chance.randrange(0, 600, 10)),
        ends_at=there(AMSTERDAM, chance.choice(DAYS[1:]), chance.randrange(600, 660, 10)),
    )
    agenda.add(
        "own_holidays",
        day=chance.choice(DAYS),
        country="NL",
        location_id=chance.choice([None, made.locations[0]]),
        is_holiday=chance.random() < 0.5,
    )
