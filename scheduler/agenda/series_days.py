"""The days of a series: as they would be before it is made, and those that it has been left without. Domain §1."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Availability, Location
from scheduler.agenda import series
from scheduler.agenda.occurrences import (
    Occurrences,
    Skipped,
    Why,
    each_day,
    holidays,
)
from scheduler.agenda.series import Repeated
from scheduler.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What it would come to, and on which days the location has as many as it takes."""

    days: Occurrences
    against: Sequence[Refusal]


def foresee(session: Session, repeated: Repeated) -> Foreseen:
    """What a series would come to, and whether there is room for it as things stand.

    Raises:
        RefusedError: something in it is wrong.
    """
    found = series.understood(session, repeated)
    return Foreseen(found, series.crowded(session, repeated.offer, found.places))


def left_out(session: Session, series_id: UUID) -> tuple[Skipped, ...]:
    """The days of its rule on which a series has no availability, each with why, as far as one can tell.

    Raises:
        NotThereError: there is no such series.
        RefusedError: nobody knows the holidays of its location.
    """
    its = series.read(session, series_id)
    location = session.get_one(Location, its.offer.location_id)
    found = tuple(each_day(its.offer, its.rule, its.first_day, location.time_zone))
    t = Availability
    rows = session.execute(select(t.day, t.removed_at).where(t.series_id == series_id)).all()
    there = {day for day, removed_at in rows if removed_at is None}
    missing = [one for one in found if one.day not in there]
    reasons = dict.fromkeys((one.day for one in missing), Why.GONE)
    reasons |= dict.fromkeys(holidays(session, location, missing) & reasons.keys(), Why.HOLIDAY)
    reasons |= {one.day: one.why for one in missing if isinstance(one, Skipped)}
    reasons |= dict.fromkeys(reasons.keys() & {day for day, _ in rows}, Why.REMOVED)
    return tuple(Skipped(day, why) for day, why in reasons.items())
