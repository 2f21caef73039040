"""Let runs wait to be taken on, be asked for once, and be shared among workers."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy.dialects import postgresql

from models import guards
from models.instants import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BEFORE = ("running", "done", "failed", "cancelled", "taken_back")
AFTER = ("waiting", *BEFORE)


def upgrade() -> None:
    guards.remove(op.get_bind())
    with op.batch_alter_table("job_runs") as runs:
        runs.add_column(sa.Column("occasion", sa.String(length=200), nullable=True))
        runs.add_column(sa.Column("asked_by_id", sa.Uuid(), nullable=True))
        runs.create_unique_constraint("uq_job_runs_occasion", ["occasion"])
        runs.create_foreign_key("fk_job_runs_asked_by_id", "accounts", ["asked_by_id"], ["id"])
        _state(runs, AFTER)
    op.create_index(
        "one_waiting",
        "job_runs",
        ["scope", "kind"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "run_shares",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.LargeBinary(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=True),
        sa.Column(
            "progress",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.id"], name="fk_run_shares_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_run_shares"),
    )
    op.create_index("ix_run_shares_run_id", "run_shares", ["run_id"])


def downgrade() -> None:
    guards.remove(op.get_bind())
    op.drop_index("ix_run_shares_run_id", "run_shares")
    op.drop_table("run_shares")
    op.drop_index("one_waiting", "job_runs")
    op.execute("DELETE FROM job_runs WHERE state = 'waiting'")
    with op.batch_alter_table("job_runs") as runs:
        runs.drop_constraint("uq_job_runs_occasion", type_="unique")
        runs.drop_constraint("fk_job_runs_asked_by_id", type_="foreignkey")
        runs.drop_column("occasion")
        runs.drop_column("asked_by_id")
        _state(runs, BEFORE)


def _state(runs: BatchOperations, words: tuple[str, ...]) -> None:
    runs.drop_constraint("runstate", type_="check")
    listed = ", ".join(repr(word) for word in words)
    runs.create_check_constraint("runstate", f"state IN ({listed})")
