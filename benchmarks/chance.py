"""The few ways to leave something to chance."""

from collections.abc import Mapping, Sequence

import numpy as np


def chance(rng: np.random.Generator, share: float) -> bool:
    return rng.random() < share


def one(rng: np.random.Generator, of: Sequence[int]) -> int:
    return of[int(rng.random() * len(of))]


def some(rng: np.random.Generator, count: int, of: Sequence[int]) -> list[int]:
    """`count` different ones (or all, where there are fewer), in the order of `of`."""
    return [of[i] for i in sorted(rng.permutation(len(of))[:count].tolist())]


def weighed(rng: np.random.Generator, shares: Mapping[int, float]) -> int:
    return int(rng.choice(list(shares), p=list(shares.values())))
