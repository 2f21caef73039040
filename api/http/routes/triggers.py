"""Triggers: what happens by itself, and what has. Domain §4.

They are the organisation's: who reaches only a part of it sees them, and changes none.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import ColumnElement

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import by_right, everywhere
from api.http.shapes import Page
from api.http.triggering import (
    FiringFilters,
    FiringView,
    NewTrigger,
    RehearsalView,
    Rehearsed,
    TriggerContent,
    TriggerFilters,
    TriggerView,
    firing,
    look_up,
    view,
    views,
    would,
)
from models.audit import Act
from models.people import Employee
from models.triggers import Outcome, Trigger, TriggerFiring
from scheduler.access import Right
from scheduler.triggers import rehearsing, setting_up

routes = Routes("triggers")

LOOK = everywhere(Right.MANAGE_TRIGGERS, of=Trigger)
CHANGE = everywhere(Right.MANAGE_TRIGGERS, of=Trigger, act=Act.UPDATE)
FIRINGS = by_right(Right.MANAGE_TRIGGERS, of=TriggerFiring)


@routes.get("/triggers", LOOK)
def list_triggers(call: Call, filters: Annotated[TriggerFilters, Query()]) -> Page[TriggerView]:
    """All triggers, the oldest first."""
    wanted: list[ColumnElement[bool]] = []
    if not filters.removed:
        wanted.append(Trigger.removed_at.is_(None))
    if filters.topic is not None:
        wanted.append(Trigger.topic == filters.topic.value)
    if filters.enabled is not None:
        wanted.append(Trigger.enabled.is_(filters.enabled))
    found, following = call.rows(Trigger, filters, *wanted)
    return Page(items=views(call, found), next=following)


@routes.get("/triggers/{trigger_id}", LOOK)
def read_trigger(call: Call, trigger_id: UUID) -> TriggerView:
    """One of them."""
    return view(call, call.one(Trigger, trigger_id))


@routes.post("/triggers", everywhere(Right.MANAGE_TRIGGERS, of=Trigger, act=Act.CREATE), status=201)
def add_trigger(call: Call, given: NewTrigger) -> TriggerView:
    """Set a trigger up; what cannot work is refused."""
    call.caller.require_everybody()
    look_up(call, given)
    made = setting_up.set_up(
        call.session, given.wanted(given.name), enabled=given.enabled, now=call.now
    )
    return view(call, call.one(Trigger, made))


@routes.put("/triggers/{trigger_id}", CHANGE, if_match=True)
def change_trigger(call: Call, trigger_id: UUID, given: TriggerContent) -> TriggerView:
    """Let it be another; what it did before stays in its log."""
    call.caller.require_everybody()
    row = call.one(Trigger, trigger_id)
    look_up(call, given)
    setting_up.change(call.session, row, given.wanted(given.name))
    return view(call, row)


@routes.post("/triggers/{trigger_id}/enable", CHANGE, if_match=True)
def enable_trigger(call: Call, trigger_id: UUID) -> TriggerView:
    """Let it fire, on what happens from now on."""
    call.caller.require_everybody()
    row = call.one(Trigger, trigger_id)
    setting_up.enable(call.session, row, now=call.now)
    return view(call, row)


@routes.post("/triggers/{trigger_id}/disable", CHANGE, if_match=True)
def disable_trigger(call: Call, trigger_id: UUID) -> TriggerView:
    """Let it fire no more, until it is enabled again."""
    call.caller.require_everybody()
    row = call.one(Trigger, trigger_id)
    setting_up.disable(call.session, row)
    return view(call, row)


@routes.delete(
    "/triggers/{trigger_id}",
    everywhere(Right.MANAGE_TRIGGERS, of=Trigger, act=Act.DELETE),
    if_match=True,
    status=204,
)
def remove_trigger(call: Call, trigger_id: UUID) -> None:
    """Take it away for good; it and its log stay visible."""
    call.caller.require_everybody()
    setting_up.remove(call.session, call.one(Trigger, trigger_id), now=call.now)


@routes.get("/triggers/{trigger_id}/firings", FIRINGS)
def list_firings(
    call: Call, trigger_id: UUID, filters: Annotated[FiringFilters, Query()]
) -> Page[FiringView]:
    """What it has done, or why not, the oldest first."""
    call.another(Trigger, trigger_id)
    wanted = [TriggerFiring.trigger_id == trigger_id]
    if filters.outcome is not None:
        wanted.append(TriggerFiring.outcome == Outcome(filters.outcome))
    if filters.since is not None:
        wanted.append(TriggerFiring.at >= filters.since)
    found, following = call.rows(TriggerFiring, filters, *wanted)
    return Page(items=[firing(one) for one in found], next=following)


@routes.ask("/triggers/dry-run", LOOK)
def dry_run_trigger(call: Call, given: Rehearsed) -> RehearsalView:
    """On what of last month it would have fired, and what would have come of it: nothing is done, and it need not be set up."""
    look_up(call, given)
    wanted = given.wanted()
    setting_up.require_sound(call.session, wanted)
    found = rehearsing.rehearse(call.session, wanted.armed, now=call.now, sees=call.seen)
    for employee in {one.about.employee_id for one in found.firings} - {None}:
        call.entry(Employee.__tablename__, employee, employee, Act.READ)
    return RehearsalView(
        looked_at=found.looked_at, fires=found.fires, firings=[would(one) for one in found.firings]
    )
