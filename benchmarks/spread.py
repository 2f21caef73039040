"""`spread`: one run by one worker and by several, on PostgreSQL and Redis: how much sooner it is done, and whether the plan is the same.

Each run is a preview from the same state, with the same iterations, one thread in each worker. The ratio is of the
seconds of the solving: the shares, and the whole once more from what they found.
"""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from uuid import UUID

import psutil
from sqlalchemy import Engine, select

from benchmarks.databases import empty
from benchmarks.inputs import Input
from benchmarks.machine import Record
from benchmarks.tables import markdown, number, percent
from models import migrations
from models.database import reading, writing
from models.runs import RunOutcome, RunState
from scheduler.exchange import import_instance
from scheduler.planning.night import RunSettings
from solver.files.instance import read_content
from tests.servers import started_redis
from tests.workers import Fleet, a_fleet

COUNTRY, ZONE = "NL", "Europe/Amsterdam"
MIB = 1 << 20
SAMPLED_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class Row:
    """One run. `ratio`: against the first row of the instance. `database`: share of the run's seconds that are no solving or reasons.

    `memory`: the peak of one worker and its child, in MiB; pages that both have are counted twice.
    """

    instance: str
    workers: int
    asked: int
    planned: int
    gap: float | None
    wall: float
    solve: float
    ratio: float
    same: bool
    database: float
    memory: int
    report: dict[str, float] = field(repr=False, default_factory=dict)


def benchmark(
    chosen: Sequence[Input], workers: Sequence[int], iterations: int, record: Record
) -> list[Row]:
    """Plan each instance by each number of workers, and write what was found."""
    rows: list[Row] = []
    for source in chosen:
        for row in _measured(source, workers, iterations):
            rows.append(row)
            print(asdict(row), flush=True)
            record.write({"rows": [asdict(one) for one in rows]}, _table(rows))
    return rows


def _measured(source: Input, workers: Sequence[int], iterations: int) -> Iterator[Row]:
    with empty("postgresql") as engine, tempfile.TemporaryDirectory() as folder:
        # workers go by the clock on the wall, so it begins next Monday
        first = date.today() + timedelta(days=7 - date.today().weekday())  # noqa: DTZ011 (a day either way is no matter)
        content = read_content(source.file(Path(folder)))
        content = content.model_copy(update={"start_date": first.isoformat()})
        eve = datetime.combine(first - timedelta(days=1), time(12), tzinfo=UTC)
        migrations.upgrade(engine)
        with writing(engine) as session:
            import_instance(session, content, country=COUNTRY, time_zone=ZONE, now=eve)
        settings = RunSettings(
            from_day=first, days=content.days, iterations=iterations, workers=1, preview=True
        )
        before: tuple[float, dict[UUID, object]] | None = None
        for count in workers:
            with started_redis() as redis, a_fleet(engine, redis, count) as fleet:
                row, placed = _run(source.name, engine, fleet, settings, count)
            solve, there = before or (row.solve, placed)
            before = solve, there
            yield Row(
                **{
                    **asdict(row),
                    "ratio": round(solve / row.solve, 2),
                    "same": there == placed,
                }
            )


def _run(
    name: str, engine: Engine, fleet: Fleet, settings: RunSettings, count: int
) -> tuple[Row, dict[UUID, object]]:
    fleet.await_idle(count)
    began = monotonic()
    with _peak(fleet) as peak:
        run = fleet.await_end(fleet.ask(settings), patience=7_200)
    wall = monotonic() - began
    if run.state is not RunState.DONE or run.report is None:
        raise RuntimeError(f"the run {run.state}: {run.report}, {fleet.told()}")
    seconds = run.report["seconds"]
    beside = seconds["solve"] + seconds.get("explain", 0.0)
    with reading(engine) as session:
        those = select(RunOutcome.request_id, RunOutcome.availability_id, RunOutcome.starts_at)
        placed: dict[UUID, object] = {
            key: (availability, start)
            for key, availability, start in session.execute(
                those.where(RunOutcome.run_id == run.id)
            )
        }
    gaps = [zone["gap"] for zone in run.report["zones"] if zone.get("gap") is not None]
    row = Row(
        instance=name,
        workers=count,
        asked=run.report["asked"],
        planned=run.report["planned"],
        gap=max(gaps, default=None),
        wall=round(wall, 1),
        solve=seconds["solve"],
        ratio=1.0,
        same=True,
        database=round(1 - beside / seconds["total"], 3),
        memory=peak[0] // MIB,
        report=seconds,
    )
    return row, placed


@contextmanager
def _peak(fleet: Fleet) -> Iterator[list[int]]:
    """The most bytes that one worker and its children had at once."""
    most, over = [0], threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLED_EVERY):
            most[0] = max([most[0], *(_bytes(one.pid) for one in fleet.alive)])

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield most
    finally:
        over.set()
        sampler.join()


def _bytes(pid: int) -> int:
    try:
        own = psutil.Process(pid)
        return sum(one.memory_info().rss for one in [own, *own.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def _table(rows: Sequence[Row]) -> str:
    head = [
        "instance", "workers", "asked", "planned", "gap", "wall s", "solve s", "× one worker",
        "same plan", "database", "MiB of a worker",
    ]  # fmt: skip
    cells = [
        [
            row.instance,
            number(row.workers),
            number(row.asked),
            number(row.planned),
            percent(row.gap),
            number(row.wall, 1),
            number(row.solve, 1),
            number(row.ratio, 2),
            "yes" if row.same else "NO",
            percent(row.database),
            number(row.memory),
        ]
        for row in rows
    ]
    return markdown(head, cells)
