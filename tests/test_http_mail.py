"""Templates, reminders, mail servers, senders and what was sent, over HTTP: who may, what is refused, what nobody reads. Domain §6, T17, T19."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, update

from models.base import Base
from models.database import reading, writing
from models.instants import database_now
from models.messages import MailServer, Message, Reminder, Sender
from models.outbox import DeliveryState
from scheduler.access import Right
from scheduler.mail import languages, servers
from tests.access import VAULT
from tests.hooks import soon
from tests.http_client import Api, Client, World, a_world, an_api, code_of, copied, on_both
from tests.mail import HOST, Box, a_box, a_rule, a_server, a_template, reminders, sent
from tests.records import add

MANAGER = (Right.MANAGE_MESSAGES, Right.VIEW_APPOINTMENTS)
TEXT = {"language": "nl", "subject": "Afspraak", "body": "Beste {{recipient.name}}"}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def box() -> Iterator[Box]:
    with a_box() as made:
        yield made


@pytest.fixture
def api(engine: Engine, box: Box) -> Iterator[Api]:
    with an_api(engine, egress=box.client()) as made:
        yield made


def a_wish(**changes: Any) -> dict[str, Any]:
    return {"code": "reminder", "name": "Reminder", "texts": [TEXT], **changes}


def added(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


# --- Templates --------------------------------------------------------------------------------------------


@on_both
def test_a_template_is_written_in_languages_and_changed(api: Api) -> None:
    manager = api.person(*MANAGER)
    made = added(manager, "/templates", a_wish())
    path = f"/templates/{made['id']}"
    english = {"language": "en", "subject": "Appointment", "body": "Dear {{recipient.name}}"}

    changed = manager.patch(path, {"texts": [TEXT, english]}, version=made["version"])

    assert changed.status_code == 200
    assert changed.json()["texts"] == [english, TEXT]
    assert manager.get(path).json() == changed.json()
    assert manager.get("/templates").json()["items"] == [changed.json()]
    outdated = manager.patch(path, {"name": "Other"}, version=made["version"])
    assert (outdated.status_code, code_of(outdated)) == (412, "outdated")
    assert [one.act for one in api.records(kind="templates", actor_id=manager.id)][:1] == ["create"]


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{% for a in b %}",
        "{{ 'a'*10**9 }}",
        "{{bsn}}",
        "{{ employee.name",
        "{{Employee.Name}}",
    ],
)
@pytest.mark.parametrize("where", ["subject", "body"])
def test_what_is_no_merge_field_is_refused_when_it_is_saved(
    api: Api, text: str, where: str
) -> None:
    manager = api.person(*MANAGER)

    answer = manager.post("/templates", a_wish(texts=[{**TEXT, where: text}]))

    assert (answer.status_code, code_of(answer)) == (422, "unknown_merge_field")
    assert "employee.name" in answer.json()["refusals"][0]["params"]["known"]


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        (a_wish(texts=[]), 422, "default_text_missing"),
        (a_wish(texts=[{**TEXT, "language": "en"}]), 422, "default_text_missing"),
        (a_wish(texts=[TEXT, TEXT]), 422, "listed_twice"),
        (a_wish(texts=[{**TEXT, "subject": "a\r\nBcc: x@evil.test"}]), 422, "invalid_characters"),
        (a_wish(texts=[{**TEXT, "subject": "=?utf-8?b?DQo=?="}]), 422, "invalid_characters"),
        (a_wish(texts=[{**TEXT, "body": "a\x00"}]), 422, "invalid_value"),
        (a_wish(sender_id=str(uuid4())), 422, "unknown_reference"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    api: Api, wish: dict[str, Any], status: int, code: str
) -> None:
    answer = api.person(*MANAGER).post("/templates", wish)

    assert answer.status_code == status
    assert code in answer.text or status == 422


@pytest.fixture
def world(engine: Engine, box: Box) -> Iterator[World]:
    with a_world(engine, egress=box.client()) as made:
        yield made


def test_a_preview_shows_a_real_appointment_and_no_link_that_works(world: World) -> None:
    api, appointment = world.api, world.book()
    manager = api.person(*MANAGER)
    body = "{{appointment.time}} <b> {{location.name}}"
    made = added(manager, "/templates", a_wish(texts=[{**TEXT, "body": body}]))
    path = f"/templates/{made['id']}/preview"
    asked = {"appointment_id": appointment["id"]}

    shown = manager.post(path, asked, key=None)

    assert shown.status_code == 200, shown.text
    assert shown.json()["language"] == "nl"
    assert "<b>" in shown.json()["text"]
    assert "&lt;b&gt;" in shown.json()["html"]
    assert "own-language" not in shown.text
    nowhere = api.person(*MANAGER, reaches={"employer_id": _employer(api)})
    assert nowhere.post(path, asked, key=None).status_code == 404
    blind = api.person(Right.MANAGE_MESSAGES)
    assert blind.post(path, asked, key=None).status_code == 403


def _employer(api: Api) -> Any:
    with api.engine.begin() as connection:
        return add(connection, "employers", code=uuid4().hex[:8])


def test_default_reminders_are_listed_by_type_and_archived(world: World) -> None:
    api = world.api
    manager = api.person(*MANAGER, Right.MANAGE_TYPES)
    template = added(manager, "/templates", a_wish())
    type_ = world.book()["consultation_type_id"]
    rule = {
        "consultation_type_id": type_,
        "template_id": template["id"],
        "recipient": "employee",
        "minutes": -1440,
    }
    made = added(manager, "/default-reminders", rule)
    one = f"/default-reminders/{made['id']}"
    listed = f"/default-reminders?consultation_type_id={type_}"

    assert manager.get(listed).json()["items"] == [made]
    by_text = manager.post("/default-reminders", {**rule, "channel": "sms"})
    assert (by_text.status_code, code_of(by_text)) == (422, "channel_not_offered")
    assert manager.post(f"{one}/archive", version=made["version"]).status_code == 200
    assert manager.get(listed).json()["items"] == []
    named = manager.delete(f"/templates/{template['id']}", version=template["version"])
    assert (named.status_code, code_of(named)) == (409, "still_named")


# --- Servers and senders ----------------------------------------------------------------------------------


def a_server_wish(box: Box, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Mail server 1",
        "host": HOST,
        "port": box.port,
        "username": "planning",
        "password": "hush-hush",
        "is_default": True,
        "limits": [{"minutes": 60, "messages": 500}],
        **changes,
    }


@on_both
def test_a_server_keeps_its_password_to_itself(api: Api, box: Box) -> None:
    manager = api.person(*MANAGER)
    made = added(manager, "/mail-servers", a_server_wish(box))
    path = f"/mail-servers/{made['id']}"

    assert made["has_password"]
    assert "hush" not in manager.get(path).text + manager.get("/mail-servers").text
    with reading(api.engine) as session:
        kept = session.scalars(select(MailServer)).one()
        assert b"hush" not in (kept.password or b"")
        assert servers.password_of(VAULT, kept) == "hush-hush"

    stays = manager.put(path, a_server_wish(box, password=None, name="Other"), version=1)
    assert stays.json()["has_password"]
    # to another host no password goes that was meant for this one
    elsewhere = a_server_wish(box, password=None, host="smtp.example.org", port=587)
    moved = manager.put(path, elsewhere, version=stays.json()["version"])
    assert (moved.status_code, code_of(moved)) == (422, "mail_server_not_allowed") or (
        code_of(moved) == "password_missing"
    )
    version = stays.json()["version"]
    archived = manager.post(f"{path}/archive", version=version)
    assert (archived.status_code, code_of(archived)) == (409, "default_server_stays")

    second = added(manager, "/mail-servers", a_server_wish(box, name="Second"))
    assert second["is_default"]
    first = manager.get(path).json()
    assert not first["is_default"]
    archived = manager.post(f"{path}/archive", version=first["version"])
    assert archived.json()["archived_at"] is not None
    assert not archived.json()["has_password"]


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.0.0.1", 25),
        ("127.1", 25),
        ("2130706433", 587),
        ("[::1]", 25),
        ("169.254.169.254", 587),
        ("mail.test", 22),
        ("mail.test", 587),
        ("a b", 587),
        ("user@mail.test", 587),
    ],
)
def test_no_mail_goes_inside(api: Api, box: Box, host: str, port: int) -> None:
    answer = api.person(*MANAGER).post("/mail-servers", a_server_wish(box, host=host, port=port))

    assert (answer.status_code, code_of(answer)) == (422, "mail_server_not_allowed")
    assert box.connections == 0


@on_both
def test_a_sender_is_verified_by_the_code_that_is_mailed_there(api: Api, box: Box) -> None:
    manager = api.person(*MANAGER)
    server = added(manager, "/mail-servers", a_server_wish(box, username=None, password=None))
    sender = {"server_id": server["id"], "name": "Planning", "address": "planning@example.org"}
    made = added(manager, "/senders", sender)
    path = f"/senders/{made['id']}"
    with reading(api.engine) as session:
        message = session.scalars(select(Message)).one()
        code = servers.code_of(VAULT, message)
        assert code not in str(session.scalars(select(Sender.code_hash)).one())
    again = manager.post("/senders", sender)
    assert (again.status_code, code_of(again)) == (409, "sender_taken")

    template = manager.post("/templates", a_wish(sender_id=made["id"]))
    assert (template.status_code, code_of(template)) == (409, "sender_not_verified")

    wrong = "0" * 8 if code != "0" * 8 else "1" * 8
    told = manager.post(f"{path}/verify", {"code": wrong}, version=made["version"]).json()
    assert not told["is_verified"]
    told = manager.post(f"{path}/verify", {"code": code}, version=told["sender"]["version"]).json()
    assert not told["is_verified"]  # the wrong one has cost it

    made = manager.post(f"{path}/send-code", version=told["sender"]["version"]).json()
    with reading(api.engine) as session:
        latest = session.scalars(select(Message).order_by(Message.id.desc())).first()
        assert latest is not None
        code = servers.code_of(VAULT, latest)
    told = manager.post(f"{path}/verify", {"code": code}, version=made["version"]).json()
    assert told["is_verified"]
    assert added(manager, "/templates", a_wish(sender_id=made["id"]))["sender_id"] == made["id"]
    named = manager.delete(path, version=told["sender"]["version"])
    assert (named.status_code, code_of(named)) == (409, "sender_in_use")


# --- Languages, and what was sent --------------------------------------------------------------------------


def test_an_administrator_does_not_overrule_the_owner_of_an_address(api: Api) -> None:
    manager = api.person(*MANAGER)
    given = {"address": "Employee-1@example.org", "language": "fr"}
    assert manager.post("/address-languages", given).status_code == 200
    with writing(api.engine) as session:
        languages.choose(session, "employee-1@example.org", "en")
    answer = manager.post("/address-languages", given)
    assert (answer.status_code, code_of(answer)) == (409, "own_language")


def test_what_was_sent_is_shown_to_whom_it_concerns(world: World, box: Box) -> None:
    api, engine = world.api, world.api.engine
    a_server(engine, box.port)
    template = a_template(engine)
    type_ = world.book(1, 1)["consultation_type_id"]
    a_rule(engine, UUID(type_), template)
    with engine.begin() as connection:
        connection.execute(
            update(Base.metadata.tables["employees"]).values(private_email="e@example.org")
        )
    appointment = world.book(0, 0)
    with writing(engine) as session:
        session.execute(update(Reminder).values(due_at=database_now()))
    # the service itself may be quicker: it sends invitations, too
    sent(engine, box.client())
    assert soon(lambda: {one.state for one in reminders(engine)} == {DeliveryState.SENT})

    planner = api.person(Right.VIEW_APPOINTMENTS)
    (told,) = planner.get(f"/reminders?appointment_id={appointment['id']}").json()["items"]
    assert (told["state"], told["address"], told["attempts"]) == ("sent", "e@example.org", 1)
    log = planner.get(f"/reminders/{told['id']}").json()
    assert [(one["status"], one["error"]) for one in log["log"]] == [(250, None)]
    seen = api.records(kind="reminders", actor_id=planner.id)
    assert {str(one.employee_id) for one in seen} == {appointment["employee_id"]}
    stranger = api.person(*MANAGER, reaches={"employer_id": _employer(api)})
    assert stranger.get("/reminders").json()["items"] == []
    assert stranger.get(f"/reminders/{told['id']}").status_code == 404
    assert stranger.get("/messages").json()["items"] == []
    assert DeliveryState.SENT.value in planner.get("/reminders?state=sent").text


def test_the_service_sends_by_itself(api: Api, box: Box) -> None:
    """Rung by the commit, it mails the code at once."""
    manager = api.person(*MANAGER)
    server = added(manager, "/mail-servers", a_server_wish(box, username=None, password=None))
    added(manager, "/senders", {"server_id": server["id"], "name": "P", "address": "p@example.org"})
    assert soon(lambda: box.taken)
    assert box.taken[0].recipients == ["p@example.org"]
