"""The way in: an engine for each database as reliability §§3.1-3.2 measured it, and two kinds of transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection as SQLiteConnection
from typing import Any

from sqlalchemy import Connection, Engine, Pool, create_engine, event, make_url
from sqlalchemy.orm import Session

PRAGMAS = {
    "journal_mode": "WAL",  # readers and the writer do not wait for each other
    "synchronous": "FULL",  # what was acknowledged survives the power going
    "busy_timeout": "5000",
    "foreign_keys": "ON",
}

POSTGRES_SETTINGS = {
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",
}

READS_ONLY = "reads_only"


def engine(url: str, *, poolclass: type[Pool] | None = None) -> Engine:
    """An engine on which every transaction is begun as it should be, whoever begins it."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, poolclass)
    options = " ".join(f"-c {name}={value}" for name, value in POSTGRES_SETTINGS.items())
    return create_engine(
        url,
        poolclass=poolclass,
        # under locks the next statement must see what others have committed; SERIALIZABLE would not
        # help: it lets double bookings through where the check reads a GiST index (reliability §0, E2)
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        connect_args={"options": options},
    )


def _sqlite(url: str, poolclass: type[Pool] | None) -> Engine:
    """SQLite, in which check and insert are one transaction.

    Python's driver begins one only before the first change, so what was checked before may be
    outdated: 739 bookings for 40 places (reliability §0, E1). So nothing is left to the driver.
    """
    made = create_engine(url, poolclass=poolclass)

    @event.listens_for(made, "connect")
    def prepare(connection: SQLiteConnection, _: Any) -> None:  # noqa: ANN401 (SQLAlchemy's own record)
        connection.isolation_level = None
        for name, value in PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}")

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        reads_only = connection.get_execution_options().get(READS_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return made


@contextmanager
def writing(to: Engine) -> Iterator[Session]:
    """One transaction that changes things: committed at the end, or rolled back by an exception."""
    with Session(to) as session, session.begin():
        yield session


@contextmanager
def reading(of: Engine) -> Iterator[Session]:
    """One transaction that sees the database as it was at one moment, and changes nothing."""
    options: dict[str, Any] = {READS_ONLY: True}
    if of.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with Session(of.execution_options(**options)) as session:
        yield session
