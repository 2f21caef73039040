"""The few words that rules use beside Python's operators."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from solver.facts import NONE, Truth
from solver.rules.face import Booked

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def implies(condition: Truth, consequence: Truth) -> Truth:
    """`consequence`, wherever `condition` holds; for truths and for columns of them."""
    return condition <= consequence


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """The items by key, keys and items in the order met."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def clashes(
    booked: Iterable[Booked], end: Callable[[Booked], int]
) -> Iterator[tuple[Booked, Booked]]:
    """Pairs of one day that overlap and of which at least one was planned.

    The intervals are `[start, end)`; each later one is paired with the one that lasts longest of
    those before it, which finds a fault wherever there is one without listing every pair.
    """
    longest: Booked | None = None
    for one in sorted(booked, key=lambda b: (b.start, end(b), b.label)):
        clash = longest is not None and one.start < end(longest)
        if longest is not None and clash and not one.request == longest.request == NONE:
            yield longest, one
        if longest is None or end(one) > end(longest):
            longest = one


def most_at_once(booked: Sequence[Booked], limit: int) -> Iterator[tuple[int, list[Booked]]]:
    """The starts at which more than `limit` occupy the place, with all that do."""
    for start in sorted({b.start for b in booked}):
        there = [b for b in booked if b.start <= start < b.occupied_until]
        if len(there) > limit:
            yield start, there
