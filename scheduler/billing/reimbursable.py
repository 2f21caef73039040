"""What is to be reimbursed, what it is worth by its supplier's price list, and what was decided before. Domain §7 [001]."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from models.access import Account
from models.agreements import Price, PriceCategory
from models.billing import Performance, PerformanceState
from models.reimbursement import (
    BatchState,
    Decision,
    ReimbursementBatch,
    ReimbursementContract,
    ReimbursementLine,
)
from scheduler.announcing import in_portions
from scheduler.lifecycles import CREDITED


class Candidate(NamedTuple):
    """A performance that somebody is to be paid for."""

    id: UUID
    performance_type_id: UUID
    performed_on: date
    refund_of_id: UUID | None
    contract_id: UUID
    contract_model_id: UUID


def candidates(session: Session, batch: ReimbursementBatch) -> Sequence[Candidate]:
    """What its filters let onto a batch, the oldest first."""
    p, c = Performance, ReimbursementContract
    wanted: list[ColumnElement[bool]] = [
        p.state == PerformanceState.SUBMITTED,
        p.performed_on <= batch.reference_on,
        ~CREDITED,
        ~_elsewhere(batch),
    ]
    if batch.supplier_id is not None:
        wanted.append(c.supplier_id == batch.supplier_id)
    if batch.contract_model_id is not None:
        wanted.append(c.contract_model_id == batch.contract_model_id)
    if batch.holder_id is not None:
        wanted.append(Account.id == batch.holder_id)
    query = (
        select(
            p.id, p.performance_type_id, p.performed_on, p.refund_of_id, c.id, c.contract_model_id
        )
        .join(Account, Account.id == p.account_id)
        .join(c, c.id == Account.reimbursement_contract_id)
        .where(*wanted)
        .order_by(p.performed_on, p.id)
    )
    return [Candidate._make(row) for row in session.execute(query)]


def _elsewhere(batch: ReimbursementBatch) -> ColumnElement[bool]:
    """It was decided on another batch, or is on a draft that somebody is looking at."""
    line, of = ReimbursementLine, ReimbursementBatch
    return exists().where(
        line.performance_id == Performance.id,
        line.batch_id != batch.id,
        of.id == line.batch_id,
        or_(line.decision != Decision.DEFERRED, of.state == BatchState.DRAFT),
    )


def rates(session: Session, those: Sequence[Candidate]) -> dict[UUID, int]:
    """What each is worth on its day, by its supplier's price list; a refund's is what comes back."""
    c, p = PriceCategory, Price
    found: defaultdict[tuple[UUID, UUID], list[tuple[date, date | None, int]]] = defaultdict(list)
    query = (
        select(c.contract_model_id, p.performance_type_id, p.from_day, p.until_day, p.cents)
        .join(p, p.price_category_id == c.id)
        .where(c.contract_model_id.in_({one.contract_model_id for one in those}))
        .order_by(c.id, p.id)
    )
    for model, kind, since, until, cents in session.execute(query):
        found[model, kind].append((since, until, cents))
    worth: dict[UUID, int] = {}
    for one in those:
        for since, until, cents in found[one.contract_model_id, one.performance_type_id]:
            if since <= one.performed_on and (until is None or one.performed_on < until):
                worth.setdefault(one.id, -cents if one.refund_of_id else cents)
    return worth


def decided(session: Session, performances: Collection[UUID]) -> dict[UUID, ReimbursementLine]:
    """What was decided about these on batches that are final."""
    line, of = ReimbursementLine, ReimbursementBatch
    query = (
        select(line)
        .join(of, and_(of.id == line.batch_id, of.state == BatchState.FINAL))
        .where(line.decision != Decision.DEFERRED)
    )
    found: dict[UUID, ReimbursementLine] = {}
    for portion in in_portions(performances):
        those = session.scalars(query.where(line.performance_id.in_(portion)))
        found |= {one.performance_id: one for one in those}
    return found
