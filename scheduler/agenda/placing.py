"""Times as people type them, on one day, as instants. Domain §2; reliability §4, T23."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from models.agenda import Location
from scheduler.agenda.bounds import END, out_of_range
from scheduler.agenda.offers import Offer
from scheduler.loading.clock import (
    AmbiguousTimeError,
    LocalTimeError,
    WrongOffsetError,
    fold_of,
    local_instant,
    offset_text,
)
from scheduler.refusals import Refusal, RefusedError

ENDS_FIRST = "availability_period"


@dataclass(frozen=True, slots=True)
class Placed:
    """An offer on a day, as instants."""

    day: date
    starts_at: datetime
    ends_at: datetime

    @property
    def columns(self) -> dict[str, object]:
        return {"day": self.day, "starts_at": self.starts_at, "ends_at": self.ends_at}


class Hours(NamedTuple):
    """Times of the local day, by their minutes; the offsets from UTC: of one that comes twice, which is meant."""

    start: int
    end: int
    start_offset: timedelta | None = None
    end_offset: timedelta | None = None


def placed(
    offer: Offer,
    zone: str,
    day: date,
    start_offset: timedelta | None = None,
    end_offset: timedelta | None = None,
) -> Placed:
    """The block that the offer is on a day.

    Raises:
        RefusedError: as `on_clocks`.
    """
    hours = Hours(offer.start_minute, offer.end_minute, start_offset, end_offset)
    return on_clocks(zone, day, hours)


def on_clocks(zone: str, day: date, hours: Hours) -> Placed:
    """The block between two times of a day.

    Raises:
        RefusedError: the clocks do not show one of the times, or twice and nobody said which is meant;
            or not at that offset; or it would end before it starts.
    """
    against = out_of_range(day=day) + ([Refusal(ENDS_FIRST)] if day == END else [])
    if against:
        raise RefusedError(against)
    moments = {}
    for field, minute, offset in (
        ("start", hours.start, hours.start_offset),
        ("end", hours.end, hours.end_offset),
    ):
        try:
            fold = None if offset is None else fold_of(zone, day, minute, offset)
            moments[field] = local_instant(zone, day, minute, fold)
        except LocalTimeError as error:
            against.append(not_shown(field, error))
    if not against and moments["start"] >= moments["end"]:
        clocks = {"start": clock(hours.start), "end": clock(hours.end)}
        against.append(Refusal(ENDS_FIRST, {"day": day, **clocks}))
    if against:
        raise RefusedError(against)
    return Placed(day, moments["start"], moments["end"])


def local_time(zone: str, day: date, minute: int, field: str = "start") -> datetime:
    """The instant at which the clocks show this minute of the day.

    Raises:
        RefusedError: they do not, or twice.
    """
    try:
        return local_instant(zone, day, minute)
    except LocalTimeError as error:
        raise RefusedError([not_shown(field, error)]) from error


def zone_of(session: Session, location: UUID) -> str:
    """Whose clocks are meant."""
    return session.get_one(Location, location).time_zone


def clock(minute: int) -> str:
    """A minute of the day, as it is shown."""
    return f"{minute // 60:02}:{minute % 60:02}"


def not_shown(field: str, error: LocalTimeError) -> Refusal:
    """The refusal of a time that the clocks do not show once. `field`: in which it was given."""
    shown = {"field": field, "day": error.day, "time": clock(error.minute), "zone": error.zone}
    if isinstance(error, (AmbiguousTimeError, WrongOffsetError)):
        shown["offsets"] = tuple(map(offset_text, error.offsets))
    return Refusal(error.code, shown)
