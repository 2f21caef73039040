"""Holds: one of the options is kept for a few minutes, while somebody chooses. Domain §4."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import by_right, everywhere
from api.http.requests import PLAN
from api.http.routes.requests import Booking, fresh_options, soonest
from api.http.shapes import View
from models.appointments import Hold
from models.audit import Act
from models.requests import AppointmentRequest
from scheduler.agenda import holds

routes = Routes("requests")


class HoldView(View):
    """A place that is kept for a request, and until when."""

    id: UUID
    request_id: UUID
    availability_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


@routes.post(
    "/requests/{request_id}/hold",
    by_right(*PLAN, of=AppointmentRequest, act=Act.CREATE),
    status=201,
    refused_with=fresh_options,
)
def hold_place(call: Call, request_id: UUID, given: Booking) -> HoldView:
    """Keep one of the options for five minutes, in place of the one that you kept for it before.

    Nobody else books it meanwhile, or anything else for this request; automatic planning does.
    """
    call.one(AppointmentRequest, request_id)
    place, not_before = given.as_place_of(request_id), soonest(call, given)
    kept = holds.hold(call.session, place, by=call.by, now=call.now, not_before=not_before)
    row = call.session.get_one(Hold, kept.id)
    call.note(row)
    return HoldView.model_validate(row)


@routes.post("/holds/{hold_id}/renew", everywhere(*PLAN, of=Hold, act=Act.UPDATE))
def renew_hold(call: Call, hold_id: UUID) -> HoldView:
    """Keep it for five minutes from now on; one that has expired is there no more."""
    row = _own(call, hold_id)
    holds.renew(call.session, hold_id, by=call.by)
    call.session.refresh(row)
    return HoldView.model_validate(row)


@routes.delete("/holds/{hold_id}", everywhere(*PLAN, of=Hold, act=Act.DELETE), status=204)
def release_hold(call: Call, hold_id: UUID) -> None:
    """Give the place back."""
    _own(call, hold_id)
    holds.release(call.session, hold_id, by=call.by)


def _own(call: Call, hold_id: UUID) -> Hold:
    """Nobody else's is there, and none of a request that is no longer his to see."""
    requests = select(AppointmentRequest.id).where(call.seen(AppointmentRequest))
    mine = Hold.account_id == call.by.account_id, Hold.request_id.in_(requests)
    return call.one(Hold, hold_id, *mine)
