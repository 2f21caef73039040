"""What was performed, and the invoice bases that it ends up on. Domain §§5, 7."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Cents, Code, Json, Keyed, Versioned, line, reference


class PerformanceState(Code):
    """Domain §5; which follows which is the transition table's to say."""

    HELD = "held"
    RELEASED = "released"
    BILLED = "billed"
    SUBMITTED = "submitted"


class Performance(Versioned, Base):
    """A billable service performed: in an appointment, or by itself on a case."""

    __tablename__ = "performances"
    __table_args__ = (
        CheckConstraint("appointment_id IS NOT NULL OR case_id IS NOT NULL", name="performed_in"),
        # a refund undoes its performance once
        Index("refunded_once", "refund_of_id", unique=True),
        Index(None, "establishment_id", "performed_on"),
        # what waits for its invoice, whatever there was before
        Index(
            "ix_performances_released",
            "establishment_id",
            "performed_on",
            sqlite_where=text("state = 'released'"),
            postgresql_where=text("state = 'released'"),
        ),
    )

    appointment_id: Mapped[UUID | None] = reference("appointments", index=True)
    case_id: Mapped[UUID | None] = reference("cases", index=True)
    performance_type_id: Mapped[UUID] = reference("performance_types")
    establishment_id: Mapped[UUID] = reference("establishments")
    """The appointment's, unless another is chosen [000 §3.1.8]."""
    account_id: Mapped[UUID] = reference("accounts")
    """Who wrote it: his supplier is reimbursed."""
    performed_on: Mapped[date]
    state: Mapped[PerformanceState]
    refund_of_id: Mapped[UUID | None] = reference("performances")


class BasisState(Code):
    """Of an invoice basis."""

    DRAFT = "draft"
    FINAL = "final"
    SENT = "sent"


def one_draft(name: str, which: str, *columns: str) -> Index:
    """Of a period there is one draft: whoever generates it again goes on with that."""
    drafts = text(f"state = 'draft' AND {which}")
    keys = ("employer_id", *columns, "from_day", "until_day")
    return Index(name, *keys, unique=True, sqlite_where=drafts, postgresql_where=drafts)


class InvoiceBasis(Versioned, Base):
    """The lines from which an invoice is made; once final they never change (`final_stays`)."""

    __tablename__ = "invoice_bases"
    __table_args__ = (
        CheckConstraint("until_day > from_day", name="basis_period"),
        CheckConstraint("(state = 'draft') = (number IS NULL)", name="numbered_when_final"),
        CheckConstraint("(state = 'draft') = (final_at IS NULL)", name="final_at"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at"),
        one_draft("one_draft", "establishment_id IS NULL"),
        one_draft("one_draft_of_establishment", "establishment_id IS NOT NULL", "establishment_id"),
    )

    employer_id: Mapped[UUID] = reference("employers", index=True)
    establishment_id: Mapped[UUID | None] = reference("establishments")
    from_day: Mapped[date]
    until_day: Mapped[date]
    state: Mapped[BasisState]
    number: Mapped[str | None] = mapped_column(unique=True)
    final_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    parties: Mapped[Json | None]
    """Who bills whom, as it was when it became final."""


def once(name: str, *columns: str) -> Index:
    """Billed once; a credit line stands for the same again."""
    uncredited = text("credits_id IS NULL")
    return Index(name, *columns, unique=True, sqlite_where=uncredited, postgresql_where=uncredited)


class InvoiceLine(Keyed, Base):
    """A performance or a period of a subscription, at its price, of which the budget pays a part."""

    __tablename__ = "invoice_lines"
    __table_args__ = (
        # a credit line repeats what it credits, negative
        CheckConstraint(
            "(performance_id IS NOT NULL) <> (subscription_from IS NOT NULL)", name="line_of_one"
        ),
        CheckConstraint("price_cents = budget_cents + invoiced_cents", name="adds_up"),
        CheckConstraint(
            "ABS(budget_cents) <= ABS(price_cents) AND budget_cents * price_cents >= 0",
            name="budget_pays_a_part",
        ),
        CheckConstraint("budget_cents = 0 OR budget_year IS NOT NULL", name="budget_year"),
        once("billed_once", "performance_id"),
        once("subscription_once", "agreed_model_id", "subscription_from"),
        Index("credited_once", "credits_id", unique=True),
        Index(None, "agreed_model_id", "budget_year"),
    )

    basis_id: Mapped[UUID] = reference("invoice_bases", index=True)
    agreed_model_id: Mapped[UUID] = reference("agreed_models")
    performance_id: Mapped[UUID | None] = reference("performances")
    subscription_from: Mapped[date | None]
    subscription_until: Mapped[date | None]
    description: Mapped[str] = line()
    price_cents: Mapped[Cents]
    """Fixed when the basis becomes final."""
    budget_cents: Mapped[Cents]
    budget_year: Mapped[int | None]
    """The year of the performance: what is left of a budget is its amount less these lines."""
    invoiced_cents: Mapped[Cents]
    vat_basis_points: Mapped[int | None]
    cost_centre: Mapped[str | None] = line(50)
    """Of the establishment where it was performed, as it was when the basis became final."""
    credits_id: Mapped[UUID | None] = reference("invoice_lines")


class NumberSeries(Base):
    """The last number given, so that invoices are numbered without gaps."""

    __tablename__ = "number_series"

    name: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
