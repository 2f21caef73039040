"""What the suppliers of hired practitioners are paid. Domain §7, Suppliers [001]."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.agreements import ContractKind
from models.base import Base, Cents, Code, Keyed, Versioned, line, reference


class Supplier(Versioned, Base):
    """Who supplies practitioners."""

    __tablename__ = "suppliers"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = line()


class ReimbursementContract(Versioned, Base):
    """Under which a supplier is paid; its model is always one of reimbursement."""

    __tablename__ = "reimbursement_contracts"
    __table_args__ = (
        UniqueConstraint("supplier_id", "contract_model_id"),
        ForeignKeyConstraint(
            ["contract_model_id", "kind"], ["contract_models.id", "contract_models.kind"]
        ),
        CheckConstraint("kind = 'reimbursement'", name="only_reimbursement"),
    )

    supplier_id: Mapped[UUID] = reference("suppliers")
    contract_model_id: Mapped[UUID]
    kind: Mapped[ContractKind] = mapped_column(default=ContractKind.REIMBURSEMENT)


class BatchState(Code):
    """Of a reimbursement batch."""

    DRAFT = "draft"
    FINAL = "final"


class ReimbursementBatch(Versioned, Base):
    """Submitted performances up to a day, to be paid; once final it never changes (`final_stays`)."""

    __tablename__ = "reimbursement_batches"

    state: Mapped[BatchState]
    reference_on: Mapped[date]
    supplier_id: Mapped[UUID | None] = reference("suppliers")
    contract_model_id: Mapped[UUID | None] = reference("contract_models")
    holder_id: Mapped[UUID | None] = reference("accounts")
    """What the batch was filtered by; nothing: all."""


class Decision(Code):
    """About a line of a batch; a deferred one comes back in the next."""

    REIMBURSED = "reimbursed"
    EXCLUDED = "excluded"
    DEFERRED = "deferred"


class ReimbursementLine(Keyed, Base):
    """A performance, and what becomes of its reimbursement; the rate may be 0, and a refund's is less."""

    __tablename__ = "reimbursement_lines"
    __table_args__ = (
        UniqueConstraint("batch_id", "performance_id"),
        Index(
            "decided_once",
            "performance_id",
            unique=True,
            sqlite_where=text("decision <> 'deferred'"),
            postgresql_where=text("decision <> 'deferred'"),
        ),
    )

    batch_id: Mapped[UUID] = reference("reimbursement_batches")
    performance_id: Mapped[UUID] = reference("performances")
    contract_id: Mapped[UUID] = reference("reimbursement_contracts")
    decision: Mapped[Decision]
    cents: Mapped[Cents]
