"""Service agreements of employers, and who may write performances. Domain §7 [001]."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import or_, select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.routes.prices import LOOK, MANAGE, Ending
from api.http.shapes import Cents, Day, Flag, Given, Line, Page, View
from models.access import Account
from models.agreements import (
    AgreedModel,
    BudgetScope,
    ContractModel,
    Frequency,
    ServiceAgreement,
)
from models.audit import Act
from models.organisation import Employer
from models.reimbursement import ReimbursementContract
from scheduler.agreements import NewAgreedModel, NewAgreement, agreed, writers

routes = Routes("agreements")

MOST = 100
"""Contract models of one agreement."""


class AgreedModelView(View):
    """A price list within an agreement. `frequency`: nothing where it is the model's own."""

    id: UUID
    contract_model_id: UUID
    frequency: Frequency | None
    yearly_budget_cents: int | None


class AgreementView(View):
    """What an employer has agreed from a day until another, which is not included; or until it is ended."""

    id: UUID
    version: int
    employer_id: UUID
    name: str
    from_day: date
    until_day: date | None
    budget_scope: BudgetScope
    yearly_budget_cents: int | None
    models: list[AgreedModelView] = Field(default_factory=list)


class ModelToAgree(Given):
    """A price list, billed by its own frequency unless a shorter one is given."""

    contract_model_id: UUID
    frequency: Frequency | None = None
    yearly_budget_cents: Cents | None = None

    def as_wish(self) -> NewAgreedModel:
        return NewAgreedModel(**self.model_dump())


class AgreementToAdd(Given):
    """What is agreed. A yearly budget is on the agreement or on its models, as `budget_scope` says."""

    employer_id: UUID
    name: Line
    from_day: Day
    until_day: Day | None = None
    budget_scope: BudgetScope = BudgetScope.NONE
    yearly_budget_cents: Cents | None = None
    models: list[ModelToAgree] = Field(default=[], max_length=MOST)

    def as_wish(self) -> NewAgreement:
        models = [one.as_wish() for one in self.models]
        return NewAgreement(**self.model_dump(exclude={"models"}), models=models)


class AgreementFilters(Paging):
    """Which agreements."""

    employer_id: UUID | None = None
    on: Day | None = Field(default=None, description="that hold on this day")


class ContractView(View):
    """What a user may write, and how his supplier is paid for it, where he is hired."""

    id: UUID
    version: int
    may_write_performances: bool
    reimbursement_contract_id: UUID | None


class Contract(Given):
    """What a user may write: who may not write performances completes nothing that is billed.

    Without a reimbursement contract nobody is paid for what he writes.
    """

    may_write_performances: Flag
    reimbursement_contract_id: UUID | None = None


VIEW_AGREEMENTS = by_right(*LOOK, of=ServiceAgreement)
VIEW_CONTRACTS = by_right(*LOOK, of=Account)


@routes.get("/service-agreements", VIEW_AGREEMENTS)
def list_service_agreements(
    call: Call, filters: Annotated[AgreementFilters, Query()]
) -> Page[AgreementView]:
    """What the employers in your part of the organisation have agreed."""
    one, conditions = ServiceAgreement, []
    if filters.employer_id is not None:
        conditions.append(one.employer_id == filters.employer_id)
    if filters.on is not None:
        conditions.append(one.from_day <= filters.on)
        conditions.append(or_(one.until_day.is_(None), one.until_day > filters.on))
    found, following = call.rows(one, filters, *conditions)
    return Page(items=_views(call, found), next=following)


@routes.get("/service-agreements/{agreement_id}", VIEW_AGREEMENTS)
def read_service_agreement(call: Call, agreement_id: UUID) -> AgreementView:
    """One of them."""
    return _views(call, [call.one(ServiceAgreement, agreement_id)])[0]


@routes.post(
    "/service-agreements", by_right(MANAGE, of=ServiceAgreement, act=Act.CREATE), status=201
)
def add_service_agreement(call: Call, given: AgreementToAdd) -> AgreementView:
    """Add an agreement, in a period in which the employer has none."""
    call.another(Employer, given.employer_id)
    for model in given.models:
        call.another(ContractModel, model.contract_model_id)
    key = agreed.add(call.session, given.as_wish())
    return _views(call, [call.another(ServiceAgreement, key)])[0]


@routes.post(
    "/service-agreements/{agreement_id}/models",
    by_right(MANAGE, of=ServiceAgreement, act=Act.UPDATE),
    if_match=True,
    status=201,
)
def add_agreed_model(call: Call, agreement_id: UUID, given: ModelToAgree) -> AgreementView:
    """Add a price list to an agreement."""
    agreement = call.one(ServiceAgreement, agreement_id)
    call.another(ContractModel, given.contract_model_id)
    agreed.add_model(call.session, agreement, given.as_wish())
    return _views(call, [agreement])[0]


@routes.post(
    "/service-agreements/{agreement_id}/end",
    by_right(MANAGE, of=ServiceAgreement, act=Act.UPDATE),
    if_match=True,
)
def end_service_agreement(call: Call, agreement_id: UUID, given: Ending) -> AgreementView:
    """Let it end; what was released keeps its price."""
    agreement = call.one(ServiceAgreement, agreement_id)
    agreed.end(call.session, agreement, given.until_day)
    return _views(call, [agreement])[0]


@routes.get("/accounts/{account_id}/contract", VIEW_CONTRACTS)
def read_contract(call: Call, account_id: UUID) -> ContractView:
    """What a user may write, and how his supplier is paid for it."""
    return ContractView.model_validate(call.one(Account, account_id))


@routes.put(
    "/accounts/{account_id}/contract",
    by_right(MANAGE, of=Account, act=Act.UPDATE),
    if_match=True,
)
def change_contract(call: Call, account_id: UUID, given: Contract) -> ContractView:
    """Say whether a user may write performances, and under which contract his supplier is paid for them."""
    account = call.one(Account, account_id)
    if given.reimbursement_contract_id is not None:
        call.another(ReimbursementContract, given.reimbursement_contract_id)
    writers.let_write(
        call.session,
        account,
        may_write=given.may_write_performances,
        reimbursement_contract_id=given.reimbursement_contract_id,
    )
    return ContractView.model_validate(account)


def _views(call: Call, found: Sequence[ServiceAgreement]) -> list[AgreementView]:
    views = {one.id: AgreementView.model_validate(one) for one in found}
    those = select(AgreedModel).where(AgreedModel.agreement_id.in_(views)).order_by(AgreedModel.id)
    for model in call.session.scalars(those):
        views[model.agreement_id].models.append(AgreedModelView.model_validate(model))
    return list(views.values())
