"""What the lines of bases add up to, with their VAT: counted by rate, and rounded once for each. Domain §7."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.billing import InvoiceLine
from scheduler.billing.money import rounded_share


@dataclass(frozen=True, slots=True)
class Vat:
    """Of the lines of one rate; without a rate they are exempt."""

    basis_points: int | None
    taxable_cents: int

    @property
    def cents(self) -> int:
        return rounded_share(self.taxable_cents, self.basis_points or 0)


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one basis."""

    lines: int
    price_cents: int
    budget_cents: int
    invoiced_cents: int
    vat: Sequence[Vat]

    @property
    def vat_cents(self) -> int:
        return sum(one.cents for one in self.vat)

    @property
    def payable_cents(self) -> int:
        return self.invoiced_cents + self.vat_cents


def totals(session: Session, bases: Collection[UUID]) -> dict[UUID, Totals]:
    """By basis, of those that have lines too."""
    one = InvoiceLine
    query = (
        select(
            one.basis_id,
            one.vat_basis_points,
            func.count(),
            func.sum(one.price_cents),
            func.sum(one.budget_cents),
            func.sum(one.invoiced_cents),
        )
        .where(one.basis_id.in_(bases))
        .group_by(one.basis_id, one.vat_basis_points)
    )
    sums: defaultdict[UUID, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    rates: defaultdict[UUID, list[Vat]] = defaultdict(list)
    for basis, rate, *numbers in session.execute(query):
        amounts = [int(number) for number in numbers]
        sums[basis] = [a + b for a, b in zip(sums[basis], amounts, strict=True)]
        rates[basis].append(Vat(rate, amounts[-1]))
    # the highest first, and what is exempt last
    by_rate = {
        basis: sorted(those, key=lambda vat: (vat.basis_points is None, -(vat.basis_points or 0)))
        for basis, those in rates.items()
    }
    return {basis: _totals(sums[basis], by_rate.get(basis, ())) for basis in bases}


def _totals(sums: Sequence[int], vat: Sequence[Vat]) -> Totals:
    lines, price, budget, invoiced = sums
    return Totals(lines, price, budget, invoiced, vat)
