"""`spreekuur plan`: plan the open requests of the database, or take such a run back.

Exit codes: 0 = done, or somebody else is at it; 2 = malformed usage, or a database that cannot be used;
3 = the run failed. What it needs is loaded when it runs: the commands on files wait for no database.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from api.asked import LONGEST_RUN, Days, FirstDay, Iterations, Seed, Workers
from api.complaints import complain, errors
from api.progress import watched
from api.records import Database
from api.settings import UnusableDatabaseError, database_url
from api.working import RedisUrl, bell
from scheduler import clock
from solver.files.reading import printable
from solver.files.writing import refuse_as_target, write_content

if TYPE_CHECKING:
    from scheduler.planning.night import RunSettings
    from scheduler.planning.sharing import Ring

FAILED = 3


def register(app: typer.Typer) -> None:
    """Add the command to those there are."""
    app.command()(plan)


def plan(  # noqa: PLR0913, PLR0917 (typer makes each option out of an argument)
    database: Database = None,
    from_: FirstDay = None,
    days: Days = None,
    preview: Annotated[bool, typer.Option("--preview", help="plan and show, book nothing")] = False,  # noqa: FBT002
    time_limit: Annotated[
        float, typer.Option(min=0.1, max=LONGEST_RUN, help="seconds for the whole run")
    ] = 30.0,
    iterations: Iterations = None,
    seed: Seed = 1,
    workers: Workers = 2,
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,  # noqa: FBT002
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="write the plan as a file, too; one for each zone"),
    ] = None,
    taken_back: Annotated[
        UUID | None,
        typer.Option("--take-back", metavar="RUN", help="take back what that run has booked"),
    ] = None,
    redis: RedisUrl = None,
) -> None:
    """Plan all open requests together, book them, and say why the others could not be."""
    url = database_url(database)
    if taken_back is not None:
        if preview or output is not None:
            raise typer.BadParameter("--take-back plans nothing: leave --preview and --output out")
        _take_back(url, taken_back, as_json=as_json)
        return
    from scheduler.planning.night import RunSettings  # noqa: PLC0415

    settings = RunSettings(
        from_day=from_ and from_.date(),
        days=days,
        time_limit=time_limit,
        iterations=iterations,
        seed=seed,
        workers=workers,
        preview=preview,
    )
    with bell(redis) as rings:
        _plan(url, settings, output, None if rings is None else rings.help, as_json=as_json)


def _plan(
    url: str,
    settings: "RunSettings",
    output: Path | None,
    ring: "Ring | None",
    *,
    as_json: bool,
) -> None:
    from api.opening import files_of, served, shown  # noqa: PLC0415
    from api.planned import busy, labels, report  # noqa: PLC0415
    from models.runs import RunState  # noqa: PLC0415
    from scheduler.actor import NOBODY  # noqa: PLC0415
    from scheduler.loading.calendar import UnknownCalendarError  # noqa: PLC0415
    from scheduler.planning.lease import Busy, LostLeaseError  # noqa: PLC0415
    from scheduler.planning.run import plan_open_requests  # noqa: PLC0415

    with served(url) as engine:
        if output is not None:
            refuse_as_target(output, *files_of(engine.url))
        try:
            with watched(errors) as on_progress:
                result = plan_open_requests(
                    engine,
                    settings,
                    now=clock.now(),
                    by=NOBODY,
                    on_progress=on_progress,
                    ring=ring,
                )
        except UnknownCalendarError as error:
            raise UnusableDatabaseError(f"{shown(url)}: {error}") from None
        except LostLeaseError:
            complain("this run was away for too long, and is not the one that runs any more")
            raise typer.Exit(FAILED) from None
        if isinstance(result, Busy):
            _say(busy(result), {"since": result.since.isoformat()}, as_json=as_json)
            return
        said = report(result, settings, shown(url), labels(engine))
    told = {"run": str(result.run_id), "state": result.state.value, "database": shown(url)}
    for number, file in enumerate(result.files.items()):
        if output is not None:
            write_content(file[1], _named(output, file[0]) if number else output)
    _say(said, told | dict(result.report), as_json=as_json)
    trouble = result.report.get("trouble")
    if result.state is not RunState.FAILED and trouble:
        complain(f"{trouble}; this is the best it had found")
    if result.state is RunState.FAILED:
        complain(f"the run failed: {trouble}")
        raise typer.Exit(FAILED)


def _named(output: Path, zone: str) -> Path:
    """The file of a further time zone: beside the first one's, with the zone in its name."""
    stem, *endings = output.name.split(".")
    return output.with_name(".".join([f"{stem}-{zone.replace('/', '-')}", *endings]))


def _take_back(url: str, run_id: UUID, *, as_json: bool) -> None:
    from api.opening import served  # noqa: PLC0415
    from api.planned import refusal, taken_back  # noqa: PLC0415
    from scheduler.actor import NOBODY  # noqa: PLC0415
    from scheduler.planning.taking_back import RUN_GOES_ON, take_back  # noqa: PLC0415
    from scheduler.refusals import RefusedError  # noqa: PLC0415

    try:
        with served(url) as engine:
            taken = take_back(engine, run_id, by=NOBODY, now=clock.now())
    except RefusedError as error:
        first = error.refusals[0]
        if first.code != RUN_GOES_ON:
            raise typer.BadParameter(refusal(first)) from None
        complain(refusal(first))
        raise typer.Exit(FAILED) from None
    told = {
        "run": str(run_id),
        "taken": [str(key) for key in taken.taken],
        "kept": {str(key): why for key, why in taken.kept.items()},
    }
    _say(taken_back(run_id, taken), told, as_json=as_json)


def _say(lines: list[str], content: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(content, ensure_ascii=False))
        return
    for line in lines:
        typer.echo(printable(line))
