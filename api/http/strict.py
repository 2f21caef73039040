"""Bodies, as strictly as they can be read: what two readers may read differently is read by nobody. Reliability §4, P18."""

import json
import re
from typing import Any, NoReturn

from fastapi import Request
from starlette.concurrency import run_in_threadpool

MOST_BYTES = 1024 * 1024
"""Of a body, unless its route says that it may have more."""
LARGE = 64 * 1024
DEEPEST = 32
LARGEST = 2**63 - 1
MARKS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
"""Texts, and what opens and closes; a text that does not end goes on to the end, so that none is looked at twice."""
SURROGATES = re.compile("[\ud800-\udfff]")


class MalformedError(Exception):
    """What was sent cannot be read: a status and a code, and what the sentence names."""

    def __init__(self, status: int, code: str, **params: object) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.params = params


class StrictRequest(Request):
    """Reads no more of a body than it may have, and no JSON that is not plain."""

    most_bytes: int = MOST_BYTES

    async def body(self) -> bytes:
        """All of it.

        Raises:
            MalformedError: it is too large, whatever was said of its length.
        """
        if not hasattr(self, "_body"):
            said = self.headers.get("content-length", "")
            if said.isascii() and said.isdigit() and int(said[:20]) > self.most_bytes:
                raise _too_large(self.most_bytes)
            parts, size = [], 0
            async for part in self.stream():
                size += len(part)
                if size > self.most_bytes:
                    raise _too_large(self.most_bytes)
                parts.append(part)
            self._body = b"".join(parts)
        return self._body

    async def json(self) -> Any:  # noqa: ANN401 (JSON)
        """What it says.

        Raises:
            MalformedError: it is no JSON, or none that can be taken.
        """
        if not hasattr(self, "_json"):
            body = await self.body()
            # a large one takes its time, and others wait for this thread
            is_large = len(body) > LARGE
            self._json = await run_in_threadpool(plain_json, body) if is_large else plain_json(body)
        return self._json


def plain_json(body: bytes) -> Any:  # noqa: ANN401 (JSON)
    """The value of a body.

    Raises:
        MalformedError: it is no JSON; or a key comes twice, a number is none or too large, a text has
            characters that the database cannot keep, or it is nested too deep.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        _malformed("it is not UTF-8")
    depth = 0
    for mark in MARKS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark[0], 0)
        if depth > DEEPEST:
            _malformed(f"it is nested deeper than {DEEPEST}")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_once_each,
            parse_constant=lambda name: _malformed(f"{name} is no number"),
            parse_float=_finite,
            parse_int=_small,
        )
    except json.JSONDecodeError as error:
        _malformed(f"line {error.lineno}, column {error.colno}")
    require_plain(value)
    return value


def require_plain(value: object) -> None:
    """Raises MalformedError where a text in it is none that both databases can keep."""
    match value:
        case str():
            if "\0" in value or SURROGATES.search(value):
                _malformed("a text has a NUL or half a character")
        case list():
            for one in value:
                require_plain(one)
        case dict():
            for key, one in value.items():
                require_plain(key)
                require_plain(one)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _malformed("a key comes twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        _malformed("a number is too large")
    return number


def _small(text: str) -> int:
    if len(text) > len(str(-LARGEST)) or abs(int(text)) > LARGEST:
        _malformed("a number is too large")
    return int(text)


def _malformed(why: str) -> NoReturn:
    raise MalformedError(422, "malformed_json", why=why)


def _too_large(most: int) -> MalformedError:
    return MalformedError(413, "body_too_large", most=most)
