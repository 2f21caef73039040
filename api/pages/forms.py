"""What a form sends, read as the shape that the API takes: texts become what they are meant to be, and no more.

A name with a dot lies within (`overrides.saturday`), and behind a number in a row (`names.0.language`). An empty field
was left out. A field that takes several has its name several times. Before each box there is a hidden "false" of its
name: the last one counts. Minutes of the day may be written as a clock shows them (`09:30`).
"""

import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, TypeGuard, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ValidationError

from api.http.strict import MalformedError, require_plain

Shape = TypeVar("Shape", bound=BaseModel)

MOST_FIELDS = 5_000
NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
FRACTION = re.compile(r"-?\d{1,9}([.,]\d{1,9})?", re.ASCII)
CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)", re.ASCII)
BOXES = {"true": True, "on": True, "false": False}


def read(shape: type[BaseModel], body: bytes) -> BaseModel:
    """The form as this shape.

    Raises:
        MalformedError: it cannot be read.
        RequestValidationError: it is not of this shape; each field that is wrong is named.
    """
    sent = fields(body)
    try:
        return shape.model_validate(_meant(shape, sent))
    except ValidationError as error:
        told = error.errors(include_url=False)
        faults = [{**one, "loc": ("body", *_place(one["loc"], sent))} for one in told]
        raise RequestValidationError(faults) from None


def shaped(shape: type[Shape], values: Mapping[str, Any]) -> Shape:
    """What the API is asked, made of what the form or the filter of a page says.

    Raises:
        RequestValidationError: it cannot be asked: such days are too far away, perhaps.
    """
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        told = error.errors(include_url=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in told]
        ) from None


def _place(loc: tuple[int | str, ...], sent: Mapping[str, list[str]]) -> tuple[int | str, ...]:
    """Where it stands in the form: rows that were left empty count there."""
    outer, *rest = loc
    if not rest or not isinstance(rest[0], int):
        return loc
    rows = dict.fromkeys(one.split(".")[1] for one in sent if one.startswith(f"{outer}."))
    return (outer, [*rows][rest[0]], *rest[1:]) if rest[0] < len(rows) else loc


def fields(body: bytes) -> dict[str, list[str]]:
    """By name all that was filled in, in order.

    Raises:
        MalformedError: it is none that can be read.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise MalformedError(422, "malformed_form") from error
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        require_plain(name)
        try:
            require_plain(value)
        except MalformedError as error:
            raise MalformedError(422, "invalid_characters", fields=name) from error
        if value.strip():
            found.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return found


def _meant(shape: type[BaseModel], sent: Mapping[str, list[str]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    inner: dict[str, dict[str, list[str]]] = {}
    for name, values in sent.items():
        outer, dot, rest = name.partition(".")
        if dot:
            inner.setdefault(outer, {})[rest] = values
        else:
            told[name] = _value(_kind(shape, name), values)
    for name, within in inner.items():
        told[name] = _within(_kind(shape, name), within)
    return told


def _within(kind: Any, sent: Mapping[str, list[str]]) -> Any:  # noqa: ANN401 (whatever the shape takes)
    """A shape of its own, rows of one, or texts by their names."""
    if is_shape(kind):
        return _meant(kind, sent)
    row = plain((get_args(kind) or (str,))[0]) if get_origin(kind) is list else None
    if not is_shape(row):
        return {name: values[-1] for name, values in sent.items()}
    rows: dict[str, dict[str, list[str]]] = {}
    for name, values in sent.items():
        place, _, field = name.partition(".")
        rows.setdefault(place, {})[field] = values
    return [_meant(row, rows[place]) for place in rows]


def _value(kind: Any, values: list[str]) -> Any:  # noqa: ANN401 (whatever the shape takes)
    if get_origin(kind) in {list, set, frozenset, tuple}:
        (inner, *_) = get_args(kind) or (str,)
        return [_value(plain(inner), [one]) for one in values]
    last = values[-1].strip()
    if kind is bool:
        return BOXES.get(last, last)
    if kind is int:
        return _whole(last)
    if kind is float and FRACTION.fullmatch(last):
        return float(last.replace(",", "."))
    return values[-1]


def _whole(text: str) -> int | str:
    if NUMBER.fullmatch(text):
        return int(text)
    clock = CLOCK.fullmatch(text)
    return 60 * int(clock[1]) + int(clock[2]) if clock else text


def _kind(shape: type[BaseModel], name: str) -> Any:  # noqa: ANN401 (a type)
    info = shape.model_fields.get(name)
    if info is None:
        return str
    kind = plain(info.annotation)
    # a number that is told as a text, such as a time on the clock, is read by its own shape
    reads = any(isinstance(one, BeforeValidator) for one in info.metadata)
    return str if kind is int and reads else kind


def is_shape(kind: Any) -> TypeGuard[type[BaseModel]]:  # noqa: ANN401 (a type)
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def plain(annotation: Any) -> Any:  # noqa: ANN401 (a type)
    """Without what is said beside it, and without that it may be missing."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in {Union, UnionType}:
        kinds = [one for one in get_args(annotation) if one is not NoneType]
        if len(kinds) == 1:
            return plain(kinds[0])
    return annotation
