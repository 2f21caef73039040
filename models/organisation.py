"""The client organisation: employers, their work sites, departments and contact persons. Domain §1."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, Versioned, line, reference


class Addressed:
    """A place on the map: travel distance is one of the criteria of preference. Domain §4."""

    street: Mapped[str | None] = line()
    postal_code: Mapped[str | None] = line(20)
    city: Mapped[str | None] = line()
    country: Mapped[str] = line(2)
    """ISO 3166-1, two letters; mandatory [000 §3.1.10]: holidays depend on it."""
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]


class Financial:
    """What an invoice is addressed by; an establishment's own goes before its employer's. Domain §7."""

    debtor_number: Mapped[str | None] = line(50)
    cost_centre: Mapped[str | None] = line(50)
    cost_unit: Mapped[str | None] = line(50)
    invoice_code: Mapped[str | None] = line(50)


class Employer(Financial, Versioned, Base):
    """A client of the service."""

    __tablename__ = "employers"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = line()
    language: Mapped[str | None] = line(10)
    vat_number: Mapped[str | None] = line(20)


class Establishment(Addressed, Financial, Versioned, Base):
    """A work site; the employer's own address is its main one. Domain §1."""

    __tablename__ = "establishments"
    __table_args__ = (
        # others refer to both, so that an establishment is always one of the employer named with it
        UniqueConstraint("employer_id", "id"),
        Index(
            "one_main_establishment",
            "employer_id",
            unique=True,
            sqlite_where=text("is_main"),
            postgresql_where=text("is_main"),
        ),
    )

    employer_id: Mapped[UUID] = reference("employers")
    name: Mapped[str] = line()
    is_main: Mapped[bool]


class Department(Versioned, Base):
    """A part of an employer, possibly within another part."""

    __tablename__ = "departments"
    __table_args__ = (
        UniqueConstraint("employer_id", "id"),
        ForeignKeyConstraint(
            ["employer_id", "parent_id"], ["departments.employer_id", "departments.id"]
        ),
    )

    employer_id: Mapped[UUID] = reference("employers")
    parent_id: Mapped[UUID | None]
    code: Mapped[str | None] = line(50)
    name: Mapped[str] = line()


class ContactPerson(Versioned, Base):
    """Of an employer, or of one of its establishments. Domain §1."""

    __tablename__ = "contact_persons"
    __table_args__ = (
        ForeignKeyConstraint(
            ["employer_id", "establishment_id"], ["establishments.employer_id", "establishments.id"]
        ),
    )

    employer_id: Mapped[UUID] = reference("employers", index=True)
    establishment_id: Mapped[UUID | None]
    name: Mapped[str] = line()
    role: Mapped[str | None] = line()
    email: Mapped[str | None] = line()
    telephone: Mapped[str | None] = line(30)


class PreferredHours(Keyed, Base):
    """When an employer likes its people to be seen: one of the criteria of preference. Domain §4."""

    __tablename__ = "preferred_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint(
            "0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440", name="hours"
        ),
    )

    employer_id: Mapped[UUID] = reference("employers", index=True)
    weekday: Mapped[int]
    """ISO 8601: Monday is 1."""
    start_minute: Mapped[int]
    end_minute: Mapped[int]
