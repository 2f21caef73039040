"""Who saw or changed what of whom: added to, never altered (`append_only`). Domain §8, reliability §3.10 (NEN 7513)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Identity, Index, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, line


class Act(Code):
    """What was done."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"
    EXPORT = "export"
    LOGIN = "login"


class AuditRecord(Base):
    """One look or one change. References are not constrained: the record outlives what it speaks of."""

    __tablename__ = "audit_records"
    __table_args__ = (
        Index(None, "employee_id", "at"),
        Index(None, "actor_id", "at"),
        Index(None, "on_behalf_of_id", "at"),
        Index(None, "at"),
    )

    id: Mapped[int] = mapped_column(
        # SQLite counts only INTEGER keys by itself
        BigInteger().with_variant(Integer, "sqlite"),
        Identity(),
        primary_key=True,
    )
    at: Mapped[datetime]
    """By the database's clock."""
    actor_id: Mapped[UUID | None]
    on_behalf_of_id: Mapped[UUID | None]
    role_id: Mapped[UUID | None]
    group_id: Mapped[UUID | None]
    """Role and group as they were then: what he might do, and for which part of the organisation."""
    act: Mapped[Act]
    kind: Mapped[str] = line(50)
    """The table of the object."""
    object_id: Mapped[UUID | None]
    employee_id: Mapped[UUID | None]
    fields: Mapped[list[str]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    """The names of what was read or changed; never the values."""
    ground: Mapped[str] = line()
    """The right, or the policy, by which it was allowed or refused."""
    allowed: Mapped[bool]
    address: Mapped[str | None] = line(50)
    request_reference: Mapped[str | None] = line(50)


class AuditSeal(Base):
    """The hash of a record and of the seal before it: no record can be altered, dropped or moved unseen.

    Sealed afterwards over what is committed, so that no request waits for another's link in the chain.
    """

    __tablename__ = "audit_seals"

    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    previous: Mapped[str] = line(64)
    hash: Mapped[str] = line(64)
