"""The API as tests use it: in this process, or the real server on a port; and people and programs who use it."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from api.http.application import application
from api.http.declaring import Routes
from api.http.service import Service, Settings
from models.access import Account, AccountKind
from models.audit import AuditRecord
from models.database import reading, writing
from scheduler.access import Right
from scheduler.access.sessions import open_session
from tests.access import NOW, VAULT, Person, a_group, a_role, an_account
from tests.agendas import AMSTERDAM, FRIDAY_BEFORE, MONDAY, Agenda, there
from tests.records import DATABASES, add, fresh

ADDRESS = "203.0.113.7"
API = "/api/v1"


@dataclass
class Clock:
    """Shows what it is set to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Api:
    """The application over a database, called in this process."""

    engine: Engine
    app: FastAPI
    client: TestClient
    clock: Clock

    @property
    def service(self) -> Service:
        found: Service = self.app.state.service
        return found

    def person(
        self, *rights: Right, reaches: Mapping[str, UUID] | None = None, **changes: Any
    ) -> "Client":
        """Somebody with just these rights, for everybody unless it is said."""
        with writing(self.engine) as session:
            if "group_id" not in changes:
                part = a_group(session, **(reaches or {}), everybody=reaches is None)
                changes["group_id"] = part
            changes.setdefault("role_id", a_role(session, rights))
            return self.client_of(an_account(session, **changes), session)

    def administrator(self) -> "Client":
        """A super-administrator."""
        with writing(self.engine) as session:
            return self.client_of(
                an_account(
                    session,
                    role_id=a_role(session, everything=True),
                    group_id=a_group(session, everybody=True),
                ),
                session,
            )

    def program(self, *rights: Right, **changes: Any) -> "Client":
        return self.person(*rights, kind=AccountKind.API, **changes)

    def client_of(self, person: Person, session: Any) -> "Client":
        opened = open_session(session, session.get_one(Account, person.id), self.clock.now)
        return Client(self, person, opened.token)

    def nobody(self) -> "Client":
        return Client(self, None, None)

    def records(self, **which: Any) -> list[AuditRecord]:
        """What the audit log has, in its order."""
        with reading(self.engine) as session:
            query = select(AuditRecord).filter_by(**which).order_by(AuditRecord.id)
            return list(session.scalars(query))


@dataclass
class Client:
    """Somebody who calls, with his token, and a new key for each change."""

    api: Api
    person: Person | None
    token: str | None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        assert self.person is not None
        return self.person.id

    def get(self, path: str, **more: Any) -> httpx2.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return self.call("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return self.call("PUT", path, body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return self.call("PATCH", path, body, **more)

    def delete(self, path: str, **more: Any) -> httpx2.Response:
        return self.call("DELETE", path, **more)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "",
        version: object = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx2.Response:
        """`key`: a new one unless it is said. `version`: what was read, as `If-Match`."""
        said = {**self.headers, **(headers or {})}
        if self.token is not None:
            said.setdefault("Authorization", f"Bearer {self.token}")
        if method != "GET" and key is not None:
            said.setdefault("Idempotency-Key", key or uuid4().hex)
        if version is not None:
            said["If-Match"] = f'"{version}"'
        if raw is not None:
            said.setdefault("Content-Type", "application/json")
            more["content"] = raw
        elif body is not None:
            more["json"] = body
        address = path if path.startswith("/oauth") else f"{API}{path}"
        return self.api.client.request(method, address, headers=said, **more)


def code_of(answer: httpx2.Response) -> str:
    """The code of the problem, once it is made sure that it is one as it should be."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["type"] == f"urn:spreekuur:problem:{told['code']}"
    assert told["title"]
    assert told["detail"]
    assert told["request_id"] == answer.headers["x-request-id"]
    found: str = told["code"]
    return found


@contextmanager
def an_api(engine: Engine, *more: Routes, **settings: Any) -> Iterator[Api]:
    """The application over this database; its clock stands still."""
    clock = Clock()
    with (
        an_application(settings_for(engine, **settings), clock, *more) as app,
        TestClient(
            app, base_url="https://spreekuur.test", client=(ADDRESS, 50_000), follow_redirects=False
        ) as client,
    ):
        yield Api(engine, app, client, clock)


@contextmanager
def an_application(settings: Settings, clock: Clock, *more: Routes) -> Iterator[FastAPI]:
    """One that nobody else uses. All that is its own is made anew, and of its routes what FastAPI has made of them stays."""
    if more or not _AT_REST:
        app = application(settings, now=clock, more=more)
    else:
        app = _AT_REST.pop()
        Service.__init__(app.state.service, settings, now=clock)
        app.middleware_stack = None
    yield app
    if not more:
        _AT_REST.append(app)


_AT_REST: list[FastAPI] = []
"""To make one takes half a second, for some four hundred routes."""


def settings_for(engine: Engine, **changes: Any) -> Settings:
    url = engine.url.render_as_string(hide_password=False)
    return Settings(database=url, vault=VAULT, **changes)


# --- A small world to plan in ----------------------------------------------------------------------------

PLANNER = (
    Right.VIEW_REQUESTS,
    Right.VIEW_APPOINTMENTS,
    Right.PLAN_APPOINTMENTS,
    Right.PLAN_AUTOMATICALLY,
    Right.CANCEL_APPOINTMENTS,
    Right.DELETE_APPOINTMENTS,
)


@dataclass
class World:
    """A Monday morning of four places, and requests for them."""

    api: Api
    availability: UUID
    requests: list[UUID]
    employees: list[UUID]
    planner: Client

    def place(self, number: int = 0, **more: Any) -> dict[str, Any]:
        starts_at = there(AMSTERDAM, MONDAY, 540 + 30 * number)
        return {
            "availability_id": str(self.availability),
            "starts_at": starts_at.isoformat(),
            **more,
        }

    def book(self, request: int = 0, number: int = 0, **more: Any) -> dict[str, Any]:
        answer = self.planner.post(
            f"/requests/{self.requests[request]}/appointment", self.place(number, **more)
        )
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told


@contextmanager
def a_world(engine: Engine, requests: int = 2, **settings: Any) -> Iterator[World]:
    with engine.begin() as connection:
        agenda = Agenda(connection)
        availability = agenda.block(there(AMSTERDAM, MONDAY, 540), 120)
        employees = [add(connection, "employees") for _ in range(requests)]
        asked = [agenda.request(employee_id=one) for one in employees]
    with an_api(engine, **settings) as api:
        api.clock.now = FRIDAY_BEFORE
        yield World(api, availability, asked, employees, api.person(*PLANNER))


# --- Databases ------------------------------------------------------------------------------------------

on_both = pytest.mark.parametrize("engine", DATABASES, indirect=True)
"""For a test whose fixture `engine` is an SQLite unless it is said."""

copied = fresh
"""By this name the tests of the API know it."""


# --- The real server ------------------------------------------------------------------------------------


class Server(uvicorn.Server):
    """In a thread of this process, on a port that is free."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="on")
        )
        self._thread = threading.Thread(target=self.run, daemon=True)

    def install_signal_handlers(self) -> None:
        """A thread has none."""

    def __enter__(self) -> Self:
        self._thread.start()
        while not self.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self.should_exit = True
        self._thread.join()

    @property
    def url(self) -> str:
        port = self.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"


def plain(answer: httpx2.Response) -> Any:
    """The body, but for the id of the request."""
    told = json.loads(answer.content)
    told.pop("request_id", None)
    return told
