"""The worth of the best fill of every stretch by itself: the loop of `solver/packed.py`."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Amounts = NDArray[np.float64]

NEVER = -1e18
"""The worth of an amount that no set of appointments fills."""


@njit(cache=True, nogil=True)
def best_fills(
    arc_at: Numbers, size: Numbers, gain: Amounts, capacity: Numbers,
    segment_at: Numbers, length: Numbers, price: Amounts,
) -> float:  # fmt: skip
    """The sum over all stretches of the best that whole appointments can gain there.

    The arcs of stretch `s` are `arc_at[s]:arc_at[s + 1]`, the segments it leads through
    `segment_at[s]:segment_at[s + 1]`, cheapest first, each with its length and its price by unit of
    time; none: the way out is free.
    """
    total = 0.0
    filled = np.empty(capacity.max() + 1)
    for s in range(len(capacity)):
        room = capacity[s]
        filled[0] = 0.0
        filled[1 : room + 1] = NEVER
        for k in range(arc_at[s], arc_at[s + 1]):
            if gain[k] > 0.0:
                for c in range(room, size[k] - 1, -1):
                    filled[c] = max(filled[c], filled[c - size[k]] + gain[k])
        best = 0.0
        cost = 0.0
        c = 0
        if segment_at[s] == segment_at[s + 1]:
            for c in range(room + 1):
                best = max(best, filled[c])
        for g in range(segment_at[s], segment_at[s + 1]):
            for _ in range(length[g]):
                if c < room:
                    c += 1
                    cost += price[g]
                    best = max(best, filled[c] - cost)
        total += best
    return total
