"""What a day brings by itself: a case is open for so many days, a request is overdue. Told once, by a daily job. Domain §4.

Days that nobody ran it are caught up. What was told is kept (`Occurrence`): run twice, late, or by
several at once, it tells each once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Insert, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.base import Keyed
from models.database import reading, writing
from models.instants import local
from models.requests import AppointmentRequest, Case
from models.triggers import Occurrence, Trigger
from scheduler.access.scope import ZONE
from scheduler.announcing import News, announce
from scheduler.booking.locks import Concerned, lock
from scheduler.intake.overdue import overdue
from scheduler.topics import Topic
from scheduler.triggers import conditions

CAUGHT_UP = timedelta(days=14)
"""What came to pass longer ago is no news any more."""
A_DAY = timedelta(days=1)
AT_ONCE = 200
"""Told in one transaction."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came to pass for a row, and on which day."""

    topic: Topic
    kind: type[Keyed]
    id: UUID
    on_day: date
    facts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both included."""

    first: date
    last: date


def tell_days(engine: Engine, now: datetime) -> int:
    """Announce what has come to pass by today, and was not told yet; give how many."""
    today, _ = local(now, ZONE)
    span = Span(today - CAUGHT_UP + A_DAY, today)
    with reading(engine) as session:
        came = [
            *overdue_in(session, span),
            *(one for days in _wanted(session, span) for one in days_reached(session, *days)),
        ]
        untold = _untold(session, came, span)
    told = 0
    for start in range(0, len(untold), AT_ONCE):
        with writing(engine) as session:
            told += _tell(session, untold[start : start + AT_ONCE], now)
    return told


def days_reached(session: Session, day: int, span: Span) -> Iterator[Came]:
    """Cases that are open for their `day`th day within the span: the day on which one was opened is its first."""
    since = timedelta(days=day - 1)
    query = select(Case.id, Case.opened_on, Case.closed_on).where(
        Case.opened_on.between(span.first - since, span.last - since)
    )
    for key, opened, closed in session.execute(query.order_by(Case.id)):
        reached = opened + since
        if closed is None or closed > reached:
            yield Came(Topic.CASE_DAY_REACHED, Case, key, reached, {"day": day})


def overdue_in(session: Session, span: Span) -> Iterator[Came]:
    """Requests that wait to be planned, and whose window ended within the span."""
    r = AppointmentRequest
    query = select(r.id, r.until_day).where(overdue(r, span.last), r.until_day >= span.first)
    for key, until in session.execute(query.order_by(r.id)):
        yield Came(Topic.REQUEST_OVERDUE, r, key, until, {})


def _wanted(session: Session, span: Span) -> list[tuple[int, Span]]:
    """The days that triggers wait for, each from when the first of these triggers did."""
    t = Trigger
    query = select(t.conditions, t.since).where(
        t.topic == Topic.CASE_DAY_REACHED, t.enabled, t.removed_at.is_(None)
    )
    first: dict[int, date] = {}
    for stored, since in session.execute(query):
        begins = span.first if since is None else max(span.first, local(since, ZONE)[0])
        for one in conditions.read(stored):
            for day in one.values if one.field is conditions.Of.DAY else ():
                first[int(day)] = min(begins, first.get(int(day), begins))
    return [(day, Span(begins, span.last)) for day, begins in sorted(first.items())]


def _untold(session: Session, came: Sequence[Came], span: Span) -> list[Came]:
    o = Occurrence
    query = select(o.topic, o.subject_id, o.on_day).where(o.on_day >= span.first)
    known = {tuple(row) for row in session.execute(query)}
    return [one for one in came if (one.topic.value, one.id, one.on_day) not in known]


def _tell(session: Session, came: Sequence[Came], now: datetime) -> int:
    """Those that nobody has told meanwhile."""
    _lock(session, came)
    ours = [one for one in came if session.execute(_once(session, one)).first() is not None]
    announce(
        session,
        [News(one.topic, inspect(one.kind).local_table.name, one.id, one.facts) for one in ours],
        at=now,
    )
    return len(ours)


def _lock(session: Session, came: Sequence[Came]) -> None:
    """Nobody else announces anything of them meanwhile."""
    lock(session, Concerned(requests=[one.id for one in came if one.kind is AppointmentRequest]))
    cases = select(Case.id).where(Case.id.in_([one.id for one in came if one.kind is Case]))
    session.execute(cases.order_by(Case.id).with_for_update(key_share=True)).all()


def _once(session: Session, one: Came) -> Any:  # noqa: ANN401 (an INSERT of either database)
    """It is ours to tell where this gives a row."""
    row = {"topic": one.topic.value, "subject_id": one.id, "on_day": one.on_day}
    inserts: Mapping[str, type[Insert]] = {
        "sqlite": sqlite.Insert,
        "postgresql": postgresql.Insert,
    }
    made: Any = inserts[session.get_bind().dialect.name](Occurrence)
    return made.values(row).on_conflict_do_nothing().returning(Occurrence.subject_id)
