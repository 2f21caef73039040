"""The organisation behind the API, who calls it, and what came of it: what the generated matrix is made of."""

import json
import re
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import Engine, select, update

from api.http.declaring import Declared
from api.http.policies import Who
from models.access import Account
from models.appointments import Hold
from models.audit import AuditRecord
from models.base import Keyed, Versioned
from models.database import reading, writing
from models.organisation import Employer
from models.people import Employee
from scheduler.access import Right
from tests.access import Person, a_role
from tests.agendas import FRIDAY_BEFORE
from tests.generated import body_of, kind_of, path_of, query_of, rows_of
from tests.http_client import Api, Client, an_api, plain
from tests.organisations import Organisation, organisation

KEY = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
EXTRA: Mapping[str, frozenset[Right]] = dict.fromkeys(
    ("add_practitioner_feed", "add_location_feed"), frozenset({Right.VIEW_APPOINTMENTS})
)
"""Rights that an operation asks for beside those of its policy, by what is sent."""


@dataclass
class Matrix:
    """Callers are made once for each set of rights."""

    api: Api
    organisation: Organisation
    callers: dict[Hashable, Client] = field(default_factory=dict)
    _kept: sqlite3.Connection = field(
        default_factory=lambda: sqlite3.connect(":memory:", check_same_thread=False)
    )
    _kept_at: int = -1

    # --- who calls

    def holder(self, declared: Declared, employer: UUID | None = None) -> Client:
        """Who may do it for this employer: the first one, unless it is said. Of oneself: the first one's user."""
        if declared.policy.who is Who.HIMSELF:
            return self._known("user", self._user)
        rights = declared.policy.rights | EXTRA.get(declared.handler.__name__, frozenset())
        return self.caller(rights, employer or self.organisation.here.one(Employer))

    def caller(self, rights: AbstractSet[Right], employer: UUID | None) -> Client:
        """Who may just this, for one employer or for everybody."""
        reaches = None if employer is None else {"employer_id": employer}
        return self._known(
            (frozenset(rights), employer),
            lambda: self.api.person(*rights, reaches=reaches, may_write_performances=True),
        )

    def who_may(self, declared: Declared) -> list[Client]:
        """For the first employer, for everybody, and in any case."""
        if declared.policy.who is Who.HIMSELF:
            return [self.holder(declared)]
        everybody = self.caller(declared.policy.rights, None)
        return [self.holder(declared), everybody, self.administrator()]

    def administrator(self) -> Client:
        return self._known("administrator", self._administrator)

    def _administrator(self) -> Client:
        with writing(self.api.engine) as session:
            role = a_role(session, everything=True)
        return self.api.person(role_id=role, may_write_performances=True)

    def _user(self) -> Client:
        key = self.organisation.here.rows[Account][-1]
        with writing(self.api.engine) as session:
            row = session.get_one(Account, key)
            person = Person(key, row.login, "", "", row.group_id, row.role_id)
            return self.api.client_of(person, session)

    def _known(self, name: Hashable, make: Callable[[], Client]) -> Client:
        if name not in self.callers:
            self.callers[name] = make()
        return self.callers[name]

    # --- what is sent

    def keys(self, declared: Declared, **others: UUID) -> dict[str, UUID]:
        """Of what its path names, the first employer's."""
        ours = self.organisation
        return {name: others.get(name) or rows_of(name, ours)[0] for name in declared.targets}

    def choices(self, declared: Declared) -> Iterator[dict[str, UUID]]:
        """The same with each of the first employer's rows that may stand in its place."""
        if not declared.targets:
            yield {}
            return
        first = declared.targets[0]
        for key in rows_of(first, self.organisation):
            if key not in self.organisation.gone:
                yield self.keys(declared, **{first: key})

    def make_his(self, client: Client, keys: Mapping[str, UUID]) -> None:
        """What only its owner may touch, is his."""
        for name, key in keys.items():
            if kind_of(name) is Hold:
                with writing(self.api.engine) as session:
                    session.execute(update(Hold).where(Hold.id == key).values(account_id=client.id))

    def look(
        self,
        client: Client,
        declared: Declared,
        keys: Mapping[str, UUID],
        query: Mapping[str, Any],
    ) -> httpx2.Response:
        """Ask with filters."""
        wanted = {**query_of(declared, self.organisation), **query}
        return client.get(path_of(declared, keys), params=wanted)

    def send(
        self, client: Client, declared: Declared, keys: Mapping[str, UUID], body: Any = None
    ) -> httpx2.Response:
        return client.call(
            declared.method,
            path_of(declared, keys),
            body_of(declared, self.organisation) if body is None else body,
            version=self._version(declared, keys),
            params=query_of(declared, self.organisation),
        )

    def conditions(self, declared: Declared, keys: Mapping[str, UUID]) -> dict[str, str]:
        """The headers by which it is done, and once."""
        version = self._version(declared, keys)
        found = {} if version is None else {"If-Match": f'"{version}"'}
        return found | ({"Idempotency-Key": uuid4().hex} if declared.changes else {})

    def _version(self, declared: Declared, keys: Mapping[str, UUID]) -> int | None:
        """That of the row that is changed, where the operation asks for it."""
        if not declared.if_match:
            return None
        for name, key in keys.items():
            kind = kind_of(name)
            if kind is declared.policy.of and issubclass(kind, Versioned):
                return self._read(kind.version, kind, key) or 1
        return 1

    def employee_of(self, kind: type[Keyed], key: UUID) -> UUID | None:
        """Whom a row is about."""
        column = Employee.id if kind is Employee else getattr(kind, "employee_id", None)
        return None if column is None else self._read(column, kind, key)

    def _read(self, column: Any, kind: type[Keyed], key: UUID) -> Any:
        with reading(self.api.engine) as session:
            return session.scalar(select(column).where(kind.id == key))

    # --- what came of it

    def records(self, answer: httpx2.Response) -> list[AuditRecord]:
        """What one request has left."""
        return self.api.records(request_reference=answer.headers["x-request-id"])

    def require_no_leak(self, answer: httpx2.Response, *said: UUID) -> None:
        """Of what is not the first employer's, nothing is told. `said`: what the caller named himself."""
        foreign = self.organisation.foreign
        found = {UUID(one) for one in KEY.findall(answer.text)} - set(said)
        leaks = [foreign[key].__name__ for key in found & foreign.keys()]
        leaks += [word for word in self.organisation.words if word in answer.text]
        assert not leaks, (leaks, answer.text[:2000])

    # --- and undone; on SQLite, whose file is small

    def keep(self) -> None:
        """As it stands now, where it is not kept yet."""
        if self._kept_at != len(self.callers):
            with closing(self._file()) as live:
                live.backup(self._kept)
            self._kept_at = len(self.callers)

    def undo(self) -> None:
        """As it stood when it was kept."""
        with closing(self._file()) as live:
            self._kept.backup(live)

    def _file(self) -> sqlite3.Connection:
        file = self.api.engine.url.database
        assert file is not None
        return sqlite3.connect(file, timeout=30)


@contextmanager
def a_matrix(engine: Engine) -> Iterator[Matrix]:
    made = organisation(engine)
    with an_api(engine) as api:
        api.clock.now = FRIDAY_BEFORE
        yield Matrix(api, made)


def shown(answer: httpx2.Response) -> list[tuple[UUID, UUID]]:
    """The rows about employees that an answer shows, each with its employee; they stand on their own or in `items`."""
    if not answer.headers["content-type"].endswith("json"):
        return []  # a table; what it has shown is on record by itself
    told = json.loads(answer.content)
    rows = told.get("items", [told]) if isinstance(told, dict) else []
    return [
        (UUID(one["id"]), UUID(one["employee_id"]))
        for one in rows
        if isinstance(one, dict) and one.get("id") and one.get("employee_id")
    ]


def told(answer: httpx2.Response, key: UUID) -> str:
    """The answer, whatever the key is that was named."""
    body = plain(answer)
    return json.dumps(body, sort_keys=True).replace(str(key), "")
