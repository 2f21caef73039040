"""The rules a second time, in plain Python over the raw JSON of instance and plan files.

This is what the product is compared with, so it shares nothing with it: no package of ours, no
numpy, no solver. It is written from `domain.md` (§3) and `plan-format.md` ("Hard rules", "Score",
"First come, first served"), as naively as possible, and only for worlds of a handful of requests.

The questions it answers:

* `violations(instance, plan)`: who breaks which rule;
* `score(instance, plan)`: the four integers;
* `earliest_first_come(instance)`: the baseline plan;
* `best_plan`, `best_weight`, `best_score`: the exact optimum, by trying everything;
* `reasons`, `only`, `relaxations`: why a request was left out, and what would let it in;
* `nearest_miss`: where it comes nearest to going in;
* `holders`, `best_displacement`: who holds its places, and the cheapest way to get it one.

Every interval is half-open: one may start where another ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Any

Json = dict[str, Any]
"""One JSON object of the file format."""

MINUTES_A_DAY = 1440
SATURDAY, SUNDAY = 5, 6


# ------------------------------------------------------------------------------- small words


def _by_id(things: list[Json]) -> dict[str, Json]:
    return {thing["id"]: thing for thing in things}


def _named(things: list[Json], an_id: str) -> Json:
    return next(thing for thing in things if thing["id"] == an_id)


def _weekday(instance: Json, day: int) -> int:
    """[plan-format, Time] `day` counts from `start_date` (day 0)."""
    return (date.fromisoformat(instance["start_date"]) + timedelta(days=day)).weekday()


def _on_grid(instance: Json, time: int) -> bool:
    """[plan-format, Instance] A multiple of `grid` minutes *from midnight*, every day anew."""
    return bool((time % MINUTES_A_DAY) % instance["grid"] == 0)


@dataclass(frozen=True, slots=True)
class Appointment:
    """A planned or existing appointment, as what it occupies.

    Practitioner and location are occupied [start, end + buffer), the employee [start, end); by
    telephone or video it takes no room. [domain §3]
    """

    practitioner: str
    location: str
    employee: str
    type: str | None
    start: int
    end: int
    buffer_end: int
    takes_room: bool


def _booked(request: Json, availability: Json, start: int) -> Appointment:
    """Book this request here, on paper. Its own duration counts, not the type's."""
    return Appointment(
        practitioner=availability["practitioner"],
        location=availability["location"],
        employee=request["employee"],
        type=request["type"],
        start=start,
        end=start + request["duration"],
        buffer_end=start + request["duration"] + request["buffer"],
        takes_room=not request.get("remote", False),
    )


def existing_appointments(instance: Json) -> list[Appointment]:
    return [
        Appointment(
            practitioner=existing["practitioner"],
            location=existing["location"],
            employee=existing["employee"],
            type=existing.get("type"),
            start=existing["start"],
            end=existing["start"] + existing["duration"],
            buffer_end=existing["start"] + existing["duration"] + existing["buffer"],
            takes_room=not existing.get("remote", False),
        )
        for existing in instance["existing"]
    ]


def _planned(instance: Json, plan: Json) -> list[tuple[Json, Json, Appointment]]:
    """Request, availability and appointment of each assignment whose names are known."""
    requests, availabilities = _by_id(instance["requests"]), _by_id(instance["availabilities"])
    planned = []
    for assignment in plan["assignments"]:
        request = requests.get(assignment["request"])
        availability = availabilities.get(assignment["availability"])
        if request is not None and availability is not None:
            booked = _booked(request, availability, assignment["start"])
            planned.append((request, availability, booked))
    return planned


def _plan(instance: Json, placed: dict[str, tuple[str, int]]) -> Json:
    return {
        "format": "appt-plan/1",
        "instance": instance["name"],
        "assignments": [
            {"request": request, "availability": availability, "start": start}
            for request, (availability, start) in sorted(placed.items())
        ],
    }


# ------------------------------------------- rules about a request in an availability, on a day


@dataclass(frozen=True, slots=True)
class Pair:
    """A request in an availability, for an appointment that starts on this day."""

    instance: Json
    request: Json
    availability: Json
    day: int

    @property
    def location(self) -> Json:
        return _named(self.instance["locations"], self.availability["location"])


def date_window(pair: Pair) -> bool:
    """[plan-format, rule 4] `from_day <= day < until_day`."""
    from_day, until_day = pair.request["window"]
    return bool(from_day <= pair.day < until_day)


def saturday(pair: Pair) -> bool:
    """[domain §3] Only if the request allows it."""
    is_one = _weekday(pair.instance, pair.day) == SATURDAY
    return not is_one or bool(pair.request["allow_saturday"])


def sunday_holiday(pair: Pair) -> bool:
    """[domain §3] Only if the request allows it; a Saturday that is a holiday needs both.

    A location may have holidays of its own, instead of the instance's. [plan-format, Instance]
    """
    holidays = pair.location.get("holidays")
    if holidays is None:
        holidays = pair.instance["holidays"]
    is_one = _weekday(pair.instance, pair.day) == SUNDAY or pair.day in holidays
    return not is_one or bool(pair.request["allow_sunday_holiday"])


def exclusion(pair: Pair) -> bool:
    """[domain §3] An excluded practitioner is not selectable for the employee."""
    return not any(
        pair.availability["practitioner"] in employee["blacklist"]
        for employee in pair.instance["employees"]
        if employee["id"] == pair.request["employee"]
    )


def type_admitted(pair: Pair) -> bool:
    """[domain §3] The availability admits the consultation type."""
    return pair.request["type"] in pair.availability["types"]


def modality(pair: Pair) -> bool:
    """[domain §3] The appointment's modality must be one that the availability admits.

    A `remote` request goes by telephone or by video, another one needs the location; an
    availability that names no modalities admits all three.
    """
    admitted = pair.availability.get("modalities", ["location", "telephone", "video"])
    if pair.request.get("remote", False):
        return "telephone" in admitted or "video" in admitted
    return "location" in admitted


def location_wish(pair: Pair) -> bool:
    """[plan-format, Instance, `locations`] One of the list, or with `null` any of the region."""
    if pair.request["locations"] is not None:
        return pair.location["id"] in pair.request["locations"]
    return bool(pair.location["region"] == pair.request["region"])


def practitioner_wish(pair: Pair) -> bool:
    """[domain §3] A required practitioner binds; a preferred one only weighs."""
    required = pair.request["required_practitioner"]
    return bool(required is None or required == pair.availability["practitioner"])


PAIR_RULES: dict[str, Callable[[Pair], bool]] = {
    "date_window": date_window,
    "saturday": saturday,
    "sunday_holiday": sunday_holiday,
    "exclusion": exclusion,
    "type_admitted": type_admitted,
    "modality": modality,
    "location_wish": location_wish,
    "practitioner_wish": practitioner_wish,
}


# ---------------------------------------------------- rules about a start, given what stands


def fits(instance: Json, request: Json, availability: Json, start: int) -> bool:
    """[plan-format, rule 2] `[start, start + duration + buffer)` inside, `start` on the grid."""
    end = start + request["duration"] + request["buffer"]
    inside = availability["start"] <= start and end <= availability["end"]
    return bool(inside and _on_grid(instance, start))


@dataclass(frozen=True, slots=True)
class Among:
    """An appointment among all the others that stand."""

    instance: Json
    mine: Appointment
    others: Sequence[Appointment]


def practitioner_free(among: Among) -> bool:
    """[plan-format, rule 5] With buffer, disjoint, over all locations."""
    mine = among.mine
    return not any(
        other.practitioner == mine.practitioner
        and other.start < mine.buffer_end
        and mine.start < other.buffer_end
        for other in among.others
    )


def employee_free(among: Among) -> bool:
    """[plan-format, rule 7] Without buffer, disjoint."""
    mine = among.mine
    return not any(
        other.employee == mine.employee and other.start < mine.end and mine.start < other.end
        for other in among.others
    )


def location_capacity(among: Among) -> bool:
    """[plan-format, rule 6] At no instant more than `capacity`, buffer included, remote ones not.

    Minute by minute of my own time: what the others do to each other is not asked here.
    """
    mine = among.mine
    if not mine.takes_room:
        return True
    capacity = _named(among.instance["locations"], mine.location)["capacity"]
    beside = [
        other
        for other in among.others
        if other.takes_room
        and other.location == mine.location
        and other.start < mine.buffer_end
        and mine.start < other.buffer_end
    ]
    if 1 + len(beside) <= capacity:
        return True
    return all(
        1 + sum(other.start <= minute < other.buffer_end for other in beside) <= capacity
        for minute in range(mine.start, mine.buffer_end)
    )


SLOT_RULES: dict[str, Callable[[Among], bool]] = {
    "practitioner_free": practitioner_free,
    "employee_free": employee_free,
    "location_capacity": location_capacity,
}


def duplicate(among: Among) -> bool:
    """[plan-format, rule 8] Of a type that refuses duplicates an employee gets at most one.

    Existing ones of that type count, whenever they are.
    """
    mine = among.mine
    refuses = any(
        a_type["id"] == mine.type and a_type.get("refuse_duplicates", False)
        for a_type in among.instance["types"]
    )
    return not refuses or not any(
        other.employee == mine.employee and other.type == mine.type for other in among.others
    )


COUPLING_RULES = SLOT_RULES | {"duplicate": duplicate}
"""The rules that look at the other appointments."""


# ------------------------------------------------------------------------ a plan, looked over


def violations(instance: Json, plan: Json) -> set[tuple[str, str]]:
    """Every broken rule as (rule, request), for each planned request that takes part in it.

    Existing appointments may clash with each other: that is not the plan's fault, and no request
    takes part. Two planned ones that clash are both named. Each assignment is an appointment, so
    a request planned twice at one time also clashes with itself. A name that the instance does
    not know is `unknown`; such an assignment takes no part in any other rule. The day that the
    date rules ask about is the day of the start.
    """
    requests, availabilities = _by_id(instance["requests"]), _by_id(instance["availabilities"])
    broken = {
        ("unknown", assignment["request"])
        for assignment in plan["assignments"]
        if assignment["request"] not in requests or assignment["availability"] not in availabilities
    }
    planned = _planned(instance, plan)
    existing = existing_appointments(instance)
    for number, (request, availability, mine) in enumerate(planned):
        name = request["id"]
        if sum(other["id"] == name for other, _, _ in planned) > 1:
            broken.add(("planned_twice", name))
        if not fits(instance, request, availability, mine.start):
            broken.add(("fits", name))
        for rule, holds in PAIR_RULES.items():
            if not holds(Pair(instance, request, availability, mine.start // MINUTES_A_DAY)):
                broken.add((rule, name))
        others = existing + [other for i, (_, _, other) in enumerate(planned) if i != number]
        for rule, leaves_room in COUPLING_RULES.items():
            if not leaves_room(Among(instance, mine, others)):
                broken.add((rule, name))
    return broken


def broken_rules(instance: Json, plan: Json) -> set[str]:
    """Name the broken rules, without saying whose."""
    return {rule for rule, _ in violations(instance, plan)}


# -------------------------------------------------------------------------------- the score


def score(instance: Json, plan: Json) -> dict[str, int]:
    """[plan-format, Score] Give the four integers, compared in this order.

    Meant for plans that keep the rules. Of a broken one each known assignment counts.
    """
    planned = _planned(instance, plan)
    standing = existing_appointments(instance) + [mine for _, _, mine in planned]
    return {
        "weight": sum(request["priority"] for request, _, _ in planned),
        "seniority": sum(
            seniority(instance, request, mine.start // MINUTES_A_DAY)
            for request, _, mine in planned
        ),
        "preference": sum(
            preference(request, availability) for request, availability, _ in planned
        ),
        "unusable_gap_minutes": unusable_gap_minutes(instance, standing),
    }


def in_order(a_score: dict[str, int]) -> tuple[int, int, int, int]:
    """Order the four integers as a tuple: the larger is the better."""
    return (
        a_score["weight"],
        a_score["seniority"],
        a_score["preference"],
        -a_score["unusable_gap_minutes"],
    )


def seniority(instance: Json, request: Json, day: int) -> int:
    """`(7 + age) * (days - day(start))`; `age` = days from request to start date, in 0..180."""
    waited = date.fromisoformat(instance["start_date"]) - date.fromisoformat(
        request["request_date"]
    )
    age = min(max(waited.days, 0), 180)
    return int((7 + age) * (instance["days"] - day))


def preference(request: Json, availability: Json) -> int:
    """2 at the preferred practitioner, 1 at the preferred location, or `preferences` instead."""
    if request.get("preferences") is not None:
        return sum(points for name, points in request["preferences"] if name == availability["id"])
    points = 0
    if request["preferred_practitioner"] == availability["practitioner"]:
        points += 2
    if request["preferred_location"] == availability["location"]:
        points += 1
    return points


def unusable_gap_minutes(instance: Json, standing: Sequence[Appointment]) -> int:
    """Aim 4, over all availabilities; overlapping ones each count their own gaps.

    A gap is a maximal stretch that the practitioner's appointments, buffer included, leave free;
    it counts when no grid start in it leaves room for the shortest admitted type. [plan-format]
    """
    return sum(
        _unusable_minutes(instance, availability, _busy_times(availability, standing))
        for availability in instance["availabilities"]
    )


def _busy_times(availability: Json, standing: Sequence[Appointment]) -> list[tuple[int, int]]:
    """When this availability's practitioner is occupied, wherever that may be."""
    return [
        (other.start, other.buffer_end)
        for other in standing
        if other.practitioner == availability["practitioner"]
    ]


def _unusable_minutes(instance: Json, availability: Json, busy: list[tuple[int, int]]) -> int:
    """Sum the whole length of each maximal free stretch that no admitted type fits into."""
    admitted = [a_type for a_type in instance["types"] if a_type["id"] in availability["types"]]
    if not admitted:
        return 0
    shortest = min(a_type["duration"] + a_type["buffer"] for a_type in admitted)
    minutes = 0
    gap: list[int] = []
    for minute in range(availability["start"], availability["end"] + 1):
        is_free = minute < availability["end"] and not any(
            start <= minute < end for start, end in busy
        )
        if is_free:
            gap.append(minute)
            continue
        usable = any(_on_grid(instance, start) and start + shortest <= minute for start in gap)
        if not usable:
            minutes += len(gap)
        gap = []
    return minutes


# ---------------------------------------------------------------- where a request could still go


def _fitting_starts(instance: Json, request: Json, availability: Json) -> list[int]:
    latest = availability["end"] - request["duration"]
    return [
        start
        for start in range(availability["start"], latest + 1)
        if fits(instance, request, availability, start)
    ]


def possible_starts(
    instance: Json,
    others: Sequence[Appointment],
    request: Json,
    availability: Json,
    without: Collection[str] = (),
) -> list[int]:
    """List the starts that pass every rule here, but for the rules in `without`.

    Without `fits` means: with a shorter appointment, of at least half the asked duration and
    shorter than it, with the same buffer. What a longer one may, a shorter one at the same start may
    too, so it is enough to try the shortest. Where there is no shorter one, nothing is eased.
    """
    if "fits" in without:
        request = request | {"duration": (request["duration"] + 1) // 2}
    pair = Pair(instance, request, availability, availability["start"] // MINUTES_A_DAY)
    if not all(holds(pair) for rule, holds in PAIR_RULES.items() if rule not in without):
        return []
    return [
        start
        for start in _fitting_starts(instance, request, availability)
        if all(
            leaves_room(Among(instance, _booked(request, availability, start), others))
            for rule, leaves_room in COUPLING_RULES.items()
            if rule not in without
        )
    ]


def earliest_first_come(instance: Json) -> Json:
    """[plan-format, last section] Plan the baseline.

    Requests in order of (`request_date`, `id`), each at its earliest possible start, then the
    smallest availability id; nothing is moved.
    """
    standing = existing_appointments(instance)
    placed: dict[str, tuple[str, int]] = {}
    for request in sorted(instance["requests"], key=lambda r: (r["request_date"], r["id"])):
        possible = [
            (start, availability["id"])
            for availability in instance["availabilities"]
            for start in possible_starts(instance, standing, request, availability)
        ]
        if possible:
            start, name = min(possible)
            placed[request["id"]] = (name, start)
            standing.append(_booked(request, _by_id(instance["availabilities"])[name], start))
    return _plan(instance, placed)


# ------------------------------------------------------------------------- the optimum, exactly


def best_weight(instance: Json) -> int:
    """Find the largest `weight` of any plan that keeps the rules."""
    return score(instance, best_plan(instance, aims=1))["weight"]


def best_score(instance: Json) -> dict[str, int]:
    """Score the lexicographically best plan."""
    return score(instance, best_plan(instance))


def best_plan(instance: Json, aims: int = 4) -> Json:
    """Find a plan that no other beats in the first `aims` of the four aims, by trying everything.

    Branches over requests × (availability, start), or not planned. A branch is left only when even
    the best place still open to each remaining request, as if the other remaining ones were not
    there, and no unusable gap at all, could not beat the best plan found so far.
    """
    options = [_options(instance, request) for request in instance["requests"]]
    search = _Search(instance, aims)
    search.branch(
        sorted(filter(None, options), key=lambda places: (-places[0].adds[0], len(places))),
        existing_appointments(instance),
        [],
        (0, 0, 0),
    )
    return _plan(instance, {o.request: (o.availability, o.booked.start) for o in search.best})


@dataclass(frozen=True, slots=True)
class _Option:
    """One place of one request, with what it adds to the first three aims."""

    request: str
    availability: str
    booked: Appointment
    adds: tuple[int, int, int]


def _options(instance: Json, request: Json) -> list[_Option]:
    """List every place that the request could have if it were the only one, best first."""
    existing = existing_appointments(instance)
    return sorted(
        (
            _Option(
                request["id"],
                availability["id"],
                _booked(request, availability, start),
                (
                    request["priority"],
                    seniority(instance, request, start // MINUTES_A_DAY),
                    preference(request, availability),
                ),
            )
            for availability in instance["availabilities"]
            for start in possible_starts(instance, existing, request, availability)
        ),
        key=lambda option: option.adds,
        reverse=True,
    )


class _Search:
    """Depth first, request by request, the weightiest first."""

    def __init__(self, instance: Json, aims: int) -> None:
        self.instance = instance
        self.aims = aims
        self.best: list[_Option] = []
        self.best_value: tuple[int, ...] = ()
        self._gaps: dict[tuple[str, frozenset[tuple[int, int]]], int] = {}

    def branch(
        self,
        open_options: list[list[_Option]],
        standing: list[Appointment],
        chosen: list[_Option],
        value: _Aims,
    ) -> None:
        """Decide the first of the requests; `open_options` lists what each may do as it stands."""
        if (*_hope(open_options, value), 0)[: self.aims] <= self.best_value:
            return
        if not open_options:
            last = -self._gap_minutes(standing) if self.aims > 3 else 0
            if (*value, last)[: self.aims] > self.best_value:
                self.best, self.best_value = chosen, (*value, last)[: self.aims]
            return
        mine, *rest = open_options
        for option in mine:
            then = [*standing, option.booked]
            self.branch(
                [self._still_open(places, then) for places in rest],
                then,
                [*chosen, option],
                _plus(value, option.adds),
            )
        self.branch(rest, standing, chosen, value)

    def _still_open(self, places: list[_Option], standing: list[Appointment]) -> list[_Option]:
        among = [(place, Among(self.instance, place.booked, standing)) for place in places]
        return [
            place
            for place, here in among
            if all(leaves_room(here) for leaves_room in COUPLING_RULES.values())
        ]

    def _gap_minutes(self, standing: list[Appointment]) -> int:
        """As `unusable_gap_minutes`, remembering what was counted before."""
        total = 0
        for availability in self.instance["availabilities"]:
            busy = _busy_times(availability, standing)
            key = (availability["id"], frozenset(busy))
            if key not in self._gaps:
                self._gaps[key] = _unusable_minutes(self.instance, availability, busy)
            total += self._gaps[key]
        return total


_Aims = tuple[int, int, int]


def _hope(open_options: list[list[_Option]], value: _Aims) -> _Aims:
    """Add the best that each of these requests could bring by itself, aim by aim."""
    for places in filter(None, open_options):
        weights, seniorities, preferences = zip(*(place.adds for place in places), strict=True)
        value = _plus(value, (max(weights), max(seniorities), max(preferences)))
    return value


def _plus(left: _Aims, right: _Aims) -> _Aims:
    return (left[0] + right[0], left[1] + right[1], left[2] + right[2])


# --------------------------------------------------------- why not, and what would let it in


EASABLE = (
    "date_window",
    "fits",
    "location_wish",
    "practitioner_wish",
    "saturday",
    "sunday_holiday",
)
"""The rules that may be eased; never another. [plan-format, `relaxations`]"""


def reasons(instance: Json, plan: Json, request_id: str) -> dict[str, set[str]]:
    """Which availabilities each rule excludes by itself, all other planned ones staying.

    "A rule excludes an availability when no grid start passes it alone; where each rule alone
    leaves a start but together none, the reason is `no_common_start`." [domain §3] The rules about
    what is occupied are asked where the appointment fits somewhere; rules that exclude nothing are
    not named.
    """
    request, others = _request_and_others(instance, plan, request_id)
    found: dict[str, set[str]] = {}
    for availability in instance["availabilities"]:
        for rule in _excluding(instance, others, request, availability):
            found.setdefault(rule, set()).add(availability["id"])
    return found


def only(instance: Json, plan: Json, request_id: str) -> dict[str, set[str]]:
    """`reasons` where it is the single obstacle: no other rule excludes that availability."""
    all_reasons = reasons(instance, plan, request_id)
    excluded = [name for names in all_reasons.values() for name in names]
    found = {
        rule: {name for name in names if excluded.count(name) == 1}
        for rule, names in all_reasons.items()
    }
    return {rule: names for rule, names in found.items() if names}


def relaxations(instance: Json, plan: Json, request_id: str) -> set[frozenset[str]]:
    """All inclusion-minimal sets of rules whose easing would let the request in.

    Eased: `date_window` = other days; `fits` = a shorter appointment; `location_wish`,
    `practitioner_wish` = any; `saturday`, `sunday_holiday` = allowed. The others stay where they
    are. No set at all: nothing helps. The empty set alone: the request could go in as it is.
    """
    request, others = _request_and_others(instance, plan, request_id)
    found: set[frozenset[str]] = set()
    for size in range(len(EASABLE) + 1):
        for rules in map(frozenset, combinations(EASABLE, size)):
            is_minimal = not any(smaller < rules for smaller in found)
            if is_minimal and any(
                possible_starts(instance, others, request, availability, without=rules)
                for availability in instance["availabilities"]
            ):
                found.add(rules)
    return found


def _request_and_others(
    instance: Json, plan: Json, request_id: str
) -> tuple[Json, list[Appointment]]:
    """Find the request, and all appointments of the finished plan but its own."""
    others = [mine for request, _, mine in _planned(instance, plan) if request["id"] != request_id]
    return _named(instance["requests"], request_id), existing_appointments(instance) + others


def _excluding(
    instance: Json, others: Sequence[Appointment], request: Json, availability: Json
) -> set[str]:
    """Name the rules that each by itself leave this request no start in this availability."""
    pair = Pair(instance, request, availability, availability["start"] // MINUTES_A_DAY)
    excluding = {rule for rule, holds in PAIR_RULES.items() if not holds(pair)}
    starts = _fitting_starts(instance, request, availability)
    if not starts:
        excluding.add("fits")
    at = [Among(instance, _booked(request, availability, start), others) for start in starts]
    for rule, leaves_room in SLOT_RULES.items():
        if at and not any(leaves_room(here) for here in at):
            excluding.add(rule)
    anywhere = _booked(request, availability, availability["start"])
    if not duplicate(Among(instance, anywhere, others)):
        excluding.add("duplicate")
    if not excluding and not possible_starts(instance, others, request, availability):
        excluding.add("no_common_start")
    return excluding


# ------------------------------------------------------- the nearest miss, and who holds the places


def nearest_miss(
    instance: Json, plan: Json, request_id: str
) -> tuple[str, int | None, set[str]] | None:
    """The availability and start that break the fewest rules, and those rules.

    Of equal ones the fewest days outside the window, then the most points of preference, then the
    earliest, then the first in the instance. Where nothing fits there is no start, and `fits` is
    broken beside the rules that do not speak of one.
    """
    request, others = _request_and_others(instance, plan, request_id)
    misses = []
    for number, availability in enumerate(instance["availabilities"]):
        day = availability["start"] // MINUTES_A_DAY
        pair = Pair(instance, request, availability, day)
        broken = {rule for rule, holds in PAIR_RULES.items() if not holds(pair)}
        from_day, until_day = request["window"]
        outside = max(from_day - day, day - (until_day - 1), 0)
        points = preference(request, availability)
        starts = _fitting_starts(instance, request, availability)
        for start in starts or [availability["start"]]:
            here = Among(instance, _booked(request, availability, start), others)
            asked = COUPLING_RULES if starts else {"duplicate": duplicate}
            there = broken | {rule for rule, leaves_room in asked.items() if not leaves_room(here)}
            if not starts:
                there.add("fits")
            order = (len(there), outside, -points, start, number)
            misses.append((order, (availability["id"], start if starts else None, there)))
    return min(misses, key=lambda miss: miss[0])[1] if misses else None


MOST_HOLDERS = 3
"""Of a place that more planned requests hold than so many, nothing is said."""

_Placed = dict[str, tuple[str, int]]
"""Availability and start of each planned request."""


def holders(
    instance: Json, plan: Json, request_id: str
) -> dict[tuple[str, int], set[frozenset[str]]]:
    """The places that would suit the request, each with the smallest sets of those who hold it.

    A place suits if every rule allows it beside the existing appointments alone. A set holds it if
    the request could start there without them, all other planned ones staying, and without fewer
    of them it could not. Nothing at all where one of the places is free.
    """
    request = _named(instance["requests"], request_id)
    placed = _places(plan)
    found: dict[tuple[str, int], set[frozenset[str]]] = {}
    for availability in instance["availabilities"]:
        existing = existing_appointments(instance)
        for start in possible_starts(instance, existing, request, availability):
            mine = _booked(request, availability, start)
            sets: set[frozenset[str]] = set()
            for size in range(MOST_HOLDERS + 1):
                for some in map(frozenset, combinations(sorted(placed), size)):
                    others = _standing(instance, placed, without=some)
                    if not any(fewer < some for fewer in sets) and all(
                        rule(Among(instance, mine, others)) for rule in COUPLING_RULES.values()
                    ):
                        sets.add(some)
            if frozenset() in sets:
                return {}
            if sets:
                found[availability["id"], start] = sets
    return found


def best_displacement(
    instance: Json, plan: Json, request_id: str
) -> tuple[int, int, int, int] | None:
    """The most that the plan can gain by giving the request a held place, by trying everything.

    Each of the holders goes to any place that is then free, or nowhere; all others stay. Counted:
    weight, minus the number of those holders, seniority, preference, compared in this order.
    """
    best: tuple[int, int, int, int] | None = None
    placed = _places(plan)
    for place, sets in holders(instance, plan, request_id).items():
        for some in sets:
            rest = {name: where for name, where in placed.items() if name not in some}
            rest[request_id] = place
            for after in _settled(instance, rest, sorted(some)):
                change = [
                    new - old
                    for new, old in zip(
                        _first_aims(instance, after), _first_aims(instance, placed), strict=True
                    )
                ]
                gain = (change[0], -len(some), change[1], change[2])
                best = gain if best is None else max(best, gain)
    return best


def _settled(instance: Json, placed: _Placed, waiting: list[str]) -> Iterator[_Placed]:
    """Every plan in which each of those waiting has got a place or none."""
    if not waiting:
        yield placed
        return
    name, *rest = waiting
    yield from _settled(instance, placed, rest)
    request = _named(instance["requests"], name)
    standing = _standing(instance, placed)
    for availability in instance["availabilities"]:
        for start in possible_starts(instance, standing, request, availability):
            yield from _settled(instance, placed | {name: (availability["id"], start)}, rest)


def _places(plan: Json) -> _Placed:
    return {a["request"]: (a["availability"], a["start"]) for a in plan["assignments"]}


def _standing(instance: Json, placed: _Placed, without: Collection[str] = ()) -> list[Appointment]:
    """All appointments, existing and planned, but for those of some requests."""
    kept = {name: place for name, place in placed.items() if name not in without}
    planned = _planned(instance, _plan(instance, kept))
    return existing_appointments(instance) + [mine for _, _, mine in planned]


def _first_aims(instance: Json, placed: _Placed) -> tuple[int, int, int]:
    weight, total_seniority, total_preference = 0, 0, 0
    for request, availability, mine in _planned(instance, _plan(instance, placed)):
        weight += request["priority"]
        total_seniority += seniority(instance, request, mine.start // MINUTES_A_DAY)
        total_preference += preference(request, availability)
    return weight, total_seniority, total_preference
