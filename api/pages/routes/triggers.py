"""Triggers: set up, tried on last month, and what they did. Domain §4."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

from api.http.calls import Call
from api.http.pages import LONGEST_CURSOR, Paging
from api.http.policies import everywhere
from api.http.replies import Reply
from api.http.routes import triggers as api
from api.http.shapes import Given
from api.http.triggering import (
    FiringFilters,
    FiringOutcome,
    NewTrigger,
    Rehearsed,
    TriggerFilters,
    TriggerView,
)
from api.pages import triggering
from api.pages.answers import again, go_to
from api.pages.declaring import Pages
from api.pages.forms import shaped
from api.pages.listing import further
from api.pages.names import choices, named, names
from api.pages.rendering import render
from api.pages.triggering import TriggerForm, TryForm, What
from models.access import Account, Role
from models.agenda import Location
from models.appointments import Appointment
from models.audit import Act
from models.base import Keyed
from models.consultations import CaseKind, ConsultationType
from models.messages import Template
from models.organisation import Employer, Establishment
from models.people import Employee, Practitioner
from models.triggers import Action, Task, Trigger
from scheduler.access import Right
from scheduler.triggers.conditions import NUMBERS, Of, fields_of
from scheduler.triggers.deeds import DEEDS

pages = Pages("triggers")

PATH = "/administration/triggers"
CHANGE = everywhere(Right.MANAGE_TRIGGERS, of=Trigger, act=Act.UPDATE)
LAST_MONTH = timedelta(days=31)
SEARCHED = {Of.EMPLOYER: "/choose/employers", Of.ESTABLISHMENT: "/choose/establishments"}


class LogFilters(Given):
    """What the log shows: last month's firings, unless all are asked for."""

    outcome: FiringOutcome | None = None
    all: bool = False
    cursor: str | None = Field(default=None, max_length=LONGEST_CURSOR)


@pages.get(PATH, api.LOOK)
def triggers_page(call: Call, paging: Annotated[Paging, Query()]) -> Reply:
    """All triggers."""
    found = api.list_triggers(call, shaped(TriggerFilters, paging.model_dump()))
    return render(
        call,
        "triggers/list.html",
        found=found.items,
        next=further(paging, found.next),
        words=triggering,
        may_change=call.caller.scope.everybody,
    )


@pages.get(f"{PATH}/new", api.LOOK)
def new_trigger_page(call: Call, what: Annotated[What, Query()]) -> Reply:
    """A form for a new trigger."""
    return _form(call, what, None)


@pages.get(f"{PATH}/parts", api.LOOK)
def trigger_parts(call: Call, what: Annotated[What, Query()]) -> Reply:
    """The conditions that this event knows, and the settings of this action."""
    return render(call, "triggers/parts.html", **_parts(call, what, None))


@pages.post(f"{PATH}/new", everywhere(Right.MANAGE_TRIGGERS, of=Trigger, act=Act.CREATE))
def add_trigger_at_page(call: Call, given: TriggerForm) -> Reply:
    """Set it up; it fires from now on."""
    made = api.add_trigger(call, shaped(NewTrigger, given.as_content().model_dump()))
    return go_to(f"{PATH}/{made.id}")


@pages.ask(f"{PATH}/try", api.LOOK)
def try_trigger(call: Call, given: TryForm) -> Reply:
    """What it would have done last month."""
    found = api.dry_run_trigger(call, shaped(Rehearsed, given.content()))
    whom = names(call, Employee, (one.employee_id for one in found.firings))
    return render(call, "triggers/tried.html", found=found, whom=whom)


@pages.get(f"{PATH}/{{trigger_id}}", api.LOOK)
def trigger_page(call: Call, trigger_id: UUID, what: Annotated[What, Query()]) -> Reply:
    """One of them."""
    one = api.read_trigger(call, trigger_id)
    stands = What(topic=one.topic, action=Action(one.does.action))
    return _form(call, stands if what == What() else what, one)


@pages.post(f"{PATH}/{{trigger_id}}", CHANGE, if_match=True)
def change_trigger_at_page(call: Call, trigger_id: UUID, given: TriggerForm) -> Reply:
    """Let it be another."""
    api.change_trigger(call, trigger_id, given.as_content())
    return again()


@pages.post(f"{PATH}/{{trigger_id}}/enable", CHANGE, if_match=True)
def enable_trigger_at_page(call: Call, trigger_id: UUID) -> Reply:
    """Let it fire."""
    api.enable_trigger(call, trigger_id)
    return again()


@pages.post(f"{PATH}/{{trigger_id}}/disable", CHANGE, if_match=True)
def disable_trigger_at_page(call: Call, trigger_id: UUID) -> Reply:
    """Let it fire no more."""
    api.disable_trigger(call, trigger_id)
    return again()


@pages.post(
    f"{PATH}/{{trigger_id}}/remove",
    everywhere(Right.MANAGE_TRIGGERS, of=Trigger, act=Act.DELETE),
    if_match=True,
)
def remove_trigger_at_page(call: Call, trigger_id: UUID) -> Reply:
    """For good."""
    api.remove_trigger(call, trigger_id)
    return go_to(PATH)


@pages.get(f"{PATH}/{{trigger_id}}/log", api.FIRINGS)
def trigger_log_page(
    call: Call, trigger_id: UUID, filters: Annotated[LogFilters, Query()]
) -> Reply:
    """What it did, or why not."""
    asked = FiringFilters(
        outcome=filters.outcome,
        cursor=filters.cursor,
    )
    if not filters.all:
        asked.since = call.now - LAST_MONTH
    found = api.list_firings(call, trigger_id, asked)
    return render(
        call,
        "triggers/log.html",
        trigger_id=trigger_id,
        name=names(call, Trigger, [trigger_id]).get(trigger_id, "…"),
        found=found.items,
        filters=filters,
        next=further(filters, found.next),
        words=triggering,
        whom=names(call, Employee, (one.employee_id for one in found.items)),
        tasks=_rows(call, Task, (one.task_id for one in found.items)),
        times=_rows(call, Appointment, (one.appointment_id for one in found.items)),
    )


# --- The form -----------------------------------------------------------------------------------------------


def _form(call: Call, what: What, one: TriggerView | None) -> Reply:
    return render(
        call,
        "triggers/form.html",
        **_parts(call, what, one),
        may_change=call.caller.scope.everybody,
    )


def _parts(call: Call, what: What, one: TriggerView | None) -> dict[str, Any]:
    chosen = {} if one is None else triggering.filled(one)
    does = one.does if one is not None and one.does.action == what.action.value else None
    return {
        "one": one,
        "what": what,
        "does": does,
        "words": triggering,
        "fields": fields_of(what.topic),
        "chosen": chosen,
        "searched": SEARCHED,
        "numbers": NUMBERS,
        "options": _options(call, what),
        "actions": [action for action in Action if DEEDS[action].fits(what.topic)],
        "fits": DEEDS[what.action].fits(what.topic),
        "called": {
            **_called(call, Employer, chosen.get(Of.EMPLOYER, ())),
            **_called(call, Establishment, chosen.get(Of.ESTABLISHMENT, ())),
        },
        "assignee": _assignee(call, does),
    }


def _options(call: Call, what: What) -> dict[str, list[tuple[Any, str]]]:
    """Of which there are few."""
    in_use = ConsultationType.archived_at.is_(None)
    types = named(call, ConsultationType)
    requested = types.where(in_use, ConsultationType.preferred_case_kind_id.is_not(None))
    listed: dict[str, list[tuple[Any, str]]] = {
        Of.CONSULTATION_TYPE: choices(call, ConsultationType, in_use),
        Of.NO_SHOW_TYPE: choices(
            call, ConsultationType, in_use, ConsultationType.is_no_show.is_(True)
        ),
        Of.LOCATION: choices(call, Location, Location.archived_at.is_(None)),
        Of.PRACTITIONER: choices(call, Practitioner, Practitioner.archived_at.is_(None)),
        Of.CASE_KIND: choices(call, CaseKind),
    }
    if what.action is Action.CREATE_REQUEST:
        listed["requested"] = [(key, name) for key, name in call.session.execute(requested)]
    if what.action is Action.ADD_TASK:
        listed["roles"] = choices(call, Role)
    if what.action is Action.SEND_MESSAGE:
        listed["templates"] = choices(call, Template)
    return listed


def _called(call: Call, kind: type[Keyed], keys: Iterable[Any]) -> Mapping[str, str]:
    found = names(call, kind, [UUID(str(key)) for key in keys])
    return {str(key): name for key, name in found.items()}


def _assignee(call: Call, does: Any) -> str:  # noqa: ANN401 (the settings of any action)
    key = getattr(does, "assignee_id", None)
    return names(call, Account, [key]).get(key, "…") if key else ""


def _rows(call: Call, kind: type[Keyed], keys: Iterable[UUID | None]) -> dict[UUID, Any]:
    wanted = [key for key in keys if key is not None]
    query = select(kind).where(kind.id.in_(wanted), call.seen(kind))
    return {row.id: row for row in call.session.scalars(query)} if wanted else {}
