"""The reminders of an appointment: made with it, moved with it, taken back with it. Domain §§4, 6 [000 §3.1.13.1].

Rows only: whoever sends them asks again whether the appointment still stands as it did. A booking never
fails for its reminders: where one cannot be made, that is announced, and a trigger may tie a task to it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from models.access import Account
from models.agenda import Location
from models.appointments import Appointment, AppointmentState
from models.base import new_id
from models.messages import Channel, DefaultReminder, Recipient, Reminder
from models.organisation import ContactPerson
from models.outbox import DeliveryState
from models.people import Employee, Practitioner
from models.requests import Case
from scheduler.actor import Actor
from scheduler.announcing import News, announce
from scheduler.topics import Topic


class Failure(StrEnum):
    """Why a reminder could not be made."""

    NO_ADDRESS = "no_address"
    """The recipient is not known, or has no address for the channel."""
    NOT_STORED = "not_stored"


class _Asked(NamedTuple):
    """An appointment, with whatever addresses its recipients have."""

    id: UUID
    version: int
    type: UUID
    starts_at: datetime
    zone: str
    employee_emails: tuple[str | None, ...]
    employee_mobiles: tuple[str | None, ...]
    practitioner_email: str | None
    contact_email: str | None
    contact_telephone: str | None
    manager_email: str | None

    def reachable(self, recipient: Recipient, channel: Channel) -> bool:
        by_mail = channel == Channel.EMAIL
        addresses: Mapping[Recipient, tuple[str | None, ...]] = {
            Recipient.EMPLOYEE: self.employee_emails if by_mail else self.employee_mobiles,
            Recipient.PRACTITIONER: (self.practitioner_email if by_mail else None,),
            Recipient.CONTACT_PERSON: (self.contact_email if by_mail else self.contact_telephone,),
            Recipient.CASE_MANAGER: (self.manager_email if by_mail else None,),
        }
        return any(addresses[recipient])


@dataclass(frozen=True, slots=True)
class _Failed:
    appointment: UUID
    why: Failure
    rule: UUID | None = None


def remind(session: Session, appointments: Collection[UUID], *, by: Actor, now: datetime) -> None:
    """Make the default reminders of these appointments as they now stand, in place of those they had.

    A moment that has passed already is left out. What cannot be made is announced as
    `AppointmentRemindersFailed`; nothing is raised, unless the connection is lost and the booking with it.
    """
    try:
        with session.begin_nested():
            forget(session, appointments)
            failed = _make(session, appointments, now)
    except SQLAlchemyError as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        failed = [_Failed(key, Failure.NOT_STORED) for key in appointments]
    announce(session, [_news(one, by) for one in failed], at=now)


def forget(session: Session, appointments: Collection[UUID]) -> None:
    """Nobody is reminded any more of these appointments, or of where they stood."""
    session.execute(
        update(Reminder)
        .where(Reminder.appointment_id.in_(appointments), Reminder.state == DeliveryState.DUE)
        .values(state=DeliveryState.CANCELLED)
    )


def _make(session: Session, appointments: Collection[UUID], now: datetime) -> list[_Failed]:
    rules = _rules(session, appointments)
    if not rules:
        return []
    rows: list[dict[str, object]] = []
    failed: list[_Failed] = []
    for asked in _asked(session, appointments):
        for rule in rules.get(asked.type, ()):
            due = due_at(asked.starts_at, asked.zone, rule.minutes)
            if due < now:
                continue
            if not asked.reachable(rule.recipient, rule.channel):
                failed.append(_Failed(asked.id, Failure.NO_ADDRESS, rule.id))
                continue
            rows.append(
                {
                    "id": new_id(),
                    "appointment_id": asked.id,
                    "default_reminder_id": rule.id,
                    "sequence": asked.version,
                    "state": DeliveryState.DUE,
                    "due_at": due,
                }
            )
    if rows:
        session.execute(insert(Reminder), rows)
    return failed


def due_at(starts_at: datetime, zone: str, minutes: int) -> datetime:
    """So many minutes after the start, or before it, on the clocks of the location: a day before 09:00 is 09:00."""
    wall = starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(minutes=minutes)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(starts_at.tzinfo)


def _rules(
    session: Session, appointments: Collection[UUID]
) -> Mapping[UUID, Sequence[DefaultReminder]]:
    types = select(Appointment.consultation_type_id).where(Appointment.id.in_(appointments))
    rules: dict[UUID, list[DefaultReminder]] = {}
    for rule in session.scalars(
        select(DefaultReminder)
        .where(
            DefaultReminder.consultation_type_id.in_(types),
            DefaultReminder.archived_at.is_(None),
        )
        .order_by(DefaultReminder.id)
    ):
        rules.setdefault(rule.consultation_type_id, []).append(rule)
    return rules


def _asked(session: Session, appointments: Collection[UUID]) -> Iterable[_Asked]:
    theirs, managers = aliased(Account), aliased(Account)
    a, e, c = Appointment, Employee, ContactPerson
    query = (
        select(
            a.id, a.version, a.consultation_type_id, a.starts_at, Location.time_zone,
            e.private_email, e.work_email, e.private_mobile, e.work_mobile,
            theirs.email, c.email, c.telephone, managers.email,
        )
        .join(e, e.id == a.employee_id)
        .join(Location, Location.id == a.location_id)
        .join(Practitioner, Practitioner.id == a.practitioner_id)
        .outerjoin(theirs, theirs.id == Practitioner.account_id)
        .outerjoin(c, c.id == a.contact_person_id)
        .outerjoin(Case, Case.id == a.case_id)
        .outerjoin(managers, managers.id == Case.manager_id)
        # what was held, and moved to when it was, reminds nobody
        .where(a.id.in_(appointments), a.state == AppointmentState.PLANNED)
        .order_by(a.id)
    )  # fmt: skip
    for row in session.execute(query):
        emails, mobiles = tuple(row[5:7]), tuple(row[7:9])
        yield _Asked._make((*row[:5], emails, mobiles, *row[9:]))


def _news(failed: _Failed, by: Actor) -> News:
    rule = {} if failed.rule is None else {"default_reminder": failed.rule}
    return News(
        Topic.APPOINTMENT_REMINDERS_FAILED,
        Appointment.__tablename__,
        failed.appointment,
        {"why": failed.why, **rule},
        by.caused_by_id,
    )
