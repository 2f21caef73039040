"""The last stage of the search: nobody is left out who outweighs whoever sits in his place.

So no urgent request waits while others hold a place that it could take, and of two that weigh the
same the older one has it. (Source: domain, aims; A2c of the acceptance cases.)
"""

from itertools import chain

import numpy as np

from solver.compiled.claims import Seats, claim
from solver.greedy import fill
from solver.rules.words import grouped
from solver.search import Search

MOST_ROUNDS = 10
"""Each round leaves a better plan; more than two or three are never needed."""


class Claims:
    """The stage: places change hands until nobody gains by it, and the rest is filled."""

    name = "claims"

    def run(self, search: Search) -> None:
        """Offer the plan in which all claims are settled."""
        boards = search.boards
        requests = search.instance.requests
        order = np.asarray(
            sorted(
                range(len(requests)),
                key=lambda r: (-requests[r].priority, requests[r].requested_on, requests[r].id),
            ),
            np.int32,
        )
        seats = _seats(search)
        board = boards.holding(search.plan)
        for _ in range(MOST_ROUNDS):
            fill(boards, board)
            if not claim(board, seats, order):
                break
        search.offer(boards.plan_on(board))


def _seats(search: Search) -> Seats:
    """For each location's day of the boards, the practitioner-days that have hours there."""
    board = search.boards.holding(())
    pairs = zip(board.place_day.tolist(), board.person_day.tolist(), strict=True)
    people = grouped(sorted(set(pairs)), lambda pair: pair[0])
    places = range(len(board.rooms))
    at = np.cumsum([0, *(len(people.get(place, ())) for place in places)])
    guests = chain.from_iterable((who for _, who in people.get(place, ())) for place in places)
    return Seats(at.astype(np.int32), np.fromiter(guests, np.int32))
