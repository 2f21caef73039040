"""Where an appointment is to go: an availability as it is, and the question whether it may. Domain §5, reschedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.agenda import Availability
from scheduler.booking.book import NO_AVAILABILITY
from scheduler.booking.locks import Concerned
from scheduler.booking.loose import Spot
from scheduler.booking.places import Asked, Place
from scheduler.loading import rows
from scheduler.loading.rows import AvailabilityRow, RequestRow
from scheduler.refusals import Refusal, RefusedError


@dataclass(frozen=True, slots=True)
class Target:
    """Where an appointment is to go. `overrides`: rules set aside by hand, with the reason."""

    availability_id: UUID
    starts_at: datetime
    overrides: Mapping[str, str] = field(default_factory=dict)


def block(session: Session, availability: UUID) -> AvailabilityRow:
    found = rows.availabilities(session, Availability.id == availability)
    if not found:
        raise RefusedError([Refusal(NO_AVAILABILITY)])
    return found[0]


def still(session: Session, key: UUID, seen: AvailabilityRow | Spot) -> AvailabilityRow:
    """The same under its lock; that of another practitioner, or elsewhere, is not what was locked for."""
    now = block(session, key)
    if (now.practitioner_id, now.location_id) != (seen.practitioner_id, seen.location_id):
        raise RefusedError([Refusal(NO_AVAILABILITY)])
    return now


def about(there: AvailabilityRow | Spot) -> Concerned:
    return Concerned(
        locations=[there.location_id],
        practitioners=[there.practitioner_id],
        availabilities=() if isinstance(there, Spot) else [there.id],
    )


def ask(wish: RequestRow, there: AvailabilityRow, target: Target) -> Asked:
    """The question about one place."""
    place = Place(wish.id, there.id, target.starts_at, target.overrides)
    return Asked(place, wish, there)
