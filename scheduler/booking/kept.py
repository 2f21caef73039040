"""What is kept for somebody: a hold is told of where it is in the way, and its request is left to its holder. Domain §4."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from models.appointments import Hold
from models.instants import database_now
from scheduler.actor import Actor
from scheduler.booking.places import Asked
from scheduler.refusals import Refusal
from solver.rules.employee_free import EmployeeFree
from solver.rules.location_capacity import LocationCapacity
from solver.rules.practitioner_free import PractitionerFree

PLACE_KEPT = "place_kept"
REQUEST_KEPT = "request_kept"

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        PLACE_KEPT: "the place is kept for another request until {until}; wait, or choose another",
        REQUEST_KEPT: "somebody else keeps a place for this request until {until}; wait",
    }
)

WHOSE: Mapping[str, Callable[[Asked], ColumnElement[bool]]] = MappingProxyType(
    {
        PractitionerFree.code: lambda one: Hold.practitioner_id == one.span.practitioner_id,
        EmployeeFree.code: lambda one: Hold.employee_id == one.request.employee_id,
        LocationCapacity.code: lambda one: Hold.location_id == one.span.location_id,
    }
)
"""The rules by which a hold is in the way, and whose holds those are."""
ALIVE = Hold.expires_at > database_now()

Refused = Mapping[UUID, tuple[Refusal, ...]]
"""By request."""


def for_others(session: Session, requests: Sequence[UUID], by: Actor) -> Refused:
    """Of these requests those for which another account keeps a place."""
    theirs = select(Hold.request_id, Hold.expires_at).where(
        Hold.request_id.in_(requests), Hold.account_id.is_distinct_from(by.account_id), ALIVE
    )
    return {
        request_id: (Refusal(REQUEST_KEPT, {"until": until}),)
        for request_id, until in session.execute(theirs)
    }


def told(session: Session, asked: Sequence[Asked], refused: Refused) -> Refused:
    """The same refusals, and until when the place is kept where that is why."""
    found = dict(refused)
    for one in asked:
        against = refused.get(one.request.id, ())
        whose = [WHOSE[refusal.code](one) for refusal in against if refusal.code in WHOSE]
        until = _kept_until(session, one, whose) if whose else None
        if until is not None:
            found[one.request.id] = (*against, Refusal(PLACE_KEPT, {"until": until}))
    return found


def _kept_until(
    session: Session, asked: Asked, whose: Sequence[ColumnElement[bool]]
) -> datetime | None:
    """Of the holds of other requests that are in its way: when the last one is over."""
    query = select(func.max(Hold.expires_at)).where(
        Hold.request_id != asked.request.id,
        or_(*whose),
        Hold.starts_at < asked.occupied_until,
        Hold.occupied_until > asked.place.starts_at,
        ALIVE,
    )
    return session.scalar(query)
