"""The server killed at every point of a booking, and again and again under a crowd: what was answered is there, and done once.

Reliability §1: P5 (c), P6. Afterwards another server is started on the same database, and whoever had no answer asks once more,
with the same key. In the control run nobody remembers the key.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import Engine, func, select

from models.appointments import Appointment, History
from models.audit import Act, AuditRecord
from models.database import reading
from models.outbox import Event
from models.runs import IdempotencyKey
from tests.crowds import Crowd, a_crowd, a_token, code_of
from tests.http_client import PLANNER
from tests.http_processes import Address, Point, Prepare, forgetful
from tests.records import DATABASES, fresh
from tests.takers import places_in
from tests.towns import Town, town

COMMIT = "sqlalchemy.engine.default:DefaultDialect.do_commit"
BEFORE = [
    Point("before", "api.http.routing:let_in"),
    Point("after", "api.http.routing:let_in"),
    Point("before", "api.http.routing:change"),
    Point("before", "api.http.transactions:identify"),
    Point("after", "api.http.transactions:identify"),
    Point("after", "api.http.transactions:once"),
    Point("before", "api.http.routes.requests:book_one"),
    Point("before", "scheduler.booking.book:lock"),
    Point("after", "scheduler.booking.book:lock"),
    Point("after", "scheduler.booking.book:judge"),
    Point("after", "scheduler.booking.book:_free_holds"),
    Point("after", "scheduler.booking.book:advance"),
    Point("after", "scheduler.lifecycles.advancing:_write"),
    Point("before", "scheduler.lifecycles.advancing:_record", turn=2),
    Point("after", "scheduler.lifecycles.advancing:_record", turn=2),
    Point("before", "scheduler.lifecycles.advancing:announce", turn=2),
    Point("after", "scheduler.lifecycles.advancing:announce", turn=2),
    Point("after", "scheduler.booking.book:begin"),
    Point("after", "scheduler.booking.book:remind"),
    Point("after", "api.http.routes.requests:book_one"),
    Point("after", "api.http.routes.requests:shown"),
    Point("before", "api.http.recording:put"),
    Point("after", "api.http.recording:put"),
    Point("before", "api.http.transactions:_kept"),
    Point("before", COMMIT),
]
"""Of the booking nothing is left."""
AFTER = [
    Point("after", COMMIT),
    Point("before", "api.http.transactions:_shown"),
    Point("before", "scheduler.rounds:Rounds.ring"),
    Point("after", "scheduler.rounds:Rounds.ring"),
    Point("before", "api.http.routing:_sent"),
    Point("after", "api.http.routing:_sent"),
    Point("before", "api.http.frame:_add_headers"),
    Point("after", "api.http.frame:_add_headers"),
    Point("before", "api.http.frame:Frame._tell"),
]
"""It is done, and perhaps he has not been told."""


SOME = [*BEFORE[::6], *AFTER[::3]]
"""Of those, the ones for PostgreSQL, where it takes longer."""
POINTS = [*BEFORE, *AFTER]


@dataclass
class Desk:
    """Somebody who books one request after another, each at a place of its own."""

    engine: Engine
    address: Address
    crowd: Crowd
    here: Town
    number: int = 0

    def next(self) -> None:
        self.number += 1

    @property
    def request(self) -> UUID:
        return self.here.requests[self.number]

    @property
    def place(self) -> dict[str, str]:
        return places_in(self.here)[self.number].body

    def ask(self, *, insists: bool) -> httpx2.Response:
        """Book it, with its key. `insists`: until there is an answer."""
        ask = self.crowd.ask if insists else self.crowd.once
        path = f"/requests/{self.request}/appointment"
        return ask("POST", path, self.place, key=str(self.request))

    def dies(self, at: Point) -> httpx2.Response | None:
        """A server that dies while it books: what it answered, if it did."""
        victim = self.address.started(at)
        try:
            return self.ask(insists=False)
        except httpx2.TransportError:
            return None
        finally:
            assert victim.ended() == -signal.SIGKILL

    def effects(self) -> list[int]:
        """Appointments, steps of theirs, news, records and keys there are of this request."""
        mine = select(Appointment.id).where(Appointment.request_id == self.request)
        created = AuditRecord.act == Act.CREATE
        conditions = {
            Appointment: Appointment.id.in_(mine),
            History: History.appointment_id.in_(mine),
            Event: Event.subject_id.in_(mine),
            AuditRecord: AuditRecord.object_id.in_(mine) & created,
            IdempotencyKey: IdempotencyKey.key == str(self.request),
        }
        with reading(self.engine) as session:
            return [
                session.scalar(select(func.count()).select_from(kind).where(condition)) or 0
                for kind, condition in conditions.items()
            ]


NOTHING, ONE_EACH = [0] * 5, [1] * 5


@contextmanager
def a_desk(engine: Engine, prepare: Prepare | None = None) -> Iterator[Desk]:
    here = town(engine, practitioners=4, employees=1 + len(POINTS))
    token = a_token(engine, *PLANNER)
    with (
        Address(engine, prepare=prepare) as address,
        a_crowd(address.url, token) as crowd,
    ):
        crowd.warm_up(address, here.requests[0], places_in(here)[0].body)
        yield Desk(engine, address, crowd, here)


@pytest.fixture(scope="module")
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    for engine in fresh(request):
        with a_desk(engine) as made:
            yield made


on_sqlite = pytest.mark.parametrize("desk", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("desk", ["postgresql"], indirect=True)


@on_sqlite
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_killed_at_any_point_what_is_asked_again_is_done_once(desk: Desk, point: Point) -> None:
    killed_and_asked_again(desk, point)


@on_postgresql
@pytest.mark.parametrize("point", SOME, ids=str)
def test_killed_at_some_points_it_is_so_there_too(desk: Desk, point: Point) -> None:
    killed_and_asked_again(desk, point)


def killed_and_asked_again(desk: Desk, point: Point) -> None:
    desk.next()
    told = desk.dies(point)
    assert desk.effects() == (ONE_EACH if point in AFTER else NOTHING)

    with desk.address.served():
        answer = desk.ask(insists=True)

    assert answer.status_code == 201, answer.text
    assert ("idempotency-replayed" in answer.headers) is (point in AFTER)
    assert desk.effects() == ONE_EACH
    assert told is None or told.content == answer.content


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def test_control_where_nobody_remembers_the_key_he_is_not_told(engine: Engine) -> None:
    with a_desk(engine, forgetful) as desk:
        assert desk.dies(Point("after", COMMIT)) is None
        with desk.address.served():
            answer = desk.ask(insists=True)

    assert (answer.status_code, code_of(answer)) == (409, "not_allowed")
