"""What each action of a trigger is told when it is set up. Domain §4."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, TypeAdapter

from models.base import LINE, Json
from models.messages import Recipient
from models.triggers import Action

OneLine = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=LINE, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
    ),
]
Days = Annotated[int, Field(strict=True, ge=0, le=730, examples=[1])]
"""After the event."""


class Plan(StrEnum):
    """When a request is planned."""

    AT_ONCE = "at_once"
    AT_NIGHT = "at_night"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class AddTask(_Settings):
    """Leave something for a person to do: for one, for whoever has a role, or for anybody."""

    action: Literal["add_task"]
    title: OneLine
    assignee_id: UUID | None = None
    role_id: UUID | None = None
    due_in_days: Days | None = None


class CreateRequest(_Settings):
    """Make a request for an appointment. The window begins and ends so many days after the event; `until_days` is not included."""

    action: Literal["create_request"]
    consultation_type_id: UUID
    draft: StrictBool = False
    allow_saturday: StrictBool = False
    allow_sunday_holiday: StrictBool = False
    from_days: Days = 1
    until_days: Days = 15
    plan: Plan = Plan.AT_NIGHT


class SendMessage(_Settings):
    """Ask for a message to somebody whom the event concerns."""

    action: Literal["send_message"]
    template_id: UUID
    recipient: Recipient


class Announce(_Settings):
    """Tell the receivers of webhooks that it fired."""

    action: Literal["announce"]


class WithdrawRequest(_Settings):
    """Withdraw the request that the event is about."""

    action: Literal["withdraw_request"]
    reason: OneLine


Does = AddTask | CreateRequest | SendMessage | Announce | WithdrawRequest
Settings = Annotated[Does, Field(discriminator="action")]

_ANY: TypeAdapter[Does] = TypeAdapter(Settings)


def read(action: Action, stored: Json) -> Does:
    """As they were stored."""
    return _ANY.validate_python({"action": action.value, **_plain(stored)})


def written(settings: Does) -> Json:
    """As they are stored: the action has a column of its own."""
    return settings.model_dump(mode="json", exclude={"action"})


def _plain(stored: Json) -> Json:
    return {name: value for name, value in stored.items() if value is not None}
