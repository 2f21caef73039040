"""Where a planner drops an appointment: a practitioner and a time on the clock become a place in an availability."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Availability, Location
from models.people import Practitioner
from scheduler.agenda.placing import clock, not_shown
from scheduler.loading.clock import LocalTimeError, local_instant
from scheduler.refusals import Refusal, RefusedError

NOTHING_OPEN = "nothing_open"


@dataclass(frozen=True, slots=True)
class Dropped:
    """What the clocks show where it was dropped."""

    practitioner_id: UUID
    day: date
    minute: int


def place(session: Session, dropped: Dropped, *, near: UUID | None) -> tuple[UUID, datetime]:
    """The availability that is open then, and the instant; at the location `near` where there is one.

    Raises:
        RefusedError: nothing is open then, or the clocks do not show this time once.
    """
    a = Availability
    query = (
        select(a.id, a.location_id, a.starts_at, a.ends_at, Location.time_zone)
        .join(Location, Location.id == a.location_id)
        .where(
            a.practitioner_id == dropped.practitioner_id,
            a.removed_at.is_(None),
            a.day == dropped.day,
        )
        .order_by(a.starts_at, a.id)
    )
    against: list[Refusal] = []
    found: list[tuple[bool, UUID, datetime]] = []
    for key, location, starts_at, ends_at, zone in session.execute(query):
        try:
            at = local_instant(zone, dropped.day, dropped.minute)
        except LocalTimeError as error:
            against = [not_shown("minute", error)]
            continue
        if starts_at <= at < ends_at:
            found.append((location != near, key, at))
    if not found:
        raise RefusedError(against or [_nothing_open(session, dropped)])
    _, key, at = min(found)
    return key, at


def _nothing_open(session: Session, dropped: Dropped) -> Refusal:
    who = session.scalar(
        select(Practitioner.name).where(Practitioner.id == dropped.practitioner_id)
    )
    params = {"practitioner": who or "-", "day": dropped.day, "time": clock(dropped.minute)}
    return Refusal(NOTHING_OPEN, params)
