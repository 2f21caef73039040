"""What happened to something, step by step. Domain §5."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from models.access import Account
from models.appointments import History
from models.base import Json, new_id
from scheduler.actor import Actor
from scheduler.lifecycles.face import Lifecycle, Row

SUBJECTS = ("request_id", "appointment_id", "performance_id")


def entry(  # noqa: PLR0913 (what, which, and by whom: a row of a log has many columns)
    lifecycle: Lifecycle,
    row: Row,
    key: UUID,
    *,
    step: int,
    by: Actor,
    at: datetime,
    reason: str | None = None,
    before: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The row of `models.appointments.History` of one step; `step` is the version after it."""
    return {
        "id": new_id(),
        **dict.fromkeys(SUBJECTS),
        f"{lifecycle.name}_id": key,
        "step": step,
        "at": at,
        "event": row.event,
        "source": None if row.source is None else row.source.value,
        "target": row.target.value,
        "actor_id": by.account_id,
        "on_behalf_of_id": by.on_behalf_of_id,
        "reason": reason,
        "before": None if before is None else told(before),
    }


def told(values: Mapping[str, object]) -> Json:
    """Values of columns as JSON."""
    return {name: _told(value) for name, value in values.items()}


def _told(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case str() | int() | None:
            return value
    raise TypeError(f"history keeps values of columns, not {type(value).__name__}")


# --- Told -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Happened:
    """One step, with the names of those who took it. Nobody: a planning run, a trigger."""

    step: int
    at: datetime
    event: str
    source: str | None
    target: str
    actor_id: UUID | None
    by: str | None
    on_behalf_of_id: UUID | None
    for_whom: str | None
    reason: str | None
    changes: Mapping[str, tuple[object, object]]
    """Of each column that the history keeps: what it was before, and after."""


def happened(session: Session, lifecycle: Lifecycle, key: UUID) -> list[Happened]:
    """All that happened to the row of this lifecycle, the first step first."""
    actors, principals = aliased(Account), aliased(Account)
    whose = getattr(History, f"{lifecycle.name}_id")
    query = (
        select(History, actors.name, principals.name)
        .outerjoin(actors, actors.id == History.actor_id)
        .outerjoin(principals, principals.id == History.on_behalf_of_id)
        .where(whose == key)
        .order_by(History.step)
    )
    steps = session.execute(query).all()
    changed = _changes(session, lifecycle, key, [one for one, _, _ in steps])
    return [
        Happened(
            one.step,
            one.at,
            one.event,
            one.source,
            one.target,
            one.actor_id,
            by,
            one.on_behalf_of_id,
            for_whom,
            one.reason,
            changes,
        )
        for (one, by, for_whom), changes in zip(steps, changed, strict=True)
    ]


def _changes(
    session: Session, lifecycle: Lifecycle, key: UUID, steps: Sequence[History]
) -> list[Mapping[str, tuple[object, object]]]:
    """What came after a step is what the next one that changed the same column found, or what is now."""
    table = lifecycle.table
    row = session.execute(select(table).where(table.c.id == key)).mappings().one_or_none()
    after = {} if row is None else dict(row)
    found: list[Mapping[str, tuple[object, object]]] = []
    for one in reversed(steps):
        before = one.before or {}
        found.append({name: (was, _told(after.get(name))) for name, was in before.items()})
        after |= before
    return found[::-1]
