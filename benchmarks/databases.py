"""An empty database of each kind, for a benchmark."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from models import database
from tests import servers

DATABASES = ("sqlite", "postgresql")


@contextmanager
def empty(kind: str) -> Iterator[Engine]:
    """A file of its own, or a database of a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            engine = database.engine(f"sqlite:///{folder}/benchmark.db")
            yield engine
            engine.dispose()
            return
        with (
            servers.postgres(Path(folder) / "lock") as server,
            servers.fresh_database(server) as url,
        ):
            engine = database.engine(url)
            yield engine
            engine.dispose()
