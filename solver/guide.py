"""What a plan loses against the flow, piece by piece: where the search should begin.

The flow has a price for every minute of every stretch. At these prices, what a plan is worth less than
the flow is exactly the sum of three losses: requests left out that would pay their minutes, requests
where minutes are dearer than elsewhere, and minutes with a price where nobody is.
"""

from collections.abc import Iterable

import numpy as np

from solver.candidates import Candidates
from solver.compiled.search import Guide
from solver.compiled.state import Board
from solver.flow import Flow
from solver.minutes import MINUTES_PER_DAY


def guide_of(candidates: Candidates, board: Board, flows: Iterable[Flow]) -> Guide:
    """The losses against flows that have no request in common, in units of weight."""
    out = np.zeros(len(board.where), np.float64)
    option = np.zeros(len(board.option), np.float64)
    slot = np.zeros(board.holder.shape, np.float64)
    occupied = np.fromiter((r.occupied for r in candidates.instance.requests), np.int64)
    for flow in flows:
        net = flow.network
        price = flow.price / flow.worth_of.of_weight
        profit = flow.profit / flow.worth_of.of_weight
        profit -= occupied[net.arc_request] * price[net.arc_stretch]
        best = np.zeros(len(out))
        np.maximum.at(best, net.arc_request, profit)
        out[net.arc_request] = best[net.arc_request]
        pair = candidates.lines(net.candidates)
        lost = np.full(len(pair), np.inf)
        np.minimum.at(lost, net.arc_pair, best[net.arc_request] - profit)
        option[pair] = np.where(np.isfinite(lost), lost, 0.0)
        minutes = MINUTES_PER_DAY // board.slots
        for stretch, each in zip(net.stretches, price.tolist(), strict=True):
            if each > 0:
                time = slice(stretch.start // minutes, stretch.end // minutes)
                here = slot[board.person_day[stretch.availability], time]
                np.maximum(here, each * minutes, out=here)
    return Guide(out.astype(np.float32), option.astype(np.float32), slot.astype(np.float32))
