"""The description of the API: FastAPI's, with the problems, the headers, the tokens and the examples that routes share."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic_core import from_json, to_json

from api.http import docs, introduction
from api.http.declaring import AtTheDoor, Declared, Routes
from api.http.examples import example_of
from api.http.knocking import COOKIE, CSRF_HEADER
from api.http.letting_in import KEY, KEY_HEADER
from api.http.policies import ANYBODY, Who
from api.http.problems import MEDIA_TYPE, TYPE, Problem
from api.http.replies import Reply
from api.http.texts import sentences, text_of
from api.http.versions import ETAG

JSON = "application/json"
A_REQUEST = introduction.HEADERS["X-Request-Id"][1]

routes = Routes("operation", prefix="")


@routes.get("/openapi.json", ANYBODY, returns=dict)
def openapi(door: AtTheDoor) -> Reply:
    """This description."""
    return Reply(to_json(door.request.app.openapi()))


def describe(app: FastAPI, version: str) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        shown = [(route, one) for route in app.routes if (one := _shown(route)) is not None]
        made = get_openapi(
            title=introduction.TITLE,
            version=version,
            summary=introduction.SUMMARY,
            description=introduction.DESCRIPTION,
            contact=dict(introduction.CONTACT),
            license_info=dict(introduction.LICENSE),
            servers=introduction.SERVERS,
            tags=[{"name": name, "description": text} for name, text in introduction.TAGS.items()],
            routes=[route for route, _ in shown],
        )
        components = made.setdefault("components", {})
        components["schemas"] = _schemas(components.get("schemas", {}))
        components["responses"] = {_named(one): _problem(one) for one in introduction.STATUSES}
        components["headers"] = {name: _answered(name) for name in introduction.HEADERS}
        components["securitySchemes"] = SECURITY
        for _, declared in shown:
            operation = made["paths"][declared.path][declared.method.lower()]
            _complete(operation, declared, components["schemas"])
        app.openapi_schema = _plainly_named(made)
    told: dict[str, Any] = app.openapi_schema
    return told


def _shown(route: object) -> Declared | None:
    """All but pages."""
    declared = getattr(getattr(route, "endpoint", None), "declared", None)
    if declared is None or not declared.face.described:
        return None
    return None if declared in docs.routes.declared else declared


def _schemas(schemas: dict[str, Any]) -> dict[str, Any]:
    """With the problems, in place of FastAPI's own."""
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    own: dict[str, Any] = problem.pop("$defs", {})
    problem["properties"]["code"]["x-codes"] = dict(sentences())
    foreign = {"HTTPValidationError", "ValidationError"}
    kept = {name: one for name, one in schemas.items() if name not in foreign}
    return kept | own | {"Problem": problem}


def _plainly_named(made: dict[str, Any]) -> dict[str, Any]:
    """A generic's schema is called as its class: generators make classes of the names."""
    schemas = made["components"]["schemas"]
    names = {key: one.get("title", key) for key, one in schemas.items() if key.endswith("_")}
    text = to_json(made).decode()
    for key, title in names.items():
        text = text.replace(f'"#/components/schemas/{key}"', f'"#/components/schemas/{title}"')
    plain: dict[str, Any] = from_json(text)
    renamed = {names.get(key, key): one for key, one in plain["components"]["schemas"].items()}
    plain["components"]["schemas"] = renamed
    return plain


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
    codes = {"400", "422", "503"}
    if policy.who is Who.ANYBODY:
        return sorted(codes)
    codes |= {"401", "403"}
    if policy.who is Who.AT_THE_DOOR or declared.is_door:
        codes |= {"429"}
    if declared.targets or declared.method != "GET":
        codes.add("404")
    if declared.method != "GET":
        codes |= {"409", "412", "413", "415"}
    if declared.if_match:
        codes.add("428")
    return sorted(codes)


def _complete(operation: dict[str, Any], declared: Declared, schemas: Mapping[str, Any]) -> None:
    responses = operation["responses"]
    own = declared.openapi.get("responses", {})
    for status in problems_of(declared):
        if status not in own:
            responses[status] = {"$ref": f"#/components/responses/{_named(status)}"}
    _own_answer(responses[str(declared.status)], declared, schemas)
    for media in operation.get("requestBody", {}).get("content", {}).values():
        media.setdefault("example", example_of(media["schema"], schemas))
    operation["parameters"] = [*operation.get("parameters", ()), *_asked(declared)]
    if not operation["parameters"]:
        del operation["parameters"]
    operation["security"] = []
    if declared.policy.asks_for_a_token:
        operation["security"] = [{"token": []}, {"cookie": []}]
        rights = sorted(declared.policy.rights)
        if rights:
            operation["x-rights"] = rights
            needs = f"Needs the right {' or '.join(f'`{one}`' for one in rights)}."
            operation["description"] = f"{operation['description']}\n\n{needs}"


# --- Answers --------------------------------------------------------------------------------------------


def _own_answer(response: dict[str, Any], declared: Declared, schemas: Mapping[str, Any]) -> None:
    """What it answers when all is well."""
    versioned = "version" in getattr(declared.model, "model_fields", ())
    response["headers"] = _headers(
        *(("ETag",) if versioned else ()), *(("Idempotency-Replayed",) if declared.changes else ())
    )
    response["description"] = HTTPStatus(declared.status).phrase
    plain = declared.media_type.partition(";")[0]
    if plain != JSON:
        response["content"] = {plain: {"schema": {"type": "string"}}}
    for media in response.get("content", {}).values():
        media["example"] = example_of(media["schema"], schemas)


def _problem(status: str) -> dict[str, Any]:
    description, code, *names = introduction.STATUSES[status]
    example = {
        "type": TYPE.format(code=code),
        "title": HTTPStatus(int(status)).phrase,
        "status": int(status),
        "code": code,
        "detail": text_of(code, {}),
        "request_id": A_REQUEST,
        "refusals": [],
        "errors": [],
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "headers": _headers(*names),
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }


def _named(status: str) -> str:
    return f"Problem{status}"


def _headers(*names: str) -> dict[str, Any]:
    """Those, and the one that all answers have."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}


def _answered(name: str) -> dict[str, Any]:
    description, example = introduction.HEADERS[name]
    return {"description": description, "schema": {"type": "string"}, "example": example}


# --- What is asked ----------------------------------------------------------------------------------------


def _asked(declared: Declared) -> list[dict[str, Any]]:
    """The headers that a change needs."""
    found = []
    if declared.changes:
        found.append(
            _header(
                KEY_HEADER,
                "a new one for each thing that is to be done",
                KEY.pattern,
                "5f6c0e0a-9d5c-4f7e-9f0a-0c8e2a6f4b11",
            )
        )
    if declared.if_match:
        found.append(_header("If-Match", "the ETag that was read", ETAG.pattern, '"3"'))
    return found


def _header(name: str, description: str, pattern: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string", "pattern": f"^{pattern}$"},
        "example": example,
    }
