"""Availabilities as rows: read, written, many at a time; and which appointments a change leaves without one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from models import Base
from models.agenda import Availability, AvailabilityType
from models.appointments import AHEAD, Appointment, Hold
from models.base import new_id
from models.consultations import Modality
from scheduler.agenda.offers import Offer, modalities, types_by
from scheduler.agenda.placing import Placed
from scheduler.announcing import News, announce, in_portions
from scheduler.booking.locks import Concerned
from scheduler.lifecycles import OutdatedError
from scheduler.topics import Topic

TABLE = Base.metadata.tables[Availability.__tablename__]
TYPES = Base.metadata.tables[AvailabilityType.__tablename__]


@dataclass(frozen=True, slots=True)
class Block:
    """An availability as it stands."""

    id: UUID
    version: int
    series_id: UUID | None
    reference: str | None
    offer: Offer
    placed: Placed


def read(session: Session, *where: ColumnElement[bool]) -> list[Block]:
    """Those that are not removed, by time."""
    t = Availability
    query = select(t).where(t.removed_at.is_(None), *where).order_by(t.starts_at, t.id)
    found = session.scalars(query.execution_options(populate_existing=True)).all()
    types = types_of(session, [one.id for one in found])
    return [
        Block(one.id, one.version, one.series_id, one.reference, _offer(one, types), _placed(one))
        for one in found
    ]


def _offer(one: Availability, types: Mapping[UUID, frozenset[UUID]]) -> Offer:
    return Offer(
        practitioner_id=one.practitioner_id,
        location_id=one.location_id,
        start_minute=one.start_minute,
        end_minute=one.end_minute,
        types=types[one.id],
        modalities=modalities(one),
    )


def _placed(one: Availability) -> Placed:
    return Placed(one.day, one.starts_at, one.ends_at)


def types_of(session: Session, keys: Collection[UUID]) -> Mapping[UUID, frozenset[UUID]]:
    link = AvailabilityType
    return types_by(session, link.availability_id, link.consultation_type_id, keys)


# --- Writing ------------------------------------------------------------------------------------------


def put(
    session: Session,
    offer: Offer,
    places: Sequence[Placed],
    *,
    series_id: UUID | None = None,
    reference: str | None = None,
    now: datetime,
) -> list[UUID]:
    """New ones, all of one offer."""
    common = {"version": 1, "series_id": series_id, "reference": reference, **offer.columns}
    keys = [new_id() for _ in places]
    rows = [{"id": key, **common, **place.columns} for key, place in zip(keys, places, strict=True)]
    if rows:
        session.execute(insert(TABLE), rows)
        _admit(session, keys, offer.types)
        _tell(session, Topic.AVAILABILITY_ADDED, dict.fromkeys(keys, offer), now)
    return keys


def rewrite(
    session: Session,
    blocks: Sequence[Block],
    offer: Offer,
    places: Sequence[Placed],
    *,
    now: datetime,
    **also: UUID | str | None,
) -> None:
    """Each of these becomes the offer on its place.

    Raises:
        OutdatedError: somebody changed one of them meanwhile.
    """
    t = TABLE.c
    values = [{**offer.columns, **also, **place.columns} for place in places]
    seen = t.id == bindparam("seen_id"), t.version == bindparam("seen_version")
    for block, new in zip(blocks, values, strict=True):
        change = update(TABLE).where(*seen).values(**new, version=t.version + 1)
        _once(session, change, block)
    keys = [block.id for block in blocks]
    for portion in in_portions(keys):
        session.execute(delete(TYPES).where(TYPES.c.availability_id.in_(portion)))
    _admit(session, keys, offer.types)
    _free_holds(session, keys)
    _tell(session, Topic.AVAILABILITY_CHANGED, dict.fromkeys(keys, offer), now)


def take_away(session: Session, blocks: Sequence[Block], *, now: datetime) -> None:
    """They stay as rows, for the appointments that were held in them.

    Raises:
        OutdatedError: somebody changed one of them meanwhile.
    """
    _take_away(session, blocks, {}, now)


def leave_series(session: Session, blocks: Sequence[Block], *, now: datetime) -> None:
    """The same for those that go with their series: what is removed by hand stays in it, and stays removed.

    Raises:
        OutdatedError: somebody changed one of them meanwhile.
    """
    _take_away(session, blocks, {"series_id": None}, now)


def _take_away(
    session: Session, blocks: Sequence[Block], also: Mapping[str, object], now: datetime
) -> None:
    t = TABLE.c
    seen = t.id == bindparam("seen_id"), t.version == bindparam("seen_version")
    _free_holds(session, [block.id for block in blocks])
    change = update(TABLE).where(*seen).values(**also, removed_at=now, version=t.version + 1)
    for block in blocks:
        _once(session, change, block)
    _tell(session, Topic.AVAILABILITY_REMOVED, {block.id: block.offer for block in blocks}, now)


def _once(session: Session, change: Any, block: Block) -> None:  # noqa: ANN401 (an UPDATE)
    done: Any = session.execute(change, {"seen_id": block.id, "seen_version": block.version})
    if done.rowcount != 1:
        raise OutdatedError("availability", [block.id])


def _admit(session: Session, keys: Sequence[UUID], types: Collection[UUID]) -> None:
    admitted = [
        {"availability_id": key, "consultation_type_id": kind}
        for key in keys
        for kind in sorted(types)
    ]
    if admitted:
        session.execute(insert(TYPES), admitted)


def _tell(session: Session, topic: Topic, offers: Mapping[UUID, Offer], now: datetime) -> None:
    news = [
        News(
            topic,
            TABLE.name,
            key,
            {"practitioner_id": offer.practitioner_id, "location_id": offer.location_id},
        )
        for key, offer in offers.items()
    ]
    announce(session, news, at=now)


def _free_holds(session: Session, keys: Collection[UUID]) -> None:
    """Whoever kept a place in them for a moment looks again."""
    for portion in in_portions(keys):
        session.execute(delete(Hold).where(Hold.availability_id.in_(portion)))


# --- Disturbance --------------------------------------------------------------------------------------

Future = tuple[Offer, Placed] | None
"""What becomes of a block; nothing: it goes."""


def disturbed(session: Session, futures: Sequence[tuple[Block, Future]]) -> list[UUID]:
    """The appointments that would lie outside, or that the block no longer admits.

    Of types and modalities only those count that go by this change: what stood against them before, as a
    no-show of a type that no availability admits, stays.
    """
    by_key = {block.id: (block, future) for block, future in futures}
    a = Appointment
    query = select(
        a.id, a.availability_id, a.practitioner_id, a.location_id, a.starts_at, a.occupied_until,
        a.consultation_type_id, a.modality,
    ).order_by(a.starts_at, a.id)  # fmt: skip
    found = []
    for portion in in_portions(by_key):
        those = and_(a.availability_id.in_(portion), a.state.in_(AHEAD), a.ad_hoc.is_(False))
        for row in session.execute(query.where(those)):
            block, future = by_key[row.availability_id]
            if future is None or not _keeps(row, block.offer, *future):
                found.append(row.id)
    return found


def _keeps(row: Any, before: Offer, offer: Offer, place: Placed) -> bool:  # noqa: ANN401 (a row)
    whose = (row.practitioner_id, row.location_id) == (offer.practitioner_id, offer.location_id)
    within = place.starts_at <= row.starts_at and row.occupied_until <= place.ends_at
    lost: frozenset[UUID] = before.types - offer.types
    ways: frozenset[Modality] = before.modalities - offer.modalities
    return whose and within and row.consultation_type_id not in lost and row.modality not in ways


def concerned(blocks: Sequence[Block], offer: Offer | None = None) -> Concerned:
    """What a change of these blocks, into that offer, is about."""
    offers = [*(block.offer for block in blocks), *([] if offer is None else [offer])]
    return Concerned(
        locations={one.location_id for one in offers},
        practitioners={one.practitioner_id for one in offers},
        availabilities=[block.id for block in blocks],
    )
