"""The part of a series that a change is about."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Availability
from scheduler.agenda import availabilities, blocks, series
from scheduler.agenda.blocks import Block
from scheduler.agenda.occurrences import each_day
from scheduler.agenda.placing import zone_of
from scheduler.agenda.series import Standing
from scheduler.refusals import Refusal, RefusedError

NO_SERIES = "not_in_a_series"


class Reach(StrEnum):
    """How far a change goes."""

    THIS = "this"
    FOLLOWING = "this_and_following"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Part:
    """Those of a series that are meant, from one of them on."""

    series: Standing
    pivot: Block
    """Always meant: somebody chose it."""
    days: tuple[date, ...]
    """All that the rule has, those before among them."""
    meant: list[Block]
    kept: dict[UUID, date]
    """The rest, and those that were removed by hand: they stay as they are."""
    reach: Reach

    @property
    def whole(self) -> bool:
        """Whether nothing of the rule lies before."""
        return self.reach == Reach.ALL or not self._before

    @property
    def _before(self) -> bool:
        return any(day < self.pivot.placed.day for day in self.days)

    def since(self, now: datetime) -> datetime:
        """What starts earlier is not meant, nor made."""
        return now if self.reach == Reach.ALL else max(now, self.pivot.placed.starts_at)

    @property
    def begin(self) -> date:
        """From which day on a new rule counts."""
        return self.series.first_day if self.reach == Reach.ALL else self.pivot.placed.day


def part(
    session: Session, availability_id: UUID, version: int, reach: Reach, *, now: datetime
) -> Part:
    """As it stands; what has begun is not meant.

    Raises:
        NotThereError: there is no such availability, or no longer.
        OutdatedError: it has another version by now.
        RefusedError: it is in no series.
    """
    pivot = availabilities.one(session, availability_id, version)
    its = series.read(session, series_of(pivot))
    zone = zone_of(session, its.offer.location_id)
    days = tuple(one.day for one in each_day(its.offer, its.rule, its.first_day, zone))
    since = now if reach == Reach.ALL else max(now, pivot.placed.starts_at)
    on_days = frozenset(days)
    meant = [
        block
        for block in blocks.read(session, Availability.series_id == its.id)
        if block.id == pivot.id
        or (block.placed.starts_at >= since and series.follows(block, its, on_days))
    ]
    rest = select(Availability.id, Availability.day).where(
        Availability.series_id == its.id, Availability.id.not_in([block.id for block in meant])
    )
    kept = dict(session.execute(rest).all())
    return Part(its, pivot, days, meant, kept, reach)


def series_of(block: Block) -> UUID:
    """Raises RefusedError where it is in none."""
    if block.series_id is None:
        raise RefusedError([Refusal(NO_SERIES)])
    return block.series_id
