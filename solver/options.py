"""How a run is asked for, and how it tells how far it is. Knows nothing of how planning is done."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is asked for.

    `time_limit`: seconds of wall time. `iterations`: where given, the budget counts neighbourhoods
    and deterministic time instead, and the plan does not depend on the machine or on `workers`.
    `until`: the time limit as a point in time (seconds since the epoch), set when the run starts.
    """

    time_limit: float = 30.0
    iterations: int | None = None
    seed: int = 1
    workers: int = 2
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: sent while it goes on. `bound` is None until it is known."""

    stage: str
    planned: int
    weight: int
    bound: int | None
    seconds: float

    @property
    def gap(self) -> float | None:
        """How far the weight may be from the best possible, as a share of the bound."""
        return gap(self.weight, self.bound)


def gap(weight: int, bound: int | None) -> float | None:
    """(bound - weight) / bound; nothing without a bound, and 0 where nothing can be gained."""
    if bound is None:
        return None
    return (bound - weight) / bound if bound else 0.0
