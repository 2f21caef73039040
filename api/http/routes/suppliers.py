"""Suppliers of hired practitioners, and the contracts by which they are paid. Domain §7, Suppliers [001]."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.routes.prices import Code
from api.http.shapes import Given, Line, Page, View
from models.agreements import ContractModel
from models.audit import Act
from models.reimbursement import ReimbursementContract, Supplier
from scheduler.access import Right
from scheduler.billing import suppliers

routes = Routes("billing")


class SupplierView(View):
    """Who supplies practitioners."""

    id: UUID
    version: int
    code: str
    name: str


class NewSupplier(Given):
    """Who supplies practitioners; other systems know him by the code."""

    code: Code
    name: Line


class SupplierName(Given):
    """What is edited of a supplier."""

    name: Line


class ReimbursementContractView(View):
    """By which price list a supplier is paid."""

    id: UUID
    version: int
    supplier_id: UUID
    contract_model_id: UUID


class NewReimbursementContract(Given):
    """A supplier, and a contract model of reimbursement."""

    supplier_id: UUID
    contract_model_id: UUID


class ContractFilters(Paging):
    """Whose contracts."""

    supplier_id: UUID | None = None


SEE = (Right.REIMBURSE, Right.VIEW_BILLING, Right.MANAGE_AGREEMENTS)


@routes.get("/suppliers", everywhere(*SEE, of=Supplier))
def list_suppliers(call: Call, filters: Annotated[Paging, Query()]) -> Page[SupplierView]:
    """The suppliers of practitioners."""
    return call.page(Supplier, SupplierView, filters)


@routes.get("/suppliers/{supplier_id}", everywhere(*SEE, of=Supplier))
def read_supplier(call: Call, supplier_id: UUID) -> SupplierView:
    """One of them."""
    return SupplierView.model_validate(call.one(Supplier, supplier_id))


@routes.post("/suppliers", everywhere(Right.REIMBURSE, of=Supplier, act=Act.CREATE), status=201)
def add_supplier(call: Call, given: NewSupplier) -> SupplierView:
    """Add a supplier."""
    key = suppliers.add(call.session, given.code, given.name)
    return SupplierView.model_validate(call.another(Supplier, key))


@routes.put(
    "/suppliers/{supplier_id}",
    everywhere(Right.REIMBURSE, of=Supplier, act=Act.UPDATE),
    if_match=True,
)
def change_supplier(call: Call, supplier_id: UUID, given: SupplierName) -> SupplierView:
    """Give a supplier another name."""
    supplier = call.one(Supplier, supplier_id)
    suppliers.rename(call.session, supplier, given.name)
    return SupplierView.model_validate(supplier)


@routes.get("/reimbursement-contracts", everywhere(*SEE, of=ReimbursementContract))
def list_reimbursement_contracts(
    call: Call, filters: Annotated[ContractFilters, Query()]
) -> Page[ReimbursementContractView]:
    """By which price lists suppliers are paid."""
    one, wanted = ReimbursementContract, filters.supplier_id
    conditions = [] if wanted is None else [one.supplier_id == wanted]
    return call.page(one, ReimbursementContractView, filters, *conditions)


@routes.get(
    "/reimbursement-contracts/{reimbursement_contract_id}",
    everywhere(*SEE, of=ReimbursementContract),
)
def read_reimbursement_contract(
    call: Call, reimbursement_contract_id: UUID
) -> ReimbursementContractView:
    """One of them."""
    found = call.one(ReimbursementContract, reimbursement_contract_id)
    return ReimbursementContractView.model_validate(found)


@routes.post(
    "/reimbursement-contracts",
    everywhere(Right.REIMBURSE, of=ReimbursementContract, act=Act.CREATE),
    status=201,
)
def add_reimbursement_contract(
    call: Call, given: NewReimbursementContract
) -> ReimbursementContractView:
    """Let a supplier be paid by a price list of reimbursement."""
    supplier = call.another(Supplier, given.supplier_id)
    model = call.another(ContractModel, given.contract_model_id)
    key = suppliers.agree(call.session, supplier, model)
    found = call.another(ReimbursementContract, key)
    return ReimbursementContractView.model_validate(found)
