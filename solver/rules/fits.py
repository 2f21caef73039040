"""`fits`: with its buffer wholly inside one availability, on its start grid. Source: domain §3."""

from solver.facts import Availability, Request
from solver.minutes import Minutes, on_grid, span
from solver.rules.face import Occupation, Relaxation, SlotRule


class Fits(SlotRule):
    """The buffer comes after the appointment and must lie inside as well."""

    code = "fits"
    message = "no start at which {duration} minutes and a buffer of {buffer} lie inside"
    rigidity = 50
    relaxation = Relaxation("a shorter appointment: {minutes} minutes")
    personal = False

    def starts(self, r: Request, a: Availability, stands: Occupation) -> Minutes:
        return span(a.start, a.end - r.occupied + 1) & on_grid(stands.grid)
