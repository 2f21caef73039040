"""Prepaid yearly budgets: how much there is, what was used and what is left. Domain §7 [000 §3.2.1]."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

from api.http.billed import note_lines
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging, behind, cursor_behind
from api.http.policies import by_right
from api.http.shapes import FIRST_YEAR, LAST_YEAR, Cents, Given, Page, View
from models.agreements import AgreedModel, BudgetScope, ServiceAgreement
from models.audit import Act
from models.billing import BasisState, InvoiceBasis, InvoiceLine
from scheduler.access import Right
from scheduler.billing import budgets, listing
from scheduler.billing.listing import Listed

routes = Routes("billing")

MOST = 100
"""Contract models of one agreement."""
Year = Annotated[int, Field(ge=FIRST_YEAR, lt=LAST_YEAR, examples=[2027])]


class BudgetView(View):
    """A budget in a year. `agreed_model_id`: nothing where it is the agreement's as a whole."""

    agreed_model_id: UUID | None
    cents: int
    used: int
    left: int


class BudgetsView(View):
    """Those of an agreement in a year; none where it has none."""

    version: int
    year: int
    budget_scope: BudgetScope
    budgets: list[BudgetView]


class SpentView(View):
    """A line that a budget paid for, or by which it got something back."""

    id: UUID
    basis_id: UUID
    agreed_model_id: UUID
    performance_id: UUID | None
    performed_on: date | None
    description: str
    price_cents: int
    budget_cents: int


class ModelBudget(Given):
    """Of a contract model within the agreement."""

    agreed_model_id: UUID
    cents: Cents


class BudgetToSet(Given):
    """On the agreement as a whole or per contract model, as `budget_scope` says; models that are not named have none."""

    budget_scope: BudgetScope
    yearly_budget_cents: Cents | None = None
    models: list[ModelBudget] = Field(default=[], max_length=MOST)


class BudgetYear(Given):
    """Which year; this one, unless it is said."""

    year: Year | None = None


class SpentFilters(Paging):
    """Which year; this one, unless it is said."""

    year: Year | None = None


LOOK = by_right(Right.VIEW_BILLING, Right.MANAGE_AGREEMENTS, Right.INVOICE, of=ServiceAgreement)
CHANGE = by_right(Right.MANAGE_AGREEMENTS, of=ServiceAgreement, act=Act.UPDATE)


@routes.get("/service-agreements/{agreement_id}/budgets", LOOK)
def read_budgets(
    call: Call, agreement_id: UUID, which: Annotated[BudgetYear, Query()]
) -> BudgetsView:
    """What the budgets of an agreement are in a year, what was used of them and what is left."""
    return _view(call, call.one(ServiceAgreement, agreement_id), which.year or call.now.year)


@routes.put("/service-agreements/{agreement_id}/budgets", CHANGE, if_match=True)
def set_budgets(call: Call, agreement_id: UUID, given: BudgetToSet) -> BudgetsView:
    """Set the yearly budgets: raised or lowered, what is left is counted anew; what was billed stays as it is."""
    agreement = call.one(ServiceAgreement, agreement_id)
    for one in given.models:
        call.another(AgreedModel, one.agreed_model_id, AgreedModel.agreement_id == agreement.id)
    budgets.change(
        call.session,
        agreement,
        given.budget_scope,
        given.yearly_budget_cents,
        {one.agreed_model_id: one.cents for one in given.models},
    )
    return _view(call, agreement, call.now.year)


@routes.get("/service-agreements/{agreement_id}/budget-lines", LOOK)
def list_budget_lines(
    call: Call, agreement_id: UUID, filters: Annotated[SpentFilters, Query()]
) -> Page[SpentView]:
    """What has used the budgets of an agreement in a year, and what gave something back."""
    agreement = call.one(ServiceAgreement, agreement_id)
    order = (InvoiceLine.id,)
    models = select(AgreedModel.id).where(AgreedModel.agreement_id == agreement.id)
    query = (
        listing.listing()
        .join(InvoiceBasis, InvoiceBasis.id == InvoiceLine.basis_id)
        .where(
            InvoiceLine.agreed_model_id.in_(models),
            InvoiceLine.budget_year == (filters.year or call.now.year),
            InvoiceBasis.state != BasisState.DRAFT,
        )
    )
    if filters.cursor is not None:
        query = query.where(behind(filters.cursor, order))
    rows = call.session.execute(query.order_by(*order).limit(filters.page_size + 1))
    found = [Listed._make(row) for row in rows]
    page = found[: filters.page_size]
    note_lines(call, page)
    following = cursor_behind(page[-1].line, order) if len(found) > len(page) else None
    return Page(items=[_spent(one) for one in page], next=following)


def _view(call: Call, agreement: ServiceAgreement, year: int) -> BudgetsView:
    found = budgets.standing(call.session, agreement, year)
    return BudgetsView(
        version=agreement.version,
        year=year,
        budget_scope=agreement.budget_scope,
        budgets=[BudgetView.model_validate(one) for one in found],
    )


def _spent(one: Listed) -> SpentView:
    own = [name for name in SpentView.model_fields if name != "performed_on"]
    values = {name: getattr(one.line, name) for name in own}
    return SpentView(performed_on=one.performed_on, **values)
