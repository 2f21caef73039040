"""Mails that are due: one worker at a time has some, judges them as things stand then, and writes how each ended.

A reminder belongs to an appointment that may have been moved, held or cancelled since; it is asked again in the
transaction that takes it on, and before it is sent. Whoever dies between the server's word and his own sends it once more, under the
same Message-ID: that gap cannot be closed (reliability §6).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from models.appointments import Appointment, AppointmentState
from models.base import Base, Code, new_id
from models.instants import database_now, from_now
from models.messages import (
    Channel,
    DefaultReminder,
    MailAttempt,
    MailServer,
    Message,
    MessageKind,
    Reminder,
)
from models.outbox import DeliveryState
from notifications.delivering import Outcome
from notifications.delivering.claims import Lost
from notifications.mail.building import Between, Known, build
from notifications.mail.gathered import Row, found, gathered
from notifications.mail.smtp import Trouble, Where
from notifications.mail.terms import LONGEST, Terms
from notifications.mail.values import Keys
from notifications.mail.ways import Way, Ways, closed, is_due, next_ones
from notifications.mail.writing import Unwritten, Writer, Written

Report = Callable[[Session, UUID, UUID | None, Code], object]
"""Tells that an appointment's reminder by this rule was not sent, and why; without a rule, an invitation to it."""
QUIETLY = {"synchronize_session": False}
ATTEMPTS = Base.metadata.tables[MailAttempt.__tablename__]
STANDS = frozenset({AppointmentState.PLANNED})
STOOD = STANDS | {AppointmentState.COMPLETED}
"""Of which somebody is told afterwards."""


class Unsent(Code):
    """Why it ends without an attempt, or before it was taken."""

    TOO_LATE = "too_late"
    NO_CHANNEL = "no_channel"
    UNFIT = "unfit"


FOR_GOOD = frozenset({Trouble.REFUSED, Unsent.UNFIT})
"""It would go no better another time."""


@dataclass(frozen=True)
class House:
    """What a mail needs beside its row. `host`: of its Message-ID. `password`: none where it cannot be opened."""

    writer: Writer
    host: str
    password: Callable[[MailServer], str | None]
    report: Report


@dataclass(frozen=True, slots=True)
class _Mail:
    """As it is to be sent."""

    where: Where
    known: Known
    between: Between
    written: Written = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that is ours as long as its token is."""

    kind: type[Row]
    id: UUID
    token: int
    attempt_id: UUID
    attempts: int
    mail: _Mail

    @property
    def where(self) -> Where:
        return self.mail.where

    @property
    def sender(self) -> str:
        return self.mail.between.sender

    @property
    def recipient(self) -> str:
        return self.mail.between.recipient

    def content(self) -> bytes:
        """Put together outside of any transaction, since it takes its time.

        Raises:
            UnfitError: it would not be what was meant.
        """
        mail = self.mail
        written = mail.written
        return build(
            mail.known,
            mail.between,
            written.said,
            mail.at,
            written.attached,
            invited=written.invited,
        )


# --- Taking on ------------------------------------------------------------------------------------------


def claim(session: Session, house: House, terms: Terms, most: int = 1) -> list[Claim]:
    """Take on the next mails that may go now, so many at most; those that may not any more end here."""
    claims: list[Claim] = []
    for kind in (Message, Reminder):
        by = Ways(session)
        full = closed(session)
        while len(claims) < most:
            query = next_ones(session, kind, full, most - len(claims))
            rows: Sequence[Row] = session.scalars(query).all()
            if not rows:
                break
            gathered(session).gather(rows)
            claims += _those(session, house, terms, (by, full, rows))
    return claims


def _those(
    session: Session, house: House, terms: Terms, of: tuple[Ways, set[UUID], Sequence[Row]]
) -> Iterator[Claim]:
    ways, full, rows = of
    now = session.scalars(select(database_now())).one()
    for row in rows:
        by = ways.of(row)
        if by is None or by.server.archived_at is not None:
            # gone between two looks
            _set(session, row, due_at=from_now(terms.pause(1)), claimed_until=None)
        elif not ways.take(by.server):
            # what is left waits, and is not looked at once more
            full.add(by.server.id)
        elif (mail := _judged_anew(session, house, row, by, now)) is not None:
            yield _begun(session, row, by.server, mail, terms)


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


def still_ours(session: Session, one: Claim, within: timedelta) -> bool:
    """At the last moment before it is sent: nobody has taken it back, or may take it on while it is."""
    in_time = one.kind.claimed_until > from_now(within)
    return (
        session.scalar(select(one.kind.id).where(*_ours(one), in_time, *_stands(one))) is not None
    )


def _stands(one: Claim) -> Iterator[ColumnElement[bool]]:
    """An invitation tells how it stands: what was changed since is told anew."""
    if (invited := one.mail.written.invited) is not None:
        a = Appointment
        yield select(a.id).where(a.id == invited.to.key, a.version == invited.to.sequence).exists()


def give_back(session: Session, claims: Sequence[Claim]) -> None:
    """As if they had not been taken: there is no time for them."""
    for one in claims:
        # it counts as taken nowhere: not for limits, not in its history
        free = update(one.kind).where(*_ours(one))
        values = {"claimed_until": None, "attempts": one.attempts - 1}
        session.execute(free.values(values), execution_options=QUIETLY)
        of = MailAttempt.id == one.attempt_id, MailAttempt.milliseconds.is_(None)
        session.execute(delete(MailAttempt).where(*of), execution_options=QUIETLY)


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
    if outcome.error is None:
        done = {"state": DeliveryState.SENT, "sent_at": database_now(), "last_error": None}
        _end(session, one, claimed_until=None, **done, **_forgets(one.kind))
    elif outcome.error in FOR_GOOD:
        held = select(one.kind).where(*_ours(one)).with_for_update()
        row: Row | None = session.scalars(held).first()  # type: ignore[assignment]
        if row is not None:
            _failed(session, house, row, outcome.error)
    else:
        later = from_now(terms.pause(one.attempts))
        _end(session, one, last_error=outcome.error, claimed_until=None, due_at=later)


def _end(session: Session, one: Claim, **values: Any) -> None:  # noqa: ANN401 (of any column)
    """Where it is still ours to say."""
    ended = update(one.kind).where(*_ours(one)).values(values)
    session.execute(ended, execution_options=QUIETLY)


def _ours(one: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        one.kind.id == one.id,
        one.kind.token == one.token,
        one.kind.state == DeliveryState.DUE,
    )


# --- One of them ----------------------------------------------------------------------------------------


def _judged_anew(session: Session, house: House, row: Row, by: Way, now: datetime) -> _Mail | None:
    if row.claimed_until is not None:
        _interrupted(session, row)
    written = _judged(session, house, row, now)
    if isinstance(written, DeliveryState):
        _set(session, row, state=written, claimed_until=None)
        return None
    if isinstance(written, Code):
        _failed(session, house, row, written)
        return None
    between = Between(by.sender.name, by.sender.address, written.name, written.address)
    server = by.server
    password = house.password(server)
    where = Where(server.host, server.port, server.implicit_tls, server.username, password)
    return _Mail(where, Known(row.id, house.host), between, written, now)


def _judged(session: Session, house: House, row: Row, now: datetime) -> Written | Code:
    """What is to be sent, or why it is not, as things stand now."""
    if isinstance(row, Message):
        return _message_judged(session, house, row, now)
    appointment = found(session, Appointment, row.appointment_id)
    rule = found(session, DefaultReminder, row.default_reminder_id)
    if appointment is None or rule is None or gathered(session).is_replaced(row):
        return DeliveryState.CANCELLED
    if appointment.state not in (STANDS if rule.minutes < 0 else STOOD):
        return DeliveryState.CANCELLED
    latest = (
        appointment.starts_at
        if rule.minutes < 0
        else appointment.starts_at + timedelta(minutes=rule.minutes) + LONGEST
    )
    if now >= latest:
        return Unsent.TOO_LATE
    return house.writer.by_template(session, rule.template_id, rule.recipient, Keys(appointment.id))


def _message_judged(session: Session, house: House, row: Message, now: datetime) -> Written | Code:
    if row.attempts and now - _made_at(row) > LONGEST:
        return Unsent.TOO_LATE
    if row.kind is MessageKind.INVITATION:
        return house.writer.invitation(session, row, now)
    return house.writer.message(session, row)


MILLISECONDS = 80
"""The bits of a UUID of version 7 behind its time."""


def _made_at(row: Row) -> datetime:
    return datetime.fromtimestamp((row.id.int >> MILLISECONDS) / 1000, tz=UTC)


def _begun(session: Session, row: Row, by: MailServer, mail: _Mail, terms: Terms) -> Claim:
    key = new_id()
    of = {"reminder_id": row.id} if isinstance(row, Reminder) else {"message_id": row.id}
    attempt = insert(ATTEMPTS).values(id=key, server_id=by.id, at=database_now(), **of)
    session.execute(attempt)
    token, attempts, to = row.token + 1, row.attempts + 1, mail.between.recipient
    until = from_now(terms.lease)
    _set(session, row, token=token, attempts=attempts, address=to, claimed_until=until)
    if mail.written.invited is not None:
        invited = mail.written.invited
        _set(session, row, method=invited.method, sequence=invited.to.sequence)
    return Claim(type(row), row.id, token, key, attempts, mail)


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
        **_forgets(type(row)),
    )
    if isinstance(row, Reminder):
        house.report(session, row.appointment_id, row.default_reminder_id, why)
    elif row.invitation_id and row.appointment_id and why is not Unwritten.NO_ADDRESS:
        house.report(session, row.appointment_id, None, why)


def _forgets(kind: type[Row]) -> dict[str, None]:
    """A code that was told is kept nowhere."""
    return {"sealed": None} if kind is Message else {}


def _set(session: Session, row: Row, **values: Any) -> None:  # noqa: ANN401 (of any column)
    """The row is locked."""
    kind = type(row)
    session.execute(update(kind).where(kind.id == row.id).values(values), execution_options=QUIETLY)
