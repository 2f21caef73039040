"""What was read for one time zone, and the number that each of its keys has among the facts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from models.settings import Criterion
from scheduler.loading.days import Days
from scheduler.loading.grades import Hours
from scheduler.loading.occupation import RoomRow, StandingRow
from scheduler.loading.rows import (
    AbsenceRow,
    AvailabilityRow,
    LocationRow,
    PlannedRow,
    PractitionerRow,
    RequestRow,
    Sets,
    TypeRow,
)
from solver.facts import NONE


@dataclass(frozen=True)
class Wanted:
    """What is asked, and what the organisation makes of it: the same wherever it is planned."""

    requests: Sequence[RequestRow]
    types: Sequence[TypeRow]
    asked_functions: Sets
    """By type; one that asks for none is not in it."""
    wished_locations: Sets
    """By request; one without a list is not in it."""
    excluded: Sets
    """Practitioners by employee."""
    planned_once: Sequence[PlannedRow]
    """Of the types that refuse duplicates."""
    order: Sequence[Criterion]
    """Of the criteria of preference."""
    hours: Mapping[UUID, Sequence[Hours]]
    """That employers like, by employer."""
    grid: int


@dataclass(frozen=True)
class Rows:
    """What was read for some days of one time zone."""

    days: Days
    wanted: Wanted
    locations: Sequence[LocationRow]
    practitioners: Sequence[PractitionerRow]
    availabilities: Sequence[AvailabilityRow]
    standing: Sequence[StandingRow]
    rooms: Sequence[RoomRow]
    """Taken by others, who are not among `standing`."""
    absences: Sequence[AbsenceRow]
    busy: Sequence[AbsenceRow]
    """By calendars of their own."""
    admitted: Sets
    """Types by availability."""
    held_functions: Sets
    """By practitioner."""
    days_off: Mapping[UUID, frozenset[date]]
    """Holidays by location."""


@dataclass(frozen=True)
class Numbers:
    """The place of each key in its tuple of facts."""

    types: Mapping[UUID, int]
    locations: Mapping[UUID, int]
    practitioners: Mapping[UUID, int]
    employees: Mapping[UUID, int]


def named(row: LocationRow | PractitionerRow | AvailabilityRow | StandingRow | RequestRow) -> str:
    """The id of a fact: the key by which others know the row, where there is one."""
    return row.reference or str(row.id)


def numbered(keys: Iterable[UUID]) -> dict[UUID, int]:
    return {key: number for number, key in enumerate(keys)}


def maybe(numbers: Mapping[UUID, int], key: UUID | None) -> int:
    return NONE if key is None else numbers.get(key, NONE)
