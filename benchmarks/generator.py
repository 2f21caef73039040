"""Made-up instances (`appt-instance/1`): the same seed gives the same file, byte for byte.

    python -m benchmarks.generator M-100 --seed 2 -o M-100-2.json.gz
    python -m benchmarks.generator 5000-130 --shape telephone > telephone.json

The chances below were read off ten reference instances of 200 to 50,000 requests, whose figures the
tests hold. A region has about five locations and 1,250 requests. A practitioner belongs to one
region, has one of two roles and works at one to three locations.

**Load** is the minutes asked for (with buffers) as a percentage of the minutes that practitioners
have free, before rooms are counted. It changes neither people nor places, only how many days each
practitioner works: workdays are dealt out in rounds until the minutes are there.

Times are minutes after midnight, local wall-clock time; only the rows of the file add the days.
"""

import argparse
import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from solver.minutes import MINUTES_PER_DAY, span

Instance = dict[str, Any]


# --- Shapes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """How large an instance is, and what is unusual about it. All shares lie in 0..1."""

    name: str
    requests: int
    practitioners: int
    locations: int
    regions: int
    grid: int = 5
    employees_per_request: float = 0.92
    full_days: float = 0.5
    """Share of workdays of six hours or more; the others are half days."""
    known: float = 0.06
    """Share of existing appointments whose employee asks for another one."""
    tight: float = 0.5
    """Share of locations that have no more rooms than the existing appointments need at once."""
    one_room: float = 0.0
    """Share of locations with a single room, however many work there; nothing is booked in it."""
    urgent: float = 0.02
    remote: float = 0.0
    """Share of requests by telephone or video; if there are any, availabilities name modalities."""
    saturday_work: float = 0.035
    """How likely somebody works on a Saturday, where a weekday has 1."""
    saturday_allowed: float = 0.25
    refusing_duplicates: tuple[str, ...] = ()
    preferences: float = 0.0
    """Share of requests that give points to single availabilities."""

    @classmethod
    def of(cls, requests: int) -> "Shape":
        """The usual shape at any size: regions and staff grow with the requests."""
        regions = max(1, round(requests / 1250))
        practitioners = max(2 * regions, round(requests * 0.015))
        return cls(str(requests), requests, practitioners, 5 * regions, regions)

    def variant(self, name: str) -> "Shape":
        """The same size with something unusual about it, one of `VARIANTS`."""
        return replace(self, name=f"{self.name}-{name}", **VARIANTS[name])


SIZES: Mapping[str, Shape] = {
    # Shorter days, because the three small reference instances happen to have them.
    "S": Shape("S", 200, practitioners=5, locations=4, regions=1, full_days=0.38),
    "M": replace(Shape.of(2_000), name="M"),
    "L": replace(Shape.of(10_000), name="L"),
    "XL": replace(Shape.of(50_000), name="XL"),
}

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "telephone": {"remote": 1 / 3},
    "tight-rooms": {"tight": 0.0, "one_room": 0.5},
    "urgent": {"urgent": 0.1},
    "coarse-grid": {"grid": 15},  # 20 minutes, and 60 with 5 of buffer, are no multiples of it
    "one-region": {"regions": 1},
    "duplicates": {
        "refusing_duplicates": ("T30", "T60"),
        "employees_per_request": 0.5,
        "known": 0.5,
    },
    "preferences": {"preferences": 0.4},
    "saturdays": {"saturday_work": 0.6, "saturday_allowed": 0.6},
}


# --- What all of them have in common ----------------------------------------------------------------

START_DATE = date(2026, 3, 23)  # a Monday; the clock changes on day 6
DAYS = 21
HOLIDAYS = (13, 14)  # Easter Sunday and Monday
SATURDAY, SUNDAY = 6, 7  # as date.isoweekday() counts
DAY_OFF_WORK = 0.012  # how likely somebody works on a Sunday or holiday, where a weekday has 1


class _Type(NamedTuple):
    id: str
    duration: int
    buffer: int
    share: float

    @property
    def occupied(self) -> int:
        return self.duration + self.buffer


TYPES = (
    _Type("T15", 15, 0, 0.15),
    _Type("T20", 20, 0, 0.25),
    _Type("T30", 30, 0, 0.30),
    _Type("T45", 45, 0, 0.15),
    _Type("T60", 60, 5, 0.15),
)
ROLES = ((1, 2, 3, 4), (0, 1, 2, 4))  # what a physician does and what a nurse does, out of TYPES

FULL_DAY_STARTS = (480, 495, 510, 540, 600)
FULL_DAYS = {360: 0.25, 420: 0.25, 480: 0.50}  # length: share
HALF_DAY_STARTS = (480, 510, 540, 600, 720, 780, 810)
HALF_DAYS = {60: 0.035, 120: 0.08, 180: 0.125, 240: 0.57, 300: 0.19}  # length: share
LAST_END = 1080  # of a second block, whose start depends on the first
MODALITIES = (("location",), ("location", "telephone", "video"), ("telephone", "video"))

EXCLUDED = 0.1  # share of the pairs of an employee and a practitioner of his region
OLDEST = 180  # days that a request has waited, at most
PRIORITIES = {1: 0.30, 2: 0.26, 3: 0.26, 4: 0.12, 5: 0.06}  # priority: share of the not urgent
URGENT = 100

# Names as the file has them, from numbers as they are counted here.
_region, _location, _practitioner = "R{:02}".format, "L{:03}".format, "P{:04}".format
_employee, _stranger = "W{:06}".format, "X{:05}".format
_availability, _existing, _request = "A{:06}".format, "E{:06}".format, "Q{:06}".format


# --- The whole --------------------------------------------------------------------------------------


def generate(size: Shape, load: int, seed: int) -> Instance:
    """The instance of this shape, load (percent) and seed.

    Raises:
        ValueError: so low a load takes more workdays than the practitioners have.
    """
    rng = np.random.default_rng([seed, load])
    types = rng.choice(len(TYPES), size.requests, p=[kind.share for kind in TYPES]).tolist()
    demand = sum(TYPES[kind].occupied for kind in types)
    service = _Service(size, rng)
    agenda = _agenda(service, demand * 100 / load)
    employees = _employees(service, agenda)
    instance: Instance = {
        "format": "appt-instance/1",
        "name": f"{size.name}-{load}-{seed}",
        "params": {"load": load, "seed": seed, **asdict(size)},
        "start_date": START_DATE.isoformat(),
        "days": DAYS,
        "grid": size.grid,
        "holidays": list(HOLIDAYS),
        "types": [_type_row(size, kind) for kind in TYPES],
        "locations": _location_rows(service, agenda),
        "practitioners": [{"id": _practitioner(p)} for p in range(size.practitioners)],
        "employees": [_employee_row(n, employee) for n, employee in enumerate(employees)],
        "availabilities": [
            _availability_row(service, n, block) for n, block in enumerate(agenda.blocks)
        ],
        "existing": _existing_rows(service, agenda, employees),
        "requests": _request_rows(service, employees, types),
    }
    if size.preferences:
        _add_preferences(instance, size.preferences, rng)
    return instance


def as_bytes(instance: Instance) -> bytes:
    """The file's content: JSON with a line for each row, so that two files can be compared."""
    parts = []
    for key, value in instance.items():
        rows = value if value and isinstance(value, list) and isinstance(value[0], dict) else None
        if rows is None:
            text = json.dumps(value, separators=(",", ":"))
        else:
            lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
            text = f"[\n{lines}\n]"
        parts.append(f'"{key}": {text}')
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def write(instance: Instance, file: Path) -> None:
    """Gzipped if the name ends in `.gz`; without a time in it, so that the bytes stay the same."""
    content = as_bytes(instance)
    file.write_bytes(gzip.compress(content, 6, mtime=0) if file.suffix == ".gz" else content)


# --- Chance -----------------------------------------------------------------------------------------


def _chance(rng: np.random.Generator, share: float) -> bool:
    return rng.random() < share


def _one(rng: np.random.Generator, of: Sequence[int]) -> int:
    return of[int(rng.random() * len(of))]


def _some(rng: np.random.Generator, count: int, of: Sequence[int]) -> list[int]:
    """`count` different ones (or all, where there are fewer), in the order of `of`."""
    return [of[i] for i in sorted(rng.permutation(len(of))[:count].tolist())]


def _weighed(rng: np.random.Generator, shares: Mapping[int, float]) -> int:
    return int(rng.choice(list(shares), p=list(shares.values())))


# --- People and places ------------------------------------------------------------------------------


class _Service:
    """Who does what at which locations, before anybody has a day's work."""

    def __init__(self, shape: Shape, rng: np.random.Generator) -> None:
        self.shape = shape
        self.rng = rng
        self.region = [n * shape.regions // shape.locations for n in range(shape.locations)]
        self.places: list[list[int]] = [[] for _ in range(shape.regions)]
        for location, region in enumerate(self.region):
            self.places[region].append(location)
        self.one_room = {n for n in range(shape.locations) if _chance(rng, shape.one_room)}
        self.role = [ROLES[_one(rng, (0, 1))] for _ in range(shape.practitioners)]
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
        homes = _some(self.rng, _one(self.rng, (1, 2, 3)), self.places[region])
        other_regions = [r for r in range(self.shape.regions) if r != region]
        if other_regions and _chance(self.rng, 0.1):
            homes.append(_one(self.rng, self.places[_one(self.rng, other_regions)]))
        return homes


# --- Availabilities, and what is booked in them -----------------------------------------------------


class _Block(NamedTuple):
    """An availability in the making."""

    practitioner: int
    location: int
    day: int
    start: int
    end: int
    types: Sequence[int]
    modalities: Sequence[str]

    @property
    def takes_room(self) -> bool:
        return "location" in self.modalities


class _Booking(NamedTuple):
    """An existing appointment in the making."""

    block: _Block
    start: int
    type: _Type

    @property
    def end(self) -> int:
        return self.start + self.type.occupied


@dataclass
class _Agenda:
    blocks: list[_Block] = field(default_factory=list)
    bookings: list[_Booking] = field(default_factory=list)

    def sort(self) -> None:
        """By time, so that ids and time rise together."""
        self.blocks.sort(key=lambda b: (b.day, b.start, b.practitioner))
        self.bookings.sort(key=lambda b: (b.block.day, b.start, b.block.practitioner))


def _agenda(service: _Service, wanted: float) -> _Agenda:
    """Workdays, dealt out until the practitioners have about as many free minutes as wanted."""
    agenda = _Agenda()
    missing = wanted
    for practitioner, day in _workdays(service):
        blocks = _workday(service, practitioner, day)
        bookings = list(_bookings(service, blocks[0]))
        free = _free_minutes(blocks, bookings)
        if agenda.blocks and missing < free / 2:  # without this day it is nearer
            agenda.sort()
            return agenda
        missing -= free
        agenda.blocks += blocks
        agenda.bookings += bookings
    raise ValueError(
        f"{wanted:.0f} free minutes are wanted, and {service.shape.practitioners} practitioners"
        f" have {wanted - missing:.0f} in {DAYS} days: ask for a higher load"
    )


def _workdays(service: _Service) -> Iterator[tuple[int, int]]:
    """Pairs (practitioner, day): in each round everybody gets one more day, in random order."""
    practitioners, rng = service.shape.practitioners, service.rng
    likely = [_likelihood_of_work(service.shape, day) for day in range(DAYS)]
    # Sorted, exponential variables with these rates are draws without replacement.
    days = np.argsort(rng.exponential(size=(practitioners, DAYS)) / likely, axis=1)
    for turn in range(DAYS):
        for practitioner in rng.permutation(practitioners).tolist():
            yield practitioner, int(days[practitioner, turn])


def _likelihood_of_work(shape: Shape, day: int) -> float:
    weekday = (START_DATE + timedelta(days=day)).isoweekday()
    if weekday == SUNDAY or day in HOLIDAYS:
        return DAY_OFF_WORK
    return shape.saturday_work if weekday == SATURDAY else 1.0


def _workday(service: _Service, practitioner: int, day: int) -> list[_Block]:
    """One block, and now and then another that overlaps it at a second location."""
    rng = service.rng
    full = _chance(rng, service.shape.full_days)
    start = _one(rng, FULL_DAY_STARTS if full else HALF_DAY_STARTS)
    end = start + _weighed(rng, FULL_DAYS if full else HALF_DAYS)
    types = [kind for kind in service.role[practitioner] if _chance(rng, 0.8)]
    types = types or [_one(rng, service.role[practitioner])]
    kept = _weighed(rng, {0: 0.4, 1: 0.4, 2: 0.2}) if service.shape.remote else 0
    location = _one(rng, service.homes[practitioner])
    block = _Block(practitioner, location, day, start, end, types, MODALITIES[kept])
    others = [home for home in service.homes[practitioner] if home != location]
    if not others or not _chance(rng, 0.08):
        return [block]
    start += _one(rng, (-60, 0, 60, 60, 120))
    end = min(LAST_END, start + _one(rng, (120, 180, 240)))
    return [block, block._replace(location=_one(rng, others), start=start, end=end)]


def _bookings(service: _Service, block: _Block) -> Iterator[_Booking]:
    """Appointments one after the other, of which a part is booked and the others leave gaps."""
    rng = service.rng
    if block.location in service.one_room or _chance(rng, 0.25):
        return
    booked = rng.random() * 0.44
    start = block.start
    while True:
        booking = _Booking(block, start, TYPES[_one(rng, block.types)])
        if booking.end > block.end:
            return
        if _chance(rng, booked):
            yield booking
        start = booking.end


def _free_minutes(blocks: Sequence[_Block], bookings: Sequence[_Booking]) -> int:
    """How many minutes of one practitioner's day are open and not booked."""
    free = 0
    for block in blocks:
        free |= span(block.start, block.end)
    for booking in bookings:
        free &= ~span(booking.start, booking.end)
    return free.bit_count()


# --- Employees and their requests -------------------------------------------------------------------


class _Employee(NamedTuple):
    region: int
    excluded: frozenset[int]


def _employees(service: _Service, agenda: _Agenda) -> list[_Employee]:
    """They live where the blocks are, and must not meet some of the practitioners there."""
    rng, shape = service.rng, service.shape
    minutes = np.zeros(shape.regions)
    for block in agenda.blocks:
        minutes[service.region[block.location]] += block.end - block.start
    count = max(1, round(shape.requests * shape.employees_per_request))
    regions = rng.choice(shape.regions, count, p=minutes / minutes.sum()).tolist()
    staff = [np.array(practitioners) for practitioners in service.staff]
    return [
        _Employee(r, frozenset(staff[r][rng.random(len(staff[r])) < EXCLUDED].tolist()))
        for r in regions
    ]


def _window(rng: np.random.Generator, *, urgent: bool) -> list[int]:
    """Days `[from, until)`: about half begin at once, urgent ones last a week at most."""
    first = int(rng.random() * (DAYS - 3)) if _chance(rng, 0.55) else 0
    length = _one(rng, (3, 4, 5, 6, 7) if urgent else (5, 7, 10, 14, 21))
    return [first, min(DAYS, first + length)]


def _wishes(service: _Service, employee: _Employee, kind: int) -> dict[str, Any]:
    """Where and with whom: a practitioner who works there, does this and is not excluded."""
    rng = service.rng
    nearby = service.places[employee.region]
    anywhere = _chance(rng, 0.4)
    count = 1 + int(rng.random() * min(5, len(nearby)))
    places = nearby if anywhere else _some(rng, count, nearby)
    preferred_location = _location(_one(rng, places)) if _chance(rng, 0.4) else None
    required = _chance(rng, 0.3)
    preferred = not required and _chance(rng, 0.36)
    able: list[int] = []
    if required or preferred:
        staff = service.staff[employee.region] if anywhere else service.staff_at(places)
        able = [p for p in staff if kind in service.role[p] and p not in employee.excluded]
    practitioner = _practitioner(_one(rng, able)) if able else None
    return {
        "region": _region(employee.region),
        "locations": None if anywhere else [_location(place) for place in places],
        "required_practitioner": practitioner if required else None,
        "preferred_practitioner": practitioner if preferred else None,
        "preferred_location": preferred_location,
    }


# --- Rows of the file -------------------------------------------------------------------------------


def _type_row(shape: Shape, kind: _Type) -> dict[str, Any]:
    row = {"id": kind.id, "duration": kind.duration, "buffer": kind.buffer}
    return row | ({"refuse_duplicates": True} if kind.id in shape.refusing_duplicates else {})


def _location_rows(service: _Service, agenda: _Agenda) -> list[dict[str, Any]]:
    """With rooms for all blocks at once, or where it is tight only for what is booked already."""
    for_blocks = _busiest(service, ((b, b.start, b.end) for b in agenda.blocks))
    for_bookings = _busiest(service, ((b.block, b.start, b.end) for b in agenda.bookings))
    rows = []
    for n, region in enumerate(service.region):
        tight = _chance(service.rng, service.shape.tight)
        rooms = 1 if n in service.one_room else max(1, (for_bookings if tight else for_blocks)[n])
        rows.append({"id": _location(n), "region": _region(region), "capacity": rooms})
    return rows


def _busiest(service: _Service, things: Iterable[tuple[_Block, int, int]]) -> list[int]:
    """For each location, how many `(block, start, end)` take a room at the busiest minute."""
    change = np.zeros((service.shape.locations, DAYS * MINUTES_PER_DAY), dtype=np.int16)
    for block, start, end in things:
        if block.takes_room:
            change[block.location, block.day * MINUTES_PER_DAY + start] += 1
            change[block.location, block.day * MINUTES_PER_DAY + end] -= 1
    busiest: list[int] = change.cumsum(axis=1, dtype=np.int16).max(axis=1).tolist()
    return busiest


def _employee_row(number: int, employee: _Employee) -> dict[str, Any]:
    excluded = [_practitioner(p) for p in sorted(employee.excluded)]
    return {"id": _employee(number), "blacklist": excluded}


def _availability_row(service: _Service, number: int, block: _Block) -> dict[str, Any]:
    row = {
        "id": _availability(number),
        "practitioner": _practitioner(block.practitioner),
        "location": _location(block.location),
        "start": block.day * MINUTES_PER_DAY + block.start,
        "end": block.day * MINUTES_PER_DAY + block.end,
        "types": [TYPES[kind].id for kind in block.types],
    }
    return row | ({"modalities": list(block.modalities)} if service.shape.remote else {})


def _existing_rows(
    service: _Service, agenda: _Agenda, employees: Sequence[_Employee]
) -> list[dict[str, Any]]:
    """Most are of strangers; nobody has two, so that no employee is in two places at once."""
    rng = service.rng
    neighbours: dict[int, list[int]] = defaultdict(list)
    for number in rng.permutation(len(employees)).tolist():
        neighbours[employees[number].region].append(number)
    rows = []
    for n, booking in enumerate(agenda.bookings):
        block, who = booking.block, _stranger(n)
        known = neighbours[service.region[block.location]]
        if known and _chance(rng, service.shape.known):
            number = known.pop()
            if block.practitioner not in employees[number].excluded:
                who = _employee(number)
        row = {
            "id": _existing(n),
            "practitioner": _practitioner(block.practitioner),
            "location": _location(block.location),
            "employee": who,
            "start": block.day * MINUTES_PER_DAY + booking.start,
            "duration": booking.type.duration,
            "buffer": booking.type.buffer,
            "type": booking.type.id,
        }
        rows.append(row | ({} if block.takes_room else {"remote": True}))
    return rows


def _request_rows(
    service: _Service, employees: Sequence[_Employee], types: Sequence[int]
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
            "id": _request(n),
            "employee": _employee(who),
            "type": TYPES[kind].id,
            "duration": TYPES[kind].duration,
            "buffer": TYPES[kind].buffer,
            "window": _window(rng, urgent=priority == URGENT),
            **_wishes(service, employees[who], kind),
            "allow_saturday": _chance(rng, shape.saturday_allowed),
            "allow_sunday_holiday": _chance(rng, 0.1),
            "priority": priority,
            "request_date": (START_DATE - timedelta(days=age)).isoformat(),
        }
        rows.append(row | ({"remote": True} if _chance(rng, shape.remote) else {}))
    return rows


def _add_preferences(instance: Instance, share: float, rng: np.random.Generator) -> None:
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
        if not _chance(rng, share):
            continue
        first, until = request["window"]
        liked = [
            availability
            for location in request["locations"] or by_region[request["region"]]
            for day, availability in offers[location, request["type"]]
            if first <= day < until
        ]
        if liked:
            chosen = _some(rng, 5, range(len(liked)))
            request["preferences"] = [[liked[i], _one(rng, range(1, 10))] for i in chosen]


# --- Command line -----------------------------------------------------------------------------------


def _size_and_load(text: str) -> tuple[Shape, int]:
    size, _, load = text.rpartition("-")
    known = size in SIZES or (size.isdecimal() and int(size))
    if not (known and load.isdecimal() and int(load)):
        sizes = ", ".join(SIZES)
        raise argparse.ArgumentTypeError(
            f"{text!r} is not SIZE-LOAD, as in M-100 or 5000-130; SIZE is {sizes} or a number"
        )
    return SIZES.get(size) or Shape.of(int(size)), int(load)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make up an instance: `python -m benchmarks.generator M-100 --seed 2 -o M-100-2.json.gz`."""
    parser = argparse.ArgumentParser("python -m benchmarks.generator", description=main.__doc__)
    parser.add_argument(
        "what",
        type=_size_and_load,
        metavar="SIZE-LOAD",
        help=f"{', '.join(SIZES)} or a number of requests, and the load in percent",
    )
    parser.add_argument("--seed", type=int, default=1, help="1 if not given")
    parser.add_argument("--shape", choices=VARIANTS, help="something unusual about it")
    parser.add_argument(
        "-o",
        dest="file",
        type=Path,
        metavar="FILE",
        help="gzipped if it ends in .gz; without it, to standard output",
    )
    options = parser.parse_args(arguments)
    size, load = options.what
    try:
        instance = generate(
            size.variant(options.shape) if options.shape else size, load, options.seed
        )
    except ValueError as impossible:
        parser.error(str(impossible))
    if options.file:
        write(instance, options.file)
    else:
        sys.stdout.buffer.write(as_bytes(instance))


if __name__ == "__main__":
    main()
