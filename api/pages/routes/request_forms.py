"""The form of a request, new or edited: what is chosen fills in what follows from it, and the rules are asked early. Domain §3."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from api.http import keeping
from api.http.calls import Call
from api.http.policies import by_right
from api.http.replies import Reply
from api.http.requests import MAKE, RequestView
from api.http.routes import intake
from api.http.routes import requests as api
from api.http.routes.records import types
from api.http.shapes import Given
from api.http.wishes import Content, NewRequest
from api.pages import belonging
from api.pages.answers import go_to
from api.pages.declaring import Pages
from api.pages.names import choices, names
from api.pages.rendering import render
from api.pages.requests import PRIORITIES, known_of
from api.pages.words import MODALITY
from models.agenda import Location
from models.audit import Act
from models.consultations import ConsultationType
from models.people import Employee, Practitioner
from models.requests import AppointmentRequest, RequestState
from scheduler.access import Right
from scheduler.intake.known import today
from scheduler.parameters import DEFAULT_TYPE, SAVE_AND_PLAN, value

pages = Pages("requests")

LOOK = by_right(*MAKE, of=AppointmentRequest)
CREATE = by_right(*MAKE, of=AppointmentRequest, act=Act.CREATE)
A_FORTNIGHT = timedelta(days=14)


class Then(StrEnum):
    """What is shown when it is saved."""

    SHOW = "show"
    PLAN = "plan"


class NewForm(NewRequest):
    """And what then."""

    then: Then = Then.SHOW


class EditForm(Content):
    """And what then."""

    then: Then = Then.SHOW


class Whose(Given):
    """For whom, where that is known."""

    employee_id: UUID | None = None


class Which(Given):
    """The consultation type that was chosen."""

    consultation_type_id: UUID


# --- The form -------------------------------------------------------------------------------------------


@pages.get("/requests/new", LOOK)
def new_request_page(call: Call, whose: Annotated[Whose, Query()]) -> Reply:
    """An empty one, with what is usual filled in."""
    call.seen(AppointmentRequest)
    chosen = names(call, Employee, [whose.employee_id])
    employee = next(iter(chosen.items()), None)
    day = today(call.session, call.now)
    kinds = choices(call, ConsultationType, *_may_begin_with(call))
    usual = _usual_type(call)
    wish: dict[str, Any] = {
        **dict.fromkeys(Content.model_fields),
        "from_day": day,
        "until_day": day + A_FORTNIGHT,
        "requested_on": day,
        "priority": 1,
        "location_ids": [],
        "consultation_type_id": usual,
    }
    return render(
        call,
        "requests/form.html",
        one=None,
        wish=wish,
        employee=employee,
        types=kinds,
        **(_belonging(call, employee[0], None) if employee else {}),
        **_kind(call, usual),
        **_choices(call, None, day),
        may_save_and_plan=_may_save_and_plan(call),
    )


@pages.get("/requests/{request_id}/edit", LOOK)
def edit_request_page(call: Call, request_id: UUID) -> Reply:
    """As it is."""
    one = api.read_request(call, request_id)
    names_of = known_of(call, [one])
    kinds = choices(call, ConsultationType, *_may_begin_with(call))
    return render(
        call,
        "requests/form.html",
        one=one,
        wish=one.model_dump(),
        employee=(one.employee_id, names_of.name(one.employee_id)),
        types=belonging.with_chosen(
            kinds, one.consultation_type_id, names_of.name(one.consultation_type_id)
        ),
        **_belonging(call, one.employee_id, one),
        duration=one.duration,
        buffer=one.buffer,
        modality=one.modality,
        modalities=MODALITY,
        **_choices(call, one, one.requested_on),
        may_save_and_plan=_may_save_and_plan(call) and one.state == RequestState.OPEN,
    )


def _may_begin_with(call: Call) -> list[Any]:
    """Whatever is in use and no no-show; and the usual one whatever it is (`no_show_type`)."""
    usual = value(call.session, DEFAULT_TYPE)
    kind = ConsultationType
    return [kind.archived_at.is_(None), kind.is_no_show.is_(False) | (kind.code == usual)]


def _usual_type(call: Call) -> UUID | None:
    code = value(call.session, DEFAULT_TYPE)
    found = choices(call, ConsultationType, ConsultationType.code == code) if code else []
    return found[0][0] if found else None


def _may_save_and_plan(call: Call) -> bool:
    """By the right, and where the organisation wants it. Domain §4 [000 §3.1.13.2]."""
    return call.caller.may(Right.PLAN_AUTOMATICALLY) and value(call.session, SAVE_AND_PLAN)


def _choices(call: Call, one: RequestView | None, requested_on: date) -> dict[str, Any]:
    """Whatever the form offers to choose from, whoever it is for."""
    people = choices(call, Practitioner, Practitioner.archived_at.is_(None))
    places = choices(call, Location, Location.archived_at.is_(None))
    if one is not None:
        names_of = known_of(call, [one])
        for key in (one.required_practitioner_id, one.preferred_practitioner_id):
            people = belonging.with_chosen(people, key, names_of.name(key))
        for key in (one.preferred_location_id, *one.location_ids):
            places = belonging.with_chosen(places, key, names_of.name(key))
    return {
        "practitioners": people,
        "locations": places,
        "priorities": PRIORITIES,
        "may_set_date": call.caller.may(Right.CHANGE_FORMAL_REQUEST_DATE),
        "waits": not call.caller.may(Right.PLACE_REQUESTS),
        "requested_on": requested_on,
    }


# --- What follows from what is chosen -----------------------------------------------------------------------


@pages.get("/requests/new/belonging", LOOK)
def belonging_of_request(call: Call, whose: Annotated[Whose, Query()]) -> Reply:
    """Where the chosen employee works, whom one speaks to there, and his cases."""
    if whose.employee_id is None:
        call.seen(AppointmentRequest)
        return Reply(b"")
    call.another(Employee, whose.employee_id)
    return render(
        call, "requests/belonging.html", wish=None, **_belonging(call, whose.employee_id, None)
    )


@pages.get("/requests/new/kind", LOOK)
def kind_of_request(call: Call, which: Annotated[Which, Query()]) -> Reply:
    """How long an appointment of this type lasts, and how it is held."""
    return render(call, "requests/kind.html", **_kind(call, which.consultation_type_id))


def _belonging(call: Call, employee: UUID, one: RequestView | None) -> dict[str, Any]:
    works = belonging.establishments_of(call, employee)
    people = belonging.contact_persons_of(call, [key for key, _ in works])
    cases = belonging.cases_of(call, employee)
    if one is not None:
        names_of = known_of(call, [one])
        works = belonging.with_chosen(
            works, one.establishment_id, names_of.name(one.establishment_id)
        )
        people = belonging.with_chosen(
            people, one.contact_person_id, names_of.name(one.contact_person_id)
        )
        cases = belonging.with_chosen(cases, one.case_id, names_of.name(one.case_id))
    return {"establishments": works, "contact_persons": people, "cases": cases}


def _kind(call: Call, key: UUID | None) -> dict[str, Any]:
    found: Any = None
    if key is not None:
        found = keeping.read(call, types.CONSULTATION_TYPES, key)
    return {
        "duration": found.duration if found else None,
        "buffer": found.buffer if found else None,
        "modality": found.modality if found else None,
        "modalities": MODALITY,
    }


# --- Saved ----------------------------------------------------------------------------------------------


@pages.post("/requests", CREATE)
def create_request_at_page(call: Call, given: NewForm) -> Reply:
    """Save it; and plan it then, where that is asked."""
    sent = NewRequest.model_validate(given.model_dump(mode="json", exclude={"then"}))
    return _shown(intake.create_request(call, sent), given.then)


@pages.post("/requests/{request_id}", intake.CHANGE, if_match=True)
def edit_request_at_page(call: Call, request_id: UUID, given: EditForm) -> Reply:
    """The same for one that is edited."""
    sent = Content.model_validate(given.model_dump(mode="json", exclude={"then"}))
    return _shown(intake.edit_request(call, request_id, sent), given.then)


def _shown(made: RequestView, then: Then) -> Reply:
    return go_to(f"/requests/{made.id}" + ("?plan=true" if then is Then.PLAN else ""))
