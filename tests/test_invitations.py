"""Invitations by mail: REQUEST, its update and CANCEL, each once and in order, taken by a real server. Domain §6, reliability §3.8, P15, P20, P21, T17, T18."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from models.agenda import Location
from models.appointments import Appointment, Party
from models.consultations import ConsultationType
from models.database import writing
from models.outbox import DeliveryState
from scheduler import parameters
from scheduler.appointments import mark_as_draft, plan
from scheduler.booking import Target, cancel, delete, move
from tests.deliveries import later
from tests.invitations import (
    PRACTITIONER,
    calendar_of,
    event_of,
    invitations,
    messages,
    of_practitioner,
    told,
)
from tests.mail import DIES, SENDER, Box, Taken, a_box, a_mailer, a_server, sent, tries
from tests.records import DATABASES, at, fresh
from tests.test_booking import Service
from tests.test_mail import EMPLOYEE, failures


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


def booked(service: Service, clock: str = "09:00", **employee: Any) -> UUID:
    details = {"first_name": "Employee", "last_name": "One", "private_email": EMPLOYEE} | employee
    request = service.request(employee_id=service.add("employees", **details))
    return service.book(service.place(request, clock)).appointments[request]


def leaves(service: Service, box: Box) -> list[Taken]:
    """What is new in the box, once all that happened was told."""
    before = len(box.taken)
    told(service.engine)
    sent(service.engine, box.client())
    return box.taken[before:]


def moved(service: Service, appointment: UUID, clock: str, **where: Any) -> None:
    with writing(service.engine) as session:
        target = Target(where.get("availability", service.world.availability), at(clock))
        move(session, appointment, target, **service.how())


def cancelled(service: Service, appointment: UUID) -> None:
    with writing(service.engine) as session:
        how = {name: value for name, value in service.how().items() if name != "not_before"}
        cancel(session, appointment, party=Party.EMPLOYEE, reason="ill", **how)


def states(service: Service) -> list[DeliveryState]:
    return [one.state for one in messages(service.engine)]


def test_an_appointment_comes_into_the_calendar_moves_in_it_and_goes(
    service: Service, box: Box
) -> None:
    a_server(service.engine, box.port)
    appointment = booked(service)

    (first,) = leaves(service, box)
    moved(service, appointment, "11:00")
    (again,) = leaves(service, box)
    cancelled(service, appointment)
    (off,) = leaves(service, box)

    events = [event_of(each) for each in (first, again, off)]
    assert {str(each["UID"]) for each in events} == {f"appt-{appointment}@spreekuur.test"}
    assert [int(each["SEQUENCE"]) for each in events] == [1, 2, 3]
    assert [str(each["STATUS"]) for each in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    methods = [str(calendar_of(each)["METHOD"]) for each in (first, again, off)]
    assert methods == ["REQUEST", "REQUEST", "CANCEL"]
    assert [each["DTSTART"].dt for each in events] == [at("09:00"), at("11:00"), at("11:00")]
    assert {each["DTSTART"].params["TZID"] for each in events} == {"Europe/Amsterdam"}
    for event in events:
        assert str(event["ORGANIZER"]) == f"mailto:{SENDER}"
        assert str(event["ATTENDEE"]) == f"mailto:{EMPLOYEE}"
        assert str(event["SUMMARY"]) == "Afspraak"
    assert [each.mail["Subject"] for each in (first, again, off)] == [
        "Afspraak op maandag 1 maart 2027 om 10:00",
        "Gewijzigd: afspraak op maandag 1 maart 2027 om 12:00",
        "Afgezegd: afspraak op maandag 1 maart 2027 om 12:00",
    ]
    assert "https://spreekuur.test/answer/" in first.text
    assert "https://spreekuur.test/answer/" in str(events[1]["DESCRIPTION"])
    assert "/answer/" not in off.text
    assert len({each.id for each in box.taken}) == 3
    assert states(service) == [DeliveryState.SENT] * 3


def test_a_practitioner_gets_his_own_and_who_holds_it_no_more_loses_it(
    service: Service, box: Box
) -> None:
    a_server(service.engine, box.port)
    of_practitioner(service)
    other = service.another_practitioner()
    appointment = booked(service)
    leaves(service, box)

    moved(service, appointment, "11:00", availability=other["availability_id"])
    to_practitioner = [each for each in leaves(service, box) if each.recipients == [PRACTITIONER]]

    (off,) = to_practitioner
    event = event_of(off)
    assert str(calendar_of(off)["METHOD"]) == "CANCEL"
    assert int(event["SEQUENCE"]) == 2
    # what he was told of, and not where it is now
    assert event["DTSTART"].dt == at("09:00")
    assert off.mail["Subject"] == "Cancelled: appointment on Monday 1 March 2027 at 10:00"
    assert "Employee One" not in off.content.decode()
    assert len(invitations(service.engine)) == 2

    cancelled(service, appointment)
    (last,) = leaves(service, box)
    assert last.recipients == [EMPLOYEE]


def test_of_two_changes_in_a_row_the_last_is_told(service: Service, box: Box) -> None:
    a_server(service.engine, box.port)
    appointment = booked(service)
    told(service.engine)
    moved(service, appointment, "10:00")
    told(service.engine)
    moved(service, appointment, "11:00")

    (only,) = leaves(service, box)

    assert event_of(only)["DTSTART"].dt == at("11:00")
    assert int(event_of(only)["SEQUENCE"]) == 3
    assert states(service) == [DeliveryState.CANCELLED] * 2 + [DeliveryState.SENT]


def test_what_never_left_is_not_taken_back(service: Service, box: Box) -> None:
    a_server(service.engine, box.port)
    box.answers = lambda _: "451 later"
    appointment = booked(service)
    assert leaves(service, box) == []
    cancelled(service, appointment)
    box.answers = lambda _: "250 taken"
    with later(service.engine):
        assert leaves(service, box) == []
    assert states(service) == [DeliveryState.CANCELLED] * 2


def test_what_may_have_left_is_taken_back(service: Service, box: Box) -> None:
    """Who sent it died before he could say whether it was taken."""
    a_server(service.engine, box.port)
    appointment = booked(service)
    told(service.engine)
    mailer = a_mailer(service.engine, box.client())
    (claim,) = mailer._claimed()
    cancelled(service, appointment)

    (off,) = leaves(service, box)

    assert claim.mail.written.invited is not None
    assert str(calendar_of(off)["METHOD"]) == "CANCEL"


def test_what_a_server_took_before_it_died_is_taken_back(service: Service, box: Box) -> None:
    a_server(service.engine, box.port)
    box.answers = lambda _: DIES
    appointment = booked(service)
    (first,) = leaves(service, box)
    box.answers = lambda _: "250 taken"
    cancelled(service, appointment)

    (off,) = leaves(service, box)

    assert str(calendar_of(first)["METHOD"]) == "REQUEST"
    assert str(calendar_of(off)["METHOD"]) == "CANCEL"


def test_one_that_is_taken_on_already_is_not_sent_after_the_commit(
    service: Service, box: Box
) -> None:
    a_server(service.engine, box.port)
    appointment = booked(service)
    told(service.engine)
    mailer = a_mailer(service.engine, box.client())
    claimed = mailer._claimed()
    cancelled(service, appointment)
    with pytest.MonkeyPatch.context() as patch:
        once = iter([claimed])
        patch.setattr(mailer, "_claimed", lambda: next(once, []))
        patch.setattr(mailer, "_has_something", lambda: True)
        mailer.send_all()

    assert box.taken == []
    assert leaves(service, box) == []
    assert tries(service.engine) == []


def test_a_deleted_one_and_one_that_is_a_draft_again_go_from_the_calendar(
    service: Service, box: Box
) -> None:
    a_server(service.engine, box.port)
    one, other = booked(service), booked(service, private_email="b@example.org", clock="10:00")
    assert len(leaves(service, box)) == 2
    with writing(service.engine) as session:
        by = {name: value for name, value in service.how().items() if name != "not_before"}
        delete(session, [one], reason="ill", **by)
        mark_as_draft(session, other, **by)

    taken = leaves(service, box)

    assert {str(calendar_of(each)["METHOD"]) for each in taken} == {"CANCEL"}
    assert len(taken) == 2
    with writing(service.engine) as session:
        plan(session, other, **by)
    (again,) = leaves(service, box)
    assert str(calendar_of(again)["METHOD"]) == "REQUEST"
    assert int(event_of(again)["SEQUENCE"]) == 3


def test_without_a_mail_server_or_by_the_parameters_nobody_is_invited(
    one: Service, box: Box
) -> None:
    booked(one)
    told(one.engine)
    assert invitations(one.engine) == []

    a_server(one.engine, box.port)
    of_practitioner(one)
    with writing(one.engine) as session:
        parameters.put(session, parameters.INVITE_EMPLOYEES, new=False)
    booked(one, clock="10:00")
    (only,) = leaves(one, box)
    assert only.recipients == [PRACTITIONER]
    assert str(event_of(only)["SUMMARY"]) == "Appointment"


def test_who_cannot_be_reached_fails_visibly_and_what_is_refused_is_told_of(
    one: Service, box: Box
) -> None:
    a_server(one.engine, box.port)
    booked(one, private_email=None)
    assert leaves(one, box) == []
    assert [(each.state, each.last_error) for each in messages(one.engine)] == [
        (DeliveryState.FAILED, "no_address")
    ]
    assert failures(one.engine) == []

    box.answers = lambda _: "550 no"
    booked(one, clock="10:00")
    leaves(one, box)
    assert failures(one.engine) == ["refused"]


NASTY = "Room 1\r\nBEGIN:VALARM\nATTACH;VALUE=URI:file:///etc/passwd\x00\u2028X:1"


def test_what_a_name_holds_stays_a_value(one: Service, box: Box) -> None:
    """T18: written past every check, as old data may be."""
    a_server(one.engine, box.port)
    with writing(one.engine) as session:
        where = Location.id == one.world.location
        values = {"name": NASTY.replace("\x00", ""), "street": "Street; 1, \\n BEGIN:VEVENT"}
        session.execute(update(Location).where(where).values(**values))
    booked(one, last_name='One"\r\nATTENDEE:mailto:evil@example.org')

    (taken,) = leaves(one, box)

    event = event_of(taken)
    names = [name for name, _ in event.property_items(recursive=False)]
    assert names == sorted(set(names), key=names.index)
    assert {"VALARM", "ATTACH", "X"}.isdisjoint(names)
    assert event.subcomponents == []
    lines = calendar_of(taken).to_ical().decode().split("\r\n")
    assert sum(line.startswith(("ATTENDEE", "BEGIN:V")) for line in lines) == 4
    assert "BEGIN:VALARM" in str(event["LOCATION"])
    assert taken.recipients == [EMPLOYEE]


SECRETS = ("burn-out", "111222333", "0612345678", "remark about health")


def test_nothing_of_health_and_no_number_is_in_it(one: Service, box: Box) -> None:
    """P21: the type, the remarks and the number of the citizen."""
    a_server(one.engine, box.port)
    of_practitioner(one)
    with writing(one.engine) as session:
        session.execute(update(ConsultationType).values(name=SECRETS[0]))
    booked(one, reference=SECRETS[1], work_mobile=SECRETS[2])
    with writing(one.engine) as session:
        session.execute(update(Appointment).values(remarks=SECRETS[3]))

    taken = leaves(one, box)

    assert len(taken) == 2
    for each in taken:
        whole = each.text + each.mail.as_string() + calendar_of(each).to_ical().decode()
        assert not [secret for secret in SECRETS if secret in whole]


@pytest.mark.parametrize(
    ("modality", "place"), [("telephone", "Per telefoon"), ("video", "Per video")]
)
def test_who_is_called_has_to_be_nowhere(one: Service, box: Box, modality: str, place: str) -> None:
    a_server(one.engine, box.port)
    appointment = booked(one)
    with writing(one.engine) as session:
        session.execute(update(Appointment).values(modality=modality))
    (taken,) = leaves(one, box)
    assert str(event_of(taken)["LOCATION"]) == place
    assert str(appointment) in str(event_of(taken)["UID"])
