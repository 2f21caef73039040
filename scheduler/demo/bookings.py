"""The appointments that stand already: planning works around them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from scheduler.demo.catalogue import TYPES, DemoType
from scheduler.demo.demand import Demand
from scheduler.demo.file_format import MINUTES_PER_DAY, Row
from scheduler.demo.rota import Open

BOOKED_BY_WEEK = (0.23, 0.14, 0.07)
"""Part of the open time that is booked already: the nearer, the fuller."""

BOOKED = sum(BOOKED_BY_WEEK) / len(BOOKED_BY_WEEK)

OFF_GRID = 0.03
"""Part of them at a minute that is not on the grid: they came from an older system."""

KNOWN_EMPLOYEE = 0.2
"""Part of them of employees who also have a request."""

TRIES = 6


@dataclass
class Diary:
    """Who and which rooms are occupied so far, by the minute."""

    capacity: Mapping[str, int]
    practitioners: set[tuple[str, int, int]] = field(default_factory=set)
    rooms: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def free(self, one: Open, minutes: range) -> bool:
        """Whether the practitioner and a room are free then."""
        limit = self.capacity[one.location]
        return not any(
            (one.practitioner, one.day, m) in self.practitioners
            or self.rooms.get((one.location, one.day, m), 0) >= limit
            for m in minutes
        )

    def occupy(self, one: Open, minutes: range) -> None:
        """Write an appointment down."""
        for m in minutes:
            self.practitioners.add((one.practitioner, one.day, m))
            room = (one.location, one.day, m)
            self.rooms[room] = self.rooms.get(room, 0) + 1


def make_bookings(
    chance: Random, rota: Iterable[Open], capacity: Mapping[str, int], demand: Demand
) -> list[Row]:
    """Appointments scattered over the rota, in order of its availabilities."""
    diary = Diary(capacity)
    known = list(demand.employees)
    chance.shuffle(known)
    booked: list[Row] = []
    # The format's existing appointments carry no telephone mark and so take a room: there are none
    # in blocks that have no room to give.
    for one in (o for o in rota if o.block.takes_room):
        wanted = (
            BOOKED_BY_WEEK[one.day // 7]
            * (one.block.end - one.block.start)
            * chance.uniform(0.4, 1.6)
        )
        for _ in range(TRIES):
            kind, start = _try(chance, one)
            # The last one fits only in part: by chance, so that the mean comes out right.
            if wanted < kind.occupied * chance.random():
                break
            minutes = range(start, start + kind.occupied)
            if minutes.stop > one.block.end or not diary.free(one, minutes):
                continue
            diary.occupy(one, minutes)
            wanted -= kind.occupied
            person = _employee(chance, kind, known, len(booked))
            booked.append(_as_json(len(booked) + 1, one, kind, start, person))
    return booked


def _try(chance: Random, one: Open) -> tuple[DemoType, int]:
    """A kind that is held in a room, and a start in the block."""
    kind = TYPES[chance.choice([k for k in one.block.types if not TYPES[k].remote])]
    # Booked by hand, in slots as long as the appointment, counted from the start of the clinic.
    start = chance.randrange(one.block.start, one.block.end - kind.occupied + 1, kind.occupied)
    return kind, start + (2 if chance.random() < OFF_GRID else 0)


def _employee(chance: Random, kind: DemoType, known: list[str], booked: int) -> str:
    """Each known employee once at most, so that nobody is in two places at once."""
    # Of a type that refuses duplicates only strangers: such cases are made on purpose.
    if known and not kind.refuse_duplicates and chance.random() < KNOWN_EMPLOYEE:
        return known.pop()
    return f"X{booked + 1:04}"


def _as_json(number: int, one: Open, kind: DemoType, start: int, person: str) -> Row:
    return {
        "id": f"E{number:04}",
        "practitioner": one.practitioner,
        "location": one.location,
        "employee": person,
        "start": one.day * MINUTES_PER_DAY + start,
        "duration": kind.duration,
        "buffer": kind.buffer,
        "type": kind.id,
    }
