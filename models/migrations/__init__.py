"""From one version of the tables to the next, on either database, with the guards up again at the end."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from models import guards
from models.database import READS_ONLY


class OutdatedDatabaseError(RuntimeError):
    """The tables or guards of a database are not those of this code: it is not served."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to a version; to the newest one, and the guards are those of today."""
    with transaction(engine) as connection:
        command.upgrade(_configured(connection), revision)
        if revision == "head" and guards.outdated(connection):
            guards.remove(connection)
            guards.install(connection)


def downgrade(engine: Engine, revision: str) -> None:
    with transaction(engine) as connection:
        command.downgrade(_configured(connection), revision)


def check(engine: Engine) -> None:
    """Raise where the tables or the guards in code and those in the database differ."""
    with transaction(engine) as connection:
        command.check(_configured(connection))
        _require_guards(connection)


def require_current(engine: Engine) -> None:
    """What can be asked at every start: the newest version of the tables, and the guards of today.

    Raises:
        OutdatedDatabaseError: it has others.
    """
    with engine.execution_options(**{READS_ONLY: True}).connect() as connection:
        newest = ScriptDirectory.from_config(_configured(connection)).get_heads()
        present = MigrationContext.configure(connection).get_current_heads()
        if set(present) != set(newest):
            has = f"version {', '.join(present)} of the tables" if present else "no tables of ours"
            raise OutdatedDatabaseError(
                f"it has {has}, and {', '.join(newest)} is needed: upgrade the database"
            )
        _require_guards(connection)


def _require_guards(connection: Connection) -> None:
    outdated = guards.outdated(connection)
    if outdated:
        raise OutdatedDatabaseError(
            f"guards are missing or outdated: {', '.join(sorted(outdated))};"
            " upgrade the database to install them"
        )


def _configured(connection: Connection) -> Config:
    # what Alembic would print, its exceptions say as well
    config = Config(attributes={"connection": connection}, stdout=io.StringIO())
    config.set_main_option("script_location", "models:migrations")
    return config


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction, definitions included: a migration happens as a whole or not at all."""
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        # SQLite rebuilds a table by dropping it, which must not take along what refers to it
        driver = connection.connection.driver_connection
        if driver is None:
            raise RuntimeError("the connection is closed")
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if dangling:
                    raise RuntimeError(f"a row would refer to nothing after this: {dangling}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")
