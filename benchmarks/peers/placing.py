"""From what a model chose to a plan: every choice is placed with all rules, then the rest is filled.

A model that leaves rules out (when exactly rooms are taken, an employee's other appointments) may
choose what cannot be placed together: such a choice is dropped, the one of least weight where there
is a choice between them. Who still fits after that goes in greedily, for every peer alike.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.peers import Answer
from benchmarks.peers.desk import Desk
from solver.board import Boards
from solver.candidates import Candidates
from solver.facts import Assignment
from solver.greedy import filled
from solver.minutes import first, span


class Chosen(NamedTuple):
    """A request in an availability, at any start in `[begin, end)`, minutes of the day."""

    request: int
    availability: int
    begin: int
    end: int


def placed(
    candidates: Candidates, chosen: Iterable[Chosen], bound: int | None = None, note: str = ""
) -> Answer:
    """The answer that these choices come to."""
    requests = candidates.instance.requests
    asked = Counter(request.employee for request in requests)

    def urgency(choice: Chosen) -> tuple[bool, int, int, int]:
        request = requests[choice.request]
        # who asks for several depends on exact starts, long ones on what others leave
        return asked[request.employee] == 1, -request.priority, -request.occupied, choice.request

    desk = Desk(candidates)
    wanted = sorted(chosen, key=urgency)
    for choice in wanted:
        if choice.request in desk.agenda.planned or desk.barred(choice.request):
            continue
        inside = span(choice.begin, choice.end)
        starts = desk.starts(choice.request, choice.availability) & inside
        if starts:
            desk.place(Assignment(choice.request, choice.availability, first(starts)))
    weight = sum(requests[r].priority for r in desk.agenda.planned)
    return Answer(
        plan=filled(Boards(candidates), desk.agenda.plan()),
        bound=bound,
        chosen=sum(requests[r].priority for r in {choice.request for choice in wanted}),
        placed=weight,
        note=note,
    )
