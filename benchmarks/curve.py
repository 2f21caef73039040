"""`curve`: the gap against wall time, with the greedy plans to compare."""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.drawing import Level, steps
from benchmarks.following import followed
from benchmarks.inputs import Input, usual_seconds
from benchmarks.machine import Record
from benchmarks.quality import Problem
from benchmarks.tables import markdown, percent
from solver.aims import BEST_GREEDY, FIRST_COME

AFTER = (1, 2, 5, 10, 20, 30, 60, 120)
"""Seconds at which the table looks."""


@dataclass(frozen=True, slots=True)
class Curve:
    """`points`: (seconds since the start of the process, gap to the bound in the end).

    `first_come`, `best_greedy`: the gaps of these baselines. `told`: all progress as it came.
    """

    instance: str
    limit: float
    wall: float
    peak_mib: int
    bound: int
    gap: float
    points: list[tuple[float, float]]
    first_come: float
    best_greedy: float
    told: list[dict[str, Any]]

    def at(self, seconds: float) -> float | None:
        """The gap of the best plan so far at that time; None: there was none yet."""
        reached = [share for when, share in self.points if when <= seconds]
        return reached[-1] if reached and seconds <= self.limit else None

    def as_json(self) -> dict[str, Any]:
        """Under the names of the fields."""
        return {name: getattr(self, name) for name in self.__slots__}


def benchmark(inputs: Iterable[Input], seconds: float | None, record: Record) -> None:
    """A curve for each instance: a picture each, and one table."""
    curves: list[Curve] = []
    for given in inputs:
        with tempfile.TemporaryDirectory() as folder:
            problem = Problem.of(given, Path(folder))
            limit = seconds or usual_seconds(len(problem.instance.requests))
            curves.append(_curve(problem, limit))
        record.write({"curves": [curve.as_json() for curve in curves]}, table(curves))
        curve = curves[-1]
        levels = [
            Level("first come, first served", curve.first_come),
            Level("best greedy", curve.best_greedy),
        ]
        file = record.folder / f"{record.name}-{curve.instance}.png"
        steps(curve.instance, curve.points, levels, file)
        print(f"{curve.instance}: gap {curve.gap:.2%} after {curve.wall:.1f} s; {file}", flush=True)
    print(f"\n{table(curves)}\n")


def _curve(problem: Problem, limit: float) -> Curve:
    run = followed(problem, limit)
    points = [
        (float(p["seconds"]), run.gap_at_end_of(p["weight"])) for p in run.points if p["planned"]
    ]
    return Curve(
        instance=problem.input.name,
        limit=limit,
        wall=run.wall,
        peak_mib=run.peak_mib,
        bound=run.bound,
        gap=run.gap,
        points=[*points, (run.wall, run.gap_at_end_of(run.quality.weight))],
        first_come=run.gap_at_end_of(run.compared[FIRST_COME]["weight"]),
        best_greedy=run.gap_at_end_of(run.compared[BEST_GREEDY]["weight"]),
        told=run.points,
    )


def table(curves: Sequence[Curve]) -> str:
    """A line for each instance: the gap after so many seconds."""
    headings = (
        "instance", "first come", "best greedy", *(f"after {seconds} s" for seconds in AFTER),
        "in the end", "limit",
    )  # fmt: skip
    return markdown(
        headings,
        (
            (
                curve.instance,
                percent(curve.first_come),
                percent(curve.best_greedy),
                *(percent(curve.at(seconds)) for seconds in AFTER),
                percent(curve.gap),
                f"{curve.limit:.0f} s",
            )
            for curve in curves
        ),
    )
