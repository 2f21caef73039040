"""Prices: what a performance costs in a period, one at a time. Domain §7."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from models.agreements import Price
from models.billing import Performance
from models.guards.one_of_a_kind import ONE_PRICE
from scheduler.agreements.periods import against, keeping_prices
from scheduler.guarded import guarded
from scheduler.refusals import RefusedError

MESSAGES: Mapping[str, str] = {
    ONE_PRICE.rule: (
        "this category has a price for this performance in a part of that period already;"
        " end that one first, or choose another period"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """What a performance costs. Without `until_day`: until it is ended."""

    price_category_id: UUID
    performance_type_id: UUID
    from_day: date
    until_day: date | None = None
    cents: int


def add(session: Session, new: NewPrice) -> UUID:
    """A price.

    Raises:
        RefusedError: its period has no day, or meets that of another.
    """
    refusals = against(new.from_day, new.until_day)
    if refusals:
        raise RefusedError(refusals)
    made = Price(
        price_category_id=new.price_category_id,
        performance_type_id=new.performance_type_id,
        from_day=new.from_day,
        until_day=new.until_day,
        cents=new.cents,
    )
    with guarded(session):
        session.add(made)
        session.flush()
    return made.id


def end(session: Session, price: Price, until_day: date) -> None:
    """From this day on it is no price any more.

    Raises:
        RefusedError: it has not begun by then, meets another, or something that was released needs it.
    """
    refusals = against(price.from_day, until_day)
    if refusals:
        raise RefusedError(refusals)
    p = Performance
    later = p.performance_type_id == price.performance_type_id, p.performed_on >= until_day
    with guarded(session), keeping_prices(session, *later):
        price.until_day = until_day
