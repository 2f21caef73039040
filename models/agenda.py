"""Where and when: locations, their holidays, and the blocks of time in which appointments are held. Domain §§1-3."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, Referenced, Versioned, line, reference
from models.instants import within_a_day
from models.organisation import Addressed


class Location(Addressed, Referenced, Versioned, Base):
    """Where consultations are held."""

    __tablename__ = "locations"
    __table_args__ = (CheckConstraint("capacity >= 0", name="capacity"),)

    name: Mapped[str] = line()
    subdivision: Mapped[str | None] = line(10)
    """ISO 3166-2 without its country: some holidays are a province's."""
    time_zone: Mapped[str] = line(50)
    """Its calendar day is the day that the rules speak of. Domain §2."""
    capacity: Mapped[int | None]
    """Availabilities, and appointments, in parallel; nothing: no limit. Domain §3 [001, Limitatie]."""
    archived_at: Mapped[datetime | None]


class OwnHoliday(Keyed, Base):
    """A day that the organisation adds to the public holidays, or drops from them. Domain §2.

    For a country, for a subdivision of it, or for one location: whichever is nearest to it counts.
    """

    __tablename__ = "own_holidays"
    __table_args__ = (
        Index(
            "one_own_holiday",
            "day",
            "country",
            "subdivision",
            unique=True,
            sqlite_where=text("location_id IS NULL"),
            postgresql_where=text("location_id IS NULL"),
        ),
        Index(
            "one_own_holiday_there",
            "day",
            "location_id",
            unique=True,
            sqlite_where=text("location_id IS NOT NULL"),
            postgresql_where=text("location_id IS NOT NULL"),
        ),
    )

    day: Mapped[date]
    country: Mapped[str] = line(2)
    subdivision: Mapped[str] = mapped_column(default="")
    """Empty for the whole country: NULLs would not be unique."""
    location_id: Mapped[UUID | None] = reference("locations")
    """This building alone is closed, or open, whatever its country does."""
    name: Mapped[str] = line()
    is_holiday: Mapped[bool]


class Opening:
    """What an availability and a series of them have in common."""

    at_location: Mapped[bool]
    by_telephone: Mapped[bool]
    by_video: Mapped[bool]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    """Minutes of the local day; 1440 is midnight at its end."""


def opening_checks() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint("at_location OR by_telephone OR by_video", name="some_modality"),
        CheckConstraint("start_minute BETWEEN 0 AND 1439", name="start_minute"),
        CheckConstraint("end_minute BETWEEN 1 AND 1440", name="end_minute"),
    )


class AvailabilitySeries(Opening, Versioned, Base):
    """Availabilities that come again and again, in local time: 09:00 stays 09:00 when the clocks change."""

    __tablename__ = "availability_series"
    __table_args__ = (
        *opening_checks(),
        CheckConstraint("start_minute < end_minute", name="series_hours"),
    )

    practitioner_id: Mapped[UUID] = reference("practitioners", index=True)
    location_id: Mapped[UUID] = reference("locations", index=True)
    first_day: Mapped[date]
    rule: Mapped[str] = line()
    """An RRULE (RFC 5545)."""


class SeriesType(Base):
    """A consultation type that the availabilities of a series are made with."""

    __tablename__ = "series_types"

    series_id: Mapped[UUID] = reference("availability_series", primary_key=True)
    consultation_type_id: Mapped[UUID] = reference("consultation_types", primary_key=True)


class Availability(Opening, Referenced, Versioned, Base):
    """A block of time of one practitioner at one location, within one local day. Domain §1.

    `day`, `start_minute` and `end_minute` say the same as `starts_at` and `ends_at`, on the clocks of
    the location, for whoever asks by day or shows the hours. Planning reads the instants: on the day of
    a clock change the minutes between two times are not what the clocks say.
    """

    __tablename__ = "availabilities"
    __table_args__ = (
        *opening_checks(),
        CheckConstraint("starts_at < ends_at", name="availability_period"),
        CheckConstraint(within_a_day("ends_at"), name="availability_within_a_day"),
        Index(None, "location_id", "starts_at"),
        Index(None, "practitioner_id", "starts_at"),
        Index(None, "day", "location_id"),
        # for a request that may go anywhere
        Index(None, "starts_at", "id"),
    )

    practitioner_id: Mapped[UUID] = reference("practitioners")
    location_id: Mapped[UUID] = reference("locations")
    series_id: Mapped[UUID | None] = reference("availability_series", index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    day: Mapped[date]
    removed_at: Mapped[datetime | None]
    """A removed one stays for the appointments that were held in it."""


class AvailabilityType(Base):
    """A consultation type that an availability admits (`type_admitted`, domain §3)."""

    __tablename__ = "availability_types"
    __table_args__ = (Index(None, "consultation_type_id", "availability_id"),)

    availability_id: Mapped[UUID] = reference("availabilities", primary_key=True)
    consultation_type_id: Mapped[UUID] = reference("consultation_types", primary_key=True)
