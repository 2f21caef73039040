"""What the rota offers, as those see it who wish for something."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from scheduler.demo.catalogue import TYPES
from scheduler.demo.horizon import DAYS
from scheduler.demo.rota import Open
from scheduler.demo.towns import nearest

ANY_DAY = range(DAYS)


@dataclass(frozen=True)
class Offer:
    """For each kind of appointment: at which location, by whom and on which day."""

    at: Mapping[str, set[tuple[str, str, int]]]

    @classmethod
    def of(cls, rota: Iterable[Open]) -> "Offer":
        """Read from what is open."""
        at: dict[str, set[tuple[str, str, int]]] = {kind: set() for kind in TYPES}
        for one in rota:
            for kind in one.block.types:
                at[kind].add((one.location, one.practitioner, one.day))
        return cls(at)

    def locations(self, kind: str, town: str, days: Collection[int] = ANY_DAY) -> list[str]:
        """Where in the town's region it is offered on one of the days, nearest first."""
        offered = {where for where, _, day in self.at[kind] if day in days}
        return [one for one in nearest(town) if one in offered]

    def practitioners(
        self, kind: str, places: Collection[str], days: Collection[int] = ANY_DAY
    ) -> list[str]:
        """Who takes it at one of the places on one of the days."""
        return sorted({who for where, who, day in self.at[kind] if where in places and day in days})
