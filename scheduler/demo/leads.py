"""How long ago people asked: the lead times of real clinics."""

import json
from bisect import bisect_left
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random


@cache
def _weights() -> tuple[float, ...]:
    """How often a lead time of 0, 1, 2, ... days occurs (source: data/README.md).

    The source counts ranges of days; within one, shorter is likelier, as it is between them.
    """
    text = files("scheduler.demo").joinpath("data", "lead_times.json").read_text(encoding="utf-8")
    weights: list[float] = []
    for counted in json.loads(text)["ranges"]:
        days = range(counted["from"], counted["to"] + 1)
        inverse = [1 / max(1, day) for day in days]
        weights += [counted["appointments"] * part / sum(inverse) for part in inverse]
    return tuple(weights)


@cache
def _cumulated() -> tuple[float, ...]:
    return tuple(accumulate(_weights(), initial=0.0))


def lead_time(chance: Random, least: int) -> int:
    """Days between asking and the day aimed at, given that they are `least` or more.

    A request that is open today for a day `least` days away cannot have been made later.
    """
    cumulated = _cumulated()
    point = chance.uniform(cumulated[least], cumulated[-1])
    return max(least, bisect_left(cumulated, point) - 1)
