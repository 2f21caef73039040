"""What people call events, actions, conditions and outcomes; and a trigger as a form fills it in."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from api.http.shapes import Given, Line
from api.http.triggering import TriggerContent, TriggerView
from api.pages.forms import shaped
from api.pages.words import MODALITY, Word, msgid
from models.consultations import Modality
from models.messages import Recipient
from models.triggers import Action, Outcome
from scheduler.topics import Topic
from scheduler.triggers.conditions import NUMBERS, Of
from scheduler.triggers.settings import (
    AddTask,
    Announce,
    CreateRequest,
    Plan,
    SendMessage,
    WithdrawRequest,
)

EVENTS: Mapping[Topic, str] = {
    Topic.REQUEST_DRAFTED: msgid("A request was saved as a draft"),
    Topic.REQUEST_SUBMITTED: msgid("A request waits for approval"),
    Topic.REQUEST_OPENED: msgid("A request waits to be planned"),
    Topic.REQUEST_APPROVED: msgid("A request was approved"),
    Topic.REQUEST_REJECTED: msgid("A request was rejected"),
    Topic.REQUEST_CHANGED: msgid("A request was edited"),
    Topic.REQUEST_REOPENED: msgid("A request waits to be planned again"),
    Topic.REQUEST_WITHDRAWN: msgid("A request was withdrawn"),
    Topic.REQUEST_UNPLANNED: msgid("A planning run could not plan a request"),
    Topic.REQUEST_OVERDUE: msgid("A request is overdue"),
    Topic.APPOINTMENT_DRAFTED: msgid("An appointment was made as a draft"),
    Topic.APPOINTMENT_PLANNED: msgid("An appointment was planned"),
    Topic.APPOINTMENT_REPORTED: msgid("An appointment was made ad hoc, for a report"),
    Topic.APPOINTMENT_CHANGED: msgid("An appointment was edited"),
    Topic.APPOINTMENT_MARKED_AS_DRAFT: msgid("An appointment was marked as a draft"),
    Topic.APPOINTMENT_MOVED: msgid("An appointment was rescheduled"),
    Topic.APPOINTMENT_COMPLETED: msgid("An appointment was completed"),
    Topic.APPOINTMENT_COMPLETION_UNDONE: msgid("A completion was undone"),
    Topic.APPOINTMENT_CANCELLED: msgid("An appointment was cancelled"),
    Topic.APPOINTMENT_DELETED: msgid("An appointment was deleted"),
    Topic.APPOINTMENT_MISSED: msgid("An employee did not come (no-show)"),
    Topic.APPOINTMENT_NO_SHOW_CORRECTED: msgid("A no-show was corrected"),
    Topic.APPOINTMENT_LAPSED: msgid("An appointment was marked as lapsed"),
    Topic.APPOINTMENT_REMINDERS_FAILED: msgid("Reminders of an appointment failed"),
    Topic.APPOINTMENT_ACCEPTED: msgid("An invitation was accepted"),
    Topic.APPOINTMENT_DECLINED: msgid("An invitation was declined"),
    Topic.APPOINTMENT_TIME_ASKED: msgid("Somebody who is invited asks for another time"),
    Topic.CASE_OPENED: msgid("A case was opened"),
    Topic.CASE_PARTIALLY_RECOVERED: msgid("An employee works again, in part"),
    Topic.CASE_CLOSED: msgid("A case was closed"),
    Topic.CASE_DAY_REACHED: msgid("A case reaches a day"),
    Topic.AVAILABILITY_ADDED: msgid("An availability was added"),
    Topic.AVAILABILITY_CHANGED: msgid("An availability was changed"),
    Topic.AVAILABILITY_REMOVED: msgid("An availability was removed"),
    Topic.ABSENCE_ADDED: msgid("A practitioner is going to be away"),
    Topic.ABSENCE_CHANGED: msgid("An absence was changed"),
    Topic.ABSENCE_REMOVED: msgid("An absence was removed"),
}
ACTIONS: Mapping[Action, str] = {
    Action.CREATE_REQUEST: msgid("Make a request"),
    Action.ADD_TASK: msgid("Add a task"),
    Action.SEND_MESSAGE: msgid("Send a message"),
    Action.ANNOUNCE: msgid("Tell receivers of webhooks"),
    Action.WITHDRAW_REQUEST: msgid("Withdraw the request"),
}
FIELDS: Mapping[Of, str] = {
    Of.CONSULTATION_TYPE: msgid("Consultation type"),
    Of.NO_SHOW_TYPE: msgid("No-show type"),
    Of.EMPLOYER: msgid("Employer"),
    Of.ESTABLISHMENT: msgid("Establishment"),
    Of.LOCATION: msgid("Location"),
    Of.PRACTITIONER: msgid("Practitioner"),
    Of.CASE_KIND: msgid("Kind of case"),
    Of.MODALITY: msgid("Modality"),
    Of.PRIORITY: msgid("Priority"),
    Of.DAY: msgid("Day of the case"),
}
OUTCOMES: Mapping[Outcome, Word] = {
    Outcome.DONE: Word(msgid("done"), "good", "✓"),
    Outcome.REFUSED: Word(msgid("refused"), "bad", "✕"),
    Outcome.STOPPED: Word(msgid("stopped: end of a chain"), "warn", "⊘"),
}
PLANS: Mapping[Plan, str] = {
    Plan.AT_NIGHT: msgid("leave it to the night"),
    Plan.AT_ONCE: msgid("at once, if there is a place"),
}
RECIPIENTS: Mapping[Recipient, str] = {
    Recipient.EMPLOYEE: msgid("the employee"),
    Recipient.PRACTITIONER: msgid("the practitioner"),
    Recipient.CONTACT_PERSON: msgid("the contact person"),
    Recipient.CASE_MANAGER: msgid("the case manager"),
}
MODALITIES = [(one.value, MODALITY[one]) for one in Modality]

Numbers = Annotated[str, StringConstraints(max_length=200, pattern=r"^ *\d+( *, *\d+)* *$")]
"""Some, with commas between them."""
Keys = Annotated[list[UUID], Field(max_length=100)]


class What(Given):
    """Which event and which action the form is for."""

    topic: Topic = Topic.CASE_OPENED
    action: Action = Action.CREATE_REQUEST


class TriggerForm(What):
    """One field for each condition, and the settings of the action that was chosen."""

    name: Line
    consultation_type: Keys = Field(default=[])
    no_show_type: Keys = Field(default=[])
    employer: Keys = Field(default=[])
    establishment: Keys = Field(default=[])
    location: Keys = Field(default=[])
    practitioner: Keys = Field(default=[])
    case_kind: Keys = Field(default=[])
    modality: list[Modality] = Field(default=[])
    priority: Numbers | None = None
    day: Numbers | None = None
    create_request: CreateRequest | None = None
    add_task: AddTask | None = None
    send_message: SendMessage | None = None
    announce: Announce | None = None
    withdraw_request: WithdrawRequest | None = None

    def content(self) -> dict[str, Any]:
        """As the API takes it."""
        does = getattr(self, self.action.value)
        return {
            "topic": self.topic,
            "conditions": [
                {"field": of.value, "values": values}
                for of in Of
                if (values := _values(getattr(self, of.value)))
            ],
            "does": {"action": self.action.value} if does is None else does.model_dump(),
        }

    def as_content(self) -> TriggerContent:
        return shaped(TriggerContent, {"name": self.name, **self.content()})


class TryForm(TriggerForm):
    """To be tried, it needs no name."""

    name: Line = "-"


def _values(filled: Sequence[object] | str | None) -> list[str | int]:
    if isinstance(filled, str):
        return [int(one) for one in filled.split(",")]
    return [str(one) for one in filled or ()]


def filled(view: TriggerView) -> dict[Of, Any]:
    """What stands in the fields of the conditions."""
    chosen: dict[Of, Any] = {}
    for one in view.conditions:
        numbers = ", ".join(map(str, one.values))
        chosen[one.field] = numbers if one.field in NUMBERS else list(one.values)
    return chosen
