"""What was mailed, to whom, when, and what became of it; of what lies in the reader's part. Domain §6."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import MOST
from api.http.policies import by_right
from api.http.shapes import Given, Page, View
from models.appointments import Appointment
from models.messages import (
    DefaultReminder,
    MailAttempt,
    Message,
    MessageKind,
    Recipient,
    Reminder,
)
from models.outbox import DeliveryState
from scheduler.access import Right

routes = Routes("mail")

REMINDERS = by_right(Right.MANAGE_MESSAGES, Right.VIEW_APPOINTMENTS, of=Reminder)
MESSAGES = by_right(Right.MANAGE_MESSAGES, of=Message)


class MailFilters(Given):
    """Which mails."""

    page_size: int = Field(default=50, ge=1, le=MOST, description="how many at once")
    cursor: UUID | None = Field(default=None, description="`next` of the part before")
    state: DeliveryState | None = None
    appointment_id: UUID | None = None


class MailView(View):
    """`address`: to which it was sent, or tried. `last_error`: why it was not, a word of a closed set."""

    id: UUID
    state: DeliveryState
    template_id: UUID | None
    recipient: Recipient | None
    appointment_id: UUID | None
    due_at: datetime
    attempts: int
    address: str | None
    sent_at: datetime | None
    last_error: str | None


class SentReminder(MailView):
    """By a default reminder of the appointment's type."""

    default_reminder_id: UUID


class MessageView(MailView):
    """For a trigger, of an account, or with the code of a sender."""

    kind: MessageKind
    account_id: UUID | None
    employee_id: UUID | None


class MailAttemptView(View):
    """`status`: of SMTP. `milliseconds`: nothing while it goes on, or where nobody finished it."""

    at: datetime
    server_id: UUID
    status: int | None
    error: str | None
    milliseconds: int | None


class ReminderLog(View):
    """With each attempt."""

    reminder: SentReminder
    log: list[MailAttemptView]


class MessageLog(View):
    """With each attempt."""

    message: MessageView
    log: list[MailAttemptView]


@routes.get("/reminders", REMINDERS)
def list_reminders(call: Call, filters: Annotated[MailFilters, Query()]) -> Page[SentReminder]:
    """The reminders of appointments that you may see, those last made first."""
    query = (
        select(Reminder, DefaultReminder, Appointment.employee_id)
        .join(DefaultReminder, DefaultReminder.id == Reminder.default_reminder_id)
        .join(Appointment, Appointment.id == Reminder.appointment_id)
        .where(call.seen(Reminder))
    )
    found = call.session.execute(_filtered(query, Reminder, filters)).all()
    page = found[: filters.page_size]
    for row, _, employee in page:
        call.entry(Reminder.__tablename__, row.id, employee)
    return Page(items=[_reminder(row, rule) for row, rule, _ in page], next=_next(found, filters))


@routes.get("/reminders/{reminder_id}", REMINDERS)
def read_reminder(call: Call, reminder_id: UUID) -> ReminderLog:
    """One of them, with each attempt."""
    row = call.one(Reminder, reminder_id)
    employee = call.session.get_one(Appointment, row.appointment_id).employee_id
    call.entry(Reminder.__tablename__, row.id, employee)
    rule = call.session.get_one(DefaultReminder, row.default_reminder_id)
    tries = _attempts(call, MailAttempt.reminder_id == row.id)
    return ReminderLog(reminder=_reminder(row, rule), log=tries)


@routes.get("/messages", MESSAGES)
def list_messages(call: Call, filters: Annotated[MailFilters, Query()]) -> Page[MessageView]:
    """All other mails, those last made first."""
    query = select(Message).where(call.seen(Message))
    found = call.session.execute(_filtered(query, Message, filters)).all()
    page = [row for (row,) in found[: filters.page_size]]
    for row in page:
        call.entry(Message.__tablename__, row.id, row.employee_id)
    return Page(items=[MessageView.model_validate(row) for row in page], next=_next(found, filters))


@routes.get("/messages/{message_id}", MESSAGES)
def read_message(call: Call, message_id: UUID) -> MessageLog:
    """One of them, with each attempt."""
    row = call.one(Message, message_id)
    tries = _attempts(call, MailAttempt.message_id == row.id)
    return MessageLog(message=MessageView.model_validate(row), log=tries)


def _filtered(query: Any, kind: type[Reminder | Message], filters: MailFilters) -> Any:  # noqa: ANN401 (a statement)
    if filters.state is not None:
        query = query.where(kind.state == filters.state)
    if filters.appointment_id is not None:
        query = query.where(kind.appointment_id == filters.appointment_id)
    if filters.cursor is not None:
        query = query.where(kind.id < filters.cursor)
    return query.order_by(kind.id.desc()).limit(filters.page_size + 1)


def _next(found: Sequence[Any], filters: MailFilters) -> str | None:
    size = filters.page_size
    return str(found[size - 1][0].id) if len(found) > size else None


def _attempts(call: Call, of: Any) -> list[MailAttemptView]:  # noqa: ANN401 (a condition)
    query = select(MailAttempt).where(of).order_by(MailAttempt.id)
    return [MailAttemptView.model_validate(one) for one in call.session.scalars(query)]


def _reminder(row: Reminder, rule: DefaultReminder) -> SentReminder:
    return SentReminder(
        id=row.id,
        state=row.state,
        template_id=rule.template_id,
        recipient=rule.recipient,
        appointment_id=row.appointment_id,
        default_reminder_id=rule.id,
        due_at=row.due_at,
        attempts=row.attempts,
        address=row.address,
        sent_at=row.sent_at,
        last_error=row.last_error,
    )
