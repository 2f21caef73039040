"""`book`: the one way in, for planners, triggers and the night. Domain §§3-4.

Locks in one order, asks the rules again about what stands now, writes, announces; the commit is the
caller's. What the rules refuse is told with the rules; everything else of the same call is booked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.agenda import Availability
from models.appointments import Hold, Override
from models.base import new_id
from models.instants import database_now
from models.requests import AppointmentRequest
from scheduler.actor import Actor
from scheduler.booking import kept
from scheduler.booking.locks import Concerned, lock
from scheduler.booking.places import Asked, Place, judge
from scheduler.guarded import refusal_code
from scheduler.lifecycles import (
    APPOINTMENTS,
    REQUESTS,
    Situation,
    Step,
    advance,
    begin,
    reasons_against,
)
from scheduler.loading import rows
from scheduler.refusals import Refusal, RefusedError
from scheduler.reminders import remind

PLANNED_TWICE = "planned_twice"
NO_REQUEST = "no_such_request"
NO_AVAILABILITY = "no_such_availability"


@dataclass(frozen=True, slots=True)
class Booked:
    """`appointments`: by request. `refused`: the requests that were not booked, each with every reason."""

    appointments: Mapping[UUID, UUID]
    refused: Mapping[UUID, tuple[Refusal, ...]]


def book(
    session: Session,
    places: Sequence[Place],
    *,
    by: Actor,
    now: datetime,
    not_before: datetime,
    run_id: UUID | None = None,
) -> Booked:
    """Plan each request on its place, as far as the rules allow it as things stand under the locks.

    What somebody keeps a place for is his to book; for a run it makes way.
    """
    refused: dict[UUID, tuple[Refusal, ...]] = {}
    asked = _locked(session, places, refused)
    if run_id is None:
        theirs = kept.for_others(session, [one.request.id for one in asked], by)
        asked = [one for one in asked if one.request.id not in theirs]
        refused |= theirs
    own = _own_holds(session, asked)
    judged = judge(session, asked, now=now, not_before=not_before, apart_from=own)
    refused |= kept.told(session, asked, judged.refused) if run_id is None else judged.refused
    _free_holds(session, judged.allowed)
    appointments = _write(session, judged.allowed, refused, by=by, now=now, run_id=run_id)
    return Booked(appointments, refused)


def book_one(
    session: Session, place: Place, *, by: Actor, now: datetime, not_before: datetime
) -> UUID:
    """The same for one request: its appointment.

    Raises:
        RefusedError: the rules do not allow it, with each rule that is in the way.
    """
    booked = book(session, [place], by=by, now=now, not_before=not_before)
    if booked.refused:
        raise RefusedError(booked.refused[place.request_id])
    return booked.appointments[place.request_id]


# --- What is asked for, locked and read afresh ----------------------------------------------------------


def _locked(
    session: Session, places: Sequence[Place], refused: dict[UUID, tuple[Refusal, ...]]
) -> list[Asked]:
    wanted = {place.request_id for place in places}
    blocks = {place.availability_id for place in places}
    before = rows.availabilities(session, Availability.id.in_(blocks))
    lock(
        session,
        Concerned(
            locations={row.location_id for row in before},
            practitioners={row.practitioner_id for row in before},
            employees=rows.employees_of(session, wanted),
            availabilities=blocks,
            requests=wanted,
        ),
    )
    available = {row.id: row for row in rows.availabilities(session, Availability.id.in_(blocks))}
    requests = {row.id: row for row in rows.requests(session, AppointmentRequest.id.in_(wanted))}
    moved = {
        row.id
        for row in before
        if row.id in available
        and (row.practitioner_id, row.location_id)
        != (available[row.id].practitioner_id, available[row.id].location_id)
    }
    asked: dict[UUID, Asked] = {}
    for place in places:
        request = requests.get(place.request_id)
        block = available.get(place.availability_id)
        if request is None:
            refused[place.request_id] = (Refusal(NO_REQUEST),)
        elif block is None or block.id in moved:
            refused[place.request_id] = (Refusal(NO_AVAILABILITY),)
        elif not_open := reasons_against(REQUESTS, "plan", Situation(request.state)):
            refused[place.request_id] = not_open
        elif request.id in asked:
            refused[place.request_id] = (Refusal(PLANNED_TWICE),)
        else:
            asked[request.id] = Asked(place, request, block)
    return list(asked.values())


def _own_holds(session: Session, asked: Sequence[Asked]) -> Sequence[UUID]:
    """A request's own hold is in nobody's way; it stays where the request is refused all the same."""
    requests = [one.request.id for one in asked]
    return session.scalars(select(Hold.id).where(Hold.request_id.in_(requests))).all()


def _free_holds(session: Session, asked: Sequence[Asked]) -> None:
    """The holds of those who book stand in nobody's way; nor do those that have expired.

    Of the latter only those of the practitioners: they are locked, so that no two who book wait for
    each other over a hold.
    """
    session.execute(
        delete(Hold).where(
            or_(
                Hold.request_id.in_([one.request.id for one in asked]),
                Hold.practitioner_id.in_({one.availability.practitioner_id for one in asked})
                & (Hold.expires_at <= database_now()),
            )
        )
    )


# --- What is written ------------------------------------------------------------------------------------


def _write(
    session: Session,
    allowed: Sequence[Asked],
    refused: dict[UUID, tuple[Refusal, ...]],
    *,
    by: Actor,
    now: datetime,
    run_id: UUID | None,
) -> dict[UUID, UUID]:
    """Write them all together; where a guard of the database refuses, one by one, to find out which."""
    if not allowed:
        return {}
    try:
        with session.begin_nested():
            return _written(session, allowed, by=by, now=now, run_id=run_id)
    except DBAPIError as error:
        rule = refusal_code(error)
        if rule is None:
            raise
        if len(allowed) == 1:
            refused[allowed[0].request.id] = (Refusal(rule),)
            return {}
    appointments: dict[UUID, UUID] = {}
    for one in allowed:
        appointments |= _write(session, [one], refused, by=by, now=now, run_id=run_id)
    return appointments


def _written(
    session: Session, allowed: Sequence[Asked], *, by: Actor, now: datetime, run_id: UUID | None
) -> dict[UUID, UUID]:
    appointments = {one.request.id: new_id() for one in allowed}
    # the request goes first: an open one would stand in the way of its own appointment (`duplicate`)
    advance(
        session,
        REQUESTS,
        [Step(one.request.id, one.request.version, one.request.state, "plan") for one in allowed],
        by=by,
        at=now,
    )
    begin(
        session,
        APPOINTMENTS,
        [_appointment(one, appointments[one.request.id], run_id) for one in allowed],
        event="book",
        by=by,
        at=now,
    )
    overrides = [
        {
            "appointment_id": appointments[one.request.id],
            "rule": rule,
            "account_id": by.account_id,
            "reason": reason,
        }
        for one in allowed
        for rule, reason in one.place.overrides.items()
    ]
    if overrides:
        session.execute(insert(Override), overrides)
    remind(session, appointments.values(), by=by, now=now)
    return appointments


def _appointment(one: Asked, key: UUID, run_id: UUID | None) -> dict[str, object]:
    request, block = one.request, one.availability
    return {
        "id": key,
        "request_id": request.id,
        "employee_id": request.employee_id,
        "practitioner_id": block.practitioner_id,
        "location_id": block.location_id,
        "availability_id": block.id,
        "consultation_type_id": request.consultation_type_id,
        "case_id": request.case_id,
        "establishment_id": request.establishment_id,
        "contact_person_id": request.contact_person_id,
        "run_id": run_id,
        "starts_at": one.place.starts_at,
        "ends_at": one.ends_at,
        "occupied_until": one.occupied_until,
        "modality": request.modality,
    }
