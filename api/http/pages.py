"""Lists in parts: each part goes on behind the last row of the one before, whatever was added meanwhile."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from api.http.shapes import Given
from models.instants import Instant
from scheduler.access.denied import refused

MOST = 200
LONGEST_CURSOR = 500

Column = InstrumentedAttribute[Any]


class Paging(Given):
    """What every list can be asked; filters are added by inheriting from it."""

    page_size: int = Field(default=50, ge=1, le=MOST, description="how many at once")
    cursor: Annotated[str, StringConstraints(max_length=LONGEST_CURSOR)] | None = Field(
        default=None, description="`next` of the part before"
    )


READ: Mapping[type[Any], Callable[[str], Any]] = {
    UUID: UUID,
    str: str,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}
"""The types that a list may be ordered by. A datetime is an instant: it keeps its offset."""


def cursor_behind(row: object, by: Sequence[Column]) -> str:
    """Opaque to whoever gets it; it holds no more than was shown."""
    keys = [_written(getattr(row, column.key)) for column in by]
    told = json.dumps(keys, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def behind(cursor: str, by: Sequence[Column]) -> ColumnElement[bool]:
    """The condition that a row comes after.

    Raises:
        RefusedError: it is no cursor of a list in this order.
    """
    try:
        keys = _read(cursor)
        values = [READ[_kind(column)](key) for column, key in zip(by, keys, strict=True)]
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise refused("invalid_cursor") from error
    if any(isinstance(one, datetime) and one.tzinfo is None for one in values):
        raise refused("invalid_cursor")
    return tuple_(*by) > tuple(values)


def _kind(column: Column) -> type[Any]:
    return datetime if isinstance(column.type, Instant) else column.type.python_type


def _read(cursor: str) -> list[str]:
    told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    keys = json.loads(told)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise TypeError("a list of texts")
    if any("\0" in key for key in keys):
        raise ValueError("a text that no database keeps")
    return keys


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
