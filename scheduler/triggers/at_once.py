"""Requests that a trigger made to be planned at once: heard as they open, and booked on the best place there is. Domain §4."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.base import Json
from models.requests import AppointmentRequest, RequestState
from models.triggers import Action, Trigger, TriggerFiring
from scheduler import clock
from scheduler.actor import Actor
from scheduler.booking import Place, book_one
from scheduler.loading.days import next_day
from scheduler.loading.horizon import zones_in_use
from scheduler.options import options
from scheduler.parameters import NOTICE_NEXT_DAY, value
from scheduler.reasons import reasons
from scheduler.refusals import RefusedError
from scheduler.relay import Heard
from scheduler.topics import Topic
from scheduler.triggers.firing import told
from scheduler.triggers.settings import Plan

TRIED = 5
"""Places, best first: one may be taken between the look and the lock."""


@dataclass(frozen=True)
class PlansAtOnce:
    """The subscriber."""

    now: Callable[[], datetime] = clock.now
    topics: frozenset[str] = frozenset({Topic.REQUEST_OPENED.value})

    def hear(self, session: Session, events: Sequence[Heard]) -> None:
        """Book each, or write into the log of its firing why not."""
        for event in events:
            if event.caused_by_id is not None and _is_wanted(session, event):
                _plan(session, event, event.caused_by_id, self.now())


def _is_wanted(session: Session, event: Heard) -> bool:
    """The trigger says so, the firing made it, and nobody has planned or withdrawn it meanwhile."""
    f = TriggerFiring
    query = (
        select(Trigger.settings)
        .join(f, f.trigger_id == Trigger.id)
        .join(AppointmentRequest, AppointmentRequest.id == f.request_id)
        .where(
            f.id == event.caused_by_id,
            f.request_id == event.subject_id,
            f.appointment_id.is_(None),
            f.unplanned.is_(None),
            Trigger.action == Action.CREATE_REQUEST,
            AppointmentRequest.state == RequestState.OPEN,
        )
    )
    settings = session.scalar(query)
    return settings is not None and settings["plan"] == Plan.AT_ONCE


def _plan(session: Session, event: Heard, firing: UUID, now: datetime) -> None:
    request, by = event.subject_id, Actor(None, caused_by_id=firing)
    later = _not_before(session, now)
    found = options(session, request, now=now, not_before=later, most=TRIED)
    refused: Json | None = None
    for one in found:
        place = Place(request, one.availability_id, one.starts_at)
        try:
            with session.begin_nested():
                key = book_one(session, place, by=by, now=now, not_before=later)
        except RefusedError as error:
            refused = told(error.refusals)
        else:
            _write(session, firing, appointment_id=key)
            return
    _write(session, firing, unplanned=refused or _why_not(session, request, now, later))


def _not_before(session: Session, now: datetime) -> datetime:
    """Automatic planning plans for the next day at the soonest, by default (`notice`, domain §3)."""
    if not value(session, NOTICE_NEXT_DAY):
        return now
    return max((next_day(now, zone) for zone in zones_in_use(session)), default=now)


def _why_not(session: Session, request: UUID, now: datetime, later: datetime) -> Json:
    """How many places each rule excludes, and which rules to ease: of nobody else anything."""
    found = reasons(session, request, now=now, not_before=later)
    return {
        "looked_at": found.looked_at,
        "excluded": dict(found.excluded),
        "alone": dict(found.alone),
        "relaxations": [list(one.rules) for one in found.relaxations],
    }


def _write(session: Session, firing: UUID, **values: object) -> None:
    change = update(TriggerFiring).where(TriggerFiring.id == firing).values(**values)
    session.execute(change, execution_options={"synchronize_session": False})
