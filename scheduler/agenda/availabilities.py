"""Availabilities one by one: added, changed, removed. Domain §§1-3; 001, Limitatie; reliability F6."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from models.agenda import Availability
from models.consultations import Modality
from scheduler.actor import Actor
from scheduler.agenda import blocks, capacity, disturbed, offers
from scheduler.agenda.blocks import Block, Future
from scheduler.agenda.disturbed import Leave
from scheduler.agenda.missing import NotThereError
from scheduler.agenda.offers import Offer
from scheduler.agenda.placing import Placed, placed, zone_of
from scheduler.booking.locks import lock
from scheduler.guarded import guarded
from scheduler.lifecycles import OutdatedError
from scheduler.refusals import Refusal, RefusedError

CHANGED = "the availability was changed"
REMOVED = "the availability was removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An availability as somebody types it. The offsets from UTC: of a time that comes twice, which is meant."""

    offer: Offer
    day: date
    start_offset: timedelta | None = None
    end_offset: timedelta | None = None
    reference: str | None = None


def add(session: Session, opened: Opened, *, now: datetime) -> UUID:
    """Open a block of time: its key.

    Raises:
        RefusedError: something in it is wrong, or the location has as many then as it takes.
    """
    place = _place(session, opened)
    lock(session, blocks.concerned([], opened.offer))
    _refuse(_crowded(session, None, opened.offer, place))
    with guarded(session):
        (key,) = blocks.put(session, opened.offer, [place], reference=opened.reference, now=now)
    return key


def change(
    session: Session,
    availability_id: UUID,
    version: int,
    opened: Opened,
    *,
    leave: Leave,
    by: Actor,
    now: datetime,
) -> None:
    """Make another of it. With `leave`, planned appointments that it leaves without a place go.

    One of a series stays with it, unless it gets another day: then it is one by itself.

    Raises:
        NotThereError: there is none, or no longer.
        OutdatedError: it has another version by now.
        RefusedError: as for a new one; or it would disturb planned appointments, and nobody confirmed.
    """
    block = one(session, availability_id, version)
    place = _place(session, opened, block)
    future = opened.offer, place
    found = _under_locks(session, block, future)
    crowded = _crowded(session, block, *future)
    _refuse([*crowded, *disturbed.refusals(session, found, leave)])
    disturbed.give_up(session, found, leave, CHANGED, by=by, now=now)
    series = block.series_id if place.day == block.placed.day else None
    with guarded(session):
        blocks.rewrite(
            session,
            [block],
            opened.offer,
            [place],
            reference=opened.reference,
            series_id=series,
            now=now,
        )
    session.expire_all()


def remove(
    session: Session,
    availability_id: UUID,
    version: int,
    *,
    leave: Leave,
    by: Actor,
    now: datetime,
) -> None:
    """Take it away; with `leave`, the planned appointments in it go too.

    Raises:
        NotThereError: there is none, or no longer.
        OutdatedError: it has another version by now.
        RefusedError: there are planned appointments in it, and nobody confirmed.
    """
    block = one(session, availability_id, version)
    found = _under_locks(session, block, None)
    _refuse(disturbed.refusals(session, found, leave))
    disturbed.give_up(session, found, leave, REMOVED, by=by, now=now)
    with guarded(session):
        blocks.take_away(session, [block], now=now)
    session.expire_all()


def one(session: Session, availability_id: UUID, version: int) -> Block:
    """As the caller saw it.

    Raises:
        NotThereError: there is none, or no longer.
        OutdatedError: it has another version by now.
    """
    found = blocks.read(session, Availability.id == availability_id)
    if not found:
        raise NotThereError("availability", availability_id)
    if found[0].version != version:
        raise OutdatedError("availability", [availability_id])
    return found[0]


def _under_locks(session: Session, block: Block, future: Future) -> list[UUID]:
    also = blocks.concerned([block], None if future is None else future[0])
    found = disturbed.under_locks(
        session, lambda: blocks.disturbed(session, [(block, future)]), also
    )
    # under the locks of his practitioner and location: from here on nobody else can
    one(session, block.id, block.version)
    return list(found)


def _place(session: Session, opened: Opened, block: Block | None = None) -> Placed:
    before = None if block is None else block.offer
    _refuse(offers.refusals(session, opened.offer, before))
    zone = zone_of(session, opened.offer.location_id)
    if block is not None and _same_hours(block, opened):
        # a time that comes twice was said before
        return block.placed
    return placed(opened.offer, zone, opened.day, opened.start_offset, opened.end_offset)


def _same_hours(block: Block, opened: Opened) -> bool:
    asked, stands = opened.offer, block.offer
    return (
        opened.start_offset is None
        and opened.end_offset is None
        and (opened.day, asked.location_id, asked.start_minute, asked.end_minute)
        == (block.placed.day, stands.location_id, stands.start_minute, stands.end_minute)
    )


def _crowded(session: Session, block: Block | None, offer: Offer, place: Placed) -> list[Refusal]:
    if Modality.AT_LOCATION not in offer.modalities or (block and no_larger(block, offer, place)):
        return []
    apart_from = [] if block is None else [block.id]
    return capacity.refusals(session, offer.location_id, [place], apart_from)


def no_larger(block: Block, offer: Offer, place: Placed) -> bool:
    """One that stood before a limit was lowered may stay, or become smaller (domain §3)."""
    return (
        block.offer.location_id == offer.location_id
        and Modality.AT_LOCATION in block.offer.modalities
        and block.placed.starts_at <= place.starts_at
        and place.ends_at <= block.placed.ends_at
    )


def _refuse(against: list[Refusal]) -> None:
    if against:
        raise RefusedError(against)
