"""Corrections: a line that was final is taken back by a credit line, on a draft of the same employer. Domain §7."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from models.billing import BasisState, InvoiceBasis, InvoiceLine, Performance, PerformanceState
from scheduler.billing.generating import require_draft
from scheduler.guarded import guarded
from scheduler.refusals import Refusal, RefusedError

NOT_CREDITABLE = "line_not_creditable"
SENT = "performance_sent"
CREDITED = "credited_once"
OTHER_EMPLOYER = "line_of_other_employer"

MESSAGES: Mapping[str, str] = {
    NOT_CREDITABLE: "this line cannot be credited: it is on a draft, or is itself a refund or a credit line",
    SENT: (
        "the invoice of this performance was sent, or it was refunded: mark its appointment lapsed, or refund"
        " a loose performance"
    ),
    CREDITED: "this line has been credited already",
    OTHER_EMPLOYER: "the line and the draft are of two employers; choose a draft of the same one",
}


def credit(session: Session, draft: InvoiceBasis, line: InvoiceLine) -> UUID:
    """Take a line back on this draft, as it was and negative; its budget is whole again when the draft is final.

    Raises:
        RefusedError: the one is no draft, or the other cannot be taken back.
    """
    require_draft(draft)
    of = session.get_one(InvoiceBasis, line.basis_id)
    if of.employer_id != draft.employer_id:
        raise RefusedError([Refusal(OTHER_EMPLOYER)])
    if of.state is BasisState.DRAFT or line.credits_id is not None or line.price_cents < 0:
        raise RefusedError([Refusal(NOT_CREDITABLE)])
    if line.performance_id is not None:
        _require_billed(session, line.performance_id)
    made = InvoiceLine(
        basis_id=draft.id,
        agreed_model_id=line.agreed_model_id,
        performance_id=line.performance_id,
        subscription_from=line.subscription_from,
        subscription_until=line.subscription_until,
        description=line.description,
        price_cents=-line.price_cents,
        budget_cents=-line.budget_cents,
        budget_year=line.budget_year,
        invoiced_cents=-line.invoiced_cents,
        vat_basis_points=line.vat_basis_points,
        cost_centre=line.cost_centre,
        credits_id=line.id,
    )
    taken = select(InvoiceLine.id).where(InvoiceLine.credits_id == line.id)
    if session.scalar(taken) is not None:
        raise RefusedError([Refusal(CREDITED)])
    with guarded(session):
        session.add(made)
        draft.renew()
        session.flush()
    return made.id


def take_off(session: Session, draft: InvoiceBasis, line: InvoiceLine) -> None:
    """Leave it as it was billed.

    Raises:
        RefusedError: it is no draft, or it is no credit line of it.
    """
    require_draft(draft)
    if line.basis_id != draft.id or line.credits_id is None:
        raise RefusedError([Refusal(NOT_CREDITABLE)])
    session.delete(line)
    draft.renew()
    session.flush()


def _require_billed(session: Session, performance: UUID) -> None:
    refund = aliased(Performance)
    refunded = exists().where(refund.refund_of_id == performance)
    query = select(Performance.state, refunded).where(Performance.id == performance)
    state, is_refunded = session.execute(
        query.with_for_update(key_share=True, of=Performance)
    ).one()
    if state is not PerformanceState.BILLED or is_refunded:
        raise RefusedError([Refusal(SENT)])
