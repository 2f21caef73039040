"""Books to bill from: an employer with establishments, an agreement, prices, and performances that wait for their invoice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.orm import Session

from models import Base
from models.base import new_id
from models.billing import InvoiceBasis
from scheduler.actor import Actor
from scheduler.billing import finishing, generating
from scheduler.billing.generating import Generated, Period
from scheduler.refusals import RefusedError
from tests.records import add, change

NOW = datetime(2027, 4, 1, 12, tzinfo=UTC)
MARCH = Period(date(2027, 3, 1), date(2027, 4, 1))
DAY = date(2027, 3, 10)
TABLES = Base.metadata.tables
Answer = TypeVar("Answer")


@dataclass
class Books:
    """All of it in one database; `check` costs EUR 110 and is within the budget, `extra` EUR 50 and is not."""

    connection: Connection
    cents: int = 11_000
    employer: UUID = field(init=False)
    types: dict[str, UUID] = field(default_factory=dict)
    categories: dict[str, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        role, group = self.add("roles"), self.add("groups")
        self.account = self.add(
            "accounts", role_id=role, group_id=group, may_write_performances=True
        )
        self.by = Actor(self.account)
        self.employer = self.add("employers")
        self.establishment = self.add(
            "establishments", employer_id=self.employer, is_main=True, country="NL"
        )
        self.kind = self.add("case_kinds")
        self.case = self.a_case(self.establishment)
        self.model = self.add("contract_models")
        for name, cents, outside, vat in (
            ("check", self.cents, False, 2100),
            ("extra", 5_000, True, None),
        ):
            self.types[name] = self.add("performance_types", name=name)
            self.categories[name] = self.add(
                "price_categories",
                contract_model_id=self.model,
                outside_budget=outside,
                vat_basis_points=vat,
            )
            self.price(name, cents)
        self.agreement = self.add(
            "service_agreements", employer_id=self.employer, from_day=date(2026, 1, 1)
        )
        self.agreed = self.agree(self.agreement, self.model)

    # rows, by hand

    def add(self, table: str, **values: Any) -> UUID:
        return add(self.connection, table, **values)

    def change(self, table: str, key: UUID, **values: Any) -> None:
        change(self.connection, table, key, **values)

    def a_case(self, establishment: UUID) -> UUID:
        key = new_id()
        row = {"id": key, "version": 1, "employee_id": self.add("employees"), "kind_id": self.kind}
        row |= {"establishment_id": establishment, "opened_on": date(2026, 1, 1)}
        self.connection.execute(insert(TABLES["cases"]).values(row))
        return key

    def price(
        self, name: str, cents: int, since: date = date(2026, 1, 1), until: date | None = None
    ) -> UUID:
        return self.add(
            "prices",
            price_category_id=self.categories[name],
            performance_type_id=self.types[name],
            from_day=since,
            until_day=until,
            cents=cents,
        )

    def agree(self, agreement: UUID, model: UUID, **values: Any) -> UUID:
        return self.add(
            "agreed_models", agreement_id=agreement, contract_model_id=model, kind="sale", **values
        )

    def budget(self, cents: int | None) -> None:
        """On the agreement as a whole."""
        scope = "none" if cents is None else "agreement"
        self.change(
            "service_agreements", self.agreement, budget_scope=scope, yearly_budget_cents=cents
        )

    def performed(self, name: str = "check", on: date = DAY, **values: Any) -> UUID:
        plain = {
            "case_id": self.case,
            "performance_type_id": self.types[name],
            "establishment_id": self.establishment,
            "account_id": self.account,
            "performed_on": on,
            "state": "released",
            "version": 1,
        }
        return self.add("performances", **(plain | values))

    def performed_at_a_branch(self) -> UUID:
        """An establishment where something was performed."""
        branch = self.add("establishments", employer_id=self.employer)
        self.performed(establishment_id=branch)
        return branch

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        those = TABLES[table]
        query = select(those).where(*(those.c[name] == value for name, value in where.items()))
        found = self.connection.execute(query.order_by(*those.primary_key.columns))
        return [dict(row) for row in found.mappings()]

    # commands

    @contextmanager
    def session(self) -> Iterator[Session]:
        with (
            Session(self.connection, join_transaction_mode="create_savepoint") as session,
            session.begin(),
        ):
            yield session

    def do(self, command: Callable[..., Answer], *what: Any, **how: Any) -> Answer:
        with self.session() as session:
            rows = [session.get_one(*one) if isinstance(one, tuple) else one for one in what]
            return command(session, *rows, **how)

    def refused(self, command: Callable[..., object], *what: Any, **how: Any) -> list[str]:
        try:
            self.do(command, *what, **how)
        except RefusedError as error:
            return [refusal.code for refusal in error.refusals]
        return []

    def generated(self, period: Period = MARCH, employer: UUID | None = None) -> Generated:
        return self.do(generating.generate, [employer or self.employer], period)

    def draft(self, period: Period = MARCH) -> UUID:
        (basis,) = self.generated(period).bases
        return basis

    def finalise(self, basis: UUID, now: datetime = NOW) -> None:
        self.do(finishing.finalise, (InvoiceBasis, basis), by=self.by, now=now)

    def send(self, basis: UUID) -> None:
        self.do(finishing.send, (InvoiceBasis, basis), by=self.by, now=NOW)

    def billed(self, period: Period = MARCH) -> UUID:
        """A basis that is final."""
        basis = self.draft(period)
        self.finalise(basis)
        return basis

    def lines(self, basis: UUID) -> list[tuple[int, int, int]]:
        """Price, what the budget pays, and what is invoiced."""
        return [
            (one["price_cents"], one["budget_cents"], one["invoiced_cents"])
            for one in self.rows("invoice_lines", basis_id=basis)
        ]

    def state(self, performance: UUID) -> str:
        (row,) = self.rows("performances", id=performance)
        return str(row["state"])

    def set_state(self, performance: UUID, state: str) -> None:
        """Past the commands."""
        table = TABLES["performances"]
        self.connection.execute(update(table).where(table.c.id == performance).values(state=state))


@contextmanager
def books_on(engine: Engine) -> Iterator[Books]:
    """Books that are gone afterwards."""
    with engine.connect() as connection:
        everything = connection.begin()
        try:
            yield Books(connection)
        finally:
            everything.rollback()
