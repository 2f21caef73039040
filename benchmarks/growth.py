"""`growth`: how time and memory grow with the number of requests."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.drawing import Line, logarithmic
from benchmarks.following import Followed, followed
from benchmarks.inputs import GENERATED, Input, Made
from benchmarks.machine import Record
from benchmarks.quality import Problem
from benchmarks.shapes import Shape
from benchmarks.summary import Growth, growth
from benchmarks.tables import markdown, number, percent

SIZES = (1_250, 2_500, 5_000, 10_000, 20_000, 40_000)
TARGET = 0.005
"""The gap whose time is taken."""
SEARCH = "packing"
"""The stage with which the search begins; all before it prepare it, reading the file included."""
SECONDS_AT_LEAST = 20.0
SECONDS_PER_REQUEST = 0.004
"""Time limit, where none was asked for: as much for each request, so that sizes compare."""

GROWING = {
    "preparation": "preparation, s",
    "to_target": f"time to a gap of {TARGET:.1%}, s",
    "peak_mib": "peak memory, MiB",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One run. All times are in seconds.

    `preparation`: of the stages before the search, added up. `first_plan`, `to_target`: since the
    start of the process; None: not reached by the limit.
    """

    instance: str
    requests: int
    options_per_request: float
    limit: float
    wall: float
    preparation: float
    first_plan: float
    to_target: float | None
    peak_mib: int
    gap: float
    stages: dict[str, float]

    @classmethod
    def of(cls, problem: Problem, limit: float, run: Followed) -> "Row":
        """What of a run is told here."""
        return cls(
            instance=problem.input.name,
            requests=len(problem.instance.requests),
            options_per_request=problem.options_per_request,
            limit=limit,
            wall=run.wall,
            preparation=preparation(run.stages),
            first_plan=run.points[0]["seconds"],
            to_target=run.seconds_to(TARGET),
            peak_mib=run.peak_mib,
            gap=run.gap,
            stages={stage: round(seconds, 3) for stage, seconds in run.stages.items()},
        )


def preparation(stages: Mapping[str, float]) -> float:
    """Seconds of the stages (in the order of the run) before the search.

    Raises:
        ValueError: there is no such stage as `SEARCH`: it has got another name.
    """
    before = list(stages).index(SEARCH)
    return round(sum(list(stages.values())[:before]), 3)


def benchmark(
    sizes: Sequence[int], load: int, seeds: Sequence[int], seconds: float | None, record: Record
) -> None:
    """Plan an instance of each size and seed; tables, fits and a picture."""
    rows: list[Row] = []
    for size in sizes:
        for seed in seeds:
            cell = f"{size}-{load}"
            given = Input(f"{cell}-{seed}", cell, GENERATED, Made(Shape.of(size), load, seed))
            limit = seconds or max(SECONDS_AT_LEAST, SECONDS_PER_REQUEST * size)
            with tempfile.TemporaryDirectory() as folder:
                problem = Problem.of(given, Path(folder))
                rows.append(Row.of(problem, limit, followed(problem, limit)))
            print(_said(rows[-1]), flush=True)
            grown = fits(rows)
            record.write(_as_json(rows, grown), table(rows, grown))
            draw(rows, grown, record.folder / f"{record.name}.png")
    print(f"\n{table(rows, fits(rows))}\n")


def _said(row: Row) -> str:
    reached = "not reached" if row.to_target is None else f"{row.to_target:.1f} s"
    return (
        f"{row.instance}: preparation {row.preparation:.1f} s, gap {TARGET:.1%} {reached},"
        f" {row.peak_mib:,} MiB, gap {row.gap:.2%} after {row.wall:.0f} s"
    )


def _measured(rows: Sequence[Row], name: str) -> tuple[list[float], list[float]]:
    """Sizes and figures, of the runs that have this figure."""
    some = [(row.requests, getattr(row, name)) for row in rows if getattr(row, name)]
    return [float(size) for size, _ in some], [float(figure) for _, figure in some]


def fits(rows: Sequence[Row]) -> dict[str, Growth | None]:
    """How each figure grows; None where there are too few points."""
    return {name: growth(*_measured(rows, name)) for name in GROWING}


def _as_json(rows: Sequence[Row], grown: dict[str, Growth | None]) -> dict[str, Any]:
    return {
        "target": TARGET,
        "rows": [asdict(row) for row in rows],
        "growth": {name: asdict(fit) if fit else None for name, fit in grown.items()},
    }


def table(rows: Sequence[Row], grown: dict[str, Growth | None]) -> str:
    """A line for each run, and the exponents."""
    headings = (
        "instance", "requests", "options per request", "limit", "preparation", "first plan",
        f"gap {TARGET:.1%} after", "gap in the end", "wall", "peak", "seconds by stage",
    )  # fmt: skip
    lines = markdown(
        headings,
        (
            (
                row.instance,
                number(row.requests),
                f"{row.options_per_request:.2f}",
                f"{row.limit:.0f} s",
                f"{row.preparation:.2f} s",
                f"{row.first_plan:.2f} s",
                "not reached" if row.to_target is None else f"{row.to_target:.1f} s",
                percent(row.gap),
                f"{row.wall:.1f} s",
                f"{row.peak_mib:,} MiB",
                ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in row.stages.items()),
            )
            for row in rows
        ),
    )
    exponents = [
        f"{text}: n^{fit.exponent:.2f} ({fit.count} runs)"
        for name, text in GROWING.items()
        if (fit := grown[name])
    ]
    return "\n\n".join([lines, "; ".join(exponents)] if exponents else [lines])


def draw(rows: Sequence[Row], grown: dict[str, Growth | None], file: Path) -> None:
    """All three figures against the requests, both ways logarithmic, with their fits."""
    lines = []
    for name, text in GROWING.items():
        sizes, figures = _measured(rows, name)
        lines.append(Line(text, sizes, figures, grown[name]))
    logarithmic(lines, "requests", file)
