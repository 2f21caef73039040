"""From one version of the tables to the next, on either database, with the guards up again at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from models import guards


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
        outdated = guards.outdated(connection)
        if outdated:
            raise RuntimeError(
                f"guards are missing or outdated: {', '.join(sorted(outdated))};"
                " upgrade the database to install them"
            )


def _configured(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
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
