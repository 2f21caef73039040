"""A desk: an agenda that remembers where each shape of request may still start."""

from solver.agenda import Agenda, availabilities_by_place
from solver.candidates import Candidates
from solver.facts import Assignment, Plan
from solver.minutes import Minutes


class Desk:
    """Plans one request after the other, and answers fast where the next may start."""

    def __init__(self, candidates: Candidates, plan: Plan = ()) -> None:
        self.instance = candidates.instance
        self.candidates = candidates
        self.agenda = Agenda(self.instance, plan)
        self._shape_of = candidates.shape_of.tolist()
        self._known: list[dict[int, Minutes]] = [{} for _ in self.instance.availabilities]
        self._touched = availabilities_by_place(self.instance)

    def starts(self, request: int, availability: int) -> Minutes:
        """Where the request may start in the availability now; it must be one of its options."""
        known = self._known[availability]
        shape = self._shape_of[request]
        row = self.instance.requests[request]
        block = self.instance.availabilities[availability]
        if shape not in known:
            known[shape] = self.agenda.shape_starts(row, block)
        allowed = known[shape]
        return allowed and self.agenda.personal_starts(row, block, allowed)

    def barred(self, request: int) -> bool:
        """Whether what is planned already bars the request wherever it might go."""
        return self.agenda.claimed(self.instance.requests[request])

    def place(self, assignment: Assignment) -> None:
        """Plan the request, and forget what is no longer known."""
        self.agenda.place(assignment)
        block = self.instance.availabilities[assignment.availability]
        for a in self._touched[block.practitioner, block.location, block.day]:
            self._known[a].clear()
