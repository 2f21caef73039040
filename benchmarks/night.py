"""`night`: a planning run over a database: what loading, checking and booking cost beside the solving.

An instance is imported into an empty database of each kind, and all of its requests are planned and
booked by one run, as the night does it. The ratio is that of all that touches the database to the
seconds of the search.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from benchmarks.databases import empty
from benchmarks.inputs import Input
from benchmarks.machine import Record
from benchmarks.tables import markdown, number, percent
from models import migrations
from models.database import writing
from scheduler.actor import NOBODY
from scheduler.exchange import import_instance
from scheduler.planning.lease import Busy
from scheduler.planning.night import RunSettings
from scheduler.planning.run import plan_open_requests
from solver.files.instance import read_content

COUNTRY, ZONE = "NL", "Europe/Amsterdam"


@dataclass(frozen=True, slots=True)
class Row:
    """One run; seconds as the run's own report has them. `ratio`: of load, check and book to solve."""

    database: str
    instance: str
    asked: int
    planned: int
    gap: float | None
    load: float
    check: float
    book: float
    solve: float
    explain: float
    ratio: float


def benchmark(
    chosen: Sequence[Input], databases: Sequence[str], seconds: float, record: Record
) -> list[Row]:
    """Plan each instance on each database, and write what was found."""
    rows = []
    for source in chosen:
        for kind in databases:
            rows.append(_measured(kind, source, seconds))
            print(asdict(rows[-1]), flush=True)
            record.write({"rows": [asdict(row) for row in rows]}, _table(rows))
    return rows


def _measured(kind: str, source: Input, seconds: float) -> Row:
    with empty(kind) as engine, tempfile.TemporaryDirectory() as folder:
        content = read_content(source.file(Path(folder)))
        first = date.fromisoformat(content.start_date)
        eve = datetime.combine(first - timedelta(days=1), time(12), tzinfo=UTC)
        migrations.upgrade(engine)
        with writing(engine) as session:
            import_instance(session, content, country=COUNTRY, time_zone=ZONE, now=eve)
        settings = RunSettings(from_day=first, days=content.days, time_limit=seconds)
        run = plan_open_requests(engine, settings, now=eve, by=NOBODY)
    if isinstance(run, Busy):
        raise TypeError("somebody else plans in a database of our own")
    spent = {what: run.report["seconds"].get(what, 0.0) for what in ("load", "check", "book")}
    solve = run.report["seconds"]["solve"]
    return Row(
        kind,
        source.name,
        run.report["asked"],
        run.report["planned"],
        run.report["zones"][0]["gap"],
        **spent,
        solve=solve,
        explain=run.report["seconds"].get("explain", 0.0),
        ratio=round(sum(spent.values()) / solve, 3),
    )


def _table(rows: Sequence[Row]) -> str:
    head = [
        "database", "instance", "asked", "planned", "gap",
        "load s", "check s", "book s", "solve s", "reasons s", "database / solve",
    ]  # fmt: skip
    cells = [
        [
            row.database,
            row.instance,
            number(row.asked),
            number(row.planned),
            percent(row.gap),
            *(number(s, 1) for s in (row.load, row.check, row.book, row.solve, row.explain)),
            number(row.ratio, 2),
        ]
        for row in rows
    ]
    return markdown(head, cells)
