"""Reimbursement batches: what suppliers are paid for performances whose invoices were sent. Domain §7, Suppliers [001].

A batch takes what was submitted up to a day, by whoever has a contract, and is on no other batch; a line
that was deferred on one that is final comes back. A refund takes back what was paid for its performance.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from models import Base
from models.base import new_id
from models.reimbursement import (
    BatchState,
    Decision,
    ReimbursementBatch,
    ReimbursementLine,
    Supplier,
)
from scheduler.billing.reimbursable import Candidate, candidates, decided, rates
from scheduler.refusals import Refusal, RefusedError

NOT_A_DRAFT = "batch_not_a_draft"
EMPTY = "batch_empty"
OUTDATED = "batch_outdated"
NOT_ON_IT = "performance_not_on_batch"

MESSAGES: Mapping[str, str] = {
    NOT_A_DRAFT: "this reimbursement batch is final, and stays as it is",
    EMPTY: "there is nothing on this reimbursement batch",
    OUTDATED: "what is on this batch has changed since it was made, in {lines} lines; make it again and look at it",
    NOT_ON_IT: "this performance is not on the batch",
}

LINES = Base.metadata.tables[ReimbursementLine.__tablename__]


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """What a batch takes: submitted, and performed on the day or before. Nothing: all of them."""

    reference_on: date
    supplier_id: UUID | None = None
    contract_model_id: UUID | None = None
    holder_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a batch, by what was decided."""

    lines: int
    reimbursed_cents: int
    excluded: int
    deferred: int


def make(session: Session, which: Which) -> UUID:
    """A draft of all that is to be reimbursed; each line as reimbursed until somebody says otherwise."""
    batch = ReimbursementBatch(
        state=BatchState.DRAFT,
        reference_on=which.reference_on,
        supplier_id=which.supplier_id,
        contract_model_id=which.contract_model_id,
        holder_id=which.holder_id,
    )
    session.add(batch)
    session.flush()
    _fill(session, batch)
    return batch.id


def again(session: Session, batch: ReimbursementBatch) -> None:
    """Make a draft again, by what is submitted now; what was decided about its lines stays.

    Raises:
        RefusedError: it is final.
    """
    _locked_draft(session, batch)
    batch.renew()
    session.flush()
    _fill(session, batch)


def drop(session: Session, batch: ReimbursementBatch) -> None:
    """Take a draft away; what was on it waits for another.

    Raises:
        RefusedError: it is final.
    """
    _locked_draft(session, batch)
    session.execute(delete(LINES).where(LINES.c.batch_id == batch.id))
    session.delete(batch)
    session.flush()


def decide(session: Session, batch: ReimbursementBatch, decisions: Mapping[UUID, Decision]) -> None:
    """Say of these performances whether they are reimbursed, excluded or deferred.

    Raises:
        RefusedError: the batch is final, or one of them is not on it.
    """
    _locked_draft(session, batch)
    those = select(ReimbursementLine).where(
        ReimbursementLine.batch_id == batch.id, ReimbursementLine.performance_id.in_(decisions)
    )
    lines = list(session.scalars(those))
    missing = decisions.keys() - {one.performance_id for one in lines}
    if missing:
        raise RefusedError([Refusal(NOT_ON_IT, {"performance_id": key}) for key in sorted(missing)])
    for line in lines:
        line.decision = decisions[line.performance_id]
    batch.renew()
    session.flush()


def finalise(session: Session, batch: ReimbursementBatch) -> None:
    """Fix it: after this nothing changes.

    Raises:
        RefusedError: it is final, empty, or what is on it could not be on it any more.
    """
    _locked_draft(session, batch)
    lines = _lines(session, batch)
    if not lines:
        raise RefusedError([Refusal(EMPTY)])
    valid = {one.id: one for one in candidates(session, batch)}
    gone = [key for key in lines if key not in valid]
    worth = rates(session, [valid[key] for key in lines if key in valid])
    gone += [key for key in lines if key in valid and key not in worth]
    if gone:
        raise RefusedError([Refusal(OUTDATED, {"lines": len(gone)})])
    for key, line in lines.items():
        line.contract_id, line.cents = valid[key].contract_id, worth[key]
    session.flush()
    _take_back(session, lines, valid)
    batch.state = BatchState.FINAL
    session.flush()


def without_rate(session: Session, batch: ReimbursementBatch) -> list[UUID]:
    """What would be on it if its supplier's price list had a rate for it: it waits until there is one."""
    found = candidates(session, batch)
    worth = rates(session, found)
    return [one.id for one in found if one.id not in worth]


def sums(session: Session, batches: Collection[UUID]) -> dict[UUID, Sums]:
    """By batch, of those that have lines too."""
    one = ReimbursementLine
    query = (
        select(one.batch_id, one.decision, func.count(), func.sum(one.cents))
        .where(one.batch_id.in_(batches))
        .group_by(one.batch_id, one.decision)
    )
    counts: defaultdict[UUID, dict[Decision, tuple[int, int]]] = defaultdict(dict)
    for batch, decision, number, cents in session.execute(query):
        counts[batch][decision] = number, int(cents)
    return {batch: _sums(counts[batch]) for batch in batches}


def _sums(counts: Mapping[Decision, tuple[int, int]]) -> Sums:
    def of(decision: Decision) -> tuple[int, int]:
        return counts.get(decision, (0, 0))

    return Sums(
        sum(number for number, _ in counts.values()),
        of(Decision.REIMBURSED)[1],
        of(Decision.EXCLUDED)[0],
        of(Decision.DEFERRED)[0],
    )


# --- What is on it ----------------------------------------------------------------------------------------


def _locked_draft(session: Session, batch: ReimbursementBatch) -> None:
    session.refresh(batch, with_for_update={"key_share": True})
    if batch.state is not BatchState.DRAFT:
        raise RefusedError([Refusal(NOT_A_DRAFT)])


def _lines(session: Session, batch: ReimbursementBatch) -> dict[UUID, ReimbursementLine]:
    """By performance."""
    those = select(ReimbursementLine).where(ReimbursementLine.batch_id == batch.id)
    return {one.performance_id: one for one in session.scalars(those)}


def _fill(session: Session, batch: ReimbursementBatch) -> None:
    """Its lines are what is to be reimbursed now; those that stay keep what was decided."""
    _lock(session, batch)
    kept = {key: line.decision for key, line in _lines(session, batch).items()}
    found = candidates(session, batch)
    worth = rates(session, found)
    session.execute(delete(LINES).where(LINES.c.batch_id == batch.id))
    rows = [
        {
            "id": new_id(),
            "batch_id": batch.id,
            "performance_id": one.id,
            "contract_id": one.contract_id,
            "decision": kept.get(one.id, Decision.REIMBURSED),
            "cents": worth[one.id],
        }
        for one in found
        if one.id in worth
    ]
    if rows:
        session.execute(insert(LINES), rows)
    session.expire_all()


def _lock(session: Session, batch: ReimbursementBatch) -> None:
    """Of two who fill batches for a supplier at once the second one sees what the first has taken."""
    query = select(Supplier.id).order_by(Supplier.id)
    if batch.supplier_id is not None:
        query = query.where(Supplier.id == batch.supplier_id)
    session.execute(query.with_for_update(key_share=True)).all()


def _take_back(
    session: Session,
    lines: Mapping[UUID, ReimbursementLine],
    valid: Mapping[UUID, Candidate],
) -> None:
    """A refund takes back just what was paid, here or before; and waits while nobody has decided about that."""
    refunds = {
        line: valid[key].refund_of_id for key, line in lines.items() if valid[key].refund_of_id
    }
    paid = decided(session, [key for key in refunds.values() if key is not None])
    for line, original in refunds.items():
        here = lines.get(original) if original is not None else None
        before = paid.get(original) if original is not None else None
        of = here if here is not None and here.decision is not Decision.DEFERRED else before
        if of is None:
            line.decision = Decision.DEFERRED
        elif line.decision is Decision.REIMBURSED:
            line.cents = -of.cents if of.decision is Decision.REIMBURSED else 0
    session.flush()
