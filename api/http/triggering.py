"""Triggers as they are sent and shown: of what lies in a part of the organisation, no more than the caller's. Domain §§4, 8."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from api.http.calls import Call
from api.http.pages import Paging
from api.http.problems import Reason
from api.http.shapes import Flag, Given, Instant, Line, View
from api.http.texts import told
from models.access import Account
from models.base import Keyed
from models.organisation import Employer, Establishment
from models.triggers import Trigger, TriggerFiring
from scheduler.access.visible import CONDITIONS
from scheduler.refusals import Refusal
from scheduler.topics import Topic
from scheduler.triggers import conditions, rehearsing, setting_up, settings
from scheduler.triggers.conditions import Condition

FiringOutcome = Literal["done", "refused", "stopped"]
"""A run has outcomes too, and its schema has that name."""
MOST = len(conditions.Of)
"""Conditions of one trigger: one for each field."""


class Rehearsed(Given):
    """An event, conditions that must all hold, and what is done then."""

    topic: Topic
    conditions: list[Condition] = Field(default=[], max_length=MOST)
    does: settings.Settings

    def wanted(self, name: str = "") -> setting_up.Wanted:
        return setting_up.Wanted(name, self.topic, self.conditions, self.does)


class TriggerContent(Rehearsed):
    """And a name."""

    name: Line


class NewTrigger(TriggerContent):
    """It fires on what happens from now on, unless it is not enabled yet."""

    enabled: Flag = True


class TriggerView(View):
    """`since`: when it was last enabled. Of its conditions, employers and establishments that are not yours are left out."""

    id: UUID
    version: int
    name: str
    topic: Topic
    conditions: list[Condition]
    does: settings.Settings
    enabled: bool
    since: datetime | None
    removed_at: datetime | None


class TriggerFilters(Paging):
    """Which triggers."""

    topic: Topic | None = None
    enabled: bool | None = None
    removed: bool = Field(default=False, description="those that were removed, too")


class FiringView(View):
    """A trigger met an event: `done`, `refused` for these reasons, or `stopped` as the last of a chain.

    `unplanned`: why the request was not planned at once, where it should have been.
    """

    id: UUID
    trigger_id: UUID
    event_id: UUID
    at: datetime
    depth: int
    outcome: FiringOutcome
    refusals: list[Reason]
    employee_id: UUID | None
    request_id: UUID | None
    task_id: UUID | None
    appointment_id: UUID | None
    unplanned: dict[str, Any] | None


class FiringFilters(Paging):
    """Which firings."""

    outcome: FiringOutcome | None = None
    since: Instant | None = None


class WouldView(View):
    """It would have fired then, about this employee; with `refusals`, in vain."""

    at: datetime
    employee_id: UUID | None
    request_id: UUID | None
    appointment_id: UUID | None
    case_id: UUID | None
    refusals: list[Reason]


class RehearsalView(View):
    """`looked_at`: events of last month; `fires`: on so many of them; `firings`: the latest of those."""

    looked_at: int
    fires: int
    firings: list[WouldView]


# --- What is not the caller's ---------------------------------------------------------------------------------

IN_A_PART = {of: kind for of, kind in conditions.ROWS.items() if kind in CONDITIONS}


def look_up(call: Call, given: Rehearsed) -> None:
    """Raises NotFoundError where something is named that is not his to see."""
    for one in given.conditions:
        for key in map(conditions.as_key, one.values if one.field in IN_A_PART else ()):
            if key is not None:
                call.another(IN_A_PART[one.field], key)
    assignee = getattr(given.does, "assignee_id", None)
    if assignee is not None:
        call.another(Account, assignee)


def _his(call: Call, triggers: Iterable[Trigger]) -> set[str]:
    """Of the employers and establishments that these name, those that he sees."""
    seen: set[str] = set()
    named = [one for row in triggers for one in conditions.read(row.conditions)]
    kinds: tuple[type[Keyed], ...] = (Employer, Establishment)
    for kind in kinds:
        those = [one for one in named if conditions.ROWS.get(one.field) is kind]
        keys = {conditions.as_key(value) for one in those for value in one.values}
        query = select(kind.id).where(kind.id.in_(keys), call.seen(kind))
        seen |= {str(key) for key in call.session.scalars(query)} if keys else set()
    return seen


# --- As they are shown ----------------------------------------------------------------------------------------


def view(call: Call, row: Trigger) -> TriggerView:
    return views(call, [row])[0]


def views(call: Call, rows: Sequence[Trigger]) -> list[TriggerView]:
    his = _his(call, rows)
    return [
        TriggerView.model_validate(
            {
                **{name: getattr(row, name) for name in AS_STORED},
                "conditions": [_only(one, his) for one in conditions.read(row.conditions)],
                "does": _does_for(call, settings.read(row.action, row.settings)),
            }
        )
        for row in rows
    ]


AS_STORED = ("id", "version", "name", "topic", "enabled", "since", "removed_at")


def _only(one: Condition, his: set[str]) -> Condition:
    """Of what lies in a part of the organisation, no more than his."""
    if one.field not in IN_A_PART:
        return one
    return one.model_copy(update={"values": tuple(key for key in one.values if key in his)})


def _does_for(call: Call, does: settings.Does) -> settings.Does:
    """Without the person whose task it is, where he is not the reader's to see."""
    if not isinstance(does, settings.AddTask) or does.assignee_id is None:
        return does
    query = select(Account.id).where(Account.id == does.assignee_id, call.seen(Account))
    seen = call.session.scalar(query) is not None
    return does if seen else does.model_copy(update={"assignee_id": None})


def firing(row: TriggerFiring) -> FiringView:
    said = told(_refusals(row.refusals))
    shown = {name: getattr(row, name) for name in FiringView.model_fields if name != "refusals"}
    shown["outcome"] = row.outcome.value
    if row.unplanned is not None and "refusals" in row.unplanned:
        shown["unplanned"] = {"refusals": told(_refusals(row.unplanned))}
    return FiringView(**shown, refusals=[Reason(**one) for one in said])


def _refusals(stored: dict[str, Any] | None) -> list[Refusal]:
    return [Refusal(one["code"], one["params"]) for one in (stored or {}).get("refusals", ())]


def would(one: rehearsing.Would) -> WouldView:
    about = one.about
    return WouldView(
        at=one.at,
        employee_id=about.employee_id,
        request_id=about.request_id,
        appointment_id=about.appointment_id,
        case_id=about.case_id,
        refusals=[Reason(**reason) for reason in told(one.refusals)],
    )
