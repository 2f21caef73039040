"""All that can be refused of a request before its arguments are read: first who is there, then how it is sent."""

import re

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.http.context import context_of
from api.http.declaring import Declared
from api.http.knocking import IN_THE_URL, knock, refuse_token_in_url, require_token, stranger
from api.http.service import Service
from api.http.strict import MalformedError, StrictRequest, require_plain
from api.http.versions import expected_version
from scheduler.idempotency import LONGEST_KEY

KEY_HEADER = "Idempotency-Key"
KEY = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}")


async def let_in(
    service: Service, declared: Declared, request: StrictRequest, known: frozenset[str]
) -> None:
    """Raises what every problem is made of (`problems.trouble_of`)."""
    context = context_of(request)
    context.route = declared.path
    declared.face.arrange(request)
    for name, value in request.query_params.multi_items():
        require_plain(name)
        require_plain(value)
    for value in request.path_params.values():
        require_plain(value)
    if IN_THE_URL & request.query_params.keys():
        await run_in_threadpool(refuse_token_in_url, service.engine, request, service.now())
    context.knocked = stranger(request, context.request_id)
    if declared.policy.asks_for_a_token:
        context.knocked = knock(request, context.request_id)
        await run_in_threadpool(require_token, service.engine, context.knocked, service.now())
    _require_known(request, known)
    if declared.method == "GET":
        return
    _require_headers(request, declared)
    context.body = await request.body()
    if declared.body is not None or declared.changes:
        await declared.face.require_body(request, declared.body, context.body)


def _require_headers(request: Request, declared: Declared) -> None:
    if declared.changes:
        key = request.headers.get(KEY_HEADER)
        if key is None:
            raise MalformedError(422, "idempotency_key_missing")
        if not KEY.fullmatch(key):
            raise MalformedError(422, "idempotency_key_invalid", longest=LONGEST_KEY)
    if declared.if_match:
        condition = request.headers.get("if-match")
        if condition is None:
            raise MalformedError(428, "version_missing")
        expected_version(condition)


def _require_known(request: Request, known: frozenset[str]) -> None:
    """A parameter that means nothing here is refused, and so is one that is given twice (T2)."""
    names = [name for name, _ in request.query_params.multi_items()]
    if strange := sorted(set(names) - known):
        raise MalformedError(422, "unknown_parameter", fields=", ".join(strange))
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise MalformedError(422, "invalid_parameter", fields=", ".join(twice))


def query_of(route: APIRoute) -> frozenset[str]:
    names: set[str] = set()
    for one in route.dependant.query_params:
        annotation = one.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names |= annotation.model_fields.keys()
        else:
            names.add(one.alias)
    return frozenset(names)
