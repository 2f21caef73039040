"""Bill: one draft of a period, whom it is addressed to, VAT of subscriptions, refunds that suppliers pay back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from models import guards

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RELEASED = sa.text("state = 'released'")
DRAFTS = {
    "one_draft": ("establishment_id IS NULL", ()),
    "one_draft_of_establishment": ("establishment_id IS NOT NULL", ("establishment_id",)),
}


def upgrade() -> None:
    guards.remove(op.get_bind())
    op.add_column("contract_models", sa.Column("subscription_vat_basis_points", sa.BigInteger()))
    op.add_column("invoice_lines", sa.Column("cost_centre", sa.String(50)))
    json = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column("invoice_bases", sa.Column("parties", json))
    for name, (which, columns) in DRAFTS.items():
        drafts = sa.text(f"state = 'draft' AND {which}")
        keys = ["employer_id", *columns, "from_day", "until_day"]
        op.create_index(
            name,
            "invoice_bases",
            keys,
            unique=True,
            sqlite_where=drafts,
            postgresql_where=drafts,
        )
    op.create_index(
        "ix_performances_released",
        "performances",
        ["establishment_id", "performed_on"],
        sqlite_where=RELEASED,
        postgresql_where=RELEASED,
    )
    _reimbursement_lines()


def downgrade() -> None:
    guards.remove(op.get_bind())
    _reimbursement_lines(sa.CheckConstraint("cents >= 0", name="reimbursed_cents"))
    op.drop_index("ix_performances_released", table_name="performances")
    for name in DRAFTS:
        op.drop_index(name, table_name="invoice_bases")
    op.drop_column("invoice_bases", "parties")
    op.drop_column("invoice_lines", "cost_centre")
    op.drop_column("contract_models", "subscription_vat_basis_points")


def _reimbursement_lines(*checks: sa.CheckConstraint) -> None:
    """Made anew: nothing has written them before, and a refund's are negative from now on."""
    op.drop_table("reimbursement_lines")
    decisions = ("reimbursed", "excluded", "deferred")
    decided = sa.text("decision <> 'deferred'")
    op.create_table(
        "reimbursement_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("performance_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                *decisions, name="decision", native_enum=False, length=30, create_constraint=True
            ),
            nullable=False,
        ),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        *checks,
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=f"fk_reimbursement_lines_{name}")
            for name, table in (
                ("batch_id", "reimbursement_batches"),
                ("performance_id", "performances"),
                ("contract_id", "reimbursement_contracts"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reimbursement_lines"),
        sa.UniqueConstraint(
            "batch_id",
            "performance_id",
            name="uq_reimbursement_lines_batch_id_performance_id",
        ),
    )
    op.create_index(
        "decided_once",
        "reimbursement_lines",
        ["performance_id"],
        unique=True,
        sqlite_where=decided,
        postgresql_where=decided,
    )
