"""`peers`: other ways of planning on the same instance, with the same time limit, as processes."""

import json
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.inputs import Input
from benchmarks.machine import Record
from benchmarks.measured import measured
from benchmarks.peers import NO_PLAN, PEERS
from benchmarks.quality import BrokenPlanError, Problem, Quality, checked
from benchmarks.solving import Row, solved
from benchmarks.tables import markdown, number, percent
from solver.options import gap

OURS = "spreekuur"
LATE = 2.0
"""Seconds past its limit after which a peer is stopped by force."""

FOOTNOTE = """\
All on the same instance with the same limit of wall time, model building included; every plan passed
`spreekuur check`. *Gap*: to the bound that spreekuur proves. *Chosen*: the weight of what the peer's
model chose; *placed*: of what is left when it is placed with all rules; *weight*: with whoever still
fits after that: where little was chosen, the weight is that of the greedy filling. Peers aim at the
weight alone. Timefold is left out: its Python edition has ended, and
takes longer to start than these limits leave."""


@dataclass(frozen=True, slots=True)
class PeerRow:
    """One peer on one instance. `limit`, `wall`: seconds. `quality`, `gap`: None without a plan.

    `bound`, `chosen`, `placed`, `note`: see `benchmarks.peers.Answer`.
    """

    instance: str
    source: str
    peer: str
    text: str
    limit: float
    wall: float
    peak_mib: int
    requests: int
    gap: float | None
    ratio: float | None
    """The peer's weight, of spreekuur's."""
    bound: int | None
    chosen: int | None
    placed: int | None
    note: str
    quality: Quality | None

    def as_json(self) -> dict[str, Any]:
        """All figures side by side, those of the quality (or None for each) among them."""
        flat = asdict(self)
        quality = flat.pop("quality") or dict.fromkeys(field.name for field in fields(Quality))
        return {**flat, **quality}


def benchmark(
    inputs: Iterable[Input], peers: Sequence[str], seconds: float, record: Record
) -> None:
    """Every peer that can run here on every instance; says loudly which cannot."""
    able = [peer for peer in peers if _can_run(peer)]
    rows: list[PeerRow] = []
    with tempfile.TemporaryDirectory() as folder:
        for given in inputs:
            problem = Problem.of(given, Path(folder))
            ours = solved(problem, seconds)[0]
            rows.append(_ours(ours))
            _tell(rows, record)
            for peer in able:
                if not _is_asked(peer, problem):
                    continue
                rows.append(opposed(problem, peer, ours))
                _tell(rows, record)
    print(f"\n{table(rows)}\n")


def _tell(rows: Sequence[PeerRow], record: Record) -> None:
    row = rows[-1]
    weight = f"weight {row.quality.weight:,}" if row.quality else "no plan"
    print(f"{row.instance}, {row.peer}: {weight}, {row.wall:.1f} s {row.note}", flush=True)
    record.write({"rows": [row.as_json() for row in rows]}, table(rows))


def _can_run(peer: str) -> bool:
    missing = PEERS[peer].missing()
    if missing:
        print(f"LEFT OUT: {peer} takes {', '.join(missing)}: pip install -e '.[bench]'")
    return not missing


def _is_asked(peer: str, problem: Problem) -> bool:
    up_to, requests = PEERS[peer].up_to, len(problem.instance.requests)
    asked = up_to is None or requests <= up_to
    if not asked:
        print(
            f"LEFT OUT: {peer} plans {up_to} requests at most, {problem.input.name} has {requests}"
        )
    return asked


def _ours(row: Row) -> PeerRow:
    return PeerRow(
        instance=row.instance,
        source=row.source,
        peer=OURS,
        text="all requests together",
        limit=row.limit,
        wall=row.wall,
        peak_mib=row.peak_mib,
        requests=row.requests,
        gap=row.gap,
        ratio=1.0,
        bound=row.bound,
        chosen=None,
        placed=None,
        note=row.trouble or "",
        quality=row.quality,
    )


def opposed(problem: Problem, peer: str, ours: Row) -> PeerRow:
    """Run one peer, and have its plan checked."""
    told: dict[str, Any] = {"bound": None, "chosen": None, "placed": None}
    quality: Quality | None = None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        command = [sys.executable, "-m", "benchmarks.peers", peer, str(problem.file)]
        limits = ["--seconds", str(ours.limit), "--began", str(time.time())]
        run = measured([*command, "-o", str(file), *limits], ours.limit + LATE)
        if run.code == 0:
            content = json.loads(file.read_text("utf-8"))
            told = {key: content["peer"][key] for key in told}
            note = content["peer"]["note"]
            try:
                quality = checked(problem, file, content)
            except BrokenPlanError as broken:
                note = f"THROWN AWAY: {broken}"
        elif run.code is None:
            note = f"no plan by its limit: stopped {LATE:.0f} s after it"
        else:
            said = run.err.strip().rpartition("\n")[2]
            note = f"{'no plan' if run.code == NO_PLAN else 'FAILED'}: {said}"
    return PeerRow(
        instance=problem.input.name,
        source=problem.input.source,
        peer=peer,
        text=PEERS[peer].text,
        limit=ours.limit,
        wall=run.wall,
        peak_mib=run.peak_mib,
        requests=len(problem.instance.requests),
        gap=gap(quality.weight, ours.bound) if quality else None,
        ratio=round(quality.weight / max(1, ours.quality.weight), 4) if quality else None,
        note=note,
        quality=quality,
        **told,
    )


def table(rows: Iterable[PeerRow]) -> str:
    """A line for each peer and instance."""
    headings = (
        "instance", "peer", "model", "limit", "wall", "peak", "planned", "chosen", "placed",
        "weight", "of spreekuur's", "gap", "own bound", "seniority", "preference",
        "unusable gap minutes", "urgent left out (with an option)", "note",
    )  # fmt: skip
    return f"{markdown(headings, (_cells_of(row) for row in rows))}\n\n{FOOTNOTE}"


def _cells_of(row: PeerRow) -> Sequence[str]:
    q = row.quality
    return (
        row.instance,
        row.peer,
        row.text,
        f"{row.limit:.0f} s",
        f"{row.wall:.1f} s",
        f"{row.peak_mib:,} MiB",
        f"{q.planned:,} of {row.requests:,}" if q else "none",
        number(row.chosen),
        number(row.placed),
        number(q.weight if q else None),
        number(row.ratio, 3),
        percent(row.gap),
        number(row.bound),
        number(q.seniority if q else None),
        number(q.preference if q else None),
        number(q.unusable_gap_minutes if q else None),
        f"{q.urgent_left_out} of {q.urgent_with_option}" if q else "",
        row.note,
    )
