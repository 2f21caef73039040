"""Before and after the search: nobody is left out who outweighs whoever sits in his place.

So no urgent request waits while others hold a place that it could take, and of two that weigh the
same the older one has it. (Source: domain, aims; A2c of the acceptance cases.)
"""

from itertools import chain

import numpy as np

from solver.board import Boards
from solver.compiled.claims import Seats, claim
from solver.facts import Plan
from solver.greedy import fill
from solver.rules.words import grouped
from solver.search import Search

MOST_ROUNDS = 10
"""Each round leaves a better plan; more than two or three are never needed."""


class Claims:
    """The stage: the best plan so far, with its claims settled."""

    name = "claims"

    def run(self, search: Search) -> None:
        """Offer it."""
        search.offer(settled(search, search.plan))


def settled(search: Search, plan: Plan) -> Plan:
    """The plan after places have changed hands until nobody gains by it, and the rest is filled."""
    boards = search.boards
    requests = search.instance.requests
    order = sorted(
        range(len(requests)),
        key=lambda r: (-requests[r].priority, requests[r].requested_on, requests[r].id),
    )
    if not requests:
        return plan
    seats = _seats(boards)
    board = boards.holding(plan)
    for _ in range(MOST_ROUNDS):
        fill(boards, board)
        if not claim(board, seats, np.asarray(order, np.int32)):
            break
    return boards.plan_on(board)


def _seats(boards: Boards) -> Seats:
    """For each location's day of the boards, the practitioner-days that have hours there."""
    board = boards.holding(())
    pairs = zip(board.place_day.tolist(), board.person_day.tolist(), strict=True)
    people = grouped(sorted(set(pairs)), lambda pair: pair[0])
    places = range(len(board.rooms))
    at = np.cumsum([0, *(len(people.get(place, ())) for place in places)])
    guests = chain.from_iterable((who for _, who in people.get(place, ())) for place in places)
    return Seats(at.astype(np.int32), np.fromiter(guests, np.int32))
