"""The days of a series as blocks of time: 09:00 stays 09:00 when the clocks change. Domain §2; RFC 5545 §3.3.10.

A day on which the clocks skip one of the times is left out and not counted; of a time that comes twice
the first is meant. A holiday that the series skips is left out, and counts: it ends when it would have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from models.agenda import Location
from scheduler.agenda import calendars
from scheduler.agenda.bounds import out_of_range
from scheduler.agenda.offers import Offer
from scheduler.agenda.placing import ENDS_FIRST, Placed, clock
from scheduler.agenda.recurrence import MOST, Recurrence
from scheduler.loading.calendar import days_off
from scheduler.loading.clock import NonexistentTimeError, local_instant
from scheduler.refusals import Refusal, RefusedError

TOO_LONG = "series_too_long"
EMPTY = "series_empty"

LONGEST = timedelta(days=366 + 2 * 365)
"""Three years."""


class Why(StrEnum):
    """Why a day of the rule has no availability."""

    HOLIDAY = "holiday"
    NO_SUCH_TIME = "nonexistent_local_time"
    REMOVED = "removed"
    """By hand: somebody left this one out."""
    GONE = "gone"
    """Somebody gave it another day; or the day was a holiday when the series was made."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A day of the rule that was left out."""

    day: date
    why: Why


@dataclass(frozen=True, slots=True)
class Occurrences:
    """What a rule comes to."""

    places: tuple[Placed, ...]
    skipped: tuple[Skipped, ...]


def occurrences(
    session: Session, offer: Offer, rule: Recurrence, first_day: date, *, skip_holidays: bool
) -> Occurrences:
    """The blocks that an offer becomes by a rule.

    Raises:
        RefusedError: there are none, or too many, or it goes on for too long.
    """
    against = out_of_range(first_day=first_day) + hours_refusals(offer, first_day)
    if against:
        raise RefusedError(against)
    location = session.get_one(Location, offer.location_id)
    found = tuple(each_day(offer, rule, first_day, location.time_zone))
    closed = holidays(session, location, found) if skip_holidays else frozenset()
    places = [one for one in found if isinstance(one, Placed)]
    skipped = [one for one in found if isinstance(one, Skipped)]
    skipped += [Skipped(one.day, Why.HOLIDAY) for one in places if one.day in closed]
    open_ = tuple(one for one in places if one.day not in closed)
    if not open_:
        raise RefusedError([Refusal(EMPTY, {"rule": str(rule), "first_day": first_day})])
    return Occurrences(open_, tuple(sorted(skipped, key=lambda one: one.day)))


def hours_refusals(offer: Offer, day: date) -> list[Refusal]:
    """Of a series the times are the same every day, so that the second must be the later one."""
    if offer.start_minute < offer.end_minute:
        return []
    clocks = {"start": clock(offer.start_minute), "end": clock(offer.end_minute)}
    return [Refusal(ENDS_FIRST, {"day": day, **clocks})]


def each_day(
    offer: Offer, rule: Recurrence, first_day: date, zone: str
) -> Iterator[Placed | Skipped]:
    """Every day of a rule up to its end, whatever became of it; none where it has ended before it began."""
    made = 0
    for day in rule.days(first_day):
        if rule.ends_before(day, datetime.combine(day, time(), UTC) - timedelta(days=1)):
            return
        if day >= first_day + LONGEST or made == MOST:
            raise RefusedError(
                [Refusal(TOO_LONG, {"most": MOST, "until_day": first_day + LONGEST})]
            )
        place = on_day(offer, zone, day)
        if isinstance(place, Placed):
            if rule.ends_before(day, place.starts_at):
                return
            made += 1
        yield place
        if made == rule.count:
            return


def on_day(offer: Offer, zone: str, day: date) -> Placed | Skipped:
    """The block that it is on a day, unless the clocks skip one of its times."""
    try:
        starts, ends = (
            local_instant(zone, day, minute, fold=0)
            for minute in (offer.start_minute, offer.end_minute)
        )
    except NonexistentTimeError:
        return Skipped(day, Why.NO_SUCH_TIME)
    return Placed(day, starts, ends)


def holidays(
    session: Session, location: Location, found: Sequence[Placed | Skipped]
) -> frozenset[date]:
    """Those of the location between the first of these days and the last.

    Raises:
        RefusedError: nobody knows them.
    """
    if not found:
        return frozenset()
    until = found[-1].day + timedelta(days=1)
    with calendars.known():
        return days_off(session, [location], found[0].day, until)[location.id]
