"""What a receiver may see, how it knows us, and what has not arrived. P8, T9."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, update

from api.http.sending import OUTBOX
from models.access import Account, Group, GroupScope, RoleRight
from models.database import reading, writing
from models.instants import database_now
from models.outbox import Delivery, DeliveryState, Event, Protocol, Receiver
from notifications.delivering import (
    undelivered,
)
from notifications.egress import Client, Rules
from notifications.webhooks import new_secret
from scheduler.access import Right
from scheduler.access.vault import Vault, place, reseal
from scheduler.announcing import News, announce
from scheduler.receivers import SEALED, may_hear
from scheduler.relay import relay_all
from tests.access import NOW, VAULT, a_group
from tests.deliveries import (
    TOPIC,
    Listening,
    a_receiver,
    by_right,
    deliver,
    deliveries,
    happened,
    states,
    things,
    webhooks,
)
from tests.effort import searched
from tests.hooks import Heard, a_hook, require_signed, says, well
from tests.http_client import copied
from tests.records import add, at

DUE, SENT, FAILED = DeliveryState.DUE, DeliveryState.SENT, DeliveryState.FAILED
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
Said = tuple[int, Mapping[str, str], bytes]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


# --- What it may see ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


def test_what_is_not_visible_at_the_moment_of_sending_is_not_sent(shared: Engine) -> None:
    """P8: whatever changed between the event and the sending."""
    engine = shared
    sent = Counter[bool]()
    with engine.begin() as connection:
        employees = [add(connection, "employees") for _ in range(2)]
    with a_hook() as hook:
        channel = by_right(hook.client())

        @searched(0.5)
        @given(
            st.fixed_dictionaries(
                {
                    "rights": st.sampled_from((True, True, False)),
                    "reach": st.sampled_from(("everybody", "him", "another", "nobody")),
                    "active": st.sampled_from((True, True, True, False)),
                    "removed": st.sampled_from((False, False, False, True)),
                    "kind": st.sampled_from(("api", "api", "api", "user")),
                }
            )
        )
        def tried(then: dict[str, Any]) -> None:
            receiver = _told_of_a_request(engine, hook.url, employees[0])
            _becomes(engine, receiver, then, employees)
            hook.heard.clear()
            deliver(engine, channel)

            may = (
                then["rights"] and then["reach"] in {"everybody", "him"}
                and then["active"] and not then["removed"] and then["kind"] == "api"
            )  # fmt: skip
            (kept,) = deliveries(engine, receiver)
            wanted = (
                DeliveryState.CANCELLED
                if then["removed"]
                else (SENT if may else DeliveryState.NOT_AUTHORISED)
            )
            assert kept.state is wanted
            assert len(hook.heard) == int(may)
            assert (kept.body is None) is not may
            sent[may] += 1

        tried()
    assert sent[True] > 3
    assert sent[False] > 3


def _told_of_a_request(engine: Engine, url: str, employee: UUID) -> Listening:
    receiver = a_receiver(engine, url)
    with engine.begin() as connection:
        request = a_request(connection, employee)
    with writing(engine) as session:
        announce(session, [News(TOPIC, "requests", request)], at=at("09:00"))
    relay_all(engine, [OUTBOX])
    with writing(engine) as session:
        others = update(Delivery).where(Delivery.receiver_id != receiver.id, Delivery.state == DUE)
        session.execute(others.values(state=DeliveryState.CANCELLED))
    return receiver


def a_request(connection: Any, employee: UUID) -> UUID:
    employer = add(connection, "employers")
    establishment = add(connection, "establishments", employer_id=employer)
    kind = add(connection, "consultation_types")
    return add(
        connection,
        "requests",
        employee_id=employee,
        establishment_id=establishment,
        consultation_type_id=kind,
    )


def _becomes(
    engine: Engine, receiver: Listening, then: Mapping[str, Any], employees: list[UUID]
) -> None:
    with writing(engine) as session:
        if not then["rights"]:
            session.execute(delete(RoleRight).where(RoleRight.role_id == receiver.role_id))
            session.execute(
                insert(RoleRight).values(role_id=receiver.role_id, right=Right.VIEW_APPOINTMENTS)
            )
        account = session.get_one(Account, receiver.account_id)
        account.deactivated_at = None if then["active"] else at("08:00")
        account.kind = then["kind"]
        if then["reach"] != "everybody":
            session.get_one(Group, account.group_id).everybody = False
            whose = {"him": employees[:1], "another": employees[1:], "nobody": []}[then["reach"]]
            session.add_all(GroupScope(group_id=account.group_id, employee_id=one) for one in whose)
        if then["removed"]:
            session.get_one(Receiver, receiver.id).removed_at = at("08:00")


@pytest.mark.parametrize("topic", ["NoSuchTopic", "MessageAsked", "RequestOpened"])
def test_what_is_not_for_the_outside_is_not_sent(engine: Engine, topic: str) -> None:
    """Nor an event whose topic and subject do not belong together."""
    receiver = a_receiver(engine, "https://hooks.test/")
    subject = things(engine, 1)[0]
    with writing(engine) as session:
        event = Event(
            topic=topic, subject="employers", subject_id=subject, sequence=1, at=at("09:00"), facts={}
        )  # fmt: skip
        session.add(event)
        session.flush()
        session.add(
            Delivery(event_id=event.id, receiver_id=receiver.id, state=DUE, due_at=database_now())
        )
    assert deliver(engine, by_right(Client(Rules()))) == 0
    assert states(engine) == [DeliveryState.NOT_AUTHORISED]


@pytest.mark.parametrize("named", ["employee_id", "request_id"])
def test_what_the_facts_name_has_to_be_visible_as_well(engine: Engine, named: str) -> None:
    """As what a trigger tells: it may be about several things."""
    with engine.begin() as connection:
        employees = [add(connection, "employees") for _ in range(2)]
        requests = [a_request(connection, one) for one in employees]
    with writing(engine) as session:
        group = a_group(session, employee_id=employees[0])
    receiver = a_receiver(engine, "https://hooks.test/", group_id=group)
    his, anothers = employees if named == "employee_id" else requests

    def may(**facts: str) -> bool:
        event = Event(topic=TOPIC, subject="requests", subject_id=requests[0], facts=facts)
        with reading(engine) as session:
            return may_hear(session, receiver.account_id, event, NOW)

    assert may()
    assert may(**{named: str(his)})
    assert not may(**{named: str(anothers)})


# --- OAuth2 ---------------------------------------------------------------------------------------------


def oauth2(engine: Engine, hook_url: str, token_url: str) -> Listening:
    return a_receiver(
        engine,
        hook_url,
        secret_text="a:b ü",  # noqa: S106 (of nobody)
        protocol=Protocol.OAUTH2,
        token_url=token_url,
        client_id="client 1",
    )


def giving(tokens: Iterator[str]) -> Any:
    return lambda _: (
        200,
        {},
        json.dumps({"access_token": next(tokens), "expires_in": 3600}).encode(),
    )


def test_a_token_is_fetched_once_and_once_more_where_it_is_refused(engine: Engine) -> None:
    refused: set[str] = set()

    def ask_for_token(heard: Heard) -> Said:
        return (401, {}, b"") if heard.headers["Authorization"] in refused else well(heard)

    with a_hook(giving(iter("abc"))) as door, a_hook(ask_for_token) as hook:
        oauth2(engine, hook.url, door.url)
        channel = webhooks(hook.client(door.port))
        happened(engine, things(engine, 1))
        deliver(engine, channel)
        happened(engine, things(engine, 1))
        deliver(engine, channel)
        assert len(door.heard) == 1
        assert door.heard[0].body == b"grant_type=client_credentials"
        pair = base64.b64decode(door.heard[0].headers["Authorization"].removeprefix("Basic "))
        assert pair == b"client%201:a%3Ab%20%C3%BC"

        refused.add("Bearer a")
        happened(engine, things(engine, 1))
        deliver(engine, channel)
        assert [one.headers["Authorization"] for one in hook.heard] == [
            *["Bearer a"] * 3,
            "Bearer b",
        ]
        assert set(states(engine)) == {SENT}

        refused.update({"Bearer b", "Bearer c"})
        happened(engine, things(engine, 1))
        deliver(engine, channel)
        last = deliveries(engine)[-1]
        assert (last.state, last.attempts, last.last_status) == (DUE, 1, 401)
        assert len(door.heard) == 3
    assert all("webhook-id" in one.headers for one in hook.heard)
    assert not any("X-Hub-Signature" in one.headers for one in hook.heard)


@pytest.mark.parametrize(
    ("answers", "status", "error"),
    [
        (says(400), 400, "token_refused"),
        (lambda _: (200, {}, b"no token"), 200, "token_refused"),
        (lambda _: (200, {}, b"x" * 100_000), None, "answer_too_large"),
        (says(302, Location="http://127.0.0.1/"), 302, "token_refused"),
    ],
    ids=["refused", "rubbish", "too large", "redirect"],
)
def test_where_there_is_no_token_the_attempt_has_failed(
    engine: Engine, answers: Any, status: int | None, error: str
) -> None:
    with a_hook(answers) as door, a_hook() as hook:
        oauth2(engine, hook.url, door.url)
        happened(engine, things(engine, 1))
        deliver(engine, webhooks(hook.client(door.port)))

    (kept,) = deliveries(engine)
    assert (kept.state, kept.last_status, kept.last_error) == (DUE, status, error)
    assert kept.attempts == 1
    assert hook.heard == []


def test_a_token_url_that_leads_inside_is_not_asked(engine: Engine) -> None:
    """T9."""
    with a_hook() as hook:
        oauth2(engine, hook.url, "http://127.0.0.1:1/token")
        happened(engine, things(engine, 1))
        deliver(engine, webhooks(hook.client()))

    assert deliveries(engine)[0].last_error == "url_refused"
    assert hook.heard == []


# --- Secrets --------------------------------------------------------------------------------------------


def test_during_rotation_either_secret_proves_it(engine: Engine) -> None:
    old = new_secret()
    with a_hook() as hook:
        receiver = a_receiver(engine, hook.url)
        with writing(engine) as session:
            row = session.get_one(Receiver, receiver.id)
            where = place(Receiver.previous_secret, receiver.id)
            row.previous_secret = VAULT.seal(old.encode(), where)
        happened(engine, things(engine, 1))
        deliver(engine, webhooks(hook.client()))

    (heard,) = hook.heard
    require_signed(heard, old)
    require_signed(heard, receiver.secret, hub=old)


def test_a_secret_that_cannot_be_opened_here_fails_alone(engine: Engine) -> None:
    with a_hook() as hook:
        broken = a_receiver(engine, hook.url, secret=b"not sealed by anybody")
        well_kept = a_receiver(engine, hook.url)
        happened(engine, things(engine, 1))
        deliver(engine, webhooks(hook.client()))

    assert states(engine, well_kept) == [SENT]
    (kept,) = deliveries(engine, broken)
    assert (kept.state, kept.last_error) == (DUE, "secret_unreadable")
    assert len(hook.heard) == 1


def test_secrets_are_sealed_anew_by_another_key(engine: Engine) -> None:
    receiver = a_receiver(engine, "https://hooks.test/")
    both = Vault(b"n" * 32, b"k" * 32)
    with writing(engine) as session:
        assert reseal(session, both, SEALED) == 1
    with reading(engine) as session:
        row = session.get_one(Receiver, receiver.id)
        sealed = place(Receiver.secret, receiver.id)
        assert Vault(b"n" * 32).open(row.secret, sealed).decode() == receiver.secret


# --- Figures --------------------------------------------------------------------------------------------


def test_what_has_not_arrived_is_counted(engine: Engine) -> None:
    a_receiver(engine, "https://hooks.test/")
    happened(engine, things(engine, 3))
    with writing(engine) as session:
        first = deliveries(engine)[0].id
        long_ago = datetime(2026, 1, 1, tzinfo=at("09:00").tzinfo)
        session.execute(update(Delivery).where(Delivery.id == first).values(due_at=long_ago))
        last = deliveries(engine)[-1].id
        session.execute(
            update(Delivery).where(Delivery.id == last).values(state=FAILED, due_at=database_now())
        )
    with reading(engine) as session:
        told = undelivered(session)

    assert (told.due, told.failed, told.overdue_since) == (2, 1, long_ago)
    assert told.overdue > 0
