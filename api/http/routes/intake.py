"""Requests, made and changed: from the wish until it is open, rejected or withdrawn. Domain §§3, 5."""

from uuid import UUID

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import by_right
from api.http.problems import Reason
from api.http.requests import MAKE, RequestView, may_of, shown
from api.http.shapes import Given, Line, View
from api.http.texts import told
from api.http.wishes import Content, NewRequest, require_wish_seen
from models.audit import Act
from models.requests import AppointmentRequest
from scheduler.access import Right
from scheduler.intake import asked, requests

routes = Routes("requests")

CHANGE = by_right(*MAKE, of=AppointmentRequest, act=Act.UPDATE)
APPROVE = by_right(Right.APPROVE_REQUESTS, of=AppointmentRequest, act=Act.UPDATE)
WITHDRAW = by_right(Right.WITHDRAW_REQUESTS, of=AppointmentRequest, act=Act.UPDATE)


class Rejection(Given):
    """Why it is not approved."""

    reason: Line


class Withdrawal(Given):
    """Why it is no longer wanted, where there is anything to say."""

    reason: Line | None = None


class Against(View):
    """What speaks against it, every rule; none: nothing does."""

    refusals: list[Reason]


@routes.post("/requests", by_right(*MAKE, of=AppointmentRequest, act=Act.CREATE), status=201)
def create_request(call: Call, given: NewRequest) -> RequestView:
    """Make a request: a draft, or open, or for approval where you may not place one."""
    wish = given.as_wish()
    require_wish_seen(call, wish)
    made = requests.create(
        call.session, wish, given.first, may=may_of(call), by=call.by, now=call.now
    )
    # whoever could not see it, has not made it
    return shown(call, call.another(AppointmentRequest, made))


@routes.ask("/requests/check", by_right(*MAKE, of=AppointmentRequest))
def check_request(call: Call, given: NewRequest) -> Against:
    """Every rule that speaks against a request, were it made so. Nothing is made."""
    wish = given.as_wish()
    require_wish_seen(call, wish)
    found = requests.against(call.session, wish, given.first, may=may_of(call), now=call.now)
    return Against(refusals=[Reason(**one) for one in told(found)])


@routes.ask("/requests/{request_id}/check", by_right(*MAKE, of=AppointmentRequest))
def check_change(call: Call, request_id: UUID, given: Content) -> Against:
    """Every rule that speaks against asking this instead. Nothing is changed."""
    row = call.one(AppointmentRequest, request_id)
    wish = given.as_wish_for(row.employee_id)
    require_wish_seen(call, wish, asked(call.session, request_id).wish)
    found = requests.against_change(call.session, request_id, wish, may=may_of(call), now=call.now)
    return Against(refusals=[Reason(**one) for one in told(found)])


@routes.put("/requests/{request_id}", CHANGE, if_match=True)
def edit_request(call: Call, request_id: UUID, given: Content) -> RequestView:
    """Ask something else; all of it is written. A place that was kept for it is given back.

    What is open is changed only by whoever may place requests.
    """
    row = call.one(AppointmentRequest, request_id)
    version, wish = row.version, given.as_wish_for(row.employee_id)
    require_wish_seen(call, wish, asked(call.session, request_id).wish)
    requests.edit(
        call.session, request_id, version, wish, may=may_of(call), by=call.by, now=call.now
    )
    return shown(call, row)


@routes.post("/requests/{request_id}/place", CHANGE, if_match=True)
def place_request(call: Call, request_id: UUID) -> RequestView:
    """Let a draft be planned; it waits for approval where you may not place one."""
    row = call.one(AppointmentRequest, request_id)
    requests.place(
        call.session, request_id, row.version, may=may_of(call), by=call.by, now=call.now
    )
    return shown(call, row)


@routes.post("/requests/{request_id}/approve", APPROVE, if_match=True)
def approve_request(call: Call, request_id: UUID) -> RequestView:
    """It waits to be planned from now on."""
    row = call.one(AppointmentRequest, request_id)
    requests.approve(call.session, request_id, row.version, by=call.by, now=call.now)
    return shown(call, row)


@routes.post("/requests/{request_id}/reject", APPROVE, if_match=True)
def reject_request(call: Call, request_id: UUID, given: Rejection) -> RequestView:
    """Not as it is; it can be edited and offered again."""
    row = call.one(AppointmentRequest, request_id)
    requests.reject(call.session, request_id, row.version, given.reason, by=call.by, now=call.now)
    return shown(call, row)


@routes.post("/requests/{request_id}/offer-again", CHANGE, if_match=True)
def offer_request_again(call: Call, request_id: UUID) -> RequestView:
    """Ask for approval once more."""
    row = call.one(AppointmentRequest, request_id)
    requests.offer_again(call.session, request_id, row.version, by=call.by, now=call.now)
    return shown(call, row)


@routes.post("/requests/{request_id}/withdraw", WITHDRAW, if_match=True)
def withdraw_request(call: Call, request_id: UUID, given: Withdrawal) -> RequestView:
    """It is no longer wanted; a place that was kept for it is given back."""
    row = call.one(AppointmentRequest, request_id)
    requests.withdraw(
        call.session, request_id, row.version, reason=given.reason, by=call.by, now=call.now
    )
    return shown(call, row)
