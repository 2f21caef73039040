"""The shapes that an instance can have, and what all instances have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

# --- What all of them have in common ----------------------------------------------------------------

START_DATE = date(2026, 3, 23)  # a Monday; the clock changes on day 6
DAYS = 21
HOLIDAYS = (13, 14)  # Easter Sunday and Monday


class Type(NamedTuple):
    """A type of appointment, and the share of the requests that ask for it."""

    id: str
    duration: int
    buffer: int
    share: float

    @property
    def occupied(self) -> int:
        return self.duration + self.buffer


TYPES = (
    Type("T15", 15, 0, 0.15),
    Type("T20", 20, 0, 0.25),
    Type("T30", 30, 0, 0.30),
    Type("T45", 45, 0, 0.15),
    Type("T60", 60, 5, 0.15),
)


# --- What they differ in ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """How large an instance is, and what is unusual about it. All shares lie in 0..1."""

    name: str
    requests: int
    practitioners: int
    locations: int
    regions: int
    grid: int = 5
    employees_per_request: float = 0.92
    full_days: float = 0.5
    """Share of workdays of six hours or more; the others are half days."""
    known: float = 0.06
    """Share of existing appointments whose employee asks for another one."""
    tight: float = 0.5
    """Share of locations that have no more rooms than the existing appointments need at once."""
    one_room: float = 0.0
    """Share of locations with a single room, however many work there; nothing is booked in it."""
    urgent: float = 0.02
    remote: float = 0.0
    """Share of requests by telephone or video; if there are any, availabilities name modalities."""
    saturday_work: float = 0.035
    """How likely somebody works on a Saturday, where a weekday has 1."""
    saturday_allowed: float = 0.25
    refusing_duplicates: tuple[str, ...] = ()
    preferences: float = 0.0
    """Share of requests that give points to single availabilities."""

    @classmethod
    def of(cls, requests: int) -> "Shape":
        """The usual shape at any size: regions and staff grow with the requests."""
        regions = max(1, round(requests / 1250))
        practitioners = max(2 * regions, round(requests * 0.015))
        return cls(str(requests), requests, practitioners, 5 * regions, regions)

    def variant(self, name: str) -> "Shape":
        """The same size with something unusual about it, one of `VARIANTS`."""
        return replace(self, name=f"{self.name}-{name}", **VARIANTS[name])


SIZES: Mapping[str, Shape] = {
    # Shorter days, because the three small reference instances happen to have them.
    "S": Shape("S", 200, practitioners=5, locations=4, regions=1, full_days=0.38),
    "M": replace(Shape.of(2_000), name="M"),
    "L": replace(Shape.of(10_000), name="L"),
    "XL": replace(Shape.of(50_000), name="XL"),
}

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "telephone": {"remote": 1 / 3},
    "tight-rooms": {"tight": 0.0, "one_room": 0.5},
    "urgent": {"urgent": 0.1},
    "coarse-grid": {"grid": 15},  # 20 minutes, and 60 with 5 of buffer, are no multiples of it
    "one-region": {"regions": 1},
    "duplicates": {
        "refusing_duplicates": ("T30", "T60"),
        "employees_per_request": 0.5,
        "known": 0.5,
    },
    "preferences": {"preferences": 0.4},
    "saturdays": {"saturday_work": 0.6, "saturday_allowed": 0.6},
}
