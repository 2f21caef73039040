"""What performances cost: as it stands on a final invoice basis, or else by the price of their day. Domain §7."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.billing import BasisState, InvoiceBasis, InvoiceLine
from scheduler.performing.prices import Wanted, prices
from scheduler.performing.standing import PerformanceRow


def amounts(session: Session, performances: Collection[PerformanceRow]) -> dict[UUID, int]:
    """The cents of each that has a price; a refund is what its performance was, negative."""
    fixed = _fixed(session, {one.refund_of_id or one.id for one in performances})
    wanted = {
        one.id: Wanted(one.employer_id, one.performance_type_id, one.performed_on)
        for one in performances
    }
    priced = prices(session, list(wanted.values()))
    found: dict[UUID, int] = {}
    for one in performances:
        sign = -1 if one.refund_of_id else 1
        line = fixed.get(one.refund_of_id or one.id)
        price = priced.get(wanted[one.id])
        if line is not None:
            found[one.id] = sign * line
        elif price is not None:
            found[one.id] = sign * price.cents
    return found


def _fixed(session: Session, performances: Collection[UUID]) -> dict[UUID, int]:
    """Their prices on bases that are final."""
    lines = (
        select(InvoiceLine.performance_id, InvoiceLine.price_cents)
        .join(InvoiceBasis, InvoiceBasis.id == InvoiceLine.basis_id)
        .where(
            InvoiceLine.performance_id.in_(performances),
            InvoiceLine.credits_id.is_(None),
            InvoiceBasis.state != BasisState.DRAFT,
        )
    )
    return {key: cents for key, cents in session.execute(lines) if key is not None}
