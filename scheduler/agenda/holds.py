"""A place kept for a few minutes while somebody chooses: options, hold, book. Domain §4.

A hold occupies as an appointment does, under the same rules and guards, until it expires by the
database's clock. A request has one at the most; `book` lets it make way for the appointment.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from models.agenda import Availability
from models.appointments import Hold
from models.base import new_id
from models.instants import database_now, from_now
from models.requests import AppointmentRequest
from scheduler.actor import Actor
from scheduler.agenda.missing import NotThereError
from scheduler.booking import kept
from scheduler.booking.book import NO_AVAILABILITY, NO_REQUEST
from scheduler.booking.locks import Concerned, lock
from scheduler.booking.places import Asked, Place, judge
from scheduler.guarded import guarded
from scheduler.lifecycles import REQUESTS, Situation, reasons_against
from scheduler.loading import rows
from scheduler.loading.rows import AvailabilityRow
from scheduler.refusals import Refusal, RefusedError

KEPT_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Held:
    """A place that is kept, and until when."""

    id: UUID
    expires_at: datetime


def hold(session: Session, place: Place, *, by: Actor, now: datetime, not_before: datetime) -> Held:
    """Keep a place for a request, in place of the one that he kept for it before.

    Raises:
        RefusedError: the rules do not allow it, with each rule that is in the way; or somebody else keeps one.
    """
    if by.account_id is None:
        raise ValueError("a place is kept for somebody: name the account")
    asked = _locked(session, place)
    if theirs := kept.for_others(session, [place.request_id], by):
        raise RefusedError(theirs[place.request_id])
    key = new_id()
    with guarded(session):
        _free(session, asked)
        judged = judge(session, [asked], now=now, not_before=not_before)
        if judged.refused:
            raise RefusedError(kept.told(session, [asked], judged.refused)[asked.request.id])
        whose = {"id": key, "account_id": by.account_id, "expires_at": from_now(KEPT_FOR)}
        session.execute(insert(Hold).values(**_columns(asked), **whose))
    return _held(session, key)


def renew(session: Session, hold_id: UUID, *, by: Actor) -> Held:
    """Keep it for as long again from now on.

    Raises:
        NotThereError: he has none with this key, or it has expired: somebody else may have the place.
        RefusedError: the place is none any more.
    """
    row = _his(session, hold_id, by)
    concerned = Concerned(
        locations=[row.location_id],
        practitioners=[row.practitioner_id],
        employees=[row.employee_id],
        availabilities=[row.availability_id],
    )
    lock(session, concerned)
    alive = Hold.id == hold_id, Hold.expires_at > database_now()
    with guarded(session):
        longer = update(Hold).where(*alive).values(expires_at=from_now(KEPT_FOR))
        if session.scalar(longer.returning(Hold.id)) is None:
            raise NotThereError("hold", hold_id)
    return _held(session, hold_id)


def release(session: Session, hold_id: UUID, *, by: Actor) -> None:
    """Give the place back; one that is gone already is no trouble."""
    session.execute(delete(Hold).where(Hold.id == hold_id, Hold.account_id == by.account_id))


def expire(session: Session) -> int:
    """Take away those that have expired: how many. They stand in nobody's way; this only tidies up."""
    # those that somebody is at already are his to take away
    gone = select(Hold.id).where(Hold.expires_at <= database_now())
    keys = session.scalars(gone.order_by(Hold.id).with_for_update(skip_locked=True)).all()
    session.execute(delete(Hold).where(Hold.id.in_(keys)))
    return len(keys)


# --- What it is about -----------------------------------------------------------------------------------


def _locked(session: Session, place: Place) -> Asked:
    before = _block(session, place)
    lock(
        session,
        Concerned(
            locations=[before.location_id],
            practitioners=[before.practitioner_id],
            employees=rows.employees_of(session, [place.request_id]),
            availabilities=[before.id],
            requests=[place.request_id],
        ),
    )
    block = _block(session, place)
    if (block.practitioner_id, block.location_id) != (before.practitioner_id, before.location_id):
        raise RefusedError([Refusal(NO_AVAILABILITY)])
    found = rows.requests(session, AppointmentRequest.id == place.request_id)
    if not found:
        raise RefusedError([Refusal(NO_REQUEST)])
    (request,) = found
    not_open = reasons_against(REQUESTS, "plan", Situation(request.state))
    if not_open:
        raise RefusedError(not_open)
    return Asked(place, request, block)


def _block(session: Session, place: Place) -> AvailabilityRow:
    found = rows.availabilities(session, Availability.id == place.availability_id)
    if not found:
        raise RefusedError([Refusal(NO_AVAILABILITY)])
    return found[0]


def _free(session: Session, asked: Asked) -> None:
    """What was kept for this request, and what has expired of this practitioner's."""
    mine = Hold.request_id == asked.request.id
    his = Hold.practitioner_id == asked.availability.practitioner_id
    session.execute(delete(Hold).where(or_(mine, his & (Hold.expires_at <= database_now()))))


def _columns(asked: Asked) -> dict[str, object]:
    request, block = asked.request, asked.availability
    return {
        "request_id": request.id,
        "employee_id": request.employee_id,
        "practitioner_id": block.practitioner_id,
        "location_id": block.location_id,
        "availability_id": block.id,
        "starts_at": asked.place.starts_at,
        "ends_at": asked.ends_at,
        "occupied_until": asked.occupied_until,
        "modality": request.modality,
    }


def _his(session: Session, hold_id: UUID, by: Actor) -> Hold:
    his = Hold.id == hold_id, Hold.account_id == by.account_id
    found = session.scalar(select(Hold).where(*his).execution_options(populate_existing=True))
    if found is None:
        raise NotThereError("hold", hold_id)
    return found


def _held(session: Session, key: UUID) -> Held:
    until = session.execute(select(Hold.expires_at).where(Hold.id == key)).scalar_one()
    return Held(key, until)
