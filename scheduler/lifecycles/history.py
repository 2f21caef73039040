"""What happened to something, step by step. Domain §5."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

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
