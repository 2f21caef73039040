"""Invitations as a test reads them: off the wire, by icalendar."""

from email.message import EmailMessage
from typing import Any
from uuid import UUID

from icalendar import Calendar
from sqlalchemy import Engine, select, update

from api.http import sending
from models.database import reading, writing
from models.messages import Invitation, Message
from models.people import Practitioner
from scheduler.relay import relay_all
from tests.access import an_account
from tests.mail import Taken
from tests.test_booking import Service

PRACTITIONER = "practitioner-1@example.org"


def told(engine: Engine) -> None:
    """What happened is relayed."""
    relay_all(engine, [sending.INVITES])


def calendars_of(mail: EmailMessage) -> list[tuple[str, EmailMessage]]:
    """The parts that a calendar takes, by their type."""
    return [
        (part.get_content_type(), part)
        for part in mail.walk()
        if part.get_content_type() in {"text/calendar", "application/ics"}
    ]


def calendar_of(taken: Taken) -> Calendar:
    """Once it is made sure that both programs that look beside the text and those that look for a file get it."""
    (beside, file) = calendars_of(taken.mail)
    assert beside[0] == "text/calendar"
    assert beside[1].get_param("method") in {"REQUEST", "CANCEL"}
    assert beside[1].get_content_charset() == "utf-8"
    assert file[0] == "application/ics"
    assert file[1].get_filename() == "invite.ics"
    content = file[1].get_payload(decode=True)
    assert isinstance(content, bytes)
    assert beside[1].get_payload(decode=True) == content
    found = Calendar.from_ical(content)
    assert isinstance(found, Calendar)
    assert str(found["METHOD"]) == beside[1].get_param("method")
    return found


def event_of(taken: Taken) -> Any:
    (found,) = calendar_of(taken).walk("VEVENT")
    return found


def of_practitioner(service: Service, **changes: Any) -> UUID:
    """The practitioner has an account, and so an address."""
    with writing(service.engine) as session:
        person = an_account(session, **({"email": PRACTITIONER, "language": "en"} | changes))
        session.execute(
            update(Practitioner)
            .where(Practitioner.id == service.world.practitioner)
            .values(account_id=person.id)
        )
    return person.id


def invitations(engine: Engine) -> list[Invitation]:
    with reading(engine) as session:
        return list(session.scalars(select(Invitation).order_by(Invitation.id)))


def messages(engine: Engine) -> list[Message]:
    with reading(engine) as session:
        return list(
            session.scalars(
                select(Message).where(Message.invitation_id.is_not(None)).order_by(Message.id)
            )
        )
