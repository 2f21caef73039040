"""The demo world: a made-up occupational health service in three weeks around Easter 2027.

The parts are made in the order in which they depend on each other: the demand, the crews and clinics
that are drawn up for it, what is booked already, then what each request wishes of all that. Nothing
but the seed and the number of requests decides; every person is a number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from scheduler.demo.bookings import BOOKED, make_bookings
from scheduler.demo.cases import Workshop, make_cases
from scheduler.demo.catalogue import TYPES, DemoType
from scheduler.demo.chance import stream
from scheduler.demo.clinics import HALF_DAY, DemoPractitioner, staff, weekly_patterns
from scheduler.demo.demand import DemoEmployee, DemoEmployer, make_demand
from scheduler.demo.file_format import FORMAT, GRID, Row
from scheduler.demo.horizon import DAYS, START, holidays, own_holidays
from scheduler.demo.offer import Offer
from scheduler.demo.rota import as_json, make_rota, open_minutes, rooms
from scheduler.demo.towns import REGIONS, DemoLocation, locations
from scheduler.demo.wishes import URGENT, exclusions, make_requests

LOAD = 1.015
"""Minutes asked per free minute, before the limits of the locations."""

MINUTES_PER_HALF_DAY = HALF_DAY * (1 - BOOKED) * LOAD
"""What a half-day is to take of the open demand: it has this much room left, and is overbooked."""

FEWEST = 500
"""Each region has a practitioner of each function: with fewer requests they would sit idle."""


@dataclass(frozen=True)
class DemoWorld:
    """An instance to plan, and what its ids mean to people.

    `instance`: the file format `appt-instance/1`. `load`: requested minutes in percent of the free
    ones, before the limits of the locations. `holidays`: those of the organisation, by day.
    `cases`: the ids of the requests made on purpose, by the name of the case.
    """

    instance: Row
    start_date: date
    load: float
    holidays: Mapping[int, str]
    regions: Mapping[str, str]
    locations: Mapping[str, DemoLocation]
    types: Mapping[str, DemoType]
    practitioners: Mapping[str, DemoPractitioner]
    employers: Mapping[str, DemoEmployer]
    employees: Mapping[str, DemoEmployee]
    cases: Mapping[str, tuple[str, ...]]


def demo_world(seed: int = 1, requests: int = 2000) -> DemoWorld:
    """The world of a seed, with so many requests (500 or more)."""
    if requests < FEWEST:
        raise ValueError(f"{requests} requests are too few for a demo: ask for {FEWEST} or more.")
    demand = make_demand(stream(seed, "demand"), requests)
    crews = staff(demand, MINUTES_PER_HALF_DAY)
    patterns = weekly_patterns(stream(seed, "clinics"), crews, MINUTES_PER_HALF_DAY)
    rota = make_rota(stream(seed, "rota"), crews, patterns, MINUTES_PER_HALF_DAY)
    capacity = rooms(rota)
    existing = make_bookings(stream(seed, "bookings"), rota, capacity, demand)
    practitioners = {member.id: member for crew in crews for member in crew.members}

    offer = Offer.of(rota)
    excluded = exclusions(stream(seed, "exclusions"), demand, practitioners.values())
    asked = make_requests(stream(seed, "wishes"), demand, offer, excluded)
    workshop = Workshop(asked, existing, excluded, offer, _ordinary(asked))
    cases = make_cases(stream(seed, "cases"), workshop)

    load = _minutes(asked) / (open_minutes(rota) - _minutes(existing))
    instance: Row = {
        "format": FORMAT,
        "name": f"demo-{seed}",
        "start_date": START.isoformat(),
        "days": DAYS,
        "grid": GRID,
        "holidays": list(holidays()),
        "types": _types(),
        "locations": _locations(capacity),
        "practitioners": [{"id": one} for one in practitioners],
        "employees": _employees(asked, excluded),
        "availabilities": as_json(rota),
        "existing": existing,
        "requests": asked,
        "params": {"made_by": "spreekuur demo", "seed": seed, "requests": requests},
    }
    return DemoWorld(
        instance=instance,
        start_date=START,
        load=round(100 * load, 1),
        holidays=holidays(),
        regions=REGIONS,
        locations=locations(),
        types=TYPES,
        practitioners=practitioners,
        employers=demand.employers,
        employees=demand.employees,
        cases=cases,
    )


def _ordinary(asked: Sequence[Row]) -> list[int]:
    """The places of the requests that a case may rewrite: urgent ones stay what they are."""
    return [place for place, request in enumerate(asked) if request["priority"] != URGENT]


def _minutes(rows: Iterable[Row]) -> int:
    """Minutes that appointments or requests occupy, buffers included."""
    return sum(row["duration"] + row["buffer"] for row in rows)


def _types() -> list[Row]:
    return [
        {
            "id": kind.id,
            "duration": kind.duration,
            "buffer": kind.buffer,
            "refuse_duplicates": kind.refuse_duplicates,
        }
        for kind in TYPES.values()
    ]


def _locations(capacity: Mapping[str, int]) -> list[Row]:
    listed: list[Row] = []
    for one in locations().values():
        row: Row = {"id": one.id, "region": one.region, "capacity": capacity[one.id]}
        if one.id in own_holidays():
            row["holidays"] = list(own_holidays()[one.id])
        listed.append(row)
    return listed


def _employees(asked: Sequence[Row], excluded: Mapping[str, list[str]]) -> list[Row]:
    """Those who ask for something; the format needs no others."""
    people = sorted({request["employee"] for request in asked})
    return [{"id": person, "blacklist": excluded[person]} for person in people]
