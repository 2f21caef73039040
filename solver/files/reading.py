"""Reading a JSON file, plain or gzipped, into a strict schema: one clear error, or the whole."""

import gzip
import json
import sys
import zlib
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

Model = TypeVar("Model", bound="Strict")

STANDARD_INPUT = Path("-")
"""The name under which a file is read from standard input."""
LONGEST_VALUE = 60
"""Characters of a wrong value that an error message shows."""


class Strict(BaseModel):
    """A part of a file: no conversions, unknown keys ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class MalformedInputError(Exception):
    """A file that cannot be taken: which, where in it, what stands there and what to do.

    Its text is one line.
    """

    def __init__(self, file: object, place: str, problem: str) -> None:
        self.file = "standard input" if file == STANDARD_INPUT else str(file)
        self.place = place
        self.problem = problem
        super().__init__(": ".join(part for part in (self.file, place, problem) if part))


def shown(value: object) -> str:
    """A value as an error message quotes it: JSON on one line, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def read_model(file: Path, schema: type[Model]) -> Model:
    """The file's content as `schema`.

    Raises:
        MalformedInputError: it cannot be opened or unpacked, is no JSON, or breaks the schema.
    """
    content = _read_bytes(file)
    try:
        return schema.model_validate_json(content)
    except ValidationError as error:
        raise MalformedInputError(file, *_first_fault(error)) from None


def digest(file: Path) -> str:
    """The SHA-256 of what the file says, the same packed and unpacked."""
    return f"sha256:{sha256(_read_bytes(file)).hexdigest()}"


def _read_bytes(file: Path) -> bytes:
    try:
        content = sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
    except OSError as error:
        raise MalformedInputError(file, "", f"cannot be read: {error.strerror or error}") from None
    try:
        # by content rather than by name: a renamed file still opens
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except EOFError:
        problem = f"the gzip data ends too early, after {len(content)} bytes; copy the file again"
        raise MalformedInputError(file, "", problem) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        problem = f"the gzip data is damaged ({error}); copy the file again"
        raise MalformedInputError(file, "", problem) from None


def _first_fault(error: ValidationError) -> tuple[str, str]:
    """Place and problem of the first fault, with the number of the others."""
    faults = error.errors(include_url=False)
    first = faults[0]
    problem = _in_words(first["type"], first["msg"], first["input"])
    if len(faults) > 1:
        problem += f" (and {len(faults) - 1} more)"
    return _place(first["loc"]), problem


def _in_words(kind: str, message: str, value: object) -> str:
    if kind == "json_invalid":
        return f"is not JSON: {message.removeprefix('Invalid JSON: ')}"
    if kind == "missing":
        return "this key is missing"
    text = message[0].lower() + message[1:]
    return f"{text.removeprefix('value error, ')}, not {shown(value)}"


def _place(location: tuple[int | str, ...]) -> str:
    """`requests[3].window[0]`, as a person would point at it."""
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place.removeprefix(".")
