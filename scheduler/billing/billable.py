"""What is to be billed, at which price, and what of it a budget pays. Domain §7.

Only what is released gets onto an invoice. A refund repeats what its performance was billed at,
negative, and so restores the budget of that year.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, select
from sqlalchemy.orm import Session

from models.agreements import PerformanceType, PriceCategory
from models.billing import BasisState, InvoiceBasis, InvoiceLine, Performance, PerformanceState
from models.organisation import Employer, Establishment
from scheduler.announcing import in_portions
from scheduler.billing.budgets import Purse
from scheduler.billing.subscriptions import Due
from scheduler.performing import Wanted, prices, unpriced
from scheduler.refusals import Refusal

RELEASED = Performance.state == literal_column(f"'{PerformanceState.RELEASED}'")
"""Said out, and not as a parameter: so the databases know that an index of these alone will do."""


class Released(NamedTuple):
    """A performance that waits for its invoice."""

    id: UUID
    version: int
    employer_id: UUID
    establishment_id: UUID
    performance_type_id: UUID
    performed_on: date
    refund_of_id: UUID | None
    name: str
    cost_centre: str | None
    basis_id: UUID | None
    """On which basis it is, if it is on one."""

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.employer_id, self.performance_type_id, self.performed_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A line as it is to be. Its price is what the budget pays and what is invoiced."""

    employer_id: UUID
    agreed_model_id: UUID
    description: str
    price_cents: int
    vat_basis_points: int | None
    performance_id: UUID | None = None
    subscription_from: date | None = None
    subscription_until: date | None = None
    budget_cents: int = 0
    budget_year: int | None = None
    cost_centre: str | None = None
    on_budget: int | None = None
    """The year of the budget that may pay for it."""

    @property
    def values(self) -> dict[str, object]:
        """As columns of `invoice_lines`."""
        return {
            "agreed_model_id": self.agreed_model_id,
            "performance_id": self.performance_id,
            "subscription_from": self.subscription_from,
            "subscription_until": self.subscription_until,
            "description": self.description,
            "price_cents": self.price_cents,
            "budget_cents": self.budget_cents,
            "budget_year": self.budget_year,
            "invoiced_cents": self.price_cents - self.budget_cents,
            "vat_basis_points": self.vat_basis_points,
            "cost_centre": self.cost_centre,
        }


def released(session: Session, until_day: date, *which: ColumnElement[bool]) -> Sequence[Released]:
    """What was performed before the day and waits for its invoice, the oldest first.

    What comes late comes along: nothing that was performed before falls between two bases.
    """
    rows = session.execute(_released().where(Performance.performed_on < until_day, *which))
    return [Released._make(row) for row in rows]


def _released() -> Select[*tuple[Any, ...]]:
    p, e, w, t = Performance, Establishment, Employer, PerformanceType
    line = and_(InvoiceLine.performance_id == p.id, InvoiceLine.credits_id.is_(None))
    query: Select[*tuple[Any, ...]] = (
        select(
            p.id, p.version, e.employer_id, p.establishment_id, p.performance_type_id,
            p.performed_on, p.refund_of_id, t.name, func.coalesce(e.cost_centre, w.cost_centre),
            InvoiceLine.basis_id,
        )
        .join(e, e.id == p.establishment_id)
        .join(w, w.id == e.employer_id)
        .join(t, t.id == p.performance_type_id)
        .outerjoin(InvoiceLine, line)
        .where(RELEASED)
        .order_by(p.performed_on, p.id)
    )  # fmt: skip
    return query


def bills(
    session: Session, performances: Sequence[Released], subscriptions: Iterable[Due] = ()
) -> tuple[list[Bill], dict[UUID, Refusal]]:
    """Their lines, no budget asked yet; and why there can be none of the rest."""
    known = prices(session, {one.wanted for one in performances})
    categories = _categories(session, {one.price_category_id for one in known.values()})
    billed = _billed(session, [one.refund_of_id for one in performances if one.refund_of_id])
    found: list[Bill] = []
    missing: list[Released] = []
    for one in performances:
        price = known.get(one.wanted)
        original = billed.get(one.refund_of_id) if one.refund_of_id else None
        if original is not None:
            found.append(_refund(one, original))
        elif price is None:
            missing.append(one)
        else:
            category = categories[price.price_category_id]
            line = Bill(
                employer_id=one.employer_id,
                agreed_model_id=price.agreed_model_id,
                description=one.name,
                price_cents=-price.cents if one.refund_of_id else price.cents,
                vat_basis_points=category.vat_basis_points,
                performance_id=one.id,
                cost_centre=one.cost_centre,
                on_budget=(
                    None if category.outside_budget or one.refund_of_id else one.performed_on.year
                ),
            )
            found.append(line)
    why = unpriced(session, [one.wanted for one in missing])
    found += [_subscription(one) for one in subscriptions]
    return found, {one.id: why[one.wanted] for one in missing}


def paid(those: Iterable[Bill], purse: Purse) -> list[Bill]:
    """The same with what the budgets pay of each: what comes back comes back before anything is spent."""
    lines = list(those)
    for one in lines:
        if one.budget_cents < 0:
            purse.give_back(one.agreed_model_id, one.budget_year, -one.budget_cents)
    return [_paid(one, purse) for one in lines]


def _paid(one: Bill, purse: Purse) -> Bill:
    if one.on_budget is None:
        return one
    cents = purse.pay(one.agreed_model_id, one.on_budget, one.price_cents)
    return replace(one, budget_cents=cents, budget_year=one.on_budget if cents else None)


def _refund(one: Released, original: InvoiceLine) -> Bill:
    return Bill(
        employer_id=one.employer_id,
        agreed_model_id=original.agreed_model_id,
        description=original.description,
        price_cents=-original.price_cents,
        vat_basis_points=original.vat_basis_points,
        performance_id=one.id,
        budget_cents=-original.budget_cents,
        budget_year=original.budget_year,
        cost_centre=original.cost_centre,
    )


def _subscription(one: Due) -> Bill:
    return Bill(
        employer_id=one.employer_id,
        agreed_model_id=one.agreed_model_id,
        description=one.description,
        price_cents=one.term.cents,
        vat_basis_points=one.vat_basis_points,
        subscription_from=one.term.from_day,
        subscription_until=one.term.until_day,
    )


def _categories(session: Session, keys: Collection[UUID]) -> Mapping[UUID, PriceCategory]:
    query = select(PriceCategory).where(PriceCategory.id.in_(keys))
    return {one.id: one for one in session.scalars(query)}


def _billed(session: Session, performances: Iterable[UUID]) -> dict[UUID, InvoiceLine]:
    """The lines of these on bases that are final."""
    one, found = InvoiceLine, {}
    query = (
        select(one)
        .join(InvoiceBasis, InvoiceBasis.id == one.basis_id)
        .where(one.credits_id.is_(None), InvoiceBasis.state != BasisState.DRAFT)
    )
    for portion in in_portions(performances):
        for line in session.scalars(query.where(one.performance_id.in_(portion))):
            if line.performance_id is not None:
                found[line.performance_id] = line
    return found
