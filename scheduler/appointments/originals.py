"""What a no-show was before it was one: every column of appointment, performances and request. Domain §5 [000 §3.1.14.1]."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, Enum, Table, Uuid, delete, insert, select
from sqlalchemy.orm import Session

from models.appointments import Override
from models.base import Base, Json
from models.instants import Instant
from scheduler.lifecycles import APPOINTMENTS, PERFORMANCES, REQUESTS, Lifecycle, Step, told

OVERRIDES = Base.metadata.tables[Override.__tablename__]

THE_LIFECYCLES_OWN = frozenset({"id", "version", "state"})


def as_it_is(session: Session, appointment: UUID, request: UUID | None) -> Json:
    """All of them as they are now, to be kept."""
    its = PERFORMANCES.table.c.appointment_id == appointment
    original: Json = {
        "appointment": _read(session, APPOINTMENTS.table, APPOINTMENTS.table.c.id == appointment)[
            0
        ],
        "performances": _read(session, PERFORMANCES.table, its),
        "request": None,
        "overrides": _read(session, OVERRIDES, OVERRIDES.c.appointment_id == appointment),
    }
    if request is not None:
        original["request"] = _read(session, REQUESTS.table, REQUESTS.table.c.id == request)[0]
    return original


def restoring(
    session: Session, lifecycle: Lifecycle, event: str, original: Mapping[str, Any]
) -> Step:
    """The step by which the row has again the values that it had."""
    table = lifecycle.table
    was = _values(table, original)
    row = session.execute(select(table).where(table.c.id == was["id"])).mappings().one()
    values = {
        name: value
        for name, value in was.items()
        if name not in THE_LIFECYCLES_OWN and row[name] != value
    }
    before = {name: row[name] for name in values} or None
    return Step(was["id"], row["version"], row["state"], event, values, before=before)


def restore_overrides(
    session: Session, appointment: UUID, original: Sequence[Mapping[str, Any]]
) -> None:
    """The rules that were set aside for its place are those that were."""
    session.execute(delete(OVERRIDES).where(OVERRIDES.c.appointment_id == appointment))
    if original:
        session.execute(insert(OVERRIDES), [_values(OVERRIDES, one) for one in original])


def _read(session: Session, table: Table, where: Any) -> list[Json]:  # noqa: ANN401 (a condition of any column)
    query = select(table).where(where).order_by(*table.primary_key.columns)
    return [told(dict(row)) for row in session.execute(query).mappings()]


def _values(table: Table, written: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(table.c[name], value) for name, value in written.items()}


def _value(column: Column[Any], written: Any) -> Any:  # noqa: ANN401 (whatever a column holds)
    """The value of a column that was written down as JSON."""
    if written is None:
        return None
    match column.type:
        case Uuid():
            return UUID(written)
        case Instant():
            return datetime.fromisoformat(written)
        case Date():
            return date.fromisoformat(written)
        case Enum(enum_class=codes) if codes is not None:
            return codes(written)
    return written
