"""Times as people type them, on one day, as instants. Domain §2; reliability §4, T23."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from uuid import UUID

from sqlalchemy.orm import Session

from models.agenda import Location
from scheduler.agenda.bounds import END, out_of_range
from scheduler.agenda.offers import Offer
from scheduler.loading.clock import AmbiguousTimeError, LocalTimeError, local_instant
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


def placed(
    offer: Offer, zone: str, day: date, start_fold: int | None = None, end_fold: int | None = None
) -> Placed:
    """The block that the offer is on a day.

    `start_fold`, `end_fold`: of a time that the clocks show twice the first (0) or the second (1).

    Raises:
        RefusedError: the clocks do not show one of the times, or twice and nobody said which is meant;
            or it would end before it starts.
    """
    against = out_of_range(day=day) + ([Refusal(ENDS_FIRST)] if day == END else [])
    if against:
        raise RefusedError(against)
    moments = {}
    for field, minute, fold in (
        ("start", offer.start_minute, start_fold),
        ("end", offer.end_minute, end_fold),
    ):
        try:
            moments[field] = local_instant(zone, day, minute, fold)
        except LocalTimeError as error:
            against.append(_refusal(field, error))
    if not against and moments["start"] >= moments["end"]:
        clocks = {"start": clock(offer.start_minute), "end": clock(offer.end_minute)}
        against.append(Refusal(ENDS_FIRST, {"day": day, **clocks}))
    if against:
        raise RefusedError(against)
    return Placed(day, moments["start"], moments["end"])


def zone_of(session: Session, location: UUID) -> str:
    """Whose clocks are meant."""
    return session.get_one(Location, location).time_zone


def clock(minute: int) -> str:
    """A minute of the day, as it is shown."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _refusal(field: str, error: LocalTimeError) -> Refusal:
    shown = {"field": field, "day": error.day, "time": clock(error.minute), "zone": error.zone}
    if isinstance(error, AmbiguousTimeError):
        shown["offsets"] = tuple(map(_offset, error.offsets))
    return Refusal(error.code, shown)


def _offset(offset: timedelta) -> str:
    """From UTC, as ISO 8601 has it: +02:00."""
    return datetime(2000, 1, 1, tzinfo=timezone(offset)).isoformat()[19:]
