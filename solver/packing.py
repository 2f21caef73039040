"""The compiled search: practitioner-days are partly cleared and packed again, many thousand times.

The instance is divided into territories that share no location's day, so that each can be searched
by a thread of its own. A practitioner's day or an employee in two territories belongs to one of them,
and stays as it is in the other; a last pass over everything makes good what that costs.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from solver.board import board_of, plan_on
from solver.candidates import Candidates
from solver.components import regions
from solver.facts import BoolColumn, IntColumn
from solver.kernels import MOST_TOUCHED, NOWHERE, Board, Effort, Territory
from solver.kernels import search as make_moves
from solver.score import score
from solver.search import Search

MOVES_PER_TURN = 0.5
"""For each request of a territory, between two looks at the clock, at most;"""
SECONDS_PER_TURN = 0.1
"""fewer where so many take longer than that: long days on a fine grid."""
MOVES_PER_ITERATION = 2000
"""Where iterations are counted: what one of them is worth here, over all territories."""
SECONDS_BETWEEN_OFFERS = 1.0
"""A plan on the board is scored no more often than that;"""
MOVES_BETWEEN_OFFERS = 10.0
"""or, where iterations are counted, after so many moves for each request."""
SMALLEST = 300
"""Requests of a territory, at least; regions smaller than that are put together."""
SECONDS_PER_REQUEST = 0.008
"""After which nothing more comes of it, by measurement; for each worker."""
SHARE = 0.8
"""Of the wall time left, at most; the rest is for CP-SAT to polish."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the search: its share of the effort, and how its moves are judged.

    `unit`: what a unit of weight counts beside the lower aims' worth; None: more than all that a move
    can change of that. `heat`: the loss accepted, in units. `everywhere`: one search over all of the
    instance instead of one for each territory.
    """

    share: float
    unit: float | None
    heat: float
    weight_noise: float
    worth_noise: float
    climb: float
    everywhere: bool = False

    def effort(self, moves: int, most_worth: int) -> Effort:
        """As many moves of this kind, where no pair is worth more by the lower aims."""
        unit = self.unit or 1.0 + MOST_TOUCHED * most_worth
        return Effort(
            moves, unit, self.heat * unit, self.weight_noise, self.worth_noise, self.climb
        )


STRICT = None

PHASES = (
    # much is tried, and what is lost of the lower aims is lost
    Phase(0.40, unit=1e5, heat=0.1, weight_noise=0.8, worth_noise=0.2, climb=0.0),
    Phase(0.15, unit=2e4, heat=0.03, weight_noise=0.8, worth_noise=0.2, climb=0.1),
    Phase(0.05, STRICT, 0.0, weight_noise=0.8, worth_noise=0.2, climb=0.1, everywhere=True),
    # at no cost in weight the lower aims are won back
    Phase(0.35, STRICT, 0.0, weight_noise=0.4, worth_noise=0.05, climb=0.9),
    Phase(0.05, STRICT, 0.0, weight_noise=0.4, worth_noise=0.05, climb=0.7, everywhere=True),
)


class Packing:
    """The stage: phase by phase, from the best plan so far."""

    name = "packing"

    def run(self, search: Search) -> None:
        """Improve the search's plan."""
        if not search.candidates.requests:
            return
        board = board_of(search.candidates, search.plan)
        territories = [*divided(search.candidates, board), _everything(search.candidates, board)]
        chances = np.random.SeedSequence(search.options.seed).spawn(len(territories))
        most_worth = int(board.option_worth.max(initial=0))
        walkers = [_Walker(t, c, most_worth) for t, c in zip(territories, chances, strict=True)]
        seconds = min(
            search.seconds_left * SHARE,
            SECONDS_PER_REQUEST * len(search.candidates.requests) + 1,
        )
        with ThreadPoolExecutor(max(1, search.options.workers)) as threads:
            for phase in PHASES:
                if phase.heat and search.score.weight == search.bound:
                    continue
                if not phase.heat and score(search.instance, plan_on(board)) < search.score:
                    board = board_of(search.candidates, search.plan)
                walking = walkers[-1:] if phase.everywhere else walkers[:-1]
                offered = time.monotonic()
                for moves in _portions(search, phase, walking, seconds * phase.share):
                    _step(threads, walking, board, phase, moves)
                    # where iterations are counted, the clock must not decide what is kept
                    if not search.timed or time.monotonic() - offered > SECONDS_BETWEEN_OFFERS:
                        search.offer(plan_on(board))
                        offered = time.monotonic()
                search.offer(plan_on(board))


def _portions(
    search: Search, phase: Phase, walkers: Sequence["_Walker"], seconds: float
) -> Iterator[float]:
    """Moves for each request, again and again until the phase's time or iterations are spent."""
    if search.options.iterations is not None:
        requests = max(1, sum(len(w.territory.asking) for w in walkers))
        left = search.options.iterations * MOVES_PER_ITERATION * phase.share / requests
        while left > 0:
            yield min(left, MOVES_BETWEEN_OFFERS)
            left -= MOVES_BETWEEN_OFFERS
        return
    until = time.monotonic() + seconds
    moves = MOVES_PER_TURN / 64
    while (began := time.monotonic()) < until:
        yield moves
        took = time.monotonic() - began
        moves = min(MOVES_PER_TURN, moves * min(2.0, SECONDS_PER_TURN / max(took, 1e-6)))


def _step(
    threads: Executor, walkers: Sequence["_Walker"], board: Board, phase: Phase, moves: float
) -> None:
    """Every walker makes so many moves for each of its requests, at once."""
    list(threads.map(lambda walker: walker.go(board, phase, moves), walkers))


class _Walker:
    """One search on its territory, with a chance of its own.

    `most_worth`: the greatest worth of any pair by the lower aims.
    """

    def __init__(
        self, territory: Territory, chance: np.random.SeedSequence, most_worth: int
    ) -> None:
        self.territory = territory
        self._most_worth = most_worth
        self._seed = chance.generate_state(1, np.uint64) | np.uint64(1)

    def go(self, board: Board, phase: Phase, moves_per_request: float) -> None:
        """Make so many moves for each request of the territory."""
        moves = max(1, int(moves_per_request * len(self.territory.asking)))
        make_moves(board, self.territory, phase.effort(moves, self._most_worth), self._seed)


def _everything(candidates: Candidates, board: Board) -> Territory:
    """The whole instance as one territory."""
    return Territory(
        mine=np.ones(len(board.where), np.bool_),
        owned=np.ones(len(board.holder), np.bool_),
        asking=np.asarray(candidates.requests, np.int32),
    )


def divided(candidates: Candidates, board: Board) -> list[Territory]:
    """Territories that share no location's day, of `SMALLEST` requests or more where there are."""
    groups = regions(candidates, SMALLEST)
    territory = np.full(len(board.where), NOWHERE, np.int64)
    for number, group in enumerate(groups):
        territory[group] = number
    owner = np.full(len(board.holder), NOWHERE, np.int64)
    # the later of two territories gets a practitioner's day that lies in both
    owner[board.person_day[candidates.availability]] = territory[candidates.request]
    split = _employees_in_two(board, territory)
    return [
        Territory(
            mine=(territory == number) & ~split,
            owned=owner == number,
            asking=np.asarray(sorted(r for r in group if not split[r]), np.int32),
        )
        for number, group in enumerate(groups)
    ]


def _employees_in_two(board: Board, territory: IntColumn) -> BoolColumn:
    """The requests whose employee has another one in another territory."""
    sizes = np.diff(board.sibling_at)
    of = np.repeat(np.arange(len(territory)), sizes)
    apart = (territory[of] != territory[board.sibling]) & (territory[board.sibling] != NOWHERE)
    split = np.zeros(len(territory), np.bool_)
    split[of[apart]] = True
    return split
