"""What an employer pays for a performance on a day: agreement, contract model, category, price. Domain §7 [001]."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agreements import (
    AgreedModel,
    Price,
    PriceCategory,
    ServiceAgreement,
)
from scheduler.refusals import Refusal

NO_AGREEMENT = "no_agreement"
NO_PRICE = "no_price"

MESSAGES: Mapping[str, str] = {
    NO_AGREEMENT: "the employer has no service agreement on {day}",
    NO_PRICE: "no service agreement of the employer has a price for this performance on {day}",
}


class Wanted(NamedTuple):
    """A performance for which there is to be a price; the day is the location's."""

    employer_id: UUID
    performance_type_id: UUID
    day: date


@dataclass(frozen=True, slots=True)
class Priced:
    """The price, and by which part of which agreement."""

    agreed_model_id: UUID
    price_category_id: UUID
    cents: int


Period = tuple[date, date | None]
"""From a day until another, which is not in it; or without end."""


def prices(session: Session, wanted: Collection[Wanted]) -> dict[Wanted, Priced]:
    """The price of each that has one; where several agreements have one, that of the oldest."""
    if not wanted:
        return {}
    a, m, c, p = ServiceAgreement, AgreedModel, PriceCategory, Price
    query = (
        select(
            a.employer_id, p.performance_type_id, a.from_day, a.until_day, p.from_day, p.until_day,
            m.id, c.id, p.cents,
        )
        .join(m, m.agreement_id == a.id)
        .join(c, c.contract_model_id == m.contract_model_id)
        .join(p, p.price_category_id == c.id)
        .where(
            a.employer_id.in_({one.employer_id for one in wanted}),
            p.performance_type_id.in_({one.performance_type_id for one in wanted}),
        )
        .order_by(a.from_day, a.id, m.id, c.id, p.id)
    )  # fmt: skip
    offers: defaultdict[tuple[UUID, UUID], list[tuple[Period, Period, Priced]]] = defaultdict(list)
    for employer, kind, a_from, a_until, p_from, p_until, model, category, cents in session.execute(
        query
    ):
        offer = Priced(model, category, cents)
        offers[employer, kind].append(((a_from, a_until), (p_from, p_until), offer))
    found: dict[Wanted, Priced] = {}
    for one in wanted:
        for agreed, priced, offer in offers[one.employer_id, one.performance_type_id]:
            if _on(one.day, agreed) and _on(one.day, priced):
                found.setdefault(one, offer)
    return found


def unpriced(session: Session, wanted: Collection[Wanted]) -> dict[Wanted, Refusal]:
    """Those without a price, each with why."""
    known = prices(session, wanted)
    missing = [one for one in dict.fromkeys(wanted) if one not in known]
    if not missing:
        return {}
    agreed = _agreed(session, {one.employer_id for one in missing})
    return {
        one: Refusal(
            NO_PRICE
            if any(_on(one.day, period) for period in agreed[one.employer_id])
            else NO_AGREEMENT,
            {"day": one.day, "performance_type": one.performance_type_id},
        )
        for one in missing
    }


def _agreed(session: Session, employers: Collection[UUID]) -> Mapping[UUID, list[Period]]:
    """When each of these employers has an agreement."""
    t = ServiceAgreement
    found: defaultdict[UUID, list[Period]] = defaultdict(list)
    query = select(t.employer_id, t.from_day, t.until_day).where(t.employer_id.in_(employers))
    for employer, since, until in session.execute(query):
        found[employer].append((since, until))
    return found


def _on(day: date, period: Period) -> bool:
    since, until = period
    return since <= day and (until is None or day < until)
