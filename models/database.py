"""The way in: an engine for each database as reliability §§3.1-3.2 measured it, and two kinds of transaction."""

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Pool, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Result = TypeVar("Result")

PRAGMAS = {
    "journal_mode": "WAL",  # readers and the writer do not wait for each other
    "synchronous": "FULL",  # what was acknowledged survives the power going
    "busy_timeout": "5000",
    "foreign_keys": "ON",
    # rows that lie far apart are read from memory: the default keeps 2 MB of a database
    "cache_size": "-65536",
    "mmap_size": "1073741824",
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
        hide_parameters=True,  # an error is logged, and the values may be somebody's data
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
    made = create_engine(url, poolclass=poolclass, hide_parameters=True)

    @event.listens_for(made, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:  # noqa: ANN401 (SQLAlchemy's own record)
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


# --- Once more ------------------------------------------------------------------------------------------

PASSING = frozenset({"40P01", "55P03", "40001"})
"""SQLSTATE of a deadlock, a lock not had in time, and two transactions that cannot both have happened."""
PAUSE = (0.02, 0.2)
"""Seconds, at least and at most."""


class BusyError(Exception):
    """The database could not do it now, though asked several times; later it may."""


def retried(act: Callable[[], Result], times: int = 3) -> Result:
    """Do what is one whole transaction, and once more where that may help (reliability §3.1).

    That is after a deadlock, a lock not had in time, or a connection lost. A connection may be lost
    while it commits, when nobody knows whether it did: `act` must find out what is done already. A
    booking does, since its request is planned by then.

    Raises:
        BusyError: it did not help.
    """
    for tried in range(1, times + 1):
        try:
            return act()
        except DBAPIError as error:
            if not _passes(error):
                raise
            if tried == times:
                raise BusyError(f"the database was busy {times} times: {error.orig}") from error
        shortest, longest = PAUSE
        # by chance: two who met do not meet again
        time.sleep(shortest + secrets.randbelow(1000) / 1000 * (longest - shortest))
    raise ValueError(f"times is {times}: once is the least")


def _passes(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        # other writers took longer than `busy_timeout`; the upper bytes say what they were doing
        return error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in PASSING
