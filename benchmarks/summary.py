"""Figures of several runs put together: median and range, and how cost grows with size."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, mean and range of some figures, and how many there are."""

    count: int
    median: float
    mean: float
    least: float
    most: float


def spread(figures: Sequence[float]) -> Spread:
    """What some figures (one at least) have in common."""
    return Spread(len(figures), median(figures), fmean(figures), min(figures), max(figures))


@dataclass(frozen=True, slots=True)
class Growth:
    """`factor * size ** exponent`, by least squares on the logarithms of `count` points."""

    exponent: float
    factor: float
    count: int


def growth(sizes: Sequence[float], figures: Sequence[float]) -> Growth | None:
    """How figures grow with sizes (all positive); None with fewer than two different sizes."""
    if len(set(sizes)) < 2:  # noqa: PLR2004 (a line takes two points)
        return None
    exponent, intercept = np.polyfit(np.log(sizes), np.log(figures), 1)
    return Growth(float(exponent), float(np.exp(intercept)), len(sizes))
