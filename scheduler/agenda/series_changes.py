"""A series changed or removed: this one, this and those that follow, or all; as calendars have it (RFC 5545).

What has begun stays as it was, and so does what somebody changed or removed by hand; but the one from
which the change is made is always meant. From the middle of a series on it becomes a series of its own,
so that what went before keeps its rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.consultations import Modality
from scheduler.actor import Actor
from scheduler.agenda import availabilities, blocks, capacity, disturbed, offers, series
from scheduler.agenda.availabilities import CHANGED, REMOVED, Opened
from scheduler.agenda.blocks import Block, Future
from scheduler.agenda.disturbed import Leave, Way
from scheduler.agenda.occurrences import Skipped, hours_refusals, occurrences, on_day
from scheduler.agenda.offers import Offer
from scheduler.agenda.placing import Placed, zone_of
from scheduler.agenda.recurrence import Recurrence, parsed
from scheduler.agenda.series_parts import Part, Reach, part, series_of
from scheduler.announcing import in_portions
from scheduler.guarded import guarded
from scheduler.refusals import Refusal, RefusedError

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What the series is to be. Without a `rule` it keeps its days; with one, days come and go by it."""

    offer: Offer
    reach: Reach
    rule: str | None = None
    skip_holidays: bool = True
    """Of a new rule."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of those that are meant, and which join them."""

    rule: Recurrence
    staying: list[tuple[Block, Placed]]
    going: list[Block]
    coming: list[Placed]


def change(
    session: Session,
    availability_id: UUID,
    version: int,
    changed: Changed,
    *,
    leave: Leave,
    by: Actor,
    now: datetime,
) -> UUID:
    """Change a series from one of its availabilities on: the key of the one that it is in now.

    With `leave`, planned appointments give way.

    Raises:
        NotThereError: there is no such availability, or no longer.
        OutdatedError: it, or another of them, has another version by now.
        RefusedError: it is in no series; or something is wrong, or in its way.
    """
    if changed.reach == Reach.THIS:
        block = availabilities.one(session, availability_id, version)
        its = series_of(block)
        opened = Opened(offer=changed.offer, day=block.placed.day, reference=block.reference)
        availabilities.change(session, block.id, version, opened, leave=leave, by=by, now=now)
        return its
    meant = part(session, availability_id, version, changed.reach, now=now)
    plan = _planned(session, meant, changed, now=now)
    futures: list[tuple[Block, Future]] = [(block, None) for block in plan.going]
    futures += [(block, (changed.offer, place)) for block, place in plan.staying]
    found = disturbed.under_locks(
        session,
        lambda: blocks.disturbed(session, futures),
        blocks.concerned(meant.meant, changed.offer),
    )
    crowded = _crowded(session, changed.offer, plan)
    _refuse([*crowded, *disturbed.refusals(session, found, leave)])
    disturbed.give_up(session, found, leave, CHANGED, by=by, now=now)
    with guarded(session):
        key = _series(session, meant, changed, plan)
        blocks.leave_series(session, plan.going, now=now)
        staying, places = [one for one, _ in plan.staying], [place for _, place in plan.staying]
        blocks.rewrite(session, staying, changed.offer, places, now=now, series_id=key)
        blocks.put(session, changed.offer, plan.coming, series_id=key, now=now)
    session.expire_all()
    return key


def remove(
    session: Session,
    availability_id: UUID,
    version: int,
    reach: Reach,
    *,
    leave: Leave,
    by: Actor,
    now: datetime,
) -> None:
    """Take away one availability of a series, or it and those that follow, or all.

    Raises:
        NotThereError: there is no such availability, or no longer.
        OutdatedError: it, or another of them, has another version by now.
        RefusedError: there are planned appointments in them, and nobody confirmed.
    """
    if reach == Reach.THIS:
        availabilities.remove(session, availability_id, version, leave=leave, by=by, now=now)
        return
    meant = part(session, availability_id, version, reach, now=now)
    futures: list[tuple[Block, Future]] = [(block, None) for block in meant.meant]
    way = Way(lambda: blocks.disturbed(session, futures), blocks.concerned(meant.meant), REMOVED)
    disturbed.make_way(session, way, leave, by=by, now=now)
    last = min(block.placed.day for block in meant.meant) - DAY
    with guarded(session):
        blocks.leave_series(session, meant.meant, now=now)
        series.rewrite(session, meant.series.id, {"rule": str(meant.series.rule.until(last))})
    session.expire_all()


# --- What becomes of them -----------------------------------------------------------------------------


def _planned(session: Session, meant: Part, changed: Changed, *, now: datetime) -> _Plan:
    offer = changed.offer
    _refuse(offers.refusals(session, offer, meant.pivot.offer))
    _refuse(hours_refusals(offer, meant.pivot.placed.day))
    if changed.rule is None:
        return _on_the_same_days(session, meant, offer)
    rule = parsed(changed.rule)
    found = occurrences(session, offer, rule, meant.begin, skip_holidays=changed.skip_holidays)
    since = meant.since(now)
    by_day: dict[object, Placed] = {one.day: one for one in found.places}
    staying = [(one, by_day[one.placed.day]) for one in meant.meant if one.placed.day in by_day]
    taken = {one.placed.day for one in meant.meant} | set(meant.kept.values())
    coming = [one for one in found.places if one.day not in taken and one.starts_at >= since]
    return _Plan(
        rule, staying, [one for one in meant.meant if one.placed.day not in by_day], coming
    )


def _on_the_same_days(session: Session, meant: Part, offer: Offer) -> _Plan:
    """One whose new hours the clocks skip on its day goes, as a new series would not have it."""
    zone = zone_of(session, offer.location_id)
    placed = [(block, on_day(offer, zone, block.placed.day)) for block in meant.meant]
    staying = [(block, place) for block, place in placed if isinstance(place, Placed)]
    going = [block for block, place in placed if isinstance(place, Skipped)]
    rule = meant.series.rule
    if rule.count is not None and not meant.whole:
        rule = rule.times(sum(day >= meant.pivot.placed.day for day in meant.days))
    return _Plan(rule, staying, going, [])


def _crowded(session: Session, offer: Offer, plan: _Plan) -> list[Refusal]:
    if Modality.AT_LOCATION not in offer.modalities:
        return []
    larger = [
        (block, place)
        for block, place in plan.staying
        if not availabilities.no_larger(block, offer, place)
    ]
    places = sorted([*(place for _, place in larger), *plan.coming], key=lambda one: one.starts_at)
    apart_from = [block.id for block in (*plan.going, *(one for one, _ in larger))]
    return capacity.refusals(session, offer.location_id, places, apart_from)


# --- Its rule -----------------------------------------------------------------------------------------


def _series(session: Session, meant: Part, changed: Changed, plan: _Plan) -> UUID:
    """The series that they are to be of: the same, or a new one from here on."""
    its = meant.series
    if meant.whole:
        days = {"rule": str(plan.rule)} | ({"first_day": meant.begin} if changed.rule else {})
        series.rewrite(session, its.id, {**changed.offer.columns, **days})
        series.retype(session, its.id, changed.offer.types)
        return its.id
    day = meant.pivot.placed.day
    series.rewrite(session, its.id, {"rule": str(its.rule.until(day - DAY))})
    key = series.put(session, changed.offer, day, plan.rule)
    _join(session, [one for one, its_day in meant.kept.items() if its_day >= day], key)
    return key


def _join(session: Session, keys: Sequence[UUID], series_id: UUID) -> None:
    """What stays as it was made by hand belongs to what its series has become."""
    t = blocks.TABLE.c
    for portion in in_portions(keys):
        change_ = update(blocks.TABLE).where(t.id.in_(portion))
        session.execute(change_.values(series_id=series_id, version=t.version + 1))


def _refuse(against: Sequence[Refusal]) -> None:
    if against:
        raise RefusedError(against)
