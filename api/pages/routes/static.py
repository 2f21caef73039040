"""What the pages load: our own scripts and styles, and nobody else's."""

import gzip
from collections.abc import Mapping
from functools import cache
from typing import Annotated

from fastapi import Path, Query

from api.http.compressing import GZIPPED, VARIES, accepts_gzip
from api.http.declaring import AtTheDoor, Routes
from api.http.policies import ANYBODY
from api.http.replies import Reply
from api.pages.face import PAGE
from api.pages.rendering import STATIC
from scheduler.access.denied import NotFoundError

routes = Routes("static", prefix="", face=PAGE)

KINDS: Mapping[str, str] = {
    "app.js": "text/javascript; charset=utf-8",
    "agenda_week.js": "text/javascript; charset=utf-8",
    "agenda_day.js": "text/javascript; charset=utf-8",
    "app.css": "text/css; charset=utf-8",
    "agenda.css": "text/css; charset=utf-8",
    "agenda_day.css": "text/css; charset=utf-8",
}
FOR_GOOD = "public, max-age=31536000, immutable"
"""The address has its digest in it (`rendering.static`)."""


@routes.get("/static/{name}", ANYBODY)
def read_file(
    door: AtTheDoor,
    name: Annotated[str, Path(max_length=50)],
    v: Annotated[str | None, Query(max_length=50)] = None,  # noqa: ARG001 (of the address only)
) -> Reply:
    """A script or a style."""
    if name not in KINDS:
        raise NotFoundError
    headers = {"Content-Type": KINDS[name], "Cache-Control": FOR_GOOD}
    if accepts_gzip(door.request):
        return Reply(_smaller(name), headers=headers | GZIPPED)
    return Reply(_content(name), headers=headers | VARIES)


@cache
def _content(name: str) -> bytes:
    return (STATIC / name).read_bytes()


@cache
def _smaller(name: str) -> bytes:
    """Once: what it costs is nothing, and each byte less is one that nobody waits for."""
    return gzip.compress(_content(name), mtime=0)
