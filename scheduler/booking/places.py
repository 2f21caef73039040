"""A place for a request, and whether the rules as they stand now allow it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from models.agenda import Location
from scheduler.loading import Loaded, beside, rows
from scheduler.loading.occupation import Span
from scheduler.loading.rows import AvailabilityRow, RequestRow
from scheduler.refusals import Refusal
from solver.agenda import Agenda
from solver.facts import Assignment
from solver.rules.date_window import DateWindow
from solver.rules.location_wish import LocationWish
from solver.rules.own_calendar import OwnCalendar
from solver.rules.practitioner_wish import PractitionerWish
from solver.rules.saturday import Saturday
from solver.rules.sunday_holiday import SundayHoliday

OVERRIDABLE = frozenset(
    rule.code
    for rule in (DateWindow, Saturday, SundayHoliday, LocationWish, PractitionerWish, OwnCalendar)
)
"""These bind automatic planning; by hand they may be set aside with a reason. Domain §3."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a request is to be planned. `overrides`: rules set aside by hand, with the reason."""

    request_id: UUID
    availability_id: UUID
    starts_at: datetime
    overrides: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fixed = sorted(set(self.overrides) - OVERRIDABLE)
        if fixed:
            raise ValueError(
                f"nobody may set aside {', '.join(fixed)}; only {', '.join(sorted(OVERRIDABLE))}"
            )


@dataclass(frozen=True, slots=True)
class Asked:
    """A place with what it is about."""

    place: Place
    request: RequestRow
    availability: AvailabilityRow

    @property
    def ends_at(self) -> datetime:
        """When the employee is free again."""
        return self.place.starts_at + timedelta(minutes=self.request.duration)

    @property
    def occupied_until(self) -> datetime:
        """When practitioner and room are."""
        return self.ends_at + timedelta(minutes=self.request.buffer)

    @property
    def span(self) -> Span:
        """The time that is asked for."""
        block = self.availability
        start = self.place.starts_at
        return Span(block.practitioner_id, block.location_id, start, self.occupied_until)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules said: the places that all of them allow together, and what was in the way of the rest."""

    allowed: list[Asked]
    refused: dict[UUID, tuple[Refusal, ...]]


def judge(
    session: Session,
    asked: Sequence[Asked],
    *,
    now: datetime,
    not_before: datetime,
    apart_from: Collection[UUID] = (),
) -> Judged:
    """Ask every rule about every place, each with those allowed before it already there.

    `apart_from`: appointments that make way for these.
    """
    judged = Judged([], {})
    for group in _by_zone(session, asked):
        facts = beside(
            session,
            sorted({one.request for one in group}, key=lambda row: row.id),
            list({one.availability for one in group}),
            [one.span for one in group],
            now=now,
            not_before=not_before,
            apart_from=apart_from,
        )
        agenda = Agenda(facts.instance)
        requests = {row.id: number for number, row in enumerate(facts.requests)}
        blocks = {row.id: number for number, row in enumerate(facts.availabilities)}
        for one in group:
            r, a = requests[one.request.id], blocks[one.availability.id]
            broken = _broken(agenda, facts, r, a, one.place)
            if broken:
                judged.refused[one.request.id] = tuple(Refusal(code) for code in broken)
                continue
            start = facts.minute(a, one.place.starts_at)
            agenda.place(Assignment(r, a, start))
            judged.allowed.append(one)
    return judged


def _broken(agenda: Agenda, facts: Loaded, r: int, a: int, place: Place) -> list[str]:
    block = facts.instance.availabilities[a]
    start = facts.minute(a, place.starts_at)
    codes = agenda.broken(facts.instance.requests[r], block, start)
    return [code for code in codes if code not in place.overrides]


def _by_zone(session: Session, asked: Sequence[Asked]) -> Iterable[list[Asked]]:
    """The solver plans in one clock: a group for each time zone."""
    where = {one.availability.location_id for one in asked}
    zone = {row.id: row.time_zone for row in rows.locations(session, Location.id.in_(where))}
    groups: dict[str, list[Asked]] = {}
    for one in asked:
        groups.setdefault(zone[one.availability.location_id], []).append(one)
    return groups.values()
