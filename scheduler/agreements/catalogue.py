"""What is performed, and the price lists that agreements share. Domain §7 [001]."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.agreements import ContractKind, ContractModel, Frequency, PerformanceType, PriceCategory
from scheduler.refusals import Refusal, RefusedError

CODE_TAKEN = "code_taken"
HALF_A_SUBSCRIPTION = "half_a_subscription"

MESSAGES: Mapping[str, str] = {
    CODE_TAKEN: "there is another one with the code {code}; choose another code",
    HALF_A_SUBSCRIPTION: (
        "a subscription has an amount and a frequency; give both, or none where there is no subscription"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """A price list, perhaps with a subscription: so much for each period of the frequency."""

    kind: ContractKind
    name: str
    frequency: Frequency | None = None
    subscription_cents: int | None = None
    subscription_vat_basis_points: int | None = None


def add_performance_type(session: Session, code: str, name: str) -> UUID:
    """A billable service.

    Raises:
        RefusedError: the code is taken.
    """
    made = PerformanceType(code=code, name=name)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise RefusedError([Refusal(CODE_TAKEN, {"code": code})]) from error
    return made.id


def add_contract_model(session: Session, new: NewModel) -> UUID:
    """A price list, for employers or for suppliers.

    Raises:
        RefusedError: the subscription is half of one.
    """
    if (new.frequency is None) is not (new.subscription_cents is None):
        raise RefusedError([Refusal(HALF_A_SUBSCRIPTION)])
    made = ContractModel(
        kind=new.kind,
        name=new.name,
        frequency=new.frequency,
        subscription_cents=new.subscription_cents,
        subscription_vat_basis_points=new.subscription_vat_basis_points,
    )
    session.add(made)
    session.flush()
    return made.id


def add_price_category(
    session: Session,
    contract_model_id: UUID,
    name: str,
    *,
    vat_basis_points: int | None,
    outside_budget: bool,
) -> UUID:
    """A part of a price list with a VAT rate; without one it is exempt."""
    made = PriceCategory(
        contract_model_id=contract_model_id,
        name=name,
        vat_basis_points=vat_basis_points,
        outside_budget=outside_budget,
    )
    session.add(made)
    session.flush()
    return made.id
