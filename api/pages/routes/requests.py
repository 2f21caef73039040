"""Requests: the list, one of them with all that may be done with it, and its steps. Domain §5."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.appointments import AppointmentView
from api.http.calls import Call
from api.http.replies import Reply
from api.http.requests import ACTIONS, PLAN, RequestView
from api.http.routes import appointments, intake
from api.http.routes import requests as api
from api.http.shapes import Given
from api.pages.answers import go_to
from api.pages.declaring import Pages
from api.pages.listing import further
from api.pages.names import choices
from api.pages.rendering import reader, render
from api.pages.requests import (
    EASINGS,
    PRIORITIES,
    RULES,
    STEPS,
    URGENT,
    changes,
    keys_of,
    known_of,
)
from api.pages.words import APPOINTMENT, EVENTS, MODALITY, NO_SHOW, REQUEST
from models.consultations import ConsultationType
from models.requests import AppointmentRequest, RequestState
from scheduler.access import Right
from scheduler.lifecycles import OutdatedError

pages = Pages("requests")

STEP_EVENTS: Mapping[str, str] = {name: EVENTS[event] for name, (event, _) in ACTIONS.items()}
"""What each action is called."""


ALL = "all"


class ListFilters(api.RequestFilters):
    """Which requests: those that are to be planned, unless another state is asked for, or all of them."""

    state: RequestState | Literal["all"] = RequestState.OPEN  # type: ignore[assignment]

    @property
    def asked(self) -> api.RequestFilters:
        """As the API is asked."""
        those = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        those["state"] = None if self.state == ALL else self.state
        return api.RequestFilters.model_validate(those)


class Seen(Given):
    """The version that the reader sees."""

    version: int = Field(ge=1, le=2**62)


class Opened(Given):
    """`plan`: with the dialog in which it is planned."""

    plan: bool = False


# --- Looked at ------------------------------------------------------------------------------------------


@pages.get("/requests", api.LOOK)
def requests_page(call: Call, filters: Annotated[ListFilters, Query()]) -> Reply:
    """Requests, the oldest first; what waits to be planned and is overdue stands out."""
    found = api.list_requests(call, filters.asked)
    return render(
        call,
        "requests/list.html",
        page=found,
        filters=filters,
        next=further(filters, found.next),
        known=known_of(call, found.items, employee_id=[filters.employee_id]),
        types=choices(call, ConsultationType),
        states=[(state.value, REQUEST[state].text) for state in RequestState],
        words=REQUEST,
        urgent=URGENT,
        may_make=_may_make(call),
        may_search=call.caller.may(Right.VIEW_EMPLOYEES),
    )


@pages.get("/requests/{request_id}", api.LOOK)
def request_page(call: Call, request_id: UUID, opened: Annotated[Opened, Query()]) -> Reply:
    """All that is known of one, and what may be done with it."""
    one = api.read_request(call, request_id)
    history = api.read_request_history(call, request_id)
    planned = _appointments(call, one)
    names_of = known_of(
        call,
        [one],
        **_more_keys(keys_of(history), planned),
    )
    return render(
        call,
        "requests/one.html",
        one=one,
        known=names_of,
        history=history,
        changes=partial(changes, names_of, reader(call).language),
        planned=planned,
        opened=opened.plan and any(call.caller.may(right) for right in PLAN),
        events=STEP_EVENTS,
        words=REQUEST,
        urgent=URGENT,
        priorities=PRIORITIES,
        modalities=MODALITY,
        steps=STEPS,
        rules=RULES,
        easings=EASINGS,
        appointment_words=APPOINTMENT,
        no_show=NO_SHOW,
    )


def _may_make(call: Call) -> bool:
    return call.caller.may(Right.CREATE_REQUESTS) or call.caller.may(Right.PLACE_REQUESTS)


def _appointments(call: Call, one: RequestView) -> list[AppointmentView]:
    """What has become of it, as far as the reader may see."""
    if not call.caller.may(Right.VIEW_APPOINTMENTS):
        return []
    those = appointments.AppointmentFilters(request_id=one.id, page_size=20)
    return appointments.list_appointments(call, those).items


def _more_keys(
    changed: Mapping[str, set[UUID | None]], planned: list[AppointmentView]
) -> dict[str, set[UUID | None]]:
    more = {name: set(keys) for name, keys in changed.items()}
    for name in ("practitioner_id", "location_id"):
        more.setdefault(name, set()).update(getattr(one, name) for one in planned)
    return more


# --- Steps ----------------------------------------------------------------------------------------------


@pages.get("/requests/{request_id}/steps/{step}", api.LOOK)
def request_step(
    call: Call,
    request_id: UUID,
    step: Literal["reject", "withdraw"],
    seen: Annotated[Seen, Query()],
) -> Reply:
    """The form of a step that asks for a reason, for the version that the reader sees."""
    one = api.read_request(call, request_id)
    if one.version != seen.version:
        raise OutdatedError(AppointmentRequest.__name__, [request_id])
    return render(
        call,
        "requests/step.html",
        one=one,
        step=step,
        known=known_of(call, [one]),
        events=STEP_EVENTS,
    )


@pages.post("/requests/{request_id}/place", intake.CHANGE, if_match=True)
def place_at_page(call: Call, request_id: UUID) -> Reply:
    """Let a draft be planned."""
    return _shown(intake.place_request(call, request_id))


@pages.post("/requests/{request_id}/approve", intake.APPROVE, if_match=True)
def approve_at_page(call: Call, request_id: UUID) -> Reply:
    """It waits to be planned from now on."""
    return _shown(intake.approve_request(call, request_id))


@pages.post("/requests/{request_id}/reject", intake.APPROVE, if_match=True)
def reject_at_page(call: Call, request_id: UUID, given: intake.Rejection) -> Reply:
    """Not as it is."""
    return _shown(intake.reject_request(call, request_id, given))


@pages.post("/requests/{request_id}/offer_again", intake.CHANGE, if_match=True)
def offer_again_at_page(call: Call, request_id: UUID) -> Reply:
    """Ask for approval once more."""
    return _shown(intake.offer_request_again(call, request_id))


@pages.post("/requests/{request_id}/withdraw", intake.WITHDRAW, if_match=True)
def withdraw_at_page(call: Call, request_id: UUID, given: intake.Withdrawal) -> Reply:
    """It is no longer wanted."""
    return _shown(intake.withdraw_request(call, request_id, given))


def _shown(made: RequestView) -> Reply:
    return go_to(f"/requests/{made.id}")
