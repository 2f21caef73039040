"""When practitioners are busy by calendars that they keep elsewhere. Domain §6."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Keyed, Versioned, line, reference


class OwnCalendar(Versioned, Base):
    """A calendar that a practitioner keeps elsewhere, read again and again."""

    __tablename__ = "own_calendars"

    practitioner_id: Mapped[UUID] = reference("practitioners", index=True)
    url: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted: whoever knows it reads the calendar."""
    host: Mapped[str] = line(253)
    """As much of it as is shown."""
    etag: Mapped[str | None] = line()
    last_modified: Mapped[str | None] = line(100)
    tried_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    """When it was last as it is kept here."""
    failing_since: Mapped[datetime | None]
    trouble: Mapped[str | None] = line(50)
    """A word of a closed set: why it cannot be read. What was read before stays."""
    skipped: Mapped[Json | None]
    """Of single events that could not be read: the lines on which they begin, and why; whether all is kept."""


class BusyTime(Keyed, Base):
    """A time at which its owner is busy, and nothing about why (`own_calendar`, domain §6)."""

    __tablename__ = "busy_times"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="busy_period"),
        Index(None, "practitioner_id", "ends_at"),
    )

    own_calendar_id: Mapped[UUID] = reference("own_calendars", index=True)
    practitioner_id: Mapped[UUID] = reference("practitioners")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
