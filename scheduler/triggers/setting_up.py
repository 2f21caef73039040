"""Triggers, set up: checked before they are kept, so that what cannot work is refused to whoever sets it up. Domain §4."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.access import Account, Role
from models.base import Keyed, new_id
from models.consultations import ConsultationType
from models.messages import Template
from models.triggers import Action, Trigger
from scheduler.parameters import DEFAULT_TYPE, value
from scheduler.refusals import Refusal, RefusedError
from scheduler.topics import Topic
from scheduler.triggers import conditions, settings
from scheduler.triggers.deeds import DEEDS
from scheduler.triggers.firing import Armed
from scheduler.triggers.messages import (
    DRAFT_AT_ONCE,
    FOR_BOTH,
    NAMES_UNKNOWN,
    NO_CASE_KIND,
    NO_SHOW_TYPE,
    NOT_FOR_TOPIC,
    REMOVED,
    WINDOW,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A trigger as somebody wants it."""

    name: str
    topic: Topic
    conditions: Sequence[conditions.Condition]
    does: settings.Does

    @property
    def action(self) -> Action:
        return Action(self.does.action)

    @property
    def columns(self) -> dict[str, Any]:
        """As the table has them."""
        return {
            "name": self.name,
            "topic": self.topic.value,
            "conditions": conditions.written(self.conditions),
            "action": self.action,
            "settings": settings.written(self.does),
        }

    @property
    def armed(self) -> Armed:
        """As it would fire."""
        those = tuple(self.conditions)
        return Armed(new_id(), self.topic.value, those, self.action, self.does)


def require_sound(session: Session, wanted: Wanted) -> None:
    """Raises RefusedError with every reason why it cannot be set up."""
    refusals = conditions.against(session, wanted.topic, wanted.conditions)
    if not DEEDS[wanted.action].fits(wanted.topic):
        refusals.append(Refusal(NOT_FOR_TOPIC, {"topic": wanted.topic}))
    refusals += _unfit(session, wanted.does)
    if refusals:
        raise RefusedError(refusals)


def set_up(session: Session, wanted: Wanted, *, enabled: bool, now: datetime) -> UUID:
    """Add a trigger: its key. It fires on what happens from now on.

    Raises:
        RefusedError: it cannot work.
    """
    require_sound(session, wanted)
    key = new_id()
    since = now if enabled else None
    session.add(Trigger(id=key, **wanted.columns, enabled=enabled, since=since))
    session.flush()
    return key


def change(session: Session, trigger: Trigger, wanted: Wanted) -> None:
    """Let it be another; what it fired on before, stays in its log.

    Raises:
        RefusedError: it cannot work, or was removed.
    """
    _require_kept(trigger)
    require_sound(session, wanted)
    for name, new in wanted.columns.items():
        setattr(trigger, name, new)
    session.flush()


def enable(session: Session, trigger: Trigger, *, now: datetime) -> None:
    """It fires on what happens from now on; what happened meanwhile is past.

    Raises:
        RefusedError: it was removed.
    """
    _require_kept(trigger)
    if not trigger.enabled:
        trigger.enabled, trigger.since = True, now
    session.flush()


def disable(session: Session, trigger: Trigger) -> None:
    """It fires no more, until it is enabled again. Raises as `enable` does."""
    _require_kept(trigger)
    trigger.enabled, trigger.since = False, None
    session.flush()


def remove(session: Session, trigger: Trigger, *, now: datetime) -> None:
    """For good; it and its log stay visible. Raises as `enable` does."""
    _require_kept(trigger)
    trigger.enabled, trigger.since, trigger.removed_at = False, None, now
    session.flush()


def _require_kept(trigger: Trigger) -> None:
    if trigger.removed_at is not None:
        raise RefusedError([Refusal(REMOVED)])


# --- What an action names ---------------------------------------------------------------------------------


def _unfit(session: Session, does: settings.Does) -> Iterator[Refusal]:
    match does:
        case settings.CreateRequest():
            yield from _unfit_request(session, does)
        case settings.AddTask():
            yield from _missing(session, Account, "assignee_id", does.assignee_id)
            yield from _missing(session, Role, "role_id", does.role_id)
            if does.assignee_id is not None and does.role_id is not None:
                yield Refusal(FOR_BOTH)
        case settings.SendMessage():
            yield from _missing(session, Template, "template_id", does.template_id)


def _unfit_request(session: Session, does: settings.CreateRequest) -> Iterator[Refusal]:
    missing = [
        *_missing(session, ConsultationType, "consultation_type_id", does.consultation_type_id)
    ]
    yield from missing
    if not missing:
        kind = session.get_one(ConsultationType, does.consultation_type_id)
        if kind.preferred_case_kind_id is None:
            yield Refusal(NO_CASE_KIND)
        if kind.is_no_show and kind.code != value(session, DEFAULT_TYPE):
            yield Refusal(NO_SHOW_TYPE)
    if does.until_days <= does.from_days:
        yield Refusal(WINDOW)
    if does.draft and does.plan is settings.Plan.AT_ONCE:
        yield Refusal(DRAFT_AT_ONCE)


def _missing(
    session: Session, kind: type[Keyed], field: str, key: UUID | None
) -> Iterator[Refusal]:
    row = None if key is None else session.get(kind, key)
    gone = row is None or any(
        getattr(row, name, None) is not None for name in ("archived_at", "deactivated_at")
    )
    if key is not None and gone:
        yield Refusal(NAMES_UNKNOWN, {"field": field})
