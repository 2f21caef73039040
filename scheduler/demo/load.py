"""How full every location is on every day of a plan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.demo.file_format import MINUTES_PER_DAY, Row
from scheduler.demo.world import DemoWorld

Minutes = NDArray[np.int64]
"""Minutes by location (in the order of the world) and day."""


@dataclass(frozen=True)
class Load:
    """Open and booked minutes by location and day.

    `open`: the practitioners' availabilities; what is open at two locations counts at both.
    `booked`: existing and planned appointments with their buffers, by telephone as well.
    """

    open: Minutes
    booked: Minutes


def load_of(world: DemoWorld, plan: Row) -> Load:
    """The load under a plan (the file format `appt-plan/1`)."""
    row_of = {location: row for row, location in enumerate(world.locations)}
    blocks = {block["id"]: block for block in world.instance["availabilities"]}
    asked = {request["id"]: request for request in world.instance["requests"]}
    booked = np.zeros((len(row_of), world.instance["days"]), np.int64)

    def book(location: str, start: int, appointment: Row) -> None:
        day = start // MINUTES_PER_DAY
        booked[row_of[location], day] += appointment["duration"] + appointment["buffer"]

    for one in world.instance["existing"]:
        book(one["location"], one["start"], one)
    for one in plan["assignments"]:
        book(blocks[one["availability"]]["location"], one["start"], asked[one["request"]])
    return Load(_open(blocks.values(), row_of, world.instance["days"]), booked)


def _open(blocks: Iterable[Row], row_of: Mapping[str, int], days: int) -> Minutes:
    """Overlapping blocks of one practitioner at one location count once."""
    covered = {
        (row_of[block["location"]], block["practitioner"], minute)
        for block in blocks
        for minute in range(block["start"], block["end"])
    }
    minutes = np.zeros((len(row_of), days), np.int64)
    for row, _, minute in covered:
        minutes[row, minute // MINUTES_PER_DAY] += 1
    return minutes
