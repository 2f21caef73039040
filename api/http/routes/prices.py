"""Price lists: what is performed, contract models, their categories, and prices. Domain §7 [001]."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints
from sqlalchemy import or_

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.shapes import Cents, Day, Flag, Given, Line, Page, View
from models.agreements import (
    ContractKind,
    ContractModel,
    Frequency,
    PerformanceType,
    Price,
    PriceCategory,
)
from models.audit import Act
from scheduler.access import Right
from scheduler.agreements import NewModel, NewPrice, catalogue, pricing

routes = Routes("agreements")

LOOK = (Right.VIEW_BILLING, Right.MANAGE_AGREEMENTS)
MANAGE = Right.MANAGE_AGREEMENTS

Code = Annotated[
    str,
    StringConstraints(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._-]+$"),
    Field(examples=["CONSULT"]),
]
Vat = Annotated[int, Field(strict=True, ge=0, le=10_000, examples=[2100])]
"""Hundredths of a percent."""


class PerformanceTypeView(View):
    """A billable service."""

    id: UUID
    version: int
    code: str
    name: str


class NewPerformanceType(Given):
    """A billable service; the code is what invoices and other systems know it by."""

    code: Code
    name: Line


class ContractModelView(View):
    """A price list. `subscription_cents`: for one period of `frequency`."""

    id: UUID
    version: int
    kind: ContractKind
    name: str
    frequency: Frequency | None
    subscription_cents: int | None
    subscription_vat_basis_points: int | None


class NewContractModel(Given):
    """A price list, perhaps with a subscription; without a VAT rate that is exempt."""

    kind: ContractKind
    name: Line
    frequency: Frequency | None = None
    subscription_cents: Cents | None = None
    subscription_vat_basis_points: Vat | None = None


class PriceCategoryView(View):
    """A part of a price list. `vat_basis_points`: nothing where it is exempt. `outside_budget`: no budget pays for it."""

    id: UUID
    version: int
    contract_model_id: UUID
    name: str
    vat_basis_points: int | None
    outside_budget: bool


class NewPriceCategory(Given):
    """A part of a price list; without a VAT rate it is exempt."""

    contract_model_id: UUID
    name: Line
    vat_basis_points: Vat | None = None
    outside_budget: Flag = False


class PriceView(View):
    """What a performance costs from a day until another, which is not included; or until it is ended."""

    id: UUID
    price_category_id: UUID
    performance_type_id: UUID
    from_day: date
    until_day: date | None
    cents: int


class PriceToAdd(Given):
    """What a performance costs from a day until another, which is not included; or until it is ended."""

    price_category_id: UUID
    performance_type_id: UUID
    from_day: Day
    until_day: Day | None = None
    cents: Cents


class Ending(Given):
    """The first day that is not included any more."""

    until_day: Day


class ModelFilters(Paging):
    """Which price lists."""

    kind: ContractKind | None = None


class CategoryFilters(Paging):
    """Which categories."""

    contract_model_id: UUID | None = None


class PriceFilters(Paging):
    """Which prices."""

    price_category_id: UUID | None = None
    performance_type_id: UUID | None = None
    on: Day | None = Field(default=None, description="that hold on this day")


OF_TYPES = everywhere(*LOOK, Right.MANAGE_TYPES, of=PerformanceType)


@routes.get("/performance-types", OF_TYPES)
def list_performance_types(
    call: Call, filters: Annotated[Paging, Query()]
) -> Page[PerformanceTypeView]:
    """What can be performed, and billed."""
    return call.page(PerformanceType, PerformanceTypeView, filters)


@routes.get("/performance-types/{performance_type_id}", OF_TYPES)
def read_performance_type(call: Call, performance_type_id: UUID) -> PerformanceTypeView:
    """One of them."""
    return PerformanceTypeView.model_validate(call.one(PerformanceType, performance_type_id))


@routes.post(
    "/performance-types", everywhere(MANAGE, of=PerformanceType, act=Act.CREATE), status=201
)
def add_performance_type(call: Call, given: NewPerformanceType) -> PerformanceTypeView:
    """Add something that can be performed."""
    key = catalogue.add_performance_type(call.session, given.code, given.name)
    return PerformanceTypeView.model_validate(call.another(PerformanceType, key))


@routes.get("/contract-models", everywhere(*LOOK, of=ContractModel))
def list_contract_models(
    call: Call, filters: Annotated[ModelFilters, Query()]
) -> Page[ContractModelView]:
    """The price lists."""
    wanted = [] if filters.kind is None else [ContractModel.kind == filters.kind]
    return call.page(ContractModel, ContractModelView, filters, *wanted)


@routes.get("/contract-models/{contract_model_id}", everywhere(*LOOK, of=ContractModel))
def read_contract_model(call: Call, contract_model_id: UUID) -> ContractModelView:
    """One of them."""
    return ContractModelView.model_validate(call.one(ContractModel, contract_model_id))


@routes.post("/contract-models", everywhere(MANAGE, of=ContractModel, act=Act.CREATE), status=201)
def add_contract_model(call: Call, given: NewContractModel) -> ContractModelView:
    """Add a price list, for employers or for suppliers."""
    key = catalogue.add_contract_model(call.session, NewModel(**given.model_dump()))
    return ContractModelView.model_validate(call.another(ContractModel, key))


@routes.get("/price-categories", everywhere(*LOOK, of=PriceCategory))
def list_price_categories(
    call: Call, filters: Annotated[CategoryFilters, Query()]
) -> Page[PriceCategoryView]:
    """The parts of price lists."""
    one, wanted = PriceCategory, filters.contract_model_id
    conditions = [] if wanted is None else [one.contract_model_id == wanted]
    return call.page(one, PriceCategoryView, filters, *conditions)


@routes.get("/price-categories/{price_category_id}", everywhere(*LOOK, of=PriceCategory))
def read_price_category(call: Call, price_category_id: UUID) -> PriceCategoryView:
    """One of them."""
    return PriceCategoryView.model_validate(call.one(PriceCategory, price_category_id))


@routes.post("/price-categories", everywhere(MANAGE, of=PriceCategory, act=Act.CREATE), status=201)
def add_price_category(call: Call, given: NewPriceCategory) -> PriceCategoryView:
    """Add a part to a price list."""
    model = call.another(ContractModel, given.contract_model_id)
    key = catalogue.add_price_category(
        call.session,
        model.id,
        given.name,
        vat_basis_points=given.vat_basis_points,
        outside_budget=given.outside_budget,
    )
    return PriceCategoryView.model_validate(call.another(PriceCategory, key))


@routes.get("/prices", everywhere(*LOOK, of=Price))
def list_prices(call: Call, filters: Annotated[PriceFilters, Query()]) -> Page[PriceView]:
    """The prices."""
    one, conditions = Price, []
    if filters.price_category_id is not None:
        conditions.append(one.price_category_id == filters.price_category_id)
    if filters.performance_type_id is not None:
        conditions.append(one.performance_type_id == filters.performance_type_id)
    if filters.on is not None:
        conditions.append(one.from_day <= filters.on)
        conditions.append(or_(one.until_day.is_(None), one.until_day > filters.on))
    return call.page(one, PriceView, filters, *conditions)


@routes.get("/prices/{price_id}", everywhere(*LOOK, of=Price))
def read_price(call: Call, price_id: UUID) -> PriceView:
    """One of them."""
    return PriceView.model_validate(call.one(Price, price_id))


@routes.post("/prices", everywhere(MANAGE, of=Price, act=Act.CREATE), status=201)
def add_price(call: Call, given: PriceToAdd) -> PriceView:
    """Add a price, in a period in which there is none."""
    call.another(PriceCategory, given.price_category_id)
    call.another(PerformanceType, given.performance_type_id)
    key = pricing.add(call.session, NewPrice(**given.model_dump()))
    return PriceView.model_validate(call.another(Price, key))


@routes.post("/prices/{price_id}/end", everywhere(MANAGE, of=Price, act=Act.UPDATE))
def end_price(call: Call, price_id: UUID, given: Ending) -> PriceView:
    """Let it end; what was released keeps its price."""
    price = call.one(Price, price_id)
    pricing.end(call.session, price, given.until_day)
    return PriceView.model_validate(price)
