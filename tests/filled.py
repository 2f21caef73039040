"""A small world whose agenda is filled piece by piece, each piece committed: for what is looked at over HTTP."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from tests.agendas import AMSTERDAM, TABLES, Agenda, there
from tests.records import add


class Filled:
    """The world, and what is put into it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with engine.begin() as connection:
            self.world = Agenda(connection).world
            of = TABLES["establishments"].c
            self.employer: UUID = connection.scalars(
                select(of.employer_id).where(of.id == self.world.establishment)
            ).one()

    def block(
        self, day: date, minute: int, minutes: int = 120, zone: str = AMSTERDAM, **more: Any
    ) -> UUID:
        with self.engine.begin() as connection:
            agenda = self._agenda(connection)
            agenda.zones[more.get("location_id", self.world.location)] = zone
            return agenda.block(there(zone, day, minute), minutes, **more)

    def stands(self, day: date, minute: int, zone: str = AMSTERDAM, **more: Any) -> UUID:
        with self.engine.begin() as connection:
            agenda = self._agenda(connection)
            return add(
                connection, "appointments", **agenda.standing(there(zone, day, minute), 30, **more)
            )

    def request(self, **more: Any) -> UUID:
        with self.engine.begin() as connection:
            return self._agenda(connection).request(**more)

    def add(self, table: str, **values: Any) -> UUID:
        with self.engine.begin() as connection:
            return add(connection, table, **values)

    def works(self, employer: UUID, establishment: UUID, **more: Any) -> UUID:
        """Somebody who does, for this employer, there."""
        employee = self.add("employees", **more)
        where = {"employer_id": employer, "establishment_id": establishment}
        self.add("employments", employee_id=employee, from_day=date(2020, 1, 1), **where)
        return employee

    def _agenda(self, connection: Any) -> Agenda:
        again = Again(connection)
        again.world, again.zones = self.world, {self.world.location: AMSTERDAM}
        return again


class Again(Agenda):
    """The same small world, in another transaction."""

    def __post_init__(self) -> None:
        """It is there already."""
