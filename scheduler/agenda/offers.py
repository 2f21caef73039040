"""What a planner offers: a practitioner at a location, at some hours, for some types. Domain §1.

One block of it is an availability; one that comes again and again is a series.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.agenda import Location, Opening
from models.consultations import ConsultationType, Modality
from models.people import Practitioner
from scheduler.announcing import in_portions
from scheduler.refusals import Refusal
from solver.minutes import MINUTES_PER_DAY

UNKNOWN = "unknown"
ARCHIVED = "archived"
HOURS = "hours"
NO_TYPE = "no_type"
NO_MODALITY = "some_modality"

COLUMNS = {
    Modality.AT_LOCATION: "at_location",
    Modality.TELEPHONE: "by_telephone",
    Modality.VIDEO: "by_video",
}
EVERY_MODALITY = frozenset(COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Who offers what, where, and at which hours of the local day; 1440 is its end."""

    practitioner_id: UUID
    location_id: UUID
    start_minute: int
    end_minute: int
    types: frozenset[UUID]
    modalities: frozenset[Modality] = EVERY_MODALITY

    @property
    def columns(self) -> dict[str, object]:
        """As an availability and a series have them."""
        return {
            "practitioner_id": self.practitioner_id,
            "location_id": self.location_id,
            "start_minute": self.start_minute,
            "end_minute": self.end_minute,
            **{name: modality in self.modalities for modality, name in COLUMNS.items()},
        }


def refusals(session: Session, offer: Offer, before: Offer | None = None) -> list[Refusal]:
    """What is wrong with the offer, whatever the day; what was chosen `before` may be archived by now."""
    against = []
    last = MINUTES_PER_DAY
    if not (0 <= offer.start_minute < last and 0 < offer.end_minute <= last):
        hours = {"start_minute": offer.start_minute, "end_minute": offer.end_minute, "most": last}
        against.append(Refusal(HOURS, hours))
    if not offer.types:
        against.append(Refusal(NO_TYPE))
    if not offer.modalities:
        against.append(Refusal(NO_MODALITY))
    return [*against, *_names(session, offer, before)]


def _names(session: Session, offer: Offer, before: Offer | None) -> Iterable[Refusal]:
    kinds: tuple[tuple[str, type[Practitioner | Location | ConsultationType], set[UUID]], ...] = (
        ("practitioner_id", Practitioner, {offer.practitioner_id}),
        ("location_id", Location, {offer.location_id}),
        ("types", ConsultationType, set(offer.types)),
    )
    kept = set() if before is None else _keys(before)
    for field, table, keys in kinds:
        query = select(table.id, table.archived_at).where(table.id.in_(keys))
        found: dict[UUID, datetime | None] = dict(session.execute(query).all())
        for key in sorted(keys):
            if key not in found:
                yield Refusal(UNKNOWN, {"field": field, "id": key})
            elif found[key] is not None and key not in kept:
                yield Refusal(ARCHIVED, {"field": field, "id": key})


def _keys(offer: Offer) -> set[UUID]:
    return {offer.practitioner_id, offer.location_id, *offer.types}


def types_by(
    session: Session,
    owner: InstrumentedAttribute[UUID],
    kind: InstrumentedAttribute[UUID],
    keys: Collection[UUID],
) -> Mapping[UUID, frozenset[UUID]]:
    """The types that each of these is open for, by the columns of the table that links them."""
    found: dict[UUID, set[UUID]] = {key: set() for key in keys}
    for portion in in_portions(keys):
        for key, named in session.execute(select(owner, kind).where(owner.in_(portion))):
            found[key].add(named)
    return {key: frozenset(kinds) for key, kinds in found.items()}


def modalities(one: Opening) -> frozenset[Modality]:
    """From the columns of a row."""
    return frozenset(modality for modality, name in COLUMNS.items() if getattr(one, name))
