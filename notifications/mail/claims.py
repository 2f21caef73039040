"""Mails that are due: one worker at a time has one, judges it as things stand then, and writes how it ended.

A reminder belongs to an appointment that may have been moved, held or cancelled since; it is asked again in the
transaction that takes it on. Whoever dies between the server's word and his own sends it once more, under the
same Message-ID: that gap cannot be closed (reliability §6).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from models.appointments import Appointment, AppointmentState
from models.base import Code, new_id
from models.instants import database_now, from_now
from models.messages import (
    Channel,
    DefaultReminder,
    MailAttempt,
    MailServer,
    Message,
    Reminder,
)
from models.outbox import DeliveryState
from notifications.delivering import Outcome
from notifications.delivering.claims import Lost
from notifications.mail.building import Between, Known, UnfitError, build
from notifications.mail.smtp import Trouble, Where
from notifications.mail.terms import LONGEST, Terms
from notifications.mail.values import Keys
from notifications.mail.ways import Row, Way, closed, has_room, is_due, next_one, way_of
from notifications.mail.writing import Writer, Written

Report = Callable[[Session, UUID, UUID, Code], object]
"""Tells that an appointment's reminder by this rule was not sent, and why."""
QUIETLY = {"synchronize_session": False}
STANDS = frozenset({AppointmentState.PLANNED})
STOOD = STANDS | {AppointmentState.COMPLETED}
"""Of which somebody is told afterwards."""


class Unsent(Code):
    """Why it ends without an attempt, or before it was taken."""

    TOO_LATE = "too_late"
    NO_CHANNEL = "no_channel"
    UNFIT = "unfit"


@dataclass(frozen=True)
class House:
    """What a mail needs beside its row. `host`: of its Message-ID. `password`: none where it cannot be opened."""

    writer: Writer
    host: str
    password: Callable[[MailServer], str | None]
    report: Report


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that is ours as long as its token is."""

    kind: type[Row]
    id: UUID
    token: int
    attempt_id: UUID
    attempts: int
    where: Where
    sender: str
    recipient: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Mail:
    """As it is to be sent."""

    where: Where
    recipient: str
    content: bytes


# --- Taking on ------------------------------------------------------------------------------------------


def claim(session: Session, house: House, terms: Terms) -> Claim | None:
    """Take on the next mail that may go now; those that may not any more end here."""
    for kind in (Message, Reminder):
        full = closed(session)
        while (row := session.scalars(next_one(session, kind, full)).first()) is not None:
            session.refresh(row)
            by = way_of(session, row)
            if by is None or not has_room(session, by.server):
                # archived, or filled by another worker, between two looks
                _set(session, row, due_at=from_now(terms.pause(1)), claimed_until=None)
                continue
            taken = _taken(session, house, row, by, terms)
            if taken is not None:
                return taken
    return None


def is_anything_due(session: Session) -> bool:
    return any(
        session.scalar(select(kind.id).where(is_due(kind)).limit(1)) is not None
        for kind in (Message, Reminder)
    )


def expire(session: Session, house: House, most: int = 100) -> int:
    """Drop reminders that come too late, and those that no channel takes; each is told of. Gives how many."""
    now = session.scalars(select(database_now())).one()
    of = (
        select(Reminder, DefaultReminder)
        .join(DefaultReminder, DefaultReminder.id == Reminder.default_reminder_id)
        .join(Appointment, Appointment.id == Reminder.appointment_id)
        .where(is_due(Reminder))
        .where(
            or_(
                and_(DefaultReminder.minutes < 0, Appointment.starts_at <= now),
                DefaultReminder.channel != Channel.EMAIL,
            )
        )
        .order_by(Reminder.id)
        .limit(most)
        .with_for_update(of=Reminder, skip_locked=True)
    )
    found = session.execute(of).all()
    for row, rule in found:
        why = Unsent.TOO_LATE if rule.channel is Channel.EMAIL else Unsent.NO_CHANNEL
        _failed(session, house, row, why)
    return len(found)


def still_ours(session: Session, one: Claim) -> bool:
    """At the last moment before it is sent: nobody has taken it back meanwhile."""
    return session.scalar(select(one.kind.id).where(*_ours(one))) is not None


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, after how long."""

    outcome: Outcome
    took: timedelta


def finish(session: Session, house: House, one: Claim, ended: Ended, terms: Terms) -> None:
    """Write how it ended, and when it is tried again, where it is still ours to say."""
    outcome = ended.outcome
    session.execute(
        update(MailAttempt)
        .where(MailAttempt.id == one.attempt_id)
        .values(
            status=outcome.status,
            error=outcome.error,
            milliseconds=ended.took // timedelta(milliseconds=1),
        ),
        execution_options=QUIETLY,
    )
    held = select(one.kind).where(*_ours(one)).with_for_update()
    row: Row | None = session.scalars(held).first()  # type: ignore[assignment]
    if row is None:
        return
    if outcome.error is None:
        done = {"state": DeliveryState.SENT, "sent_at": database_now(), "last_error": None}
        _set(session, row, claimed_until=None, **done, **_forgets(row))
    elif outcome.error is Trouble.REFUSED:
        _failed(session, house, row, outcome.error)
    else:
        later = from_now(terms.pause(one.attempts))
        _set(session, row, last_error=outcome.error, claimed_until=None, due_at=later)


def _ours(one: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        one.kind.id == one.id,
        one.kind.token == one.token,
        one.kind.state == DeliveryState.DUE,
    )


# --- One of them ----------------------------------------------------------------------------------------


def _taken(session: Session, house: House, row: Row, by: Way, terms: Terms) -> Claim | None:
    if row.claimed_until is not None:
        _interrupted(session, row)
    now = session.scalars(select(database_now())).one()
    written = _judged(session, house, row, now)
    if isinstance(written, DeliveryState):
        _set(session, row, state=written, claimed_until=None)
        return None
    if isinstance(written, Code):
        _failed(session, house, row, written)
        return None
    between = Between(by.sender.name, by.sender.address, written.name, written.address)
    try:
        known = Known(row.id, house.host)
        content = build(known, between, written.said, now, written.attached)
    except UnfitError:
        _failed(session, house, row, Unsent.UNFIT)
        return None
    server = by.server
    password = house.password(server)
    where = Where(server.host, server.port, server.implicit_tls, server.username, password)
    return _begun(session, row, by, _Mail(where, written.address, content), terms)


def _judged(session: Session, house: House, row: Row, now: datetime) -> Written | Code:
    """What is to be sent, or why it is not, as things stand now."""
    if isinstance(row, Message):
        if row.attempts and now - _made_at(row) > LONGEST:
            return Unsent.TOO_LATE
        return house.writer.message(session, row)
    appointment = session.get_one(Appointment, row.appointment_id, populate_existing=True)
    rule = session.get_one(DefaultReminder, row.default_reminder_id)
    if appointment.state not in (STANDS if rule.minutes < 0 else STOOD):
        return DeliveryState.CANCELLED
    if _replaced(session, row):
        return DeliveryState.CANCELLED
    latest = (
        appointment.starts_at
        if rule.minutes < 0
        else appointment.starts_at + timedelta(minutes=rule.minutes) + LONGEST
    )
    if now >= latest:
        return Unsent.TOO_LATE
    return house.writer.by_template(session, rule.template_id, rule.recipient, Keys(appointment.id))


def _replaced(session: Session, row: Reminder) -> bool:
    """The appointment was moved, and reminds of where it stands now."""
    newer = select(Reminder.id).where(
        Reminder.appointment_id == row.appointment_id,
        Reminder.default_reminder_id == row.default_reminder_id,
        Reminder.sequence > row.sequence,
    )
    return session.scalar(newer.limit(1)) is not None


MILLISECONDS = 80
"""The bits of a UUID of version 7 behind its time."""


def _made_at(row: Row) -> datetime:
    return datetime.fromtimestamp((row.id.int >> MILLISECONDS) / 1000, tz=UTC)


def _begun(session: Session, row: Row, by: Way, mail: _Mail, terms: Terms) -> Claim:
    key = new_id()
    of = {"reminder_id": row.id} if isinstance(row, Reminder) else {"message_id": row.id}
    session.add(MailAttempt(id=key, server_id=by.server.id, at=database_now(), **of))
    token, attempts = row.token + 1, row.attempts + 1
    until = from_now(terms.lease)
    _set(session, row, token=token, attempts=attempts, address=mail.recipient, claimed_until=until)
    way = by.sender.address, mail.recipient
    return Claim(type(row), row.id, token, key, attempts, mail.where, *way, mail.content)


def _interrupted(session: Session, row: Row) -> None:
    """Whoever had it last never said how it ended."""
    of = MailAttempt.reminder_id if isinstance(row, Reminder) else MailAttempt.message_id
    session.execute(
        update(MailAttempt)
        .where(of == row.id, MailAttempt.milliseconds.is_(None))
        .values(error=Lost.INTERRUPTED),
        execution_options=QUIETLY,
    )


def _failed(session: Session, house: House, row: Row, why: Code) -> None:
    _set(
        session,
        row,
        state=DeliveryState.FAILED,
        last_error=why,
        claimed_until=None,
        **_forgets(row),
    )
    if isinstance(row, Reminder):
        house.report(session, row.appointment_id, row.default_reminder_id, why)


def _forgets(row: Row) -> dict[str, None]:
    """A code that was told is kept nowhere."""
    return {"sealed": None} if isinstance(row, Message) else {}


def _set(session: Session, row: Row, **values: Any) -> None:  # noqa: ANN401 (of any column)
    """The row is locked."""
    kind = type(row)
    session.execute(update(kind).where(kind.id == row.id).values(values), execution_options=QUIETLY)
