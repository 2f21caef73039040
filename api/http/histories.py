"""What happened to something, step by step: who, when, why, and what changed. Domain §5."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from api.http.calls import Call
from api.http.shapes import View
from scheduler.lifecycles import Happened, Lifecycle, happened


class Change(View):
    """What a column was, and what the step made of it."""

    before: Any = Field(examples=["2027-03-01T08:00:00+00:00"])
    after: Any = Field(examples=["2027-03-02T08:00:00+00:00"])


class StepView(View):
    """One step. `by`: nobody where a planning run or a trigger did it; `for_whom`: in whose place he acted."""

    step: int
    at: datetime
    event: str = Field(examples=["reschedule"])
    source: str | None = Field(examples=["planned"])
    target: str = Field(examples=["planned"])
    actor_id: UUID | None
    by: str | None = Field(examples=["Planner 1"])
    on_behalf_of_id: UUID | None
    for_whom: str | None = Field(examples=["Planner 2"])
    reason: str | None
    changes: dict[str, Change] = Field(examples=[{}])


class HistoryView(View):
    """All steps, the first one first."""

    items: Sequence[StepView]


def history_of(call: Call, lifecycle: Lifecycle, key: UUID) -> HistoryView:
    """Of a row that the caller may see."""
    return HistoryView(items=[_view(one) for one in happened(call.session, lifecycle, key)])


def _view(one: Happened) -> StepView:
    changes = {name: Change(before=was, after=now) for name, (was, now) in one.changes.items()}
    return StepView(
        **{name: getattr(one, name) for name in StepView.model_fields if name != "changes"},
        changes=changes,
    )
