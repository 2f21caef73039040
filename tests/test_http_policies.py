"""Every route says who may use it and what it puts on record; one that does not is not served. Reliability P10, P13."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from api.http.application import application
from api.http.declaring import Declared, Routes, Undeclared, require_policies
from api.http.openapi import problems_of
from api.http.policies import Policy, Who, by_right, everywhere
from api.http.problems import MEDIA_TYPE
from api.http.replies import Reply
from api.http.routes import ALL
from api.http.routing import add
from api.http.service import Service
from api.http.shapes import View
from models.access import Role
from models.audit import Act
from models.people import Employee
from scheduler.access import Right
from tests.http_client import Api, an_api, code_of, copied, settings_for

DECLARED = [declared for routes in ALL for declared in routes.declared]
DOORS = {"log_in", "prove", "issue_access_token"}
"""They change something without a key: nobody is known yet, or a code counts once anyway."""


@pytest.fixture(scope="module", params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def api(engine: Engine) -> Iterator[Api]:
    with an_api(engine) as made:
        yield made


def named(declared: Declared) -> str:
    return declared.handler.__name__


def path_of(declared: Declared) -> str:
    """The path with keys of nothing."""
    filled = re.sub(r"\{\w+_id\}", lambda _: str(uuid4()), declared.path)
    return re.sub(r"\{\w+\}", "Nothing", filled).removeprefix("/api/v1")


# --- What is declared -----------------------------------------------------------------------------------


def test_no_operation_has_the_name_of_another() -> None:
    names = [named(one) for one in DECLARED]

    assert len(names) == len(set(names))
    assert len({(one.method, one.path) for one in DECLARED}) == len(DECLARED)


@pytest.mark.parametrize("declared", DECLARED, ids=named)
def test_a_change_is_on_record_as_one_and_a_look_as_a_look(declared: Declared) -> None:
    assert declared.policy.who is not Who.ANYBODY
    assert declared.policy.of is not None
    if declared.looks:
        assert declared.policy.act is Act.READ
    else:
        assert declared.policy.act is not Act.READ


def test_only_doors_change_anything_without_a_key() -> None:
    without = {named(one) for one in DECLARED if not one.changes and not one.looks}

    assert without == DOORS


@pytest.mark.parametrize("declared", [one for one in DECLARED if one.if_match], ids=named)
def test_what_asks_for_a_version_names_a_row_with_one(declared: Declared) -> None:
    assert declared.targets
    assert declared.policy.of is not None
    assert "version" in declared.policy.of.__table__.columns


# --- What is not declared as it should be ----------------------------------------------------------------


def test_a_route_without_a_policy_keeps_the_service_from_starting(engine: Engine) -> None:
    service = Service(settings_for(engine))
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    add(app, service, ALL[0])
    require_policies(app)

    @app.get("/undeclared")
    def undeclared() -> None: ...

    with pytest.raises(Undeclared, match="/undeclared"):
        require_policies(app)
    service.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"who": Who.WITH_A_RIGHT, "of": Employee},
        {"who": Who.HIMSELF, "of": Employee, "rights": {Right.VIEW_EMPLOYEES}},
        {"who": Who.WITH_A_RIGHT, "rights": {Right.VIEW_EMPLOYEES}},
        {"who": Who.WITH_A_RIGHT, "of": Role, "rights": {Right.MANAGE_ROLES}},
        {"who": Who.WITH_A_RIGHT, "of": Employee, "rights": {Right.VIEW_AUDIT}, "everywhere": True},
    ],
)
def test_a_policy_that_leaves_something_open_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"right|table|part"):
        Policy(**wrong)


class Told(View):
    """Something."""

    last_name: str


def test_a_route_that_never_asks_whose_it_is_fails(engine: Engine) -> None:
    routes = Routes("leaks")

    @routes.get("/leaks", by_right(Right.VIEW_EMPLOYEES, of=Employee))
    def leak(_: Any) -> Told:
        """Everybody's."""
        return Told(last_name="Employee 1")

    with an_api(engine, routes) as api:
        answer = api.person(Right.VIEW_EMPLOYEES).get("/leaks")

    assert (answer.status_code, code_of(answer)) == (500, "internal_error")
    assert "Employee" not in answer.text


def test_what_goes_wrong_here_is_told_without_what_it_was_about(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    routes = Routes("faults")

    @routes.get("/faults", everywhere(Right.MANAGE_ROLES, of=Role))
    def fault(_: Any) -> Told:
        """A fault of ours."""
        raise KeyError("Employee 1 was born in 1970")

    with an_api(engine, routes) as api:
        answer = api.person(Right.MANAGE_ROLES).get("/faults")

    assert (answer.status_code, code_of(answer)) == (500, "internal_error")
    out = capsys.readouterr()
    assert "born" not in answer.text + out.out + out.err
    assert "KeyError" in out.out


# --- Every route, whoever asks ----------------------------------------------------------------------------


@pytest.mark.parametrize("declared", DECLARED, ids=named)
def test_nobody_gets_in_without_a_token(api: Api, declared: Declared) -> None:
    if not declared.policy.asks_for_a_token:
        return

    answer = api.nobody().call(declared.method, path_of(declared), version=1)

    assert (answer.status_code, code_of(answer)) == (401, "invalid_token")


@pytest.mark.parametrize(
    "declared", [one for one in DECLARED if one.policy.rights and one.body is None], ids=named
)
def test_nobody_may_without_the_right(api: Api, declared: Declared) -> None:
    everything_else = api.person(*(set(Right) - declared.policy.rights))

    answer = everything_else.call(declared.method, path_of(declared), version=1)

    assert (answer.status_code, code_of(answer)) == (403, "right_missing")
    denied = api.records(actor_id=everything_else.id)[-1]
    assert not denied.allowed
    assert denied.ground == "right_missing"


@pytest.mark.parametrize("declared", [one for one in DECLARED if one.changes], ids=named)
def test_no_change_without_a_key(api: Api, declared: Declared) -> None:
    answer = api.administrator().call(declared.method, path_of(declared), key=None, version=1)

    assert (answer.status_code, code_of(answer)) == (422, "idempotency_key_missing")


@pytest.mark.parametrize("declared", [one for one in DECLARED if one.if_match], ids=named)
def test_no_change_of_what_was_not_read(api: Api, declared: Declared) -> None:
    answer = api.administrator().call(declared.method, path_of(declared))

    assert (answer.status_code, code_of(answer)) == (428, "version_missing")


@pytest.mark.parametrize(
    "declared",
    [one for one in DECLARED if one.targets and one.body is None and one.policy.rights],
    ids=named,
)
def test_what_is_not_there_is_not_found(api: Api, declared: Declared) -> None:
    answer = api.administrator().call(declared.method, path_of(declared), version=1)

    assert (answer.status_code, code_of(answer)) == (404, "not_found")


# --- The description ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def described(api: Api) -> dict[str, Any]:
    told: dict[str, Any] = api.client.get("/openapi.json").json()
    return told


@pytest.mark.parametrize("declared", DECLARED, ids=named)
def test_every_operation_is_described(described: dict[str, Any], declared: Declared) -> None:
    operation = described["paths"][declared.path][declared.method.lower()]
    headers = {one["name"] for one in operation.get("parameters", []) if one["in"] == "header"}

    assert operation["operationId"] == named(declared)
    assert operation["summary"]
    assert operation["tags"] == [declared.tag]
    assert str(declared.status) in operation["responses"]
    for status in problems_of(declared):
        named_so = operation["responses"][status]["$ref"].rpartition("/")[2]
        content = described["components"]["responses"][named_so]["content"]
        assert content[MEDIA_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert content[MEDIA_TYPE]["example"]["status"] == int(status)
    assert ("Idempotency-Key" in headers) is declared.changes
    assert ("If-Match" in headers) is declared.if_match
    assert bool(operation["security"]) is declared.policy.asks_for_a_token


def test_the_description_has_no_loose_ends(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]

    referred = set(re.findall(r'"#/components/schemas/([^"\']+)', str(described).replace("'", '"')))

    assert referred <= schemas.keys()
    assert "HTTPValidationError" not in schemas
    assert described["components"]["securitySchemes"].keys() == {"token", "cookie"}


def test_reply_without_body_is_plain() -> None:
    assert Reply(None, 204).written().content == b""


def test_the_application_is_whole(engine: Engine) -> None:
    app = application(settings_for(engine))

    require_policies(app)
    app.state.service.close()
