"""Kinds of consultation: what the planners choose from, and what the rules ask of it. Domain §§1, 3, 5."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Versioned, line, reference


class Modality(Code):
    """How an appointment is held; by telephone or video it takes no room. Domain §3."""

    AT_LOCATION = "at_location"
    TELEPHONE = "telephone"
    VIDEO = "video"


class CaseKind(Versioned, Base):
    """What a case is about: absence, pregnancy, prevention, ... Domain §1."""

    __tablename__ = "case_kinds"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = line()


class ConsultationType(Versioned, Base):
    """A kind of appointment. Domain §1; each switch is a rule of domain §3 or a step of domain §5."""

    __tablename__ = "consultation_types"
    __table_args__ = (
        CheckConstraint("duration > 0", name="duration"),
        CheckConstraint("buffer >= 0", name="buffer"),
        CheckConstraint("minimum_notice >= 0", name="minimum_notice"),
        # only a no-show can be followed by another call [000 §3.1.11]
        CheckConstraint("is_no_show OR NOT calls_again", name="calls_again"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = line()
    """In the default language; `ConsultationTypeName` has the others."""
    duration: Mapped[int]
    buffer: Mapped[int]
    modality: Mapped[Modality]
    minimum_notice: Mapped[int] = mapped_column(default=0)
    """Minutes between booking and start (`notice`, domain §3)."""
    refuses_duplicates: Mapped[bool] = mapped_column(default=False)
    """`duplicate`, domain §3 [000 §3.1.12]."""
    is_no_show: Mapped[bool] = mapped_column(default=False)
    """`no_show_type`, domain §3 [000 §3.1.4]."""
    calls_again: Mapped[bool] = mapped_column(default=False)
    """Of a no-show: a new request is made. Domain §5 [000 §3.1.11]."""
    needs_contact_details: Mapped[bool] = mapped_column(default=False)
    """`contact_details`, domain §3 [000 §3.1.2]."""
    preferred_case_kind_id: Mapped[UUID | None] = reference("case_kinds")
    """A trigger that makes requests of this type needs it. Domain §4 [000 §2.1.7]."""
    performance_type_id: Mapped[UUID | None] = reference("performance_types")
    """What completing writes. Domain §5 [000 §3.1.7]."""
    archived_at: Mapped[datetime | None]


class ConsultationTypeName(Base):
    """The type's name in another language. Domain §5 [000 §3.1.6]."""

    __tablename__ = "consultation_type_names"

    consultation_type_id: Mapped[UUID] = reference("consultation_types", primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = line()


class ConsultationTypeFunction(Base):
    """A function that the type asks for: the practitioner holds one of them (`type_admitted`, domain §3)."""

    __tablename__ = "consultation_type_functions"

    consultation_type_id: Mapped[UUID] = reference("consultation_types", primary_key=True)
    function_id: Mapped[UUID] = reference("functions", primary_key=True)
