"""Suppliers of hired practitioners, and under which price list each is paid. Domain §7, Suppliers [001]."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agreements import ContractKind, ContractModel
from models.reimbursement import ReimbursementContract, Supplier
from scheduler.guarded import guarded
from scheduler.refusals import Refusal, RefusedError

NOT_FOR_SUPPLIERS = "sale_model"
CONTRACT_TAKEN = "contract_taken"

MESSAGES: Mapping[str, str] = {
    NOT_FOR_SUPPLIERS: "this contract model is for employers; choose one of reimbursement",
    CONTRACT_TAKEN: "the supplier has a contract of this model already",
}


def add(session: Session, code: str, name: str) -> UUID:
    """A supplier.

    Raises:
        RefusedError: the code is taken.
    """
    made = Supplier(code=code, name=name)
    with guarded(session):
        session.add(made)
        session.flush()
    return made.id


def rename(session: Session, supplier: Supplier, name: str) -> None:
    """His code stays: others know him by it."""
    supplier.name = name
    session.flush()


def agree(session: Session, supplier: Supplier, model: ContractModel) -> UUID:
    """A contract: the supplier is paid by this price list, whose payer is always he.

    Raises:
        RefusedError: the model is for employers, or he has such a contract.
    """
    if model.kind is not ContractKind.REIMBURSEMENT:
        raise RefusedError([Refusal(NOT_FOR_SUPPLIERS)])
    there = select(ReimbursementContract.id).where(
        ReimbursementContract.supplier_id == supplier.id,
        ReimbursementContract.contract_model_id == model.id,
    )
    if session.scalar(there) is not None:
        raise RefusedError([Refusal(CONTRACT_TAKEN)])
    made = ReimbursementContract(
        supplier_id=supplier.id, contract_model_id=model.id, kind=ContractKind.REIMBURSEMENT
    )
    session.add(made)
    session.flush()
    return made.id
