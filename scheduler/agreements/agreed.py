"""What an employer has agreed: one agreement at a time, with the price lists that it is billed by. Domain §7 [001]."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from models.agreements import (
    AgreedModel,
    BudgetScope,
    ContractKind,
    ContractModel,
    Frequency,
    ServiceAgreement,
)
from models.billing import Performance
from models.organisation import Employer, Establishment
from scheduler.agreements.periods import against, keeping_prices
from scheduler.refusals import Refusal, RefusedError

OVERLAPS = "agreement_overlaps"
MISPLACED = "budget_misplaced"
AGREED_ALREADY = "model_agreed_already"
NOT_FOR_EMPLOYERS = "reimbursement_model"
NOT_SHORTER = "frequency_not_shorter"

MESSAGES: Mapping[str, str] = {
    OVERLAPS: (
        "the employer has an agreement from {from_day} until {until_day}; end that one first, or choose"
        " another period"
    ),
    MISPLACED: (
        "a yearly budget is on the agreement or on its contract models; give it where `budget_scope` says,"
        " and nowhere else"
    ),
    AGREED_ALREADY: "the agreement has this contract model already",
    NOT_FOR_EMPLOYERS: "this contract model is for suppliers; choose one for employers",
    NOT_SHORTER: (
        "the subscription of this contract model cannot be billed by {frequency}; choose one of: {only}"
    ),
}

SHORTER: Mapping[Frequency | None, Sequence[Frequency]] = {
    Frequency.YEAR: (Frequency.HALF_YEAR, Frequency.QUARTER, Frequency.MONTH),
    Frequency.HALF_YEAR: (Frequency.QUARTER, Frequency.MONTH),
    Frequency.QUARTER: (Frequency.MONTH,),
}
"""By which a subscription may be billed in place of its model's frequency [001]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgreedModel:
    """A price list of the agreement, billed by its own frequency unless a shorter one is given."""

    contract_model_id: UUID
    frequency: Frequency | None = None
    yearly_budget_cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgreement:
    """What is agreed. Without `until_day`: until it is ended."""

    employer_id: UUID
    name: str
    from_day: date
    until_day: date | None = None
    budget_scope: BudgetScope = BudgetScope.NONE
    yearly_budget_cents: int | None = None
    models: Sequence[NewAgreedModel] = ()


def add(session: Session, new: NewAgreement) -> UUID:
    """An agreement with its models.

    Raises:
        RefusedError: its period has no day or meets that of another; a budget is where none can be; or
            a model cannot be agreed, or not so.
    """
    _lock(session, new.employer_id)
    made = ServiceAgreement(
        employer_id=new.employer_id,
        name=new.name,
        from_day=new.from_day,
        until_day=new.until_day,
        budget_scope=new.budget_scope,
        yearly_budget_cents=new.yearly_budget_cents,
    )
    refusals = against(new.from_day, new.until_day)
    refusals = refusals or _overlapping(session, new.employer_id, new.from_day, new.until_day)
    if (new.budget_scope is BudgetScope.AGREEMENT) is not (new.yearly_budget_cents is not None):
        refusals = [*refusals, Refusal(MISPLACED)]
    agreed: set[UUID] = set()
    for model in new.models:
        refusals = [*refusals, *_unfit(session, new.budget_scope, model, agreed)]
        agreed.add(model.contract_model_id)
    _refuse(refusals)
    session.add(made)
    session.flush()
    session.add_all(_agreed(made, model) for model in new.models)
    session.flush()
    return made.id


def add_model(session: Session, agreement: ServiceAgreement, new: NewAgreedModel) -> None:
    """Another price list for an agreement; both together are what changed.

    Raises:
        RefusedError: it cannot be agreed, or not so.
    """
    those = select(AgreedModel.contract_model_id).where(AgreedModel.agreement_id == agreement.id)
    _refuse(_unfit(session, agreement.budget_scope, new, set(session.scalars(those))))
    session.add(_agreed(agreement, new))
    flag_modified(agreement, "name")  # its models are rows of their own
    session.flush()


def end(session: Session, agreement: ServiceAgreement, until_day: date) -> None:
    """From this day on nothing is agreed by it.

    Raises:
        RefusedError: it has not begun by then, meets another, or something that was released needs it.
    """
    _lock(session, agreement.employer_id)
    employer, key = agreement.employer_id, agreement.id
    refusals = against(agreement.from_day, until_day)
    _refuse(
        refusals or _overlapping(session, employer, agreement.from_day, until_day, apart_from=key)
    )
    later = Establishment.employer_id == employer, Performance.performed_on >= until_day
    with keeping_prices(session, *later):
        agreement.until_day = until_day


def _lock(session: Session, employer_id: UUID) -> None:
    """Of two agreements for an employer at once the second one sees the first."""
    of = select(Employer.id).where(Employer.id == employer_id)
    session.execute(of.with_for_update(key_share=True)).all()


def _overlapping(
    session: Session,
    employer_id: UUID,
    from_day: date,
    until_day: date | None,
    apart_from: UUID | None = None,
) -> list[Refusal]:
    """A running one is ended before the next one begins [003]."""
    t = ServiceAgreement
    conditions: list[ColumnElement[bool]] = [
        t.employer_id == employer_id,
        or_(t.until_day.is_(None), t.until_day > from_day),
    ]
    if until_day is not None:
        conditions.append(t.from_day < until_day)
    if apart_from is not None:
        conditions.append(t.id != apart_from)
    found = session.scalars(select(t).where(*conditions).order_by(t.from_day)).all()
    return [
        Refusal(OVERLAPS, {"from_day": one.from_day, "until_day": one.until_day or "…"})
        for one in found
    ]


def _unfit(
    session: Session, scope: BudgetScope, new: NewAgreedModel, agreed: set[UUID]
) -> list[Refusal]:
    """Why this price list cannot be in it, or not so."""
    model = session.get_one(ContractModel, new.contract_model_id)
    about = {"contract_model_id": model.id}
    refusals = []
    if model.kind is not ContractKind.SALE:
        refusals.append(Refusal(NOT_FOR_EMPLOYERS, about))
    if model.id in agreed:
        refusals.append(Refusal(AGREED_ALREADY, about))
    only = SHORTER.get(model.frequency, ())
    if new.frequency is not None and new.frequency not in only:
        refusals.append(
            Refusal(NOT_SHORTER, {**about, "frequency": new.frequency, "only": tuple(only) or "-"})
        )
    if new.yearly_budget_cents is not None and scope is not BudgetScope.MODEL:
        refusals.append(Refusal(MISPLACED, about))
    return refusals


def _agreed(agreement: ServiceAgreement, new: NewAgreedModel) -> AgreedModel:
    return AgreedModel(
        agreement_id=agreement.id,
        contract_model_id=new.contract_model_id,
        budget_scope=agreement.budget_scope,
        kind=ContractKind.SALE,
        frequency=new.frequency,
        yearly_budget_cents=new.yearly_budget_cents,
    )


def _refuse(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise RefusedError(refusals)
