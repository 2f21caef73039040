"""A tighter bound from the same flow: in each stretch only whole appointments count.

At the flow's prices every request pays for its minutes, keeps what is left of its weight as a profit,
and the stretches sell. Let each request's profit be given away, and let every stretch choose the best
set of whole appointments for what they still pay (a knapsack): no plan is worth more than all of that
together, whatever the prices (Lagrange). The flow fills a stretch to the last minute with pieces of
appointments; where whole ones leave a gap, or two urgent ones have only this stretch, this bound is
lower.
"""

from itertools import accumulate, chain
from math import gcd

import numpy as np

from solver.compiled.packed import best_fills
from solver.flow import Flow


def packed_bound(flow: Flow) -> int:
    """The most weight that any plan can have; the flow must be one by weight."""
    net = flow.network
    if not len(net.arc_request):
        return 0
    occupied = np.fromiter((r.occupied for r in net.candidates.instance.requests), np.int64)
    order = np.argsort(net.arc_stretch, kind="stable")
    stretch, request = net.arc_stretch[order], net.arc_request[order]
    worth = flow.profit[order].astype(np.float64)
    profit = np.zeros(len(occupied))
    np.maximum.at(profit, request, worth - occupied[request] * flow.price[stretch])

    ways = [
        sorted((float(flow.segment_price[g]), minutes) for g, minutes in outlets)
        for outlets in net.outlets
    ]
    length = np.fromiter((minutes for way in ways for _, minutes in way), np.int64)
    price = np.fromiter((each for way in ways for each, _ in way), np.float64)
    unit = gcd(*np.unique(np.concatenate([occupied[request], net.capacity, length])).tolist())
    sold = best_fills(
        np.searchsorted(stretch, np.arange(len(net.stretches) + 1)),
        occupied[request] // unit,
        worth - profit[request],
        net.capacity // unit,
        np.fromiter(accumulate(chain([0], map(len, ways))), np.int64),
        length // unit,
        price * unit,
    )
    rooms = float(np.dot(flow.segment_price, np.asarray(net.segment_capacity, np.float64)))
    # the prices are fractions as floats: a sum of so many is off by far less than this
    return min(flow.bound, int(sold + profit.sum() + rooms + 1e-6 + 1e-9 * flow.worth))
