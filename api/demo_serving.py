"""`spreekuur demo --serve`: the pages on a living week, with a log-in for each role, until Ctrl-C.

The password and the second factor are made for this demo, printed here and nowhere else, and gone with it; so is the key
by which secrets are sealed, which lies in its folder for whoever wants to serve the same database once more.
"""

import base64
import os
import secrets
import socket
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyotp
from rich.console import Console
from rich.table import Table

from api import serving
from api.demo import DemoFailedError
from models import database
from models.database import writing
from models.runs import RunState
from scheduler import clock
from scheduler.access.totp import provisioning_uri
from scheduler.access.vault import KEY_BYTES, Vault
from scheduler.actor import NOBODY
from scheduler.demo import demo_world
from scheduler.demo.caring import take_care
from scheduler.demo.living import bring_to_life, eve
from scheduler.demo.passing import Passing, let_pass
from scheduler.demo.people import Guests, welcome
from scheduler.demo.today import moved
from scheduler.parameters import NIGHTLY_RUN_AT, put
from scheduler.planning.lease import Busy
from scheduler.planning.night import RunSettings
from scheduler.planning.run import plan_open_requests
from scheduler.planning.watch import OnProgress

DATABASE = "service.db"
KEY = "secret-key"
LOG = "service.log"
PLANNED_AHEAD = 4
"""Days, from today on, that the night has planned already; what comes later is left to whoever tries it."""


@dataclass(frozen=True, slots=True)
class Week:
    """How it is made. `iterations`: of the search, instead of its seconds; then it is the same on each machine."""

    now: datetime
    seed: int = 1
    requests: int = 800
    time_limit: float = 8.0
    iterations: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A database in which a week is going on, its key, and who can log in."""

    url: str
    vault: Vault
    guests: Guests


def make(folder: Path, week: Week, on_progress: OnProgress) -> Made:
    """A database in which a week is going on, in place of the one before.

    Raises:
        DemoFailedError: the run that plans it failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for ending in ("", "-wal", "-shm"):
        (folder / f"{DATABASE}{ending}").unlink(missing_ok=True)
    url, vault = f"sqlite:///{folder / DATABASE}", _vault(folder)
    today = week.now.date()
    world = moved(demo_world(week.seed, week.requests), today)
    settings = RunSettings(
        from_day=world.start_date,
        days=(today - world.start_date).days + PLANNED_AHEAD,
        seed=week.seed,
        time_limit=week.time_limit,
        iterations=week.iterations,
    )
    engine = database.engine(url)
    try:
        bring_to_life(engine, world)
        run = plan_open_requests(
            engine, settings, now=eve(world), by=NOBODY, on_progress=on_progress
        )
        if isinstance(run, Busy) or run.state is not RunState.DONE:
            why = "somebody is at it" if isinstance(run, Busy) else run.report.get("trouble", "")
            raise DemoFailedError(f"the week could not be planned: {why}")
        with writing(engine) as session:
            put(
                session, NIGHTLY_RUN_AT, ""
            )  # what is left to be planned is left to whoever tries it
            guests = welcome(session, vault)
        with writing(engine) as session:
            passing = Passing.of(session, guests, seed=week.seed, now=week.now)
            let_pass(passing)
            take_care(passing)
    finally:
        engine.dispose()
    return Made(url, vault, guests)


def serve(listening: socket.socket, folder: Path, made: Made, say: Console) -> None:
    """Answer until a signal ends it. The log goes to a file: the terminal is for people here."""
    from api.http import logs  # noqa: PLC0415
    from api.http.application import application  # noqa: PLC0415
    from api.http.service import Settings  # noqa: PLC0415
    from scheduler import triggers  # noqa: PLC0415

    address = serving.address_of(listening)
    with (folder / LOG).open("a", buffering=1, encoding="utf-8") as log:
        logs.configure(log)
        app = application(Settings(made.url, made.vault, address), daily=triggers.tell_days)
        tell(say, address, made.guests)
        threading.Thread(target=_codes_on_demand, args=(say, made.guests), daemon=True).start()
        with serving.runs_done(app):
            serving.run(app, listening)


def tell(say: Console, address: str, guests: Guests) -> None:
    """Where it is, and how one comes in."""
    table = Table(title="Log in as", title_justify="left")
    for heading in ("user name", "role", "may"):
        table.add_column(heading)
    for post in guests.posts:
        sees = f" ({guests.employer})" if post.one_employer else ""
        table.add_row(post.login, post.role, f"{post.may}{sees}")
    say.print(table)
    say.print(f"password of all of them: [bold]{guests.password}[/]", highlight=False)
    say.print(_code(guests, clock.now()), highlight=False)
    uri = provisioning_uri(guests.codes, "demo")
    say.print(f"or put it into an app for codes: {uri}", soft_wrap=True, highlight=False)
    say.print(
        f"open [bold]{address}[/] in Chrome, Edge or Firefox; Ctrl-C ends it", highlight=False
    )


def _code(guests: Guests, now: datetime) -> str:
    code = pyotp.TOTP(guests.codes).at(now)
    return (
        f"code of this half-minute: [bold]{code}[/]"
        " (Enter shows the next one: nobody logs in twice with the same)"
    )


def _codes_on_demand(say: Console, guests: Guests) -> None:
    for _ in sys.stdin:
        say.print(_code(guests, clock.now()), highlight=False)


def _vault(folder: Path) -> Vault:
    """A new key, which nobody else on this machine can read."""
    key = secrets.token_bytes(KEY_BYTES)
    file = folder / KEY
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(base64.b64encode(key).decode())
    return Vault(key)
