"""Instants in the database: UTC, aware, exact to the microsecond, by the database's own clock. Domain §2."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    TypeDecorator,
    literal,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

LONGEST = timedelta(hours=25)
"""Nothing in the agenda lasts longer than the longest local day, that of the autumn's clock change.
So whoever looks for what overlaps need not look further back than this."""


class Instant(TypeDecorator[datetime]):
    """`timestamptz` on PostgreSQL; on SQLite microseconds since 1970, which compare and index as they should."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True)
        )

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 (as in its parent)
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} names no instant: give it a time zone")
        return (value - EPOCH) // MICROSECOND if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401 (as in its parent)
        if value is None:
            return None
        if dialect.name == "sqlite":
            return EPOCH + timedelta(microseconds=value)
        return value.astimezone(UTC)  # type: ignore[no-any-return]


NOW = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "clock_timestamp()",
}
"""The database's clock as SQL: hosts may differ, and it is the database that keeps leases and holds."""

LONGEST_SQL = {
    "sqlite": str(LONGEST // MICROSECOND),
    "postgresql": f"INTERVAL '{LONGEST // timedelta(hours=1)} hours'",
}


class database_now(FunctionElement[datetime]):  # noqa: N801 (reads as SQL's functions do)
    """The database's clock, in a statement.

    A `FunctionElement`: of one that is a mere `ColumnElement` SQLAlchemy would keep no statement that has
    been compiled, whatever `inherit_cache` says.
    """

    name = "database_now"
    type = Instant()
    inherit_cache = True


AHEAD = {
    "sqlite": "({now} + {microseconds})",
    "postgresql": "({now} + {microseconds} * INTERVAL '1 microsecond')",
}


class from_now(FunctionElement[datetime]):  # noqa: N801 (reads as SQL's functions do)
    """A moment ahead of the database's clock, in a statement."""

    name = "from_now"
    type = Instant()
    inherit_cache = True

    def __init__(self, ahead: timedelta) -> None:
        super().__init__(literal(ahead // MICROSECOND, BigInteger()))


class within_a_day(ColumnElement[bool]):  # noqa: N801 (reads as SQL's functions do)
    """The CHECK that `starts_at` and the column `until` lie no further apart than `LONGEST`."""

    type = Boolean()
    inherit_cache = False

    def __init__(self, until: str) -> None:
        self.until = until


@compiles(database_now)
def _database_now(_: database_now, compiler: Any, **__: Any) -> str:  # noqa: ANN401 (the face of @compiles)
    return NOW[compiler.dialect.name]


@compiles(from_now)
def _from_now(element: from_now, compiler: Any, **how: Any) -> str:  # noqa: ANN401 (the face of @compiles)
    database = compiler.dialect.name
    microseconds = compiler.process(element.clause_expr, **how)
    return AHEAD[database].format(now=NOW[database], microseconds=microseconds)


@compiles(within_a_day)
def _within_a_day(element: within_a_day, compiler: Any, **_: Any) -> str:  # noqa: ANN401 (the face of @compiles)
    return f"{element.until} <= starts_at + {LONGEST_SQL[compiler.dialect.name]}"


def local(instant: datetime, zone: ZoneInfo) -> tuple[date, int]:
    """The calendar day and the minute of that day on the clocks of `zone`."""
    there = instant.astimezone(zone)
    return there.date(), there.hour * 60 + there.minute
