"""`python -m benchmarks`: plan instances, and print how good the plans are, as ratios and gaps.

Without names: generated S and M instances, and the shared and real ones where their folder is there.
Each row is one run through `spreekuur solve`, checked by `spreekuur check`; figures of different
rows were not measured at the same time, so compare the ratios within a row.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from benchmarks.generator import generate, write
from benchmarks.shapes import SIZES, Shape
from solver.facts import Instance
from solver.files.instance import read_instance

SHARED = Path(__file__).parents[2] / "shared" / "data"
"""Larger and real inputs, which are no part of the project; left out, loudly, where absent."""

GENERATED = ("S-80", "S-100", "S-130", "M-80", "M-100", "M-130")
FROM_SHARED = (
    *(f"instances/{size}-{load}-1" for size in "SM" for load in (80, 100, 130)),
    *(f"vitoria/vitoria-{part}" for part in ("S", "S-drop10", "M", "M-drop10")),
)
LONG_WAIT = 14
"""Days from the formal request date after which a wait is told apart."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an instance beforehand: the exact optimum, by a flow per location.

    The waits over `LONG_WAIT` days as they were in history, and the fewest possible.
    """

    weight: int
    seniority: int
    history: int | None = None
    fewest: int | None = None


KNOWN = {
    "vitoria-S": Known(58_189, 64_208, 240, 197),
    "vitoria-S-drop10": Known(58_045, 60_094),
    "vitoria-M": Known(525_175, 709_398, 2_958, 2_557),
    "vitoria-M-drop10": Known(523_948, 652_909),
    "vitoria-L": Known(872_448, 1_153_078, 4_682, 3_993),
    "vitoria-L-drop10": Known(867_528, 1_066_898),
    "vitoria-3w": Known(1_213_981, 3_869_132, 5_158, 2_580),
    "vitoria-3w-drop10": Known(1_211_142, 3_595_977),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One run: `gap` to the proven bound, and the weight as a ratio to the baselines'."""

    instance: str
    seconds: float
    wall: float
    requests: int
    planned: int
    weight: int
    bound: int
    gap: float
    seniority: int
    preference: int
    unusable_gap_minutes: int
    to_first_come: float
    to_best_greedy: float
    of_best_weight: float | None
    of_best_seniority: float | None
    long_waits: int
    history: int | None
    fewest: int | None


def main() -> None:
    """Run what was asked for, print a table, and keep the figures with versions and machine."""
    arguments = _parser().parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for file in _inputs(arguments.instances, Path(folder)):
            for seconds in arguments.seconds:
                rows.append(_run(file, seconds, Path(folder) / "plan.json"))
                print(_line(rows[-1]), flush=True)
    table = "\n".join([*_heading(), *(_line(row) for row in rows)])
    print(f"\n{table}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(_record(rows), indent=1), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("instances", nargs="*", help="files, or names such as M-100 (generated)")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 30.0])
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser


def _inputs(names: list[str], folder: Path) -> Iterator[Path]:
    """The files to plan; generated ones are made in the folder."""
    if not names:
        names = [*GENERATED]
        if SHARED.is_dir():
            names += [str(SHARED / f"{name}.json.gz") for name in FROM_SHARED]
        else:
            print(f"LEFT OUT: there is no {SHARED}; shared and real instances were not measured")
    for name in names:
        if Path(name).exists():
            yield Path(name)
        else:
            yield _generated(name, folder)


def _generated(name: str, folder: Path) -> Path:
    """The instance of a name such as M-100 or M-100-3 (size, load, seed)."""
    size, load, *seed = name.split("-")
    shape = SIZES[size] if size in SIZES else Shape.of(int(size))
    file = folder / f"{name}.json.gz"
    write(generate(shape, int(load), int(seed[0]) if seed else 1), file)
    return file


def _run(file: Path, seconds: float, plan_file: Path) -> Row:
    """Plan one instance with one time limit."""
    spreekuur = str(Path(sys.executable).with_name("spreekuur"))
    began = time.monotonic()
    subprocess.run(
        [spreekuur, "solve", str(file), "-o", str(plan_file), "--time-limit", str(seconds)],
        check=True,
    )
    wall = time.monotonic() - began
    subprocess.run(
        [spreekuur, "check", str(file), str(plan_file)], check=True, stdout=subprocess.DEVNULL
    )
    plan = json.loads(plan_file.read_text("utf-8"))
    instance = read_instance(file)
    known = KNOWN.get(instance.name)
    score, compared = plan["score"], plan["compared"]
    return Row(
        instance=instance.name,
        seconds=seconds,
        wall=round(wall, 1),
        requests=len(instance.requests),
        planned=len(plan["assignments"]),
        weight=score["weight"],
        bound=plan["bound"],
        gap=plan["gap"],
        seniority=score["seniority"],
        preference=score["preference"],
        unusable_gap_minutes=score["unusable_gap_minutes"],
        to_first_come=score["weight"] / compared["first_come_first_served"]["weight"],
        to_best_greedy=score["weight"] / compared["best_greedy"]["weight"],
        of_best_weight=score["weight"] / known.weight if known else None,
        of_best_seniority=score["seniority"] / known.seniority if known else None,
        long_waits=_long_waits(instance, plan["assignments"]),
        history=known.history if known else None,
        fewest=known.fewest if known else None,
    )


def _long_waits(instance: Instance, assignments: list[dict[str, object]]) -> int:
    """How many of the planned wait longer than `LONG_WAIT` days after their formal request date."""
    requests = {request.id: request for request in instance.requests}
    blocks = {block.id: block for block in instance.availabilities}
    waits = (
        instance.start_date
        + timedelta(days=blocks[str(a["availability"])].day)
        - requests[str(a["request"])].requested_on
        for a in assignments
    )
    return sum(wait.days > LONG_WAIT for wait in waits)


def _heading() -> list[str]:
    names = (
        "instance", "time", "planned", "weight", "bound", "gap", "× first come", "× best greedy",
        "of best weight", "of best seniority", f"waits > {LONG_WAIT} days (history, fewest)",
    )  # fmt: skip
    return [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]


def _line(row: Row) -> str:
    waits = f"{row.long_waits:,}"
    if row.history is not None:
        waits += f" ({row.history:,}, {row.fewest:,})"
    cells = (
        row.instance,
        f"{row.seconds:.0f} s",
        f"{row.planned:,} of {row.requests:,}",
        f"{row.weight:,}",
        f"{row.bound:,}",
        f"{row.gap:.2%}",
        f"{row.to_first_come:.3f}",
        f"{row.to_best_greedy:.3f}",
        "" if row.of_best_weight is None else f"{row.of_best_weight:.3%}",
        "" if row.of_best_seniority is None else f"{row.of_best_seniority:.2%}",
        waits,
    )
    return f"| {' | '.join(cells)} |"


def _record(rows: list[Row]) -> dict[str, object]:
    """The figures with what they depend on."""
    packages = ("spreekuur", "ortools", "numpy")
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": platform.machine(), "cores": os.cpu_count()},
        "versions": {name: version(name) for name in packages}
        | {"python": platform.python_version()},
        "rows": [asdict(row) for row in rows],
    }


if __name__ == "__main__":
    main()
