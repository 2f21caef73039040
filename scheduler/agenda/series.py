"""Availabilities that come again and again, made all at once. Domain §1; RFC 5545.

Each is an availability like any other. It follows its series as long as it is what the series says:
one that somebody has changed or removed by hand is left alone by what happens to the series.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from models import Base
from models.agenda import AvailabilitySeries, SeriesType
from models.base import new_id
from models.consultations import Modality
from scheduler.agenda import blocks, capacity, offers
from scheduler.agenda.blocks import Block
from scheduler.agenda.missing import NotThereError
from scheduler.agenda.occurrences import Occurrences, Skipped, occurrences
from scheduler.agenda.offers import Offer, modalities, types_by
from scheduler.agenda.placing import Placed
from scheduler.agenda.recurrence import Recurrence, parsed
from scheduler.booking.locks import lock
from scheduler.guarded import guarded
from scheduler.refusals import Refusal, RefusedError

TABLE = Base.metadata.tables[AvailabilitySeries.__tablename__]
TYPES = Base.metadata.tables[SeriesType.__tablename__]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A series as somebody types it; its first day is the first on or after `first_day` that the rule has."""

    offer: Offer
    first_day: date
    rule: str
    """An RRULE (RFC 5545), with COUNT or UNTIL."""
    skip_holidays: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """What became of it: the series, its availabilities, and the days that were left out."""

    series_id: UUID
    availabilities: tuple[UUID, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A series as it stands."""

    id: UUID
    version: int
    offer: Offer
    first_day: date
    rule: Recurrence


def add(session: Session, repeated: Repeated, *, now: datetime) -> Made:
    """Make all availabilities of a series, or none.

    Raises:
        RefusedError: something in it is wrong, or the location has as many as it takes on one of the days.
    """
    offer = repeated.offer
    found = understood(session, repeated)
    lock(session, blocks.concerned([], offer))
    against = crowded(session, offer, found.places)
    if against:
        raise RefusedError(against)
    with guarded(session):
        key = put(session, offer, repeated.first_day, parsed(repeated.rule))
        made = blocks.put(session, offer, found.places, series_id=key, now=now)
    return Made(key, tuple(made), found.skipped)


def understood(session: Session, repeated: Repeated) -> Occurrences:
    """The days that it comes to.

    Raises:
        RefusedError: something in it is wrong.
    """
    offer = repeated.offer
    against = offers.refusals(session, offer)
    if against:
        raise RefusedError(against)
    rule = parsed(repeated.rule)
    return occurrences(
        session, offer, rule, repeated.first_day, skip_holidays=repeated.skip_holidays
    )


def crowded(session: Session, offer: Offer, places: Sequence[Placed]) -> list[Refusal]:
    """When the location has as many as it takes (`availability_capacity`)."""
    if Modality.AT_LOCATION not in offer.modalities:
        return []
    return capacity.refusals(session, offer.location_id, places)


def read(session: Session, series_id: UUID) -> Standing:
    """One series.

    Raises:
        NotThereError: there is none with this key.
    """
    one = session.get(AvailabilitySeries, series_id, populate_existing=True)
    if one is None:
        raise NotThereError("series", series_id)
    offer = Offer(
        practitioner_id=one.practitioner_id,
        location_id=one.location_id,
        start_minute=one.start_minute,
        end_minute=one.end_minute,
        types=types_of(session, [one.id])[one.id],
        modalities=modalities(one),
    )
    return Standing(one.id, one.version, offer, one.first_day, parsed(one.rule))


def types_of(session: Session, keys: Collection[UUID]) -> Mapping[UUID, frozenset[UUID]]:
    return types_by(session, SeriesType.series_id, SeriesType.consultation_type_id, keys)


def follows(block: Block, series: Standing, days: Collection[date]) -> bool:
    """Whether it is still what the series says, on one of its days."""
    return block.offer == series.offer and block.placed.day in days


def put(session: Session, offer: Offer, first_day: date, rule: Recurrence) -> UUID:
    """A new row, without availabilities."""
    key = new_id()
    what = {"first_day": first_day, "rule": str(rule)}
    session.execute(insert(TABLE), {"id": key, "version": 1, **what, **offer.columns})
    _ask(session, key, offer.types)
    return key


def rewrite(session: Session, series_id: UUID, values: Mapping[str, object]) -> None:
    t = TABLE.c
    change = update(TABLE).where(t.id == series_id)
    session.execute(change.values(**values, version=t.version + 1))


def retype(session: Session, series_id: UUID, types: Collection[UUID]) -> None:
    session.execute(delete(TYPES).where(TYPES.c.series_id == series_id))
    _ask(session, series_id, types)


def _ask(session: Session, series_id: UUID, types: Collection[UUID]) -> None:
    rows = [{"series_id": series_id, "consultation_type_id": kind} for kind in sorted(types)]
    session.execute(insert(TYPES), rows)
