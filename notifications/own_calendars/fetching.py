"""A calendar, fetched: no internal address, not by way of another either, in bounded time and size."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from models.base import Code
from notifications.egress import Client, EgressError

ENDS_WITHIN = 20.0
"""Seconds, with all redirects."""
MOST_READ = 5 * 1024 * 1024
MOST_REDIRECTS = 3
OK, NOT_MODIFIED = 200, 304
MOVED = frozenset({301, 302, 303, 307, 308})


class Unfetched(Code):
    """Why there is none, beside the reasons of the way out."""

    REFUSED = "refused"
    GONE = "gone"
    REDIRECTS = "redirects"


class UnfetchedError(Exception):
    """There is none."""

    def __init__(self, why: Code) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Fetched:
    """`content`: nothing where it is as it was."""

    content: bytes | None
    etag: str | None
    last_modified: str | None


def fetch(egress: Client, url: str, etag: str | None, last_modified: str | None) -> Fetched:
    """Raises UnfetchedError."""
    until = time.monotonic() + ENDS_WITHIN
    known = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    headers = {"Accept": "text/calendar"} | {name: said for name, said in known.items() if said}
    try:
        for _ in range(MOST_REDIRECTS + 1):
            answer = egress.get(url, headers, MOST_READ, until)
            if answer.status not in MOVED:
                break
            # looked at like any other: it may lead inside
            url = urljoin(url, answer.headers.get("location", ""))
        else:
            raise UnfetchedError(Unfetched.REDIRECTS)
    except EgressError as error:
        raise UnfetchedError(error.why) from error
    if answer.status == NOT_MODIFIED:
        return Fetched(None, etag, last_modified)
    if answer.status != OK:
        gone = answer.status in {404, 410}
        raise UnfetchedError(Unfetched.GONE if gone else Unfetched.REFUSED)
    return Fetched(answer.body, *_known(answer.headers))


def _known(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """As they are sent back: what is too long, or would be another header, is not kept."""
    etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    return _kept(etag, 200), _kept(modified, 100)


def _kept(said: str, most: int) -> str | None:
    fits = 0 < len(said) <= most and said.isascii() and said.isprintable()
    return said if fits else None
