"""Keep who is invited to what, and what he answered; let a feed say whose it is."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from models import guards
from models.instants import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = ("asked", "notice", "sender_code")
METHODS = ("request", "cancel")
ANSWERS = ("accepted", "declined", "another_time")
THEIRS = "SELECT id FROM messages WHERE kind = 'invitation'"


def upgrade() -> None:
    guards.remove(op.get_bind())
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_invitations_appointment_id"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_invitations_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint(
            "appointment_id",
            "practitioner_id",
            name="uq_invitations_appointment_id_practitioner_id",
        ),
    )
    op.create_index(
        "one_invitation_of_the_employee",
        "invitations",
        ["appointment_id"],
        unique=True,
        sqlite_where=sa.text("practitioner_id IS NULL"),
        postgresql_where=sa.text("practitioner_id IS NULL"),
    )
    op.create_table(
        "invitation_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column(
            "answer",
            sa.Enum(*ANSWERS, name="answer", native_enum=False, length=30, create_constraint=True),
            nullable=False,
        ),
        sa.Column("remark", sa.String(length=500), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name="fk_invitation_answers_invitation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitation_answers"),
    )
    op.create_index("ix_invitation_answers_invitation_id", "invitation_answers", ["invitation_id"])
    with op.batch_alter_table("messages") as messages:
        messages.add_column(sa.Column("invitation_id", sa.Uuid(), nullable=True))
        messages.add_column(sa.Column("method", sa.String(length=30), nullable=True))
        messages.add_column(sa.Column("sequence", sa.BigInteger(), nullable=True))
        _of_kinds(messages, *KINDS, "invitation")
        messages.create_check_constraint("method", f"method IN ({_listed(METHODS)})")
        messages.create_check_constraint(
            "of_an_invitation", "(kind = 'invitation') = (invitation_id IS NOT NULL)"
        )
        messages.create_foreign_key(
            "fk_messages_invitation_id", "invitations", ["invitation_id"], ["id"]
        )
        messages.create_index("ix_messages_invitation_id", ["invitation_id"])
    # nobody could make a feed before
    op.execute("DELETE FROM feeds")
    with op.batch_alter_table("feeds") as feeds:
        feeds.add_column(sa.Column("account_id", sa.Uuid(), nullable=False))
        feeds.add_column(sa.Column("created_at", Instant(), nullable=False))
        feeds.create_foreign_key("fk_feeds_account_id", "accounts", ["account_id"], ["id"])
        feeds.create_index("ix_feeds_account_id", ["account_id"])


def downgrade() -> None:
    guards.remove(op.get_bind())
    with op.batch_alter_table("feeds") as feeds:
        feeds.drop_index("ix_feeds_account_id")
        feeds.drop_constraint("fk_feeds_account_id", type_="foreignkey")
        feeds.drop_column("created_at")
        feeds.drop_column("account_id")
    op.execute(f"DELETE FROM mail_attempts WHERE message_id IN ({THEIRS})")  # noqa: S608 (our own words)
    op.execute("DELETE FROM messages WHERE kind = 'invitation'")
    with op.batch_alter_table("messages") as messages:
        messages.drop_index("ix_messages_invitation_id")
        messages.drop_constraint("fk_messages_invitation_id", type_="foreignkey")
        messages.drop_constraint("of_an_invitation", type_="check")
        messages.drop_constraint("method", type_="check")
        _of_kinds(messages, *KINDS)
        messages.drop_column("sequence")
        messages.drop_column("method")
        messages.drop_column("invitation_id")
    op.drop_table("invitation_answers")
    op.drop_table("invitations")


def _of_kinds(messages: BatchOperations, *kinds: str) -> None:
    messages.drop_constraint("messagekind", type_="check")
    messages.create_check_constraint("messagekind", f"kind IN ({_listed(kinds)})")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{one}'" for one in words)
