"""The compiled search: practitioner-days are partly cleared and packed again, many thousand times.

The instance is divided into territories that share no location's day, so that each can be searched
by a thread of its own. A practitioner's day or an employee in two territories belongs to one of them,
and stays as it is in the other; a last pass over everything makes good what that costs.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from solver.candidates import Candidates
from solver.compiled.search import MOST_TOUCHED, Effort, Guide, Territory, loss
from solver.compiled.search import search as make_moves
from solver.compiled.state import NOWHERE, Board
from solver.components import regions
from solver.facts import BoolColumn, IntColumn, Plan
from solver.guide import guide_of
from solver.score import score
from solver.search import Search

MOVES_PER_TURN = 0.5
"""For each request of a territory, between two looks at the clock, at most;"""
SECONDS_PER_TURN = 0.2
"""fewer where so many take longer than that: long days on a fine grid."""
MOVES_PER_ITERATION = 2000
"""Where iterations are counted: what one of them is worth here, over all territories."""
SECONDS_BETWEEN_OFFERS = 1.0
"""A plan on the board is scored no more often than that,"""
SHARE_OF_OFFERS = 0.05
"""nor for more than this share of the time: nobody moves meanwhile;"""
MOVES_BETWEEN_OFFERS = 10.0
"""or, where iterations are counted, after so many moves for each request."""
SMALLEST = 300
"""Requests of a territory, at least; regions smaller than that are put together."""
SECONDS_PER_REQUEST = 0.016
"""After which nothing more comes of it, by measurement; for each worker."""
SHARE = 0.8
"""Of the wall time left, at most; the rest is for CP-SAT to polish,"""
SHARE_IN_HASTE = 0.97
"""which gains nothing while more could still come of this."""


GUIDED = 0.8
"""Share of the moves that begin where something is lost against the flow."""
THRIFTY = 0.5
"""Share of the moves that count a request for less where it could do without its place."""
EVENLY = 0.2
"""Share of a turn's moves that territories get by their size; the rest goes by what each loses."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the search: its share of the effort, and how its moves are judged.

    `unit`: what a unit of weight counts beside the lower aims' worth; None: more than all that a move
    can change of that. `heat`: the loss accepted, in units. `by_all`: led by what is lost of all aims,
    not of weight alone. `everywhere`: one search over all of the instance instead of one for each
    territory.
    """

    share: float
    unit: float | None
    heat: float
    weight_noise: float
    worth_noise: float
    climb: float
    by_all: bool = False
    everywhere: bool = False

    def effort(self, moves: int, most_worth: int) -> Effort:
        """As many moves of this kind, where no pair is worth more by the lower aims."""
        unit = self.unit or 1.0 + MOST_TOUCHED * most_worth
        return Effort(
            moves=moves,
            unit=unit,
            heat=self.heat * unit,
            weight_noise=self.weight_noise,
            worth_noise=self.worth_noise,
            guided=GUIDED,
            thrifty=THRIFTY,
            climb=self.climb,
        )


STRICT = None

PHASES = (
    # much is tried, and what is lost of the lower aims is lost
    Phase(0.20, unit=1e5, heat=0.06, weight_noise=0.8, worth_noise=0.2, climb=0.0),
    Phase(0.30, unit=2e4, heat=0.015, weight_noise=0.8, worth_noise=0.2, climb=0.1),
    Phase(0.05, STRICT, 0.0, weight_noise=0.8, worth_noise=0.2, climb=0.1, everywhere=True),
    # at no cost in weight the lower aims are won back
    Phase(0.40, STRICT, 0.0, weight_noise=0.1, worth_noise=0.02, climb=0.9, by_all=True),
    Phase(
        0.05, STRICT, 0.0, weight_noise=0.1, worth_noise=0.02, climb=0.7, by_all=True,
        everywhere=True,
    ),
)  # fmt: skip


class Packing:
    """The stage: phase by phase, from the best plan so far."""

    name = "packing"

    def run(self, search: Search) -> None:
        """Improve the search's plan."""
        if search.candidates.requests:
            _Packer(search).run()


class _Packer:
    """The board, those who walk on it, and what leads them."""

    def __init__(self, search: Search) -> None:
        self._search = search
        found = search.candidates
        self._board = board = search.boards.holding(search.plan)
        territories = [*divided(found, board), _everything(found, board)]
        chances = np.random.SeedSequence(search.options.seed).spawn(len(territories))
        self._walkers = [_Walker(t, c, board) for t, c in zip(territories, chances, strict=True)]
        parts = search.parts
        self._by_weight = guide_of(found, board, [f for p in parts for f in p.flows_by_weight])
        self._by_all = guide_of(found, board, [f for p in parts for f in p.flows_by_all])
        enough = SECONDS_PER_REQUEST * len(found.requests) + 1
        left = search.seconds_left
        self._seconds = min(enough, left * (SHARE if left * SHARE > enough else SHARE_IN_HASTE))

    def run(self) -> None:
        """All phases; those that look for weight are skipped where no more can be had."""
        search = self._search
        for phase in PHASES:
            if phase.heat and search.score.weight == search.bound:
                continue
            if not phase.heat and score(search.instance, self._plan()) < search.score:
                self._board = search.boards.holding(search.plan)
            self._go_through(phase)
            search.offer(self._plan())

    def _go_through(self, phase: Phase) -> None:
        walkers = self._walkers[-1:] if phase.everywhere else self._walkers[:-1]
        guide = self._by_all if phase.by_all else self._by_weight
        next_offer = time.monotonic() + SECONDS_BETWEEN_OFFERS
        for moves in _portions(self._search, phase, walkers, self._seconds * phase.share):
            self._step(walkers, phase, guide, moves)
            # where iterations are counted, the clock must not decide what is kept
            if not self._search.timed or time.monotonic() > next_offer:
                began = time.monotonic()
                self._search.offer(self._plan())
                took = time.monotonic() - began
                next_offer = began + max(SECONDS_BETWEEN_OFFERS, took / SHARE_OF_OFFERS)

    def _step(self, walkers: Sequence["_Walker"], phase: Phase, guide: Guide, moves: float) -> None:
        """So many moves for each request, all walkers at once; most where most is lost."""
        everyone = sum(walker.size for walker in walkers)
        lost = sum(walker.lost for walker in walkers)
        evenly = EVENLY if lost > 0 else 1.0
        budgets = [
            moves * (evenly * walker.size + (1 - evenly) * everyone * walker.lost / (lost or 1.0))
            for walker in walkers
        ]
        # the longest first, so that no thread waits for another in the end
        going = [
            self._search.threads.submit(walker.go, self._board, guide, phase, int(budget) + 1)
            for budget, walker in sorted(zip(budgets, walkers, strict=True), key=lambda b: -b[0])
        ]
        for each in going:
            each.result()

    def _plan(self) -> Plan:
        return self._search.boards.plan_on(self._board)


def _portions(
    search: Search, phase: Phase, walkers: Sequence["_Walker"], seconds: float
) -> Iterator[float]:
    """Moves for each request, again and again until the phase's time or iterations are spent."""
    if search.options.iterations is not None:
        requests = max(1, sum(w.size for w in walkers))
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


class _Walker:
    """One search on its territory, with a chance of its own.

    `size`: requests of the territory. `lost`: what the plan loses there, by the last guide.
    """

    def __init__(self, territory: Territory, chance: np.random.SeedSequence, board: Board) -> None:
        self.territory = territory
        self.size = len(territory.asking)
        self.lost = 0.0
        self._most_worth = int(board.option_worth.max(initial=0))
        self._seed = chance.generate_state(1, np.uint64) | np.uint64(1)

    def go(self, board: Board, guide: Guide, phase: Phase, moves: int) -> None:
        """Make so many moves."""
        effort = phase.effort(moves, self._most_worth)
        make_moves(board, self.territory, guide, effort, self._seed)
        self.lost = loss(board, self.territory, guide)


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
