"""Appointments: the list, one of them with all that may be done with it, and the forms for that. Domain §5."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field

from api.http.appointment_details import AnswerView, AppointmentDetails
from api.http.appointments import RIGHT_FOR
from api.http.calls import Call
from api.http.histories import StepView
from api.http.pages import Paging
from api.http.replies import Reply
from api.http.routes import appointment_places as places
from api.http.routes import appointments as api
from api.http.shapes import Day, Given
from api.pages import belonging
from api.pages.appointments import (
    ANSWERED,
    CHANNELS,
    PERFORMANCES,
    RECIPIENTS,
    RULES,
    STEPS,
    changes,
    keys_of,
    known,
)
from api.pages.declaring import Pages
from api.pages.forms import shaped
from api.pages.listing import further
from api.pages.names import choices, names
from api.pages.rendering import reader, render
from api.pages.words import APPOINTMENT, EVENTS, MODALITY, NO_SHOW, PARTY
from models.access import Account
from models.agenda import Location
from models.agreements import PerformanceType
from models.appointments import Appointment, AppointmentState
from models.consultations import ConsultationType
from models.people import Practitioner
from scheduler.access import Right
from scheduler.agenda.overview import zones
from scheduler.lifecycles import OutdatedError
from scheduler.loading.days import midnight

pages = Pages("appointments")

A_DAY = timedelta(days=1)
AT_ONCE = frozenset({"complete", "undo_completion", "plan", "mark_as_draft"})
"""Steps that need no more than a click, and have one that undoes them."""


class Step(StrEnum):
    """What has a form of its own."""

    EDIT = "edit"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    DELETE = "delete"
    NO_SHOW = "no_show"
    CORRECT_NO_SHOW = "correct_no_show"
    MARK_LAPSED = "mark_lapsed"


class ListFilters(Paging):
    """Which appointments. `until_day` is among them."""

    state: AppointmentState | None = None
    no_show: bool | None = None
    practitioner_id: UUID | None = None
    location_id: UUID | None = None
    employee_id: UUID | None = None
    from_day: Day | None = None
    until_day: Day | None = None


class Seen(Given):
    """The version that the reader sees."""

    version: int = Field(ge=1, le=2**62)


# --- Looked at ------------------------------------------------------------------------------------------


@pages.get("/appointments", api.LOOK)
def appointments_page(call: Call, filters: Annotated[ListFilters, Query()]) -> Reply:
    """Appointments by their time: from today on, unless something else is asked for."""
    zone = zones(call.session, filters.location_id)[0]
    if not (filters.from_day or filters.until_day or filters.employee_id):
        filters.from_day = call.now.astimezone(ZoneInfo(zone)).date()
    found = api.list_appointments(call, _asked(filters, zone))
    return render(
        call,
        "appointments/list.html",
        page=found,
        filters=filters,
        next=further(filters, found.next),
        known=known(call, found.items, employee_id=[filters.employee_id]),
        practitioners=choices(call, Practitioner, Practitioner.archived_at.is_(None)),
        locations=choices(call, Location, Location.archived_at.is_(None)),
        states=[(state.value, APPOINTMENT[state].text) for state in SHOWN],
        words=APPOINTMENT,
        no_show=NO_SHOW,
        may_add=any(call.caller.may(right) for right in ADD),
        may_search=call.caller.may(Right.VIEW_EMPLOYEES),
    )


SHOWN = tuple(state for state in AppointmentState if state is not AppointmentState.DELETED)
ADD = (Right.PLAN_APPOINTMENTS, Right.REPORT_AD_HOC)


@pages.get("/appointments/{appointment_id}", api.LOOK)
def appointment_page(call: Call, appointment_id: UUID) -> Reply:
    """All that is known of one, and what may be done with it."""
    one = api.read_appointment(call, appointment_id)
    history = api.read_appointment_history(call, appointment_id)
    names_of = known(call, [one], **_more_keys(one, keys_of(history)))
    return render(
        call,
        "appointments/one.html",
        one=one,
        known=names_of,
        happened=_in_turn(history),
        changes=partial(changes, names_of, reader(call).language),
        accounts=names(call, Account, (rule.account_id for rule in one.overrides)),
        performed=names(call, PerformanceType, (it.performance_type_id for it in one.performances)),
        at_once=AT_ONCE,
        may_see_requests=call.caller.may(Right.VIEW_REQUESTS),
        **WORDS,
    )


def _in_turn(history: api.AppointmentHistory) -> list[StepView | AnswerView]:
    """What happened and what was answered, the last first."""
    all_of_it: list[StepView | AnswerView] = [*history.items, *history.answers]
    return sorted(all_of_it, key=lambda one: one.at)[::-1]


WORDS: Mapping[str, Any] = {
    "words": APPOINTMENT,
    "no_show": NO_SHOW,
    "events": EVENTS,
    "modalities": MODALITY,
    "parties": PARTY,
    "steps": STEPS,
    "rules": RULES,
    "performances": PERFORMANCES,
    "channels": CHANNELS,
    "recipients": RECIPIENTS,
    "answered": ANSWERED,
}


def _asked(filters: ListFilters, zone: str) -> api.AppointmentFilters:
    """As the API is asked: days are those of the location."""
    same = filters.model_dump(exclude={"from_day", "until_day"}, exclude_none=True)
    if filters.from_day is not None:
        same["starts_after"] = midnight(zone, filters.from_day).isoformat()
    if filters.until_day is not None:
        same["starts_before"] = midnight(zone, filters.until_day + A_DAY).isoformat()
    return shaped(api.AppointmentFilters, same)


def _more_keys(
    one: AppointmentDetails, changed: Mapping[str, set[UUID | None]]
) -> dict[str, set[UUID | None]]:
    """What else the page names by its key."""
    more = {name: set(keys) for name, keys in changed.items()}
    invited = {it.practitioner_id for it in one.invitations}
    more["practitioner_id"] = more.get("practitioner_id", set()) | invited
    for name in ("establishment_id", "contact_person_id", "case_id"):
        more.setdefault(name, set()).add(getattr(one, name))
    if one.no_show is not None:
        for name in ("consultation_type_id", "practitioner_id", "location_id"):
            more.setdefault(name, set()).add(getattr(one.no_show, name))
    return more


# --- The forms of its steps -------------------------------------------------------------------------------


@pages.get("/appointments/{appointment_id}/steps/{step}", api.LOOK)
def appointment_step(
    call: Call, appointment_id: UUID, step: Step, seen: Annotated[Seen, Query()]
) -> Reply:
    """The form of a step, for the version that the reader sees."""
    one = api.read_appointment(call, appointment_id)
    if one.version != seen.version:
        raise OutdatedError(Appointment.__name__, [appointment_id])
    may = call.caller.may(RIGHT_FOR[step.value])
    more = MORE[step](call, one) if may and step in MORE else {}
    return render(
        call,
        f"appointments/steps/{step.value}.html",
        one=one,
        step=step.value,
        known=known(call, [one], **more.pop("keys", {})),
        **more,
        **WORDS,
    )


def _to_edit(call: Call, one: AppointmentDetails) -> dict[str, Any]:
    kinds = choices(
        call,
        ConsultationType,
        ConsultationType.archived_at.is_(None),
        ConsultationType.is_no_show.is_(False),
    )
    names_of = known(call, [one], case_id=[one.case_id], contact_person_id=[one.contact_person_id])
    people = belonging.contact_persons_of(call, [one.establishment_id])
    return {
        "types": belonging.with_chosen(
            kinds, one.consultation_type_id, names_of.name(one.consultation_type_id)
        ),
        "cases": belonging.with_chosen(
            belonging.cases_of(call, one.employee_id), one.case_id, names_of.name(one.case_id)
        ),
        "contact_persons": belonging.with_chosen(
            people, one.contact_person_id, names_of.name(one.contact_person_id)
        ),
    }


def _to_move(call: Call, one: AppointmentDetails) -> dict[str, Any]:
    """Where it may go by itself; by hand anywhere that the rules allow."""
    found = places.list_options_to_move(call, one.id, places.MoveFilters(most=12)).items
    return {
        "options": found if not one.ad_hoc else [],
        "keys": {
            "practitioner_id": [it.practitioner_id for it in found],
            "location_id": [it.location_id for it in found],
        },
        "practitioners": choices(call, Practitioner, Practitioner.archived_at.is_(None)),
        "locations": choices(call, Location, Location.archived_at.is_(None)),
        "may_override": call.caller.may(Right.OVERRIDE_RULES),
    }


def _no_show_types(call: Call, _: AppointmentDetails) -> dict[str, Any]:
    missed = (ConsultationType.is_no_show.is_(True), ConsultationType.archived_at.is_(None))
    return {"types": choices(call, ConsultationType, *missed)}


MORE = {
    Step.EDIT: _to_edit,
    Step.RESCHEDULE: _to_move,
    Step.NO_SHOW: _no_show_types,
}
"""What the form of a step offers to choose from."""
