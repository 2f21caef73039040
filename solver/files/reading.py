"""Reading a JSON file, plain or gzipped, into a strict schema: one clear error, or the whole."""

import gzip
import json
import sys
import zlib
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TextIO, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

Model = TypeVar("Model", bound="Strict")

STANDARD_INPUT = Path("-")
"""The name under which a file is read from standard input."""
LONGEST_VALUE = 60
"""Characters of a wrong value that an error message shows."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some editors begin a UTF-8 file with it; it is no part of the text."""

IN_WORDS = {
    "missing": "this key is missing",
    "int_type": "must be a whole number",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "value_error": "{error}",
}
"""What is asked of a value, by pydantic's name of the fault."""


class Strict(BaseModel):
    """A part of a file: no conversions, unknown keys ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class MalformedInputError(Exception):
    """A file that cannot be taken: which, where in it, what stands there and what to do.

    Its text is one line.
    """

    def __init__(self, file: object, place: str, problem: str) -> None:
        self.file = "standard input" if file == STANDARD_INPUT else printable(str(file))
        self.place = place
        self.problem = problem
        super().__init__(": ".join(part for part in (self.file, place, problem) if part))


def printable(text: str) -> str:
    """The text on one line: line breaks and all that no terminal shows are written as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shown(value: object) -> str:
    """A value as an error message quotes it: JSON on one line, cut where it is long."""
    text = printable(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def read_model(file: Path, schema: type[Model]) -> Model:
    """The file's content as `schema`.

    Raises:
        MalformedInputError: it cannot be opened or unpacked, is no JSON, or breaks the schema.
    """
    content = _read_bytes(file)
    if not content:
        raise MalformedInputError(file, "", "is empty")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        raise MalformedInputError(file, "", problem) from None
    try:
        return schema.model_validate_json(content)
    except ValidationError as error:
        raise MalformedInputError(file, *_first_fault(error)) from None


def digest(file: Path) -> str:
    """The SHA-256 of what the file says, the same packed and unpacked.

    Raises:
        MalformedInputError: it cannot be opened or unpacked.
    """
    return f"sha256:{sha256(_read_bytes(file)).hexdigest()}"


def _read_bytes(file: Path) -> bytes:
    try:
        content = _all_of(sys.stdin) if file == STANDARD_INPUT else file.read_bytes()
    except OSError as error:
        raise MalformedInputError(file, "", f"cannot be read: {error.strerror or error}") from None
    try:
        # by content rather than by name: a renamed file still opens
        unpacked = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except EOFError:
        problem = f"the gzip data ends too early, after {len(content)} bytes; copy the file again"
        raise MalformedInputError(file, "", problem) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        problem = f"the gzip data is damaged ({error}); copy the file again"
        raise MalformedInputError(file, "", problem) from None
    return unpacked.removeprefix(BYTE_ORDER_MARK)


@lru_cache(maxsize=1)
def _all_of(stream: TextIO | None) -> bytes:
    """What a pipe brought: it can be read only once, and its digest is wanted as well."""
    if stream is None:
        raise OSError("it is closed")
    return stream.buffer.read()


def _first_fault(error: ValidationError) -> tuple[str, str]:
    """Place and problem of the first fault, with the number of the others."""
    faults = error.errors(include_url=False)
    first = faults[0]
    problem = _in_words(first["type"], first.get("ctx", {}), first["msg"], first["input"])
    if len(faults) > 1:
        problem += f" (and {len(faults) - 1} more)"
    return _place(first["loc"]), problem


def _in_words(kind: str, details: Mapping[str, object], message: str, value: object) -> str:
    if kind == "json_invalid":
        return f"is not JSON: {message.removeprefix('Invalid JSON: ')}"
    text = IN_WORDS[kind].format(**details) if kind in IN_WORDS else message
    return text if kind == "missing" else f"{text}, not {shown(value)}"


def _place(location: tuple[int | str, ...]) -> str:
    """`requests[3].window[0]`, as a person would point at it."""
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place.removeprefix(".")
