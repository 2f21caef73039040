"""Triggers hear of events, and fire: each once on each event, and no deeper than a chain may go. Domain §4."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.base import Json, new_id
from models.triggers import DEEPEST, Action, Outcome, Trigger, TriggerFiring
from scheduler import clock
from scheduler.booking.locks import Concerned, lock
from scheduler.guarded import guarded
from scheduler.lifecycles import OutdatedError
from scheduler.refusals import Refusal, RefusedError
from scheduler.relay import Heard
from scheduler.triggers import conditions, settings
from scheduler.triggers.about import About, about
from scheduler.triggers.deeds import DEEDS, Done, Firing, Occasion
from scheduler.triggers.messages import OUTDATED


@dataclass(frozen=True, slots=True)
class Armed:
    """A trigger as it is set up."""

    id: UUID
    topic: str
    conditions: tuple[conditions.Condition, ...]
    action: Action
    does: settings.Does
    since: datetime | None = None

    def fires(self, event: Heard, known: About) -> bool:
        return (
            event.topic == self.topic
            and (self.since is None or self.since <= event.at)
            and conditions.holds(self.conditions, known.fields)
        )


@dataclass(frozen=True, slots=True)
class _Due:
    trigger: Armed
    event: Heard
    about: About
    depth: int


@dataclass(frozen=True)
class Triggers:
    """The subscriber."""

    now: Callable[[], datetime] = clock.now
    topics: frozenset[str] = frozenset(topic.value for topic in conditions.TOPICS)

    def hear(self, session: Session, events: Sequence[Heard]) -> None:
        """Fire what is to be fired; what one may not do undoes nothing of what the others do."""
        due = _due(session, events)
        if not due:
            return
        # all at once, in the one order: each by itself would lock them in the order of the events
        lock(
            session,
            Concerned(
                employees=_known(one.about.employee_id for one in due),
                requests=_known(one.about.request_id for one in due),
            ),
        )
        for one in due:
            _fire(session, one, self.now())


def armed(trigger: Trigger) -> Armed:
    return Armed(
        trigger.id,
        trigger.topic,
        conditions.read(trigger.conditions),
        trigger.action,
        settings.read(trigger.action, trigger.settings),
        trigger.since,
    )


def told(refusals: Iterable[Refusal]) -> Json:
    """Why not, as the log keeps it."""
    return {
        "refusals": [
            {
                "code": one.code,
                "params": {name: _plain(value) for name, value in one.params.items()},
            }
            for one in refusals
        ]
    }


def _due(session: Session, events: Sequence[Heard]) -> list[_Due]:
    triggers = _triggers(session, {event.topic for event in events})
    heard = [event for event in events if event.topic in triggers]
    if not heard:
        return []
    before = _fired(session, heard)
    depths = _depths(session, heard)
    known = about(session, heard)
    return [
        _Due(trigger, event, known[event.id], depths.get(event.caused_by_id, 0) + 1)
        for event in heard
        for trigger in triggers[event.topic]
        if event.id in known
        and (trigger.id, event.id) not in before
        and trigger.fires(event, known[event.id])
    ]


def _triggers(session: Session, topics: Iterable[str]) -> Mapping[str, Sequence[Armed]]:
    t = Trigger
    query = select(t).where(t.topic.in_(topics), t.enabled, t.removed_at.is_(None)).order_by(t.id)
    found: defaultdict[str, list[Armed]] = defaultdict(list)
    for trigger in session.scalars(query):
        found[trigger.topic].append(armed(trigger))
    return found


def _fired(session: Session, events: Sequence[Heard]) -> set[tuple[UUID, UUID]]:
    """What an earlier telling of these events has fired already."""
    f = TriggerFiring
    query = select(f.trigger_id, f.event_id).where(f.event_id.in_([one.id for one in events]))
    return {(trigger, event) for trigger, event in session.execute(query)}


def _depths(session: Session, events: Sequence[Heard]) -> dict[UUID | None, int]:
    causes = {event.caused_by_id for event in events} - {None}
    query = select(TriggerFiring.id, TriggerFiring.depth).where(TriggerFiring.id.in_(causes))
    return {key: depth for key, depth in session.execute(query)}  # noqa: C416 (rows of two)


def _known(keys: Iterable[UUID | None]) -> set[UUID]:
    return {key for key in keys if key is not None}


def _fire(session: Session, due: _Due, now: datetime) -> None:
    firing = Firing(new_id(), now)
    stopped = due.depth >= DEEPEST
    session.execute(
        insert(TriggerFiring).values(
            id=firing.id,
            trigger_id=due.trigger.id,
            event_id=due.event.id,
            employee_id=due.about.employee_id,
            at=now,
            depth=due.depth,
            outcome=Outcome.STOPPED if stopped else Outcome.DONE,
        )
    )
    if stopped:
        return
    came_of_it = _done(session, due, firing)
    if came_of_it:
        those = update(TriggerFiring).where(TriggerFiring.id == firing.id)
        session.execute(
            those.values(**came_of_it), execution_options={"synchronize_session": False}
        )


def _done(session: Session, due: _Due, firing: Firing) -> Mapping[str, object]:
    """In a savepoint: what it wrote, or why it wrote nothing."""
    trigger = due.trigger
    occasion = Occasion(trigger.id, due.event.at, due.about)
    try:
        with guarded(session):
            done: Done = DEEDS[trigger.action].do(session, trigger.does, occasion, firing)
    except RefusedError as error:
        return {"outcome": Outcome.REFUSED, "refusals": told(error.refusals)}
    except OutdatedError:
        return {"outcome": Outcome.REFUSED, "refusals": told([Refusal(OUTDATED)])}
    return {"request_id": done.request_id, "task_id": done.task_id}


def _plain(value: object) -> object:
    """For JSON."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return [
            _plain(one) for one in (value if isinstance(value, (list, tuple)) else sorted(value))
        ]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)
