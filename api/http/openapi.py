"""The description of the API: FastAPI's, with the problems, the headers and the tokens that every route shares."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic_core import to_json

from api.http.declaring import AtTheDoor, Declared, Routes
from api.http.knocking import COOKIE, CSRF_HEADER
from api.http.letting_in import KEY, KEY_HEADER
from api.http.policies import ANYBODY, Who
from api.http.problems import MEDIA_TYPE, Problem
from api.http.replies import Reply
from api.http.versions import ETAG

TITLE = "Spreekuur"
DESCRIPTION = """Appointments for occupational health: requests, options, appointments.

Log in as a program by `POST /oauth/token` and send the token as `Authorization: Bearer`. Every change needs an
`Idempotency-Key`: send the same one when you ask again, and it is done once. What can be changed has an `ETag`;
give it back as `If-Match`. Lists come in parts: send `next` of one as `cursor` for the next. Every problem is
`application/problem+json` (RFC 9457) with a `code` that does not change.
"""
TEXTS = {
    "400": "A token in the address",
    "401": "Nobody we know",
    "403": "Not allowed",
    "404": "Not there, or not yours to see",
    "409": "Against the rules as things stand",
    "412": "Changed meanwhile",
    "413": "Too large",
    "415": "Not JSON",
    "422": "Malformed",
    "428": "Without If-Match",
    "429": "Too many wrong tries",
    "503": "Busy: try again",
}
ROUTE_IS_PLAIN = {"text/html", "text/javascript", "text/css", "image/png", "text/plain"}

routes = Routes("operation", prefix="")


@routes.get("/openapi.json", ANYBODY, returns=dict)
def openapi(door: AtTheDoor) -> Reply:
    """This description."""
    return Reply(to_json(door.request.app.openapi()))


def describe(app: FastAPI, version: str) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=TITLE, version=version, description=DESCRIPTION, routes=app.routes)
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        made["components"]["securitySchemes"] = SECURITY
        for route in app.routes:
            declared = getattr(getattr(route, "endpoint", None), "declared", None)
            if isinstance(declared, Declared):
                _complete(made["paths"][declared.path][declared.method.lower()], declared)
        app.openapi_schema = made
    return app.openapi_schema


SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "from `POST /oauth/token`"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": f"from `POST /api/v1/session`; what changes anything needs {CSRF_HEADER} as well",
    },
}


def problems_of(declared: Declared) -> list[str]:
    """The statuses that a route may answer with, beside its own."""
    policy = declared.policy
    codes = {"422", "503"}
    if policy.who is Who.ANYBODY:
        return ["400", "422"]
    codes |= {"400", "401", "403"}
    if policy.who is Who.AT_THE_DOOR or declared.is_door:
        codes |= {"429"}
    if declared.targets or declared.method != "GET":
        codes.add("404")
    if declared.method != "GET":
        codes |= {"409", "412", "413", "415"}
    if declared.if_match:
        codes.add("428")
    return sorted(codes)


def _complete(operation: dict[str, Any], declared: Declared) -> None:
    responses = operation["responses"]
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for status in problems_of(declared):
        responses[status] = {"description": TEXTS[status], "content": {MEDIA_TYPE: problem}}
    own = responses.get(str(declared.status), {})
    plain = declared.media_type.partition(";")[0]
    if plain in ROUTE_IS_PLAIN:
        own["content"] = {plain: {"schema": {"type": "string"}}}
    parameters = operation.setdefault("parameters", [])
    if declared.changes:
        parameters.append(
            _header(
                KEY_HEADER,
                "a new one for each thing that is to be done",
                KEY.pattern,
                "5f6c0e0a-9d5c-4f7e-9f0a-0c8e2a6f4b11",
            )
        )
    if declared.if_match:
        parameters.append(_header("If-Match", "the ETag that was read", ETAG.pattern, '"3"'))
    if not parameters:
        del operation["parameters"]
    if declared.policy.asks_for_a_token:
        operation["security"] = [{"token": []}, {"cookie": []}]
        rights = sorted(declared.policy.rights)
        if rights:
            operation["x-rights"] = rights
            needs = f"Needs the right {' or '.join(f'`{one}`' for one in rights)}."
            operation["description"] = f"{operation.get('description', '')}\n\n{needs}".strip()
    else:
        operation["security"] = []


def _header(name: str, description: str, pattern: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string", "pattern": f"^{pattern}$"},
        "example": example,
    }
