"""What is asked: cases, and the requests for appointments. Domain §§1, 3, 5."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Referenced, Versioned, listed, reference
from models.consultations import Modality


class Case(Versioned, Base):
    """The file that an appointment belongs to."""

    __tablename__ = "cases"
    __table_args__ = (CheckConstraint("closed_on >= opened_on", name="case_period"),)

    employee_id: Mapped[UUID] = reference("employees", index=True)
    establishment_id: Mapped[UUID] = reference("establishments")
    kind_id: Mapped[UUID] = reference("case_kinds")
    practitioner_id: Mapped[UUID | None] = reference("practitioners")
    """Continuity with him is a criterion of preference. Domain §4."""
    manager_id: Mapped[UUID | None] = reference("accounts")
    opened_on: Mapped[date]
    recovered_in_part_on: Mapped[date | None]
    """Since then the employee works again, in part."""
    closed_on: Mapped[date | None]


class RequestState(Code):
    """Domain §5; which follows which is the transition table's to say."""

    DRAFT = "draft"
    FOR_APPROVAL = "for_approval"
    REJECTED = "rejected"
    OPEN = "open"
    PLANNED = "planned"
    FULFILLED = "fulfilled"
    WITHDRAWN = "withdrawn"


TO_BE_PLANNED = frozenset({RequestState.OPEN, RequestState.FOR_APPROVAL})
"""Of these there is at most one for an employee and a type that refuses duplicates. Domain §3."""


class AppointmentRequest(Referenced, Versioned, Base):
    """The wish for an appointment. Domain §§1, 3."""

    __tablename__ = "requests"
    __table_args__ = (
        # `until_day` is not included, and at least one day later. Domain §2 [001, Datumrange]
        CheckConstraint("until_day > from_day", name="date_window"),
        CheckConstraint("duration > 0", name="duration"),
        CheckConstraint("buffer >= 0", name="buffer"),
        CheckConstraint("priority >= 1", name="priority"),
        Index(None, "employee_id", "consultation_type_id"),
        # the night asks for these, and finished requests pile up beside them
        Index(
            "ix_requests_to_be_planned",
            "from_day",
            sqlite_where=text(f"state IN ({listed(TO_BE_PLANNED)})"),
            postgresql_where=text(f"state IN ({listed(TO_BE_PLANNED)})"),
        ),
    )

    employee_id: Mapped[UUID] = reference("employees")
    consultation_type_id: Mapped[UUID] = reference("consultation_types")
    case_id: Mapped[UUID | None] = reference("cases", index=True)
    establishment_id: Mapped[UUID] = reference("establishments")
    contact_person_id: Mapped[UUID | None] = reference("contact_persons")
    state: Mapped[RequestState]
    from_day: Mapped[date]
    until_day: Mapped[date]
    duration: Mapped[int]
    buffer: Mapped[int]
    modality: Mapped[Modality]
    """Duration, buffer and modality: the type's, unless this request asks for others."""
    allow_saturday: Mapped[bool] = mapped_column(default=False)
    allow_sunday_holiday: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int] = mapped_column(default=1)
    requested_on: Mapped[date]
    """The formal request date [001]: who asked first goes first. Domain §4."""
    required_practitioner_id: Mapped[UUID | None] = reference("practitioners")
    preferred_practitioner_id: Mapped[UUID | None] = reference("practitioners")
    preferred_location_id: Mapped[UUID | None] = reference("locations")
    remarks: Mapped[str | None]
    created_at: Mapped[datetime]


class RequestLocation(Base):
    """A location that a request may be planned at; without any, all will do (`location_wish`, domain §3)."""

    __tablename__ = "request_locations"

    request_id: Mapped[UUID] = reference("requests", primary_key=True)
    location_id: Mapped[UUID] = reference("locations", primary_key=True)
