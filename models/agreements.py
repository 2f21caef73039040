"""What an employer pays for what: agreements, contract models, categories, prices. Domain §7."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Cents, Code, Keyed, Versioned, line, reference


class PerformanceType(Versioned, Base):
    """A billable service."""

    __tablename__ = "performance_types"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = line()


class ContractKind(Code):
    """Whom the prices are for: employers, or the suppliers of hired practitioners."""

    SALE = "sale"
    REIMBURSEMENT = "reimbursement"


class Frequency(Code):
    """How often a subscription is billed."""

    YEAR = "year"
    HALF_YEAR = "half_year"
    QUARTER = "quarter"
    MONTH = "month"


class ContractModel(Versioned, Base):
    """A price list that agreements share."""

    __tablename__ = "contract_models"
    __table_args__ = (
        UniqueConstraint("id", "kind"),
        CheckConstraint(
            "(frequency IS NULL) = (subscription_cents IS NULL)", name="subscription_frequency"
        ),
        CheckConstraint("subscription_cents >= 0", name="subscription_cents"),
    )

    kind: Mapped[ContractKind]
    name: Mapped[str] = line()
    frequency: Mapped[Frequency | None]
    subscription_cents: Mapped[Cents | None]
    """For one period of `frequency`."""
    subscription_vat_basis_points: Mapped[int | None]
    """As that of a price category; nothing: exempt."""


class PriceCategory(Versioned, Base):
    """Prices of a model that share a VAT rate and their place in the budget."""

    __tablename__ = "price_categories"
    __table_args__ = (CheckConstraint("vat_basis_points >= 0", name="vat_rate"),)

    contract_model_id: Mapped[UUID] = reference("contract_models", index=True)
    name: Mapped[str] = line()
    vat_basis_points: Mapped[int | None]
    """Hundredths of a percent: 2100 is 21 %; nothing: exempt, which is not 0 %."""
    outside_budget: Mapped[bool] = mapped_column(default=False)
    """Billed as usual, and the budget stays whole [000 §3.2.1]."""


class Price(Keyed, Base):
    """What a performance costs in a period; periods of one price never overlap (`one_price`)."""

    __tablename__ = "prices"
    __table_args__ = (
        CheckConstraint("until_day > from_day", name="price_period"),
        CheckConstraint("cents >= 0", name="price_cents"),
        Index(None, "price_category_id", "performance_type_id", "from_day"),
    )

    price_category_id: Mapped[UUID] = reference("price_categories")
    performance_type_id: Mapped[UUID] = reference("performance_types")
    from_day: Mapped[date]
    until_day: Mapped[date | None]
    cents: Mapped[Cents]


class BudgetScope(Code):
    """Where the prepaid yearly budget is: on the agreement or per contract model, never both [000 §3.2.1]."""

    NONE = "none"
    AGREEMENT = "agreement"
    MODEL = "model"


class ServiceAgreement(Versioned, Base):
    """What an employer has agreed, for a period."""

    __tablename__ = "service_agreements"
    __table_args__ = (
        UniqueConstraint("id", "budget_scope"),
        CheckConstraint("until_day > from_day", name="agreement_period"),
        CheckConstraint(
            "(budget_scope = 'agreement') = (yearly_budget_cents IS NOT NULL)",
            name="agreement_budget",
        ),
        CheckConstraint("yearly_budget_cents >= 0", name="budget_cents"),
    )

    employer_id: Mapped[UUID] = reference("employers", index=True)
    name: Mapped[str] = line()
    from_day: Mapped[date]
    until_day: Mapped[date | None]
    budget_scope: Mapped[BudgetScope] = mapped_column(default=BudgetScope.NONE)
    yearly_budget_cents: Mapped[Cents | None]


class AgreedModel(Versioned, Base):
    """A contract model within an agreement.

    The repeated columns let the two references prove what no CHECK could: that the model is none of
    reimbursement, and that only one of agreement and models has a budget.
    """

    __tablename__ = "agreed_models"
    __table_args__ = (
        UniqueConstraint("agreement_id", "contract_model_id"),
        ForeignKeyConstraint(
            ["agreement_id", "budget_scope"],
            ["service_agreements.id", "service_agreements.budget_scope"],
            onupdate="CASCADE",
        ),
        ForeignKeyConstraint(
            ["contract_model_id", "kind"], ["contract_models.id", "contract_models.kind"]
        ),
        CheckConstraint("kind = 'sale'", name="never_reimbursement"),
        CheckConstraint(
            "budget_scope = 'model' OR yearly_budget_cents IS NULL", name="model_budget"
        ),
        CheckConstraint("yearly_budget_cents >= 0", name="budget_cents"),
    )

    agreement_id: Mapped[UUID]
    contract_model_id: Mapped[UUID]
    budget_scope: Mapped[BudgetScope]
    kind: Mapped[ContractKind] = mapped_column(default=ContractKind.SALE)
    frequency: Mapped[Frequency | None]
    """Shorter than the model's own; nothing: the model's [001]."""
    yearly_budget_cents: Mapped[Cents | None]
