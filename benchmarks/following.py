"""Runs that are followed from their start: when which gap was reached."""

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measured import measured
from benchmarks.quality import Problem, Quality, checked
from solver.options import gap

LATE = 30.0
"""Seconds past its limit after which a run is stopped by force."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One run, and what it told on the way.

    `points`: its progress (`seconds` since the start of the process, `stage`, `planned`, `weight`,
    `bound`). `stages`: seconds by stage, reading the file among them. `compared`: the baselines'
    scores. `wall`: seconds.
    """

    points: list[dict[str, Any]]
    stages: Mapping[str, float]
    compared: Mapping[str, Mapping[str, int]]
    bound: int
    gap: float
    quality: Quality
    wall: float
    peak_mib: int

    def seconds_to(self, target: float) -> float | None:
        """When the gap, as proven at that moment, was no more than the target; None: never."""
        for point in self.points:
            reached = gap(point["weight"], point["bound"])
            if reached is not None and reached <= target:
                return float(point["seconds"])
        return None

    def gap_at_end_of(self, weight: int) -> float:
        """How far this weight is from the bound as it is proven in the end, as a share of it."""
        return gap(weight, self.bound) or 0.0


def followed(problem: Problem, seconds: float) -> Followed:
    """Plan the instance in so many seconds, and have the plan checked.

    Raises:
        RuntimeError: the run ended without a plan; the text is what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        command = [sys.executable, "-m", "benchmarks.trace", str(problem.file), "-o", str(file)]
        limits = ["--seconds", str(seconds), "--began", str(time.time())]
        run = measured([*command, *limits], seconds + LATE)
        if run.code != 0:
            raise RuntimeError(f"{problem.input.name}: {run.err.strip() or 'no plan in time'}")
        trace = json.loads(run.out)
        quality = checked(problem, file, json.loads(file.read_text("utf-8")))
    return Followed(**trace, quality=quality, wall=run.wall, peak_mib=run.peak_mib)
