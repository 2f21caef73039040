"""What is shown of a planning run: how good it is, what is scarce and where, who is left out and what would help."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from api.http.calls import Call
from api.pages.names import types_in
from api.pages.rendering import reader
from api.pages.words import Word, msgid
from models.agenda import Location
from models.consultations import ConsultationType
from models.runs import RunState

STATES: Mapping[RunState, Word] = {
    RunState.WAITING: Word(msgid("waits for a worker"), "plain", "…"),
    RunState.RUNNING: Word(msgid("under way"), "warn", "▶"),
    RunState.DONE: Word(msgid("done"), "good", "✓"),
    RunState.FAILED: Word(msgid("failed"), "bad", "✕"),
    RunState.CANCELLED: Word(msgid("cancelled"), "plain", "⊘"),
    RunState.TAKEN_BACK: Word(msgid("taken back"), "plain", "↩"),
}
KINDS: Mapping[str, str] = {
    "planning": msgid("Planning"),
    "taking_back": msgid("Taking back"),
}
GOING = frozenset({RunState.WAITING, RunState.RUNNING})

MOST_SHORTAGES = 10
MOST_BOTTLENECKS = 15
BAR = 300
"""Pixels of the longest bar."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """So many compete for fewer places. The bars are drawn `places_wide` and `wanted_wide`."""

    wanted: int
    places: int
    locations: tuple[str, ...]
    first: date | None
    last: date | None
    certain: bool

    @property
    def deficit(self) -> int:
        return self.wanted - self.places


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Where an hour more would help most."""

    location: str
    day: date | None
    types: tuple[str, ...]
    requests: float


@dataclass(frozen=True, slots=True)
class Scarce:
    """Of one time zone."""

    zone: str
    shortages: tuple[Shortage, ...]
    more_shortages: int
    bottlenecks: tuple[Bottleneck, ...]

    def width(self, places: int) -> int:
        """Of a bar for so many places, the longest of all being `BAR`."""
        longest = max((one.wanted for one in self.shortages), default=1)
        return round(BAR * places / max(1, longest))


def scarce(call: Call, report: Mapping[str, Any]) -> list[Scarce]:
    """By time zone what is scarce, with the names of places and types."""
    zones = [zone for zone in report.get("zones", []) if "shortages" in zone]
    called = _names(call, zones)
    return [_scarce(zone, called) for zone in zones]


def _scarce(zone: Mapping[str, Any], called: Mapping[str, str]) -> Scarce:
    first = zone.get("from_day")
    begins = date.fromisoformat(first) if first else None
    found = sorted(zone["shortages"], key=lambda one: -one["deficit"])
    return Scarce(
        zone["zone"],
        tuple(_shortage(one, begins, called) for one in found[:MOST_SHORTAGES]),
        max(0, len(found) - MOST_SHORTAGES),
        tuple(
            Bottleneck(
                called.get(one["location"], one["location"]),
                _day(begins, one["day"]),
                _called(called, one["types"]),
                one["requests"],
            )
            for one in zone["bottlenecks"][:MOST_BOTTLENECKS]
        ),
    )


def _shortage(one: Mapping[str, Any], begins: date | None, called: Mapping[str, str]) -> Shortage:
    days: Sequence[int] = one.get("days") or []
    return Shortage(
        one["wanted"],
        one["places"],
        _called(called, one.get("locations", ())),
        _day(begins, min(days, default=None)),
        _day(begins, max(days, default=None)),
        one["proof"] == "counting",
    )


def _day(begins: date | None, number: int | None) -> date | None:
    return None if begins is None or number is None else begins + timedelta(days=number)


def _called(called: Mapping[str, str], keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(called.get(key, key) for key in keys))


def _names(call: Call, zones: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """By the ids of the facts: of locations their reference or key, of types their code."""
    places, kinds = _ids(zones, "locations", "location"), _ids(zones, "types", "types")
    keys = [UUID(one) for one in places if _is_key(one)]
    those = select(Location.id, Location.reference, Location.name).where(
        or_(Location.reference.in_(places), Location.id.in_(keys))
    )
    found = {ref or str(key): name for key, ref, name in call.session.execute(those)}
    spoken = dict(iter(call.session.execute(types_in(reader(call).language))))
    codes = select(ConsultationType.code, ConsultationType.id).where(
        ConsultationType.code.in_(kinds)
    )
    return found | {code: spoken[key] for code, key in call.session.execute(codes)}


def _ids(zones: Sequence[Mapping[str, Any]], many: str, one: str) -> set[str]:
    found: set[str] = set()
    for zone in zones:
        for shortage in zone["shortages"]:
            found.update(shortage.get(many, ()))
        for bottleneck in zone["bottlenecks"]:
            there: str | Collection[str] = bottleneck[one]
            found.update([there] if isinstance(there, str) else there)
    return found


def _is_key(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def main_reason(why_not: Mapping[str, Any] | None) -> str | None:
    """The rule that is alone in the way most often, else the one that excludes most."""
    told = why_not or {}
    counts: Mapping[str, int] = told.get("only") or told.get("reasons") or {}
    return max(counts, key=lambda rule: (counts[rule], rule), default=None)
