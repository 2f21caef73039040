"""Receivers of webhooks over HTTP: who administers them, where nothing is sent, what the log says, and what is sent again. Domain §6, P9, T7, T10."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from models.access import AccountKind
from models.database import reading, writing
from models.outbox import Receiver
from notifications.egress import Client as Egress
from notifications.egress import Rules
from scheduler.access import Right
from scheduler.topics import Topic
from tests.access import a_group, a_role, an_account
from tests.effort import sized
from tests.hooks import Canaries, canaries, resolve, soon
from tests.http_client import Api, Client, an_api, code_of, copied, on_both
from tests.records import add
from tests.url_forms import forms

SEES = (Right.VIEW_APPOINTMENTS, Right.VIEW_REQUESTS)
MANAGER = (Right.MANAGE_RECEIVERS, *SEES)
URL = "https://hooks.test/spreekuur"


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def api(engine: Engine) -> Iterator[Api]:
    with an_api(engine, egress=Egress(Rules(), lookup=resolve)) as made:
        yield made


def a_program(api: Api, *rights: Right, **changes: Any) -> str:
    with writing(api.engine) as session:
        changes.setdefault("kind", AccountKind.API)
        changes.setdefault("group_id", a_group(session, everybody=True))
        role = a_role(session, rights or SEES)
        return str(an_account(session, role_id=role, **changes).id)


def wish(account: str, **changes: Any) -> dict[str, Any]:
    topics = ["AppointmentPlanned", "AppointmentCancelled"]
    return {"name": "Payroll", "url": URL, "account_id": account, "topics": topics, **changes}


def added(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/receivers", body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


# --- Administered ---------------------------------------------------------------------------------------


@on_both
def test_a_receiver_is_added_shown_changed_and_removed(api: Api) -> None:
    manager = api.person(*MANAGER)
    made = added(manager, wish(a_program(api)))
    receiver, secret = made["receiver"], made["secret"]
    path = f"/receivers/{receiver['id']}"

    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{44}", secret)
    assert receiver["protocol"] == "websub"
    assert receiver["topics"] == ["AppointmentPlanned", "AppointmentCancelled"]
    assert manager.get(path).json() == receiver
    assert manager.get("/receivers").json()["items"] == [receiver]
    assert secret not in manager.get(path).text
    with reading(api.engine) as session:
        kept = session.get_one(Receiver, UUID(receiver["id"]))
        assert secret.encode() not in kept.secret

    changed = manager.put(
        path,
        wish(receiver["account_id"], name="Wages", topics=["RequestOpened"]),
        version=receiver["version"],
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["name"] == "Wages"
    assert changed.json()["topics"] == ["RequestOpened"]
    assert code_of(manager.delete(path, version=receiver["version"])) == "outdated"
    version = changed.json()["version"]
    assert manager.delete(path, version=version).status_code == 204
    assert manager.get(path).json()["removed_at"] is not None
    for act in ("rotate-secret", "retire-secret", "test", "redeliver-failed"):
        body = {"rotate-secret": {}, "redeliver-failed": {"since": "2027-01-01T00:00:00Z"}}
        refused = manager.post(f"{path}/{act}", body.get(act), version=version + 1)
        assert (refused.status_code, code_of(refused)) == (409, "receiver_removed")
    assert code_of(manager.delete(path, version=version + 1)) == "receiver_removed"


def test_a_change_is_on_record(api: Api) -> None:
    manager = api.person(*MANAGER)
    receiver = added(manager, wish(a_program(api)))["receiver"]

    (record,) = api.records(kind="receivers")
    assert (record.act, record.actor_id) == ("create", manager.id)
    assert str(record.object_id) == receiver["id"]


def test_a_repeated_key_makes_one_and_tells_its_secret_again(api: Api) -> None:
    manager, body = api.person(*MANAGER), wish(a_program(api))
    key = uuid4().hex
    first, second = (manager.post("/receivers", body, key=key) for _ in range(2))

    assert first.json() == second.json()
    assert len(manager.get("/receivers").json()["items"]) == 1


def test_nobody_lets_another_hear_what_he_may_not_see_himself(api: Api) -> None:
    """Who has its address in his hands reads all that its account may."""
    manager = api.person(Right.MANAGE_RECEIVERS, Right.VIEW_REQUESTS)
    mightier = a_program(api)
    refused = manager.post("/receivers", wish(mightier))
    assert (refused.status_code, code_of(refused)) == (403, "beyond_own_rights")

    made = added(api.person(*MANAGER), wish(mightier))["receiver"]
    path, version = f"/receivers/{made['id']}", made["version"]
    assert manager.get(path).status_code == 200
    for answer in (
        manager.put(path, wish(a_program(api, Right.VIEW_REQUESTS)), version=version),
        manager.post(f"{path}/rotate-secret", {}, version=version),
        manager.post(f"{path}/test", version=version),
        manager.post(f"{path}/redeliver-failed", {"since": "2027-01-01T00:00:00Z"}),
        manager.delete(path, version=version),
    ):
        assert (answer.status_code, code_of(answer)) == (403, "beyond_own_rights")


def test_a_receiver_beyond_ones_own_part_is_not_there(api: Api) -> None:
    with api.engine.begin() as connection:
        mine, other = (add(connection, "employers") for _ in range(2))
    with writing(api.engine) as session:
        group = a_group(session, employer_id=mine)
    made = added(api.person(*MANAGER), wish(a_program(api)))["receiver"]
    inside = added(api.person(*MANAGER), wish(a_program(api, group_id=group)))["receiver"]
    manager = api.person(*MANAGER, reaches={"employer_id": mine})
    stranger = api.person(*MANAGER, reaches={"employer_id": other})

    assert [one["id"] for one in manager.get("/receivers").json()["items"]] == [inside["id"]]
    assert stranger.get("/receivers").json()["items"] == []
    for one in (f"/receivers/{made['id']}", f"/receivers/{made['id']}/deliveries"):
        assert code_of(manager.get(one)) == "not_found"
    assert code_of(manager.post("/receivers", wish(a_program(api)))) == "not_found"


def test_what_cannot_be_a_receiver(api: Api) -> None:
    manager, program = api.person(*MANAGER), a_program(api)
    person = a_program(api, kind=AccountKind.USER)
    for body, status, code in (
        (wish(person), 409, "not_a_user"),
        (wish(program, topics=["Nothing"]), 422, "invalid_input"),
        (wish(program, topics=["ReceiverTested"]), 422, "topic_unknown"),
        (wish(program, topics=["MessageAsked"]), 422, "topic_unknown"),
        (wish(program, key="mine"), 422, "unknown_field"),
        (wish(program, oauth2={"token_url": URL, "client_id": "a"}), 422, "invalid_input"),
        (wish(program, url="https://hooks.test/\r\nX: y"), 422, "invalid_characters"),
        (wish(program, url="x" * 3_000), 422, "invalid_input"),
        (wish(str(uuid4())), 404, "not_found"),
    ):
        answer = manager.post("/receivers", body)
        assert (answer.status_code, code_of(answer)) == (status, code)
    assert manager.get("/receivers").json()["items"] == []


def test_an_oauth2_client_keeps_its_protocol_and_brings_its_own_secret(api: Api) -> None:
    manager, program = api.person(*MANAGER), a_program(api)
    client = {"token_url": "https://hooks.test/token", "client_id": "spreekuur"}
    made = added(manager, wish(program, oauth2=client | {"client_secret": "hush"}))
    receiver = made["receiver"]
    path, version = f"/receivers/{receiver['id']}", receiver["version"]

    assert made["secret"] is None
    assert receiver["protocol"] == "oauth2"
    assert code_of(manager.put(path, wish(program), version=version)) == "protocol_stays"
    refused = manager.post(f"{path}/rotate-secret", {}, version=version)
    assert (refused.status_code, code_of(refused)) == (422, "client_secret_missing")
    told = manager.post(f"{path}/rotate-secret", {"client_secret": "other"}, version=version)
    assert told.json()["secret"] is None
    assert not told.json()["receiver"]["rotating"]
    later = told.json()["receiver"]["version"]
    assert manager.put(path, wish(program, oauth2=client), version=later).status_code == 200


def test_a_secret_is_changed_in_two_steps(api: Api) -> None:
    manager = api.person(*MANAGER)
    made = added(manager, wish(a_program(api)))
    path = f"/receivers/{made['receiver']['id']}"
    refused = manager.post(f"{path}/retire-secret", version=1)
    assert code_of(refused) == "no_previous_secret"
    refused = manager.post(f"{path}/rotate-secret", {"client_secret": "x"}, version=1)
    assert (refused.status_code, code_of(refused)) == (422, "client_secret_not_ours")

    told = manager.post(f"{path}/rotate-secret", {}, version=1).json()
    assert told["secret"] != made["secret"]
    assert told["receiver"]["rotating"]
    retired = manager.post(f"{path}/retire-secret", version=told["receiver"]["version"])
    assert not retired.json()["rotating"]


def test_the_catalogue_of_events_is_what_the_code_announces(api: Api) -> None:
    items = api.person(Right.MANAGE_RECEIVERS).get("/event-topics").json()["items"]
    known = {one["topic"]: one for one in items}

    assert known["AppointmentPlanned"] == {
        "topic": "AppointmentPlanned",
        "sentence": Topic.APPOINTMENT_PLANNED.sentence,
        "subject": "appointments",
        "rights": ["view_appointments"],
    }
    assert set(known) >= {one for one in Topic if one.startswith(("Request", "Appointment"))}
    assert "MessageAsked" not in known


# --- Where nothing is sent ------------------------------------------------------------------------------


@pytest.fixture
def birds() -> Iterator[Canaries]:
    with canaries() as made:
        yield made


@pytest.mark.hypothesis
def test_no_receiver_is_made_or_changed_to_lead_inside(engine: Engine, birds: Canaries) -> None:
    """P9, T7: more than 300 forms, as URL and as token URL; the same answer for each, whatever the reason."""
    rules = Rules(allows_http=True, ports=frozenset({443, 80, birds.port}))
    every = sized(7, 1)
    with an_api(engine, egress=Egress(rules, lookup=resolve)) as api:
        manager, program = api.person(*MANAGER), a_program(api)
        made = added(manager, wish(program))["receiver"]
        path, answers = f"/receivers/{made['id']}", set()
        for number, url in enumerate(forms(birds.port)):
            tried = [manager.post("/receivers", wish(program, url=url))]
            if number % every == 0:
                client = {"token_url": url, "client_id": "a", "client_secret": "b"}
                tried += [
                    manager.put(path, wish(program, url=url), version=made["version"]),
                    manager.post("/receivers", wish(program, oauth2=client)),
                ]
            for answer in tried:
                assert answer.status_code == 422, url
                answers.add((code_of(answer), answer.json()["detail"]))

    assert {code for code, _ in answers} == {
        "url_not_allowed",
        "invalid_characters",
        "invalid_input",
    }
    assert ("url_not_allowed", "this address is not allowed") in answers
    assert birds.touched() == 0


def test_control_without_the_guard_a_receiver_leads_inside(engine: Engine, birds: Canaries) -> None:
    rules = Rules(allows_http=True, ports=frozenset({birds.port}))
    egress = Egress(rules, lookup=resolve, denies=lambda _: False)
    with an_api(engine, egress=egress) as api:
        manager = api.person(*MANAGER)
        made = added(manager, wish(a_program(api), url=f"http://127.0.0.1:{birds.port}/"))
        manager.post(f"/receivers/{made['receiver']['id']}/test", version=1)
        assert soon(lambda: birds.touched() > 0)
