"""`options`: how long it takes to say what is possible for one request, in a small agenda and in a country's.

Each database is asked by itself, in this process, one request after the other; a transaction each. The
ratio says how much of the time the size of the agenda costs.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Engine

from benchmarks.databases import empty
from benchmarks.machine import Record
from benchmarks.nation import ZONE, settled
from benchmarks.tables import markdown, number
from models import database
from scheduler.loading import next_day
from scheduler.options import options

SIZES = (2_000, 100_000)
WARM, ASKED = 50, 500
NOW = datetime(2027, 2, 26, 12, tzinfo=UTC)
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Row:
    """One database of one size; times in milliseconds. `found`: options for a request, on average."""

    database: str
    availabilities: int
    appointments: int
    found: float
    p50: float
    p95: float
    p99: float


def benchmark(sizes: Sequence[int], databases: Sequence[str], record: Record) -> list[Row]:
    """Measure each, and write what was found."""
    rows = []
    for kind in databases:
        for size in sizes:
            with empty(kind) as engine:
                rows.append(_measured(kind, engine, size))
                print(_told(rows[-1]), flush=True)
    record.write({"rows": [asdict(row) for row in rows]}, _table(rows))
    return rows


def _measured(kind: str, engine: Engine, size: int) -> Row:
    nation = settled(engine, size, WARM + ASKED, seed=1)
    for request in nation.requests[:WARM]:
        _asked(engine, request)
    times, found = [], []
    for request in nation.requests[WARM:]:
        began = time.perf_counter()
        answers = _asked(engine, request)
        times.append(1000 * (time.perf_counter() - began))
        found.append(answers)
    cuts = statistics.quantiles(times, n=100)
    p50, p95, p99 = (round(cuts[p - 1], 2) for p in PERCENTILES)
    return Row(
        kind, nation.availabilities, nation.appointments, statistics.mean(found), p50, p95, p99
    )


def _asked(engine: Engine, request: UUID) -> int:
    with database.reading(engine) as session:
        return len(options(session, request, now=NOW, not_before=next_day(NOW, ZONE)))


def _told(row: Row) -> str:
    return (
        f"{row.database}, {row.availabilities:,} availabilities, {row.appointments:,} appointments:"
        f" p50 {row.p50:.1f} ms, p95 {row.p95:.1f} ms, p99 {row.p99:.1f} ms"
    )


def _table(rows: Sequence[Row]) -> str:
    smallest = {row.database: row for row in reversed(rows)}
    cells = [
        [
            row.database,
            number(row.availabilities),
            number(row.appointments),
            f"{row.p50:.1f}",
            f"{row.p95:.1f}",
            f"{row.p99:.1f}",
            f"{row.p95 / smallest[row.database].p95:.2f}",
        ]
        for row in rows
    ]
    head = [
        "database",
        "availabilities",
        "appointments",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "p95, times the small one's",
    ]
    return markdown(head, cells)
