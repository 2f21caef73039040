"""The independent checker says whether a finished plan keeps every rule.

It shares the predicates with planning and nothing else: rows are read again, pair by pair, and the
plan rules count by themselves. It knows neither the model nor OR-Tools nor the candidates, so that
a fault in those cannot hide here.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

from solver.facts import NONE, Assignment, Instance
from solver.minutes import MINUTES_PER_DAY, NO_MINUTES, Minutes
from solver.rules import PAIR_RULES, PLAN_RULES, REQUEST_RULES
from solver.rules.face import Booked, Violation
from solver.rules.fits import Fits
from solver.rules.notice import Notice

AT_ONE_START = (Fits(), Notice())
"""The slot rules that no plan rule counts."""


def check(instance: Instance, assignments: Sequence[Assignment]) -> list[Violation]:
    """Every rule that the assignments break, in the order of the plan; empty if it keeps all.

    What appointments that stood before do to each other is not the plan's fault.
    """
    found = [v for assignment in assignments for v in _alone(instance, assignment)]
    finished = _Finished(instance, assignments)
    for rule in PLAN_RULES:
        found.extend(rule.violations(finished))
    return found


def _alone(instance: Instance, assignment: Assignment) -> list[Violation]:
    """What one assignment breaks by itself."""
    request = instance.requests[assignment.request]
    availability = instance.availabilities[assignment.availability]
    when = _clock(instance, availability.day, assignment.start)
    detail = f"in {availability.id} at {when}"
    broken = [rule.code for rule in REQUEST_RULES if not rule.admits(request)]
    broken += [rule.code for rule in PAIR_RULES if not rule.holds(request, availability)]
    empty = _Empty(instance.grid)
    if 0 <= assignment.start < MINUTES_PER_DAY:
        broken += [
            rule.code
            for rule in AT_ONE_START
            if not rule.starts(request, availability, empty) >> assignment.start & 1
        ]
    else:
        broken.append(Fits.code)
    return [Violation(code, (request.id,), detail) for code in broken]


class _Empty:
    """Nobody is occupied: what stands is counted by the plan rules."""

    def __init__(self, grid: int) -> None:
        self.grid = grid

    def practitioner_busy(self, practitioner: int, day: int) -> Minutes:
        return NO_MINUTES

    def busy_elsewhere(self, practitioner: int, day: int) -> Minutes:
        return NO_MINUTES

    def employee_busy(self, employee: int, day: int) -> Minutes:
        return NO_MINUTES

    def room_full(self, location: int, day: int) -> Minutes:
        return NO_MINUTES


class _Finished:
    """The plan and what stood before it, as the plan rules count them."""

    def __init__(self, instance: Instance, assignments: Sequence[Assignment]) -> None:
        self._instance = instance
        self._assignments = assignments

    @cached_property
    def booked(self) -> Sequence[Booked]:
        standing = [
            Booked(
                a.id, NONE, a.practitioner, a.location, a.employee, a.type,
                a.day, a.start, a.end, a.occupied_until, a.takes_room, a.elsewhere,
            )
            for a in self._instance.appointments
        ]  # fmt: skip
        return standing + [self._planned(assignment) for assignment in self._assignments]

    def _planned(self, assignment: Assignment) -> Booked:
        request = self._instance.requests[assignment.request]
        availability = self._instance.availabilities[assignment.availability]
        start = assignment.start
        return Booked(
            request.id, assignment.request, availability.practitioner, availability.location,
            request.employee, request.type, availability.day,
            start, start + request.duration, start + request.occupied, request.takes_room,
        )  # fmt: skip

    def capacity(self, location: int) -> int:
        return self._instance.locations[location].capacity

    def refuses_duplicates(self, type_: int) -> bool:
        return type_ in self._instance.duplicates_refused

    def clock(self, day: int, minute: int) -> str:
        return _clock(self._instance, day, minute)


def _clock(instance: Instance, day: int, minute: int) -> str:
    days, minute = divmod(minute, MINUTES_PER_DAY)
    date = instance.start_date + timedelta(days=day + days)
    return f"{date:%Y-%m-%d} {minute // 60:02}:{minute % 60:02}"
