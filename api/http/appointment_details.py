"""All that is known of one appointment: what may be done with it, what was performed, what it was, what is sent. Domain §5."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from api.http.appointments import RIGHT_FOR, AppointmentView, views
from api.http.calls import Call
from api.http.menus import Action, action
from api.http.shapes import View
from models.appointments import Appointment, NoShow, Override
from models.billing import PerformanceState
from models.messages import (
    Answer,
    Channel,
    DefaultReminder,
    Invitation,
    InvitationAnswer,
    Message,
    Method,
    Recipient,
    Reminder,
)
from models.outbox import DeliveryState
from scheduler.access import Right
from scheduler.appointments import actions, follow_up
from scheduler.invitations import moved_at
from scheduler.performing import amounts, performances


class PerformanceView(View):
    """What was performed. `price_cents`: only with the right to see billing; a refund's is negative."""

    id: UUID
    state: PerformanceState
    performance_type_id: UUID
    performed_on: date
    refund_of_id: UUID | None
    credited: bool
    price_cents: int | None = None


class NoShowView(View):
    """What a no-show was before, and the request by which the employee is called again, with what is planned for it."""

    consultation_type_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime
    ends_at: datetime
    follow_up_id: UUID | None
    follow_up_appointments: list[UUID]


class OverrideView(View):
    """A rule that was set aside for its place, by whom, and why."""

    rule: str = Field(examples=["saturday"])
    account_id: UUID
    reason: str


class ReminderView(View):
    """A reminder that is to be sent."""

    due_at: datetime
    channel: Channel
    recipient: Recipient


class AnswerView(View):
    """What somebody who is invited said. `outdated`: the appointment was moved since."""

    at: datetime
    recipient: Recipient
    practitioner_id: UUID | None
    answer: Answer
    remark: str | None
    outdated: bool


class InvitationView(View):
    """Who is invited, what he was told last, and what he answered last. `sequence`: of iCalendar."""

    recipient: Recipient
    practitioner_id: UUID | None
    method: Method | None
    sequence: int | None
    sent_at: datetime | None
    answer: AnswerView | None


class AppointmentDetails(AppointmentView):
    """With all that you may do with it now, each with why not where it is not, and all that hangs on it."""

    actions: dict[str, Action] = Field(default_factory=dict)
    performances: list[PerformanceView] = Field(default_factory=list)
    no_show: NoShowView | None = None
    overrides: list[OverrideView] = Field(default_factory=list)
    reminders: list[ReminderView] = Field(default_factory=list)
    invitations: list[InvitationView] = Field(default_factory=list)


def details(call: Call, row: Appointment) -> AppointmentDetails:
    return AppointmentDetails(
        **views(call, [row])[0].model_dump(),
        actions=_actions(call, row.id),
        performances=_performances(call, row.id),
        no_show=_no_show(call, row.id),
        overrides=_overrides(call, row.id),
        reminders=_reminders(call, row.id),
        invitations=_invitations(call, row.id),
    )


def _actions(call: Call, key: UUID) -> dict[str, Action]:
    """What stands in the way, and what the caller may not."""
    found = actions(call.session, [key], by=call.by)[key]
    return {event: action(call, against, RIGHT_FOR[event]) for event, against in found.items()}


def _performances(call: Call, key: UUID) -> list[PerformanceView]:
    rows = performances(call.session, [key])[key]
    prices = amounts(call.session, rows) if call.caller.may(Right.VIEW_BILLING) else {}
    found = [PerformanceView.model_validate(one) for one in rows]
    for one in found:
        one.price_cents = prices.get(one.id)
    return found


def _no_show(call: Call, key: UUID) -> NoShowView | None:
    originals = select(NoShow.original).where(NoShow.appointment_id == key)
    original: Mapping[str, Any] | None = call.session.scalar(originals)
    if original is None:
        return None
    followed = follow_up(call.session, key)
    was = original["appointment"]
    return NoShowView(
        **{name: was[name] for name in NoShowView.model_fields if name in was},
        follow_up_id=followed.request_id,
        follow_up_appointments=list(followed.appointments),
    )


def _overrides(call: Call, key: UUID) -> list[OverrideView]:
    those = select(Override).where(Override.appointment_id == key).order_by(Override.rule)
    return [OverrideView.model_validate(one) for one in call.session.scalars(those)]


def _reminders(call: Call, key: UUID) -> list[ReminderView]:
    """Those that are due, and were not sent or taken back."""
    those = (
        select(Reminder.due_at, DefaultReminder.channel, DefaultReminder.recipient)
        .join(DefaultReminder, DefaultReminder.id == Reminder.default_reminder_id)
        .where(Reminder.appointment_id == key, Reminder.state == DeliveryState.DUE)
        .order_by(Reminder.due_at, Reminder.id)
    )
    return [ReminderView.model_validate(one) for one in call.session.execute(those)]


def answers(call: Call, key: UUID) -> list[AnswerView]:
    """All that was said to its invitations, the first one first."""
    moved = moved_at(call.session, key)
    query = (
        select(InvitationAnswer, Invitation)
        .join(Invitation, Invitation.id == InvitationAnswer.invitation_id)
        .where(Invitation.appointment_id == key)
        .order_by(InvitationAnswer.id)
    )
    return [
        AnswerView(
            at=one.at,
            recipient=to.recipient,
            practitioner_id=to.practitioner_id,
            answer=one.answer,
            remark=one.remark,
            outdated=one.version < moved,
        )
        for one, to in call.session.execute(query)
    ]


def _invitations(call: Call, key: UUID) -> list[InvitationView]:
    sent = select(Message).where(
        Message.appointment_id == key,
        Message.invitation_id.is_not(None),
        Message.state == DeliveryState.SENT,
    )
    last = {one.invitation_id: one for one in call.session.scalars(sent.order_by(Message.sequence))}
    said = {(one.recipient, one.practitioner_id): one for one in answers(call, key)}
    invited = select(Invitation).where(Invitation.appointment_id == key).order_by(Invitation.id)
    return [
        InvitationView(
            recipient=one.recipient,
            practitioner_id=one.practitioner_id,
            method=told.method if (told := last.get(one.id)) else None,
            sequence=told.sequence if told else None,
            sent_at=told.sent_at if told else None,
            answer=said.get((one.recipient, one.practitioner_id)),
        )
        for one in call.session.scalars(invited)
    ]
