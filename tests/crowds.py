"""Many clients over HTTP, who do as the documentation tells them: they come back when they are asked to.

What is answered otherwise than it should be (a 5xx but for one that asks to come back) is an error at once.
"""

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import Engine

from models.access import Account
from models.database import writing
from scheduler.access import Right
from scheduler.access.sessions import open_session
from tests.access import a_group, a_role, an_account
from tests.effort import sized
from tests.http_processes import Address, Prepare
from tests.towns import NOW

API = "/api/v1"
CLIENTS = sized(50, in_a_soak=200)
COMING_BACK = {"busy", "unavailable", "request_in_progress"}
"""Problems that come with a `Retry-After`: it may be done later."""
CUT_OFF = {"ReadError", "RemoteProtocolError"}
"""A server closes a connection that was idle for seconds, and on a busy machine somebody takes it up at that moment."""
PATIENCE = sized(60, in_a_soak=600)
"""Seconds until somebody who is asked to come back again and again gives up."""
PROCESSES = {"sqlite": 1, "postgresql": sized(2, in_a_soak=4)}
"""Servers beside each other: of an SQLite there is one."""

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


class Crowd:
    """Clients of one address, all of them with the token of one account."""

    def __init__(self, http: httpx2.Client, token: str) -> None:
        self.http = http
        self.token = token
        self.sent_back: list[str] = []
        """Why they were asked to come back, each time."""
        self.times: list[float] = []
        """How long each answer took, in milliseconds."""

    def once(
        self, method: str, path: str, body: Any = None, *, key: str = "", version: object = None
    ) -> httpx2.Response:
        """One try."""
        headers = self.headers(key or uuid4().hex)
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        began = time.perf_counter()
        answer = self.http.request(method, f"{API}{path}", headers=headers, json=body)
        self.times.append(1000 * (time.perf_counter() - began))
        return answer

    def headers(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}

    def warm_up(self, address: Address, request: UUID, place: object) -> Any:
        """The application has booked this before it serves here: the appointment."""
        path = f"{API}/requests/{request}/appointment"
        return address.stems[0].post(path, place, self.headers(uuid4().hex))

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str = "", version: object = None
    ) -> httpx2.Response:
        """Until there is an answer, whatever happens to the connection or the server, with the same key."""
        key = key or uuid4().hex
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = self.once(method, path, body, key=key, version=version)
            except httpx2.TransportError as error:
                self.sent_back.append(type(error).__name__)
                time.sleep(random.uniform(0.01, 0.1))
                continue
            if code_of(answer) not in COMING_BACK:
                assert answer.status_code < 500, answer.text
                return answer
            self.sent_back.append(code_of(answer))
            time.sleep(random.random() * int(answer.headers["retry-after"]))
        raise AssertionError(f"no answer in {PATIENCE} s: {self.sent_back[-10:]}")

    @property
    def told(self) -> str:
        """For a report: how soon they were answered, and how often not at once."""
        cuts = [round(cut) for cut in statistics.quantiles(self.times, n=100)]
        p50, p95, p99 = (cuts[p - 1] for p in (50, 95, 99))
        return (
            f"{len(self.times):,} answers, p50 {p50} ms, p95 {p95} ms, p99 {p99} ms;"
            f" asked again after {dict(Counter(self.sent_back))}"
        )

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return self.ask("POST", path, body, **more)


def code_of(answer: httpx2.Response) -> str:
    """The code of the problem; "done" where there is none."""
    return "done" if answer.is_success else str(answer.json()["code"])


def at_once(those: Sequence[Thing], act: Callable[[Thing], Answer]) -> list[Answer]:
    """Do it with each, all at the same moment."""
    ready = Barrier(len(those), timeout=PATIENCE)

    def client(one: Thing) -> Answer:
        ready.wait()
        return act(one)

    with ThreadPoolExecutor(len(those)) as clients:
        return list(clients.map(client, those))


@contextmanager
def a_crowd(url: str, token: str) -> Iterator[Crowd]:
    unlimited = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    with httpx2.Client(base_url=url, timeout=PATIENCE, limits=unlimited) as http:
        yield Crowd(http, token)


def a_token(engine: Engine, *rights: Right) -> str:
    """Of somebody new who may just this, for everybody."""
    with writing(engine) as session:
        mine = {"role_id": a_role(session, rights), "group_id": a_group(session, everybody=True)}
        person = an_account(session, **mine)
        return open_session(session, session.get_one(Account, person.id), NOW).token


@contextmanager
def crowd_at(engine: Engine, *rights: Right, prepare: Prepare | None = None) -> Iterator[Crowd]:
    """A crowd before the server of this database, once it serves."""
    stems = PROCESSES[engine.dialect.name]
    with (
        Address(engine, prepare=prepare, stems=stems) as address,
        address.served(),
        a_crowd(address.url, a_token(engine, *rights)) as crowd,
    ):
        crowd.get("/me")
        yield crowd
