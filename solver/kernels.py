"""The compiled inner loop of the search: practitioner-days are partly cleared and packed again.

Everything here is loops over integer arrays, compiled by numba; `solver/packing.py` makes the arrays
and knows what they mean to the rest. Times are slots of a day, as coarse as the instance allows. Every
state that a move leaves behind keeps every rule, so the loop may be stopped at any point.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

FREE = -1
STANDS = -2
NOWHERE = -1
MOST_TOUCHED = 400
"""Requests that one move may change; it ends early at that."""


class Board(NamedTuple):
    """The problem and the state of the search; the last five arrays change.

    Requests: `occupied`, `duration` (slots), `weight`, `in_room`, `earliest` (slot since day 0).
    Their options: `option[option_at[r]:option_at[r + 1]]` with the lower aims' worth of each in
    `option_worth`; the same seen from the availabilities in `asker`. `sibling`: the other requests
    of the same employee, `sibling_bars` where both must not be planned. `engaged_*`: where the
    employee's standing appointments are. Availabilities: `person_day`, `place_day`, `day`, `opens`,
    `closes`; those of a practitioner's day in `block`.
    """

    slots: int
    step: int
    occupied: Ints
    duration: Ints
    weight: Longs
    in_room: Bools
    earliest: Longs
    option_at: Ints
    option: Ints
    option_worth: Longs
    asker_at: Ints
    asker: Ints
    asker_worth: Longs
    sibling_at: Ints
    sibling: Ints
    sibling_bars: Bools
    engaged_at: Ints
    engaged_day: Ints
    engaged_from: Ints
    engaged_until: Ints
    person_day: Ints
    place_day: Ints
    day: Ints
    opens: Ints
    closes: Ints
    block_at: Ints
    block: Ints
    # where each request is planned (availability, slot, lower aims' worth), who holds each slot of
    # each practitioner's day, and how many rooms are left in each slot of each location's day
    where: Ints
    start: Ints
    worth: Longs
    holder: Ints
    rooms: Ints


class Territory(NamedTuple):
    """What one search may change: `mine` by request, `owned` by practitioner-day."""

    mine: Bools
    owned: Bools
    asking: Ints


class Effort(NamedTuple):
    """`moves` to try; `unit`: what a unit of weight counts beside the lower aims.

    `heat`: how much loss is accepted, in the same measure. `weight_noise`, `worth_noise`: how much
    the values of the aims are shaken when a day is packed, as a share. `climb`: the share of moves
    that begin at a planned request that could be better off.
    """

    moves: int
    unit: float
    heat: float
    weight_noise: float
    worth_noise: float
    climb: float


@njit(cache=True, nogil=True)
def _draw(seed: NDArray[np.uint64]) -> float:
    """A number in [0, 1): xorshift64*, so that a seed gives the same moves everywhere."""
    x = seed[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    seed[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def _below(seed: NDArray[np.uint64], n: int) -> int:
    return int(_draw(seed) * n)


@njit(cache=True, nogil=True)
def _barred(b: Board, r: int) -> bool:
    """Whether a planned sibling bars the request as a duplicate."""
    for i in range(b.sibling_at[r], b.sibling_at[r + 1]):
        if b.sibling_bars[i] and b.where[b.sibling[i]] != NOWHERE:
            return True
    return False


@njit(cache=True, nogil=True)
def _suits(b: Board, r: int, a: int, s: int) -> bool:
    """Whether notice and the employee's other appointments allow this start."""
    day = b.day[a]
    if day * b.slots + s < b.earliest[r]:
        return False
    end = s + b.duration[r]
    for i in range(b.engaged_at[r], b.engaged_at[r + 1]):
        if b.engaged_day[i] == day and b.engaged_from[i] < end and s < b.engaged_until[i]:
            return False
    for i in range(b.sibling_at[r], b.sibling_at[r + 1]):
        other = b.sibling[i]
        there = b.where[other]
        if there != NOWHERE and b.day[there] == day:
            if b.start[other] < end and s < b.start[other] + b.duration[other]:
                return False
    return True


@njit(cache=True, nogil=True)
def _open(b: Board, a: int, s: int, in_room: bool) -> bool:  # noqa: FBT001 (a fact, no switch)
    """Whether practitioner and, if one is needed, a room are free in this slot."""
    if b.holder[b.person_day[a], s] != FREE:
        return False
    return not in_room or bool(b.rooms[b.place_day[a], s] > 0)


@njit(cache=True, nogil=True)
def _put(b: Board, r: int, a: int, s: int, worth: int) -> None:
    b.where[r] = a
    b.start[r] = s
    b.worth[r] = worth
    for t in range(s, s + b.occupied[r]):
        b.holder[b.person_day[a], t] = r
        if b.in_room[r]:
            b.rooms[b.place_day[a], t] -= 1


@njit(cache=True, nogil=True)
def _take(b: Board, r: int) -> None:
    a = b.where[r]
    s = b.start[r]
    for t in range(s, s + b.occupied[r]):
        b.holder[b.person_day[a], t] = FREE
        if b.in_room[r]:
            b.rooms[b.place_day[a], t] += 1
    b.where[r] = NOWHERE


@njit(cache=True, nogil=True)
def _first_fit(b: Board, r: int, a: int) -> int:
    """The first start of the request in the availability, or -1."""
    length = b.occupied[r]
    s = -(-b.opens[a] // b.step) * b.step
    while s + length <= b.closes[a]:
        clash = -1
        for t in range(s + length - 1, s - 1, -1):
            if not _open(b, a, t, b.in_room[r]):
                clash = t
                break
        if clash < 0:
            if _suits(b, r, a, s):
                return int(s)
            s += b.step
        else:
            s = -(-(clash + 1) // b.step) * b.step
    return -1


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
            _take(b, j.request[i])
    for i in range(j.touched[0]):
        if j.where[i] != NOWHERE:
            _put(b, j.request[i], j.where[i], j.start[i], j.worth[i])


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
                _take(b, r)
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
    chosen: NDArray[np.uint8]
    by_size: Ints
    picked: Ints


@njit(cache=True, nogil=True)
def _gather(
    b: Board, t: Territory, d: Desk, a: int, room: int, e: Effort, seed: NDArray[np.uint64]
) -> int:
    """The unplanned requests worth trying in a stretch of `room` steps; returns how many.

    Of each length no more than fit side by side, the most valuable ones.
    """
    n = 0
    for i in range(b.asker_at[a], b.asker_at[a + 1]):
        r = b.asker[i]
        if b.where[r] != NOWHERE or not t.mine[r] or _barred(b, r):
            continue
        size = -(-b.occupied[r] // b.step)
        if size > room:
            continue
        value = b.weight[r] * e.unit * (1.0 + e.weight_noise * (_draw(seed) - 0.5))
        value += b.asker_worth[i] * (1.0 + e.worth_noise * (_draw(seed) - 0.5))
        if d.by_size[size] < room // size:
            d.by_size[size] += 1
            d.item[n] = r
            d.item_slot[n] = i
            d.size[n] = size
            d.value[n] = value
            n += 1
            continue
        worst = -1
        for k in range(n):
            if d.size[k] == size and (worst < 0 or d.value[k] < d.value[worst]):
                worst = k
        if d.value[worst] < value:
            d.item[worst] = r
            d.item_slot[worst] = i
            d.value[worst] = value
    for k in range(n):
        d.by_size[d.size[k]] = 0
    return n


@njit(cache=True, nogil=True)
def _pack(
    b: Board, t: Territory, j: Journal, d: Desk, move: int, a: int, lo: int, hi: int,
    e: Effort, seed: NDArray[np.uint64],
) -> None:  # fmt: skip
    """Fill the free slots `[lo, hi)` of an availability as well as can be: a 0/1 knapsack."""
    at = -(-lo // b.step) * b.step
    room = -(-(hi - at) // b.step)
    if room <= 0:
        return
    n = _gather(b, t, d, a, room, e, seed)
    if n == 0:
        return
    for c in range(room + 1):
        d.filled[c] = 0.0
    for k in range(n):
        size = d.size[k]
        value = d.value[k]
        for c in range(room, size - 1, -1):
            better = d.filled[c - size] + value
            if better > d.filled[c]:
                d.filled[c] = better
                d.chosen[k, c] = 1
            else:
                d.chosen[k, c] = 0
        for c in range(size):
            d.chosen[k, c] = 0
    c = room
    left = 0
    for k in range(n - 1, -1, -1):
        if d.chosen[k, c]:
            c -= d.size[k]
            d.picked[left] = k
            left += 1
    # laid end to end; who cannot start there is tried again further on
    tries = 2 * left
    while left > 0 and tries > 0:
        tries -= 1
        turn = _below(seed, left)
        r = d.item[d.picked[turn]]
        if at + b.occupied[r] <= hi and not _barred(b, r) and _suits(b, r, a, at):
            _remember(b, j, r, move)
            _put(b, r, a, at, b.asker_worth[d.item_slot[d.picked[turn]]])
            at += -(-b.occupied[r] // b.step) * b.step
            left -= 1
            d.picked[turn] = d.picked[left]
            if j.touched[0] >= MOST_TOUCHED - 1:
                return


@njit(cache=True, nogil=True)
def _repack(
    b: Board, t: Territory, j: Journal, d: Desk, move: int, person_day: int,
    e: Effort, seed: NDArray[np.uint64],
) -> None:  # fmt: skip
    """Pack every free stretch of a practitioner's day, beginning at a random availability."""
    first = b.block_at[person_day]
    count = b.block_at[person_day + 1] - first
    turn = _below(seed, count)
    for i in range(count):
        a = b.block[first + (i + turn) % count]
        s = b.opens[a]
        while s < b.closes[a] and j.touched[0] < MOST_TOUCHED - 1:
            if not _open(b, a, s, True):
                s += 1
                continue
            end = s + 1
            while end < b.closes[a] and _open(b, a, end, True):
                end += 1
            _pack(b, t, j, d, move, a, s, end, e, seed)
            s = end


@njit(cache=True, nogil=True)
def _find_again(b: Board, t: Territory, j: Journal, seed: NDArray[np.uint64]) -> None:
    """Try to place elsewhere those who have lost their place in this move."""
    for i in range(j.touched[0]):
        r = j.request[i]
        if j.where[i] == NOWHERE or b.where[r] != NOWHERE or _barred(b, r):
            continue
        count = b.option_at[r + 1] - b.option_at[r]
        turn = _below(seed, count)
        for k in range(min(8, count)):
            o = b.option_at[r] + (turn + k) % count
            a = b.option[o]
            if t.owned[b.person_day[a]]:
                s = _first_fit(b, r, a)
                if s >= 0:
                    _put(b, r, a, s, b.option_worth[o])
                    break


@njit(cache=True, nogil=True)
def _some_waiting(b: Board, t: Territory, seed: NDArray[np.uint64]) -> int:
    """A random unplanned request, or -1 where a few draws meet none."""
    for _ in range(40):
        r = t.asking[_below(seed, len(t.asking))]
        if b.where[r] == NOWHERE and not _barred(b, r):
            return int(r)
    return -1


@njit(cache=True, nogil=True)
def _better_off(b: Board, t: Territory, r: int, seed: NDArray[np.uint64]) -> int:
    """An availability where a planned request would do better by the lower aims, or -1."""
    count = b.option_at[r + 1] - b.option_at[r]
    turn = _below(seed, count)
    for k in range(count):
        o = b.option_at[r] + (turn + k) % count
        if b.option_worth[o] > b.worth[r] and t.owned[b.person_day[b.option[o]]]:
            return int(b.option[o])
    return -1


@njit(cache=True, nogil=True)
def _interval(b: Board, a: int, seed: NDArray[np.uint64]) -> tuple[int, int]:
    """The slots to clear in the day of an availability: the day, or a part of the availability."""
    if _draw(seed) < 0.4:
        return 0, b.slots
    minutes = b.slots / 1440.0
    length = max(1, int((100 + 120 * _draw(seed)) * minutes))
    latest = max(1, b.closes[a] - b.opens[a] - length)
    lo = b.opens[a] + _below(seed, latest)
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
def _disturb(
    b: Board, t: Territory, j: Journal, move: int, days: Ints, e: Effort, seed: NDArray[np.uint64]
) -> int:
    """Choose where to begin, and clear there; returns how many practitioner-days to pack again."""
    n = 0
    if _draw(seed) < e.climb:
        r = t.asking[_below(seed, len(t.asking))]
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
    for _ in range(1 + _below(seed, 4)):
        a = b.option[b.option_at[r] + _below(seed, count)]
        if _draw(seed) < 0.5:
            # not there, but where one who sits there might go
            s = b.opens[a] + _below(seed, b.closes[a] - b.opens[a])
            other = b.holder[b.person_day[a], s]
            if other >= 0 and t.mine[other]:
                others = b.option_at[other + 1] - b.option_at[other]
                a = b.option[b.option_at[other] + _below(seed, others)]
        n = _open_up(b, t, j, move, days, n, a, seed)
    return n


@njit(cache=True, nogil=True)
def search(b: Board, t: Territory, e: Effort, seed: NDArray[np.uint64]) -> tuple[int, int]:
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
        np.empty(longest + 1, np.float64),
        np.empty((most, longest + 1), np.uint8),
        np.zeros(longest + 1, np.int32),
        np.empty(most, np.int32),
    )
    days = np.empty(8, np.int32)
    gained_weight = 0
    gained_worth = 0
    if len(t.asking) == 0:
        return 0, 0
    for move in range(e.moves):
        j.touched[0] = 0
        n = _disturb(b, t, j, move, days, e, seed)
        for i in range(n):
            _repack(b, t, j, d, move, days[i], e, seed)
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
        if change >= 0 or (e.heat > 0.0 and _draw(seed) < np.exp(change / e.heat)):
            gained_weight += weight
            gained_worth += worth
        else:
            _undo(b, j)
    return gained_weight, gained_worth
