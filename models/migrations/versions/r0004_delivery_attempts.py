"""Keep each attempt at a delivery, and count them by rounds."""

import sqlalchemy as sa
from alembic import op

from models import guards
from models.instants import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    guards.remove(op.get_bind())
    op.add_column(
        "deliveries", sa.Column("round", sa.BigInteger(), server_default="1", nullable=False)
    )
    op.create_index(
        "ix_deliveries_due_to_a_receiver",
        "deliveries",
        ["receiver_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=50), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_delivery_attempts_delivery_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
        sa.UniqueConstraint(
            "delivery_id",
            "round",
            "number",
            name=op.f("uq_delivery_attempts_delivery_id_round_number"),
        ),
    )


def downgrade() -> None:
    guards.remove(op.get_bind())
    op.drop_table("delivery_attempts")
    op.drop_index("ix_deliveries_due_to_a_receiver", table_name="deliveries")
    op.drop_column("deliveries", "round")
