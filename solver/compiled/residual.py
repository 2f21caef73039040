"""Maximum flows that go on where the last one ended, in a graph of what is left over of each arc.

SciPy has maximum flows too, but goes over the whole graph for a single minute.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.facts import BoolColumn, IntColumn

FAR = -1
"""The level of a node that is not reached."""


class Arcs(NamedTuple):
    """Arcs by the node that they leave: those of node `n` are `begin[n]:begin[n + 1]`.

    `head`: where each leads to. `back`: the arc the other way, which holds what can be taken back.
    """

    begin: IntColumn
    head: IntColumn
    back: IntColumn


@njit(cache=True, nogil=True)
def push(arcs: Arcs, left: IntColumn, source: int, sink: int) -> None:
    """Send as much as can be from source to sink (Dinic: by the shortest ways first).

    `left`: what each arc can carry more, changed in place.
    """
    nodes = len(arcs.begin) - 1
    level = np.empty(nodes, np.int64)
    untried = np.empty(nodes, np.int64)
    path = np.empty(nodes, np.int64)
    while _levels(arcs, left, source, sink, level):
        untried[:] = arcs.begin[:-1]
        node, depth = source, 0
        while node != source or untried[source] < arcs.begin[source + 1]:
            arc = untried[node]
            if node == sink:
                depth = _send(arcs, left, path[:depth])
                node = arcs.head[arcs.back[path[depth]]]
            elif arc == arcs.begin[node + 1]:
                depth -= 1
                node = arcs.head[arcs.back[path[depth]]]
                untried[node] += 1
            elif left[arc] > 0 and level[arcs.head[arc]] == level[node] + 1:
                path[depth] = arc
                depth += 1
                node = arcs.head[arc]
            else:
                untried[node] += 1


@njit(cache=True, nogil=True)
def _send(arcs: Arcs, left: IntColumn, path: IntColumn) -> int:
    """Send what the whole path carries; the place on it of the first arc that is full now."""
    least = left[path].min()
    left[path] -= least
    left[arcs.back[path]] += least
    return int(np.argmin(left[path]))


@njit(cache=True, nogil=True)
def _levels(arcs: Arcs, left: IntColumn, source: int, sink: int, level: IntColumn) -> bool:
    """How many arcs each node is from the source, as far as the sink; whether that is reached."""
    queue = np.empty(len(level), np.int64)
    level[:] = FAR
    level[source] = 0
    queue[0] = source
    seen, end = 0, 1
    while seen < end and level[sink] == FAR:
        node = queue[seen]
        seen += 1
        for arc in range(arcs.begin[node], arcs.begin[node + 1]):
            head = arcs.head[arc]
            if left[arc] > 0 and level[head] == FAR:
                level[head] = level[node] + 1
                queue[end] = head
                end += 1
    return bool(level[sink] != FAR)


@njit(cache=True, nogil=True)
def leading_on(arcs: Arcs, left: IntColumn, start: int) -> BoolColumn:
    """The nodes to which something more could be sent from this one, itself included."""
    return _spread(arcs, left, start, backwards=False)


@njit(cache=True, nogil=True)
def leading_to(arcs: Arcs, left: IntColumn, goal: int) -> BoolColumn:
    """The nodes from which something more could be sent to this one, itself included."""
    return _spread(arcs, left, goal, backwards=True)


@njit(cache=True, nogil=True)
def _spread(arcs: Arcs, left: IntColumn, start: int, backwards: bool) -> BoolColumn:  # noqa: FBT001 (numba)
    reached = np.zeros(len(arcs.begin) - 1, np.bool_)
    queue = np.empty(len(reached), np.int64)
    reached[start] = True
    queue[0] = start
    seen, end = 0, 1
    while seen < end:
        node = queue[seen]
        seen += 1
        for arc in range(arcs.begin[node], arcs.begin[node + 1]):
            head = arcs.head[arc]
            way = arcs.back[arc] if backwards else arc
            if left[way] > 0 and not reached[head]:
                reached[head] = True
                queue[end] = head
                end += 1
    return reached
