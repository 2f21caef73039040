"""`spreekuur demo`: plan a made-up service in a database of its own, and show what a planner would want to know."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from api.words import Words
from models import database
from models.runs import RunState
from scheduler.actor import NOBODY
from scheduler.demo import DemoWorld
from scheduler.demo.horizon import DAYS, START
from scheduler.demo.living import bring_to_life, eve
from scheduler.demo.picture import load_picture
from scheduler.planning.lease import Busy
from scheduler.planning.night import RunSettings
from scheduler.planning.run import plan_open_requests
from scheduler.planning.watch import OnProgress
from solver.aims import BEST_GREEDY, FIRST_COME, Baseline
from solver.facts import Instance
from solver.files.plan import assignments_as_file
from solver.files.writing import write_content
from solver.process import Solved
from solver.scarcity import Scarcity
from solver.why_not import Explanation

DATABASE = "demo.db"
"""Not the name that a service's own database has by default."""
URGENT = 100
"""The priority of an urgent request."""
CHANGES_TOLD = 8
"""Kinds of change that the report counts."""
SHORTAGES_TOLD = 3
"""Shortages that the report tells, the largest first."""
BOTTLENECKS_TOLD = 5
"""Places that the report names for an hour more."""
TOLD_IN_FULL = 8
"""Unplanned requests that the report describes one by one; the table file has them all."""


def labels(world: DemoWorld) -> dict[str, str]:
    """What people call the ids of the demo world."""
    names = {one.id: one.town for one in world.locations.values()}
    names |= {one.id: one.label for one in world.practitioners.values()}
    names |= {one.id: one.label for one in world.employees.values()}
    return names | {one.id: one.english for one in world.types.values()}


def write_world(world: DemoWorld, folder: Path) -> Path:
    """The demo's instance as a file; returns where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "instance.json"
    file.write_text(json.dumps(world.instance, ensure_ascii=False), encoding="utf-8")
    return file


def write_unplanned(
    words: Words, instance: Instance, left: Sequence[Explanation], file: Path
) -> None:
    """Every request that is left out, a line each: what stands in the way, and what would help."""
    with file.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["request", "employee", "type", "priority", "in the way", "would help"])
        for explanation in left:
            request = instance.requests[explanation.request]
            table.writerow(
                [
                    request.id,
                    words.name(instance.employees[request.employee]),
                    words.name(instance.types[request.type].id),
                    request.priority,
                    words.obstacles(explanation),
                    words.offers(explanation),
                ]
            )


@dataclass(frozen=True, slots=True)
class Run:
    """A planned demo world, and the folder where its files are. `run_id`: in its database."""

    world: DemoWorld
    instance: Instance
    solved: Solved
    left: Sequence[Explanation]
    drafts: int
    run_id: UUID
    folder: Path


class DemoFailedError(Exception):
    """The run over the demo's database failed."""


def play(
    world: DemoWorld, folder: Path, seed: int, time_limit: float, on_progress: OnProgress
) -> Run:
    """Put the world into a new database in that folder, plan it there, and write the plan as a file beside it.

    Raises:
        DemoFailedError: the run failed.
    """
    write_world(world, folder)
    for ending in ("", "-wal", "-shm"):
        (folder / f"{DATABASE}{ending}").unlink(missing_ok=True)
    engine = database.engine(f"sqlite:///{folder / DATABASE}")
    try:
        imported = bring_to_life(engine, world)
        settings = RunSettings(
            from_day=world.start_date, days=DAYS, seed=seed, time_limit=time_limit
        )
        result = plan_open_requests(
            engine, settings, now=eve(world), by=NOBODY, on_progress=on_progress
        )
    finally:
        engine.dispose()
    if isinstance(result, Busy) or result.state is not RunState.DONE:
        trouble = "" if isinstance(result, Busy) else result.report.get("trouble")
        raise DemoFailedError(trouble or "somebody else plans in its database")
    (zone,) = result.zones
    # the database does not keep the name of the file; its ids it does
    plan = result.files[zone.zone] | {"instance": world.instance["name"]}
    write_content(plan, folder / "plan.json")
    return Run(
        world,
        zone.facts.instance,
        zone.solved,
        zone.left_out,
        len(imported.drafts),
        result.run_id,
        folder,
    )


def report(console: Console, run: Run) -> None:
    """Print the report of the run, and write its picture and its table."""
    words = Words(run.instance, labels(run.world))
    console.print(Panel(_headline(run), title="Spreekuur: three weeks, planned"))
    console.print(_comparison(run.solved))
    if run.solved.scarcity.shortages:
        console.print(_shortages(words, run.solved.scarcity))
    if run.solved.scarcity.bottlenecks:
        console.print(_bottlenecks(words, run.solved.scarcity))
    console.print(_what_would_help(words, run.left))
    for explanation in run.left[:TOLD_IN_FULL]:
        console.print(_in_full(words, run.instance, explanation))
    write_unplanned(words, run.instance, run.left, run.folder / "unplanned.csv")
    plan = {"assignments": assignments_as_file(run.instance, run.solved.plan)}
    load_picture(run.world, plan, run.folder / "load.png")
    console.print(_what_next(run))


def _headline(run: Run) -> str:
    instance, solved = run.instance, run.solved
    asked, planned = len(instance.requests), len(solved.plan)
    urgent = sum(r.priority == URGENT for r in instance.requests)
    urgent_planned = sum(instance.requests[a.request].priority == URGENT for a in solved.plan)
    sentences = [
        (
            f"[bold]{planned:,} of {asked:,} requests planned[/] ({planned / asked:.1%}),"
            f" {urgent_planned} of {urgent} urgent ones;"
            f" {len(instance.appointments):,} appointments that stood are untouched."
            f" {run.drafts} more are drafts: their employees have one of that type already."
        ),
        "Checked by an independent checker: every rule is kept.",
    ]
    # a run that was cut off early has no baselines
    if first := solved.compared.get(FIRST_COME):
        more = solved.score.weight / first.score.weight - 1
        comparison = (
            f"Weighted by priority that is [bold]{more:.0%} more[/] than first come, first served,"
            f" which plans {first.planned:,}."
        )
        sentences.insert(1, comparison)
    if solved.gap is not None:
        proof = (
            f"Proven: no plan weighs more than {solved.bound:,}; this one weighs"
            f" {solved.score.weight:,}, so it is [bold]at most {solved.gap:.2%}[/] from the best."
        )
        sentences.insert(-1, proof)
    return "\n".join(sentences)


def _comparison(solved: Solved) -> Table:
    table = Table(title="Against simpler ways of planning", title_justify="left")
    table.add_column("")
    for heading in ("planned", "weight", "seniority", "preference", "gap minutes"):
        table.add_column(heading, justify="right")
    names = {FIRST_COME: "first come, first served", BEST_GREEDY: "best greedy"}
    rows = {names[key]: row for key, row in solved.compared.items()}
    rows["planned together"] = Baseline(len(solved.plan), solved.score)
    for name, row in rows.items():
        table.add_row(name, *(f"{number:,}" for number in row.as_file().values()))
    if solved.bound is not None:
        table.add_row("no plan has more than", "", f"{solved.bound:,}", "", "", "")
    return table


def _shortages(words: Words, scarcity: Scarcity) -> str:
    """The largest shortages, a sentence each; no plan could do better there."""
    told = scarcity.shortages[:SHORTAGES_TOLD]
    lines = [f"[bold]Shortages[/] ({len(scarcity.shortages)}, whatever is planned)"]
    lines += [f"  {words.shortage(shortage)}" for shortage in told]
    return "\n".join(lines)


def _bottlenecks(words: Words, scarcity: Scarcity) -> Table:
    """Where a clinic would be added first."""
    table = Table(title="Where an hour more would help most", title_justify="left")
    table.add_column("place, day, practitioner and types")
    table.add_column("weight", justify="right")
    table.add_column("requests", justify="right")
    for place in scarcity.bottlenecks[:BOTTLENECKS_TOLD]:
        table.add_row(words.bottleneck(place), f"{place.worth:.1f}", f"{place.requests:.1f}")
    return table


def _what_would_help(words: Words, left: Sequence[Explanation]) -> Table:
    """How many of those left out each smallest change would let in, one at a time."""
    table = Table(title=f"What would let the {len(left)} others in", title_justify="left")
    table.add_column("this change, to one request alone")
    table.add_column("requests", justify="right")
    changes = Counter(words.kind(offer) for e in left for offer in e.offers)
    for change, count in changes.most_common(CHANGES_TOLD):
        table.add_row(change, f"{count:,}")
    if len(changes) > CHANGES_TOLD:
        table.add_row(f"{len(changes) - CHANGES_TOLD} rarer changes", "")
    hopeless = sum(not explanation.offers for explanation in left)
    table.add_row("nothing that a planner may change", f"{hopeless:,}")
    return table


def _in_full(words: Words, instance: Instance, explanation: Explanation) -> str:
    request = instance.requests[explanation.request]
    who = words.name(instance.employees[request.employee])
    kind = words.name(instance.types[request.type].id)
    urgent = ", urgent" if request.priority == URGENT else ""
    return (
        f"[bold]{request.id}[/] {who}, {kind}{urgent}\n"
        f"  in the way: {words.obstacles(explanation)}\n"
        f"  would help: {words.offers(explanation)}"
    )


def _what_next(run: Run) -> Panel:
    folder, command = run.folder, Path(sys.argv[0])
    url = f"sqlite:///{folder / DATABASE}"
    text = f"""\
[bold]{folder}/load.png[/]       the load of each location on each day
[bold]{folder}/unplanned.csv[/]  all {len(run.left)} that are left out, with reasons
[bold]{folder}/plan.json[/]      the plan with its certificate
[bold]{folder}/{DATABASE}[/]   the database in which it is booked

Check it:       {command} check {folder}/instance.json {folder}/plan.json
Take it back:   {command} plan --database {url} --take-back {run.run_id}
Plan it again:  {command} plan --database {url} --from {START} --days {DAYS} --time-limit 60
Without one:    {command} solve {folder}/instance.json --time-limit 60 -o {folder}/longer.json
Another world:  {command} demo --seed 2
Or change a request in {folder}/instance.json, and see what becomes of the plan."""
    return Panel(text, title="What to try next")
