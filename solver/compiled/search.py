"""The inner loop of the search: practitioner-days are partly cleared and packed again.

Every state that a move leaves behind keeps every rule, so the loop may be stopped at any point.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.compiled.state import (
    NOWHERE,
    Board,
    Bools,
    Floats,
    Ints,
    Longs,
    barred,
    below,
    draw,
    first_fit,
    is_open,
    put,
    suits,
    take,
)

MOST_TOUCHED = 400
"""Requests that one move may change; it ends early at that."""
PLACES_TRIED = 16
"""For one who has lost his place, before he is given up."""
MOVES_BETWEEN_LOSSES = 2000
"""After which it is asked again where something is lost."""


class Guide(NamedTuple):
    """What a plan loses against the flow, piece by piece, in units of weight.

    `out`: by request, where it is not planned. `option`: by option, beside its best one. `slot`: by
    practitioner-day and slot, where nobody is.
    """

    out: Floats
    option: Floats
    slot: Floats


class Territory(NamedTuple):
    """What one search may change: `mine` by request, `owned` by practitioner-day."""

    mine: Bools
    owned: Bools
    asking: Ints


class Effort(NamedTuple):
    """`moves` to try; `unit`: what a unit of weight counts beside the lower aims.

    `heat`: how much loss is accepted, in the same measure. `weight_noise`, `worth_noise`: how much
    the values of the aims are shaken when a day is packed, as a share. `guided`: the share of moves
    that begin where something is lost against the flow. `climb`: of the others, the share that begin
    at a planned request that could be better off.
    """

    moves: int
    unit: float
    heat: float
    weight_noise: float
    worth_noise: float
    guided: float
    thrifty: float
    climb: float


class Journal(NamedTuple):
    """What a move has changed, so that it can be undone: the state of each request before."""

    touched: Ints
    request: Ints
    where: Ints
    start: Ints
    worth: Longs
    stamp: Longs


@njit(cache=True, nogil=True)
def _remember(b: Board, j: Journal, r: int, move: int) -> None:
    if j.stamp[r] != move:
        j.stamp[r] = move
        n = j.touched[0]
        j.request[n] = r
        j.where[n] = b.where[r]
        j.start[n] = b.start[r]
        j.worth[n] = b.worth[r]
        j.touched[0] = n + 1


@njit(cache=True, nogil=True)
def _undo(b: Board, j: Journal) -> None:
    for i in range(j.touched[0]):
        if b.where[j.request[i]] != NOWHERE:
            take(b, j.request[i])
    for i in range(j.touched[0]):
        if j.where[i] != NOWHERE:
            put(b, j.request[i], j.where[i], j.start[i], j.worth[i])


@njit(cache=True, nogil=True)
def _clear(
    b: Board, t: Territory, j: Journal, move: int, person_day: int, lo: int, hi: int
) -> None:
    """Take out what is planned in these slots of a practitioner's day, as far as it is ours."""
    s = lo
    while s < hi and j.touched[0] < MOST_TOUCHED - 1:
        r = b.holder[person_day, s]
        if r >= 0:
            if t.mine[r]:
                _remember(b, j, r, move)
                end = b.start[r] + b.occupied[r]
                take(b, r)
                s = end
                continue
        s += 1


class Desk(NamedTuple):
    """Room to work in while packing a stretch."""

    item: Ints
    item_slot: Ints
    size: Ints
    value: NDArray[np.float64]
    filled: NDArray[np.float64]
    by_size: Ints
    worst: Ints
    picked: Ints


@njit(cache=True, nogil=True)
def _gather(
    b: Board, t: Territory, d: Desk, g: Guide, a: int, room: int, e: Effort, thrift: float,
    seed: NDArray[np.uint64],
) -> int:  # fmt: skip
    """The unplanned requests worth trying in a stretch of `room` steps; returns how many.

    Of each length no more than fit side by side, the most valuable ones.
    """
    n = 0
    for i in range(b.asker_at[a], b.asker_at[a + 1]):
        r = b.asker[i]
        if b.where[r] != NOWHERE or not t.mine[r] or barred(b, r):
            continue
        size = -(-b.occupied[r] // b.step)
        if size > room:
            continue
        value = (b.weight[r] * e.unit - thrift * g.out[r]) * (
            1.0 + e.weight_noise * (draw(seed) - 0.5)
        )
        value += 1e-3 + b.asker_worth[i] * (1.0 + e.worth_noise * (draw(seed) - 0.5))
        if d.by_size[size] < room // size:
            d.by_size[size] += 1
            d.item[n] = r
            d.item_slot[n] = i
            d.size[n] = size
            d.value[n] = value
            n += 1
            continue
        # full of this length: the least valuable makes room, if it is worth less
        worst = d.worst[size]
        if worst < 0:
            worst = _least(d, n, size)
        if d.value[worst] < value:
            d.item[worst] = r
            d.item_slot[worst] = i
            d.value[worst] = value
            worst = -1
        d.worst[size] = worst
    for k in range(n):
        d.by_size[d.size[k]] = 0
        d.worst[d.size[k]] = -1
    return n


@njit(cache=True, nogil=True)
def _least(d: Desk, n: int, size: int) -> int:
    """The least valuable item of a length that there is."""
    least = -1
    for k in range(n):
        if d.size[k] == size and (least < 0 or d.value[k] < d.value[least]):
            least = k
    return least


@njit(cache=True, nogil=True)
def _pack(
    b: Board, t: Territory, j: Journal, d: Desk, g: Guide, move: int, a: int, lo: int, hi: int,
    e: Effort, thrift: float, seed: NDArray[np.uint64],
) -> None:  # fmt: skip
    """Fill the free slots `[lo, hi)` of an availability as well as can be: a 0/1 knapsack."""
    at = -(-lo // b.step) * b.step
    room = -(-(hi - at) // b.step)
    if room <= 0:
        return
    n = _gather(b, t, d, g, a, room, e, thrift, seed)
    if n == 0:
        return
    d.filled[0, : room + 1] = 0.0
    for k in range(n):
        size = d.size[k]
        value = d.value[k]
        before = d.filled[k]
        after = d.filled[k + 1]
        after[:size] = before[:size]
        without = before[size : room + 1]
        beside = before[: room + 1 - size]
        best = after[size : room + 1]
        for c in range(len(best)):
            with_it = beside[c] + value
            best[c] = max(without[c], with_it)
    c = room
    left = 0
    for k in range(n - 1, -1, -1):
        if d.filled[k + 1, c] != d.filled[k, c]:
            c -= d.size[k]
            d.picked[left] = k
            left += 1
    # laid end to end; who cannot start there is tried again further on
    tries = 2 * left
    while left > 0 and tries > 0:
        tries -= 1
        turn = below(seed, left)
        r = d.item[d.picked[turn]]
        if at + b.occupied[r] <= hi and not barred(b, r) and suits(b, r, a, at):
            _remember(b, j, r, move)
            put(b, r, a, at, b.asker_worth[d.item_slot[d.picked[turn]]])
            at += -(-b.occupied[r] // b.step) * b.step
            left -= 1
            d.picked[turn] = d.picked[left]
            if j.touched[0] >= MOST_TOUCHED - 1:
                return


@njit(cache=True, nogil=True)
def _repack(
    b: Board, t: Territory, j: Journal, d: Desk, g: Guide, move: int, person_day: int,
    e: Effort, thrift: float, seed: NDArray[np.uint64],
) -> None:  # fmt: skip
    """Pack every free stretch of a practitioner's day, beginning at a random availability."""
    first = b.block_at[person_day]
    count = b.block_at[person_day + 1] - first
    turn = below(seed, count)
    for i in range(count):
        a = b.block[first + (i + turn) % count]
        s = b.opens[a]
        while s < b.closes[a] and j.touched[0] < MOST_TOUCHED - 1:
            if not is_open(b, a, s, True):
                s += 1
                continue
            end = s + 1
            while end < b.closes[a] and is_open(b, a, end, True):
                end += 1
            _pack(b, t, j, d, g, move, a, s, end, e, thrift, seed)
            s = end


@njit(cache=True, nogil=True)
def _find_again(b: Board, t: Territory, j: Journal, seed: NDArray[np.uint64]) -> None:
    """Try to place elsewhere those who have lost their place in this move."""
    for i in range(j.touched[0]):
        r = j.request[i]
        if j.where[i] == NOWHERE or b.where[r] != NOWHERE or barred(b, r):
            continue
        count = b.option_at[r + 1] - b.option_at[r]
        turn = below(seed, count)
        for k in range(min(PLACES_TRIED, count)):
            o = b.option_at[r] + (turn + k) % count
            a = b.option[o]
            if t.owned[b.person_day[a]]:
                s = first_fit(b, r, a, b.opens[a], b.closes[a])
                if s >= 0:
                    put(b, r, a, s, b.option_worth[o])
                    break


@njit(cache=True, nogil=True)
def _some_waiting(b: Board, t: Territory, seed: NDArray[np.uint64]) -> int:
    """A random unplanned request, or -1 where a few draws meet none."""
    for _ in range(40):
        r = t.asking[below(seed, len(t.asking))]
        if b.where[r] == NOWHERE and not barred(b, r):
            return int(r)
    return -1


@njit(cache=True, nogil=True)
def _better_off(b: Board, t: Territory, r: int, seed: NDArray[np.uint64]) -> int:
    """An availability where a planned request would do better by the lower aims, or -1."""
    count = b.option_at[r + 1] - b.option_at[r]
    turn = below(seed, count)
    for k in range(count):
        o = b.option_at[r] + (turn + k) % count
        if b.option_worth[o] > b.worth[r] and t.owned[b.person_day[b.option[o]]]:
            return int(b.option[o])
    return -1


@njit(cache=True, nogil=True)
def _interval(b: Board, a: int, seed: NDArray[np.uint64]) -> tuple[int, int]:
    """The slots to clear in the day of an availability: the day, or a part of the availability."""
    if draw(seed) < 0.4:
        return 0, b.slots
    minutes = b.slots / 1440.0
    length = max(1, int((100 + 120 * draw(seed)) * minutes))
    latest = max(1, b.closes[a] - b.opens[a] - length)
    lo = b.opens[a] + below(seed, latest)
    return lo, min(b.slots, lo + length)


@njit(cache=True, nogil=True)
def _open_up(
    b: Board, t: Territory, j: Journal, move: int, days: Ints, n: int, a: int,
    seed: NDArray[np.uint64],
) -> int:  # fmt: skip
    """Clear a part of the day of an availability, and note the day as the `n`th to pack again."""
    if not t.owned[b.person_day[a]]:
        return n
    lo, hi = _interval(b, a, seed)
    _clear(b, t, j, move, b.person_day[a], lo, hi)
    days[n] = b.person_day[a]
    return n + 1


@njit(cache=True, nogil=True)
def _losses(b: Board, t: Territory, g: Guide, total: Floats) -> None:
    """Running totals of what is lost now: first by request asking, then by practitioner-day."""
    lost = 0.0
    for i in range(len(t.asking)):
        r = t.asking[i]
        a = b.where[r]
        if a == NOWHERE:
            lost += g.out[r]
        else:
            for o in range(b.option_at[r], b.option_at[r + 1]):
                if b.option[o] == a:
                    lost += g.option[o]
                    break
        total[i] = lost
    for d in range(len(t.owned)):
        if t.owned[d]:
            for k in range(b.block_at[d], b.block_at[d + 1]):
                a = b.block[k]
                for s in range(b.opens[a], b.closes[a]):
                    if is_open(b, a, s, True):
                        lost += g.slot[d, s]
        total[len(t.asking) + d] = lost


@njit(cache=True, nogil=True)
def loss(b: Board, t: Territory, g: Guide) -> float:
    """What the plan on the board loses in a territory against the flow."""
    total = np.zeros(len(t.asking) + len(t.owned), np.float32)
    _losses(b, t, g, total)
    return float(total[-1])


@njit(cache=True, nogil=True)
def _cheap_option(b: Board, g: Guide, r: int, tries: int, seed: NDArray[np.uint64]) -> int:
    """Of a few random options of a request, the one at which least is lost."""
    count = b.option_at[r + 1] - b.option_at[r]
    best = b.option_at[r] + below(seed, count)
    for _ in range(tries - 1):
        o = b.option_at[r] + below(seed, count)
        if g.option[o] < g.option[best]:
            best = o
    return int(b.option[best])


@njit(cache=True, nogil=True)
def _open_lossy(
    b: Board, t: Territory, j: Journal, move: int, days: Ints, g: Guide, total: Floats,
    seed: NDArray[np.uint64],
) -> int:  # fmt: skip
    """Begin where something is lost: at a request left out or badly off, or at a gap."""
    at = np.searchsorted(total, draw(seed) * total[-1], side="right")
    n = 0
    if at < len(t.asking):
        r = t.asking[at]
        if b.where[r] != NOWHERE:
            n = _open_up(b, t, j, move, days, n, b.where[r], seed)
            return _open_up(b, t, j, move, days, n, _cheap_option(b, g, r, 4, seed), seed)
        if barred(b, r):
            return 0
        for _ in range(1 + below(seed, 4)):
            a = _cheap_option(b, g, r, 3, seed)
            if draw(seed) < 0.5:
                a = _elsewhere(b, t, a, seed)
            n = _open_up(b, t, j, move, days, n, a, seed)
        return n
    d = at - len(t.asking)
    if d >= len(t.owned) or not t.owned[d]:
        return 0
    first = b.block[b.block_at[d] + below(seed, b.block_at[d + 1] - b.block_at[d])]
    n = _open_up(b, t, j, move, days, n, first, seed)
    asking = b.asker_at[first + 1] - b.asker_at[first]
    if asking == 0:
        return n
    for _ in range(1 + below(seed, 3)):
        r = b.asker[b.asker_at[first] + below(seed, asking)]
        if not t.mine[r]:
            continue
        a = b.where[r] if b.where[r] != NOWHERE else _cheap_option(b, g, r, 2, seed)
        n = _open_up(b, t, j, move, days, n, a, seed)
    return n


@njit(cache=True, nogil=True)
def _elsewhere(b: Board, t: Territory, a: int, seed: NDArray[np.uint64]) -> int:
    """An availability where one who sits in this one might go; this one where nobody does."""
    s = b.opens[a] + below(seed, b.closes[a] - b.opens[a])
    other = b.holder[b.person_day[a], s]
    if other >= 0 and t.mine[other]:
        others = b.option_at[other + 1] - b.option_at[other]
        return int(b.option[b.option_at[other] + below(seed, others)])
    return a


@njit(cache=True, nogil=True)
def _disturb(
    b: Board, t: Territory, j: Journal, move: int, days: Ints, g: Guide, total: Floats, e: Effort,
    seed: NDArray[np.uint64],
) -> int:  # fmt: skip
    """Choose where to begin, and clear there; returns how many practitioner-days to pack again."""
    n = 0
    if total[-1] > 0 and draw(seed) < e.guided:
        return _open_lossy(b, t, j, move, days, g, total, seed)
    if draw(seed) < e.climb:
        r = t.asking[below(seed, len(t.asking))]
        if b.where[r] == NOWHERE:
            return 0
        a = _better_off(b, t, r, seed)
        if a < 0:
            return 0
        n = _open_up(b, t, j, move, days, n, b.where[r], seed)
        return _open_up(b, t, j, move, days, n, a, seed)
    r = _some_waiting(b, t, seed)
    if r < 0:
        return 0
    count = b.option_at[r + 1] - b.option_at[r]
    for _ in range(1 + below(seed, 4)):
        a = b.option[b.option_at[r] + below(seed, count)]
        if draw(seed) < 0.5:
            a = _elsewhere(b, t, a, seed)
        n = _open_up(b, t, j, move, days, n, a, seed)
    return n


@njit(cache=True, nogil=True)
def search(
    b: Board, t: Territory, g: Guide, e: Effort, seed: NDArray[np.uint64]
) -> tuple[int, int]:
    """Try so many moves; returns what they gained in weight and in the lower aims' worth."""
    requests = len(b.where)
    longest = b.slots // b.step + 2
    j = Journal(
        np.zeros(1, np.int32),
        np.empty(MOST_TOUCHED, np.int32),
        np.empty(MOST_TOUCHED, np.int32),
        np.empty(MOST_TOUCHED, np.int32),
        np.empty(MOST_TOUCHED, np.int64),
        np.full(requests, -1, np.int64),
    )
    most = 1
    for size in range(1, longest):
        most += longest // size
    d = Desk(
        np.empty(most, np.int32),
        np.empty(most, np.int32),
        np.empty(most, np.int32),
        np.empty(most, np.float64),
        np.empty((most + 1, longest + 1), np.float64),
        np.zeros(longest + 1, np.int32),
        np.full(longest + 1, -1, np.int32),
        np.empty(most, np.int32),
    )
    days = np.empty(8, np.int32)
    gained_weight = 0
    gained_worth = 0
    if len(t.asking) == 0:
        return 0, 0
    total = np.zeros(len(t.asking) + len(t.owned), np.float32)
    for move in range(e.moves):
        if e.guided > 0.0 and move % MOVES_BETWEEN_LOSSES == 0:
            _losses(b, t, g, total)
        j.touched[0] = 0
        n = _disturb(b, t, j, move, days, g, total, e, seed)
        thrift = 0.0
        if draw(seed) < e.thrifty:
            thrift = draw(seed) * e.unit
        for i in range(n):
            _repack(b, t, j, d, g, move, days[i], e, thrift, seed)
        _find_again(b, t, j, seed)
        weight = 0
        worth = 0
        for i in range(j.touched[0]):
            r = j.request[i]
            if b.where[r] != NOWHERE:
                weight += b.weight[r]
                worth += b.worth[r]
            if j.where[i] != NOWHERE:
                weight -= b.weight[r]
                worth -= j.worth[i]
        change = weight * e.unit + worth
        if change >= 0 or (e.heat > 0.0 and draw(seed) < np.exp(change / e.heat)):
            gained_weight += weight
            gained_worth += worth
        else:
            _undo(b, j)
    return gained_weight, gained_worth
