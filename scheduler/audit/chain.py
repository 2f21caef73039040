"""What is hashed of a record, and how records hang together: each seal covers its record and the seal before."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Table,
    Text,
    cast,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from models import Base
from models.instants import EPOCH, MICROSECOND

RECORDS = Base.metadata.tables["audit_records"]
SEALS = Base.metadata.tables["audit_seals"]

START = "0" * 64
"""What stands for the seal before the first one."""
LOWEST = -(2**63)
AT_ONCE = 200
"""Rows that are read, or sealed, in one go: SQLite's writers wait for each other."""

Raw = Mapping[str, Any]
"""A row as the driver gives it, so that a value which is none of its type is read, and found, too."""


def digest(previous: str, record: Raw) -> str:
    """The hash of the record after the seal `previous`."""
    return hashlib.sha256(f"{previous}\n{canonical(record)}".encode()).hexdigest()


def canonical(record: Raw) -> str:
    """Every column of the record in one form, whichever database it comes from.

    An empty column is left out, so that one which is added later breaks no seal.
    """
    plain = {name: value for name, value in record.items() if value is not None}
    for name in TRUTHS & plain.keys():
        if isinstance(plain[name], bool):
            plain[name] = int(plain[name])
    for name in LISTS & plain.keys():
        plain[name] = _loaded(plain[name])
    return ENCODER.encode(plain)


def _loaded(text: Any) -> object:  # noqa: ANN401 (whatever is there)
    try:
        return [json.loads(text)]
    except (TypeError, ValueError):
        return text


def _plain(value: object) -> object:
    match value:
        case UUID():
            return value.hex
        case datetime():
            return (value - EPOCH) // MICROSECOND
    return repr(value)


TRUTHS = {column.name for column in RECORDS.columns if isinstance(column.type, Boolean)}
LISTS = {column.name for column in RECORDS.columns if isinstance(column.type, JSON)}
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain)


def in_order(session: Session, table: Table, after: int = LOWEST) -> Iterator[Raw]:
    """The rows of a table with one number for a key, by that number, beyond `after`."""
    (key,) = table.primary_key.columns
    names = [column.name for column in table.columns]
    rows = select(*map(_raw, table.columns)).select_from(table).order_by(key).limit(AT_ONCE)
    while found := session.execute(rows.where(key > after)).all():
        some = [dict(zip(names, row, strict=True)) for row in found]
        yield from some
        after = some[-1][key.name]


def _raw(column: Column[Any]) -> ColumnElement[Any]:
    """The column without what SQLAlchemy makes of it; JSON as its text, on either database."""
    plain: ColumnElement[Any] = literal_column(column.name)
    return (cast(plain, Text) if isinstance(column.type, JSON) else plain).label(column.name)
