"""`spreekuur worker` does the planning runs that were asked for, helps with others', and sends; `spreekuur scheduler` asks by timetable.

Both work without Redis, too: they look into the database now and then. With it workers are rung, and a
run is planned by as many as are idle. A worker sends where it has the key of the secrets and knows where others reach the service. Exit codes: 0 = stopped by a signal, or nothing left to do; 2 = a
database or Redis that cannot be used. What they need is loaded when they run.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.records import Database
from api.settings import BASE_URL, REDIS, UnusableDatabaseError, database_url

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from api.senders import Bell as SendersBell
    from api.senders import Means
    from scheduler.planning.bell import Bell

Made = TypeVar("Made")

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
    base_url: Annotated[
        str | None,
        typer.Option(
            envvar=BASE_URL, help="where others reach the service; without, nothing is sent"
        ),
    ] = None,
) -> None:
    """Do planning runs, help with others', and send webhooks and mail, until a signal ends it.

    With --once only the runs are done.
    """
    from api.opening import served  # noqa: PLC0415
    from api.workers import ENDED_AMID, Hands, until_stopped  # noqa: PLC0415

    with served(database_url(database)) as engine, bell(redis) as rings, stopping() as stopped:
        hands = Hands(engine, rings)
        if once:
            signal.signal(signal.SIGTERM, lambda *_: os._exit(ENDED_AMID))
            typer.echo(f"{hands.look()} done")
            return
        means = _means(base_url)
        with _sending(engine, means, redis):
            typer.echo("waiting for runs" + ("" if means is None else ", and sending"))
            until_stopped(hands, redis, stopped)


def scheduler(database: Database = None, redis: RedisUrl = None) -> None:
    """Ask for the night's run when its hour has come, until a signal ends it."""
    from api.opening import served  # noqa: PLC0415
    from api.workers import timetable  # noqa: PLC0415

    with served(database_url(database)) as engine, bell(redis) as rings, stopping() as stopped:
        typer.echo("watching the clock")
        with timetable(engine, _nobody if rings is None else rings.ring).going():
            stopped.wait()


def _means(base_url: str | None) -> "Means | None":
    """By which this worker sends; nothing where it does not.

    Raises:
        UnusableDatabaseError: a key that is none, or a setting that cannot be read.
    """
    from api.senders import Means  # noqa: PLC0415
    from notifications import egress  # noqa: PLC0415
    from scheduler.access import vault  # noqa: PLC0415

    if not (base_url and os.environ.get(vault.SETTING)):
        return None
    try:
        client = egress.Client(egress.from_settings(os.environ))
        return Means(vault.from_settings(os.environ), base_url, client)
    except (vault.SecretKeyError, egress.SettingError) as error:
        raise UnusableDatabaseError(str(error)) from None


@contextmanager
def _sending(engine: "Engine", means: "Means | None", redis: str | None) -> Iterator[None]:
    """Send while this lasts."""
    from api.senders import Senders, listening  # noqa: PLC0415

    if means is None:
        yield
        return
    with senders_bell(redis) as rings:
        senders = Senders(engine, means, more=_nobody if rings is None else rings.ring)
        with senders.going(), listening(redis, senders):
            yield


@contextmanager
def senders_bell(url: str | None) -> Iterator["SendersBell | None"]:
    """As `bell`, of those who send."""
    from api.senders import Bell as SendersBell  # noqa: PLC0415

    if url is None:
        yield None
        return
    found = _made(SendersBell.at, url)
    try:
        yield found
    finally:
        found.close()


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

    found = _made(bell_at, url)
    try:
        yield found
    finally:
        found.close()


def _made(at: Callable[[str], Made], url: str) -> Made:
    try:
        return at(url)
    except ValueError as error:
        raise UnusableDatabaseError(f"the URL of Redis is none: {error}") from None


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set when a signal asks to end; what is going on comes to the end of its step."""
    stopped = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stopped.set())
    yield stopped


def _nobody() -> None:
    """There is no bell: workers look by themselves."""
