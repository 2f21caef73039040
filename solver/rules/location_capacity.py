"""`location_capacity`: never more in parallel than the limit. Source: domain §3; 001."""

from collections.abc import Iterable

from solver.facts import NONE, Availability, Request
from solver.minutes import WHOLE_DAY, Minutes, starts_of_runs
from solver.rules.face import Finished, Occupation, PlanRule, Sentences, SlotRule, Violation
from solver.rules.words import grouped, most_at_once


class LocationCapacity(SlotRule, PlanRule):
    """Partial overlap counts, the buffer counts; by telephone or video takes no room."""

    code = "location_capacity"
    message = "all rooms of the location are taken"
    rigidity = 75
    relaxation = None
    personal = False

    def starts(self, r: Request, a: Availability, stands: Occupation) -> Minutes:
        full = stands.room_full(a.location, a.day) if r.takes_room else 0
        return starts_of_runs(WHOLE_DAY & ~full, r.occupied) if full else WHOLE_DAY

    def violations(self, plan: Finished) -> Iterable[Violation]:
        in_rooms = (b for b in plan.booked if b.takes_room)
        for (location, day), booked in grouped(in_rooms, lambda b: (b.location, b.day)).items():
            capacity = plan.capacity(location)
            for start, there in most_at_once(booked, capacity):
                if any(b.request != NONE for b in there):
                    yield Violation(
                        self.code,
                        tuple(b.label for b in there),
                        f"{len(there)} at {plan.clock(day, start)} where {capacity} is the limit",
                    )

    def post(self, model: Sentences) -> None:
        in_rooms = (c for c in model.choices if c.takes_room)
        for (location, day), choices in grouped(in_rooms, lambda c: (c.location, c.day)).items():
            model.rooms_suffice(choices, location, day)
