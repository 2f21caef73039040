"""Rows of the file, all but the requests."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks import names
from benchmarks.agenda import Agenda, Block
from benchmarks.chance import chance
from benchmarks.employees import Employee
from benchmarks.service import Service
from benchmarks.shapes import DAYS, TYPES, Shape, Type
from solver.minutes import MINUTES_PER_DAY


def type_row(shape: Shape, kind: Type) -> dict[str, Any]:
    row = {"id": kind.id, "duration": kind.duration, "buffer": kind.buffer}
    return row | ({"refuse_duplicates": True} if kind.id in shape.refusing_duplicates else {})


def location_rows(service: Service, agenda: Agenda) -> list[dict[str, Any]]:
    """With rooms for all blocks at once, or where it is tight only for what is booked already."""
    for_blocks = _busiest(service, ((b, b.start, b.end) for b in agenda.blocks))
    for_bookings = _busiest(service, ((b.block, b.start, b.end) for b in agenda.bookings))
    rows = []
    for n, region in enumerate(service.region):
        tight = chance(service.rng, service.shape.tight)
        rooms = 1 if n in service.one_room else max(1, (for_bookings if tight else for_blocks)[n])
        rows.append({"id": names.location(n), "region": names.region(region), "capacity": rooms})
    return rows


def _busiest(service: Service, things: Iterable[tuple[Block, int, int]]) -> list[int]:
    """For each location, how many `(block, start, end)` take a room at the busiest minute."""
    change = np.zeros((service.shape.locations, DAYS * MINUTES_PER_DAY), dtype=np.int16)
    for block, start, end in things:
        if block.takes_room:
            change[block.location, block.day * MINUTES_PER_DAY + start] += 1
            change[block.location, block.day * MINUTES_PER_DAY + end] -= 1
    busiest: list[int] = change.cumsum(axis=1, dtype=np.int16).max(axis=1).tolist()
    return busiest


def employee_row(number: int, employee: Employee) -> dict[str, Any]:
    excluded = [names.practitioner(p) for p in sorted(employee.excluded)]
    return {"id": names.employee(number), "blacklist": excluded}


def availability_row(service: Service, number: int, block: Block) -> dict[str, Any]:
    row = {
        "id": names.availability(number),
        "practitioner": names.practitioner(block.practitioner),
        "location": names.location(block.location),
        "start": block.day * MINUTES_PER_DAY + block.start,
        "end": block.day * MINUTES_PER_DAY + block.end,
        "types": [TYPES[kind].id for kind in block.types],
    }
    return row | ({"modalities": list(block.modalities)} if service.shape.remote else {})


def existing_rows(
    service: Service, agenda: Agenda, employees: Sequence[Employee]
) -> list[dict[str, Any]]:
    """Most are of strangers; nobody has two, so that no employee is in two places at once."""
    rng = service.rng
    neighbours: dict[int, list[int]] = defaultdict(list)
    for number in rng.permutation(len(employees)).tolist():
        neighbours[employees[number].region].append(number)
    rows = []
    for n, booking in enumerate(agenda.bookings):
        block, who = booking.block, names.stranger(n)
        known = neighbours[service.region[block.location]]
        if known and chance(rng, service.shape.known):
            number = known.pop()
            if block.practitioner not in employees[number].excluded:
                who = names.employee(number)
        row = {
            "id": names.existing(n),
            "practitioner": names.practitioner(block.practitioner),
            "location": names.location(block.location),
            "employee": who,
            "start": block.day * MINUTES_PER_DAY + booking.start,
            "duration": booking.type.duration,
            "buffer": booking.type.buffer,
            "type": booking.type.id,
        }
        rows.append(row | ({} if block.takes_room else {"remote": True}))
    return rows
