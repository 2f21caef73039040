"""Declared routes, served: FastAPI reads the arguments, a transaction does what is asked, and every problem is told one way."""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from api.http import problems
from api.http.calls import Call
from api.http.compressing import accepts_gzip, compressed
from api.http.context import context_of
from api.http.declaring import AtTheDoor, Declared, Routes, Told, Undeclared
from api.http.knocking import Knock
from api.http.letting_in import KEY_HEADER, let_in, query_of
from api.http.policies import Who
from api.http.problems import AuditFailedError, Trouble
from api.http.recording import put_malformed_on_record
from api.http.replies import NO_CONTENT, Asked, Reply
from api.http.service import Service
from api.http.strict import StrictRequest
from api.http.transactions import change, look
from api.http.versions import expected_version

log = structlog.get_logger("spreekuur.api")


def add(app: FastAPI, service: Service, routes: Routes) -> None:
    """Serve them."""
    for declared in routes.declared:
        doc = inspect.cleandoc(declared.handler.__doc__ or "")
        summary, _, rest = doc.partition("\n\n")
        app.router.add_api_route(
            declared.path,
            _endpoint(service, declared),
            methods=[declared.method],
            operation_id=declared.handler.__name__,
            name=declared.handler.__name__,
            tags=[declared.tag],
            summary=summary.rstrip("."),
            description=rest.partition("Raises:")[0].strip() or summary,
            status_code=declared.status,
            response_model=declared.model,
            route_class_override=PolicedRoute,
            include_in_schema=declared.face.described,
            openapi_extra=declared.openapi or None,
        )


def _endpoint(service: Service, declared: Declared) -> Callable[..., Response]:
    """What FastAPI calls, in a thread: with the arguments as they should be."""

    def endpoint(request: Request, **arguments: Any) -> Response:  # noqa: ANN401 (what FastAPI has read)
        reply = _done(service, declared, request, arguments)
        if declared.compressed and accepts_gzip(request):
            reply = compressed(reply)
        return _sent(reply, declared)

    made: Any = endpoint
    first = inspect.Parameter(
        "request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request
    )
    made.__signature__ = inspect.Signature([first, *declared.asked])
    made.__doc__ = declared.handler.__doc__
    made.declared = declared
    made.service = service
    return endpoint


def _done(
    service: Service, declared: Declared, request: Request, arguments: dict[str, Any]
) -> Reply:
    knocked: Knock = context_of(request).knocked
    if declared.body and not declared.face.hands_body_over:
        given = declared.face.given(declared.body, context_of(request).body)
        arguments = {**arguments, str(declared.given): given}
    if declared.is_door or declared.policy.who is Who.ANYBODY:
        outcome = declared.handler(AtTheDoor(service, knocked, request), **arguments)
        if isinstance(outcome, Reply):
            return outcome.written()
        status = NO_CONTENT if outcome is None else declared.status
        return Reply(outcome, status).written()
    asked = asked_of(declared, request, arguments)
    return change(service, asked) if declared.changes else look(service, asked)


def asked_of(declared: Declared, request: Request, arguments: dict[str, Any]) -> Asked:
    """The request, as a transaction needs to know it."""
    refused_with = declared.refused_with
    condition = request.headers.get("if-match", "")
    return Asked(
        policy=declared.policy,
        knocked=context_of(request).knocked,
        act=lambda call: declared.handler(call, **arguments),
        status=declared.status,
        fields=declared.fields,
        target=next((arguments[name] for name in declared.targets if name in arguments), None),
        expected=expected_version(condition) if declared.if_match else None,
        key=request.headers.get(KEY_HEADER, ""),
        route=f"{request.method} {request.url.path}"[:200],
        body=context_of(request).body + b"\n" + condition.encode(),
        refused_with=None if refused_with is None else partial(_told, refused_with, arguments),
    )


def _told(tell: Told, arguments: dict[str, Any], call: Call) -> Mapping[str, Any]:
    return tell(call, **arguments)


def _sent(reply: Reply, declared: Declared) -> Response:
    media_type = declared.media_type if reply.content else None
    response = Response(reply.content, reply.status, dict(reply.headers), media_type)
    for cookie in reply.cookies:
        response.headers.append("Set-Cookie", cookie)
    return response


class PolicedRoute(APIRoute):
    """Asks who is there before it reads anything else, and tells every problem the same way."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        declared: Declared | None = getattr(self.endpoint, "declared", None)
        if declared is None:
            raise Undeclared(f"{self.path} has no policy: declare it by Routes")
        handle = super().get_route_handler()
        service: Service = self.endpoint.service  # type: ignore[attr-defined]
        known = query_of(self)

        async def policed(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            strict.most_bytes = declared.most_bytes
            try:
                await let_in(service, declared, strict, known)
                return await handle(strict)
            except Exception as error:  # noqa: BLE001 (every one is told, and none twice)
                return await _problem(service, declared, strict, error)

        return policed


async def _problem(
    service: Service, declared: Declared, request: Request, error: Exception
) -> Response:
    context = context_of(request)
    trouble = problems.trouble_of(error)
    if trouble is None:
        # the kind and the place only: its words may hold somebody's data
        log.error(
            "unexpected",
            request_id=context.request_id,
            error=type(error).__name__,
            where=_where(error),
        )
        trouble = Trouble(500, "internal_error")
    context.code = trouble.code
    if isinstance(error, RequestValidationError) and trouble.code == "unknown_field":
        names = [str(one["loc"][-1]) for one in error.errors()]
        if declared.changes:
            asked = asked_of(declared, request, {})
            try:
                await run_in_threadpool(put_malformed_on_record, service, asked, names)
            except (AuditFailedError, SQLAlchemyError):
                trouble = Trouble(503, "audit_unavailable")
    return declared.face.tell(trouble, request, context.request_id)


def _where(error: Exception) -> list[str]:
    """File and line of each step, and nothing of what was in it."""
    steps, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        steps.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return steps[-12:]
