"""What is scarce, as it is told: who competes for too few places, and where an hour more would help.

Found by `shortage.py` and `bottleneck.py`; here is only what they find, so that whoever writes or
tells it loads neither.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shortage:
    """Requests that compete for fewer places than they are, however anybody plans them.

    With everything else out of the way, at most `places` of these requests can be planned in
    `availabilities`, which are all that they may go to. `wanted` is how many want a place: an
    employee's requests of a type that refuses duplicates count as one.

    `minutes_wanted`, `minutes_there`: what they need at least, and what there is at most, given what
    stands, the rooms, the practitioners' overlaps, and how full a stretch can be made. The set is the
    smallest that misses so many minutes: without any one of them it would miss fewer. So each of
    them may be the one who waits, and a request that is not among them takes nothing from them.

    `by_counting`: `places` follows from the minutes there and the shortest appointments alone, by
    adding up; else it takes the flow to see which of them may go where.
    """

    requests: tuple[int, ...]
    wanted: int
    places: int
    availabilities: tuple[int, ...]
    minutes_wanted: int
    minutes_there: int
    by_counting: bool

    @property
    def deficit(self) -> int:
        """How many of them must wait, whatever is planned: at least so many."""
        return self.wanted - self.places


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Where capacity binds: a location's day, for practitioners who admit these types.

    Were `availability` an hour longer (or until midnight, where that is sooner), its practitioner
    there and a room free for it, the proven bound of the weight would rise by `worth`: by that much
    more at most, and by `requests` requests, parts of them counted.
    """

    location: int
    day: int
    types: frozenset[int]
    availability: int
    worth: float
    requests: float


@dataclass(frozen=True, slots=True)
class Scarcity:
    """All shortages, the largest deficit first, and the worst bottlenecks, the worst first."""

    shortages: tuple[Shortage, ...] = ()
    bottlenecks: tuple[Bottleneck, ...] = ()


NOTHING_SCARCE = Scarcity()
"""There is a place for everybody, or nobody has looked."""
