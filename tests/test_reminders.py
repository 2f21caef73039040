"""The reminders that booking makes, moving moves and cancelling takes back. Domain §§4, 6 [000 §3.1.13.1]."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from models.appointments import AppointmentState, Party
from models.base import new_id
from models.database import reading, writing
from models.messages import Channel, DefaultReminder, Recipient, Reminder, Template
from models.outbox import DeliveryState, Event
from scheduler import reminders
from scheduler.actor import NOBODY
from scheduler.booking import Target, cancel, move
from scheduler.reminders import due_at
from scheduler.topics import Topic
from tests.records import DATABASES, at, fresh
from tests.test_booking import NOW, Service

DAY = 1440


@pytest.fixture(params=DATABASES)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    for engine in fresh(request):
        yield Service(engine)


def rule(engine: Engine, type_: UUID, minutes: int, **others: Any) -> UUID:
    """A default reminder of the type."""
    key, template = new_id(), new_id()
    with writing(engine) as session:
        session.execute(
            insert(Template), {"id": template, "code": template.hex, "name": "Reminder"}
        )
        values = {
            "id": key,
            "consultation_type_id": type_,
            "template_id": template,
            "recipient": Recipient.EMPLOYEE,
            "channel": Channel.EMAIL,
            "minutes": minutes,
        }
        session.execute(insert(DefaultReminder), values | others)
    return key


def made(service: Service) -> list[tuple[DeliveryState, datetime, int]]:
    with reading(service.engine) as session:
        query = select(Reminder.state, Reminder.due_at, Reminder.sequence).order_by(Reminder.id)
        return [(state, due, sequence) for state, due, sequence in session.execute(query)]


def failures(service: Service) -> list[dict[str, Any]]:
    with reading(service.engine) as session:
        query = select(Event.facts).where(Event.topic == Topic.APPOINTMENT_REMINDERS_FAILED)
        return list(session.scalars(query))


def booked(service: Service, clock: str = "09:00", **employee: Any) -> UUID:
    details = {"private_email": "employee-1@example.org"} | employee
    request = service.request(employee_id=service.add("employees", **details))
    return service.book(service.place(request, clock)).appointments[request]


def test_each_default_reminder_of_the_type_is_made_for_its_moment(service: Service) -> None:
    for minutes in (-DAY, -60, 30):
        rule(service.engine, service.world.type, minutes)
    rule(service.engine, service.add("consultation_types"), -60)
    rule(service.engine, service.world.type, -30, archived_at=NOW)
    booked(service)
    start = at("09:00")
    due = [start - timedelta(days=1), start - timedelta(hours=1), start + timedelta(minutes=30)]
    assert made(service) == [(DeliveryState.DUE, moment, 1) for moment in due]
    assert failures(service) == []


def test_a_moment_that_has_passed_is_left_out(service: Service) -> None:
    rule(service.engine, service.world.type, -14 * DAY)
    booked(service)
    assert made(service) == []
    assert failures(service) == []


def test_without_an_address_the_booking_stands_and_the_failure_is_announced(
    service: Service,
) -> None:
    missing = rule(service.engine, service.world.type, -60)
    nobody = rule(service.engine, service.world.type, -60, recipient=Recipient.CONTACT_PERSON)
    appointment = booked(service, private_email=None)
    assert service.appointment(appointment).state == AppointmentState.PLANNED
    assert made(service) == []
    told = [{"why": "no_address", "default_reminder": str(key)} for key in (missing, nobody)]
    assert failures(service) == told


def test_a_mobile_number_will_do_for_a_text_and_the_work_address_for_mail(
    service: Service,
) -> None:
    rule(service.engine, service.world.type, -60, channel=Channel.SMS)
    rule(service.engine, service.world.type, -60)
    booked(service, private_email=None, work_email="e@example.org", work_mobile="+31600000000")
    assert len(made(service)) == 2


def test_a_booking_stands_where_its_reminders_cannot_be_stored(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[object]:
        raise SQLAlchemyError("no table")

    monkeypatch.setattr(reminders, "_make", broken)
    appointment = booked(service)
    assert service.appointment(appointment).state == AppointmentState.PLANNED
    assert failures(service) == [{"why": "not_stored"}]


CLOSED = "server closed the connection unexpectedly"


def test_a_lost_connection_is_no_failure_of_reminders(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The booking is lost with it: whoever books tries again."""

    def lost(*_: object) -> list[object]:
        raise OperationalError("SELECT", {}, Exception(CLOSED), connection_invalidated=True)

    monkeypatch.setattr(reminders, "_make", lost)
    with pytest.raises(OperationalError):
        booked(service)
    assert failures(service) == []


def test_a_move_takes_the_reminders_along_and_a_cancellation_takes_them_back(
    service: Service,
) -> None:
    rule(service.engine, service.world.type, -60)
    appointment = booked(service)
    with writing(service.engine) as session:
        move(session, appointment, Target(service.world.availability, at("11:00")), **service.how())
    moved = (DeliveryState.DUE, at("10:00"), 2)
    assert made(service) == [(DeliveryState.CANCELLED, at("08:00"), 1), moved]
    with writing(service.engine) as session:
        cancel(session, appointment, party=Party.EMPLOYEE, reason="ill", by=NOBODY, now=NOW)
    assert {state for state, *_ in made(service)} == {DeliveryState.CANCELLED}


def test_a_day_before_is_at_the_same_time_on_the_clocks() -> None:
    zone = "Europe/Amsterdam"
    monday = datetime(2027, 3, 29, 9, tzinfo=ZoneInfo(zone))  # the clocks changed the day before
    before = due_at(monday.astimezone(UTC), zone, -2 * DAY)
    assert before == datetime(2027, 3, 27, 9, tzinfo=ZoneInfo(zone))
    assert monday - before == timedelta(hours=47)
