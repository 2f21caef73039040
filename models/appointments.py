"""What has been planned: appointments, holds, no-shows, and the history of every state. Domain §§3, 5."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, column, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    Code,
    Json,
    Keyed,
    Referenced,
    Versioned,
    exactly_one,
    line,
    listed,
    reference,
)
from models.consultations import Modality
from models.instants import within_a_day

IN_ORDER = "starts_at < ends_at AND ends_at <= occupied_until"


class AppointmentState(Code):
    """Domain §5; which follows which is the transition table's to say."""

    DRAFT = "draft"
    PLANNED = "planned"
    COMPLETED = "completed"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


OCCUPYING = frozenset(
    {AppointmentState.DRAFT, AppointmentState.PLANNED, AppointmentState.COMPLETED}
)
"""In these the time of practitioner, employee and room is taken. Domain §3."""

AHEAD = frozenset({AppointmentState.DRAFT, AppointmentState.PLANNED})
"""Still to be held: these need an availability, and a practitioner who is there. Domain §3."""


class Party(Code):
    """Who cancelled. Domain §5."""

    EMPLOYEE = "employee"
    EMPLOYER = "employer"
    PRACTITIONER = "practitioner"
    SERVICE = "service"


def never_twice(name: str, whose: str, until: str) -> ExcludeConstraint:
    """PostgreSQL's own guard against overlap, behind the trigger of the same name in `models.guards`.

    The trigger's locks make it fast under contention; this holds whatever happens to the trigger, and
    at any isolation level (reliability §0, E2 and E4).
    """
    constraint = ExcludeConstraint(
        (column(whose), "="),
        (func.tstzrange(column("starts_at"), column(until)), "&&"),
        where=text(f"state IN ({listed(OCCUPYING)})"),
        name=name,
    )
    return constraint.ddl_if(dialect="postgresql")


class Appointment(Referenced, Versioned, Base):
    """An employee, a practitioner, a place and a time.

    Practitioner and room are occupied `[starts_at, occupied_until)`, the employee
    `[starts_at, ends_at)`. A no-show has a row in `NoShow`.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint(IN_ORDER, name="appointment_period"),
        CheckConstraint(within_a_day("occupied_until"), name="appointment_within_a_day"),
        # who, why, how late. Domain §5
        CheckConstraint(
            "(state = 'cancelled') = (cancelled_by IS NOT NULL)"
            " AND (state = 'cancelled') = (cancelled_at IS NOT NULL)",
            name="cancelled_by_whom",
        ),
        CheckConstraint("state <> 'lapsed' OR reason IS NOT NULL", name="lapsed_for_a_reason"),
        never_twice("practitioner_free", "practitioner_id", "occupied_until"),
        never_twice("employee_free", "employee_id", "ends_at"),
        Index(
            "planned_twice",
            "request_id",
            unique=True,
            sqlite_where=text(f"state IN ({listed(OCCUPYING)})"),
            postgresql_where=text(f"state IN ({listed(OCCUPYING)})"),
        ),
        Index(None, "practitioner_id", "starts_at"),
        Index(None, "employee_id", "starts_at"),
        Index(None, "location_id", "starts_at"),
        # for a list of all of them
        Index(None, "starts_at", "id"),
    )

    request_id: Mapped[UUID | None] = reference("requests", index=True)
    employee_id: Mapped[UUID] = reference("employees")
    practitioner_id: Mapped[UUID] = reference("practitioners")
    location_id: Mapped[UUID] = reference("locations")
    availability_id: Mapped[UUID | None] = reference("availabilities", index=True)
    consultation_type_id: Mapped[UUID] = reference("consultation_types")
    case_id: Mapped[UUID | None] = reference("cases", index=True)
    establishment_id: Mapped[UUID] = reference("establishments")
    contact_person_id: Mapped[UUID | None] = reference("contact_persons")
    run_id: Mapped[UUID | None] = reference("job_runs", index=True)
    """The run that made it, and may take it back. Domain §4."""
    state: Mapped[AppointmentState]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    occupied_until: Mapped[datetime]
    modality: Mapped[Modality]
    ad_hoc: Mapped[bool] = mapped_column(default=False)
    """For a report: needs no availability. Domain §3."""
    cancelled_by: Mapped[Party | None]
    cancelled_at: Mapped[datetime | None]
    reason: Mapped[str | None] = line()
    """Why it was cancelled or marked lapsed."""
    remarks: Mapped[str | None]


class Override(Base):
    """A rule of automatic planning that a planner set aside by hand, and why. Domain §3."""

    __tablename__ = "overrides"

    appointment_id: Mapped[UUID] = reference("appointments", primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = reference("accounts")
    reason: Mapped[str] = line()


class NoShow(Base):
    """What a no-show was before it was one, and what followed from it. Domain §5 [000 §3.1.14.1]."""

    __tablename__ = "no_shows"

    appointment_id: Mapped[UUID] = reference("appointments", primary_key=True)
    original: Mapped[Json]
    """Appointment, performance and request, column by column: a correction restores them exactly."""
    follow_up_id: Mapped[UUID | None] = reference("requests")


class Hold(Keyed, Base):
    """A place that a planner keeps for a few minutes while choosing; after `expires_at` it is nobody's."""

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint(IN_ORDER, name="hold_period"),
        CheckConstraint(within_a_day("occupied_until"), name="hold_within_a_day"),
        Index(None, "practitioner_id", "starts_at"),
        Index(None, "employee_id", "starts_at"),
        Index(None, "location_id", "starts_at"),
    )

    request_id: Mapped[UUID] = reference("requests", index=True)
    employee_id: Mapped[UUID] = reference("employees")
    practitioner_id: Mapped[UUID] = reference("practitioners")
    location_id: Mapped[UUID] = reference("locations")
    availability_id: Mapped[UUID] = reference("availabilities", index=True)
    account_id: Mapped[UUID] = reference("accounts")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    occupied_until: Mapped[datetime]
    modality: Mapped[Modality]
    expires_at: Mapped[datetime]


class History(Keyed, Base):
    """One step in the life of a request, an appointment or a performance; written by `advance` alone. Domain §5."""

    __tablename__ = "history"
    __table_args__ = (
        CheckConstraint(
            exactly_one("request_id", "appointment_id", "performance_id"), name="history_of_one"
        ),
        UniqueConstraint("request_id", "step"),
        UniqueConstraint("appointment_id", "step"),
        UniqueConstraint("performance_id", "step"),
    )

    request_id: Mapped[UUID | None] = reference("requests")
    appointment_id: Mapped[UUID | None] = reference("appointments")
    performance_id: Mapped[UUID | None] = reference("performances")
    step: Mapped[int]
    at: Mapped[datetime]
    event: Mapped[str] = line(50)
    source: Mapped[str | None] = line(20)
    target: Mapped[str] = line(20)
    actor_id: Mapped[UUID | None] = reference("accounts")
    """Nobody: the planning run, a trigger."""
    on_behalf_of_id: Mapped[UUID | None] = reference("accounts")
    reason: Mapped[str | None]
    before: Mapped[Json | None]
    """The values that the step changed, as they were: where and when a moved appointment stood."""
