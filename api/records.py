"""The commands on the database: `spreekuur db`, `spreekuur import`, `spreekuur export`.

What they need is loaded when they run: the commands on files wait for no database.
"""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api.asked import Days, FirstDay
from api.settings import DATABASE, DEFAULT_DATABASE, UnusableDatabaseError, database_url
from scheduler import clock
from solver.files.reading import MalformedInputError, printable
from solver.files.writing import refuse_as_target, write_content

db = typer.Typer(
    help="The tables of the database, and the guards that keep them.", no_args_is_help=True
)

Database = Annotated[
    str | None,
    typer.Option(help=f"URL of the database; without it {DATABASE}, else {DEFAULT_DATABASE}"),
]


def _zone(name: str | None) -> str | None:
    if name is not None:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise typer.BadParameter(
                f"{name!r} is no time zone; give one like Europe/Amsterdam"
            ) from None
    return name


def register(app: typer.Typer) -> None:
    """Add the commands to those there are."""
    app.add_typer(db, name="db")
    app.command("import")(import_)
    app.command()(export)


@db.command()
def upgrade(database: Database = None) -> None:
    """Bring the tables and guards to those of this version; make the database where there is none."""
    from api.opening import opened, shown  # noqa: PLC0415
    from models import migrations  # noqa: PLC0415

    url = database_url(database)
    with opened(url) as engine:
        migrations.upgrade(engine)
    typer.echo(f"{shown(url)}: tables and guards are those of this version")


@db.command()
def check(database: Database = None) -> None:
    """Compare the tables and guards with those of this version, column by column."""
    from api.opening import served, shown  # noqa: PLC0415
    from models import migrations  # noqa: PLC0415

    url = database_url(database)
    with served(url) as engine:
        migrations.check(engine)
    typer.echo(f"{shown(url)}: tables and guards are as they should be")


def import_(
    file: Annotated[Path, typer.Argument(help="instance file, .json or .json.gz")],
    database: Database = None,
    country: Annotated[str, typer.Option(help="its holidays hold; two letters")] = "NL",
    time_zone: Annotated[
        str, typer.Option(callback=_zone, help="of its locations")
    ] = "Europe/Amsterdam",
) -> None:
    """Put the world of an instance file into the database: all of it, or nothing."""
    from api.opening import served, shown  # noqa: PLC0415
    from models.database import writing  # noqa: PLC0415
    from scheduler.exchange import import_instance  # noqa: PLC0415
    from scheduler.loading.calendar import UnknownCalendarError  # noqa: PLC0415

    url = database_url(database)
    try:
        with served(url) as engine, writing(engine) as session:
            done = import_instance(
                session, file, country=country, time_zone=time_zone, now=clock.now()
            )
    except UnknownCalendarError as error:
        raise MalformedInputError(file, "", str(error)) from None
    numbers = ", ".join(f"{number} {table}" for table, number in done.rows.items() if number)
    typer.echo(f"{shown(url)}: {printable(numbers.replace('_', ' '))}")
    if done.drafts:
        typer.echo(f"drafts, for the employee has one of that type already: {_listed(done.drafts)}")
    if done.completed:
        typer.echo(f"completed, for the practitioner is excluded: {_listed(done.completed)}")


def _listed(ids: tuple[str, ...]) -> str:
    return printable(", ".join(ids))


def export(
    file: Annotated[Path, typer.Argument(help="instance file to write, .json or .json.gz")],
    database: Database = None,
    from_: FirstDay = None,
    days: Days = None,
    time_zone: Annotated[
        str | None,
        typer.Option(callback=_zone, help="of the locations; the only one there is without"),
    ] = None,
) -> None:
    """Write what automatic planning would be given as an instance file."""
    from api.opening import files_of, served, shown  # noqa: PLC0415
    from models.database import reading  # noqa: PLC0415
    from scheduler import exchange  # noqa: PLC0415
    from scheduler.loading.calendar import UnknownCalendarError  # noqa: PLC0415

    url = database_url(database)
    try:
        with served(url) as engine, reading(engine) as session:
            refuse_as_target(file, *files_of(engine.url))
            content = exchange.export(
                session,
                now=clock.now(),
                zone=time_zone,
                from_day=from_ and from_.date(),
                days=days,
            )
    except (exchange.UnwritableError, UnknownCalendarError) as error:
        raise UnusableDatabaseError(f"{shown(url)}: {error}") from None
    write_content(content, file)
