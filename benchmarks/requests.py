"""What the employees ask for, as rows of the file."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from benchmarks import names
from benchmarks.chance import chance, one, some
from benchmarks.employees import Employee
from benchmarks.service import Service
from benchmarks.shapes import DAYS, START_DATE, TYPES
from solver.minutes import MINUTES_PER_DAY

OLDEST = 180  # days that a request has waited, at most
PRIORITIES = {1: 0.30, 2: 0.26, 3: 0.26, 4: 0.12, 5: 0.06}  # priority: share of the not urgent
URGENT = 100


def request_rows(
    service: Service, employees: Sequence[Employee], types: Sequence[int]
) -> list[dict[str, Any]]:
    """Every employee asks once, in order; the requests that are left come from any of them."""
    rng, shape = service.rng, service.shape
    shares = {priority: share * (1 - shape.urgent) for priority, share in PRIORITIES.items()}
    shares[URGENT] = shape.urgent
    priorities = rng.choice(list(shares), shape.requests, p=list(shares.values())).tolist()
    ages = np.minimum(rng.exponential(20, shape.requests), OLDEST).astype(int).tolist()
    rows = []
    for n, (kind, priority, age) in enumerate(zip(types, priorities, ages, strict=True)):
        who = n if n < len(employees) else int(rng.random() * len(employees))
        row = {
            "id": names.request(n),
            "employee": names.employee(who),
            "type": TYPES[kind].id,
            "duration": TYPES[kind].duration,
            "buffer": TYPES[kind].buffer,
            "window": _window(rng, urgent=priority == URGENT),
            **_wishes(service, employees[who], kind),
            "allow_saturday": chance(rng, shape.saturday_allowed),
            "allow_sunday_holiday": chance(rng, 0.1),
            "priority": priority,
            "request_date": (START_DATE - timedelta(days=age)).isoformat(),
        }
        rows.append(row | ({"remote": True} if chance(rng, shape.remote) else {}))
    return rows


def _window(rng: np.random.Generator, *, urgent: bool) -> list[int]:
    """Days `[from, until)`: about half begin at once, urgent ones last a week at most."""
    first = int(rng.random() * (DAYS - 3)) if chance(rng, 0.55) else 0
    length = one(rng, (3, 4, 5, 6, 7) if urgent else (5, 7, 10, 14, 21))
    return [first, min(DAYS, first + length)]


def _wishes(service: Service, employee: Employee, kind: int) -> dict[str, Any]:
    """Where and with whom: a practitioner who works there, does this and is not excluded."""
    rng = service.rng
    nearby = service.places[employee.region]
    anywhere = chance(rng, 0.4)
    count = 1 + int(rng.random() * min(5, len(nearby)))
    places = nearby if anywhere else some(rng, count, nearby)
    preferred_location = names.location(one(rng, places)) if chance(rng, 0.4) else None
    required = chance(rng, 0.3)
    preferred = not required and chance(rng, 0.36)
    able: list[int] = []
    if required or preferred:
        staff = service.staff[employee.region] if anywhere else service.staff_at(places)
        able = [p for p in staff if kind in service.role[p] and p not in employee.excluded]
    practitioner = names.practitioner(one(rng, able)) if able else None
    return {
        "region": names.region(employee.region),
        "locations": None if anywhere else [names.location(place) for place in places],
        "required_practitioner": practitioner if required else None,
        "preferred_practitioner": practitioner if preferred else None,
        "preferred_location": preferred_location,
    }


def add_preferences(instance: Mapping[str, Any], share: float, rng: np.random.Generator) -> None:
    """One to nine points for up to five availabilities that admit the type on a day asked for."""
    by_region: dict[str, list[str]] = defaultdict(list)
    for location in instance["locations"]:
        by_region[location["region"]].append(location["id"])
    offers: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for availability in instance["availabilities"]:
        for kind in availability["types"]:
            offer = (availability["start"] // MINUTES_PER_DAY, availability["id"])
            offers[availability["location"], kind].append(offer)
    for request in instance["requests"]:
        if not chance(rng, share):
            continue
        first, until = request["window"]
        liked = [
            availability
            for location in request["locations"] or by_region[request["region"]]
            for day, availability in offers[location, request["type"]]
            if first <= day < until
        ]
        if liked:
            chosen = some(rng, 5, range(len(liked)))
            request["preferences"] = [[liked[i], one(rng, range(1, 10))] for i in chosen]
