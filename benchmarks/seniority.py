"""How much seniority a plan of at least some weight can have: a bound, by relaxation.

Seniority and weight pull at the same minutes. With a price on weight the best of both is one flow, and
at every price that flow's worth, less what the weight asked for costs, bounds the seniority of every
plan that heavy (Lagrange). The best of a few prices is told.
"""

from fractions import Fraction

import numpy as np

from solver.candidates import Candidates
from solver.components import SMALL, regions
from solver.facts import IntColumn
from solver.flow import Network, Worth, largest_flow, network

PRICES_TRIED = 24
"""Each narrows the range of prices by a quarter or more."""


def most_seniority(candidates: Candidates, at_least: int) -> int:
    """No plan whose weight is at least this has more seniority."""
    nets = [
        network(candidates.of(np.asarray(sorted(group), np.int64)))
        for group in regions(candidates, SMALL)
    ]
    most = int(candidates.seniority.max(initial=0)) + 1

    def bound(price: int) -> Fraction:
        """What the flows are worth at so much seniority for a unit of weight."""
        worth = sum(
            (Fraction(largest_flow(net, _worth(net, price)).worth) for net in nets), Fraction()
        )
        return worth - price * at_least

    low, high = 0, 4 * most
    best = min(bound(low), bound(high))
    for _ in range(PRICES_TRIED // 2):
        if high - low < 3:  # noqa: PLR2004 (no price between them)
            break
        left, right = low + (high - low) // 3, high - (high - low) // 3
        at_left, at_right = bound(left), bound(right)
        best = min(best, at_left, at_right)
        low, high = (low, right) if at_left <= at_right else (left, high)
    return int(best)


def _worth(net: Network, price: int) -> Worth:
    weights: IntColumn = net.candidates.priority[net.candidates.request]
    return Worth(weights * price + net.candidates.seniority, price or 1)
