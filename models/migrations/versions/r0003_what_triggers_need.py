"""Let triggers begin and end, tell whom a firing was about, and fire once for what a day brings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from models import guards
from models.instants import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REFERRED = {"employee_id": "employees", "appointment_id": "appointments"}


def upgrade() -> None:
    guards.remove(op.get_bind())
    op.add_column("cases", sa.Column("recovered_in_part_on", sa.Date(), nullable=True))
    op.add_column("triggers", sa.Column("since", Instant(), nullable=True))
    op.add_column("triggers", sa.Column("removed_at", Instant(), nullable=True))
    with op.batch_alter_table("tasks") as tasks:
        tasks.add_column(sa.Column("role_id", sa.Uuid(), nullable=True))
        tasks.create_foreign_key("fk_tasks_role_id", "roles", ["role_id"], ["id"])
        tasks.create_index("ix_tasks_role_id", ["role_id"])
    with op.batch_alter_table("trigger_firings") as firings:
        for name, table in REFERRED.items():
            firings.add_column(sa.Column(name, sa.Uuid(), nullable=True))
            firings.create_foreign_key(f"fk_trigger_firings_{name}", table, [name], ["id"])
        firings.add_column(
            sa.Column(
                "unplanned",
                sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
                nullable=True,
            )
        )
    op.create_table(
        "occurrences",
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "subject_id", "on_day", name="pk_occurrences"),
    )


def downgrade() -> None:
    guards.remove(op.get_bind())
    op.drop_table("occurrences")
    with op.batch_alter_table("trigger_firings") as firings:
        firings.drop_column("unplanned")
        for name in REFERRED:
            firings.drop_constraint(f"fk_trigger_firings_{name}", type_="foreignkey")
            firings.drop_column(name)
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_index("ix_tasks_role_id")
        tasks.drop_constraint("fk_tasks_role_id", type_="foreignkey")
        tasks.drop_column("role_id")
    op.drop_column("triggers", "removed_at")
    op.drop_column("triggers", "since")
    op.drop_column("cases", "recovered_in_part_on")
