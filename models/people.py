"""The people: who is seen, who sees them, and who may not see whom. Domain §1."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, column
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, Referenced, Versioned, line, reference
from models.prefixes import folded


class Employee(Referenced, Versioned, Base):
    """The person who is seen.

    Private and work details both count where a consultation type asks for contact details
    (`contact_details`, domain §3).
    """

    __tablename__ = "employees"
    __table_args__ = (Index("ix_employees_last_name", folded(column("last_name"))),)

    first_name: Mapped[str | None] = line()
    last_name: Mapped[str] = line()
    language: Mapped[str | None] = line(10)
    private_email: Mapped[str | None] = line()
    private_mobile: Mapped[str | None] = line(30)
    work_email: Mapped[str | None] = line()
    work_mobile: Mapped[str | None] = line(30)


class Employment(Versioned, Base):
    """Ties an employee to an employer, a department and an establishment for a period. Domain §1."""

    __tablename__ = "employments"
    __table_args__ = (
        CheckConstraint("until_day > from_day", name="employment_period"),
        ForeignKeyConstraint(
            ["employer_id", "establishment_id"], ["establishments.employer_id", "establishments.id"]
        ),
        ForeignKeyConstraint(
            ["employer_id", "department_id"], ["departments.employer_id", "departments.id"]
        ),
        Index(None, "employer_id", "establishment_id"),
    )

    employee_id: Mapped[UUID] = reference("employees", index=True)
    employer_id: Mapped[UUID] = reference("employers")
    establishment_id: Mapped[UUID]
    department_id: Mapped[UUID | None]
    personnel_number: Mapped[str | None] = line(50)
    from_day: Mapped[date]
    until_day: Mapped[date | None]


class Function(Versioned, Base):
    """What a practitioner is: company doctor, nurse, ... Domain §1."""

    __tablename__ = "functions"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = line()


class Practitioner(Referenced, Versioned, Base):
    """Who holds appointments. Domain §1."""

    __tablename__ = "practitioners"

    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), unique=True)
    name: Mapped[str] = line()
    score: Mapped[int] = mapped_column(default=0)
    """A criterion of preference: the higher, the sooner chosen. Domain §4."""
    archived_at: Mapped[datetime | None]


class PractitionerFunction(Base):
    """A function that a practitioner holds."""

    __tablename__ = "practitioner_functions"

    practitioner_id: Mapped[UUID] = reference("practitioners", primary_key=True)
    function_id: Mapped[UUID] = reference("functions", primary_key=True)


class Absence(Versioned, Base):
    """A practitioner is away: no appointment of his lies in it (`practitioner_free`, domain §3)."""

    __tablename__ = "absences"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="absence_period"),
        Index(None, "practitioner_id", "starts_at"),
    )

    practitioner_id: Mapped[UUID] = reference("practitioners")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    remark: Mapped[str | None] = line()


class Exclusion(Keyed, Base):
    """The practitioner may not see this employee (`exclusion`, domain §3; 000 §3.1.1)."""

    __tablename__ = "exclusions"
    __table_args__ = (Index("one_exclusion", "employee_id", "practitioner_id", unique=True),)

    employee_id: Mapped[UUID] = reference("employees")
    practitioner_id: Mapped[UUID] = reference("practitioners")
    reason: Mapped[str | None] = line()
