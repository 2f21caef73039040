"""Requests that outweigh whoever sits in their place take it: the loop of `solver/claims.py`."""

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.compiled.state import (
    FREE,
    NOWHERE,
    STANDS,
    Board,
    Ints,
    barred,
    first_fit,
    may_start,
    meets,
    put,
    take,
)


class Seats(NamedTuple):
    """Who could be in the rooms of each location's day: practitioner-days, `guest[guest_at[p]:...]`."""

    guest_at: Ints
    guest: Ints


@njit(cache=True, nogil=True)
def claim(b: Board, seats: Seats, order: Ints) -> int:
    """Each unplanned request, in this order, takes the place where least is lost, if it gains.

    It gains where those who have to go weigh less together, or no more and it does better by the
    lower aims. They are placed elsewhere where they fit. Returns how many places changed hands.
    """
    # for each slot one at the practitioner and one in a room, and all the employee's own
    most = 2 * b.occupied.max() + len(b.sibling) + 1
    going = np.empty(most, np.int32)
    best = np.empty(most, np.int32)
    changed = 0
    for r in order:
        if b.where[r] != NOWHERE:
            continue
        found = -1
        start = count = 0
        least_weight = b.weight[r]
        least_worth = 0
        for o in range(b.option_at[r], b.option_at[r + 1]):
            a = b.option[o]
            s = -(-b.opens[a] // b.step) * b.step
            while s + b.occupied[r] <= b.closes[a]:
                n = _in_the_way(b, seats, r, a, s, going) if may_start(b, r, a, s) else -1
                if n >= 0:
                    weight = 0
                    worth = -b.option_worth[o]
                    for i in range(n):
                        weight += b.weight[going[i]]
                        worth += b.worth[going[i]]
                    if weight < least_weight or (weight == least_weight and worth < least_worth):
                        found, start, count = o, s, n
                        least_weight, least_worth = weight, worth
                        best[:n] = going[:n]
                s += b.step
        if found < 0:
            continue
        for i in range(count):
            take(b, best[i])
        put(b, r, b.option[found], start, b.option_worth[found])
        changed += 1
        for i in range(count):
            _elsewhere(b, best[i])
    return changed


@njit(cache=True, nogil=True)
def _in_the_way(b: Board, seats: Seats, r: int, a: int, s: int, going: Ints) -> int:
    """Who has to go for the request to start there, noted in `going`; -1 where that is not enough."""
    n = 0
    person = b.person_day[a]
    place = b.place_day[a]
    for i in range(b.sibling_at[r], b.sibling_at[r + 1]):
        other = b.sibling[i]
        if b.where[other] != NOWHERE and (b.sibling_bars[i] or meets(b, r, a, s, other)):
            going[n] = other
            n += 1
    for t in range(s, s + b.occupied[r]):
        holder = b.holder[person, t]
        if holder == STANDS:
            return -1
        if holder != FREE and not _among(holder, going, n):
            going[n] = holder
            n += 1
    if not b.in_room[r]:
        return n
    for t in range(s, s + b.occupied[r]):
        if b.rooms[place, t] > 0:
            continue
        # those going leave a room; where none of them does, the lightest in a room goes as well
        lightest = -1
        left = b.rooms[place, t]
        for k in range(seats.guest_at[place], seats.guest_at[place + 1]):
            holder = b.holder[seats.guest[k], t]
            if holder < 0 or not b.in_room[holder] or b.place_day[b.where[holder]] != place:
                continue
            if _among(holder, going, n):
                left += 1
            elif lightest < 0 or b.weight[holder] < b.weight[lightest]:
                lightest = holder
        if left > 0:
            continue
        if left < 0 or lightest < 0:
            return -1
        going[n] = lightest
        n += 1
    return n


@njit(cache=True, nogil=True)
def _among(r: int, going: Ints, n: int) -> bool:
    for i in range(n):
        if going[i] == r:
            return True
    return False


@njit(cache=True, nogil=True)
def _elsewhere(b: Board, r: int) -> None:
    """Place the request at its best option that has room, by the lower aims."""
    if b.where[r] != NOWHERE or barred(b, r):
        return
    found = -1
    start = 0
    for o in range(b.option_at[r], b.option_at[r + 1]):
        if found >= 0 and b.option_worth[o] <= b.option_worth[found]:
            continue
        a = b.option[o]
        s = first_fit(b, r, a, b.opens[a], b.closes[a])
        if s >= 0:
            found, start = o, s
    if found >= 0:
        put(b, r, b.option[found], start, b.option_worth[found])
