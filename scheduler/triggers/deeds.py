"""What a trigger does: each action, why it would not be done, and how it is done. Domain §4.

A deed is done in the transaction in which the event is relayed, by the commands that planners use, and
whatever it announces names the firing as its cause.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.base import new_id
from models.consultations import ConsultationType
from models.requests import AppointmentRequest
from models.triggers import Action, Task, TriggerFiring
from scheduler.actor import Actor
from scheduler.announcing import Fact, News, announce
from scheduler.intake.cases import preferred
from scheduler.intake.known import today
from scheduler.intake.requests import against as against_request
from scheduler.intake.requests import create, withdraw
from scheduler.intake.wishes import First, May, Sees, Wish, everything
from scheduler.lifecycles import REQUESTS, Situation, reasons_against
from scheduler.refusals import Refusal, RefusedError
from scheduler.topics import Topic
from scheduler.triggers.about import About
from scheduler.triggers.conditions import Of
from scheduler.triggers.messages import NO_CASE, NO_REQUEST
from scheduler.triggers.settings import (
    AddTask,
    Announce,
    CreateRequest,
    SendMessage,
    WithdrawRequest,
)


@dataclass(frozen=True, slots=True)
class Occasion:
    """An event that a trigger fires on. `sees`: what he sees who asks what would be done."""

    trigger_id: UUID
    event_at: datetime
    about: About
    sees: Sees = everything

    def day(self, session: Session) -> date:
        """On which it happened."""
        return today(session, self.event_at)


@dataclass(frozen=True, slots=True)
class Firing:
    """The row that tells of it, and when it is done."""

    id: UUID
    now: datetime

    @property
    def by(self) -> Actor:
        return Actor(None, caused_by_id=self.id)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it."""

    request_id: UUID | None = None
    task_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """One action. `about`: the beginnings of the topics that it can be tied to."""

    about: tuple[str, ...]
    against: Callable[[Session, Any, Occasion], Sequence[Refusal]]
    do: Callable[[Session, Any, Occasion, Firing], Done]

    def fits(self, topic: str) -> bool:
        return topic.startswith(self.about)


def _nothing(_: Session, __: object, ___: Occasion) -> Sequence[Refusal]:
    return ()


# --- Requests -------------------------------------------------------------------------------------------


def _wish(session: Session, told: CreateRequest, occasion: Occasion) -> Wish:
    """Raises RefusedError where there is no case that it could belong to."""
    about, day = occasion.about, occasion.day(session)
    case = _case(session, told.consultation_type_id, occasion, day)
    if case is None or about.employee_id is None or about.establishment_id is None:
        raise RefusedError([Refusal(NO_CASE)])
    return Wish(
        employee_id=about.employee_id,
        consultation_type_id=told.consultation_type_id,
        establishment_id=about.establishment_id,
        case_id=case,
        from_day=day + timedelta(days=told.from_days),
        until_day=day + timedelta(days=told.until_days),
        allow_saturday=told.allow_saturday,
        allow_sunday_holiday=told.allow_sunday_holiday,
    )


def _case(session: Session, type_id: UUID, occasion: Occasion, day: date) -> UUID | None:
    """The event's own, where it is of the kind; else the one that the employee has open there. Domain §4 [000 §2.1.7]."""
    about = occasion.about
    kind = session.get_one(ConsultationType, type_id).preferred_case_kind_id
    if about.case_id is not None and about.fields.get(Of.CASE_KIND) == str(kind):
        return about.case_id
    if about.employee_id is None or about.employer_id is None:
        return None
    found = preferred(session, type_id, [about.employee_id], day, occasion.sees)
    return found.get((about.employee_id, about.employer_id))


def _first(told: CreateRequest) -> First:
    return First.DRAFT if told.draft else First.PLACED


def _against_request(
    session: Session, told: CreateRequest, occasion: Occasion
) -> Sequence[Refusal]:
    may = May(place=True, sees=occasion.sees)
    try:
        wish = _wish(session, told, occasion)
    except RefusedError as error:
        return error.refusals
    return against_request(session, wish, _first(told), may=may, now=occasion.event_at)


def _create_request(
    session: Session, told: CreateRequest, occasion: Occasion, firing: Firing
) -> Done:
    wish, may = _wish(session, told, occasion), May(place=True)
    return Done(create(session, wish, _first(told), may=may, by=firing.by, now=firing.now))


def _against_withdrawing(
    session: Session, _: WithdrawRequest, occasion: Occasion
) -> Sequence[Refusal]:
    key = occasion.about.request_id
    request = None
    if key is not None:
        request = session.get(AppointmentRequest, key, populate_existing=True)
    if request is None:
        return [Refusal(NO_REQUEST)]
    return reasons_against(REQUESTS, "withdraw", Situation(request.state))


def _withdraw_request(
    session: Session, told: WithdrawRequest, occasion: Occasion, firing: Firing
) -> Done:
    key = occasion.about.request_id
    if key is None:
        raise RefusedError([Refusal(NO_REQUEST)])
    # its row is locked by now: nobody makes another version of it
    version = session.get_one(AppointmentRequest, key, populate_existing=True).version
    withdraw(session, key, version, reason=told.reason, by=firing.by, now=firing.now)
    return Done(key)


# --- Tasks, and what leaves -------------------------------------------------------------------------------


def _add_task(session: Session, told: AddTask, occasion: Occasion, _: Firing) -> Done:
    about, key = occasion.about, new_id()
    due = told.due_in_days
    session.execute(
        insert(Task).values(
            id=key,
            version=1,
            title=told.title,
            employee_id=about.employee_id,
            case_id=about.case_id,
            appointment_id=about.appointment_id,
            assignee_id=told.assignee_id,
            role_id=told.role_id,
            due_on=None if due is None else occasion.day(session) + timedelta(days=due),
        )
    )
    return Done(task_id=key)


def _send_message(session: Session, told: SendMessage, occasion: Occasion, firing: Firing) -> Done:
    facts: dict[str, Fact] = {"template_id": told.template_id, "recipient": told.recipient}
    return _tell(session, Topic.MESSAGE_ASKED, occasion, firing, facts)


def _announce(session: Session, _: Announce, occasion: Occasion, firing: Firing) -> Done:
    return _tell(session, Topic.TRIGGER_FIRED, occasion, firing, {})


def _tell(
    session: Session,
    topic: Topic,
    occasion: Occasion,
    firing: Firing,
    facts: Mapping[str, Fact],
) -> Done:
    """About the firing; whom the event concerns, is told by keys."""
    about = occasion.about
    named = {
        "trigger_id": occasion.trigger_id,
        "employee_id": about.employee_id,
        "case_id": about.case_id,
        "request_id": about.request_id,
        "appointment_id": about.appointment_id,
    }
    keys = {name: key for name, key in named.items() if key is not None}
    news = News(topic, TriggerFiring.__tablename__, firing.id, {**keys, **facts}, firing.id)
    announce(session, [news], at=firing.now)
    return Done()


_OF_SOMEBODY = ("Request", "Appointment", "Case")
DEEDS: Mapping[Action, Deed] = MappingProxyType(
    {
        Action.ADD_TASK: Deed(("",), _nothing, _add_task),
        Action.CREATE_REQUEST: Deed(_OF_SOMEBODY, _against_request, _create_request),
        Action.SEND_MESSAGE: Deed(_OF_SOMEBODY, _nothing, _send_message),
        Action.ANNOUNCE: Deed(("",), _nothing, _announce),
        Action.WITHDRAW_REQUEST: Deed(
            ("Request", "Appointment"), _against_withdrawing, _withdraw_request
        ),
    }
)
