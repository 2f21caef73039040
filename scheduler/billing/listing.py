"""The lines of a basis as people, tables and invoices read them; nobody's name is among it. Domain §7."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.agreements import PerformanceType
from models.appointments import Appointment
from models.billing import InvoiceLine, Performance
from models.organisation import Establishment
from models.requests import Case
from scheduler.billing.money import in_euros

COLUMNS = (
    "line", "credits", "performance", "performed_on", "subscription_from", "subscription_until",
    "code", "description", "establishment", "cost_centre", "price", "budget", "budget_year",
    "invoiced", "vat_rate",
)  # fmt: skip


class Listed(NamedTuple):
    """A line, and what it is about."""

    line: InvoiceLine
    performed_on: date | None
    code: str | None
    establishment_id: UUID | None
    establishment: str | None
    employee_id: UUID | None
    """Whose it is: for the record."""

    @property
    def cells(self) -> list[object]:
        """By `COLUMNS`; amounts in euros."""
        line = self.line
        rate = line.vat_basis_points
        return [
            line.id,
            line.credits_id or "",
            line.performance_id or "",
            self.performed_on or "",
            line.subscription_from or "",
            line.subscription_until or "",
            self.code or "",
            line.description,
            self.establishment or "",
            line.cost_centre or "",
            in_euros(line.price_cents),
            in_euros(line.budget_cents),
            line.budget_year or "",
            in_euros(line.invoiced_cents),
            "" if rate is None else in_euros(rate),
        ]


def lines_of(session: Session, basis: UUID) -> Sequence[Listed]:
    """All of them, in their order."""
    query = listing().where(InvoiceLine.basis_id == basis).order_by(InvoiceLine.id)
    return [Listed._make(row) for row in session.execute(query)]


def listing() -> Select[*tuple[Any, ...]]:
    """Lines with what they are about: add which, and in which order."""
    p, t, e, a, c = Performance, PerformanceType, Establishment, Appointment, Case
    query: Select[*tuple[Any, ...]] = (
        select(
            InvoiceLine, p.performed_on, t.code, e.id, e.name,
            func.coalesce(a.employee_id, c.employee_id),
        )
        .outerjoin(p, p.id == InvoiceLine.performance_id)
        .outerjoin(t, t.id == p.performance_type_id)
        .outerjoin(e, e.id == p.establishment_id)
        .outerjoin(a, a.id == p.appointment_id)
        .outerjoin(c, c.id == p.case_id)
    )  # fmt: skip
    return query
