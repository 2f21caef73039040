"""The frame of the service: health, figures, the page of the API, headers and logs. Reliability §3.11, P21, F16, F18."""

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine, text

from api.http import logs
from api.http.application import application
from api.http.service import Service
from api.settings import UnusableDatabaseError
from models.access import SealingKey
from models.database import writing
from scheduler.access import Right
from scheduler.access.vault import SecretKeyError, Vault
from tests.http_client import Api, an_api, code_of, copied, on_both, settings_for

OUR_PAGES = ("/docs", "/docs/start.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css")


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def api(engine: Engine) -> Iterator[Api]:
    with an_api(engine) as made:
        yield made


def test_it_lives_and_is_ready(api: Api) -> None:
    assert api.client.get("/health").json() == {"status": "ok", "troubles": []}
    assert api.client.get("/ready").json() == {"status": "ok", "troubles": []}


@on_both
def test_it_says_what_it_is_not_ready_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing(api.engine) as session:
        session.add(SealingKey(name="another", since=api.clock.now))
    with api.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0'"))
    monkeypatch.setattr("api.http.service.LEAST_DISK", 2**62)

    answer = api.client.get("/ready")

    assert answer.status_code == 503
    troubles = {"database", "secret_key"}
    if api.engine.dialect.name == "sqlite":
        troubles.add("disk")
    assert set(answer.json()["troubles"]) == troubles
    assert api.client.get("/health").status_code == 200


@on_both
def test_it_does_not_start_with_another_key(engine: Engine) -> None:
    Service(settings_for(engine)).close()
    settings = settings_for(engine)

    with pytest.raises(SecretKeyError, match="sealed by the key"):
        Service(type(settings)(settings.database, Vault(b"x" * 32)))


def test_it_does_not_start_on_tables_of_another_version(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0'"))

    with pytest.raises(UnusableDatabaseError, match="upgrade the database"):
        application(settings_for(engine))


def test_its_figures_name_routes_and_no_people(api: Api) -> None:
    api.person(Right.VIEW_REQUESTS).get("/requests")
    api.nobody().get("/nowhere/employee-1")

    told = api.client.get("/metrics").text

    assert (
        'spreekuur_requests_total{method="GET",route="/api/v1/requests",status="200"} 1.0' in told
    )
    assert "spreekuur_outbox_waiting 0.0" in told
    assert "employee-1" not in told


def test_the_page_of_the_api_needs_nothing_from_elsewhere(api: Api) -> None:
    page = api.client.get("/docs")

    linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert linked
    for address in linked:
        assert address.startswith("/")
        assert api.client.get(address).status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    assert b"SwaggerUIBundle" in api.client.get("/docs/swagger-ui-bundle.js").content


def test_every_answer_is_careful_and_has_an_id(api: Api) -> None:
    answers = [
        api.client.get("/health"),
        api.client.get("/nowhere"),
        api.nobody().get("/me"),
        api.administrator().get("/me"),
    ]

    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


def test_what_is_no_route_is_a_problem_too(api: Api) -> None:
    assert code_of(api.client.get("/nowhere")) == "not_found"
    assert code_of(api.client.post("/health")) == "method_not_allowed"
    assert code_of(api.client.get("/api/v1/requests/")) == "not_found"


# --- Logs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """The log, as it is configured for the service."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    level, to = root.level, io.StringIO()
    logs.configure(to)
    yield to
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_json_and_holds_only_what_may_be_told(logged: io.StringIO, api: Api) -> None:
    client = api.person(Right.VIEW_REQUESTS)
    client.get("/requests?page_size=canary")
    client.get("/requests/canary?canary=1")
    api.client.post("/api/v1/session", json={"login": "canary", "password": "canary"})

    lines = [json.loads(line) for line in logged.getvalue().splitlines()]

    assert len(lines) >= 3
    for line in lines:
        assert line.keys() <= logs.ALLOWED
    assert "canary" not in logged.getvalue()
    assert client.token
    assert client.token not in logged.getvalue()
    told = [line for line in lines if line["event"] == "request"]
    assert told[0]["route"] == "/api/v1/requests"
    assert (told[0]["status"], told[0]["code"]) == (422, "invalid_parameter")
    assert told[1]["route"] == "/api/v1/requests/{request_id}"


def test_what_is_not_named_is_dropped(logged: io.StringIO) -> None:
    structlog.get_logger().info("event", employee="canary", password="canary", count=3)  # noqa: S106 (nobody's)

    line = json.loads(logged.getvalue())
    assert line.keys() == {"event", "count", "level", "timestamp"}


def test_others_words_are_not_repeated(logged: io.StringIO) -> None:
    logging.getLogger("somebody.else").warning("canary was here")
    try:
        int("canary")
    except ValueError:
        logging.getLogger("scheduler.access").exception("canary %s", "canary")

    first, second = (json.loads(line) for line in logged.getvalue().splitlines())
    assert "canary" not in logged.getvalue()
    assert first["event"].startswith(Path(__file__).name)
    assert second["error"] == "ValueError"
