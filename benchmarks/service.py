"""The made-up service: its people and its places."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from benchmarks.chance import chance, one, some
from benchmarks.shapes import Shape

ROLES = ((1, 2, 3, 4), (0, 1, 2, 4))  # what a physician does and what a nurse does, out of TYPES


class Service:
    """Who does what at which locations, before anybody has a day's work."""

    def __init__(self, shape: Shape, rng: np.random.Generator) -> None:
        self.shape = shape
        self.rng = rng
        self.region = [n * shape.regions // shape.locations for n in range(shape.locations)]
        self.places: list[list[int]] = [[] for _ in range(shape.regions)]
        for location, region in enumerate(self.region):
            self.places[region].append(location)
        self.one_room = {n for n in range(shape.locations) if chance(rng, shape.one_room)}
        self.role = [ROLES[one(rng, (0, 1))] for _ in range(shape.practitioners)]
        self.homes = [self._homes(p % shape.regions) for p in range(shape.practitioners)]
        self.at: dict[int, list[int]] = defaultdict(list)
        for practitioner, homes in enumerate(self.homes):
            for location in homes:
                self.at[location].append(practitioner)
        self.staff = [self.staff_at(places) for places in self.places]

    def staff_at(self, locations: Iterable[int]) -> list[int]:
        """The practitioners who work at one of these locations."""
        return sorted({p for location in locations for p in self.at[location]})

    def _homes(self, region: int) -> list[int]:
        """One to three locations of the region; a tenth of the practitioners also visit another."""
        homes = some(self.rng, one(self.rng, (1, 2, 3)), self.places[region])
        other_regions = [r for r in range(self.shape.regions) if r != region]
        if other_regions and chance(self.rng, 0.1):
            homes.append(one(self.rng, self.places[one(self.rng, other_regions)]))
        return homes
