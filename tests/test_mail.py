"""Mail that leaves: by a real server under TLS, once, in the recipient's language, and not for what is cancelled. Domain §6, reliability §3.8, P15, T17, T19, F9."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from api.http import sending
from models.appointments import Party
from models.base import new_id
from models.database import reading, writing
from models.instants import database_now
from models.messages import (
    AddressLanguage,
    Channel,
    MailServer,
    Message,
    MessageKind,
    Recipient,
    Reminder,
    Sender,
    Template,
    TemplateText,
)
from models.organisation import Employer
from models.outbox import DeliveryState, Event
from models.people import Employee
from notifications.mail import smtp
from notifications.mail.building import Between, Known, Said, UnfitError, build
from notifications.mail.fields import filled, for_header, for_html, for_text
from scheduler.access.notices import notify
from scheduler.access.vault import place
from scheduler.actor import NOBODY
from scheduler.announcing import Fact, News, announce
from scheduler.booking import Target, cancel, move
from scheduler.mail import languages
from scheduler.relay import relay_all
from scheduler.topics import Topic
from tests.access import VAULT, a_group, a_role, an_account
from tests.deliveries import Later, database_time, later
from tests.mail import (
    DIES,
    SENDER,
    Box,
    a_box,
    a_client,
    a_mailer,
    a_rule,
    a_server,
    a_template,
    messages,
    reminders,
    sent,
    tries,
)
from tests.records import DATABASES, at, fresh
from tests.test_booking import NOW, Service

EMPLOYEE = "employee-1@example.org"


@pytest.fixture(params=DATABASES)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    for engine in fresh(request):
        yield Service(engine)


@pytest.fixture
def one(request: pytest.FixtureRequest) -> Iterator[Service]:
    """On SQLite alone."""
    for engine in fresh(request):
        yield Service(engine)


@pytest.fixture
def box() -> Iterator[Box]:
    with a_box() as made:
        yield made


def booked(service: Service, **employee: Any) -> UUID:
    """At nine, of somebody who can be reached."""
    details = {"first_name": "Employee", "last_name": "One", "private_email": EMPLOYEE} | employee
    request = service.request(employee_id=service.add("employees", **details))
    return service.book(service.place(request, "09:00")).appointments[request]


def reminded(service: Service, box: Box, *rules: int, body: str = "", **employee: Any) -> UUID:
    """Booked, with a reminder an hour before, and a server to send it by."""
    a_server(service.engine, box.port)
    template = a_template(service.engine, **({"body": body} if body else {}))
    for minutes in rules or (-60,):
        a_rule(service.engine, service.world.type, template, minutes)
    return booked(service, **employee)


def at_the(clock: str, time: Later, engine: Engine, day: int = 0) -> None:
    time.go(at(clock, day) - database_time(engine))


def states(engine: Engine) -> list[tuple[DeliveryState, str | None]]:
    return [(one.state, one.last_error) for one in reminders(engine)]


def failures(engine: Engine) -> list[str]:
    with reading(engine) as session:
        query = select(Event.facts).where(Event.topic == Topic.APPOINTMENT_REMINDERS_FAILED)
        return [facts["why"] for facts in session.scalars(query)]


def test_a_reminder_is_sent_once_when_its_time_has_come(service: Service, box: Box) -> None:
    engine = service.engine
    reminded(service, box)
    with later(engine) as time:
        at_the("07:59", time, engine)
        assert sent(engine, box.client()) == 0
        at_the("08:01", time, engine)
        assert sent(engine, box.client()) == 1
        assert sent(engine, box.client()) == 0

    (taken,) = box.taken
    (row,) = reminders(engine)
    assert (taken.sender, taken.recipients) == (SENDER, [EMPLOYEE])
    assert taken.id == f"<{row.id}@spreekuur.test>"
    assert taken.mail["From"] == f"Planning <{SENDER}>"
    assert taken.mail["To"] == f"Employee One <{EMPLOYEE}>"
    assert "Dear Employee One, maandag 1 maart 2027 10:00 at Location." in taken.text
    assert (row.state, row.address, row.attempts) == (DeliveryState.SENT, EMPLOYEE, 1)
    assert row.sent_at is not None
    assert [(each.status, each.error) for each in tries(engine)] == [(250, None)]


def test_of_a_cancelled_appointment_nothing_is_sent_after_the_commit(
    service: Service, box: Box
) -> None:
    engine = service.engine
    appointment = reminded(service, box)
    with later(engine) as time:
        at_the("08:01", time, engine)
        with writing(engine) as session:
            cancel(session, appointment, party=Party.EMPLOYEE, reason="ill", by=NOBODY, now=NOW)
        assert sent(engine, box.client()) == 0
    assert box.taken == []


def test_one_that_is_taken_on_already_is_asked_again_before_it_is_sent(
    service: Service, box: Box
) -> None:
    engine = service.engine
    appointment = reminded(service, box)
    mailer = a_mailer(engine, box.client())
    with later(engine) as time:
        at_the("08:01", time, engine)
        claimed = mailer._claimed()
        assert len(claimed) == 1
        with writing(engine) as session:
            cancel(session, appointment, party=Party.EMPLOYEE, reason="ill", by=NOBODY, now=NOW)
        with pytest.MonkeyPatch.context() as patch:
            once = iter([claimed])
            patch.setattr(mailer, "_claimed", lambda: next(once, []))
            patch.setattr(mailer, "_has_something", lambda: True)
            mailer.send_all()
    assert box.taken == []
    assert states(engine) == [(DeliveryState.CANCELLED, None)]


def test_a_moved_appointment_reminds_of_where_it_is_now(service: Service, box: Box) -> None:
    engine = service.engine
    appointment = reminded(service, box)
    with writing(engine) as session:
        move(session, appointment, Target(service.world.availability, at("11:00")), **service.how())
        # as one who did not see the move would leave it
        first = session.scalars(select(Reminder).order_by(Reminder.sequence)).first()
        assert first is not None
        first.state = DeliveryState.DUE
    with later(engine) as time:
        at_the("08:01", time, engine)
        assert sent(engine, box.client()) == 0
        at_the("10:01", time, engine)
        assert sent(engine, box.client()) == 1
    assert "12:00" in box.taken[0].text
    assert [state for state, _ in states(engine)] == [DeliveryState.CANCELLED, DeliveryState.SENT]


# --- Servers that do not do as they should ------------------------------------------------------------------


def test_what_is_put_off_is_tried_after_5_15_and_60_minutes_and_comes_once(
    one: Service, box: Box
) -> None:
    engine = one.engine
    reminded(one, box, -1440)
    box.answers = lambda _: "451 later"
    with later(engine) as time:
        at_the("09:01", time, engine, day=-1)
        for minutes in (5, 15, 60, 60):
            assert sent(engine, box.client()) == 1
            time.go(timedelta(minutes=minutes - 1))
            assert sent(engine, box.client()) == 0
            time.go(timedelta(minutes=1, seconds=1))
        box.answers = lambda _: "250 taken"
        assert sent(engine, box.client()) == 1
        assert sent(engine, box.client()) == 0
    assert len(box.taken) == 1
    told = [(each.status, each.error) for each in tries(engine)]
    assert told == [(451, "put_off")] * 4 + [(250, None)]


def test_what_is_refused_for_good_has_failed_and_is_told_of(service: Service, box: Box) -> None:
    engine = service.engine
    reminded(service, box)
    box.greets = lambda _: "550 nobody here"
    with later(engine) as time:
        at_the("08:01", time, engine)
        assert sent(engine, box.client()) == 1
        time.go(timedelta(days=1))
        assert sent(engine, box.client()) == 0
    assert states(engine) == [(DeliveryState.FAILED, "refused")]
    assert failures(engine) == ["refused"]


def test_one_connection_takes_them_all_whatever_it_refuses(one: Service, box: Box) -> None:
    reminded(one, box, -60, -59, -58)
    said = iter(["250 OK", "550 nobody here", "250 OK"])
    box.greets = lambda _: next(said)
    with later(one.engine) as time:
        at_the("08:10", time, one.engine)
        assert sent(one.engine, box.client()) == 3
    assert (len(box.taken), box.connections) == (2, 1)


def test_a_server_that_has_had_enough_is_asked_anew(
    one: Service, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its word, or where it would hang up after so many."""
    reminded(one, box, -60, -59, -58)
    monkeypatch.setattr(smtp, "PER_CONNECTION", 2)
    said = iter(["250 OK", "421 enough", "250 OK", "250 OK"])
    box.greets = lambda _: next(said)
    with later(one.engine) as time:
        at_the("08:10", time, one.engine)
        assert sent(one.engine, box.client()) == 3
    assert {state for state, _ in states(one.engine)} == {DeliveryState.SENT}
    assert box.connections == 2
    assert [each.error for each in tries(one.engine)] == [None] * 3


def test_after_a_day_without_a_server_what_is_past_is_dropped_and_told_of(
    service: Service, box: Box
) -> None:
    """Nothing is lost: each was sent, or its failure was announced (F9)."""
    engine = service.engine
    reminded(service, box, -60, -30)
    with a_box() as gone:
        nobody = a_client(frozenset({("mail.test", box.port)}))
    with writing(engine) as session:
        session.execute(update(Reminder).values(due_at=database_now()))
    assert gone.port != box.port
    box.answers = lambda _: "421 closing"
    with later(engine) as time:
        at_the("08:40", time, engine)
        assert sent(engine, nobody) == 2
        at_the("09:00", time, engine)
        assert sent(engine, nobody) == 0
    assert states(engine) == [(DeliveryState.FAILED, "too_late")] * 2
    assert failures(engine) == ["too_late"] * 2


def test_a_server_that_dies_after_data_may_have_it_twice_under_one_id(
    one: Service, box: Box
) -> None:
    engine = one.engine
    reminded(one, box)
    answers: list[Any] = [DIES, "250 taken"]
    box.answers = lambda _: answers.pop(0)
    with later(engine) as time:
        at_the("08:01", time, engine)
        assert sent(engine, box.client()) == 1
        time.go(timedelta(minutes=6))
        assert sent(engine, box.client()) == 1
    first, second = box.taken
    assert first.id == second.id
    assert [each.error for each in tries(engine)] == ["connection", None]


def test_a_server_that_takes_its_time_is_not_waited_for(one: Service, box: Box) -> None:
    engine = one.engine
    reminded(one, box)
    box.answers = lambda _: 3.0
    with later(engine) as time:
        at_the("08:01", time, engine)
        assert sent(engine, box.client(), within=0.5) == 1
    assert states(engine) == [(DeliveryState.DUE, "timeout")]


@pytest.mark.parametrize(
    ("how", "why"), [({"plain": True}, "tls"), ({"implicit": True}, "timeout")]
)
def test_without_tls_as_it_was_agreed_nothing_is_sent(
    one: Service, how: dict[str, bool], why: str
) -> None:
    with a_box(**how) as box:
        reminded(one, box)
        with later(one.engine) as time:
            at_the("08:01", time, one.engine)
            assert sent(one.engine, box.client(), within=1.0) == 1
        assert box.taken == []
    assert states(one.engine) == [(DeliveryState.DUE, why)]


def test_a_certificate_of_another_name_and_an_internal_address_are_refused(
    one: Service, box: Box
) -> None:
    engine = one.engine
    reminded(one, box)
    with later(engine) as time:
        at_the("08:01", time, engine)
        assert sent(engine, box.client(excepted=False)) == 1
        assert box.connections == 0
        with writing(engine) as session:
            session.execute(update(MailServer).values(host="other.test"))
        time.go(timedelta(minutes=6))
        assert sent(engine, a_client(frozenset({("other.test", box.port)}))) == 1
    assert [each.error for each in tries(engine)] == ["url_refused", "tls"]
    assert box.taken == []


def test_implicit_tls_a_login_and_a_wrong_password(one: Service) -> None:
    engine = one.engine
    with a_box(implicit=True) as box:

        def password(text: bytes) -> None:
            with writing(engine) as session:
                server = session.scalars(select(MailServer)).one()
                server.implicit_tls, server.username = True, "planning"
                server.password = VAULT.seal(text, place(MailServer.password, server.id))

        reminded(one, box)
        password(b"wrong")
        with later(engine) as time:
            at_the("08:01", time, engine)
            assert sent(engine, box.client()) == 1
            password(b"secret")
            time.go(timedelta(minutes=6))
            assert sent(engine, box.client()) == 1
    assert len(box.taken) == 1
    assert box.logins[-1] == (b"planning", b"secret")
    # it is tried again: a password is put right sooner than an address
    assert [each.error for each in tries(engine)] == ["login_refused", None]


# --- Limits -------------------------------------------------------------------------------------------------


def test_limits_delay_and_drop_nothing(service: Service, box: Box) -> None:
    engine = service.engine
    a_server(engine, box.port, (60, 3), (1440, 5))
    template = a_template(engine)
    for _ in range(7):
        a_rule(engine, service.world.type, template, -2880)
    booked(service)
    made = []
    with later(engine) as time:
        at_the("09:01", time, engine, day=-2)
        for _ in range(4):
            made.append(sent(engine, box.client()))
            made.append(sent(engine, box.client()))
            time.go(timedelta(minutes=61))
        time.go(timedelta(hours=24))
        made.append(sent(engine, box.client()))
    assert made == [3, 0, 2, 0, 0, 0, 0, 0, 2]
    assert {state for state, _ in states(engine)} == {DeliveryState.SENT}
    assert len({one.id for one in box.taken}) == 7


def test_another_server_is_not_held_up_by_one_that_is_full(one: Service, box: Box) -> None:
    engine = one.engine
    full = a_server(engine, box.port, (60, 1), is_default=False)
    a_server(engine, box.port)
    by_the_full_one, other = a_template(engine), a_template(engine)
    with writing(engine) as session:
        sender = session.scalars(select(Sender).where(Sender.server_id == full)).one()
        session.get_one(Template, by_the_full_one).sender_id = sender.id
    for minutes in (-60, -59):
        a_rule(engine, one.world.type, by_the_full_one, minutes)
    a_rule(engine, one.world.type, other, -50)
    booked(one)
    with later(engine) as time:
        at_the("08:20", time, engine)
        assert sent(engine, box.client()) == 2
    waits = [one for one in reminders(engine) if one.state is DeliveryState.DUE]
    assert [one.due_at for one in waits] == [at("08:01")]


# --- What it says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "reads"),
    [
        (("en", "fr", "nl", "nl"), "English"),
        ((None, "en", "nl", "nl"), "English"),
        ((None, None, "en-GB", "nl"), "English"),
        ((None, None, None, "en"), "English"),
        ((None, None, None, None), "Nederlands"),
        (("de", None, "en", "en"), "Nederlands"),
    ],
)
def test_the_language_is_his_own_choice_then_the_administrators_then_what_is_known(
    one: Service, box: Box, known: tuple[str | None, ...], reads: str
) -> None:
    engine, (own, theirs, employee, employer) = one.engine, known
    a_server(engine, box.port)
    template = a_template(engine, body="Nederlands", en="English")
    a_rule(engine, one.world.type, template)
    with writing(engine) as session:
        session.execute(update(Employer).values(language=employer))
        if theirs is not None:
            languages.set_language(session, EMPLOYEE.upper(), theirs)
        if own is not None:
            languages.choose(session, EMPLOYEE, own)
    booked(one, language=employee)
    with later(engine) as time:
        at_the("08:01", time, engine)
        assert sent(engine, box.client()) == 1
    assert box.taken[0].text.startswith(reads)


def test_each_mail_has_a_link_by_which_only_its_recipient_chooses(one: Service, box: Box) -> None:
    reminded(one, box)
    with later(one.engine) as time:
        at_the("08:01", time, one.engine)
        sent(one.engine, box.client())
    text = box.taken[0].text
    link = next(line for line in text.splitlines() if sending.OWN_LANGUAGE in line)
    token = link.rpartition("/")[2]
    assert EMPLOYEE not in link
    assert languages.opened(VAULT, token) == EMPLOYEE
    with writing(one.engine) as session:
        session.add(AddressLanguage(address=EMPLOYEE, language="en", own_choice=True))


INJECTED = "x\r\nBcc: x@evil.test =?utf-8?b?DQpCY2M6IHg=?= ==?? {{employee.name}} <b>"


def test_what_a_value_holds_stays_a_value(one: Service, box: Box) -> None:
    """T17, T19: old data with line breaks, encoded words, fields and markup in a name."""
    engine = one.engine
    a_server(engine, box.port)
    template = a_template(
        engine, subject="For {{employee.last_name}}", body="{{employee.last_name}}!"
    )
    a_rule(engine, one.world.type, template)
    booked(one, first_name=None, last_name=INJECTED)
    with later(engine) as time:
        at_the("08:01", time, engine)
        assert sent(engine, box.client()) == 1
    (taken,) = box.taken
    assert taken.recipients == [EMPLOYEE]
    assert b"\nbcc" not in taken.content.lower()
    assert len(taken.mail.get_all("To", [])) == 1
    assert taken.mail["Bcc"] is None
    assert "=?" not in str(taken.mail["Subject"])
    assert "{{employee.name}}" in taken.text
    shown = taken.mail.get_body(("html",))
    assert shown is not None
    assert "&lt;b&gt;" in shown.get_content()


def test_fields_are_replaced_once_and_nothing_else() -> None:
    values = {"employee.name": "{{location.name}}", "location.name": "Here"}
    text = "{{ employee.name }} {{bsn}} {{ ''.__class__ }} {% for %} {{location.name}}"
    assert filled(text, values, for_text) == (
        "{{location.name}} {{bsn}} {{ ''.__class__ }} {% for %} Here"
    )
    assert for_header("a=?b\r\nc==??d\x00") == "ab  cd"
    assert for_html("<a>\x07").strip() == "&lt;a&gt;"


def test_a_header_that_is_not_ours_is_not_written() -> None:
    at_nine = datetime(2027, 3, 1, 9, tzinfo=UTC)
    said = Said("s", "t", "t", "nl")
    for address in ("a@b\r\nBcc: c@d", "a@b, c@d", "nobody"):
        between = Between("n", SENDER, "n", address)
        with pytest.raises(UnfitError):
            build(Known(new_id(), "h"), between, said, at_nine)


# --- Who has no address, and what no channel takes ------------------------------------------------------------


def test_without_an_address_or_a_text_it_fails_visibly(one: Service, box: Box) -> None:
    engine = one.engine
    reminded(one, box, -60)
    with writing(engine) as session:
        session.execute(update(Employee).values(private_email=None))
    with later(engine) as time:
        at_the("08:01", time, engine)
        assert sent(engine, box.client()) == 0
        with writing(engine) as session:
            session.execute(update(Employee).values(private_email=EMPLOYEE))
            session.execute(update(Reminder).values(state=DeliveryState.DUE))
            session.query(TemplateText).delete()
        assert sent(engine, box.client()) == 0
    assert failures(engine) == ["no_address", "no_text"]


def test_a_text_message_is_told_of_as_not_sent(one: Service, box: Box) -> None:
    a_server(one.engine, box.port)
    template = a_template(one.engine)
    a_rule(one.engine, one.world.type, template, channel=Channel.SMS)
    booked(one, private_mobile="+31600000000")
    with later(one.engine) as time:
        at_the("08:01", time, one.engine)
        assert sent(one.engine, box.client()) == 0
    assert failures(one.engine) == ["no_channel"]


# --- What is no reminder --------------------------------------------------------------------------------------


def test_what_a_trigger_asks_for_is_mailed_once(service: Service, box: Box) -> None:
    engine = service.engine
    appointment = booked(service)
    a_server(engine, box.port)
    facts: dict[str, Fact] = {
        "template_id": a_template(engine),
        "recipient": Recipient.EMPLOYEE,
        "appointment_id": appointment,
    }
    with writing(engine) as session:
        # about a firing, in the service; whatever it is about, the facts say the rest
        news = News(Topic.MESSAGE_ASKED, "appointments", appointment, facts)
        announce(session, [news], at=NOW)
    relay_all(engine, [sending.MAILS])
    assert sent(engine, box.client()) == 1
    relay_all(engine, [sending.MAILS])
    assert sent(engine, box.client()) == 0
    assert box.taken[0].recipients == [EMPLOYEE]
    (row,) = messages(engine)
    assert (row.kind, row.state) == (MessageKind.ASKED, DeliveryState.SENT)


def test_an_accounts_owner_is_told_at_the_address_before_as_well(
    service: Service, box: Box
) -> None:
    engine = service.engine
    a_server(engine, box.port)
    with writing(engine) as session:
        person = an_account(
            session,
            role_id=a_role(session, []),
            group_id=a_group(session, everybody=True),
            email="new@example.org",
            previous_email="old@example.org",
            language="en",
        )
        notify(session, Topic.ACCOUNT_ADDRESS_CHANGED, person.id, at=NOW)
        notify(session, Topic.ACCOUNT_LOCKED, person.id, at=NOW)
    relay_all(engine, [sending.MAILS])
    assert sent(engine, box.client()) == 3
    told = sorted((one.recipients[0], one.text.splitlines()[0]) for one in box.taken)
    assert told == [
        ("new@example.org", "The mail address of your account was changed."),
        ("new@example.org", "Your account is locked after too many wrong tries."),
        ("old@example.org", "The mail address of your account was changed."),
    ]
    with reading(engine) as session:
        assert session.scalars(select(Message.sealed)).all() == [None] * 3
