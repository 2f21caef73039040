"""A basis becomes final, and then its invoice is sent; nothing else ever happens to it. Domain §7.

As it becomes final its prices are fixed, the budgets pay what they have left, its performances are billed
and it gets the next number: all of it or nothing. Locked, in this order: the basis, its
performances, the agreements whose budgets it spends, the counter of the numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from models.agenda import Location
from models.base import Json
from models.billing import BasisState, InvoiceBasis, InvoiceLine, Performance, PerformanceState
from scheduler.actor import Actor
from scheduler.announcing import News, announce, in_portions
from scheduler.billing import budgets
from scheduler.billing.billable import Bill, Released, bills, paid, released
from scheduler.billing.generating import on_basis, require_draft
from scheduler.billing.numbers import INVOICES, next_number
from scheduler.billing.parties import parties_now
from scheduler.billing.subscriptions import due
from scheduler.guarded import guarded
from scheduler.lifecycles import CREDITED, PERFORMANCES, Step, advance
from scheduler.refusals import Refusal, RefusedError
from scheduler.topics import Topic

EMPTY = "basis_empty"
OUTDATED = "basis_outdated"
NOT_FINAL = "basis_not_final"
CREDIT_OUTDATED = "credit_outdated"

MESSAGES: Mapping[str, str] = {
    EMPTY: "there is nothing on this invoice basis",
    OUTDATED: "what is on this draft has changed since it was made, in {lines} lines; make it again and look at it",
    NOT_FINAL: "an invoice is sent of a basis that is final; this one is {state}",
    CREDIT_OUTDATED: (
        "a line that is credited here was refunded or sent meanwhile; take the credit line off, and mark the"
        " appointment lapsed or refund the performance"
    ),
}


def finalise(session: Session, basis: InvoiceBasis, *, by: Actor, now: datetime) -> None:
    """Fix it.

    Raises:
        RefusedError: it is no draft, it is empty, or what is on it has changed since it was made.
    """
    _lock(session, basis)
    require_draft(basis)
    mine = InvoiceLine.basis_id == basis.id
    lines = list(session.scalars(select(InvoiceLine).where(mine).order_by(InvoiceLine.id)))
    if not lines:
        raise RefusedError([Refusal(EMPTY)])
    credits_ = [one for one in lines if one.credits_id is not None]
    with guarded(session):
        steps, billed = _billed(session, basis, [one for one in lines if one.credits_id is None])
        agreed = {one.agreed_model_id for one in billed.values()}
        agreed |= {one.agreed_model_id for one in credits_}
        budgets.lock(session, agreed)
        purse = budgets.purse(session, agreed)
        for one in credits_:
            purse.give_back(one.agreed_model_id, one.budget_year, -one.budget_cents)
        _fix(session, lines, dict(zip(billed, paid(billed.values(), purse), strict=True)))
        advance(session, PERFORMANCES, steps, by=by, at=now)
        advance(session, PERFORMANCES, _credited(session, credits_), by=by, at=now)
        _number(session, basis, now)
    session.expire_all()


def send(session: Session, basis: InvoiceBasis, *, by: Actor, now: datetime) -> None:
    """Its invoice has been sent: what is on it and was not credited meanwhile is submitted.

    Raises:
        RefusedError: it is not final, or is sent already.
    """
    _lock(session, basis)
    if basis.state is not BasisState.FINAL:
        raise RefusedError([Refusal(NOT_FINAL, {"state": basis.state})])
    p = Performance
    on_it = exists().where(
        InvoiceLine.performance_id == p.id,
        InvoiceLine.basis_id == basis.id,
        InvoiceLine.credits_id.is_(None),
    )
    query = select(p.id, p.version).where(p.state == PerformanceState.BILLED, on_it, ~CREDITED)
    rows = session.execute(query.order_by(p.id).with_for_update(key_share=True, of=p))
    steps = [Step(key, version, PerformanceState.BILLED, "submit") for key, version in rows]
    advance(session, PERFORMANCES, steps, by=by, at=now)
    basis.state = BasisState.SENT
    basis.sent_at = now
    session.flush()
    _tell(session, Topic.INVOICE_BASIS_SENT, basis, now)
    session.expire_all()


# --- What becomes of the lines ----------------------------------------------------------------------------


def _lock(session: Session, basis: InvoiceBasis) -> None:
    """Nobody makes it again, or final, meanwhile; and it is read as it is now."""
    session.refresh(basis, with_for_update={"key_share": True})


def _billed(
    session: Session, basis: InvoiceBasis, lines: Sequence[InvoiceLine]
) -> tuple[list[Step], dict[UUID, Bill]]:
    """What its lines are by now, no budget asked; and the steps of its performances.

    Raises:
        RefusedError: some of them could not be on it any more.
    """
    performed = {one.performance_id: one.id for one in lines if one.performance_id is not None}
    ready: list[Released] = []
    for portion in in_portions(sorted(performed)):
        of_these = Performance.id.in_(portion)
        those = select(Performance.id).where(of_these).order_by(Performance.id)
        session.execute(those.with_for_update(key_share=True)).all()
        ready += released(session, basis.until_day, on_basis(basis), of_these)
    ready.sort(key=lambda one: (one.performed_on, one.id))
    subscribed: dict[tuple[UUID, date | None], UUID] = {
        (one.agreed_model_id, one.subscription_from): one.id
        for one in lines
        if one.subscription_from is not None
    }
    subscriptions = [
        one
        for one in due(session, [basis.employer_id], basis.from_day, basis.until_day)
        if (one.agreed_model_id, one.term.from_day) in subscribed
    ]
    found, _ = bills(session, ready, subscriptions)
    billed = {
        performed[one.performance_id]
        if one.performance_id is not None
        else subscribed[one.agreed_model_id, one.subscription_from]: one
        for one in found
    }
    if len(billed) < len(lines):
        raise RefusedError([Refusal(OUTDATED, {"lines": len(lines) - len(billed)})])
    steps = [Step(one.id, one.version, PerformanceState.RELEASED, "bill") for one in ready]
    return steps, billed


def _fix(session: Session, lines: Iterable[InvoiceLine], billed: Mapping[UUID, Bill]) -> None:
    """Their prices, and what the budgets pay, for good; most are as the draft had them."""
    for line in lines:
        if line.id in billed:
            for name, value in billed[line.id].values.items():
                if getattr(line, name) != value:
                    setattr(line, name, value)
    session.flush()


def _credited(session: Session, lines: Sequence[InvoiceLine]) -> list[Step]:
    """The steps of what is credited here.

    Raises:
        RefusedError: it was refunded meanwhile, or its invoice was sent.
    """
    keys = [one.performance_id for one in lines if one.performance_id is not None]
    if not keys:
        return []
    p = Performance
    refund = aliased(Performance)
    refunded = exists().where(refund.refund_of_id == p.id)
    query = select(p.id, p.version, p.state, refunded).where(p.id.in_(keys)).order_by(p.id)
    steps = []
    for key, version, state, is_refunded in session.execute(
        query.with_for_update(key_share=True, of=p)
    ):
        if is_refunded or state is not PerformanceState.BILLED:
            raise RefusedError([Refusal(CREDIT_OUTDATED, {"performance_id": key})])
        steps.append(Step(key, version, state, "credit"))
    return steps


def _number(session: Session, basis: InvoiceBasis, now: datetime) -> None:
    """The last of all: others wait for the counter from here to the end of the transaction."""
    parties: Json = parties_now(session, basis)
    number = next_number(session, INVOICES, local_day(session, now).year)
    basis.state = BasisState.FINAL
    basis.number, basis.final_at, basis.parties = number, now, parties
    session.flush()
    _tell(session, Topic.INVOICE_BASIS_FINAL, basis, now)


def _tell(session: Session, topic: Topic, basis: InvoiceBasis, now: datetime) -> None:
    news = News(topic, InvoiceBasis.__tablename__, basis.id, {"version": basis.version})
    announce(session, [news], at=now)


def local_day(session: Session, now: datetime) -> date:
    """The day on the clocks of most locations."""
    zones = (
        select(Location.time_zone)
        .group_by(Location.time_zone)
        .order_by(func.count().desc(), Location.time_zone)
        .limit(1)
    )
    return now.astimezone(ZoneInfo(session.scalar(zones) or "UTC")).date()
