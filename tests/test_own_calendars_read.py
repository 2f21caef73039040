"""Calendars of practitioners, read again and again from a server: kept as a whole, and nothing is planned meanwhile. Domain §6; T8, P9."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from api.senders import Means, importer
from models.appointments import Appointment
from models.base import new_id
from models.database import reading, writing
from models.own_calendars import BusyTime, OwnCalendar
from notifications.egress import Client, Rules
from notifications.own_calendars import fetching
from scheduler.access import Right
from scheduler.agenda import own_calendars
from scheduler.options import options
from tests.access import VAULT
from tests.hooks import Canaries, resolve
from tests.http_client import Api, an_api, code_of
from tests.http_client import Client as Caller
from tests.nights import clinic, night
from tests.records import DATABASES, at, fresh
from tests.test_booking import NOW, Service
from tests.test_own_calendars import calendar
from tests.waiting import soon

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Elsewhere:
    """A server of calendars. `says`: by what was asked for, with its headers."""

    port: int = 0
    says: Callable[[dict[str, str]], Answer] = lambda _: (404, {}, b"")
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/private-{'x' * 20}/me.ics"

    def gives(self, *events: str, etag: str = '"1"') -> None:
        def say(headers: dict[str, str]) -> Answer:
            if headers.get("if-none-match") == etag:
                return 304, {}, b""
            return 200, {"ETag": etag, "Content-Type": "text/html"}, calendar(*events)

        self.says = say

    def client(self) -> Client:
        rules = Rules(allows_http=True, excepted=frozenset({("localhost", self.port)}))
        return Client(rules, lookup=resolve)


@contextmanager
def a_server() -> Iterator[Elsewhere]:
    there = Elsewhere()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            there.asked.append(headers)
            status, said, body = there.says(headers)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **said}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    with a_server() as made:
        yield made


def added(engine: Engine, practitioner: UUID, there: Elsewhere) -> UUID:
    with writing(engine) as session:
        allows = there.client().allows
        return own_calendars.add(session, VAULT, practitioner, there.url, allows=allows).id


def read_at(engine: Engine, there: Elsewhere, now: datetime = NOW) -> int:
    means = Means(VAULT, "https://spreekuur.test", there.client())
    return importer(engine, means, lambda: now).read_all()


def row(engine: Engine) -> OwnCalendar:
    with reading(engine) as session:
        return session.scalars(select(OwnCalendar)).one()


def busy(engine: Engine) -> list[tuple[datetime, datetime]]:
    with reading(engine) as session:
        query = select(BusyTime.starts_at, BusyTime.ends_at).order_by(BusyTime.starts_at)
        return [(begins, ends) for begins, ends in session.execute(query)]


def at_ten(minutes: int = 60, day: str = "20270301", uid: str = "a") -> str:
    """10:00 of the test's Monday, in UTC as `at` has it."""
    return f"UID:{uid}\nDTSTART:{day}T100000Z\nDURATION:PT{minutes}M"


LATER = timedelta(minutes=16)


def test_it_is_read_now_and_then_and_replaced_as_a_whole(engine: Engine, there: Elsewhere) -> None:
    service = Service(engine)
    added(engine, service.world.practitioner, there)
    there.gives(at_ten(), "UID:b\nDTSTART:never")
    assert read_at(engine, there) == 1
    assert read_at(engine, there) == 0  # not again so soon
    first = row(engine)
    assert len(busy(engine)) == 1
    assert (first.trouble, first.host) == (None, "localhost")
    assert first.skipped == {"events": [{"line": 9, "why": "broken"}], "cut": False}
    assert there.url.encode() not in first.url

    assert read_at(engine, there, NOW + LATER) == 1
    assert there.asked[-1]["if-none-match"] == '"1"'
    assert len(busy(engine)) == 1

    there.gives(etag='"2"')
    assert read_at(engine, there, NOW + 2 * LATER) == 1
    assert busy(engine) == []
    assert row(engine).skipped is None


def test_one_that_fails_keeps_what_was_read_and_says_since_when_and_why(
    engine: Engine, there: Elsewhere
) -> None:
    service = Service(engine)
    added(engine, service.world.practitioner, there)
    there.gives(at_ten())
    read_at(engine, there)
    answers: list[Answer] = [
        (500, {}, b""),
        (410, {}, b""),
        (200, {}, b"<html>"),
        (200, {"Content-Length": "9999999"}, b"BEGIN:VCALENDAR"),
    ]
    troubles = []
    for number, answer in enumerate(answers, start=1):
        there.says = lambda _, answer=answer: answer  # type: ignore[misc]
        read_at(engine, there, NOW + number * LATER)
        troubles.append(row(engine).trouble)
    assert troubles == ["refused", "gone", "no_calendar", "bad_answer"]
    assert row(engine).failing_since == NOW + LATER
    assert row(engine).read_at == NOW
    assert len(busy(engine)) == 1
    there.gives(at_ten())
    read_at(engine, there, NOW + 5 * LATER)
    assert (row(engine).trouble, row(engine).failing_since) == (None, None)


def test_no_redirect_leads_inside_and_nothing_is_read_without_end(
    engine: Engine, there: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(engine)
    added(engine, service.world.practitioner, there)
    with ExitStack() as stack:
        canaries = Canaries(stack)
        inside = [
            f"http://127.0.0.1:{canaries.port}/",
            f"http://[::1]:{canaries.port}/",
            "file:///etc/passwd",
        ]
        troubles = []
        for number, target in enumerate([*inside, "/again"]):
            there.says = lambda _, target=target: (302, {"Location": target}, b"")  # type: ignore[misc]
            read_at(engine, there, NOW + number * LATER)
            troubles.append(row(engine).trouble)
        assert canaries.touched() == 0
    assert troubles == ["url_refused"] * 3 + ["redirects"]
    monkeypatch.setattr(fetching, "MOST_READ", 10_000)
    there.says = lambda _: (200, {}, b"x" * 50_000)
    read_at(engine, there, NOW + 9 * LATER)
    assert row(engine).trouble == "answer_too_large"


# --- Nothing is planned then ------------------------------------------------------------------------------


def test_nothing_is_booked_or_offered_then_and_by_hand_it_is_for_a_reason(
    engine: Engine, there: Elsewhere
) -> None:
    service = Service(engine)
    request = service.somebody_asks()
    added(engine, service.world.practitioner, there)
    with writing(engine) as session:
        whose = {"practitioner_id": service.world.practitioner}
        key = session.scalars(select(OwnCalendar.id)).one()
        session.add(
            BusyTime(own_calendar_id=key, starts_at=at("07:00"), ends_at=at("11:00"), **whose)
        )
    with reading(engine) as session:
        found = options(session, request, most=1_000, now=NOW, not_before=NOW)
    assert [one.starts_at for one in found] == [at("11:00")]
    assert service.refusals(service.place(request, "10:30")) == ["own_calendar"]
    overrides = {"own_calendar": "he was asked"}
    assert service.book(service.place(request, "10:30", overrides=overrides)).appointments
    with reading(engine) as session:
        colliding = session.scalars(select(Appointment.id).where(own_calendars.collides(key))).all()
    assert len(colliding) == 1


def test_the_night_plans_around_it(engine: Engine, there: Elsewhere) -> None:
    made = clinic(engine)
    with writing(engine) as session:
        for who in made.practitioners:
            key = own_calendars.add(session, VAULT, who, there.url, allows=lambda _: True).id
            begins = NOW - timedelta(days=1)
            session.add(
                BusyTime(
                    own_calendar_id=key,
                    practitioner_id=who,
                    starts_at=begins,
                    ends_at=begins + timedelta(days=90),
                )
            )
    assert night(engine).report["planned"] == 0


# --- Over HTTP --------------------------------------------------------------------------------------------


@pytest.fixture
def api(engine: Engine, there: Elsewhere) -> Iterator[Api]:
    with an_api(engine, egress=there.client()) as made:
        yield made


@pytest.fixture
def planner(api: Api) -> Caller:
    return api.person(Right.MANAGE_ABSENCES, Right.VIEW_APPOINTMENTS, Right.VIEW_AGENDA)


def test_one_is_added_looked_at_and_removed(api: Api, planner: Caller, there: Elsewhere) -> None:
    service = Service(api.engine)
    there.gives(at_ten(), "UID:b\nDTSTART:never")
    given = {"practitioner_id": str(service.world.practitioner), "url": there.url}
    made = planner.post("/own-calendars", given)
    assert made.status_code == 201, made.text
    told = made.json()
    path = f"/own-calendars/{told['id']}"
    assert (told["host"], told["read_at"], told["skipped"]) == ("localhost", None, [])
    assert soon(lambda: planner.get(path).json()["read_at"])
    again = planner.get(path).json()
    assert again["skipped"] == [{"line": 9, "why": "broken"}]
    assert planner.get("/own-calendars").json()["items"] == [again]
    assert planner.get(f"/own-calendars?practitioner_id={new_id()}").json()["items"] == []
    for answer in (made, planner.get(path), planner.get("/own-calendars")):
        assert "private-" not in answer.text
    assert code_of(planner.post(f"{path}/read-again")) == "version_missing"
    asked = len(there.asked)
    assert planner.post(f"{path}/read-again", version=again["version"]).status_code == 200
    assert soon(lambda: len(there.asked) > asked and planner.get(path).json()["tried_at"])
    version = planner.get(path).json()["version"]
    assert planner.delete(path, version=version).status_code == 204
    assert planner.get(path).status_code == 404
    assert busy(api.engine) == []


def test_what_is_not_allowed_is_refused(api: Api, planner: Caller, there: Elsewhere) -> None:
    service = Service(api.engine)
    given = {"practitioner_id": str(service.world.practitioner), "url": there.url}
    inside = planner.post("/own-calendars", given | {"url": "https://127.0.0.1/x.ics"})
    assert (inside.status_code, code_of(inside)) == (422, "url_not_allowed")
    assert (
        planner.post("/own-calendars", given | {"practitioner_id": str(new_id())}).status_code
        == 404
    )
    for other in (api.person(Right.VIEW_AGENDA), api.person(Right.VIEW_APPOINTMENTS)):
        assert other.post("/own-calendars", given).status_code == 403


def test_appointments_that_collide_are_listed_and_stay(
    api: Api, planner: Caller, there: Elsewhere
) -> None:
    service = Service(api.engine)
    _, appointment = service.booked("10:00")
    service.booked("11:00")
    key = added(api.engine, service.world.practitioner, there)
    with writing(api.engine) as session:
        session.add(
            BusyTime(
                own_calendar_id=key,
                practitioner_id=service.world.practitioner,
                starts_at=at("10:15"),
                ends_at=at("10:20"),
            )
        )
    path = f"/own-calendars/{key}/colliding-appointments"
    assert [one["id"] for one in planner.get(path).json()["items"]] == [str(appointment)]
    assert planner.get(f"/own-calendars/{new_id()}/colliding-appointments").status_code == 404
