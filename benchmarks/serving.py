"""`serve`: what the API answers to fifty clients at once over a country's agenda, how soon; and options for one and for a few.

The server is `spreekuur serve`, in a process of its own; the clients are threads of this one, on connections that they keep,
and each asks again as soon as it is answered. They take their share of the same machine: what the server
does by itself is a little better than what is told here.
"""

import base64
import http.client
import json
import os
import random
import re
import secrets
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import Engine

from benchmarks.databases import empty
from benchmarks.machine import Record
from benchmarks.measured import SPREEKUUR
from benchmarks.nation import settled
from benchmarks.tables import markdown, number
from models.access import Account, AccountKind, Group, Role
from models.base import new_id
from models.database import writing
from scheduler import clock
from scheduler.access.sessions import open_session
from scheduler.access.vault import KEY_BYTES, SETTING

AVAILABILITIES = 100_000
CLIENTS = 50
FEW = (1, 4)
"""Clients that ask for options and nothing else."""
SECONDS = 20.0
API = "/api/v1"
OWN = 12
"""Requests that each client has to book."""
WARM = 3.0  # seconds, which are not counted
MIX = {"list": 25, "detail": 25, "options": 20, "book": 15, "move": 8, "cancel": 7}
"""How often each is done, in a hundred."""
REFUSED, FAILED, COME_BACK = 400, 500, 503


Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One operation; times in milliseconds. `refused`: 4xx; `later`: asked to come back; `failed`: any other 5xx."""

    database: str
    clients: int
    operation: str
    count: int
    per_second: float
    p50: float
    p95: float
    p99: float
    refused: int
    later: int
    failed: int
    load: float
    """Of the machine, when it began."""


@dataclass
class Client:
    """Somebody with a connection of his own, some requests, and what he has booked of them."""

    address: str
    token: str
    chance: random.Random
    requests: list[UUID]
    booked: list[Answer] = field(default_factory=list)
    times: list[tuple[str, float, int]] = field(default_factory=list)
    """What was done, how long it took in milliseconds, and the status."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def work(self, until: float) -> None:
        while time.perf_counter() < until:
            (what,) = self.chance.choices([*MIX], [*MIX.values()])
            getattr(self, f"_{what}")()

    def ask_for_options(self, until: float) -> None:
        while time.perf_counter() < until:
            self._options()

    # --- What he does ---------------------------------------------------------------------------------

    def _list(self) -> None:
        since = clock.now() + timedelta(days=self.chance.randrange(10, 60))
        self._ask(
            "list", "GET", f"/appointments?page_size=50&starts_after={since:%Y-%m-%dT00:00:00Z}"
        )

    def _detail(self) -> None:
        if self.booked:
            self._ask("detail", "GET", f"/appointments/{self.chance.choice(self.booked)['id']}")
        else:
            self._ask("detail", "GET", f"/requests/{self.chance.choice(self.requests)}")

    def _options(self) -> tuple[UUID, list[Answer]]:
        """Of one of his requests, and what is possible for it."""
        request = self.chance.choice(self.requests)
        found = self._ask("options", "GET", f"/requests/{request}/options")
        return request, found["items"] if found else []

    def _book(self) -> None:
        request, options = self._options()
        if options and len(self.requests) > 1:
            path = f"/requests/{request}/appointment"
            made = self._ask("book", "POST", path, _place(self.chance.choice(options)))
            if made:
                self.requests.remove(request)
                self.booked.append(made)

    def _move(self) -> None:
        """To where another request might go: it is as good as any, and at times refused."""
        _, options = self._options()
        if options and self.booked:
            turn = self.chance.randrange(len(self.booked))
            place = _place(self.chance.choice(options))
            self.booked[turn] = self._does("move", self.booked[turn], place) or self.booked[turn]

    def _cancel(self) -> None:
        if self.booked:
            one = self.booked.pop(self.chance.randrange(len(self.booked)))
            if self._does("cancel", one, {"party": "employee", "reason": "-"}):
                self.requests.append(UUID(one["request_id"]))

    def _does(self, what: str, one: Answer, body: Answer) -> Answer | None:
        path = f"/appointments/{one['id']}/{what}"
        return self._ask(what, "POST", path, body, {"If-Match": f'"{one["version"]}"'})

    def _ask(
        self,
        what: str,
        method: str,
        path: str,
        body: Answer | None = None,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer | None:
        headers = {"Authorization": f"Bearer {self.token}", **more}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
        content = None if body is None else json.dumps(body)
        began = time.perf_counter()
        self._connection.request(method, API + path, content, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        self.times.append((what, 1000 * (time.perf_counter() - began), answer.status))
        told: Answer | None = json.loads(text) if answer.status < REFUSED else None
        return told


def _place(option: Answer) -> Answer:
    return {name: option[name] for name in ("availability_id", "starts_at")}


def benchmark(
    size: int, databases: Sequence[str], clients: int, seconds: float, record: Record
) -> list[Row]:
    """Measure each, and write what was found."""
    rows: list[Row] = []
    for kind in databases:
        with empty(kind) as engine:
            nation = settled(engine, size, clients * OWN, seed=1, first_day=a_monday())
            known = tokens(engine, clients)
            url = engine.url.render_as_string(hide_password=False)
            engine.dispose()
            with served(url) as address, ExitStack() as stack:
                crowd = [
                    stack.enter_context(
                        closing(
                            Client(
                                address,
                                token,
                                random.Random(turn),
                                list(nation.requests[turn::clients]),
                            )
                        )
                    )
                    for turn, token in enumerate(known)
                ]
                for few in (few for few in FEW if few <= clients):
                    rows += _measured(kind, crowd[:few], Client.ask_for_options, seconds)
                rows += _measured(kind, crowd, Client.work, seconds)
        record.write({"rows": [asdict(row) for row in rows]}, _table(rows))
    return rows


def a_monday() -> date:
    """The first that is a week away: the server has the clock of this machine."""
    soon = clock.now().date() + timedelta(weeks=1)
    return soon + timedelta(days=-soon.weekday() % 7)


def tokens(engine: Engine, clients: int) -> list[str]:
    """A program's for each client, which may do everything."""
    with writing(engine) as session:
        role = Role(id=new_id(), name="everything", everything=True)
        group = Group(id=new_id(), name="everybody", everybody=True)
        session.add_all([role, group])
        session.flush()
        programs = [
            Account(
                id=new_id(),
                kind=AccountKind.API,
                login=f"client-{turn}",
                name=f"Client {turn}",
                secret_hash="-",  # noqa: S106 (nobody logs in)
                role_id=role.id,
                group_id=group.id,
            )
            for turn in range(clients)
        ]
        session.add_all(programs)
        session.flush()
        return [open_session(session, one, clock.now()).token for one in programs]


@contextmanager
def served(url: str) -> Iterator[str]:
    """The address of a server of this database."""
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    command = [SPREEKUUR, "serve", "--database", url, "--port", "0"]
    with subprocess.Popen(
        command,
        env=os.environ | {SETTING: key},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield next(
                found[1]
                for line in process.stdout or ()
                if (found := re.match(r"serving on (\S+),", line))
            )
        finally:
            process.terminate()


def _measured(
    kind: str, clients: Sequence[Client], act: Callable[[Client, float], None], seconds: float
) -> Iterator[Row]:
    load = os.getloadavg()[0]
    _let(clients, act, min(WARM, seconds))
    for one in clients:
        one.times.clear()
    took = _let(clients, act, seconds)
    found = [each for one in clients for each in one.times]
    for what in sorted({what for what, _, _ in found}):
        those = [(ms, status) for each, ms, status in found if each == what]
        row = _row(kind, len(clients), what, those, took=took, load=load)
        print(_told(row), flush=True)
        yield row


def _let(clients: Sequence[Client], act: Callable[[Client, float], None], seconds: float) -> float:
    """All of them at once; give how long it took."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(act, clients, [began + seconds] * len(clients)))
    return time.perf_counter() - began


def _row(
    kind: str,
    clients: int,
    what: str,
    those: Sequence[tuple[float, int]],
    *,
    took: float,
    load: float,
) -> Row:
    cuts = statistics.quantiles([ms for ms, _ in those] * 2, n=100)
    kinds = Counter(
        "later" if status == COME_BACK else "failed" if status >= FAILED else "refused"
        for _, status in those
        if status >= REFUSED
    )
    return Row(
        database=kind,
        clients=clients,
        operation=what,
        count=len(those),
        per_second=round(len(those) / took, 1),
        p50=round(cuts[49], 1),
        p95=round(cuts[94], 1),
        p99=round(cuts[98], 1),
        refused=kinds["refused"],
        later=kinds["later"],
        failed=kinds["failed"],
        load=round(load, 1),
    )


def _told(row: Row) -> str:
    return (
        f"{row.database}, {row.clients} clients, {row.operation}: {row.per_second}/s,"
        f" p50 {row.p50} ms, p95 {row.p95} ms, p99 {row.p99} ms;"
        f" {row.refused} refused, {row.later} sent back, {row.failed} failed (load {row.load})"
    )


def _table(rows: Sequence[Row]) -> str:
    cells = [
        [
            row.database,
            number(row.clients),
            row.operation,
            number(row.count),
            *(f"{each:.1f}" for each in (row.per_second, row.p50, row.p95, row.p99)),
            *(number(each) for each in (row.refused, row.later, row.failed)),
            f"{row.load:.1f}",
        ]
        for row in rows
    ]
    head = ["database", "clients", "operation", "count", "per second", "p50 ms", "p95 ms", "p99 ms"]
    return markdown([*head, "refused", "sent back", "other 5xx", "load of the machine"], cells)
