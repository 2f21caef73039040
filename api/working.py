"""`spreekuur worker` does the planning runs that were asked for and helps with others'; `spreekuur scheduler` asks by timetable.

Both work without Redis, too: they look into the database now and then. With it workers are rung, and a
run is planned by as many as are idle. Exit codes: 0 = stopped by a signal, or nothing left to do; 2 = a
database or Redis that cannot be used. What they need is loaded when they run.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from api.records import Database
from api.settings import REDIS, UnusableDatabaseError, database_url

if TYPE_CHECKING:
    from scheduler.planning.bell import Bell

RedisUrl = Annotated[
    str | None,
    typer.Option(
        "--redis",
        metavar="URL",
        envvar=REDIS,
        help="rings workers; without it they look by themselves",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to those there are."""
    app.command()(worker)
    app.command()(scheduler)


def worker(
    database: Database = None,
    redis: RedisUrl = None,
    once: Annotated[bool, typer.Option("--once", help="end when nothing is left to do")] = False,  # noqa: FBT002
) -> None:
    """Do planning runs, and help with others', until a signal ends it."""
    from api.opening import served  # noqa: PLC0415
    from api.workers import ENDED_AMID, Hands, until_stopped  # noqa: PLC0415

    with served(database_url(database)) as engine, bell(redis) as rings, stopping() as stopped:
        hands = Hands(engine, rings)
        if once:
            signal.signal(signal.SIGTERM, lambda *_: os._exit(ENDED_AMID))
            typer.echo(f"{hands.look()} done")
            return
        typer.echo("waiting for runs")
        until_stopped(hands, redis, stopped)


def scheduler(database: Database = None, redis: RedisUrl = None) -> None:
    """Ask for the night's run when its hour has come, until a signal ends it."""
    from api.opening import served  # noqa: PLC0415
    from api.workers import timetable  # noqa: PLC0415

    with served(database_url(database)) as engine, bell(redis) as rings, stopping() as stopped:
        typer.echo("watching the clock")
        with timetable(engine, _nobody if rings is None else rings.ring).going():
            stopped.wait()


@contextmanager
def bell(url: str | None) -> Iterator["Bell | None"]:
    """The bell at that Redis, if there is one.

    Raises:
        UnusableDatabaseError: the URL is none. That Redis is away at this moment is no reason not to start.
    """
    if url is None:
        yield None
        return
    from api.workers import bell_at  # noqa: PLC0415

    try:
        found = bell_at(url)
    except ValueError as error:
        raise UnusableDatabaseError(f"the URL of Redis is none: {error}") from None
    try:
        yield found
    finally:
        found.close()


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set when a signal asks to end; what is going on comes to the end of its step."""
    stopped = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stopped.set())
    yield stopped


def _nobody() -> None:
    """There is no bell: workers look by themselves."""
