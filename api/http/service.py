"""What all requests share: the database, the keys of its secrets, the clock, the figures; made once, at the start."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, QueuePool, select

from api.http.dossiers import Dossiers
from api.http.metrics import Metrics
from api.opening import served
from models import database, migrations
from models.access import SealingKey
from models.database import reading, writing
from notifications.egress import Client, Rules
from scheduler import clock
from scheduler.access import vault as vaults

BACKGROUND = 7
"""Connections beside those of requests: the sealer, the relay, who delivers and mails, and whoever looks whether all is well."""
LEAST_DISK = 64 * 1024 * 1024
"""Bytes that must be free where an SQLite database lies."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service is run. `connections`: requests at work at once, each with a thread and a connection.

    `waiting`: requests that may wait for one; whoever comes then is told to come back.
    `base_url`: where others reach it; a header never says so. `egress`: the one way out.
    """

    database: str
    vault: vaults.Vault = field(repr=False)
    base_url: str = "http://127.0.0.1:8000"
    connections: int = 16
    waiting: int = 500
    egress: Client = field(default_factory=lambda: Client(Rules()), repr=False)


class Service:
    """One process's part of the service."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = clock.now) -> None:
        """Refuse to start where anything is not as it should be.

        Raises:
            UnusableDatabaseError: the database cannot be used, or is not of this version.
            SecretKeyError: secrets in it could not be opened.
        """
        self.settings = settings
        self.vault = settings.vault
        self.now = now
        self.metrics = Metrics()
        self.dossiers = Dossiers()
        self.committed: Callable[[], object] = _nothing
        """Called after each commit, before its answer leaves: there may be something to relay."""
        self.redis_answers: Callable[[], bool] = _always
        """Whether the Redis that rings workers is there; so it is where none is used."""
        self.ring_workers: Callable[[], object] = _nothing
        """Called after the commit of a run that was asked for."""
        self.ring_mail: Callable[[], object] = _nothing
        """Called after the commit of a mail that nothing announces."""
        self.ring_importer: Callable[[], object] = _nothing
        """Called after the commit of a calendar that is to be read."""
        self.others_send: Callable[[], bool] = _never
        """Whether other processes are there that send."""
        self.ring_senders: Callable[[], bool] = _never
        """The same, and rings them."""
        with served(settings.database) as found:
            url = found.url.render_as_string(hide_password=False)
            with writing(found) as session:
                vaults.acknowledge(session, self.vault, now())
        self.engine = database.engine(url, poolclass=_pool(settings.connections + BACKGROUND))

    def close(self) -> None:
        self.engine.dispose()

    def troubles(self) -> list[str]:
        """Why it cannot serve at this moment; each a word, and nothing of what is in the database."""
        found = [
            *_asked("database", lambda: migrations.require_current(self.engine)),
            *_asked("secret_key", lambda: _know_keys(self.engine, self.vault)),
        ]
        file = self.engine.url.database
        if self.engine.dialect.name == "sqlite" and file and _is_full(Path(file).absolute().parent):
            found.append("disk")
        return found


def _pool(size: int) -> type[QueuePool]:
    """As many connections as there are threads to use them, kept open: nobody waits for one to be made."""

    class Connections(QueuePool):
        def __init__(self, creator: Any, **how: Any) -> None:  # noqa: ANN401 (SQLAlchemy's own)
            super().__init__(creator, **({"pool_size": size, "max_overflow": 0} | how))

    return Connections


def _is_full(folder: Path) -> bool:
    return folder.exists() and shutil.disk_usage(folder).free < LEAST_DISK


def _know_keys(engine: Engine, held: vaults.Vault) -> None:
    with reading(engine) as session:
        if not set(session.scalars(select(SealingKey.name))) <= held.names:
            raise vaults.SecretKeyError("secrets were sealed by a key that is not given")


def _asked(what: str, ask: Callable[[], object]) -> list[str]:
    try:
        ask()
    except Exception:  # noqa: BLE001 (whatever it is, it is not ready)
        return [what]
    return []


def _always() -> bool:
    return True


def _never() -> bool:
    return False


def _nothing() -> None:
    """Nobody waits for it."""
