"""Save and plan: the places that are possible, best first; one is kept while somebody chooses, and booked. Domain §4.

Where nothing is possible: why, and each smallest change that would help, a click away. What is taken meanwhile is told,
and what is possible then is offered in its place.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints
from sqlalchemy import select

from api.http.calls import Call
from api.http.policies import by_right, everywhere
from api.http.replies import Reply
from api.http.requests import PLAN, RequestDetails
from api.http.routes import holds, intake
from api.http.routes import reasons as why
from api.http.routes import requests as api
from api.http.routes.requests import Booking, How
from api.http.shapes import Day, Flag, Given
from api.http.wishes import MOST_LOCATIONS, Content, Number
from api.pages.answers import go_to
from api.pages.declaring import Pages
from api.pages.rendering import render
from api.pages.requests import EASINGS, RULES, known_of, why_good
from models.appointments import Hold
from models.audit import Act
from models.requests import AppointmentRequest
from scheduler.access import Right

pages = Pages("requests")

LOOK = by_right(*PLAN, of=AppointmentRequest)
CREATE = by_right(*PLAN, of=AppointmentRequest, act=Act.CREATE)
RELEASE = everywhere(*PLAN, of=Hold, act=Act.DELETE)
PLACE = re.compile(r"[0-9a-f-]{36}@.{16,40}")
MOST = 20
"""Places that are offered."""


class Dialog(Given):
    """`changed`: the request has been changed in it; `again`: what was chosen has just been refused."""

    changed: bool = False
    again: bool = False


class Chosen(Given):
    """One of the places, as the list has them: its availability and its start."""

    place: Annotated[str, StringConstraints(pattern=PLACE.pattern, max_length=80)]

    def booking(self, how: How) -> Booking:
        availability, _, starts_at = self.place.partition("@")
        told = {"availability_id": availability, "starts_at": starts_at, "how": how.value}
        return Booking.model_validate(told)


class Relaxed(Given):
    """What the request says otherwise once one of the ways out is taken; the rest stays as it is."""

    from_day: Day | None = None
    until_day: Day | None = None
    allow_saturday: Flag | None = None
    allow_sunday_holiday: Flag | None = None
    location_ids: list[UUID] | None = Field(default=None, max_length=MOST_LOCATIONS)
    duration: Number | None = None
    anybody: Flag = False
    """Nobody is required any more."""

    @property
    def changes(self) -> dict[str, Any]:
        said = self.model_dump(mode="json", exclude_none=True, exclude={"anybody"})
        return said | ({"required_practitioner_id": None} if self.anybody else {})


# --- The dialog -----------------------------------------------------------------------------------------


@pages.get("/requests/{request_id}/plan", LOOK)
def plan_dialog(call: Call, request_id: UUID, dialog: Annotated[Dialog, Query()]) -> Reply:
    """The dialog: what is possible, or why nothing is."""
    return _told(call, request_id, "requests/plan.html", dialog)


@pages.get("/requests/{request_id}/plan/places", LOOK)
def plan_places(call: Call, request_id: UUID, dialog: Annotated[Dialog, Query()]) -> Reply:
    """What is possible now, for the dialog that is open."""
    return _told(call, request_id, "requests/places.html", dialog)


@pages.get("/requests/{request_id}/why", LOOK)
def why_not_planned(call: Call, request_id: UUID) -> Reply:
    """The reasons as they are now, outside the dialog."""
    return _told(call, request_id, "requests/why.html", Dialog())


def _told(call: Call, request_id: UUID, template: str, dialog: Dialog) -> Reply:
    one = api.read_request(call, request_id)
    how = _how(call)
    allowed = one.actions["plan"].allowed
    options = (
        api.list_options(call, request_id, api.OptionFilters(most=MOST, how=how)).items
        if allowed
        else []
    )
    reasons = None if options or not allowed else _reasons(call, request_id, how)
    places = [*options, *(reasons.relaxations if reasons else ()), *_held(reasons)]
    return render(
        call,
        template,
        one=one,
        dialog=dialog,
        options=list(zip(options, why_good(options), strict=True)),
        reasons=reasons,
        known=known_of(
            call,
            [one],
            practitioner_id=[it.practitioner_id for it in places],
            location_id=[it.location_id for it in places],
            employee_id=[it.employee_id for it in _held(reasons)],
        ),
        rules=RULES,
        easings=EASINGS,
        may_change=one.actions["edit"].allowed,
    )


def _reasons(call: Call, request_id: UUID, how: How) -> why.ReasonsView:
    return why.read_reasons(call, request_id, why.WhyFilters(how=how))


def _held(reasons: why.ReasonsView | None) -> list[why.HolderView]:
    return [] if reasons is None else reasons.held_by


def _how(call: Call) -> How:
    """Automatically, unless the reader may only plan by hand."""
    automatically = call.caller.may(Right.PLAN_AUTOMATICALLY)
    return How.AUTOMATICALLY if automatically else How.BY_HAND


# --- What is done in it ---------------------------------------------------------------------------------


def afresh(call: Call, request_id: UUID, given: Chosen) -> Mapping[str, Any]:  # noqa: ARG001 (as it was asked)
    """Where the page finds what is possible now, once what was chosen is refused."""
    call.seen(AppointmentRequest)
    return {"fresh": f"/requests/{request_id}/plan/places?again=true", "into": "#places"}


@pages.post("/requests/{request_id}/plan/hold", CREATE, refused_with=afresh)
def hold_at_page(call: Call, request_id: UUID, given: Chosen) -> Reply:
    """Keep the place that is chosen, in place of the one that was kept before."""
    kept = holds.hold_place(call, request_id, given.booking(_how(call)))
    names_of = known_of(call, [], location_id=[kept.location_id])
    return render(call, "requests/kept.html", kept=kept, zone=names_of.zone(kept.location_id))


@pages.post("/requests/{request_id}/plan/release", RELEASE)
def release_at_page(call: Call, request_id: UUID) -> Reply:
    """Give back what one keeps for it: nobody waits for a dialog that was closed."""
    call.another(AppointmentRequest, request_id)
    mine = select(Hold.id).where(
        Hold.request_id == request_id, Hold.account_id == call.by.account_id
    )
    for key in call.session.scalars(mine).all():
        holds.release_hold(call, key)
    return Reply(b"")


@pages.post("/requests/{request_id}/plan", CREATE, refused_with=afresh)
def plan_at_page(call: Call, request_id: UUID, given: Chosen) -> Reply:
    """Book the place that is chosen."""
    api.book_appointment(call, request_id, given.booking(_how(call)))
    return go_to(f"/requests/{request_id}")


@pages.post("/requests/{request_id}/plan/relaxed", intake.CHANGE, if_match=True)
def relax_at_page(call: Call, request_id: UUID, given: Relaxed) -> Reply:
    """Take one of the ways out: an ordinary edit. What is possible then is asked for next."""
    one = api.read_request(call, request_id)
    intake.edit_request(call, request_id, _content(one, given.changes))
    return render(call, "requests/relaxed.html", request_id=request_id)


def _content(one: RequestDetails, changes: Mapping[str, Any]) -> Content:
    said = one.model_dump(mode="json", include=set(Content.model_fields))
    return Content.model_validate({**said, **changes})
