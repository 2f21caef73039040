"""`spreekuur serve`: the API over HTTP; and `spreekuur audit`: is the log as it was, its heads, whose data was looked at.

Exit codes: 0 = done, or stopped by a signal; 1 = the audit log is not as it was; 2 = malformed usage, a
database that cannot be used, or a start that is refused. What they need is loaded when they run.
"""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from api.records import Database
from api.settings import BASE_URL, UnusableDatabaseError, database_url
from api.working import RedisUrl, bell, senders_bell
from scheduler import clock

BROKEN = 1
BACKLOG = 1_024
GRACE = 20
"""Seconds for what is going on when the service is stopped."""

audit = typer.Typer(help="The log of who saw or changed what of whom.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to those there are."""
    app.command()(serve)
    app.add_typer(audit, name="audit")


def serve(
    database: Database = None,
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: one that is free")] = 8000,
    base_url: Annotated[
        str | None,
        typer.Option(envvar=BASE_URL, help="where others reach it; that address and port without"),
    ] = None,
    connections: Annotated[
        int,
        typer.Option(min=1, max=200, help="to the database: so many requests are at work at once"),
    ] = 16,
    behind: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="the proxy that tells who called (X-Forwarded-For)"),
    ] = None,
    redis: RedisUrl = None,
) -> None:
    """Serve the API until a signal ends it; the first start prints the administrator's password, once."""
    from api.http import logs  # noqa: PLC0415
    from api.http.application import application  # noqa: PLC0415
    from api.http.service import Settings  # noqa: PLC0415
    from notifications import egress  # noqa: PLC0415
    from scheduler import triggers  # noqa: PLC0415
    from scheduler.access import vault  # noqa: PLC0415

    with listen(host, port) as listening:
        address = address_of(listening)
        try:
            settings = Settings(
                database_url(database),
                vault.from_settings(os.environ),
                base_url or address,
                connections,
                egress=egress.Client(egress.from_settings(os.environ)),
            )
            app = application(settings, daily=triggers.tell_days)
        except (vault.SecretKeyError, egress.SettingError) as error:
            raise UnusableDatabaseError(str(error)) from None
        _welcome(app.state.service.engine)
        typer.echo(f"serving on {address}, described at {address}/docs")
        logs.configure()
        with runs_done(app, redis):
            run(app, listening, behind)


@contextmanager
def runs_done(app: Any, redis: str | None = None) -> Iterator[None]:  # noqa: ANN401 (an ASGI application)
    """See to it that runs are done and things sent: by workers, which are rung, or where there are none by itself."""
    service = app.state.service
    if redis is None:
        from api.alone import alone  # noqa: PLC0415

        with alone(service.settings.database) as looking:
            service.ring_workers = looking.ring
            yield
        return
    with bell(redis) as rings, senders_bell(redis) as senders:
        if rings is not None and senders is not None:
            service.ring_workers, service.redis_answers = rings.ring, rings.answers
            service.others_send, service.ring_senders = senders.is_heard, senders.ring
        yield


def run(app: Any, listening: socket.socket, behind: str | None = None) -> None:  # noqa: ANN401 (an ASGI application)
    """Answer on it until a signal ends it, and let what is going on come to its end."""
    import uvicorn  # noqa: PLC0415

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=behind is not None,
        forwarded_allow_ips=behind,
        timeout_graceful_shutdown=GRACE,
    )
    for one in (signal.SIGTERM, signal.SIGINT):
        # the server's own handlers end it; afterwards they pass the signal on to these
        signal.signal(one, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Raises UnusableDatabaseError where it is not possible there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        where = f"{_named(host)}:{port}"
        raise UnusableDatabaseError(
            f"cannot listen on {where}: {error.strerror or error}"
        ) from None
    # connections inherit it, and asyncio sets it only on those of sockets that it has made: without it the
    # body of an answer waits until the caller has acknowledged the head, which takes him 40 ms
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def address_of(listening: socket.socket) -> str:
    """Where it can be reached."""
    host, port = listening.getsockname()[:2]
    return f"http://{_named(host)}:{port}"


def _named(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _welcome(engine: Any) -> None:  # noqa: ANN401 (an Engine, which is loaded when it is needed)
    """Where there is nobody yet, make the administrator; his password is told before he is there for good."""
    from models.database import writing  # noqa: PLC0415
    from scheduler.access.first_start import LOGIN, first_administrator  # noqa: PLC0415

    with writing(engine) as session:
        added = first_administrator(session)
        if added is not None:
            typer.echo(
                f"first start: log in as {LOGIN} with the password {added.one_time_password}\n"
                "it works until you choose your own, and is shown this once"
            )


# --- The audit log ----------------------------------------------------------------------------------------


@audit.command()
def verify(
    database: Database = None,
    heads: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="what export-heads carried away"),
    ] = None,
) -> None:
    """Walk the whole log, and say whether every record is as it was when it was sealed."""
    from api.opening import served  # noqa: PLC0415
    from scheduler.audit import Broken, read_heads  # noqa: PLC0415
    from scheduler.audit import verify as walk  # noqa: PLC0415

    try:
        known = [] if heads is None else read_heads(heads)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with served(database_url(database)) as engine:
        found = walk(engine, known)
    if isinstance(found, Broken):
        after = "the beginning" if found.after is None else f"record {found.after}"
        typer.echo(
            f"the log is not as it was: {found.harm.value} at record {found.record_id}, after {after}"
        )
        raise typer.Exit(BROKEN)
    typer.echo(
        f"{found.sealed:,} records are as they were sealed, {found.unsealed:,} wait for their seal"
    )


@audit.command()
def export_heads(
    file: Annotated[Path, typer.Argument(help="where nothing is written twice; it is added to")],
    database: Database = None,
) -> None:
    """Carry the ends of the log's chain away: behind them nobody can alter it unseen."""
    from api.opening import served  # noqa: PLC0415
    from scheduler.audit import export_heads as carry_away  # noqa: PLC0415
    from scheduler.audit import seal  # noqa: PLC0415

    try:
        with served(database_url(database)) as engine:
            seal(engine)
            new = carry_away(engine, file)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file}: {error}") from None
    typer.echo(f"{file}: {len(new)} new")


@audit.command()
def report(
    employee: Annotated[UUID, typer.Argument(help="the key of the employee")],
    database: Database = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="from this day on (UTC)")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="before this day")
    ] = None,
) -> None:
    """Who looked at or changed the data of an employee, a line of JSON each; that is put on record, too."""
    from api.opening import served  # noqa: PLC0415
    from models.audit import Act  # noqa: PLC0415
    from models.database import reading  # noqa: PLC0415
    from scheduler.actor import NOBODY  # noqa: PLC0415
    from scheduler.audit import EVER, Entry, Origin, record_reads  # noqa: PLC0415
    from scheduler.audit.reports import Period  # noqa: PLC0415

    period = Period(
        since.replace(tzinfo=UTC) if since else EVER.since,
        until.replace(tzinfo=UTC) if until else EVER.until,
    )
    with served(database_url(database)) as engine:
        with reading(engine) as session:
            found = list(_lines(session, employee, period))
        look = Entry(Act.READ, "employees", "operator", employee, employee)
        record_reads(
            engine, [look], by=Origin(NOBODY, request_reference=f"cli-{clock.now():%Y%m%d%H%M%S}")
        )
    for line in found:
        typer.echo(line)


def _lines(session: Any, employee: UUID, period: Any) -> Iterator[str]:  # noqa: ANN401 (loaded when needed)
    from scheduler.audit import of_employee  # noqa: PLC0415

    after = 0
    while part := of_employee(session, employee, period, after=after):
        after = part[-1].record_id
        for one in part:
            yield json.dumps(asdict(one), default=str)
