"""The description of the API is whole, true and pleasant: named well, with examples that hold, without loose ends."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import Engine

from api.http import health, introduction, openapi
from api.http.declaring import Declared
from api.http.routes import ALL
from api.http.texts import sentences
from scheduler.access import Right
from tests.generated import named
from tests.http_client import Api, an_api, copied

SHOWN = [
    one
    for routes in (*ALL, openapi.routes, health.routes)
    for one in routes.declared
    if one.media_type == "application/json"
]
Document = dict[str, Any]


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def api(engine: Engine) -> Iterator[Api]:
    with an_api(engine) as made:
        yield made


@pytest.fixture(scope="module")
def document(api: Api) -> Document:
    told: Document = api.client.get("/openapi.json").json()
    return told


def operation_of(document: Document, declared: Declared) -> Document:
    found: Document = document["paths"][declared.path][declared.method.lower()]
    return found


def test_it_says_what_it_is(document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["license"] == introduction.LICENSE
    assert document["info"]["summary"]
    assert document["servers"] == introduction.SERVERS


def test_every_subject_is_told_of(document: Document) -> None:
    told = [one["name"] for one in document["tags"]]
    used = {
        tag for path in document["paths"].values() for one in path.values() for tag in one["tags"]
    }

    assert set(told) == used
    assert all(one["description"] for one in document["tags"])


def test_the_pages_that_show_it_are_no_operations(document: Document) -> None:
    assert not [path for path in document["paths"] if path.startswith("/docs")]


def test_schemas_have_names_that_a_class_may_have(document: Document) -> None:
    """Of two classes by the same name FastAPI makes names with modules in them: call one of them otherwise."""
    assert not [
        one for one in document["components"]["schemas"] if not re.fullmatch(r"[A-Z][A-Za-z]+", one)
    ]


@pytest.mark.parametrize("declared", SHOWN, ids=named)
def test_the_examples_hold(document: Document, declared: Declared) -> None:
    operation = operation_of(document, declared)
    if declared.body is not None:
        sent = operation["requestBody"]["content"]["application/json"]["example"]
        declared.body.model_validate_json(json.dumps(sent))
    if declared.model is not None:
        shown = operation["responses"][str(declared.status)]["content"]["application/json"][
            "example"
        ]
        TypeAdapter(declared.model).validate_json(json.dumps(shown))


def test_every_code_is_listed(api: Api, document: Document) -> None:
    code = document["components"]["schemas"]["Problem"]["properties"]["code"]
    page = api.client.get(introduction.PROBLEMS)

    assert code["x-codes"] == sentences()
    assert page.headers["content-type"].startswith("text/html")
    assert re.findall(r"<code>(\w+)</code><td>", page.text) == list(sentences())
    assert introduction.PROBLEMS in document["info"]["description"]


def test_the_headers_are_those_that_are_answered(api: Api, document: Document) -> None:
    chief = api.administrator()
    added = chief.post("/roles", {"name": "Role 1", "rights": [Right.VIEW_AUDIT]}, key="one")
    again = chief.post("/roles", {"name": "Role 1", "rights": [Right.VIEW_AUDIT]}, key="one")
    unknown = api.nobody().get("/me")

    (declared,) = (one for one in SHOWN if named(one) == "add_role")
    told = operation_of(document, declared)["responses"]["201"]["headers"]
    assert {name.lower() for name in told} <= set(again.headers.keys())
    assert again.json() == added.json()
    problem = document["components"]["responses"]["Problem401"]["headers"]
    assert {name.lower() for name in problem} <= set(unknown.headers.keys())
