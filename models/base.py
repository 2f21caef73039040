"""What all tables share: their keys, the names of their constraints, and how Python's types are stored.

Tables are named in the plural, because a case, a group and a user are words of SQL. There are no
`relationship()`s: whoever writes rows of several tables adds them in the order of their references,
and flushes in between.
"""

import enum
import os
import secrets
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Dialect, Enum, ForeignKey, MetaData, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedColumn,
    Mapper,
    declared_attr,
    mapped_column,
)
from sqlalchemy.orm.attributes import flag_modified

from models.instants import Instant

Json = dict[str, Any]
Cents = int
"""Money: an integer number of cents, never a fraction."""

LINE = 200
"""The longest name, title or address: one line of text."""


class Code(enum.StrEnum):
    """A closed set of words, stored as text; the column's CHECK is made from the members."""


def words_of(codes: type[enum.Enum]) -> list[str]:
    return [str(code.value) for code in codes]


def listed(codes: Iterable[Code]) -> str:
    """The codes as SQL, for `state IN (...)`."""
    return ", ".join(f"'{code}'" for code in sorted(codes))


def exactly_one(*columns: str) -> str:
    """The CHECK of a row that refers to one of several kinds of thing."""
    return " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in columns) + " = 1"


# Keys repeat (a practitioner has a thousand appointments), and making a UUID of text takes longer than reading it.
_known_key = lru_cache(maxsize=1 << 17)(UUID)


class Key(Uuid[UUID]):
    """A UUID; where the database has none of its own, those met lately are not made anew."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ANN401 (as in its parent)
        if dialect.supports_native_uuid:
            return super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return lambda value: None if value is None else _known_key(value)


class Base(DeclarativeBase):
    """The parent of every table."""

    # Every constraint has a name, so that a migration can drop it and an error can be traced to it.
    # The name of a CHECK is the rule's; within its table it is unique anyway.
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        UUID: Key(),
        datetime: Instant(),
        Code: Enum(
            Code, native_enum=False, length=30, create_constraint=True, values_callable=words_of
        ),
        # None is SQL's NULL, not the null of JSON, which every CHECK would take for a value
        Json: JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
        # an int may be a token or an amount: 32 bits are too few on PostgreSQL
        int: BigInteger(),
    }


class _Keys:
    """UUIDs of version 7, each larger than the one before.

    Within a millisecond the random part goes up by chance (RFC 9562 §6.2, method 2); a clock that is
    set back is not followed. Milliseconds and random part are one number, so what overflows the one
    carries into the other.
    """

    RANDOM = 74
    STEP = 32

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: a process that is split off must not go on with its parent's numbers, or lock."""
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> UUID:
        now = time.time_ns() // 1_000_000
        with self._lock:
            if now > self._last >> self.RANDOM:
                self._last = now << self.RANDOM | secrets.randbits(self.RANDOM)
            else:
                self._last += 1 + secrets.randbits(self.STEP)
            last = self._last
        low = last & ((1 << 62) - 1)
        high = last >> 62 & 0xFFF
        return UUID(int=last >> self.RANDOM << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low)


_keys = _Keys()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keys.forget)


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562): rows made together lie together, and rows made in order sort in it."""
    return _keys.next()


class Keyed:
    """A row with a key of its own."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


class Versioned(Keyed):
    """A row that people edit: an edit of an outdated version is refused, and an ETag is its version."""

    __mapper__: ClassVar[Mapper[Any]]
    version: Mapped[int] = mapped_column(default=1, sort_order=-1)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    def renew(self) -> None:
        """Another version at the next flush, though no column here changes: rows that belong to it do."""
        own = self.__mapper__.column_attrs.keys()
        flag_modified(self, next(name for name in own if name not in {"id", "version"}))


def reference(table: str, *, index: bool = False, primary_key: bool = False) -> MappedColumn[Any]:
    """A column that holds the key of a row in `table`."""
    return mapped_column(ForeignKey(f"{table}.id"), index=index, primary_key=primary_key)


def line(length: int = LINE, *, unique: bool = False) -> MappedColumn[Any]:
    """A column for one line of text."""
    return mapped_column(String(length), unique=unique or None)


class Referenced:
    """A row that another system, or an instance file, may know by a key of its own."""

    reference: Mapped[str | None] = line(unique=True)
    """That key."""
