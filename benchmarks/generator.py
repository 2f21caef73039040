"""Made-up instances (`appt-instance/1`): the same seed gives the same file, byte for byte.

    python -m benchmarks.generator M-100 --seed 2 -o M-100-2.json.gz
    python -m benchmarks.generator 5000-130 --shape telephone > telephone.json

All chances were read off ten reference instances of 200 to 50,000 requests, whose figures the
tests hold. A region has about five locations and 1,250 requests. A practitioner belongs to one
region, has one of two roles and works at one to three locations.

**Load** is the minutes asked for (with buffers) as a percentage of the minutes that practitioners
have free, before rooms are counted. It changes neither people nor places, only how many days each
practitioner works: workdays are dealt out in rounds until the minutes are there.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import names
from benchmarks.agenda import agenda_of
from benchmarks.employees import employees_of
from benchmarks.requests import add_preferences, request_rows
from benchmarks.rows import availability_row, employee_row, existing_rows, location_rows, type_row
from benchmarks.service import Service
from benchmarks.shapes import DAYS, HOLIDAYS, SIZES, START_DATE, TYPES, VARIANTS, Shape

Instance = dict[str, Any]


# --- The whole --------------------------------------------------------------------------------------


def generate(size: Shape, load: int, seed: int) -> Instance:
    """The instance of this shape, load (percent) and seed.

    Raises:
        ValueError: so low a load takes more workdays than the practitioners have.
    """
    rng = np.random.default_rng([seed, load])
    types = rng.choice(len(TYPES), size.requests, p=[kind.share for kind in TYPES]).tolist()
    demand = sum(TYPES[kind].occupied for kind in types)
    service = Service(size, rng)
    agenda = agenda_of(service, demand * 100 / load)
    employees = employees_of(service, agenda)
    instance: Instance = {
        "format": "appt-instance/1",
        "name": f"{size.name}-{load}-{seed}",
        "params": {"load": load, "seed": seed, **asdict(size)},
        "start_date": START_DATE.isoformat(),
        "days": DAYS,
        "grid": size.grid,
        "holidays": list(HOLIDAYS),
        "types": [type_row(size, kind) for kind in TYPES],
        "locations": location_rows(service, agenda),
        "practitioners": [{"id": names.practitioner(p)} for p in range(size.practitioners)],
        "employees": [employee_row(n, employee) for n, employee in enumerate(employees)],
        "availabilities": [
            availability_row(service, n, block) for n, block in enumerate(agenda.blocks)
        ],
        "existing": existing_rows(service, agenda, employees),
        "requests": request_rows(service, employees, types),
    }
    if size.preferences:
        add_preferences(instance, size.preferences, rng)
    return instance


def as_bytes(instance: Instance) -> bytes:
    """The file's content: JSON with a line for each row, so that two files can be compared."""
    parts = []
    for key, value in instance.items():
        rows = value if value and isinstance(value, list) and isinstance(value[0], dict) else None
        if rows is None:
            text = json.dumps(value, separators=(",", ":"))
        else:
            lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
            text = f"[\n{lines}\n]"
        parts.append(f'"{key}": {text}')
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def write(instance: Instance, file: Path) -> None:
    """Gzipped if the name ends in `.gz`; without a time in it, so that the bytes stay the same."""
    content = as_bytes(instance)
    file.write_bytes(gzip.compress(content, 6, mtime=0) if file.suffix == ".gz" else content)


# --- Command line -----------------------------------------------------------------------------------


def _size_and_load(text: str) -> tuple[Shape, int]:
    size, _, load = text.rpartition("-")
    known = size in SIZES or (size.isdecimal() and int(size))
    if not (known and load.isdecimal() and int(load)):
        sizes = ", ".join(SIZES)
        raise argparse.ArgumentTypeError(
            f"{text!r} is not SIZE-LOAD, as in M-100 or 5000-130; SIZE is {sizes} or a number"
        )
    return SIZES.get(size) or Shape.of(int(size)), int(load)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make up an instance: `python -m benchmarks.generator M-100 --seed 2 -o M-100-2.json.gz`."""
    parser = argparse.ArgumentParser("python -m benchmarks.generator", description=main.__doc__)
    parser.add_argument(
        "what",
        type=_size_and_load,
        metavar="SIZE-LOAD",
        help=f"{', '.join(SIZES)} or a number of requests, and the load in percent",
    )
    parser.add_argument("--seed", type=int, default=1, help="1 if not given")
    parser.add_argument("--shape", choices=VARIANTS, help="something unusual about it")
    parser.add_argument(
        "-o",
        dest="file",
        type=Path,
        metavar="FILE",
        help="gzipped if it ends in .gz; without it, to standard output",
    )
    options = parser.parse_args(arguments)
    size, load = options.what
    try:
        instance = generate(
            size.variant(options.shape) if options.shape else size, load, options.seed
        )
    except ValueError as impossible:
        parser.error(str(impossible))
    if options.file:
        write(instance, options.file)
    else:
        sys.stdout.buffer.write(as_bytes(instance))


if __name__ == "__main__":
    main()
