"""The weekly patterns laid over the three weeks: what is open on which day, and how many rooms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from scheduler.demo.catalogue import FUNCTIONS
from scheduler.demo.clinics import (
    HALF_DAY,
    TEAM_TOWN,
    TEAM_WEEKDAY,
    Block,
    Crew,
    DemoPractitioner,
    WeekPattern,
)
from scheduler.demo.file_format import MINUTES_PER_DAY, Row
from scheduler.demo.horizon import DAYS, days_off, weekday
from scheduler.demo.towns import location_in, locations

SPECIAL_SPAN = (540, 780)
"""Clinics on a Saturday, a Sunday or a holiday: 09:00 to 13:00."""

TEAM_ROOMS = 2
"""Rooms left at the team's location; everywhere else the rooms were built for the rota."""

BOTH = ("doctor", "nurse")


@dataclass(frozen=True, slots=True)
class Special:
    """A clinic outside working days: on a day of the horizon, at the location of a town."""

    day: int
    town: str
    functions: tuple[str, ...]


SPECIALS = (
    Special(5, "Den Haag", BOTH),  # a Saturday that is a holiday of this location
    Special(5, "Rotterdam", ("doctor",)),
    Special(5, "Utrecht", BOTH),
    Special(7, "Amsterdam", BOTH),  # Easter Monday
    Special(7, "Utrecht", ("doctor",)),
    Special(12, "Amsterdam", BOTH),
    Special(12, "Eindhoven", BOTH),
    Special(13, "Rotterdam", ("doctor",)),  # a Sunday, for those who work in shifts
    Special(19, "Rotterdam", BOTH),
    Special(19, "Utrecht", ("doctor",)),
)


@dataclass(frozen=True, slots=True)
class Open:
    """A block on a day of the horizon."""

    day: int
    block: Block

    @property
    def practitioner(self) -> str:
        """Whose time it is."""
        return self.block.practitioner

    @property
    def location(self) -> str:
        """Where."""
        return self.block.location


def make_rota(
    chance: Random,
    crews: Sequence[Crew],
    patterns: Mapping[str, WeekPattern],
    minutes_per_half_day: float,
) -> list[Open]:
    """All that is open, in order of time; each crew as much as the demand asks of it."""
    rota: list[Open] = []
    for crew in crews:
        ordinary = [o for m in crew.members for o in _three_weeks(patterns[m.id])]
        special = [_special(s, crew) for s in SPECIALS if _holds(s, crew)]
        wanted = crew.minutes / minutes_per_half_day * HALF_DAY
        rota += special + _without_leave(chance, ordinary, wanted - open_minutes(special))
    return sorted(rota, key=lambda o: (o.day, o.block.start, o.practitioner, o.location))


def _three_weeks(pattern: WeekPattern) -> list[Open]:
    """The pattern on every day on which its location works."""
    return [
        Open(day, block)
        for day in range(DAYS)
        for block in pattern.get(weekday(day), [])
        if day not in days_off(block.location)
    ]


def _holds(special: Special, crew: Crew) -> bool:
    place = locations()[location_in(special.town)]
    return place.region == crew.region and crew.function.id in special.functions


def _special(special: Special, crew: Crew) -> Open:
    """Held by one who sits there anyway, by turns."""
    place = location_in(special.town)
    near = sorted(crew.members, key=lambda m: (m.home != place, m.second != place, m.id))
    at_home = [m for m in near if m.home == place] or near[:1]
    holder: DemoPractitioner = at_home[special.day // 7 % len(at_home)]
    general = FUNCTIONS[holder.function].clinics[0]
    start, end = SPECIAL_SPAN
    block = Block(holder.id, place, start, end, general.types, general.modalities)
    return Open(special.day, block)


def _without_leave(chance: Random, ordinary: list[Open], wanted: float) -> list[Open]:
    """The rota less the half-days on which somebody is away, down to the minutes wanted."""
    kept = list(ordinary)
    spare = open_minutes(kept) - wanted
    for away in chance.sample(ordinary, len(ordinary)):
        # A practitioner who is away is away at both of his locations; the team's morning stays.
        gone = [o for o in kept if _same_hours(o, away) and not _of_the_team(away)]
        if open_minutes(gone) > spare:
            continue
        spare -= open_minutes(gone)
        kept = [o for o in kept if o not in gone]
    return kept


def _same_hours(one: Open, other: Open) -> bool:
    return (one.day, one.practitioner, one.block.start) == (
        other.day,
        other.practitioner,
        other.block.start,
    )


def _of_the_team(one: Open) -> bool:
    return one.location == location_in(TEAM_TOWN) and weekday(one.day) == TEAM_WEEKDAY


def open_minutes(rota: Iterable[Open]) -> int:
    """Minutes of practitioners' time: what is open at two locations at once counts once."""
    spans = {(o.day, o.practitioner, o.block.start, o.block.end) for o in rota}
    return sum(end - start for _, _, start, end in spans)


def rooms(rota: Sequence[Open]) -> dict[str, int]:
    """Each location's capacity: as many rooms as practitioners at once, but for the team's."""
    in_rooms: dict[tuple[str, int], list[Block]] = {}
    for one in rota:
        if one.block.takes_room:
            in_rooms.setdefault((one.location, one.day), []).append(one.block)
    capacity = dict.fromkeys(locations(), 1)
    for (location, _), blocks in in_rooms.items():
        # Most are there when somebody begins.
        at_once = [sum(b.start <= one.start < b.end for b in blocks) for one in blocks]
        capacity[location] = max(capacity[location], *at_once)
    capacity[location_in(TEAM_TOWN)] = TEAM_ROOMS
    return capacity


def as_json(rota: Iterable[Open]) -> list[Row]:
    """The availabilities of the file format; times are minutes since the start of day 0."""
    listed: list[Row] = []
    for number, one in enumerate(rota, start=1):
        row: Row = {
            "id": f"A{number:04}",
            "practitioner": one.practitioner,
            "location": one.location,
            "start": one.day * MINUTES_PER_DAY + one.block.start,
            "end": one.day * MINUTES_PER_DAY + one.block.end,
            "types": list(one.block.types),
        }
        if one.block.modalities is not None:
            row["modalities"] = list(one.block.modalities)
        listed.append(row)
    return listed
