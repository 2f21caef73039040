"""What is known of a request while it is going on; for the log, and for those who come after one another in it."""

import time
from dataclasses import dataclass, field

from fastapi import Request

from api.http.knocking import Knock

KEY = "spreekuur"


@dataclass(slots=True)
class Context:
    """Of one request."""

    request_id: str
    began: float = field(default_factory=time.monotonic)
    route: str = "-"
    code: str | None = None
    """Of the problem that was answered."""
    knocked: Knock = field(default_factory=lambda: Knock("", None, "local"))
    body: bytes = b""


def context_of(request: Request) -> Context:
    found: Context = request.scope[KEY]
    return found
