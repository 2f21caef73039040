"""Keep mails that are no reminders, and each attempt at a mail; let templates name their sender."""

import sqlalchemy as sa
from alembic import op

from models import guards
from models.instants import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS = ("asked", "notice", "sender_code")
RECIPIENTS = ("employee", "practitioner", "contact_person", "case_manager")
STATES = ("due", "sent", "failed", "not_authorised", "cancelled")
REFERRED = {
    "event_id": "events",
    "template_id": "templates",
    "account_id": "accounts",
    "sender_id": "senders",
    "appointment_id": "appointments",
    "request_id": "requests",
    "case_id": "cases",
    "employee_id": "employees",
}


def _word(
    name: str, codes: tuple[str, ...], kind: str, *, nullable: bool = False
) -> "sa.Column[str]":
    one_of = sa.Enum(*codes, name=kind, native_enum=False, length=30, create_constraint=True)
    return sa.Column(name, one_of, nullable=nullable)


def upgrade() -> None:
    guards.remove(op.get_bind())
    op.add_column(
        "mail_servers",
        sa.Column("implicit_tls", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    with op.batch_alter_table("templates") as templates:
        templates.add_column(sa.Column("sender_id", sa.Uuid(), nullable=True))
        templates.create_foreign_key("fk_templates_sender_id", "senders", ["sender_id"], ["id"])
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        _word("kind", KINDS, "messagekind"),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in REFERRED),
        _word("recipient", RECIPIENTS, "recipient", nullable=True),
        sa.Column("to_previous", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        _word("state", STATES, "deliverystate"),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=f"fk_messages_{name}")
            for name, table in REFERRED.items()
        ),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("event_id", "to_previous", name="uq_messages_event_id_to_previous"),
    )
    op.create_index(
        "ix_messages_due",
        "messages",
        ["due_at"],
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_table(
        "mail_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reminder_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("server_id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=50), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN reminder_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN message_id IS NULL THEN 0 ELSE 1 END = 1",
            name="attempt_at_one",
        ),
        sa.ForeignKeyConstraint(
            ["reminder_id"], ["reminders.id"], name="fk_mail_attempts_reminder_id"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name="fk_mail_attempts_message_id"
        ),
        sa.ForeignKeyConstraint(
            ["server_id"], ["mail_servers.id"], name="fk_mail_attempts_server_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mail_attempts"),
    )
    op.create_index("ix_mail_attempts_server_id_at", "mail_attempts", ["server_id", "at"])
    for name in ("reminder_id", "message_id"):
        op.create_index(f"ix_mail_attempts_{name}", "mail_attempts", [name])


def downgrade() -> None:
    guards.remove(op.get_bind())
    op.drop_table("mail_attempts")
    op.drop_table("messages")
    with op.batch_alter_table("templates") as templates:
        templates.drop_constraint("fk_templates_sender_id", type_="foreignkey")
        templates.drop_column("sender_id")
    op.drop_column("mail_servers", "implicit_tls")
