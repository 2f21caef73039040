"""Facts and plans on their way between processes that do not trust each other: gzipped JSON, and nothing that runs.

A dataclass is the list of its fields. It is read again by the types of its fields, so that what was
altered on the way is refused, and whoever can write where it lies makes nobody run anything.
"""

import gzip
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from solver.facts import Members

Row = TypeVar("Row")


class GarbledError(ValueError):
    """It is not what was sent."""


def packed(value: object) -> bytes:
    """As bytes; `read` makes an equal value of them."""
    return gzip.compress(json.dumps(_plain(value), separators=(",", ":")).encode(), 1, mtime=0)


def read(kind: type[Row], content: bytes) -> Row:
    """The value of that kind.

    Raises:
        GarbledError: these bytes are none.
    """
    try:
        value: Row = _read(kind, json.loads(gzip.decompress(content)))
    except (OSError, EOFError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise GarbledError(f"no {kind.__name__}: {error}") from None
    return value


def _plain(value: Any) -> Any:  # noqa: ANN401 (of every kind that facts have)
    plain: Any
    match value:
        case None | bool() | str() | float():
            plain = value
        case int():
            plain = int(value)  # a flag is one, too
        case date():
            plain = value.isoformat()
        case Mapping():
            plain = [[_plain(key), _plain(one)] for key, one in value.items()]
        case frozenset():
            plain = sorted(value)
        case tuple() | list():
            plain = [_plain(one) for one in value]
        case _:
            of: Any = type(value)
            plain = [_plain(getattr(value, name)) for name, _ in _hints(of)]
    return plain


def _read(kind: Any, content: Any) -> Any:  # noqa: ANN401 (of whatever kind a field is)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        (other,) = (one for one in inner if one is not NoneType)
        return None if content is None else _read(other, content)
    if origin in {tuple, frozenset}:
        return origin(_read(inner[0], one) for one in _list(content))
    if origin is not None:
        return {_read(inner[0], key): _read(inner[1], one) for key, one in _list(content)}
    if kind in PLAIN:
        return PLAIN[kind](content)
    hints = _hints(kind)
    return kind(*(_read(hint, one) for (_, hint), one in zip(hints, _list(content), strict=True)))


def _of(*kinds: type) -> Callable[[Any], Any]:
    """Takes only what is just that: a number is no truth."""

    def take(content: Any) -> Any:  # noqa: ANN401 (whatever JSON holds)
        if type(content) not in kinds:
            raise TypeError(f"{content!r} is no {kinds[0].__name__}")
        return content

    return take


PLAIN: Mapping[Any, Callable[[Any], Any]] = {
    int: _of(int),
    str: _of(str),
    bool: _of(bool),
    float: _of(float, int),
    date: date.fromisoformat,
    Members: lambda content: Members(_of(int)(one) for one in _list(content)),
}


def _list(content: Any) -> list[Any]:  # noqa: ANN401 (whatever JSON holds)
    if not isinstance(content, list):
        raise TypeError(f"{content!r} is no list")
    return content


@cache
def _hints(kind: Hashable) -> list[tuple[str, Any]]:
    """Of a dataclass, or a tuple with names: its fields and their types."""
    of: Any = kind
    hints = get_type_hints(of)
    names = [one.name for one in fields(of)] if is_dataclass(of) else list(of._fields)
    return [(name, hints[name]) for name in names]
