"""Who and what is occupied when: the state that planning by hand, greedy and search all work on."""

from collections.abc import Iterator

from solver.facts import Assignment, Availability, Instance, Plan, Request
from solver.minutes import NO_MINUTES, WHOLE_DAY, Minutes, span
from solver.rules import PAIR_RULES, PERSONAL_RULES, REQUEST_RULES, SHAPE_RULES, SLOT_RULES
from solver.rules.duplicate import Duplicate


class Agenda:
    """The appointments that stand and those planned so far; every state of it keeps every rule.

    `place` and `remove` do not ask the rules: ask `starts` first.
    """

    def __init__(self, instance: Instance, plan: Plan = ()) -> None:
        self.instance = instance
        self.grid = instance.grid
        self.planned: dict[int, Assignment] = {}
        self._practitioners: dict[tuple[int, int], Minutes] = {}
        self._employees: dict[tuple[int, int], Minutes] = {}
        self._elsewhere: dict[tuple[int, int], Minutes] = {}
        self._rooms: dict[tuple[int, int], list[Minutes]] = {}
        self._claims: set[tuple[int, int]] = set()
        for standing in instance.appointments:
            until = span(standing.start, standing.occupied_until)
            who = standing.practitioner, standing.day
            self._occupy(self._elsewhere if standing.elsewhere else self._practitioners, who, until)
            self._occupy(
                self._employees,
                (standing.employee, standing.day),
                span(standing.start, standing.end),
            )
            if standing.takes_room:
                self._enter_room(standing.location, standing.day, until)
        for assignment in plan:
            self.place(assignment)

    # what stands, as the slot rules ask it

    def practitioner_busy(self, practitioner: int, day: int) -> Minutes:
        """The minutes of the day at which the practitioner is occupied, buffers included."""
        return self._practitioners.get((practitioner, day), NO_MINUTES)

    def busy_elsewhere(self, practitioner: int, day: int) -> Minutes:
        """The minutes of the day at which he is busy by a calendar of his own."""
        return self._elsewhere.get((practitioner, day), NO_MINUTES)

    def employee_busy(self, employee: int, day: int) -> Minutes:
        """The minutes of the day at which the employee has an appointment."""
        return self._employees.get((employee, day), NO_MINUTES)

    def employees_busy(self) -> Iterator[tuple[int, int, Minutes]]:
        """Every employee with appointments: who, on which day, at which minutes."""
        for (employee, day), busy in self._employees.items():
            if busy:
                yield employee, day, busy

    def room_full(self, location: int, day: int) -> Minutes:
        """The minutes at which no further appointment finds a room."""
        capacity = self.instance.locations[location].capacity
        if capacity == 0:
            return WHOLE_DAY
        levels = self._rooms.get((location, day))
        return levels[capacity - 1] if levels else NO_MINUTES

    def rooms_taken(self, location: int, day: int) -> list[Minutes]:
        """At index `k` the minutes at which more than `k` rooms are taken."""
        return list(self._rooms.get((location, day), ()))

    def starts(self, request: Request, availability: Availability) -> Minutes:
        """The starts (minutes of the day) that every slot rule allows."""
        allowed = self.shape_starts(request, availability)
        return allowed and self.personal_starts(request, availability, allowed)

    def shape_starts(self, request: Request, availability: Availability) -> Minutes:
        """The starts that the request's shape allows: the same for every request of that shape."""
        allowed = WHOLE_DAY
        for rule in SHAPE_RULES:
            allowed &= rule.starts(request, availability, self)
        return allowed

    def personal_starts(
        self, request: Request, availability: Availability, allowed: Minutes
    ) -> Minutes:
        """Of the starts that its shape allows, those left when it is asked who makes the request."""
        for rule in PERSONAL_RULES:
            allowed &= rule.starts(request, availability, self)
        return allowed

    def admits(self, request: Request, availability: Availability) -> Minutes:
        """The starts that *every* rule allows the request in this availability as things stand."""
        barred = (
            self.claimed(request)
            or not all(rule.admits(request) for rule in REQUEST_RULES)
            or not all(rule.holds(request, availability) for rule in PAIR_RULES)
        )
        return NO_MINUTES if barred else self.starts(request, availability)

    def broken(self, request: Request, availability: Availability, start: int) -> tuple[str, ...]:
        """The codes of the rules that forbid the request to start there at that minute of the day."""
        found = [rule.code for rule in REQUEST_RULES if not rule.admits(request)]
        if self.claimed(request) and Duplicate.code not in found:
            found.append(Duplicate.code)
        found += [rule.code for rule in PAIR_RULES if not rule.holds(request, availability)]
        found += [
            rule.code
            for rule in SLOT_RULES
            if start < 0 or not rule.starts(request, availability, self) >> start & 1
        ]
        return tuple(found)

    def claimed(self, request: Request) -> bool:
        """Whether another planned request bars this one as a duplicate."""
        return (request.employee, request.type) in self._claims

    # changes

    def place(self, assignment: Assignment) -> None:
        """Write the assignment down; its request must not be planned yet."""
        request = self.instance.requests[assignment.request]
        availability = self.instance.availabilities[assignment.availability]
        day, start = availability.day, assignment.start
        occupied = span(start, start + request.occupied)
        self._occupy(self._practitioners, (availability.practitioner, day), occupied)
        self._occupy(
            self._employees, (request.employee, day), span(start, start + request.duration)
        )
        if request.takes_room:
            self._enter_room(availability.location, day, occupied)
        if request.type in self.instance.duplicates_refused:
            self._claims.add((request.employee, request.type))
        self.planned[assignment.request] = assignment

    def remove(self, request_index: int) -> Assignment:
        """Take a planned request out again, and return what its assignment was."""
        assignment = self.planned.pop(request_index)
        request = self.instance.requests[request_index]
        availability = self.instance.availabilities[assignment.availability]
        day, start = availability.day, assignment.start
        occupied = span(start, start + request.occupied)
        self._practitioners[availability.practitioner, day] &= ~occupied
        self._employees[request.employee, day] &= ~span(start, start + request.duration)
        if request.takes_room:
            self._leave_room(availability.location, day, occupied)
        self._claims.discard((request.employee, request.type))
        return assignment

    def plan(self) -> Plan:
        """What is planned now, ordered by request."""
        return tuple(self.planned[request] for request in sorted(self.planned))

    @staticmethod
    def _occupy(
        table: dict[tuple[int, int], Minutes], key: tuple[int, int], minutes: Minutes
    ) -> None:
        table[key] = table.get(key, NO_MINUTES) | minutes

    def _enter_room(self, location: int, day: int, minutes: Minutes) -> None:
        """Count one more, minute by minute; appointments above the limit are not told apart."""
        capacity = self.instance.locations[location].capacity
        levels = self._rooms.setdefault((location, day), [NO_MINUTES] * capacity)
        for k, level in enumerate(levels):
            levels[k], minutes = level | minutes, level & minutes
            if not minutes:
                break

    def _leave_room(self, location: int, day: int, minutes: Minutes) -> None:
        levels = self._rooms[location, day]
        for k, level in enumerate(levels):
            above = levels[k + 1] if k + 1 < len(levels) else NO_MINUTES
            levels[k] = level & (~minutes | above)


def availabilities_by_place(instance: Instance) -> dict[tuple[int, int, int], list[int]]:
    """For each practitioner, location and day: the availabilities that share one of both there."""
    blocks = instance.availabilities
    practitioners: dict[tuple[int, int], list[int]] = {}
    locations: dict[tuple[int, int], list[int]] = {}
    for i, a in enumerate(blocks):
        practitioners.setdefault((a.practitioner, a.day), []).append(i)
        locations.setdefault((a.location, a.day), []).append(i)
    return {
        (a.practitioner, a.location, a.day): [
            *practitioners[a.practitioner, a.day],
            *locations[a.location, a.day],
        ]
        for a in blocks
    }
