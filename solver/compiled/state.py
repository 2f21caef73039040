"""The state that the compiled loops work on, and the few things that can be asked and done there.

Everything in this folder is loops over integer arrays, compiled by numba; `solver/board.py` makes the
arrays. Times are slots of a day, as coarse as the instance allows.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

FREE = -1
STANDS = -2
"""Who holds a slot where nobody is planned: nobody, or nobody can be."""
NOWHERE = -1


class Board(NamedTuple):
    """The problem and the state of a plan; the last six arrays change.

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
    # each practitioner's day, how many are free, and the rooms left in each of each location's day
    where: Ints
    start: Ints
    worth: Longs
    holder: Ints
    spare: Ints
    rooms: Ints


@njit(cache=True, nogil=True)
def draw(seed: NDArray[np.uint64]) -> float:
    """A number in [0, 1): xorshift64*, so that a seed gives the same moves everywhere."""
    x = seed[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    seed[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def below(seed: NDArray[np.uint64], n: int) -> int:
    return int(draw(seed) * n)


@njit(cache=True, nogil=True)
def barred(b: Board, r: int) -> bool:
    """Whether a planned sibling bars the request as a duplicate."""
    for i in range(b.sibling_at[r], b.sibling_at[r + 1]):
        if b.sibling_bars[i] and b.where[b.sibling[i]] != NOWHERE:
            return True
    return False


@njit(cache=True, nogil=True)
def may_start(b: Board, r: int, a: int, s: int) -> bool:
    """Whether notice and the employee's standing appointments allow this start."""
    day = b.day[a]
    if day * b.slots + s < b.earliest[r]:
        return False
    end = s + b.duration[r]
    for i in range(b.engaged_at[r], b.engaged_at[r + 1]):
        if b.engaged_day[i] == day and b.engaged_from[i] < end and s < b.engaged_until[i]:
            return False
    return True


@njit(cache=True, nogil=True)
def meets(b: Board, r: int, a: int, s: int, other: int) -> bool:
    """Whether an appointment at this start would overlap another request's, which is planned."""
    if b.day[b.where[other]] != b.day[a]:
        return False
    begin = b.start[other]
    return bool(begin < s + b.duration[r] and s < begin + b.duration[other])


@njit(cache=True, nogil=True)
def suits(b: Board, r: int, a: int, s: int) -> bool:
    """Whether notice and all of the employee's other appointments allow this start."""
    if not may_start(b, r, a, s):
        return False
    for i in range(b.sibling_at[r], b.sibling_at[r + 1]):
        other = b.sibling[i]
        if b.where[other] != NOWHERE and meets(b, r, a, s, other):
            return False
    return True


@njit(cache=True, nogil=True)
def is_open(b: Board, a: int, s: int, in_room: bool) -> bool:  # noqa: FBT001 (a fact, no switch)
    """Whether practitioner and, if one is needed, a room are free in this slot."""
    if b.holder[b.person_day[a], s] != FREE:
        return False
    return not in_room or bool(b.rooms[b.place_day[a], s] > 0)


@njit(cache=True, nogil=True)
def put(b: Board, r: int, a: int, s: int, worth: int) -> None:
    b.where[r] = a
    b.start[r] = s
    b.worth[r] = worth
    b.spare[b.person_day[a]] -= b.occupied[r]
    for t in range(s, s + b.occupied[r]):
        b.holder[b.person_day[a], t] = r
        if b.in_room[r]:
            b.rooms[b.place_day[a], t] -= 1


@njit(cache=True, nogil=True)
def take(b: Board, r: int) -> None:
    a = b.where[r]
    s = b.start[r]
    b.spare[b.person_day[a]] += b.occupied[r]
    for t in range(s, s + b.occupied[r]):
        b.holder[b.person_day[a], t] = FREE
        if b.in_room[r]:
            b.rooms[b.place_day[a], t] += 1
    b.where[r] = NOWHERE


@njit(cache=True, nogil=True)
def first_fit(b: Board, r: int, a: int, lo: int, hi: int) -> int:
    """The first start of the request in the slots `[lo, hi)` of the availability, or -1."""
    length = b.occupied[r]
    if b.spare[b.person_day[a]] < length:
        return -1
    s = -(-lo // b.step) * b.step
    while s + length <= hi:
        clash = -1
        for t in range(s + length - 1, s - 1, -1):
            if not is_open(b, a, t, b.in_room[r]):
                clash = t
                break
        if clash < 0:
            if suits(b, r, a, s):
                return int(s)
            s += b.step
        else:
            s = -(-(clash + 1) // b.step) * b.step
    return -1
