"""From a flow to a plan: what the flow keeps whole is placed as it says, the rest where it fits."""

from solver.candidates import Candidates
from solver.facts import Assignment, Plan
from solver.flow import Flow
from solver.greedy import BestFit, Desk, by_worth, take_in_order
from solver.minutes import first, span


def rounded(candidates: Candidates, flows: list[Flow]) -> Plan:
    """The plan nearest to the flows: whole requests first, then those it splits, then the others.

    Of the whole ones, employees with several requests come first: they depend on exact starts.
    """
    instance = candidates.instance
    desk = Desk(candidates)
    whole: list[tuple[int, int, int]] = []
    split: list[tuple[int, int, int]] = []
    for flow in flows:
        net = flow.network
        some = flow.minutes > 0
        for request, stretch, minutes in zip(
            net.arc_request[some].tolist(),
            net.arc_stretch[some].tolist(),
            flow.minutes[some].tolist(),
            strict=True,
        ):
            place = net.stretches[stretch]
            line = (request, place.availability, span(place.start, place.end))
            kept = whole if minutes == instance.requests[request].occupied else split
            kept.append(line)

    asked: dict[int, int] = {}
    for request in instance.requests:
        asked[request.employee] = asked.get(request.employee, 0) + 1

    def urgency(line: tuple[int, int, int]) -> tuple[bool, int, int, int]:
        request = instance.requests[line[0]]
        return asked[request.employee] == 1, -request.priority, -request.occupied, line[0]

    for lines in (whole, split):
        for request, availability, inside in sorted(lines, key=urgency):
            if request in desk.agenda.planned or desk.barred(request):
                continue
            starts = desk.starts(request, availability) & inside
            if starts:
                desk.place(Assignment(request, availability, first(starts)))
    return take_in_order(desk, by_worth(candidates), BestFit())
