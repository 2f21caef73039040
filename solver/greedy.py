"""Plans made by taking requests in one order and moving nothing: baselines, and starts to improve.

`first_come_first_served` is what most booking systems do, and what every report is held against.
"""

from collections.abc import Callable, Iterable

import numpy as np

from solver.board import Boards
from solver.candidates import Candidates
from solver.compiled.greedy import best_fit, first_come
from solver.compiled.state import Board, Ints
from solver.facts import Plan
from solver.score import score


def first_come_first_served(boards: Boards) -> Plan:
    """In order of formal request date and id, each at its earliest start; nothing is moved."""
    requests = boards.candidates.instance.requests
    order = sorted(range(len(requests)), key=lambda r: (requests[r].requested_on, requests[r].id))
    return _first_come(boards, order)


def fewest_options_first(boards: Boards) -> Plan:
    """The requests that have least to choose from first, each where it fills best."""
    requests = boards.candidates.instance.requests
    options = _options(boards.candidates)
    order = sorted(
        range(len(requests)), key=lambda r: (options[r], -requests[r].priority, requests[r].id)
    )
    board = boards.holding(())
    best_fit(board, _order(order))
    return boards.plan_on(board)


def worth_per_minute_first(boards: Boards) -> Plan:
    """The highest weight per minute first, then the fewest options; each at its earliest start."""
    return _first_come(boards, by_worth(boards.candidates))


def filled(boards: Boards, plan: Plan) -> Plan:
    """The plan with all who still fit as it stands, by worth, each where it fills best."""
    board = boards.holding(plan)
    fill(boards, board)
    return boards.plan_on(board)


def fill(boards: Boards, board: Board) -> None:
    """The same on a board."""
    best_fit(board, _order(by_worth(boards.candidates)))


def by_worth(candidates: Candidates) -> list[int]:
    """All requests by weight per occupied minute, then by how little they have to choose from."""
    requests = candidates.instance.requests
    options = _options(candidates)
    return sorted(
        range(len(requests)),
        key=lambda r: (-requests[r].priority / requests[r].occupied, options[r], requests[r].id),
    )


OTHER_ORDERS: tuple[Callable[[Boards], Plan], ...] = (
    fewest_options_first,
    worth_per_minute_first,
)
"""Beside first come, first served: the orders of which the best greedy plan comes."""


def greedy_plans(boards: Boards) -> list[Plan]:
    """First come, first served, and then the plan of each other order."""
    return [make(boards) for make in (first_come_first_served, *OTHER_ORDERS)]


def best_greedy(boards: Boards) -> Plan:
    """The best of all greedy plans, by all four aims."""
    instance = boards.candidates.instance
    return max(greedy_plans(boards), key=lambda plan: score(instance, plan))


def _first_come(boards: Boards, order: Iterable[int]) -> Plan:
    blocks = boards.candidates.instance.availabilities
    rank = np.empty(len(blocks), np.int32)
    rank[sorted(range(len(blocks)), key=lambda a: blocks[a].id)] = np.arange(len(blocks))
    board = boards.holding(())
    first_come(board, _order(order), rank)
    return boards.plan_on(board)


def _order(requests: Iterable[int]) -> Ints:
    return np.fromiter(requests, np.int32)


def _options(candidates: Candidates) -> list[int]:
    """How many availabilities each request may go to."""
    counts: list[int] = np.diff(candidates.offsets).tolist()
    return counts
