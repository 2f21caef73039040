"""Free stretches: where in each availability appointments can still go, given what stands.

A stretch is a maximal interval of an availability at which the practitioner is free and, unless
appointments without a room may go there too, a room is left. The first three aims depend only on
the stretch that a request goes to; what starts when inside it hardly ever matters.
"""

from dataclasses import dataclass

from solver.agenda import Agenda
from solver.facts import Instance
from solver.minutes import NO_MINUTES, runs, span


@dataclass(frozen=True, slots=True)
class Stretch:
    """One maximal free interval `[start, end)`, in minutes of the day of its availability."""

    availability: int
    start: int
    end: int

    @property
    def minutes(self) -> int:
        """How long it is."""
        return self.end - self.start


def stretches_of(
    instance: Instance, index: int, agenda: Agenda, *, rooms: bool
) -> tuple[Stretch, ...]:
    """The free stretches of one availability; with `rooms`, only where a room is left."""
    a = instance.availabilities[index]
    taken = agenda.practitioner_busy(a.practitioner, a.day)
    taken |= agenda.busy_elsewhere(a.practitioner, a.day)
    full = agenda.room_full(a.location, a.day) if rooms else NO_MINUTES
    free = span(a.start, a.end) & ~(taken | full)
    return tuple(Stretch(index, start, end) for start, end in runs(free))


def fullest_sum(lengths: dict[int, int], capacity: int) -> int:
    """The most of `capacity` that can be filled: a subset sum over `{length: how many}`."""
    reachable = 1
    keep = (1 << (capacity + 1)) - 1
    for length, count in lengths.items():
        left = min(count, capacity // length)
        batch = 1
        while left > 0:
            batch = min(batch, left)
            reachable |= (reachable << (length * batch)) & keep
            left -= batch
            batch *= 2
    return reachable.bit_length() - 1
