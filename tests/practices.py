"""A practice whose appointments are held, missed and billed: in one transaction that a test rolls back."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.orm import Session

from models import Base
from models.base import new_id
from scheduler.actor import Actor
from scheduler.appointments.originals import as_it_is
from scheduler.booking import Place, Target, book_one
from scheduler.refusals import RefusedError
from tests.records import World, add, another_practitioner, at, change, small_world

NOW = at("12:00", day=-3)  # the Friday before
TABLES = Base.metadata.tables
Answer = TypeVar("Answer")
Row = Mapping[str, Any]

NEXT_DAY, NO_PRICE, NO_AGREEMENT = 1, 14, 21
"""Days after the Monday: with another price, with an agreement but no price, without an agreement."""


@dataclass
class Practice:
    """Two practitioners and some types, one of them with each trait; who completes may write performances."""

    connection: Connection
    world: World = field(init=False)
    types: dict[str, UUID] = field(default_factory=dict)
    performed: dict[str, UUID] = field(default_factory=dict)
    blocks: dict[int, UUID] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = small_world(self.connection)
        change(self.connection, "accounts", self.world.account, may_write_performances=True)
        self.by = Actor(self.world.account)
        self._types()
        self._prices()
        self.other = another_practitioner(self.connection, self.world)
        self.blocks[0] = self.world.availability
        for day in (NEXT_DAY, NO_PRICE, NO_AGREEMENT):
            self.blocks[day] = self._block(day)
        for block in (*self.blocks.values(), self.other["availability_id"]):
            for kind in ("check", "talk", "once"):
                self.put(
                    "availability_types",
                    availability_id=block,
                    consultation_type_id=self.types[kind],
                )
        self.works(self.world.employee)

    def _types(self) -> None:
        for name in ("check", "missed"):
            self.performed[name] = self.add("performance_types", name=name)
        check, missed = self.performed["check"], self.performed["missed"]
        self.types = {
            "check": self.world.type,
            "talk": self.add("consultation_types"),
            "once": self.add(
                "consultation_types", refuses_duplicates=True, performance_type_id=check
            ),
            "missed": self.add("consultation_types", is_no_show=True, performance_type_id=missed),
            "call again": self.add(
                "consultation_types", is_no_show=True, calls_again=True, performance_type_id=missed
            ),
            "missed for free": self.add("consultation_types", is_no_show=True),
        }
        self.change("consultation_types", self.world.type, performance_type_id=check)

    def _prices(self) -> None:
        agreement = self.add(
            "service_agreements", employer_id=self.employer, until_day=date(2027, 3, 20)
        )
        model = self.add("contract_models")
        self.add("agreed_models", agreement_id=agreement, contract_model_id=model)
        category = self.add("price_categories", contract_model_id=model)
        for kind, cents in (("check", 11000), ("missed", 5000)):
            for since, until, more in ((1, 2, 0), (2, 10, 500)):
                self.add(
                    "prices",
                    price_category_id=category,
                    performance_type_id=self.performed[kind],
                    from_day=date(2027, 1 if since == 1 else 3, since),
                    until_day=date(2027, 3, until),
                    cents=cents + more,
                )
        self.agreement, self.agreed_model, self.category = (
            agreement,
            self._only("agreed_models"),
            category,
        )

    def _block(self, day: int) -> UUID:
        return self.add(
            "availabilities",
            practitioner_id=self.world.practitioner,
            location_id=self.world.location,
            starts_at=at("08:00", day),
            ends_at=at("17:00", day),
            day=at("08:00", day).date(),
        )

    # rows, by hand

    @property
    def employer(self) -> UUID:
        return self._only("employers")

    def _only(self, table: str) -> UUID:
        key: UUID = self.connection.scalars(select(TABLES[table].c.id)).one()
        return key

    def add(self, table: str, **values: Any) -> UUID:
        return add(self.connection, table, **values)

    def put(self, table: str, **values: Any) -> None:
        """A row of a table that has no defaults here."""
        self.connection.execute(insert(TABLES[table]).values(values))

    def change(self, table: str, key: UUID, **values: Any) -> None:
        change(self.connection, table, key, **values)

    def works(self, employee: UUID) -> None:
        self.put(
            "employments",
            id=new_id(),
            version=1,
            employee_id=employee,
            employer_id=self.employer,
            establishment_id=self.world.establishment,
            from_day=date(2020, 1, 1),
        )

    def somebody(self) -> UUID:
        employee = self.add("employees")
        self.works(employee)
        return employee

    def perform(self, appointment: UUID, state: str, kind: str = "check", **values: Any) -> UUID:
        """A performance, whoever wrote it."""
        key = new_id()
        self.put(
            "performances",
            **{
                "id": key,
                "version": 1,
                "appointment_id": appointment,
                "performance_type_id": self.performed[kind],
                "establishment_id": self.world.establishment,
                "account_id": self.world.account,
                "performed_on": date(2027, 3, 1),
                "state": state,
            }
            | values,
        )
        return key

    def credit(self, performance: UUID) -> None:
        """A final basis carries its line, and the line that takes it back."""
        basis = self.add("invoice_bases", employer_id=self.employer)
        line = {
            "basis_id": basis,
            "agreed_model_id": self.agreed_model,
            "performance_id": performance,
        }
        billed = self.add("invoice_lines", **line, price_cents=11000, invoiced_cents=11000)
        self.add(
            "invoice_lines", **line, price_cents=-11000, invoiced_cents=-11000, credits_id=billed
        )
        self.change("invoice_bases", basis, state="final", number=str(basis), final_at=NOW)

    # what there is

    def row(self, table: str, key: UUID) -> Row:
        those = TABLES[table]
        return dict(
            self.connection.execute(select(those).where(those.c.id == key)).mappings().one()
        )

    def all(self, table: str, **where: Any) -> list[Row]:
        those = TABLES[table]
        conditions = [those.c[name] == value for name, value in where.items()]
        query = select(those).where(*conditions).order_by(*those.primary_key.columns)
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def performances(self, appointment: UUID) -> list[tuple[str, str]]:
        """State and type of each."""
        names = {key: name for name, key in self.performed.items()}
        found = self.all("performances", appointment_id=appointment)
        return [(str(one["state"]), names[one["performance_type_id"]]) for one in found]

    # commands

    def do(self, command: Callable[..., Answer], *what: Any, **how: Any) -> Answer:
        """A command, by the account and at the time that are usual here."""
        with self.session() as session:
            return command(session, *what, **({"by": self.by, "now": NOW} | how))

    @contextmanager
    def session(self) -> Iterator[Session]:
        with (
            Session(self.connection, join_transaction_mode="create_savepoint") as session,
            session.begin(),
        ):
            yield session

    def refused(self, command: Callable[..., object], *what: Any, **how: Any) -> list[str]:
        """The codes by which a command is refused; none where it is done."""
        try:
            self.do(command, *what, **how)
        except RefusedError as error:
            return [refusal.code for refusal in error.refusals]
        return []

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens within is rolled back."""
        attempt = self.connection.begin_nested()
        try:
            yield
        finally:
            attempt.rollback()

    def booked(self, clock: str = "09:00", kind: str = "check", **wish: Any) -> tuple[UUID, UUID]:
        """A request and its appointment."""
        values = {"employee_id": self.world.employee, "consultation_type_id": self.types[kind]}
        until = {"until_day": date(2027, 6, 1)}
        request = self.add("requests", **self.world.request(**(values | until | wish)))
        place = Place(request, self.world.availability, at(clock))
        return request, self.do(book_one, place, not_before=NOW)

    def target(self, clock: str, day: int = 0, **overrides: str) -> Target:
        return Target(self.blocks[day], at(clock, day), overrides)

    def missed(self, appointment: UUID, kind: str = "missed") -> None:
        """It becomes a no-show past the commands."""
        with self.session() as session:
            request = self.row("appointments", appointment)["request_id"]
            original = as_it_is(session, appointment, request)
        self.put("no_shows", appointment_id=appointment, original=original)
        self.change("appointments", appointment, consultation_type_id=self.types[kind])


@contextmanager
def practice_on(engine: Engine) -> Iterator[Practice]:
    """A practice that is gone afterwards."""
    with engine.connect() as connection:
        everything = connection.begin()
        try:
            yield Practice(connection)
        finally:
            everything.rollback()
