"""Sets of minutes of one day as Python integers: bit `m` stands for minute `m` after midnight.

A day is 1440 bits, so "is this practitioner free", "which starts remain" and "which rule took them"
are a handful of shifts and ands, exact to the minute and independent of the grid.
"""

from collections.abc import Iterator
from functools import cache

MINUTES_PER_DAY = 1440

Minutes = int
"""A set of minutes of one day."""

NO_MINUTES: Minutes = 0
WHOLE_DAY: Minutes = (1 << MINUTES_PER_DAY) - 1


def span(start: int, end: int) -> Minutes:
    """The minutes of the half-open interval `[start, end)`; empty where `end <= start`."""
    return ((1 << (end - start)) - 1) << start if end > start else NO_MINUTES


@cache
def on_grid(grid: int) -> Minutes:
    """All multiples of `grid` minutes from midnight."""
    return sum(1 << minute for minute in range(0, MINUTES_PER_DAY, grid))


def starts_of_runs(free: Minutes, length: int) -> Minutes:
    """The minutes `m` for which all of `[m, m + length)` lies in `free`."""
    for step in _doubling(length):
        free &= free >> step
    return free


@cache
def _doubling(length: int) -> tuple[int, ...]:
    """The shifts that make runs of one minute into runs of `length`: each as far as it can."""
    steps = []
    covered = 1
    while covered < length:
        steps.append(min(covered, length - covered))
        covered += steps[-1]
    return tuple(steps)


def runs(minutes: Minutes) -> Iterator[tuple[int, int]]:
    """The maximal intervals `[start, end)` of which the set consists, in order."""
    offset = 0
    while minutes:
        skip = (minutes & -minutes).bit_length() - 1
        minutes >>= skip
        length = (~minutes & (minutes + 1)).bit_length() - 1
        yield offset + skip, offset + skip + length
        minutes >>= length
        offset += skip + length


def members(minutes: Minutes) -> Iterator[int]:
    """The minutes of the set, in order."""
    while minutes:
        lowest = minutes & -minutes
        yield lowest.bit_length() - 1
        minutes ^= lowest


def first(minutes: Minutes) -> int:
    """The earliest minute of a set that is not empty."""
    return (minutes & -minutes).bit_length() - 1
