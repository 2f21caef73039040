"""A trigger, rehearsed: on what of last month it would have fired, and what it would have done or why not. Nothing is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from models.appointments import Appointment
from models.base import Keyed, new_id
from models.instants import local
from models.organisation import Establishment
from models.outbox import Event
from models.people import Employee
from models.requests import AppointmentRequest, Case
from scheduler.access.scope import ZONE
from scheduler.announcing import in_portions
from scheduler.intake.wishes import Sees, everything
from scheduler.loading.days import midnight
from scheduler.refusals import Refusal
from scheduler.relay import Heard
from scheduler.topics import Topic
from scheduler.triggers import daily
from scheduler.triggers.about import About, about
from scheduler.triggers.conditions import Of
from scheduler.triggers.deeds import DEEDS, Occasion
from scheduler.triggers.firing import Armed

LAST_MONTH = timedelta(days=31)
LOOKED_AT = 10_000
"""Events, the latest."""
SHOWN = 200
BROUGHT = frozenset({Topic.REQUEST_OVERDUE.value, Topic.CASE_DAY_REACHED.value})
"""By a day, and not by anybody."""


@dataclass(frozen=True, slots=True)
class Would:
    """It would have fired on this event; with `refusals`, in vain."""

    at: datetime
    about: About
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`looked_at`: events of its topic; `fires`: on so many of them; `firings`: the latest of those."""

    looked_at: int
    fires: int
    firings: Sequence[Would]


def rehearse(
    session: Session, trigger: Armed, *, now: datetime, sees: Sees = everything
) -> Rehearsal:
    """On what he sees who asks. Each firing is judged by itself, by the rules and rows of today."""
    brought = trigger.topic in BROUGHT
    events = [*(_days if brought else _events)(session, trigger, now)]
    known = about(session, events)
    seen = _seen(session, known, sees)
    heard = [one for one in events if one.id in seen]
    firing = [one for one in heard if trigger.fires(one, known[one.id])]
    would = [
        Would(one.at, known[one.id], _against(session, trigger, one, known[one.id], sees))
        for one in firing[:SHOWN]
    ]
    return Rehearsal(len(heard), len(firing), would)


def _against(
    session: Session, trigger: Armed, event: Heard, known: About, sees: Sees
) -> tuple[Refusal, ...]:
    occasion = Occasion(trigger.id, event.at, known, sees)
    return tuple(DEEDS[trigger.action].against(session, trigger.does, occasion))


def _events(session: Session, trigger: Armed, now: datetime) -> Iterator[Heard]:
    """The latest first."""
    e = Event
    query = (
        select(e.id, e.topic, e.subject, e.subject_id, e.sequence, e.at, e.facts, e.caused_by_id)
        .where(e.topic == trigger.topic, e.at >= now - LAST_MONTH)
        .order_by(e.at.desc(), e.id.desc())
        .limit(LOOKED_AT)
    )
    for row in session.execute(query):
        yield Heard(*row)


def _days(session: Session, trigger: Armed, now: datetime) -> list[Heard]:
    """What days brought: nobody told of a day that no trigger waited for."""
    today, _ = local(now, ZONE)
    span = daily.Span(today - LAST_MONTH, today)
    came: list[daily.Came] = []
    if trigger.topic == Topic.REQUEST_OVERDUE:
        came = [*daily.overdue_in(session, span)]
    for one in trigger.conditions if trigger.topic == Topic.CASE_DAY_REACHED else ():
        for day in one.values if one.field is Of.DAY else ():
            came += daily.days_reached(session, int(day), span)
    came.sort(key=lambda one: (one.on_day, one.id), reverse=True)
    return [_as_heard(one) for one in came[:LOOKED_AT]]


def _as_heard(came: daily.Came) -> Heard:
    at = midnight(ZONE.key, came.on_day)
    table: str = inspect(came.kind).local_table.name
    return Heard(new_id(), came.topic.value, table, came.id, 1, at, came.facts, None)


def _seen(session: Session, known: Mapping[UUID, About], sees: Sees) -> set[UUID]:
    """The events of which he may see all that they name."""
    hidden: set[UUID] = set()
    kinds: tuple[tuple[str, type[Keyed]], ...] = (
        ("employee_id", Employee),
        ("establishment_id", Establishment),
        ("case_id", Case),
        ("request_id", AppointmentRequest),
        ("appointment_id", Appointment),
    )
    for name, kind in kinds:
        keys = {getattr(one, name) for one in known.values()} - {None}
        there: set[UUID] = set()
        for portion in in_portions(sorted(keys)):
            there |= set(session.scalars(select(kind.id).where(kind.id.in_(portion), sees(kind))))
        hidden |= keys - there
    names = [name for name, _ in kinds]
    return {
        event
        for event, one in known.items()
        if hidden.isdisjoint(getattr(one, name) for name in names)
    }
