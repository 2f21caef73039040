"""Requests taken in one order, and nothing moved: the loops of `solver/greedy.py`."""

from numba import njit

from solver.compiled.state import (
    FREE,
    NOWHERE,
    Board,
    Ints,
    barred,
    first_fit,
    put,
)


@njit(cache=True, nogil=True)
def first_come(b: Board, order: Ints, rank: Ints) -> None:
    """Each at its earliest start; where two are equal, in the availability of the lowest rank."""
    for r in order:
        if b.where[r] != NOWHERE or barred(b, r):
            continue
        found = -1
        day = start = 0
        for o in range(b.option_at[r], b.option_at[r + 1]):
            a = b.option[o]
            if found >= 0 and (b.day[a] > day or (b.day[a] == day and b.opens[a] > start)):
                continue
            s = first_fit(b, r, a, b.opens[a], b.closes[a])
            if s < 0:
                continue
            if found >= 0 and b.day[a] == day:
                if s > start or (s == start and rank[a] > rank[b.option[found]]):
                    continue
            found, day, start = o, b.day[a], s
        if found >= 0:
            put(b, r, b.option[found], start, b.option_worth[found])


@njit(cache=True, nogil=True)
def best_fit(b: Board, order: Ints) -> None:
    """Each in the free stretch that it fills best; where two are equal, in the earliest."""
    for r in order:
        if b.where[r] != NOWHERE or barred(b, r):
            continue
        found = -1
        least = day = start = 0
        for o in range(b.option_at[r], b.option_at[r + 1]):
            a = b.option[o]
            left, s = _tightest(b, r, a)
            if s < 0 or (found >= 0 and (left, b.day[a], s) >= (least, day, start)):
                continue
            found, least, day, start = o, left, b.day[a], s
        if found >= 0:
            put(b, r, b.option[found], start, b.option_worth[found])


@njit(cache=True, nogil=True)
def _tightest(b: Board, r: int, a: int) -> tuple[int, int]:
    """The slots left over in the stretch that the request fills best, and its first start there.

    A stretch ends where the practitioner is taken; (0, -1) where there is no start.
    """
    length = b.occupied[r]
    least = 0
    start = -1
    if b.spare[b.person_day[a]] < length:
        return least, start
    end = b.opens[a]
    while end < b.closes[a]:
        begin = end
        while begin < b.closes[a] and b.holder[b.person_day[a], begin] != FREE:
            begin += 1
        end = begin
        while end < b.closes[a] and b.holder[b.person_day[a], end] == FREE:
            end += 1
        left = end - begin - length
        if left >= 0 and (start < 0 or left < least):
            s = first_fit(b, r, a, begin, end)
            if s >= 0:
                least, start = left, s
    return least, start


@njit(cache=True, nogil=True)
def place_inside(b: Board, request: Ints, option: Ints, begin: Ints, end: Ints) -> None:
    """Each line's request at its first start in the slots `[begin, end)` of that option, if any."""
    for i in range(len(request)):
        r = request[i]
        if b.where[r] == NOWHERE and not barred(b, r):
            s = first_fit(b, r, b.option[option[i]], begin[i], end[i])
            if s >= 0:
                put(b, r, b.option[option[i]], s, b.option_worth[option[i]])
