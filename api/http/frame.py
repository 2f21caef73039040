"""Around every request: an id, a limit to how many wait, the time it took, one line in the log, and headers that keep browsers careful."""

import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.context import KEY, Context
from api.http.problems import SOON, Trouble, answer
from api.http.service import Service
from models.base import new_id

NEVER_FRAMED = b"default-src 'none'; frame-ancestors 'none'"
CAREFUL = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", NEVER_FRAMED),
)

log = structlog.get_logger("spreekuur.access")


class Frame:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._most = service.settings.connections + service.settings.waiting
        self._going_on = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = Context(new_id().hex)
        scope[KEY] = context
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, context)
            await send(message)

        self._going_on += 1
        self._service.metrics.going_on.set(self._going_on)
        try:
            if self._going_on > self._most:
                context.code = "busy"
                busy = answer(Trouble(503, "busy", headers=dict(SOON)), context.request_id)
                await busy(scope, receive, sending)
            else:
                await self._app(scope, receive, sending)
        finally:
            self._going_on -= 1
            self._service.metrics.going_on.set(self._going_on)
            self._tell(scope, context, status)

    def _tell(self, scope: Scope, context: Context, status: int) -> None:
        seconds = time.monotonic() - context.began
        metrics, method = (
            self._service.metrics,
            scope["method"] if scope["method"] in METHODS else "-",
        )
        metrics.requests.labels(method, context.route, status).inc()
        metrics.seconds.labels(method, context.route).observe(seconds)
        if context.code is not None:
            metrics.problems.labels(context.code).inc()
        log.info(
            "request",
            request_id=context.request_id,
            method=method,
            route=context.route,  # the template: a path may hold a name
            status=status,
            code=context.code,
            ms=round(seconds * 1000, 1),
        )


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _add_headers(message: MutableMapping[str, Any], context: Context) -> None:
    headers = list(message.get("headers", []))
    there = {name.lower() for name, _ in headers}
    headers += [(name, value) for name, value in CAREFUL if name not in there]
    headers.append((b"x-request-id", context.request_id.encode()))
    message["headers"] = headers
