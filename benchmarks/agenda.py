"""Availabilities, and what is booked in them.

Times are minutes after midnight, local wall-clock time; only the rows of the file add the days.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from benchmarks.chance import chance, one, weighed
from benchmarks.service import Service
from benchmarks.shapes import DAYS, HOLIDAYS, START_DATE, TYPES, Shape, Type
from solver.minutes import span

SATURDAY, SUNDAY = 6, 7  # as date.isoweekday() counts
DAY_OFF_WORK = 0.012  # how likely somebody works on a Sunday or holiday, where a weekday has 1

FULL_DAY_STARTS = (480, 495, 510, 540, 600)
FULL_DAYS = {360: 0.25, 420: 0.25, 480: 0.50}  # length: share
HALF_DAY_STARTS = (480, 510, 540, 600, 720, 780, 810)
HALF_DAYS = {60: 0.035, 120: 0.08, 180: 0.125, 240: 0.57, 300: 0.19}  # length: share
LAST_END = 1080  # of a second block, whose start depends on the first
MODALITIES = (("location",), ("location", "telephone", "video"), ("telephone", "video"))


class Block(NamedTuple):
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


class Booking(NamedTuple):
    """An existing appointment in the making."""

    block: Block
    start: int
    type: Type

    @property
    def end(self) -> int:
        return self.start + self.type.occupied


@dataclass
class Agenda:
    """All availabilities in the making, and what is booked in them."""

    blocks: list[Block] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)

    def sort(self) -> None:
        """By time, so that ids and time rise together."""
        self.blocks.sort(key=lambda b: (b.day, b.start, b.practitioner))
        self.bookings.sort(key=lambda b: (b.block.day, b.start, b.block.practitioner))


def agenda_of(service: Service, wanted: float) -> Agenda:
    """Workdays, dealt out until the practitioners have about as many free minutes as wanted."""
    agenda = Agenda()
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


def _workdays(service: Service) -> Iterator[tuple[int, int]]:
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


def _workday(service: Service, practitioner: int, day: int) -> list[Block]:
    """One block, and now and then another that overlaps it at a second location."""
    rng = service.rng
    full = chance(rng, service.shape.full_days)
    start = one(rng, FULL_DAY_STARTS if full else HALF_DAY_STARTS)
    end = start + weighed(rng, FULL_DAYS if full else HALF_DAYS)
    types = [kind for kind in service.role[practitioner] if chance(rng, 0.8)]
    types = types or [one(rng, service.role[practitioner])]
    kept = weighed(rng, {0: 0.4, 1: 0.4, 2: 0.2}) if service.shape.remote else 0
    location = one(rng, service.homes[practitioner])
    block = Block(practitioner, location, day, start, end, types, MODALITIES[kept])
    others = [home for home in service.homes[practitioner] if home != location]
    if not others or not chance(rng, 0.08):
        return [block]
    start += one(rng, (-60, 0, 60, 60, 120))
    end = min(LAST_END, start + one(rng, (120, 180, 240)))
    return [block, block._replace(location=one(rng, others), start=start, end=end)]


def _bookings(service: Service, block: Block) -> Iterator[Booking]:
    """Appointments one after the other, of which a part is booked and the others leave gaps."""
    rng = service.rng
    if block.location in service.one_room or chance(rng, 0.25):
        return
    booked = rng.random() * 0.44
    start = block.start
    while True:
        booking = Booking(block, start, TYPES[one(rng, block.types)])
        if booking.end > block.end:
            return
        if chance(rng, booked):
            yield booking
        start = booking.end


def _free_minutes(blocks: Sequence[Block], bookings: Sequence[Booking]) -> int:
    """How many minutes of one practitioner's day are open and not booked."""
    free = 0
    for block in blocks:
        free |= span(block.start, block.end)
    for booking in bookings:
        free &= ~span(booking.start, booking.end)
    return free.bit_count()
