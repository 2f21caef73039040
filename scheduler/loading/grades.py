"""The grades of the criteria of preference that are more than a yes or no. Domain §4.

Travel is graded by the extra kilometres, as the crow flies: they are what somebody loses by not going to
the nearest. Below 5 they say little (the road to it errs by as much), and farther on the bands double, as
distances are felt.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from solver.facts import FloatColumn, IntColumn, Members

FULL = 4
"""The highest grade."""
HALF = 2
SHARES = 4
"""Evenness tells this many kinds of practitioners apart."""

FARTHER = np.array([5.0, 10.0, 20.0, 40.0])
"""Kilometres beyond the nearest location, each a grade less when passed."""
EARTH = 6371.0
"""The mean radius in kilometres (IUGG)."""


class Coordinates(NamedTuple):
    """A place on the map, in degrees."""

    latitude: float
    longitude: float


class Hours(NamedTuple):
    """When an employer likes its people to be seen; weekday 1 is Monday."""

    weekday: int
    start: int
    end: int


def by_score(score: IntColumn, offering: IntColumn) -> IntColumn:
    """By practitioner, 0..FULL: the share of the highest score among those who offer time."""
    highest = int(score[offering].max(initial=0))
    return np.clip(FULL * score // max(1, highest), 0, FULL)


def by_evenness(minutes: IntColumn, offering: IntColumn) -> IntColumn:
    """By practitioner, 0..SHARES - 1: how far behind the busiest of those who offer time."""
    busiest = int(minutes[offering].max(initial=0))
    if not busiest:
        return np.zeros(len(minutes), np.int64)
    return np.maximum(0, SHARES - 1 - SHARES * minutes // (busiest + 1))


def distances(home: Coordinates, places: FloatColumn) -> FloatColumn:
    """Kilometres as the crow flies (haversine) to each of the places (rows of degrees)."""
    latitude, longitude = np.radians(home)
    latitudes, longitudes = np.radians(places).T
    halves = np.sin((latitudes - latitude) / 2) ** 2 + (
        np.cos(latitude) * np.cos(latitudes) * np.sin((longitudes - longitude) / 2) ** 2
    )
    kilometres: FloatColumn = 2 * EARTH * np.arcsin(np.sqrt(np.minimum(1.0, halves)))
    return kilometres


def by_distance(kilometres: FloatColumn, among: Members | None = None) -> IntColumn:
    """By location, 0..FULL: how little farther it is than the nearest; 0 where that is not known."""
    candidates = kilometres if among is None else kilometres[sorted(among)]
    nearest = np.min(candidates, where=~np.isnan(candidates), initial=np.inf)
    farther = kilometres - nearest
    # what is not a number is behind all others, and has passed every band
    grades: IntColumn = FULL - np.searchsorted(FARTHER, farther)
    return grades if np.isfinite(nearest) else np.zeros_like(grades)


def by_hours(times: IntColumn, liked: Sequence[Hours]) -> IntColumn:
    """By time (weekday, start and end of a block): FULL within the hours, HALF where they overlap.

    `liked` do not overlap each other.
    """
    weekday, start, end = times.T
    covered: IntColumn = np.zeros(len(times), np.int64)
    for hours in liked:
        shared = np.minimum(end, hours.end) - np.maximum(start, hours.start)
        covered += np.where(weekday == hours.weekday, np.maximum(0, shared), 0)
    return np.select([covered == end - start, covered > 0], [FULL, HALF], 0)


def merged(hours: Iterable[Hours]) -> list[Hours]:
    """The same hours, in order, without overlaps: two that touch are one."""
    found: list[Hours] = []
    for each in sorted(hours):
        last = found[-1] if found else None
        if last and last.weekday == each.weekday and each.start <= last.end:
            found[-1] = last._replace(end=max(last.end, each.end))
        else:
            found.append(each)
    return found
