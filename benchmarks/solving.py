"""`spreekuur`: our solver, each run through `spreekuur solve` and `spreekuur check`."""

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.inputs import Input, usual_seconds
from benchmarks.machine import Record
from benchmarks.measured import SPREEKUUR, measured
from benchmarks.quality import LONG_WAIT, Problem, Quality, checked
from benchmarks.seniority import most_seniority
from benchmarks.summary import Spread, spread
from benchmarks.tables import markdown, number, percent
from solver.aims import BEST_GREEDY, FIRST_COME
from solver.candidates import candidates


@dataclass(frozen=True, slots=True)
class Row:
    """One run. `limit` and `wall` in seconds, loading included; `gap` to the proven `bound`.

    `trouble`: why it ended before its time, where it did: its figures are those of the last plan that
    it had sent, and there may be no bound yet.
    `to_first_come`, `to_best_greedy`: the weight, as a ratio to the baselines' of the same run.
    `of_most_seniority`: its seniority, as a share of the most that a relaxation allows any plan of
    that weight; not asked beyond `SENIORITY_UP_TO` requests. `stages`: seconds by stage.
    """

    instance: str
    cell: str
    source: str
    limit: float
    wall: float
    peak_mib: int
    requests: int
    options_per_request: float
    bound: int | None
    gap: float | None
    to_first_come: float
    to_best_greedy: float
    of_most_seniority: float | None
    stages: dict[str, float]
    trouble: str | None
    quality: Quality

    def as_json(self) -> dict[str, Any]:
        """All figures side by side, those of the quality among them."""
        flat = asdict(self)
        quality = flat.pop("quality")
        return {**flat, **quality}


def solved(problem: Problem, seconds: float) -> tuple[Row, dict[str, Any]]:
    """Plan the instance in so many seconds; the row, and the content of the plan file.

    Raises:
        RuntimeError: the command ended without a plan; the text is what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        command = [SPREEKUUR, "solve", str(problem.file), "-o", str(file)]
        run = measured([*command, "--time-limit", str(seconds)])
        if run.code != 0:
            raise RuntimeError(f"{problem.input.name}: {run.err.strip()}")
        content: dict[str, Any] = json.loads(file.read_text("utf-8"))
        quality = checked(problem, file, content)
    compared = content["compared"]
    row = Row(
        instance=problem.input.name,
        cell=problem.input.cell,
        source=problem.input.source,
        limit=seconds,
        wall=run.wall,
        peak_mib=run.peak_mib,
        requests=len(problem.instance.requests),
        options_per_request=problem.options_per_request,
        bound=content["bound"],
        gap=content["gap"],
        to_first_come=_ratio(quality.weight, compared[FIRST_COME]["weight"]),
        to_best_greedy=_ratio(quality.weight, compared[BEST_GREEDY]["weight"]),
        of_most_seniority=_of_most_seniority(problem, quality),
        stages=content["run"]["seconds"],
        trouble=content["run"].get("trouble"),
        quality=quality,
    )
    return row, content


SENIORITY_UP_TO = 15_000
"""Requests up to which it is asked how much seniority there could be: two dozen flows of everything."""


def _of_most_seniority(problem: Problem, quality: Quality) -> float | None:
    if len(problem.instance.requests) > SENIORITY_UP_TO:
        return None
    most = most_seniority(candidates(problem.instance), quality.weight)
    return _ratio(quality.seniority, most)


def _ratio(one: int, other: int) -> float:
    return round(one / other, 4) if other else 1.0


def benchmark(inputs: Iterable[Input], seconds: Sequence[float], record: Record) -> None:
    """Plan every instance with every time limit (the usual one where none is given)."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for given in inputs:
            problem = Problem.of(given, Path(folder))
            for limit in seconds or [usual_seconds(len(problem.instance.requests))]:
                rows.append(solved(problem, limit)[0])
                print(_line(rows[-1]), flush=True)
                summed = cells(rows)
                figures = {"rows": [row.as_json() for row in rows], "cells": summed}
                record.write(figures, f"{table(rows)}\n\n{table_of_cells(summed)}")
    print(f"\n{table(rows)}\n\n{table_of_cells(cells(rows))}\n")


def _line(row: Row) -> str:
    return (
        f"{row.source} {row.instance}, {row.limit:.0f} s: gap {percent(row.gap) or 'unknown'},"
        f" {row.quality.planned:,} of {row.requests:,} planned,"
        f" {row.to_first_come:.3f} × first come, first served"
        + (f"; TROUBLE: {row.trouble}" if row.trouble else "")
    )


SUMMED = ("gap", "wall", "peak_mib", "to_first_come", "to_best_greedy", "options_per_request")


def cells(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The runs of one cell (source, size, load, limit) put together over seeds.

    `in_trouble`: how many of them ended before their time. Those without a bound have no gap.
    """
    together: dict[tuple[str, str, float], list[Row]] = {}
    for row in rows:
        together.setdefault((row.source, row.cell, row.limit), []).append(row)
    return [
        {
            "source": source,
            "cell": cell,
            "limit": limit,
            "runs": len(some),
            "in_trouble": sum(row.trouble is not None for row in some),
            **{name: _spread(getattr(row, name) for row in some) for name in SUMMED},
            "urgent_left_out": sum(row.quality.urgent_left_out for row in some),
            "urgent_with_option": sum(row.quality.urgent_with_option for row in some),
        }
        for (source, cell, limit), some in together.items()
    ]


def _spread(figures: Iterable[float | None]) -> dict[str, Any]:
    """The spread of the figures that are known; None for each part of it where none is."""
    known = [figure for figure in figures if figure is not None]
    if not known:
        return dict.fromkeys(field.name for field in fields(Spread)) | {"count": 0}
    return asdict(spread(known))


def table(rows: Iterable[Row]) -> str:
    """A line for each run."""
    headings = (
        "instance", "from", "limit", "wall", "peak", "options per request", "planned", "weight",
        "bound", "gap", "× first come", "× best greedy", "seniority", "of most at that weight", "preference",
        "unusable gap minutes", "urgent left out (with an option)", "of best weight",
        "of best seniority", f"waits > {LONG_WAIT} days (history, fewest)", "seconds by stage",
        "trouble",
    )  # fmt: skip
    return markdown(headings, (_cells_of(row) for row in rows))


def _cells_of(row: Row) -> Sequence[str]:
    q = row.quality
    waits = f"{q.long_waits:,}"
    if q.history is not None:
        waits += f" ({q.history:,}, {q.fewest:,})"
    return (
        row.instance,
        row.source,
        f"{row.limit:.0f} s",
        f"{row.wall:.1f} s",
        f"{row.peak_mib:,} MiB",
        f"{row.options_per_request:.2f}",
        f"{q.planned:,} of {row.requests:,}",
        f"{q.weight:,}",
        number(row.bound),
        percent(row.gap),
        f"{row.to_first_come:.3f}",
        f"{row.to_best_greedy:.3f}",
        f"{q.seniority:,}",
        percent(row.of_most_seniority),
        f"{q.preference:,}",
        f"{q.unusable_gap_minutes:,}",
        f"{q.urgent_left_out} of {q.urgent_with_option}",
        percent(q.of_best_weight, 3),
        percent(q.of_best_seniority),
        waits,
        ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in row.stages.items()),
        row.trouble or "",
    )


def table_of_cells(summed: Iterable[dict[str, Any]]) -> str:
    """A line for each cell: over its seeds the median, the mean and the range of the gap."""
    headings = (
        "cell", "from", "limit", "runs", "gap: median", "mean", "range", "× first come",
        "× best greedy", "wall", "peak", "options per request", "urgent left out",
        "in trouble",
    )  # fmt: skip
    return markdown(
        headings,
        (
            (
                cell["cell"],
                cell["source"],
                f"{cell['limit']:.0f} s",
                number(cell["runs"]),
                percent(cell["gap"]["median"]),
                percent(cell["gap"]["mean"]),
                " to ".join(
                    percent(cell["gap"][end]) for end in ("least", "most") if cell["gap"]["count"]
                ),
                number(cell["to_first_come"]["median"], 3),
                number(cell["to_best_greedy"]["median"], 3),
                f"{cell['wall']['median']:.1f} s",
                f"{number(cell['peak_mib']['median'])} MiB",
                number(cell["options_per_request"]["median"], 2),
                f"{cell['urgent_left_out']} of {cell['urgent_with_option']}",
                number(cell["in_trouble"]),
            )
            for cell in summed
        ),
    )
