"""Keep when practitioners are busy by their own calendars."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from models import guards
from models.instants import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    guards.remove(op.get_bind())
    json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    op.create_table(
        "own_calendars",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("etag", sa.String(length=200), nullable=True),
        sa.Column("last_modified", sa.String(length=100), nullable=True),
        sa.Column("tried_at", Instant(), nullable=True),
        sa.Column("read_at", Instant(), nullable=True),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("trouble", sa.String(length=50), nullable=True),
        sa.Column("skipped", json, nullable=True),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_own_calendars_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_own_calendars"),
    )
    op.create_index("ix_own_calendars_practitioner_id", "own_calendars", ["practitioner_id"])
    op.create_table(
        "busy_times",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("own_calendar_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="busy_period"),
        sa.ForeignKeyConstraint(
            ["own_calendar_id"], ["own_calendars.id"], name="fk_busy_times_own_calendar_id"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_busy_times_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_busy_times"),
    )
    op.create_index("ix_busy_times_own_calendar_id", "busy_times", ["own_calendar_id"])
    op.create_index(
        "ix_busy_times_practitioner_id_ends_at", "busy_times", ["practitioner_id", "ends_at"]
    )


def downgrade() -> None:
    guards.remove(op.get_bind())
    op.drop_table("busy_times")
    op.drop_table("own_calendars")
