"""Worlds to test in: builders with working defaults, strategies for tiny ones, and known cases.

Everything here is the raw JSON of the file format (`plan-format.md`), as dicts.

* `an_instance(**parts)` and `a_type`, `a_location`, `a_practitioner`, `an_employee`,
  `an_availability`, `an_existing`, `a_request`: say only what the test is about. A misspelled key
  is refused, since the format ignores unknown ones.
* `a_plan(instance, {"Q1": ("A1", at(0, "09:00"))})`.
* `tiny_instances()` and `plans_of(instance)`: Hypothesis strategies, small enough for the brute
  force of `oracle.py`, and odd enough to hurt.
* `case_...()`: the acceptance cases A1 and A2 of `peers.md` §4, with their real dates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests import oracle

Json = dict[str, Any]

MINUTES_A_DAY = 1440


def at(day: int, clock: str) -> int:
    """Tell the time of the format: `at(1, "09:30")` is half past nine on day 1."""
    hours, minutes = clock.split(":")
    return day * MINUTES_A_DAY + 60 * int(hours) + int(minutes)


# --------------------------------------------------------------------------------- builders


def _made(defaults: Json, changes: Mapping[str, object], optional: Sequence[str] = ()) -> Json:
    unknown = set(changes) - set(defaults) - set(optional)
    if unknown:
        raise TypeError(f"no such key: {', '.join(sorted(unknown))}")
    return {**defaults, **changes}


def a_type(**changes: object) -> Json:
    return _made({"id": "T1", "duration": 30, "buffer": 0}, changes, ["refuse_duplicates"])


def a_location(**changes: object) -> Json:
    return _made({"id": "L1", "region": "R1", "capacity": 1}, changes, ["holidays"])


def a_practitioner(**changes: object) -> Json:
    return _made({"id": "P1"}, changes)


def an_employee(**changes: object) -> Json:
    return _made({"id": "W1", "blacklist": []}, changes)


def an_availability(**changes: object) -> Json:
    """Build a morning of one practitioner on day 0, 09:00 to 12:00."""
    defaults = {
        "id": "A1",
        "practitioner": "P1",
        "location": "L1",
        "start": at(0, "09:00"),
        "end": at(0, "12:00"),
        "types": ["T1"],
    }
    return _made(defaults, changes, ["modalities"])


def an_existing(**changes: object) -> Json:
    """Build a fixed appointment of a stranger, 09:00 to 09:30 on day 0."""
    defaults = {
        "id": "E1",
        "practitioner": "P1",
        "location": "L1",
        "employee": "X1",
        "start": at(0, "09:00"),
        "duration": 30,
        "buffer": 0,
    }
    return _made(defaults, changes, ["type", "remote"])


def a_request(**changes: object) -> Json:
    """Build a request of half an hour, any day of the first week, anywhere in the region."""
    defaults = {
        "id": "Q1",
        "employee": "W1",
        "type": "T1",
        "duration": 30,
        "buffer": 0,
        "window": [0, 7],
        "region": "R1",
        "locations": None,
        "required_practitioner": None,
        "preferred_practitioner": None,
        "preferred_location": None,
        "allow_saturday": False,
        "allow_sunday_holiday": False,
        "priority": 1,
        "request_date": "2026-11-30",
    }
    return _made(defaults, changes, ["remote", "modalities", "preferences"])


def an_instance(**parts: object) -> Json:
    """Build a week from Monday 2026-11-30 with one request that can be planned in one morning.

    A part that is not given holds what the other parts name, made with the builders' defaults.
    """
    given: Json = {
        "availabilities": [an_availability()],
        "existing": [],
        "requests": [a_request()],
    } | {name: part for name, part in parts.items() if isinstance(part, list)}
    availabilities, existing, requests = (
        given["availabilities"],
        given["existing"],
        given["requests"],
    )
    types = {t for a in availabilities for t in a["types"]} | {r["type"] for r in requests}
    locations = {thing["location"] for thing in availabilities + existing}
    practitioners = {thing["practitioner"] for thing in availabilities + existing}
    defaults: Json = {
        "format": "appt-instance/1",
        "name": "test",
        "start_date": "2026-11-30",
        "days": 7,
        "grid": 5,
        "holidays": [],
        "types": [a_type(id=name) for name in sorted(types)],
        "locations": [a_location(id=name) for name in sorted(locations)],
        "practitioners": [a_practitioner(id=name) for name in sorted(practitioners)],
        "employees": [
            an_employee(id=name) for name in sorted({request["employee"] for request in requests})
        ],
        "availabilities": availabilities,
        "existing": existing,
        "requests": requests,
        "params": {},
    }
    return _made(defaults, parts)


def a_plan(instance: Json, places: dict[str, tuple[str, int]] | None = None) -> Json:
    """Build the plan that puts each request at (availability, start); the rest is unplanned."""
    return {
        "format": "appt-plan/1",
        "instance": instance["name"],
        "assignments": [
            {"request": request, "availability": availability, "start": start}
            for request, (availability, start) in (places or {}).items()
        ],
    }


# ------------------------------------------------------------------------------- strategies


_T = TypeVar("_T")

LIKELY = st.sampled_from([True] * 7 + [False])
RARELY = st.sampled_from([False] * 7 + [True])


def _mostly(usual: _T, *others: _T) -> st.SearchStrategy[_T]:
    """Draw the usual value seven times out of eight; failures shrink towards it."""
    return st.sampled_from([usual] * (7 * len(others)) + list(others))


def _often(usual: _T, *others: _T) -> st.SearchStrategy[_T]:
    """Draw the usual value every other time; failures shrink towards it."""
    return st.sampled_from([usual] * len(others) + list(others))


def _some_of(names: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=len(names), unique=True)


def _ids(letter: str, most: int) -> st.SearchStrategy[list[str]]:
    """Draw ids whose order as text is neither that of the list nor that of their numbers."""
    names = [f"{letter}{number}" for number in (1, 2, 10, 3, 20, 4, 30, 5)]
    larger = st.tuples(st.integers(1, most), st.integers(1, most)).map(max)
    return larger.flatmap(lambda count: st.permutations(names[:count]))


STARTS = {
    "2026-12-25": [0, 1],  # Friday, Christmas; Saturday is a holiday too
    "2026-12-24": [1, 2],  # Thursday: the first Saturday is a holiday
    "2026-11-27": [],  # Friday, no holiday in sight
    "2026-04-03": [0, 3],  # Good Friday; Easter Monday
    "2026-03-28": [],  # Saturday; the clock changes on day 1
    "2026-04-27": [0, 8],  # Monday, King's Day; Liberation Day
}
"""Start dates and the holidays that follow them, as day indices."""


@st.composite
def tiny_instances(  # noqa: PLR0913, the knobs of a generator
    draw: st.DrawFn,
    *,
    grids: Sequence[int] = (5, 10, 15, 20, 30),
    most_requests: int = 6,
    most_availabilities: int = 6,
    most_existing: int = 3,
    most_practitioners: int = 3,
    most_locations: int = 3,
    remote_existing: bool = False,
) -> Json:
    """Draw a world of a few people and days in which much is in each other's way.

    Times lie on the grid or just off it; all is crowded into a few busy days, early in the
    morning, so that things meet. An existing appointment by telephone, which the format does not
    speak of, comes only when asked for.
    """
    start_date = draw(st.sampled_from(list(STARTS)))
    days = draw(st.integers(1, 9))
    world = _World(
        draw=draw,
        grid=draw(st.sampled_from(list(grids))),
        start_date=date.fromisoformat(start_date),
        days=days,
        busy_days=draw(st.lists(st.integers(0, days - 1), min_size=1, max_size=3, unique=True)),
        practitioners=draw(_ids("P", most_practitioners)),
    )
    holidays = {day for day in STARTS[start_date] if day < days}
    if draw(RARELY):
        holidays.add(draw(st.integers(0, days - 1)))
    world.types = [world.a_type(name) for name in draw(_ids("T", 3))]
    world.locations = [world.a_location(name) for name in draw(_ids("L", most_locations))]
    world.employees = [world.an_employee(name) for name in draw(_ids("W", 4))]
    world.availabilities = [
        world.an_availability(name) for name in draw(_ids("A", most_availabilities))
    ]
    existing = [
        world.an_existing(f"E{number}") for number in range(draw(st.integers(0, most_existing)))
    ]
    if len(existing) > 1 and draw(st.booleans()):
        existing[-2:] = world.an_interlock()
    if remote_existing:
        existing = [each | {"remote": draw(RARELY)} for each in existing]
    requests = [world.a_request(name) for name in draw(_ids("Q", most_requests))]
    return an_instance(
        start_date=start_date,
        days=days,
        grid=world.grid,
        holidays=sorted(holidays),
        types=world.types,
        locations=world.locations,
        practitioners=[a_practitioner(id=name) for name in world.practitioners],
        employees=world.employees,
        availabilities=world.availabilities,
        existing=existing,
        requests=requests,
    )


@dataclass
class _World:
    """What has been drawn so far, and how to draw one more of each."""

    draw: st.DrawFn
    grid: int
    start_date: date
    days: int
    busy_days: list[int]
    practitioners: list[str]
    types: list[Json] = field(default_factory=list)
    locations: list[Json] = field(default_factory=list)
    employees: list[Json] = field(default_factory=list)
    availabilities: list[Json] = field(default_factory=list)

    @property
    def unit(self) -> int:
        """Measure lengths by this, so that each availability has a handful of starts."""
        return max(self.grid, 10)

    def a_type(self, name: str) -> Json:
        unit = self.unit
        new = a_type(
            id=name,
            duration=self.draw(
                st.sampled_from([unit, unit, unit + 5, 2 * unit, 2 * unit - 5, 3 * unit])
            ),
            buffer=self.draw(st.sampled_from([0, 0, 0, 5, unit])),
        )
        refuses = self.draw(st.sampled_from([None, True, False]))
        return new if refuses is None else new | {"refuse_duplicates": refuses}

    def a_location(self, name: str) -> Json:
        new = a_location(
            id=name,
            region=self.draw(_mostly("R1", "R2")),
            capacity=self.draw(st.sampled_from([1, 2])),
        )
        own = self.draw(_mostly(None, [], [self.draw(st.integers(0, self.days - 1))]))
        return new if own is None else new | {"holidays": own}

    def an_employee(self, name: str) -> Json:
        excluded = [self.draw(st.sampled_from(self.practitioners))] if self.draw(RARELY) else []
        return an_employee(id=name, blacklist=excluded)

    def an_availability(self, name: str) -> Json:
        day = self.draw(st.sampled_from(self.busy_days))
        off_grid = self.draw(_mostly(0, 5, 3, self.grid - 1))
        start = at(day, "08:00") + self.grid * self.draw(st.integers(0, 3)) + off_grid
        length = self.unit * self.draw(st.sampled_from([4, 3, 5, 6, 2, 1]))
        names = [each["id"] for each in self.types]
        new = an_availability(
            id=name,
            practitioner=self.draw(st.sampled_from(self.practitioners)),
            location=self.draw(st.sampled_from(self.locations))["id"],
            start=start,
            end=start + length + self.draw(_mostly(0, 5, 7, -1)),
            types=self.draw(_some_of(names)) if self.draw(RARELY) else names,
        )
        every = ["location", "telephone", "video"]
        admitted = self.draw(
            _mostly(None, every, ["location"], ["telephone", "video"], ["video"], every[:2])
        )
        return new if admitted is None else new | {"modalities": admitted}

    def an_existing(self, name: str) -> Json:
        """Draw what stands in or beside an availability, often off the grid, or elsewhere."""
        unit = self.unit
        where = self.draw(st.sampled_from(self.availabilities))
        places = [place["id"] for place in self.locations]
        new = an_existing(
            id=name,
            practitioner=self.draw(_often(where["practitioner"], *self.practitioners)),
            location=self.draw(_often(where["location"], *places)),
            employee=self.draw(_often("X1", *(person["id"] for person in self.employees))),
            start=where["start"] + self.draw(st.sampled_from([0, unit, 2 * unit, 7, -unit, 1])),
            duration=self.draw(st.sampled_from([unit, 2 * unit, 7, 25])),
            buffer=self.draw(_mostly(0, 5, 10)),
        )
        kind = self.draw(_often(None, *(each["id"] for each in self.types)))
        return new if kind is None else new | {"type": kind}

    def an_interlock(self) -> list[Json]:
        """Draw one taken half by the practitioner and the other by the room or the employee."""
        where = self.draw(st.sampled_from(self.availabilities))
        others = [name for name in self.practitioners if name != where["practitioner"]]
        half = where["start"] + self.unit * self.draw(st.sampled_from([2, 1, 3]))
        places = [place["id"] for place in self.locations]
        return [
            an_existing(
                id="E8",
                practitioner=where["practitioner"],
                location=self.draw(st.sampled_from(places)),
                start=where["start"],
                duration=half - where["start"],
            ),
            an_existing(
                id="E9",
                practitioner=self.draw(st.sampled_from(others or self.practitioners)),
                location=self.draw(_often(where["location"], *places)),
                employee=self.draw(st.sampled_from(self.employees))["id"],
                start=half,
                duration=max(where["end"] - half, 5),
            ),
        ]

    def a_request(self, name: str) -> Json:
        draw, unit = self.draw, self.unit
        kind = draw(st.sampled_from(self.types))
        places = [place["id"] for place in self.locations]
        from_day = draw(_mostly(0, *range(-2, self.days)))
        until_day = draw(_mostly(self.days, *range(1, self.days + 3)))
        age = draw(st.sampled_from([0, 1, 3, 10, 40, 179, 180, 181, 200, -3]))
        new = a_request(
            id=name,
            employee=draw(st.sampled_from(self.employees))["id"],
            type=kind["id"],
            duration=draw(_mostly(kind["duration"], unit, unit + 5, 3 * unit - 5, 5)),
            buffer=draw(_mostly(kind["buffer"], 0, 5, unit)),
            window=[from_day, max(until_day, from_day + 1)],
            region=draw(_mostly("R1", "R1", "R2")),
            locations=draw(_some_of(places)) if draw(RARELY) else None,
            required_practitioner=draw(_mostly(None, *self.practitioners)),
            preferred_practitioner=draw(st.sampled_from([None, *self.practitioners])),
            preferred_location=draw(st.sampled_from([None, *places])),
            allow_saturday=draw(LIKELY),
            allow_sunday_holiday=draw(LIKELY),
            priority=draw(st.sampled_from([1, 1, 2, 3, 4, 5, 100])),
            request_date=(self.start_date - timedelta(days=age)).isoformat(),
        )
        if draw(RARELY):
            new["remote"] = draw(LIKELY)
        if draw(RARELY):
            liked = draw(_some_of([each["id"] for each in self.availabilities]))
            new["preferences"] = [[each, draw(st.integers(0, 9))] for each in liked]
        return new


@st.composite
def plans_of(draw: st.DrawFn, instance: Json) -> Json:
    """Draw a plan: the baseline's or a careless one, mostly with one blunder.

    The careless one puts each request where it could go if it were the only one.
    """
    assignments: list[Json] = []
    if draw(st.booleans()):
        assignments = oracle.earliest_first_come(instance)["assignments"]
    else:
        for request in instance["requests"]:
            places = _places_of(
                instance, request, careless=draw(st.sampled_from([False, False, True]))
            )
            is_planned: bool = draw(LIKELY)
            if places and is_planned:
                assignments.append(draw(st.sampled_from(places)))
    for _ in range(draw(_often(1, 0, 2, 3)) if assignments else 0):
        number = draw(st.integers(0, len(assignments) - 1))
        after = draw(_blunders(instance, assignments[number]))
        assignments = assignments[:number] + after + assignments[number + 1 :] or assignments
    return a_plan(instance) | {"assignments": assignments}


@st.composite
def _blunders(draw: st.DrawFn, instance: Json, assignment: Json) -> list[Json]:
    """Draw what a blunder makes of one assignment."""
    request = draw(st.sampled_from(instance["requests"]))
    places = _places_of(instance, request, careless=True) or [assignment]
    availability = draw(st.sampled_from(instance["availabilities"]))
    step = draw(st.sampled_from([instance["grid"], -instance["grid"], 1, -1, 5, MINUTES_A_DAY]))
    made_of_it: dict[str, list[Json]] = {
        "shifted": [assignment | {"start": assignment["start"] + step}],
        "another one anywhere": [draw(st.sampled_from(places))],
        "another one as well": [assignment, draw(st.sampled_from(places))],
        "at its beginning": [
            assignment | {"availability": availability["id"], "start": availability["start"]}
        ],
        "elsewhere at that time": [assignment | {"availability": availability["id"]}],
        "another one there": [assignment | {"request": request["id"]}],
        "another one with it": [assignment, assignment | {"request": request["id"]}],
        "forgotten": [],
        "nobody": [assignment | {"request": "nobody"}],
        "nowhere": [assignment | {"availability": "nowhere"}],
    }
    return made_of_it[draw(st.sampled_from(list(made_of_it)))]


def _places_of(instance: Json, request: Json, *, careless: bool) -> list[Json]:
    """List where the request could go if it were alone, or careless: wherever it fits at all."""
    ignored = {*oracle.PAIR_RULES, *oracle.COUPLING_RULES} if careless else set()
    existing = oracle.existing_appointments(instance)
    return [
        {"request": request["id"], "availability": availability["id"], "start": start}
        for availability in instance["availabilities"]
        for start in oracle.possible_starts(
            instance, existing, request, availability, without=ignored
        )
    ]


# ------------------------------------------------- known cases: peers.md §4, with real dates


CHRISTMAS_EVE = "2026-12-24"
"""A Thursday. Day 1 is Christmas, a Friday; day 2 a Saturday *and* a holiday; day 3 a Sunday."""


def case_a1(*, variant: bool = False) -> Json:
    """A1, "why not, and what would it take": one request that nothing admits.

    In the variant C, F and G are gone, and B and D are at the other location.
    """
    elsewhere = "L2" if variant else "L1"
    availabilities = [
        _half_hours("A", day=0, practitioner="drA"),
        _half_hours("B", day=1, practitioner="drB", location=elsewhere),
        _half_hours("D", day=3, practitioner="drD", location=elsewhere),
    ]
    if not variant:
        availabilities += [
            _half_hours("C", day=5, practitioner="drC"),
            _half_hours("F", day=4, practitioner="drF", location="L2"),
            _half_hours("G", day=4, practitioner="drG", minutes=20),
        ]
    return an_instance(
        name="A1 variant" if variant else "A1",
        start_date=CHRISTMAS_EVE,
        holidays=[1, 2],
        employees=[an_employee(id="E7", blacklist=["drA"])],
        availabilities=availabilities,
        requests=[
            a_request(employee="E7", window=[0, 5], locations=["L1"], request_date="2026-12-01")
        ],
    )


def case_best_fit() -> Json:
    """A2 (a), NHS "the best fit problem": 3 can be planned, first come first served plans 2."""
    return an_instance(
        name="A2a best fit",
        types=[a_type(id=colour) for colour in ("Blue", "Green", "Orange")],
        locations=[a_location(capacity=3)],
        availabilities=[
            _half_hours("S1", practitioner="P1", types=["Green", "Blue"]),
            _half_hours("S2", practitioner="P2", types=["Orange", "Blue"]),
            _half_hours("S3", practitioner="P3", types=["Green", "Orange"]),
        ],
        requests=[
            a_request(id="Q1", employee="W1", type="Blue"),
            a_request(id="Q2", employee="W2", type="Orange"),
            a_request(id="Q3", employee="W3", type="Blue"),
        ],
    )


def case_make_booking() -> Json:
    """A2 (b), NHS make-booking: both can be planned, first come first served plans 1.

    The place that both could use comes first by id, as it does by name there.
    """
    return an_instance(
        name="A2b make booking",
        types=[a_type(id=name) for name in ("FLU", "COVID-18", "COVID-75")],
        locations=[a_location(capacity=2)],
        availabilities=[
            _half_hours("S-COVID-18", practitioner="P1", types=["FLU", "COVID-18"]),
            _half_hours("S-COVID-75", practitioner="P2", types=["FLU", "COVID-75"]),
        ],
        requests=[
            a_request(id="Q1", employee="W1", type="FLU"),
            a_request(id="Q2", employee="W2", type="COVID-18"),
        ],
    )


def case_fairness() -> Json:
    """A2 (c): two places, three requests; the two oldest fit, if the oldest takes the second."""
    return an_instance(
        name="A2c fairness",
        locations=[a_location(capacity=2)],
        availabilities=[
            _half_hours("S1", practitioner="P1"),
            _half_hours("S2", practitioner="P2"),
        ],
        requests=[
            a_request(id="Q1", employee="W1", request_date="2026-11-01"),
            a_request(
                id="Q2", employee="W2", request_date="2026-11-02", required_practitioner="P1"
            ),
            a_request(
                id="Q3", employee="W3", request_date="2026-11-03", required_practitioner="P2"
            ),
        ],
    )


def case_shortage(*, places_a: int = 3, places_b: int = 2) -> Json:
    """A2 (d), and A5 with more places: 5 requests for the places a, 2 for the places b."""
    places = [("a", number) for number in range(1, places_a + 1)]
    places += [("b", number) for number in range(1, places_b + 1)]
    return an_instance(
        name=f"A2d shortage {places_a}+{places_b}",
        types=[a_type(id="a"), a_type(id="b")],
        locations=[a_location(capacity=len(places))],
        availabilities=[
            _half_hours(f"{kind}{number}", practitioner=f"P-{kind}{number}", types=[kind])
            for kind, number in places
        ],
        requests=[
            a_request(id=f"Q-{kind}{number}", employee=f"W-{kind}{number}", type=kind)
            for kind, most in (("a", 5), ("b", 2))
            for number in range(1, most + 1)
        ],
    )


def cases_of_bad_plans() -> list[tuple[str, Json, Json]]:
    """A2 (f): planted bad plans, each with the name of the one rule that it breaks."""
    two = [a_request(id="Q1", employee="W1"), a_request(id="Q2", employee="W2")]
    overlap = an_instance(requests=two, locations=[a_location(capacity=2)])
    excluded = an_instance(employees=[an_employee(blacklist=["P1"])])
    third_room = an_instance(
        locations=[a_location(capacity=2)],
        availabilities=[an_availability(id=f"A{n}", practitioner=f"P{n}") for n in (1, 2, 3)],
        requests=[a_request(id=f"Q{n}", employee=f"W{n}") for n in (1, 2, 3)],
    )
    to_date = an_instance(
        requests=[a_request(window=[0, 1])], availabilities=[_half_hours("A1", 1)]
    )
    nine = at(0, "09:00")
    return [
        (
            "practitioner_free",
            overlap,
            a_plan(overlap, {"Q1": ("A1", nine), "Q2": ("A1", nine + 15)}),
        ),
        ("exclusion", excluded, a_plan(excluded, {"Q1": ("A1", nine)})),
        (
            "location_capacity",
            third_room,
            a_plan(third_room, {f"Q{n}": (f"A{n}", nine) for n in (1, 2, 3)}),
        ),
        ("date_window", to_date, a_plan(to_date, {"Q1": ("A1", at(1, "09:00"))})),
    ]


def _half_hours(name: str, day: int = 0, minutes: int = 30, **changes: object) -> Json:
    """Build an availability from 09:00 with room for one appointment, or not quite."""
    start = at(day, "09:00")
    return an_availability(id=name, start=start, end=start + minutes, **changes)
