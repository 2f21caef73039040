"""From a flow to a plan: what the flow keeps whole is placed as it says, the rest where it fits."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from solver.board import Boards
from solver.compiled.greedy import place_inside
from solver.facts import Plan
from solver.flow import Flow
from solver.greedy import fill


def rounded(boards: Boards, flows: Iterable[Flow]) -> Plan:
    """The plan nearest to the flows: whole requests first, then those it splits, then the others.

    Of the whole ones, employees with several requests come first: they depend on exact starts.
    """
    candidates = boards.candidates
    requests = candidates.instance.requests
    asked = Counter(request.employee for request in requests)
    occupied = np.fromiter((r.occupied for r in requests), np.int64)
    weight = np.fromiter((r.priority for r in requests), np.int64)
    once = np.fromiter((asked[r.employee] == 1 for r in requests), np.bool_)
    board = boards.holding(())
    lines = np.concatenate([_lines(boards, flow) for flow in flows] or [np.empty((0, 5), np.int64)])
    request, pair, begin, end, minutes = lines.T
    split = minutes < occupied[request]
    order = np.lexsort((request, -occupied[request], -weight[request], once[request], split))
    place_inside(
        board,
        *(column[order].astype(np.int32) for column in (request, pair, begin, end)),
    )
    fill(boards, board)
    return boards.plan_on(board)


def _lines(boards: Boards, flow: Flow) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """What flows: request, its option, the slots of the stretch (from, until), and the minutes."""
    net = flow.network
    some = np.flatnonzero(flow.minutes)
    stretches = [net.stretches[s] for s in net.arc_stretch[some].tolist()]
    slot = boards.slot
    return np.column_stack(
        [
            net.arc_request[some],
            boards.candidates.lines(net.candidates)[net.arc_pair[some]],
            np.fromiter((-(-s.start // slot) for s in stretches), np.int64, len(some)),
            np.fromiter((s.end // slot for s in stretches), np.int64, len(some)),
            flow.minutes[some],
        ]
    )
