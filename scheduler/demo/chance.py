"""Seeded chance: one stream for each part of the world."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def stream(seed: int, part: str) -> Random:
    """The chance of one part, so that a change to it does not reshuffle the others."""
    return Random(f"spreekuur demo/{seed}/{part}")


def draw(chance: Random, weights: Mapping[T, float]) -> T:
    """One key, as often as its weight says."""
    return chance.choices(list(weights), weights=list(weights.values()))[0]


def between(chance: Random, bounds: tuple[int, int]) -> int:
    """A whole number between the bounds, both included."""
    return chance.randint(*bounds)


def spread(total: int, weights: Sequence[float]) -> list[int]:
    """`total` shared out in proportion to `weights`, to the unit (largest remainder)."""
    exact = [total * weight / sum(weights) for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: shares[i] - exact[i])
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return shares
