"""Make every table, as Alembic wrote it; the guards are `models.guards`'."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from models import guards
from models.instants import Instant, within_a_day
from models.prefixes import folded

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


TABLES = (
    "address_languages",
    "audit_records",
    "audit_seals",
    "case_kinds",
    "contract_models",
    "employees",
    "employers",
    "functions",
    "groups",
    "job_runs",
    "locations",
    "mail_servers",
    "network_failures",
    "number_series",
    "own_holidays",
    "performance_types",
    "preferences",
    "product_parameters",
    "roles",
    "sealing_keys",
    "suppliers",
    "templates",
    "triggers",
    "attachments",
    "consultation_types",
    "departments",
    "establishments",
    "mail_limits",
    "preferred_hours",
    "price_categories",
    "reimbursement_contracts",
    "role_rights",
    "senders",
    "service_agreements",
    "template_texts",
    "accounts",
    "agreed_models",
    "consultation_type_functions",
    "consultation_type_names",
    "contact_persons",
    "default_reminders",
    "employments",
    "group_scopes",
    "invoice_bases",
    "prices",
    "backup_codes",
    "deputies",
    "devices",
    "idempotency_keys",
    "practitioners",
    "receivers",
    "reimbursement_batches",
    "sessions",
    "absences",
    "availability_series",
    "cases",
    "exclusions",
    "feeds",
    "practitioner_functions",
    "receiver_topics",
    "availabilities",
    "requests",
    "series_types",
    "appointments",
    "availability_types",
    "holds",
    "request_locations",
    "run_outcomes",
    "no_shows",
    "overrides",
    "performances",
    "reminders",
    "tasks",
    "history",
    "invoice_lines",
    "reimbursement_lines",
    "trigger_firings",
    "events",
    "deliveries",
)


def upgrade() -> None:
    guards.remove(op.get_bind())
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")  # for the two exclusion constraints
    op.create_table(
        "address_languages",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("own_choice", sa.Boolean(), nullable=False),
        sa.CheckConstraint("address = lower(address)", name="lower_case"),
        sa.PrimaryKeyConstraint("address", name="pk_address_languages"),
    )
    op.create_table(
        "audit_records",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("on_behalf_of_id", sa.Uuid(), nullable=True),
        sa.Column("role_id", sa.Uuid(), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column(
            "act",
            sa.Enum(
                "create",
                "read",
                "update",
                "delete",
                "export",
                "login",
                name="act",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("employee_id", sa.Uuid(), nullable=True),
        sa.Column(
            "fields",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("ground", sa.String(length=200), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=50), nullable=True),
        sa.Column("request_reference", sa.String(length=50), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_records"),
    )
    op.create_index(
        "ix_audit_records_actor_id_at", "audit_records", ["actor_id", "at"], unique=False
    )
    op.create_index("ix_audit_records_at", "audit_records", ["at"], unique=False)
    op.create_index(
        "ix_audit_records_employee_id_at", "audit_records", ["employee_id", "at"], unique=False
    )
    op.create_index(
        "ix_audit_records_on_behalf_of_id_at",
        "audit_records",
        ["on_behalf_of_id", "at"],
        unique=False,
    )
    op.create_table(
        "audit_seals",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="pk_audit_seals"),
    )
    op.create_table(
        "case_kinds",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_kinds"),
        sa.UniqueConstraint("code", name="uq_case_kinds_code"),
    )
    op.create_table(
        "contract_models",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "sale",
                "reimbursement",
                name="contractkind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "frequency",
            sa.Enum(
                "year",
                "half_year",
                "quarter",
                "month",
                name="frequency",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("subscription_cents", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(frequency IS NULL) = (subscription_cents IS NULL)", name="subscription_frequency"
        ),
        sa.CheckConstraint("subscription_cents >= 0", name="subscription_cents"),
        sa.PrimaryKeyConstraint("id", name="pk_contract_models"),
        sa.UniqueConstraint("id", "kind", name="uq_contract_models_id_kind"),
    )
    op.create_table(
        "employees",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_name", sa.String(length=200), nullable=True),
        sa.Column("last_name", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=True),
        sa.Column("private_email", sa.String(length=200), nullable=True),
        sa.Column("private_mobile", sa.String(length=30), nullable=True),
        sa.Column("work_email", sa.String(length=200), nullable=True),
        sa.Column("work_mobile", sa.String(length=30), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_employees"),
        sa.UniqueConstraint("reference", name="uq_employees_reference"),
    )
    op.create_index(
        "ix_employees_last_name", "employees", [folded(sa.column("last_name"))], unique=False
    )
    op.create_table(
        "employers",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=True),
        sa.Column("vat_number", sa.String(length=20), nullable=True),
        sa.Column("debtor_number", sa.String(length=50), nullable=True),
        sa.Column("cost_centre", sa.String(length=50), nullable=True),
        sa.Column("cost_unit", sa.String(length=50), nullable=True),
        sa.Column("invoice_code", sa.String(length=50), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_employers"),
        sa.UniqueConstraint("code", name="uq_employers_code"),
    )
    op.create_table(
        "functions",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_functions"),
        sa.UniqueConstraint("code", name="uq_functions_code"),
    )
    op.create_table(
        "groups",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("everybody", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.UniqueConstraint("name", name="uq_groups_name"),
    )
    op.create_table(
        "job_runs",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("preview", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "done",
                "failed",
                "cancelled",
                "taken_back",
                name="runstate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=False),
        sa.Column(
            "settings",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "progress",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("cancel_asked_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column(
            "report",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_job_runs"),
    )
    op.create_index(
        "one_running",
        "job_runs",
        ["kind", "scope"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "locations",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("subdivision", sa.String(length=10), nullable=True),
        sa.Column("time_zone", sa.String(length=50), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("street", sa.String(length=200), nullable=True),
        sa.Column("postal_code", sa.String(length=20), nullable=True),
        sa.Column("city", sa.String(length=200), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.CheckConstraint("capacity >= 0", name="capacity"),
        sa.PrimaryKeyConstraint("id", name="pk_locations"),
        sa.UniqueConstraint("reference", name="uq_locations_reference"),
    )
    op.create_table(
        "mail_servers",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("port", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.String(length=200), nullable=True),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_servers"),
    )
    op.create_index(
        "one_default_server",
        "mail_servers",
        ["is_default"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "network_failures",
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network", name="pk_network_failures"),
    )
    op.create_table(
        "number_series",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "year", name="pk_number_series"),
    )
    op.create_table(
        "own_holidays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("subdivision", sa.String(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("is_holiday", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name="fk_own_holidays_location_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_own_holidays"),
    )
    op.create_index(
        "one_own_holiday",
        "own_holidays",
        ["day", "country", "subdivision"],
        unique=True,
        sqlite_where=sa.text("location_id IS NULL"),
        postgresql_where=sa.text("location_id IS NULL"),
    )
    op.create_index(
        "one_own_holiday_there",
        "own_holidays",
        ["day", "location_id"],
        unique=True,
        sqlite_where=sa.text("location_id IS NOT NULL"),
        postgresql_where=sa.text("location_id IS NOT NULL"),
    )
    op.create_table(
        "performance_types",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_performance_types"),
        sa.UniqueConstraint("code", name="uq_performance_types_code"),
    )
    op.create_table(
        "preferences",
        sa.Column(
            "criterion",
            sa.Enum(
                "preferred_practitioner",
                "continuity",
                "preferred_location",
                "travel_distance",
                "preferred_hours",
                "practitioner_score",
                "evenness",
                name="criterion",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("rank >= 1", name="rank"),
        sa.PrimaryKeyConstraint("criterion", name="pk_preferences"),
        sa.UniqueConstraint("rank", name="uq_preferences_rank"),
    )
    op.create_table(
        "product_parameters",
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("category", "code", name="pk_product_parameters"),
    )
    op.create_table(
        "roles",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("everything", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_roles"),
        sa.UniqueConstraint("name", name="uq_roles_name"),
    )
    op.create_table(
        "sealing_keys",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sealing_keys"),
    )
    op.create_table(
        "suppliers",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suppliers"),
        sa.UniqueConstraint("code", name="uq_suppliers_code"),
    )
    op.create_table(
        "templates",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_templates"),
        sa.UniqueConstraint("code", name="uq_templates_code"),
    )
    op.create_table(
        "triggers",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.Column(
            "conditions",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "action",
            sa.Enum(
                "create_request",
                "add_task",
                "send_message",
                "announce",
                "withdraw_request",
                name="action",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "settings",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_triggers"),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("culture", sa.String(length=10), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["templates.id"], name="fk_attachments_template_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.UniqueConstraint(
            "template_id", "name", "culture", name="uq_attachments_template_id_name_culture"
        ),
    )
    op.create_table(
        "consultation_types",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("buffer", sa.BigInteger(), nullable=False),
        sa.Column(
            "modality",
            sa.Enum(
                "at_location",
                "telephone",
                "video",
                name="modality",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("minimum_notice", sa.BigInteger(), nullable=False),
        sa.Column("refuses_duplicates", sa.Boolean(), nullable=False),
        sa.Column("is_no_show", sa.Boolean(), nullable=False),
        sa.Column("calls_again", sa.Boolean(), nullable=False),
        sa.Column("needs_contact_details", sa.Boolean(), nullable=False),
        sa.Column("preferred_case_kind_id", sa.Uuid(), nullable=True),
        sa.Column("performance_type_id", sa.Uuid(), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.CheckConstraint("buffer >= 0", name="buffer"),
        sa.CheckConstraint("duration > 0", name="duration"),
        sa.CheckConstraint("is_no_show OR NOT calls_again", name="calls_again"),
        sa.CheckConstraint("minimum_notice >= 0", name="minimum_notice"),
        sa.ForeignKeyConstraint(
            ["performance_type_id"],
            ["performance_types.id"],
            name="fk_consultation_types_performance_type_id",
        ),
        sa.ForeignKeyConstraint(
            ["preferred_case_kind_id"],
            ["case_kinds.id"],
            name="fk_consultation_types_preferred_case_kind_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consultation_types"),
        sa.UniqueConstraint("code", name="uq_consultation_types_code"),
    )
    op.create_table(
        "departments",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(length=50), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "parent_id"],
            ["departments.employer_id", "departments.id"],
            name="fk_departments_employer_id_parent_id",
        ),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name="fk_departments_employer_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_departments"),
        sa.UniqueConstraint("employer_id", "id", name="uq_departments_employer_id_id"),
    )
    op.create_table(
        "establishments",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=True),
        sa.Column("postal_code", sa.String(length=20), nullable=True),
        sa.Column("city", sa.String(length=200), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("debtor_number", sa.String(length=50), nullable=True),
        sa.Column("cost_centre", sa.String(length=50), nullable=True),
        sa.Column("cost_unit", sa.String(length=50), nullable=True),
        sa.Column("invoice_code", sa.String(length=50), nullable=True),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name="fk_establishments_employer_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_establishments"),
        sa.UniqueConstraint("employer_id", "id", name="uq_establishments_employer_id_id"),
    )
    op.create_index(
        "one_main_establishment",
        "establishments",
        ["employer_id"],
        unique=True,
        sqlite_where=sa.text("is_main"),
        postgresql_where=sa.text("is_main"),
    )
    op.create_table(
        "mail_limits",
        sa.Column("server_id", sa.Uuid(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("messages > 0", name="limit_messages"),
        sa.CheckConstraint("minutes > 0", name="limit_minutes"),
        sa.ForeignKeyConstraint(
            ["server_id"], ["mail_servers.id"], name="fk_mail_limits_server_id"
        ),
        sa.PrimaryKeyConstraint("server_id", "minutes", name="pk_mail_limits"),
    )
    op.create_table(
        "preferred_hours",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.BigInteger(), nullable=False),
        sa.Column("start_minute", sa.BigInteger(), nullable=False),
        sa.Column("end_minute", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440", name="hours"
        ),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name="fk_preferred_hours_employer_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_preferred_hours"),
    )
    op.create_index(
        "ix_preferred_hours_employer_id", "preferred_hours", ["employer_id"], unique=False
    )
    op.create_table(
        "price_categories",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_model_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("vat_basis_points", sa.BigInteger(), nullable=True),
        sa.Column("outside_budget", sa.Boolean(), nullable=False),
        sa.CheckConstraint("vat_basis_points >= 0", name="vat_rate"),
        sa.ForeignKeyConstraint(
            ["contract_model_id"],
            ["contract_models.id"],
            name="fk_price_categories_contract_model_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_price_categories"),
    )
    op.create_index(
        "ix_price_categories_contract_model_id",
        "price_categories",
        ["contract_model_id"],
        unique=False,
    )
    op.create_table(
        "reimbursement_contracts",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("contract_model_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "sale",
                "reimbursement",
                name="contractkind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("kind = 'reimbursement'", name="only_reimbursement"),
        sa.ForeignKeyConstraint(
            ["contract_model_id", "kind"],
            ["contract_models.id", "contract_models.kind"],
            name="fk_reimbursement_contracts_contract_model_id_kind",
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name="fk_reimbursement_contracts_supplier_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reimbursement_contracts"),
        sa.UniqueConstraint(
            "supplier_id",
            "contract_model_id",
            name="uq_reimbursement_contracts_supplier_id_contract_model_id",
        ),
    )
    op.create_table(
        "role_rights",
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("right_code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_role_rights_role_id"),
        sa.PrimaryKeyConstraint("role_id", "right_code", name="pk_role_rights"),
    )
    op.create_table(
        "senders",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("server_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=True),
        sa.Column("verified_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["server_id"], ["mail_servers.id"], name="fk_senders_server_id"),
        sa.PrimaryKeyConstraint("id", name="pk_senders"),
        sa.UniqueConstraint("server_id", "address", name="uq_senders_server_id_address"),
    )
    op.create_table(
        "service_agreements",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.Column(
            "budget_scope",
            sa.Enum(
                "none",
                "agreement",
                "model",
                name="budgetscope",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("yearly_budget_cents", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(budget_scope = 'agreement') = (yearly_budget_cents IS NOT NULL)",
            name="agreement_budget",
        ),
        sa.CheckConstraint("until_day > from_day", name="agreement_period"),
        sa.CheckConstraint("yearly_budget_cents >= 0", name="budget_cents"),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name="fk_service_agreements_employer_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_service_agreements"),
        sa.UniqueConstraint("id", "budget_scope", name="uq_service_agreements_id_budget_scope"),
    )
    op.create_index(
        "ix_service_agreements_employer_id", "service_agreements", ["employer_id"], unique=False
    )
    op.create_table(
        "template_texts",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["templates.id"], name="fk_template_texts_template_id"
        ),
        sa.PrimaryKeyConstraint("template_id", "language", name="pk_template_texts"),
    )
    op.create_table(
        "accounts",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "user",
                "api",
                name="accountkind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("previous_email", sa.String(length=200), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=True),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("impersonates_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.String(length=200), nullable=False),
        sa.Column("secret_is_temporary", sa.Boolean(), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("totp_offered", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("failed_logins", sa.BigInteger(), nullable=False),
        sa.Column("locked_at", Instant(), nullable=True),
        sa.Column("deactivated_at", Instant(), nullable=True),
        sa.Column("may_write_performances", sa.Boolean(), nullable=False),
        sa.Column("reimbursement_contract_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind = 'api' OR impersonates_id IS NULL", name="only_api_impersonates"),
        sa.CheckConstraint("failed_logins >= 0", name="failed_logins"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_accounts_group_id"),
        sa.ForeignKeyConstraint(
            ["impersonates_id"], ["groups.id"], name="fk_accounts_impersonates_id"
        ),
        sa.ForeignKeyConstraint(
            ["reimbursement_contract_id"],
            ["reimbursement_contracts.id"],
            name="fk_accounts_reimbursement_contract_id",
        ),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_accounts_role_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("login", name="uq_accounts_login"),
    )
    op.create_table(
        "agreed_models",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("contract_model_id", sa.Uuid(), nullable=False),
        sa.Column(
            "budget_scope",
            sa.Enum(
                "none",
                "agreement",
                "model",
                name="budgetscope",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "sale",
                "reimbursement",
                name="contractkind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "frequency",
            sa.Enum(
                "year",
                "half_year",
                "quarter",
                "month",
                name="frequency",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("yearly_budget_cents", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "budget_scope = 'model' OR yearly_budget_cents IS NULL", name="model_budget"
        ),
        sa.CheckConstraint("kind = 'sale'", name="never_reimbursement"),
        sa.CheckConstraint("yearly_budget_cents >= 0", name="budget_cents"),
        sa.ForeignKeyConstraint(
            ["agreement_id", "budget_scope"],
            ["service_agreements.id", "service_agreements.budget_scope"],
            name="fk_agreed_models_agreement_id_budget_scope",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contract_model_id", "kind"],
            ["contract_models.id", "contract_models.kind"],
            name="fk_agreed_models_contract_model_id_kind",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_agreed_models"),
        sa.UniqueConstraint(
            "agreement_id",
            "contract_model_id",
            name="uq_agreed_models_agreement_id_contract_model_id",
        ),
    )
    op.create_table(
        "consultation_type_functions",
        sa.Column("consultation_type_id", sa.Uuid(), nullable=False),
        sa.Column("function_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_type_id"],
            ["consultation_types.id"],
            name="fk_consultation_type_functions_consultation_type_id",
        ),
        sa.ForeignKeyConstraint(
            ["function_id"], ["functions.id"], name="fk_consultation_type_functions_function_id"
        ),
        sa.PrimaryKeyConstraint(
            "consultation_type_id", "function_id", name="pk_consultation_type_functions"
        ),
    )
    op.create_table(
        "consultation_type_names",
        sa.Column("consultation_type_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_type_id"],
            ["consultation_types.id"],
            name="fk_consultation_type_names_consultation_type_id",
        ),
        sa.PrimaryKeyConstraint(
            "consultation_type_id", "language", name="pk_consultation_type_names"
        ),
    )
    op.create_table(
        "contact_persons",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("establishment_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("telephone", sa.String(length=30), nullable=True),
        sa.ForeignKeyConstraint(
            ["employer_id", "establishment_id"],
            ["establishments.employer_id", "establishments.id"],
            name="fk_contact_persons_employer_id_establishment_id",
        ),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name="fk_contact_persons_employer_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_contact_persons"),
    )
    op.create_index(
        "ix_contact_persons_employer_id", "contact_persons", ["employer_id"], unique=False
    )
    op.create_table(
        "default_reminders",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consultation_type_id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recipient",
            sa.Enum(
                "employee",
                "practitioner",
                "contact_person",
                "case_manager",
                name="recipient",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum(
                "email", "sms", name="channel", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["consultation_type_id"],
            ["consultation_types.id"],
            name="fk_default_reminders_consultation_type_id",
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["templates.id"], name="fk_default_reminders_template_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_default_reminders"),
    )
    op.create_index(
        "ix_default_reminders_consultation_type_id",
        "default_reminders",
        ["consultation_type_id"],
        unique=False,
    )
    op.create_table(
        "employments",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("establishment_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("personnel_number", sa.String(length=50), nullable=True),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.CheckConstraint("until_day > from_day", name="employment_period"),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name="fk_employments_employee_id"
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "department_id"],
            ["departments.employer_id", "departments.id"],
            name="fk_employments_employer_id_department_id",
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "establishment_id"],
            ["establishments.employer_id", "establishments.id"],
            name="fk_employments_employer_id_establishment_id",
        ),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name="fk_employments_employer_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_employments"),
    )
    op.create_index("ix_employments_employee_id", "employments", ["employee_id"], unique=False)
    op.create_index(
        "ix_employments_employer_id_establishment_id",
        "employments",
        ["employer_id", "establishment_id"],
        unique=False,
    )
    op.create_table(
        "group_scopes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=True),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("employee_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN employer_id IS NULL THEN 0 ELSE 1 END + CASE WHEN department_id IS NULL THEN 0 ELSE 1 END + CASE WHEN employee_id IS NULL THEN 0 ELSE 1 END = 1",
            name="scope_of_one",
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name="fk_group_scopes_department_id"
        ),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name="fk_group_scopes_employee_id"
        ),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name="fk_group_scopes_employer_id"
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_group_scopes_group_id"),
        sa.PrimaryKeyConstraint("id", name="pk_group_scopes"),
    )
    op.create_index("ix_group_scopes_group_id", "group_scopes", ["group_id"], unique=False)
    op.create_table(
        "invoice_bases",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("establishment_id", sa.Uuid(), nullable=True),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "final",
                "sent",
                name="basisstate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("final_at", Instant(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.CheckConstraint("(state = 'draft') = (final_at IS NULL)", name="final_at"),
        sa.CheckConstraint("(state = 'draft') = (number IS NULL)", name="numbered_when_final"),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at"),
        sa.CheckConstraint("until_day > from_day", name="basis_period"),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name="fk_invoice_bases_employer_id"
        ),
        sa.ForeignKeyConstraint(
            ["establishment_id"], ["establishments.id"], name="fk_invoice_bases_establishment_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invoice_bases"),
        sa.UniqueConstraint("number", name="uq_invoice_bases_number"),
    )
    op.create_index("ix_invoice_bases_employer_id", "invoice_bases", ["employer_id"], unique=False)
    op.create_table(
        "prices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("price_category_id", sa.Uuid(), nullable=False),
        sa.Column("performance_type_id", sa.Uuid(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cents >= 0", name="price_cents"),
        sa.CheckConstraint("until_day > from_day", name="price_period"),
        sa.ForeignKeyConstraint(
            ["performance_type_id"], ["performance_types.id"], name="fk_prices_performance_type_id"
        ),
        sa.ForeignKeyConstraint(
            ["price_category_id"], ["price_categories.id"], name="fk_prices_price_category_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_prices"),
    )
    op.create_index(
        "ix_prices_price_category_id_performance_type_id_from_day",
        "prices",
        ["price_category_id", "performance_type_id", "from_day"],
        unique=False,
    )
    op.create_table(
        "backup_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_backup_codes_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_backup_codes"),
    )
    op.create_index("ix_backup_codes_account_id", "backup_codes", ["account_id"], unique=False)
    op.create_table(
        "deputies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.CheckConstraint("account_id <> deputy_id", name="deputy_is_another"),
        sa.CheckConstraint("until_day > from_day", name="deputy_period"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_deputies_account_id"),
        sa.ForeignKeyConstraint(["deputy_id"], ["accounts.id"], name="fk_deputies_deputy_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deputies"),
    )
    op.create_index("ix_deputies_account_id", "deputies", ["account_id"], unique=False)
    op.create_index("ix_deputies_deputy_id", "deputies", ["deputy_id"], unique=False)
    op.create_table(
        "devices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("failed_logins", sa.BigInteger(), nullable=False),
        sa.Column("used_at", Instant(), nullable=False),
        sa.CheckConstraint("failed_logins >= 0", name="failed_logins"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_devices_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("token_hash", name="uq_devices_token_hash"),
    )
    op.create_index("ix_devices_account_id", "devices", ["account_id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint("(status IS NULL) = (response IS NULL)", name="answered"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_idempotency_keys_account_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False
    )
    op.create_table(
        "practitioners",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_practitioners_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_practitioners"),
        sa.UniqueConstraint("reference", name="uq_practitioners_reference"),
        sa.UniqueConstraint("account_id", name="uq_practitioners_account_id"),
    )
    op.create_table(
        "receivers",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "protocol",
            sa.Enum(
                "websub",
                "oauth2",
                name="protocol",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("token_url", sa.String(length=2000), nullable=True),
        sa.Column("client_id", sa.String(length=200), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "(protocol = 'oauth2') = (token_url IS NOT NULL) AND (protocol = 'oauth2') = (client_id IS NOT NULL)",
            name="oauth2_needs",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_receivers_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_receivers"),
    )
    op.create_table(
        "reimbursement_batches",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "final",
                name="batchstate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("reference_on", sa.Date(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("contract_model_id", sa.Uuid(), nullable=True),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_model_id"],
            ["contract_models.id"],
            name="fk_reimbursement_batches_contract_model_id",
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["accounts.id"], name="fk_reimbursement_batches_holder_id"
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name="fk_reimbursement_batches_supplier_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reimbursement_batches"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("on_behalf_of_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("proved_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sessions_account_id"),
        sa.ForeignKeyConstraint(
            ["on_behalf_of_id"], ["accounts.id"], name="fk_sessions_on_behalf_of_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"], unique=False)
    op.create_index("ix_sessions_on_behalf_of_id", "sessions", ["on_behalf_of_id"], unique=False)
    op.create_table(
        "absences",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("remark", sa.String(length=200), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name="absence_period"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_absences_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
    )
    op.create_index(
        "ix_absences_practitioner_id_starts_at",
        "absences",
        ["practitioner_id", "starts_at"],
        unique=False,
    )
    op.create_table(
        "availability_series",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("rule", sa.String(length=200), nullable=False),
        sa.Column("at_location", sa.Boolean(), nullable=False),
        sa.Column("by_telephone", sa.Boolean(), nullable=False),
        sa.Column("by_video", sa.Boolean(), nullable=False),
        sa.Column("start_minute", sa.BigInteger(), nullable=False),
        sa.Column("end_minute", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("at_location OR by_telephone OR by_video", name="some_modality"),
        sa.CheckConstraint("end_minute BETWEEN 1 AND 1440", name="end_minute"),
        sa.CheckConstraint("start_minute < end_minute", name="series_hours"),
        sa.CheckConstraint("start_minute BETWEEN 0 AND 1439", name="start_minute"),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name="fk_availability_series_location_id"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_availability_series_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_availability_series"),
    )
    op.create_index(
        "ix_availability_series_location_id", "availability_series", ["location_id"], unique=False
    )
    op.create_index(
        "ix_availability_series_practitioner_id",
        "availability_series",
        ["practitioner_id"],
        unique=False,
    )
    op.create_table(
        "cases",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("establishment_id", sa.Uuid(), nullable=False),
        sa.Column("kind_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("closed_on >= opened_on", name="case_period"),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name="fk_cases_employee_id"),
        sa.ForeignKeyConstraint(
            ["establishment_id"], ["establishments.id"], name="fk_cases_establishment_id"
        ),
        sa.ForeignKeyConstraint(["kind_id"], ["case_kinds.id"], name="fk_cases_kind_id"),
        sa.ForeignKeyConstraint(["manager_id"], ["accounts.id"], name="fk_cases_manager_id"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_cases_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index("ix_cases_employee_id", "cases", ["employee_id"], unique=False)
    op.create_table(
        "exclusions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name="fk_exclusions_employee_id"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_exclusions_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_exclusions"),
    )
    op.create_index("one_exclusion", "exclusions", ["employee_id", "practitioner_id"], unique=True)
    op.create_table(
        "feeds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN practitioner_id IS NULL THEN 0 ELSE 1 END + CASE WHEN location_id IS NULL THEN 0 ELSE 1 END = 1",
            name="feed_of_one",
        ),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_feeds_location_id"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_feeds_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
        sa.UniqueConstraint("token_hash", name="uq_feeds_token_hash"),
    )
    op.create_index("ix_feeds_location_id", "feeds", ["location_id"], unique=False)
    op.create_index("ix_feeds_practitioner_id", "feeds", ["practitioner_id"], unique=False)
    op.create_table(
        "practitioner_functions",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("function_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["function_id"], ["functions.id"], name="fk_practitioner_functions_function_id"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioners.id"],
            name="fk_practitioner_functions_practitioner_id",
        ),
        sa.PrimaryKeyConstraint("practitioner_id", "function_id", name="pk_practitioner_functions"),
    )
    op.create_table(
        "receiver_topics",
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["receiver_id"], ["receivers.id"], name="fk_receiver_topics_receiver_id"
        ),
        sa.PrimaryKeyConstraint("receiver_id", "topic", name="pk_receiver_topics"),
    )
    op.create_table(
        "availabilities",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.Column("at_location", sa.Boolean(), nullable=False),
        sa.Column("by_telephone", sa.Boolean(), nullable=False),
        sa.Column("by_video", sa.Boolean(), nullable=False),
        sa.Column("start_minute", sa.BigInteger(), nullable=False),
        sa.Column("end_minute", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.CheckConstraint(within_a_day("ends_at"), name="availability_within_a_day"),
        sa.CheckConstraint("at_location OR by_telephone OR by_video", name="some_modality"),
        sa.CheckConstraint("end_minute BETWEEN 1 AND 1440", name="end_minute"),
        sa.CheckConstraint("start_minute BETWEEN 0 AND 1439", name="start_minute"),
        sa.CheckConstraint("starts_at < ends_at", name="availability_period"),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name="fk_availabilities_location_id"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_availabilities_practitioner_id"
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["availability_series.id"], name="fk_availabilities_series_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_availabilities"),
        sa.UniqueConstraint("reference", name="uq_availabilities_reference"),
    )
    op.create_index(
        "ix_availabilities_day_location_id", "availabilities", ["day", "location_id"], unique=False
    )
    op.create_index(
        "ix_availabilities_location_id_starts_at",
        "availabilities",
        ["location_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_availabilities_practitioner_id_starts_at",
        "availabilities",
        ["practitioner_id", "starts_at"],
        unique=False,
    )
    op.create_index("ix_availabilities_series_id", "availabilities", ["series_id"], unique=False)
    op.create_index(
        "ix_availabilities_starts_at_id", "availabilities", ["starts_at", "id"], unique=False
    )
    op.create_table(
        "requests",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("consultation_type_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("establishment_id", sa.Uuid(), nullable=False),
        sa.Column("contact_person_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "for_approval",
                "rejected",
                "open",
                "planned",
                "fulfilled",
                "withdrawn",
                name="requeststate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("buffer", sa.BigInteger(), nullable=False),
        sa.Column(
            "modality",
            sa.Enum(
                "at_location",
                "telephone",
                "video",
                name="modality",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("allow_saturday", sa.Boolean(), nullable=False),
        sa.Column("allow_sunday_holiday", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("required_practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("preferred_practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("preferred_location_id", sa.Uuid(), nullable=True),
        sa.Column("remarks", sa.String(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.CheckConstraint("buffer >= 0", name="buffer"),
        sa.CheckConstraint("duration > 0", name="duration"),
        sa.CheckConstraint("priority >= 1", name="priority"),
        sa.CheckConstraint("until_day > from_day", name="date_window"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_requests_case_id"),
        sa.ForeignKeyConstraint(
            ["consultation_type_id"],
            ["consultation_types.id"],
            name="fk_requests_consultation_type_id",
        ),
        sa.ForeignKeyConstraint(
            ["contact_person_id"], ["contact_persons.id"], name="fk_requests_contact_person_id"
        ),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name="fk_requests_employee_id"),
        sa.ForeignKeyConstraint(
            ["establishment_id"], ["establishments.id"], name="fk_requests_establishment_id"
        ),
        sa.ForeignKeyConstraint(
            ["preferred_location_id"], ["locations.id"], name="fk_requests_preferred_location_id"
        ),
        sa.ForeignKeyConstraint(
            ["preferred_practitioner_id"],
            ["practitioners.id"],
            name="fk_requests_preferred_practitioner_id",
        ),
        sa.ForeignKeyConstraint(
            ["required_practitioner_id"],
            ["practitioners.id"],
            name="fk_requests_required_practitioner_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
        sa.UniqueConstraint("reference", name="uq_requests_reference"),
    )
    op.create_index("ix_requests_case_id", "requests", ["case_id"], unique=False)
    op.create_index(
        "ix_requests_employee_id_consultation_type_id",
        "requests",
        ["employee_id", "consultation_type_id"],
        unique=False,
    )
    op.create_index(
        "ix_requests_to_be_planned",
        "requests",
        ["from_day"],
        unique=False,
        sqlite_where=sa.text("state IN ('for_approval', 'open')"),
        postgresql_where=sa.text("state IN ('for_approval', 'open')"),
    )
    op.create_table(
        "series_types",
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("consultation_type_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_type_id"],
            ["consultation_types.id"],
            name="fk_series_types_consultation_type_id",
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["availability_series.id"], name="fk_series_types_series_id"
        ),
        sa.PrimaryKeyConstraint("series_id", "consultation_type_id", name="pk_series_types"),
    )
    op.create_table(
        "appointments",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("availability_id", sa.Uuid(), nullable=True),
        sa.Column("consultation_type_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("establishment_id", sa.Uuid(), nullable=False),
        sa.Column("contact_person_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "planned",
                "completed",
                "lapsed",
                "cancelled",
                "deleted",
                name="appointmentstate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("occupied_until", Instant(), nullable=False),
        sa.Column(
            "modality",
            sa.Enum(
                "at_location",
                "telephone",
                "video",
                name="modality",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("ad_hoc", sa.Boolean(), nullable=False),
        sa.Column(
            "cancelled_by",
            sa.Enum(
                "employee",
                "employer",
                "practitioner",
                "service",
                name="party",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("remarks", sa.String(), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("employee_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("state IN ('completed', 'draft', 'planned')"),
            using="gist",
            name="employee_free",
        ).ddl_if(dialect="postgresql"),
        postgresql.ExcludeConstraint(
            (sa.column("practitioner_id"), "="),
            (sa.text("tstzrange(starts_at, occupied_until)"), "&&"),
            where=sa.text("state IN ('completed', 'draft', 'planned')"),
            using="gist",
            name="practitioner_free",
        ).ddl_if(dialect="postgresql"),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_by IS NOT NULL) AND (state = 'cancelled') = (cancelled_at IS NOT NULL)",
            name="cancelled_by_whom",
        ),
        sa.CheckConstraint(within_a_day("occupied_until"), name="appointment_within_a_day"),
        sa.CheckConstraint("state <> 'lapsed' OR reason IS NOT NULL", name="lapsed_for_a_reason"),
        sa.CheckConstraint(
            "starts_at < ends_at AND ends_at <= occupied_until", name="appointment_period"
        ),
        sa.ForeignKeyConstraint(
            ["availability_id"], ["availabilities.id"], name="fk_appointments_availability_id"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_appointments_case_id"),
        sa.ForeignKeyConstraint(
            ["consultation_type_id"],
            ["consultation_types.id"],
            name="fk_appointments_consultation_type_id",
        ),
        sa.ForeignKeyConstraint(
            ["contact_person_id"], ["contact_persons.id"], name="fk_appointments_contact_person_id"
        ),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name="fk_appointments_employee_id"
        ),
        sa.ForeignKeyConstraint(
            ["establishment_id"], ["establishments.id"], name="fk_appointments_establishment_id"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name="fk_appointments_location_id"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_appointments_practitioner_id"
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="fk_appointments_request_id"),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.id"], name="fk_appointments_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
        sa.UniqueConstraint("reference", name="uq_appointments_reference"),
    )
    op.create_index(
        "ix_appointments_availability_id", "appointments", ["availability_id"], unique=False
    )
    op.create_index("ix_appointments_case_id", "appointments", ["case_id"], unique=False)
    op.create_index(
        "ix_appointments_employee_id_starts_at",
        "appointments",
        ["employee_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_appointments_location_id_starts_at",
        "appointments",
        ["location_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_appointments_practitioner_id_starts_at",
        "appointments",
        ["practitioner_id", "starts_at"],
        unique=False,
    )
    op.create_index("ix_appointments_request_id", "appointments", ["request_id"], unique=False)
    op.create_index("ix_appointments_run_id", "appointments", ["run_id"], unique=False)
    op.create_index(
        "ix_appointments_starts_at_id", "appointments", ["starts_at", "id"], unique=False
    )
    op.create_index(
        "planned_twice",
        "appointments",
        ["request_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('completed', 'draft', 'planned')"),
        postgresql_where=sa.text("state IN ('completed', 'draft', 'planned')"),
    )
    op.create_table(
        "availability_types",
        sa.Column("availability_id", sa.Uuid(), nullable=False),
        sa.Column("consultation_type_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["availability_id"], ["availabilities.id"], name="fk_availability_types_availability_id"
        ),
        sa.ForeignKeyConstraint(
            ["consultation_type_id"],
            ["consultation_types.id"],
            name="fk_availability_types_consultation_type_id",
        ),
        sa.PrimaryKeyConstraint(
            "availability_id", "consultation_type_id", name="pk_availability_types"
        ),
    )
    op.create_index(
        "ix_availability_types_consultation_type_id_availability_id",
        "availability_types",
        ["consultation_type_id", "availability_id"],
        unique=False,
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("availability_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("occupied_until", Instant(), nullable=False),
        sa.Column(
            "modality",
            sa.Enum(
                "at_location",
                "telephone",
                "video",
                name="modality",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.CheckConstraint(within_a_day("occupied_until"), name="hold_within_a_day"),
        sa.CheckConstraint("starts_at < ends_at AND ends_at <= occupied_until", name="hold_period"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_holds_account_id"),
        sa.ForeignKeyConstraint(
            ["availability_id"], ["availabilities.id"], name="fk_holds_availability_id"
        ),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name="fk_holds_employee_id"),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_holds_location_id"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name="fk_holds_practitioner_id"
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="fk_holds_request_id"),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_availability_id", "holds", ["availability_id"], unique=False)
    op.create_index(
        "ix_holds_employee_id_starts_at", "holds", ["employee_id", "starts_at"], unique=False
    )
    op.create_index(
        "ix_holds_location_id_starts_at", "holds", ["location_id", "starts_at"], unique=False
    )
    op.create_index(
        "ix_holds_practitioner_id_starts_at",
        "holds",
        ["practitioner_id", "starts_at"],
        unique=False,
    )
    op.create_index("ix_holds_request_id", "holds", ["request_id"], unique=False)
    op.create_table(
        "request_locations",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name="fk_request_locations_location_id"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name="fk_request_locations_request_id"
        ),
        sa.PrimaryKeyConstraint("request_id", "location_id", name="pk_request_locations"),
    )
    op.create_table(
        "run_outcomes",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("availability_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", Instant(), nullable=True),
        sa.Column(
            "why_not",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(availability_id IS NULL) <> (why_not IS NULL)", name="planned_or_explained"
        ),
        sa.CheckConstraint("(availability_id IS NULL) = (starts_at IS NULL)", name="planned_where"),
        sa.ForeignKeyConstraint(
            ["availability_id"], ["availabilities.id"], name="fk_run_outcomes_availability_id"
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="fk_run_outcomes_request_id"),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.id"], name="fk_run_outcomes_run_id"),
        sa.PrimaryKeyConstraint("run_id", "request_id", name="pk_run_outcomes"),
    )
    op.create_index(
        "ix_run_outcomes_request_id_run_id", "run_outcomes", ["request_id", "run_id"], unique=False
    )
    op.create_table(
        "no_shows",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "original",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("follow_up_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_no_shows_appointment_id"
        ),
        sa.ForeignKeyConstraint(["follow_up_id"], ["requests.id"], name="fk_no_shows_follow_up_id"),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_no_shows"),
    )
    op.create_table(
        "overrides",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_overrides_account_id"),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_overrides_appointment_id"
        ),
        sa.PrimaryKeyConstraint("appointment_id", "rule", name="pk_overrides"),
    )
    op.create_table(
        "performances",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("performance_type_id", sa.Uuid(), nullable=False),
        sa.Column("establishment_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held",
                "released",
                "billed",
                "submitted",
                name="performancestate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("refund_of_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "appointment_id IS NOT NULL OR case_id IS NOT NULL", name="performed_in"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_performances_account_id"),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_performances_appointment_id"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_performances_case_id"),
        sa.ForeignKeyConstraint(
            ["establishment_id"], ["establishments.id"], name="fk_performances_establishment_id"
        ),
        sa.ForeignKeyConstraint(
            ["performance_type_id"],
            ["performance_types.id"],
            name="fk_performances_performance_type_id",
        ),
        sa.ForeignKeyConstraint(
            ["refund_of_id"], ["performances.id"], name="fk_performances_refund_of_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_performances"),
    )
    op.create_index(
        "ix_performances_appointment_id", "performances", ["appointment_id"], unique=False
    )
    op.create_index("ix_performances_case_id", "performances", ["case_id"], unique=False)
    op.create_index(
        "ix_performances_establishment_id_performed_on",
        "performances",
        ["establishment_id", "performed_on"],
        unique=False,
    )
    op.create_index("refunded_once", "performances", ["refund_of_id"], unique=True)
    op.create_table(
        "reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("default_reminder_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "sent",
                "failed",
                "not_authorised",
                "cancelled",
                name="deliverystate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_reminders_appointment_id"
        ),
        sa.ForeignKeyConstraint(
            ["default_reminder_id"],
            ["default_reminders.id"],
            name="fk_reminders_default_reminder_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reminders"),
        sa.UniqueConstraint(
            "appointment_id",
            "default_reminder_id",
            "sequence",
            name="uq_reminders_appointment_id_default_reminder_id_sequence",
        ),
    )
    op.create_index(
        "ix_reminders_due",
        "reminders",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_table(
        "tasks",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("employee_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_tasks_appointment_id"
        ),
        sa.ForeignKeyConstraint(["assignee_id"], ["accounts.id"], name="fk_tasks_assignee_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_tasks_case_id"),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name="fk_tasks_employee_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_assignee_id", "tasks", ["assignee_id"], unique=False)
    op.create_index("ix_tasks_employee_id", "tasks", ["employee_id"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("performance_id", sa.Uuid(), nullable=True),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("event", sa.String(length=50), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=True),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("on_behalf_of_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column(
            "before",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.CheckConstraint(
            "CASE WHEN request_id IS NULL THEN 0 ELSE 1 END + CASE WHEN appointment_id IS NULL THEN 0 ELSE 1 END + CASE WHEN performance_id IS NULL THEN 0 ELSE 1 END = 1",
            name="history_of_one",
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["accounts.id"], name="fk_history_actor_id"),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name="fk_history_appointment_id"
        ),
        sa.ForeignKeyConstraint(
            ["on_behalf_of_id"], ["accounts.id"], name="fk_history_on_behalf_of_id"
        ),
        sa.ForeignKeyConstraint(
            ["performance_id"], ["performances.id"], name="fk_history_performance_id"
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="fk_history_request_id"),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sa.UniqueConstraint("appointment_id", "step", name="uq_history_appointment_id_step"),
        sa.UniqueConstraint("performance_id", "step", name="uq_history_performance_id_step"),
        sa.UniqueConstraint("request_id", "step", name="uq_history_request_id_step"),
    )
    op.create_table(
        "invoice_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("basis_id", sa.Uuid(), nullable=False),
        sa.Column("agreed_model_id", sa.Uuid(), nullable=False),
        sa.Column("performance_id", sa.Uuid(), nullable=True),
        sa.Column("subscription_from", sa.Date(), nullable=True),
        sa.Column("subscription_until", sa.Date(), nullable=True),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("budget_cents", sa.BigInteger(), nullable=False),
        sa.Column("budget_year", sa.BigInteger(), nullable=True),
        sa.Column("invoiced_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_basis_points", sa.BigInteger(), nullable=True),
        sa.Column("credits_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(performance_id IS NOT NULL) <> (subscription_from IS NOT NULL)", name="line_of_one"
        ),
        sa.CheckConstraint(
            "ABS(budget_cents) <= ABS(price_cents) AND budget_cents * price_cents >= 0",
            name="budget_pays_a_part",
        ),
        sa.CheckConstraint("budget_cents = 0 OR budget_year IS NOT NULL", name="budget_year"),
        sa.CheckConstraint("price_cents = budget_cents + invoiced_cents", name="adds_up"),
        sa.ForeignKeyConstraint(
            ["agreed_model_id"], ["agreed_models.id"], name="fk_invoice_lines_agreed_model_id"
        ),
        sa.ForeignKeyConstraint(
            ["basis_id"], ["invoice_bases.id"], name="fk_invoice_lines_basis_id"
        ),
        sa.ForeignKeyConstraint(
            ["credits_id"], ["invoice_lines.id"], name="fk_invoice_lines_credits_id"
        ),
        sa.ForeignKeyConstraint(
            ["performance_id"], ["performances.id"], name="fk_invoice_lines_performance_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invoice_lines"),
    )
    op.create_index(
        "billed_once",
        "invoice_lines",
        ["performance_id"],
        unique=True,
        sqlite_where=sa.text("credits_id IS NULL"),
        postgresql_where=sa.text("credits_id IS NULL"),
    )
    op.create_index("credited_once", "invoice_lines", ["credits_id"], unique=True)
    op.create_index(
        "ix_invoice_lines_agreed_model_id_budget_year",
        "invoice_lines",
        ["agreed_model_id", "budget_year"],
        unique=False,
    )
    op.create_index("ix_invoice_lines_basis_id", "invoice_lines", ["basis_id"], unique=False)
    op.create_index(
        "subscription_once",
        "invoice_lines",
        ["agreed_model_id", "subscription_from"],
        unique=True,
        sqlite_where=sa.text("credits_id IS NULL"),
        postgresql_where=sa.text("credits_id IS NULL"),
    )
    op.create_table(
        "reimbursement_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("performance_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "reimbursed",
                "excluded",
                "deferred",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cents >= 0", name="reimbursed_cents"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["reimbursement_batches.id"], name="fk_reimbursement_lines_batch_id"
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["reimbursement_contracts.id"],
            name="fk_reimbursement_lines_contract_id",
        ),
        sa.ForeignKeyConstraint(
            ["performance_id"], ["performances.id"], name="fk_reimbursement_lines_performance_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reimbursement_lines"),
        sa.UniqueConstraint(
            "batch_id", "performance_id", name="uq_reimbursement_lines_batch_id_performance_id"
        ),
    )
    op.create_index(
        "decided_once",
        "reimbursement_lines",
        ["performance_id"],
        unique=True,
        sqlite_where=sa.text("decision <> 'deferred'"),
        postgresql_where=sa.text("decision <> 'deferred'"),
    )
    op.create_table(
        "trigger_firings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("depth", sa.BigInteger(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "done",
                "refused",
                "stopped",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "refusals",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("outcome <> 'stopped' OR depth = 5", name="stopped_at_the_deepest"),
        sa.CheckConstraint("depth BETWEEN 1 AND 5", name="depth"),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name="fk_trigger_firings_request_id"
        ),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name="fk_trigger_firings_task_id"),
        sa.ForeignKeyConstraint(
            ["trigger_id"], ["triggers.id"], name="fk_trigger_firings_trigger_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_trigger_firings"),
        sa.UniqueConstraint(
            "trigger_id", "event_id", name="uq_trigger_firings_trigger_id_event_id"
        ),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=50), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column(
            "facts",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("caused_by_id", sa.Uuid(), nullable=True),
        sa.Column("relayed_at", Instant(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["caused_by_id"], ["trigger_firings.id"], name="fk_events_caused_by_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("subject_id", "sequence", name="uq_events_subject_id_sequence"),
    )
    op.create_index(
        "ix_events_to_be_relayed",
        "events",
        ["at", "id"],
        unique=False,
        sqlite_where=sa.text("relayed_at IS NULL"),
        postgresql_where=sa.text("relayed_at IS NULL"),
    )
    op.create_index(
        "ix_events_waiting_in_line",
        "events",
        ["subject_id", "sequence"],
        unique=False,
        sqlite_where=sa.text("relayed_at IS NULL"),
        postgresql_where=sa.text("relayed_at IS NULL"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "sent",
                "failed",
                "not_authorised",
                "cancelled",
                name="deliverystate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_status", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN receiver_id IS NULL THEN 0 ELSE 1 END + CASE WHEN account_id IS NULL THEN 0 ELSE 1 END = 1",
            name="delivery_to_one",
        ),
        sa.CheckConstraint("attempts >= 0", name="attempts"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_deliveries_account_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_deliveries_event_id"),
        sa.ForeignKeyConstraint(
            ["receiver_id"], ["receivers.id"], name="fk_deliveries_receiver_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("event_id", "account_id", name="uq_deliveries_event_id_account_id"),
        sa.UniqueConstraint("event_id", "receiver_id", name="uq_deliveries_event_id_receiver_id"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index("ix_deliveries_receiver_id", "deliveries", ["receiver_id"], unique=False)


def downgrade() -> None:
    guards.remove(op.get_bind())
    for table in reversed(TABLES):
        op.drop_table(table)
