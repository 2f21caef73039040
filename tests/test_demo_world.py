"""The demo world: reproducible, whole, and with every rule of the domain at work in it."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Hashable
from datetime import date, timedelta
from itertools import combinations
from random import Random

import holidays
import pytest

from scheduler.demo import DemoWorld, demo_world
from scheduler.demo.file_format import MINUTES_PER_DAY, Row
from scheduler.demo.leads import lead_time
from scheduler.demo.load import load_of
from scheduler.demo.towns import km, nearest, towns
from tests import oracle


@pytest.fixture(scope="module")
def world() -> DemoWorld:
    return demo_world(seed=1)


def test_the_same_seed_makes_the_same_world_in_another_process() -> None:
    code = "import json, scheduler.demo as d; print(json.dumps(d.demo_world(3, 500).instance))"
    # Sets come in another order there, and nothing may depend on it.
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True
    ).stdout

    assert json.loads(printed) == demo_world(3, 500).instance


def test_another_seed_makes_another_world_of_the_same_kind(world: DemoWorld) -> None:
    other = demo_world(seed=2)

    assert other.instance["requests"] != world.instance["requests"]
    assert len(other.instance["requests"]) == 2000
    assert 98 <= other.load <= 105


def test_too_small_a_world_is_refused_with_the_number_to_ask_for() -> None:
    with pytest.raises(ValueError, match="ask for 500 or more"):
        demo_world(requests=100)


def test_the_world_has_the_size_that_the_demo_promises(world: DemoWorld) -> None:
    instance = world.instance

    assert len(instance["requests"]) == 2000
    assert len(instance["locations"]) == len(world.locations) == 14
    assert 30 <= len(instance["practitioners"]) <= 35
    assert 98 <= world.load <= 105
    assert 0.1 < len(instance["existing"]) / len(instance["requests"]) < 0.3
    assert 20 <= sum(r["priority"] == 100 for r in instance["requests"]) <= 60


def test_every_reference_resolves(world: DemoWorld) -> None:
    instance = world.instance
    parts = ("types", "locations", "practitioners", "employees", "availabilities")
    types, places, people, employees, _ = (_unique(instance[part]) for part in parts)
    requests = _unique([*instance["requests"], *instance["existing"]])

    assert people == set(world.practitioners)
    assert employees <= set(world.employees)
    assert all(set(employee["blacklist"]) <= people for employee in instance["employees"])
    for row in [*instance["availabilities"], *instance["existing"]]:
        assert row["practitioner"] in people
        assert row["location"] in places
    for request in instance["requests"]:
        assert request["employee"] in employees
        assert request["type"] in types
        assert request["region"] in world.regions
        assert {*(request["locations"] or ()), request["preferred_location"]} <= {None, *places}
        wished = {request["required_practitioner"], request["preferred_practitioner"]}
        assert wished <= {None, *people}
    assert {request for case in world.cases.values() for request in case} <= requests


def test_times_and_windows_are_well_formed(world: DemoWorld) -> None:
    instance = world.instance

    for block in instance["availabilities"]:
        assert 0 <= block["start"] < block["end"]
        assert block["start"] // MINUTES_PER_DAY == block["end"] // MINUTES_PER_DAY
    for request in instance["requests"]:
        opens, until = request["window"]
        assert 0 <= opens < until <= instance["days"]
        assert date.fromisoformat(request["request_date"]) <= world.start_date
        assert date.fromisoformat(request["request_date"]).weekday() < 5


def test_holidays_are_those_of_the_library_but_for_good_friday(world: DemoWorld) -> None:
    library = holidays.country_holidays("NL", years=2027, language="en_US")
    first, last = world.start_date, world.start_date + timedelta(days=world.instance["days"])
    within = {day: name for day, name in library.items() if first <= day < last}

    assert sorted(within.values()) == ["Easter Monday", "Easter Sunday", "Good Friday"]
    assert [first + timedelta(days=day) for day in world.instance["holidays"]] == sorted(
        day for day, name in within.items() if name != "Good Friday"
    )
    (own,) = (row for row in world.instance["locations"] if "holidays" in row)
    good_friday = next(day for day, name in within.items() if name == "Good Friday")
    assert (good_friday - first).days in own["holidays"]


def test_regions_follow_geography(world: DemoWorld) -> None:
    assert km(towns()["Utrecht"], towns()["Amsterdam"]) == pytest.approx(33, abs=2)
    for location in world.locations.values():
        others = [one for one in world.locations.values() if one is not location]
        assert min(others, key=lambda one: km(location, one)).region == location.region
    for employee in world.employees.values():
        closest = min(world.locations.values(), key=lambda one: km(towns()[employee.town], one))
        assert employee.region == closest.region
        assert nearest(employee.town)[0] == closest.id


def test_every_location_is_open_at_times(world: DemoWorld) -> None:
    assert {block["location"] for block in world.instance["availabilities"]} == set(world.locations)


def test_each_rule_is_somewhere_the_only_obstacle(world: DemoWorld) -> None:
    excluding = {e["id"] for e in world.instance["employees"] if e["blacklist"]}
    asked = world.instance["requests"]
    sample = asked[::50] + _requests(world, "too_long")
    sample += [request for request in asked if request["employee"] in excluding][:20]
    alone = Counter(
        found[0] for request in sample for found in _obstacles(world, request) if len(found) == 1
    )

    rules = {*oracle.PAIR_RULES, "fits"}
    assert {rule for rule in rules if alone[rule] >= 5} == rules


def test_a_practitioner_is_open_at_two_locations_at_once(world: DemoWorld) -> None:
    twins = [
        (one, other)
        for blocks in _grouped(world, lambda b: (b["practitioner"], _day(b))).values()
        for one, other in combinations(blocks, 2)
        if one["location"] != other["location"]
        and one["start"] < other["end"]
        and other["start"] < one["end"]
    ]

    assert len({one["practitioner"] for one, _ in twins}) >= 2


def test_the_rooms_bind_at_one_location_only(world: DemoWorld) -> None:
    capacity = {row["id"]: row["capacity"] for row in world.instance["locations"]}
    excess = Counter[str]()
    for blocks in _grouped(world, lambda b: (b["location"], _day(b))).values():
        location = blocks[0]["location"]
        in_rooms = [b for b in blocks if "location" in b.get("modalities", ["location"])]
        for one in in_rooms:
            at_once = sum(b["start"] <= one["start"] < b["end"] for b in in_rooms)
            excess[location] = max(excess[location], at_once - capacity[location])

    binding = {world.locations[place].town: excess[place] for place in excess if excess[place] > 0}
    assert binding == {"Amersfoort": 2}


def test_existing_appointments_keep_the_rules_that_bind_everyone(world: DemoWorld) -> None:
    instance = world.instance
    capacity = {row["id"]: row["capacity"] for row in instance["locations"]}
    blocks = _grouped(world, lambda b: (b["practitioner"], b["location"], _day(b)))

    for one in instance["existing"]:
        at_once = [o for o in instance["existing"] if o["start"] <= one["start"] < _until(o)]
        assert sum(o["practitioner"] == one["practitioner"] for o in at_once) == 1
        assert sum(o["employee"] == one["employee"] for o in at_once) == 1
        assert sum(o["location"] == one["location"] for o in at_once) <= capacity[one["location"]]
        assert any(
            b["start"] <= one["start"] and _until(one) <= b["end"] and one["type"] in b["types"]
            for b in blocks[one["practitioner"], one["location"], _day(one)]
        )
    assert any(one["start"] % instance["grid"] for one in instance["existing"])


def test_employees_can_meet_themselves(world: DemoWorld) -> None:
    asked = Counter(request["employee"] for request in world.instance["requests"])
    booked = {one["employee"]: _day(one) for one in world.instance["existing"]}
    windows = [(r["employee"], range(*r["window"])) for r in world.instance["requests"]]

    assert sum(number > 1 for number in asked.values()) > 100
    assert sum(booked.get(person) in window for person, window in windows) >= 5
    assert len(world.cases["one_visit"]) == 12


def test_duplicates_are_asked_for_on_purpose_only(world: DemoWorld) -> None:
    once = {kind["id"] for kind in world.instance["types"] if kind["refuse_duplicates"]}
    asked = Counter(
        (request["employee"], request["type"])
        for request in world.instance["requests"]
        if request["type"] in once
    )
    booked = {(one["employee"], one["type"]) for one in world.instance["existing"]}
    twice = sum(number - 1 for number in asked.values())

    assert twice == len(world.cases["asked_twice"]) / 2 == 5
    assert len(booked & set(asked)) == len(world.cases["already_booked"]) == 5


@pytest.mark.parametrize(
    ("case", "rule"),
    [
        ("holiday_window", "sunday_holiday"),
        ("saturday_window", "saturday"),
        ("required_and_excluded", "exclusion"),
        ("not_offered_there", "location_wish"),
        ("too_long", "fits"),
    ],
)
def test_a_case_has_the_obstacle_it_was_made_for(world: DemoWorld, case: str, rule: str) -> None:
    for request in _requests(world, case):
        obstacles = _obstacles(world, request)
        assert any(rule in found for found in obstacles)
        assert all(obstacles), f"{request['id']} can be planned after all"


def test_a_saturday_that_is_a_holiday_needs_both(world: DemoWorld) -> None:
    for request in _requests(world, "saturday_on_holiday"):
        both = request["allow_saturday"] and request["allow_sunday_holiday"]
        assert both == (not all(_obstacles(world, request)))


def test_lead_times_follow_the_real_ones() -> None:
    chance = Random(1)
    drawn = [lead_time(chance, least=0) for _ in range(20_000)]

    # stats: 34.9 % on the same day, 25.1 % over two weeks, at most 179 days.
    assert sum(lead == 0 for lead in drawn) / len(drawn) == pytest.approx(0.349, abs=0.015)
    assert sum(lead > 14 for lead in drawn) / len(drawn) == pytest.approx(0.251, abs=0.015)
    assert max(drawn) <= 179
    assert min(lead_time(chance, least=9) for _ in range(100)) >= 9


def test_the_load_counts_what_stands_and_what_is_planned(world: DemoWorld) -> None:
    block = next(b for b in world.instance["availabilities"] if b["location"] == "L01")
    request = world.instance["requests"][0]
    assignment = {"request": request["id"], "availability": block["id"], "start": block["start"]}

    before = load_of(world, {"assignments": []})
    after = load_of(world, {"assignments": [assignment]})

    assert before.booked.sum() == sum(_until(e) - e["start"] for e in world.instance["existing"])
    assert (after.booked - before.booked)[0, _day(block)] == request["duration"] + request["buffer"]
    assert (before.booked <= before.open).all()


def _obstacles(world: DemoWorld, request: Row) -> list[list[str]]:
    """For each block, were it empty, the rules that keep the request out of it."""
    # The oracle looks through all employees each time; one is enough.
    (person,) = (e for e in world.instance["employees"] if e["id"] == request["employee"])
    instance = {**world.instance, "employees": [person]}
    return [
        [
            *(
                name
                for name, rule in oracle.PAIR_RULES.items()
                if not rule(oracle.Pair(instance, request, block, _day(block)))
            ),
            *(["fits"] if _until({**request, "start": block["start"]}) > block["end"] else []),
        ]
        for block in instance["availabilities"]
    ]


def _requests(world: DemoWorld, case: str) -> list[Row]:
    found = [r for r in world.instance["requests"] if r["id"] in world.cases[case]]
    assert found
    return found


def _grouped(world: DemoWorld, key: Callable[[Row], Hashable]) -> dict[Hashable, list[Row]]:
    groups: dict[Hashable, list[Row]] = {}
    for block in world.instance["availabilities"]:
        groups.setdefault(key(block), []).append(block)
    return groups


def _day(row: Row) -> int:
    return int(row["start"] // MINUTES_PER_DAY)


def _until(row: Row) -> int:
    """When practitioner and room are free again."""
    return int(row["start"] + row["duration"] + row["buffer"])


def _unique(rows: list[Row]) -> set[str]:
    ids = {row["id"] for row in rows}
    assert len(ids) == len(rows)
    return ids
