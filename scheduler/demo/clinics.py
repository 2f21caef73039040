"""Who holds clinics where: practitioners, drawn up for the demand, and their weekly pattern."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from random import Random

from scheduler.demo.catalogue import FUNCTIONS, TYPES, Clinic, Function
from scheduler.demo.chance import spread
from scheduler.demo.demand import Demand
from scheduler.demo.towns import REGIONS, location_in, locations, nearest

HALF_DAY = 240
"""Minutes of a clinic in the morning or in the afternoon."""

MORNING_STARTS = (480, 510, 540)
LUNCH = 30
WHOLE_DAY = (540, 990)
"""09:00 to 16:30, for those who hold their clinics by the day."""

WEEKLY_DAYS = 5
EFFECTIVE_WEEKS = 2.6
"""Of three: Easter Monday and other days off fall out, and somebody is always on leave."""

SECOND_LOCATION = 0.3
"""Part of the clinic days held at the practitioner's second location."""

TWINS_PER_REGION = 1
"""Practitioners with a half-day open at both their locations: the demand decides where they sit."""

TEAM_WEEKDAY = 1
TEAM_SIZE = 4
TEAM_TOWN = "Amersfoort"
"""Tuesday mornings a whole team sits in Amersfoort, where two rooms are left: the limit binds."""


@dataclass(frozen=True, slots=True)
class DemoPractitioner:
    """Who holds appointments, numbered within the function."""

    id: str
    label: str
    function: str
    region: str
    home: str
    second: str


@dataclass(frozen=True, slots=True)
class Block:
    """One availability; `start` and `end` in minutes of the day."""

    practitioner: str
    location: str
    start: int
    end: int
    types: tuple[str, ...]
    modalities: tuple[str, ...] | None = None

    @property
    def takes_room(self) -> bool:
        """Whether anybody can be seen at the location in it."""
        return self.modalities is None or "location" in self.modalities


WeekPattern = dict[int, list[Block]]
"""The blocks of one practitioner's ordinary week, by weekday."""


@dataclass(frozen=True, slots=True)
class Crew:
    """The practitioners of one function in one region, and the minutes asked of them."""

    function: Function
    region: str
    minutes: float
    members: tuple[DemoPractitioner, ...]


def staff(demand: Demand, minutes_per_half_day: float) -> list[Crew]:
    """Crews as large as the demand asks, at the locations that are nearest to it.

    `minutes_per_half_day`: how much of the open demand a half-day is to take.
    """
    counters = dict.fromkeys(FUNCTIONS, 0)
    crews = []
    for region in REGIONS:
        for function in FUNCTIONS.values():
            wanted = _minutes_by_location(demand, function, region)
            half_days = sum(wanted.values()) / minutes_per_half_day
            homes = _homes(wanted, max(1, round(half_days / function.half_days)))
            members = tuple(_practitioner(function, region, home, counters) for home in homes)
            crews.append(Crew(function, region, sum(wanted.values()), members))
    return crews


def _minutes_by_location(demand: Demand, function: Function, region: str) -> dict[str, float]:
    """Minutes of the demand that fall to a function, by the location nearest to who asks."""
    minutes = {one.id: 0.0 for one in locations().values() if one.region == region}
    for draft in demand.drafts:
        person = demand.employees[draft.employee]
        if person.region == region:
            part = function.parts.get(draft.kind, 0.0)
            minutes[nearest(person.town)[0]] += part * TYPES[draft.kind].occupied
    return minutes


def _homes(wanted: Mapping[str, float], number: int) -> list[str]:
    """One at each location while there are enough of them, the rest where most is asked."""
    everywhere = 1 if number >= len(wanted) else 0
    rest = number - everywhere * len(wanted)
    shares = spread(rest, [1 + minutes for minutes in wanted.values()])
    numbered = zip(wanted, shares, strict=True)
    return [home for home, share in numbered for _ in range(everywhere + share)]


def _practitioner(
    function: Function, region: str, home: str, counters: dict[str, int]
) -> DemoPractitioner:
    counters[function.id] += 1
    label = f"{function.label} {counters[function.id]}"
    number = sum(counters.values())
    second = nearest(locations()[home].town)[1]
    return DemoPractitioner(f"P{number:02}", label, function.id, region, home, second)


def weekly_patterns(
    chance: Random, crews: Iterable[Crew], minutes_per_half_day: float
) -> dict[str, WeekPattern]:
    """Each practitioner's ordinary week, with the team's morning and the twins among them."""
    patterns: dict[str, WeekPattern] = {}
    for crew in crews:
        half_days = crew.minutes / minutes_per_half_day / len(crew.members)
        for member in crew.members:
            patterns[member.id] = _week(chance, member, ceil(half_days / EFFECTIVE_WEEKS))
    doctors = [crew for crew in crews if crew.function.id == "doctor"]
    for crew in doctors:
        _open_twice(crew.members[:TWINS_PER_REGION], patterns)
    _gather_team([m for crew in crews for m in crew.members], patterns)
    return patterns


def _week(chance: Random, member: DemoPractitioner, half_days: int) -> WeekPattern:
    function = FUNCTIONS[member.function]
    days = chance.sample(range(WEEKLY_DAYS), min(WEEKLY_DAYS, ceil(half_days / 2)))
    start = chance.choice(MORNING_STARTS)
    week: WeekPattern = {}
    for i, weekday in enumerate(sorted(days)):
        away = chance.random() < SECOND_LOCATION
        place = member.second if away else member.home
        parts = min(2, half_days - 2 * i)
        week[weekday] = _clinic_day(chance, (member.id, place), function, start, parts)
    return week


def _clinic_day(
    chance: Random, who_where: tuple[str, str], function: Function, start: int, parts: int
) -> list[Block]:
    """A day's blocks: `parts` half-days, or one long block for who works by the day."""
    if function.whole_days and parts > 1:
        return _half_day(*who_where, WHOLE_DAY, function.clinics[0], function)
    starts = [start, start + HALF_DAY + LUNCH]
    chosen = starts if parts > 1 else [chance.choice(starts)]
    weights = [clinic.weight for clinic in function.clinics]
    blocks: list[Block] = []
    for begin in chosen:
        clinic = chance.choices(function.clinics, weights)[0]
        blocks += _half_day(*who_where, (begin, begin + HALF_DAY), clinic, function)
    return blocks


def _half_day(
    who: str, where: str, span: tuple[int, int], clinic: Clinic, function: Function
) -> list[Block]:
    start, end = span
    if clinic.until_break is None:
        return [Block(who, where, start, end, clinic.types, clinic.modalities)]
    middle = start + clinic.until_break
    general = function.clinics[0]
    return [
        Block(who, where, start, middle, clinic.types, clinic.modalities),
        Block(who, where, middle, end, general.types, general.modalities),
    ]


def _open_twice(members: Iterable[DemoPractitioner], patterns: dict[str, WeekPattern]) -> None:
    """The first half-day of the week is open at home and at the second location alike."""
    for member in members:
        week = patterns[member.id]
        first, *rest = week[min(week)]
        week[min(week)] = [
            *(replace(first, location=place) for place in (member.home, member.second)),
            *rest,
        ]


def _gather_team(members: Iterable[DemoPractitioner], patterns: dict[str, WeekPattern]) -> None:
    """On the team's day so many practitioners sit at its location in the morning."""
    place = location_in(TEAM_TOWN)
    near = [m for m in members if m.region == locations()[place].region]
    near.sort(key=lambda m: (m.home != place, m.second != place, m.id))
    for member in near[:TEAM_SIZE]:
        general = FUNCTIONS[member.function].clinics[0]
        start = MORNING_STARTS[1]
        morning = Block(
            member.id, place, start, start + HALF_DAY, general.types, general.modalities
        )
        rest = [b for b in patterns[member.id].get(TEAM_WEEKDAY, []) if b.start >= morning.end]
        patterns[member.id][TEAM_WEEKDAY] = [morning, *rest]
