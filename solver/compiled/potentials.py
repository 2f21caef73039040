"""The potentials of a min-cost flow: the prices at which nothing could be sent more cheaply.

OR-Tools solves the flow and keeps its potentials to itself; they are the shortest distances in what
the flow has left over, which has no negative circle because the flow is optimal.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.facts import FloatColumn, IntColumn


def potentials(
    tails: IntColumn, heads: IntColumn, costs: IntColumn, left: IntColumn, flows: IntColumn
) -> FloatColumn:
    """The potential of each node, from arcs with a cost, what each could carry more, and carries."""
    nodes = int(max(tails.max(), heads.max())) + 1
    distance = np.zeros(nodes, np.int64)
    _relax(distance, tails, heads, costs, left, flows)
    return distance.astype(np.float64)


@njit(cache=True, nogil=True)
def _relax(
    distance: NDArray[np.int64],
    tails: NDArray[np.int64],
    heads: NDArray[np.int64],
    costs: NDArray[np.int64],
    left: NDArray[np.int64],
    flows: NDArray[np.int64],
) -> None:
    """Bellman and Ford: a handful of passes, since no path in these networks is long."""
    changed = True
    passes = 0
    while changed and passes <= len(distance):
        changed = False
        passes += 1
        for i in range(len(tails)):
            tail, head = tails[i], heads[i]
            if left[i] > 0 and distance[tail] + costs[i] < distance[head]:
                distance[head] = distance[tail] + costs[i]
                changed = True
            if flows[i] > 0 and distance[head] - costs[i] < distance[tail]:
                distance[tail] = distance[head] - costs[i]
                changed = True
