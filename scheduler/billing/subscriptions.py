"""Subscriptions: the periods that begin in a period, each with its part of the amount. Domain §7 [001].

Periods count from the day on which the agreement begins. A shorter frequency divides the amount of the
model's period evenly; what an agreement has begun when it ends is billed whole.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from dateutil.relativedelta import relativedelta
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.agreements import AgreedModel, ContractModel, Frequency, ServiceAgreement
from scheduler.billing.money import share

MONTHS: Mapping[Frequency, int] = {
    Frequency.YEAR: 12,
    Frequency.HALF_YEAR: 6,
    Frequency.QUARTER: 3,
    Frequency.MONTH: 1,
}


@dataclass(frozen=True, slots=True)
class Term:
    """A period of a subscription, from a day until another, which is not in it."""

    from_day: date
    until_day: date
    cents: int


@dataclass(frozen=True, slots=True)
class Due:
    """A period that is to be billed."""

    employer_id: UUID
    agreed_model_id: UUID
    description: str
    vat_basis_points: int | None
    term: Term


def due(
    session: Session, employers: Collection[UUID], from_day: date, until_day: date
) -> list[Due]:
    """Of these employers the periods that begin on these days."""
    a, m, c = ServiceAgreement, AgreedModel, ContractModel
    query = (
        select(
            a.employer_id, m.id, c.name, c.subscription_vat_basis_points, a.from_day, a.until_day,
            c.frequency, m.frequency, c.subscription_cents,
        )
        .join(m, m.agreement_id == a.id)
        .join(c, c.id == m.contract_model_id)
        .where(
            a.employer_id.in_(employers),
            c.frequency.is_not(None),
            a.from_day < until_day,
            or_(a.until_day.is_(None), a.until_day > from_day),
        )
        .order_by(a.from_day, m.id)
    )  # fmt: skip
    found = []
    for employer, agreed, name, vat, begins, ends, whole, shorter, cents in session.execute(query):
        if whole is None or cents is None:
            continue  # no subscription
        last = until_day if ends is None else min(until_day, ends)
        for term in terms(begins, whole, shorter or whole, cents):
            if term.from_day >= last:
                break
            if term.from_day >= from_day:
                found.append(Due(employer, agreed, name, vat, term))
    return found


def terms(begins: date, whole: Frequency, billed: Frequency, cents: int) -> Iterator[Term]:
    """All periods of a subscription, of which `cents` is for a whole one, one after the other."""
    months = MONTHS[billed]
    parts = MONTHS[whole] // months
    number, day = 0, begins
    while True:
        # from the first day each time: the 31st comes back after a February
        following = begins + relativedelta(months=months * (number + 1))
        yield Term(day, following, share(cents, parts, number % parts))
        number, day = number + 1, following
