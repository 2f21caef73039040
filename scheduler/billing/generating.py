"""Drafts of invoice bases: made, and made again as often as one likes. Domain §7.

A draft is whatever is released by now and on no other basis, so that making it again loses nothing and
doubles nothing; the credit lines that somebody put on it stay. An employer's drafts are made in one
transaction: whoever is killed in between has made some employers' and not the others', and begins again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from models import Base
from models.agreements import AgreedModel, ContractModel, ServiceAgreement
from models.base import new_id
from models.billing import BasisState, InvoiceBasis, InvoiceLine, Performance
from models.organisation import Employer, Establishment
from scheduler.billing import budgets
from scheduler.billing.billable import RELEASED, Bill, Released, bills, paid, released
from scheduler.billing.subscriptions import Due, due
from scheduler.refusals import Refusal, RefusedError

NO_DAY = "period_without_a_day"
NOT_A_DRAFT = "basis_not_a_draft"

MESSAGES: Mapping[str, str] = {
    NOT_A_DRAFT: "this invoice basis is {state}, and stays as it is; correct it by a credit line on a draft",
}

LINES = Base.metadata.tables[InvoiceLine.__tablename__]
BASES = Base.metadata.tables[InvoiceBasis.__tablename__]


@dataclass(frozen=True, slots=True)
class Period:
    """From a day until another, which is not in it. Of one establishment, or of the employer as a whole."""

    from_day: date
    until_day: date
    establishment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """The drafts of a period; and why what was performed gets onto none of them."""

    bases: Sequence[UUID]
    left_out: Mapping[UUID, Refusal] = field(default_factory=dict)


def generate(session: Session, employers: Collection[UUID], period: Period) -> Generated:
    """Make these employers' drafts of the period, or make them again. Who has nothing to be billed gets none.

    Raises:
        RefusedError: the period has no day.
    """
    if period.until_day <= period.from_day:
        about = {"from_day": period.from_day, "until_day": period.until_day}
        raise RefusedError([Refusal(NO_DAY, about)])
    _lock(session, employers)
    drafts = _drafts(session, employers, period)
    own = frozenset(drafts.values())
    performances = _performances(session, employers, period, own)
    subscriptions = _subscriptions(session, employers, period, own)
    lines, left_out = bills(session, performances, subscriptions)
    lines = paid(lines, budgets.purse(session, {one.agreed_model_id for one in lines}))
    drafts |= _begin(session, {one.employer_id for one in lines} - drafts.keys(), period)
    _write(session, drafts, lines)
    if own:
        session.execute(
            update(BASES).where(BASES.c.id.in_(own)).values(version=BASES.c.version + 1)
        )
    session.expire_all()
    return Generated(sorted(drafts.values()), left_out)


def again(session: Session, basis: InvoiceBasis) -> Generated:
    """Make a draft again, by what is released now.

    Raises:
        RefusedError: it is none.
    """
    require_draft(basis)
    return generate(session, [basis.employer_id], period_of(basis))


def drop(session: Session, basis: InvoiceBasis) -> None:
    """Take a draft away; what was on it waits for another.

    Raises:
        RefusedError: it is none.
    """
    require_draft(basis)
    session.execute(delete(LINES).where(LINES.c.basis_id == basis.id))
    session.delete(basis)
    session.flush()


def to_be_billed(
    session: Session, period: Period, *which: ColumnElement[bool], limit: int | None = None
) -> list[UUID]:
    """The employers for whom there is something to be billed, or a draft to be made again, by their keys."""
    p, e, a = Performance, Establishment, ServiceAgreement
    performed = (
        exists()
        .where(
            p.establishment_id == e.id,
            e.employer_id == Employer.id,
            RELEASED,
            p.performed_on < period.until_day,
        )
        .correlate(Employer)
    )
    subscribed = (
        exists()
        .where(
            a.employer_id == Employer.id,
            AgreedModel.agreement_id == a.id,
            ContractModel.id == AgreedModel.contract_model_id,
            ContractModel.frequency.is_not(None),
            a.from_day < period.until_day,
            or_(a.until_day.is_(None), a.until_day > period.from_day),
        )
        .correlate(Employer)
    )
    drafted = (
        exists()
        .where(
            InvoiceBasis.employer_id == Employer.id,
            InvoiceBasis.state == BasisState.DRAFT,
            InvoiceBasis.establishment_id.is_(None),
            InvoiceBasis.from_day == period.from_day,
            InvoiceBasis.until_day == period.until_day,
        )
        .correlate(Employer)
    )
    query = select(Employer.id).where(or_(performed, subscribed, drafted), *which)
    return list(session.scalars(query.order_by(Employer.id).limit(limit)))


def require_draft(basis: InvoiceBasis) -> None:
    """Raises RefusedError where it is not a draft any more."""
    if basis.state is not BasisState.DRAFT:
        raise RefusedError([Refusal(NOT_A_DRAFT, {"state": basis.state})])


def period_of(basis: InvoiceBasis) -> Period:
    return Period(basis.from_day, basis.until_day, basis.establishment_id)


# --- What is there, and what is to be -------------------------------------------------------------------


def on_basis(basis: InvoiceBasis) -> ColumnElement[bool]:
    """The performances that belong on it: its establishment's, or all of its employer's."""
    if basis.establishment_id is not None:
        return Establishment.id == basis.establishment_id
    return Establishment.employer_id == basis.employer_id


def _lock(session: Session, employers: Collection[UUID]) -> None:
    """Of two who make an employer's drafts at once the second goes on with what the first has made."""
    query = select(Employer.id).where(Employer.id.in_(employers)).order_by(Employer.id)
    session.execute(query.with_for_update(key_share=True)).all()


def _drafts(session: Session, employers: Collection[UUID], period: Period) -> dict[UUID, UUID]:
    """By employer, locked: nobody makes one final meanwhile."""
    one = InvoiceBasis
    query = (
        select(one.employer_id, one.id)
        .where(
            one.employer_id.in_(employers),
            one.state == BasisState.DRAFT,
            one.from_day == period.from_day,
            one.until_day == period.until_day,
            one.establishment_id.is_(None)
            if period.establishment_id is None
            else one.establishment_id == period.establishment_id,
        )
        .order_by(one.id)
        .with_for_update(key_share=True)
    )
    return {one.employer_id: one.id for one in session.execute(query)}


def _performances(
    session: Session, employers: Collection[UUID], period: Period, own: Collection[UUID]
) -> list[Released]:
    which: list[ColumnElement[bool]] = [Establishment.employer_id.in_(employers)]
    if period.establishment_id is not None:
        which.append(Establishment.id == period.establishment_id)
    found = released(session, period.until_day, *which)
    return [one for one in found if one.basis_id is None or one.basis_id in own]


def _subscriptions(
    session: Session, employers: Collection[UUID], period: Period, own: Collection[UUID]
) -> list[Due]:
    """Those that begin in it and are on no other basis; of establishments the main one is billed for them."""
    if period.establishment_id is not None:
        place = session.get_one(Establishment, period.establishment_id)
        if not place.is_main:
            return []
    found = due(session, employers, period.from_day, period.until_day)
    one = InvoiceLine
    there = select(one.agreed_model_id, one.subscription_from).where(
        one.agreed_model_id.in_({each.agreed_model_id for each in found}),
        one.subscription_from.is_not(None),
        one.credits_id.is_(None),
        one.basis_id.not_in(own),
    )
    billed = {(model, since) for model, since in session.execute(there)}
    return [each for each in found if (each.agreed_model_id, each.term.from_day) not in billed]


def _begin(session: Session, employers: Iterable[UUID], period: Period) -> dict[UUID, UUID]:
    """New drafts."""
    made = {employer: new_id() for employer in sorted(employers)}
    rows = [
        {
            "id": key,
            "version": 1,
            "employer_id": employer,
            "establishment_id": period.establishment_id,
            "from_day": period.from_day,
            "until_day": period.until_day,
            "state": BasisState.DRAFT,
        }
        for employer, key in made.items()
    ]
    if rows:
        session.execute(insert(BASES), rows)
    return made


def _write(session: Session, drafts: Mapping[UUID, UUID], lines: Iterable[Bill]) -> None:
    """These are the lines of the drafts, beside the credit lines that are there."""
    old = LINES.c.basis_id.in_(list(drafts.values())), LINES.c.credits_id.is_(None)
    session.execute(delete(LINES).where(*old))
    by_basis: defaultdict[UUID, list[Bill]] = defaultdict(list)
    for one in lines:
        by_basis[drafts[one.employer_id]].append(one)
    rows = [
        {"id": new_id(), "basis_id": basis, **one.values}
        for basis, those in by_basis.items()
        for one in those
    ]
    if rows:
        session.execute(insert(LINES), rows)
