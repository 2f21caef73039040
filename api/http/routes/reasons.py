"""Why a request has no place, and the smallest changes of its wishes that would give it one. Domain §4."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

from api.http import introduction
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import by_right
from api.http.requests import PLAN
from api.http.routes.requests import How, soonest_anywhere
from api.http.shapes import Given, View
from api.http.texts import text_of
from api.words import OFFERS
from models.agenda import Location
from models.appointments import Appointment
from models.instants import local
from models.people import Practitioner
from models.requests import AppointmentRequest
from scheduler import reasons
from scheduler.access import Right

routes = Routes("requests")

MOST_HOLDERS = 20
"""That are named."""


class WhyFilters(Given):
    """As what it would be booked."""

    how: How = How.AUTOMATICALLY


class RuleReason(View):
    """A rule, and how many availabilities it excludes; `alone`: those that nothing else is in the way of."""

    code: str = Field(examples=["practitioner_free"])
    excluded: int
    alone: int
    params: dict[str, Any] = Field(examples=[{}])
    text: str = Field(examples=["the practitioner is occupied"])


class Easing(View):
    """How one of its rules is eased."""

    rule: str = Field(examples=["saturday"])
    params: dict[str, Any] = Field(examples=[{}])
    text: str = Field(examples=["allow Saturdays"])


class RelaxationView(View):
    """A smallest set of rules whose easing gives the request a place, and the nearest place that it gets then.

    `changes`: the fields of the request that read otherwise then; edit it with these, and the place is an option.
    """

    easings: list[Easing]
    changes: dict[str, Any] = Field(examples=[{"allow_saturday": True}])
    availability_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime


class HolderView(View):
    """An appointment that occupies a practitioner where the request would go."""

    appointment_id: UUID
    employee_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime
    ends_at: datetime


class ReasonsView(View):
    """Why a request has no place as things stand.

    `possible`: it has one. `looked_at`: how many availabilities were, the nearest of each kind; `complete`: there are
    no others. `relaxations`: all of the smallest ones. `held_by`: who has the places that would suit it, as far as you
    may see them; `held_by_others`: how many you may not see, and places that are kept.
    """

    possible: bool
    looked_at: int
    complete: bool
    reasons: list[RuleReason]
    relaxations: list[RelaxationView]
    held_by: list[HolderView]
    held_by_others: int


@routes.get(
    "/requests/{request_id}/reasons",
    by_right(*PLAN, of=AppointmentRequest),
    openapi=dict(introduction.REFUSED),
)
def read_reasons(
    call: Call, request_id: UUID, filters: Annotated[WhyFilters, Query()]
) -> ReasonsView:
    """Why a request has no place as things stand, and what would give it one."""
    row = call.one(AppointmentRequest, request_id)
    later = soonest_anywhere(call, filters.how)
    told = reasons.reasons(call.session, request_id, now=call.now, not_before=later)
    held_by = _holders(call, told.held_by)
    return ReasonsView(
        possible=told.possible,
        looked_at=told.looked_at,
        complete=told.complete,
        reasons=[_reason(code, told, row) for code in _in_order(told)],
        relaxations=_relaxations(call, told),
        held_by=held_by[:MOST_HOLDERS],
        held_by_others=len(told.held_by) - len(held_by[:MOST_HOLDERS]),
    )


def _in_order(told: reasons.Reasons) -> list[str]:
    """The only obstacles first, of those the one that excludes most."""
    return sorted(
        told.excluded, key=lambda code: (-told.alone.get(code, 0), -told.excluded[code], code)
    )


def _reason(code: str, told: reasons.Reasons, row: AppointmentRequest) -> RuleReason:
    params = {
        "from_day": row.from_day,
        "until_day": row.until_day,
        "duration": row.duration,
        "buffer": row.buffer,
    }
    return RuleReason(
        code=code,
        excluded=told.excluded[code],
        alone=told.alone.get(code, 0),
        params=params,
        text=text_of(code, params),
    )


def _relaxations(call: Call, told: reasons.Reasons) -> list[RelaxationView]:
    those = [one.location_id for one in told.relaxations]
    query = select(Location.id, Location.name, Location.time_zone).where(Location.id.in_(those))
    places = {key: (name, zone) for key, name, zone in call.session.execute(query)}
    people = select(Practitioner.id, Practitioner.name).where(
        Practitioner.id.in_([one.practitioner_id for one in told.relaxations])
    )
    names = dict(call.session.execute(people).all())
    found = []
    for one in told.relaxations:
        location, zone = places[one.location_id]
        holes = {
            "day": local(one.starts_at, ZoneInfo(zone))[0],
            "location": location,
            "practitioner": names[one.practitioner_id],
            "minutes": one.changes.get("duration"),
        }
        found.append(
            RelaxationView(
                easings=[_easing(rule, holes) for rule in one.rules],
                changes=dict(one.changes),
                availability_id=one.availability_id,
                practitioner_id=one.practitioner_id,
                location_id=one.location_id,
                starts_at=one.starts_at,
            )
        )
    return found


def _easing(rule: str, holes: Mapping[str, object]) -> Easing:
    offer = OFFERS[rule]
    named = {name: value for name, value in holes.items() if f"{{{name}}}" in offer}
    return Easing(rule=rule, params=named, text=offer.format_map(named))


def _holders(call: Call, keys: Sequence[UUID]) -> list[HolderView]:
    """Those that the caller may see; nobody's name, and no other's appointment."""
    if not keys or not call.caller.may(Right.VIEW_APPOINTMENTS):
        return []
    one = Appointment
    query = (
        select(one)
        .where(one.id.in_(keys), call.seen(one))
        .order_by(one.starts_at, one.id)
        .limit(MOST_HOLDERS)
    )
    found = call.session.scalars(query).all()
    for row in found:
        call.note(row)
    return [
        HolderView(
            appointment_id=row.id,
            employee_id=row.employee_id,
            practitioner_id=row.practitioner_id,
            location_id=row.location_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        )
        for row in found
    ]
