"""The command line: `spreekuur solve`, `check`, `why`, `demo`, and on the database `db`, `import`, `export`.

Exit codes: 0 = done; 1 = a plan breaks rules; 2 = malformed input or usage, or a database that cannot be
used; 3 = no plan was found.
"""

import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from api import planning, records, serving, working
from api.asked import LONGEST_RUN, Iterations, Seed, Workers
from api.complaints import complain, errors
from api.progress import watched
from api.settings import UnusableDatabaseError
from api.why import answer, known_request
from solver.check import check as broken_rules
from solver.facts import Instance, Plan
from solver.files.instance import read_instance
from solver.files.plan import plan_as_file, read_plan
from solver.files.reading import STANDARD_INPUT, MalformedInputError, digest, printable
from solver.files.writing import refuse_as_target, write_content
from solver.options import Options
from solver.process import GaveUp, Solved, plan
from solver.score import score
from solver.versions import versions
from solver.why_not import Explanation, seconds_needed, why_not

BREAKS_RULES = 1
MALFORMED = 2
NO_PLAN = 3

app = typer.Typer(
    help="Appointment scheduling for occupational health services.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The console script: every known trouble is one line on standard error and an exit code."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        app()
    except (MalformedInputError, UnusableDatabaseError) as error:
        complain(str(error))
        sys.exit(MALFORMED)


def _stop(signal_number: int, _: object) -> None:
    """End as an error would, so that no child and no half-written file is left behind."""
    sys.exit(128 + signal_number)


@app.command()
def solve(
    instance: Annotated[Path, typer.Argument(help="instance file, .json or .json.gz")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="plan file; standard output without")
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(min=0.1, max=LONGEST_RUN, help="seconds of wall time, loading included"),
    ] = 30.0,
    iterations: Iterations = None,
    seed: Seed = 1,
    workers: Workers = 2,
) -> None:
    """Plan all requests of an instance together, and say why the others could not be."""
    # what this process has computed so far was starting up: it counts as well
    began = time.monotonic() - time.process_time()
    reading = time.monotonic()
    problem = read_instance(instance)
    reading = time.monotonic() - reading
    source = digest(instance)
    if output is not None:
        refuse_as_target(output, instance)
    options = Options(
        time_limit=_for_the_search(time_limit, began, reading, problem),
        iterations=iterations,
        seed=seed,
        workers=workers,
    )
    solved = plan_or_exit(problem, options)
    explained = time.monotonic()
    left_out = why_not(problem, solved.plan)
    solved.seconds["reasons"] = time.monotonic() - explained
    _write(problem, solved, left_out, source, options, output)


@app.command()
def check(
    instance: Annotated[Path, typer.Argument(help="instance file, .json or .json.gz")],
    plan_file: Annotated[
        Path, typer.Argument(metavar="[PLAN]", help="plan file; standard input without")
    ] = STANDARD_INPUT,
) -> None:
    """Check a plan against every rule, and print its score."""
    problem = read_instance(instance)
    assignments = read_plan(plan_file, problem)
    _exit_where_broken(problem, assignments)
    typer.echo(json.dumps(score(problem, assignments).as_file()))


@app.command()
def why(
    instance: Annotated[Path, typer.Argument(help="instance file, .json or .json.gz")],
    plan_file: Annotated[
        Path, typer.Argument(metavar="PLAN", help="plan file, or - for standard input")
    ],
    request: Annotated[str, typer.Argument(help="id of one request of the instance")],
) -> None:
    """Say why a request is not in a plan, what would let it in, and who holds its places."""
    problem = read_instance(instance)
    index = known_request(problem, instance, request)
    assignments = read_plan(plan_file, problem)
    _exit_where_broken(problem, assignments)
    for line in answer(problem, assignments, index):
        typer.echo(printable(line))


@app.command()
def demo(
    seed: Annotated[int, typer.Option(min=0, help="another seed, another world")] = 1,
    requests: Annotated[
        int | None, typer.Option(min=500, help="how many open requests; 2000, or 800 to serve")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(min=1, help="seconds for planning; 20, or 8 to serve")
    ] = None,
    folder: Annotated[Path, typer.Option(help="where the files go")] = Path("demo-output"),
    serve: Annotated[  # noqa: FBT002 (a switch of the command line)
        bool, typer.Option("--serve", help="open the pages on a week that is going on, today in it")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="to serve on; 0: one that is free")
    ] = 8000,
) -> None:
    """Plan three weeks of a made-up service, and show the report; or serve the pages on a living week of it."""
    if serve:
        asked = {"seed": seed, "requests": requests, "time_limit": time_limit}
        _serve_demo(folder, {name: one for name, one in asked.items() if one is not None}, port)
    else:
        _show_demo(folder, seed, requests or 2000, time_limit or 20.0)


def _show_demo(folder: Path, seed: int, requests: int, time_limit: float) -> None:
    # only here: drawing is slow to load
    from api import demo as showing  # noqa: PLC0415
    from scheduler.demo import demo_world  # noqa: PLC0415

    world = demo_world(seed, requests)
    try:
        with watched(errors) as on_progress:
            run = showing.play(world, folder, seed, time_limit, on_progress)
    except showing.DemoFailedError as error:
        complain(f"no plan: {error}")
        raise typer.Exit(NO_PLAN) from None
    showing.report(Console(), run)


def _serve_demo(folder: Path, asked: dict[str, Any], port: int) -> None:
    from api import demo_serving  # noqa: PLC0415
    from api.demo import DemoFailedError  # noqa: PLC0415
    from scheduler import clock  # noqa: PLC0415

    # first of all: whoever cannot be reached need not make a world, nor undo that of another who can
    with serving.listen("127.0.0.1", port) as listening:
        week = demo_serving.Week(clock.now(), **asked)
        try:
            with watched(errors) as on_progress:
                made = demo_serving.make(folder, week, on_progress)
        except DemoFailedError as error:
            complain(f"no plan: {error}")
            raise typer.Exit(NO_PLAN) from None
        demo_serving.serve(listening, folder, made, Console())


def _exit_where_broken(problem: Instance, assignments: Plan) -> None:
    """Name each rule that the plan breaks, and exit; go on where it keeps them all."""
    broken = broken_rules(problem, assignments)
    for violation in broken:
        line = f"{violation.rule}: {', '.join(violation.involved)}: {violation.detail}"
        typer.echo(printable(line))
    if broken:
        raise typer.Exit(BREAKS_RULES)


def plan_or_exit(problem: Instance, options: Options) -> Solved:
    """Plan, with a progress line on a terminal; exit with a message where there is no plan."""
    with watched(errors) as on_progress:
        solved = plan(problem, options, on_progress)
    if isinstance(solved, GaveUp):
        complain(f"no plan: {solved.reason}")
        raise typer.Exit(NO_PLAN)
    if solved.trouble:
        complain(f"{solved.trouble}; this is the best it had found")
    return solved


def _write(
    problem: Instance,
    solved: Solved,
    left_out: Sequence[Explanation],
    source: str,
    options: Options,
    output: Path | None,
) -> None:
    """Write the plan file, certificate and all; `source` is the digest of its instance."""
    run = {"seed": options.seed, "versions": versions(), "input": source}
    write_content(plan_as_file(problem, solved, left_out, run), output)


def _for_the_search(time_limit: float, began: float, reading: float, problem: Instance) -> float:
    """The seconds left for planning, with some kept for checking, the reasons and writing.

    `reading`: seconds that it took to read the instance, which tells how slow the machine is today.
    """
    asked, blocks = len(problem.requests), len(problem.availabilities)
    afterwards = seconds_needed(asked, blocks)
    slower = max(1.0, reading / (SECONDS_TO_READ * max(1, asked + blocks)))
    return max(0.1, time_limit - (time.monotonic() - began) - afterwards * slower)


SECONDS_TO_READ = 4e-5
"""For each request and availability, on the machine on which the other costs were measured."""

records.register(app)
planning.register(app)
serving.register(app)
working.register(app)
