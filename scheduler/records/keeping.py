"""Adding, changing, archiving and removing a record, of whatever kind; what differs, the kind declares.

The database has the last word: two who take the same code at once are told apart by its constraint.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from models.base import Versioned
from scheduler.booking.locks import lock
from scheduler.guarded import guarded
from scheduler.records.lists import listed
from scheduler.records.record import Draft, Record, Values
from scheduler.records.references import naming, table_of, unknown, with_employer
from scheduler.refusals import Refusal, RefusedError

MISSING = "field_missing"
STILL_NAMED = "still_named"
ARCHIVED = "archived_at"


def add(session: Session, record: Record, values: Values, *, now: datetime) -> Versioned:
    """A new one.

    Raises:
        RefusedError: something in it is wrong, or its code is taken.
    """
    whole = with_employer(session, record, values)
    _require(record, Draft(session, None, {}, whole, now))
    own, lists = _parted(record, whole)
    row = record.table(**own)
    with guarded(session):
        session.add(row)
        session.flush()
        _write(session, record, row.id, lists)
    return row


def change(
    session: Session, record: Record, row: Versioned, values: Values, *, now: datetime
) -> None:
    """Give it these values; what is not named stays as it is.

    Raises:
        RefusedError: something in it is wrong, its code is taken, or something rests on what it is now.
    """
    _lock(session, record, row.id)
    before = {one.name: getattr(row, one.name) for one in table_of(record).c}
    before |= listed(session, record.lists, [row.id])[row.id]
    _require(record, Draft(session, row.id, before, {**before, **values}, now))
    own, lists = _parted(record, values)
    with guarded(session):
        for name, value in own.items():
            setattr(row, name, value)
        if _write(session, record, row.id, lists):
            row.renew()
        session.flush()


def archive(
    session: Session,
    record: Record,
    row: Versioned,
    *,
    seen: ColumnElement[bool],
    now: datetime,
) -> None:
    """Offer it no more for what is new. `seen`: the condition on appointments that may be told of.

    Raises:
        RefusedError: something still lies ahead of it.
    """
    if record.ahead is None:
        raise TypeError(f"{record.table.__name__} is not archived")
    _lock(session, record, row.id)
    _refuse(record.ahead.refusals(session, row.id, now=now, seen=seen))
    if getattr(row, ARCHIVED) is None:
        setattr(row, ARCHIVED, now)
    session.flush()


def restore(session: Session, row: Versioned) -> None:
    """Offer it again."""
    setattr(row, ARCHIVED, None)
    session.flush()


def remove(session: Session, record: Record, row: Versioned) -> None:
    """Take one away that nothing names.

    Raises:
        RefusedError: something does.
    """
    by = naming(session, record, row.id)
    _refuse([Refusal(STILL_NAMED, {"by": by})] if by else [])
    with guarded(session):
        for one in record.lists:
            one.clear(session, row.id)
        session.delete(row)
        session.flush()


def _lock(session: Session, record: Record, key: UUID) -> None:
    if record.locked is not None:
        lock(session, record.locked(key))


def _parted(record: Record, values: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its own columns, and the lists."""
    fields = {one.field for one in record.lists}
    own = {name: value for name, value in values.items() if name not in fields}
    return own, {name: value for name, value in values.items() if name in fields}


def _write(session: Session, record: Record, key: UUID, lists: Values) -> bool:
    """Whether any of them has changed."""
    those = [one for one in record.lists if one.field in lists]
    changed = [one.field for one in those if one.write(session, key, lists[one.field])]
    return bool(changed)


def _require(record: Record, draft: Draft) -> None:
    """Raises RefusedError with every reason against it."""
    against = [
        *_missing(record, draft),
        *unknown(record, draft),
        *(
            reason
            for one in record.lists
            for reason in one.refusals(draft.after.get(one.field, ()))
        ),
        *(reason for check in record.checks for reason in check(draft)),
    ]
    _refuse(against)


def _missing(record: Record, draft: Draft) -> Iterable[Refusal]:
    """What a new one would take from something that it does not name."""
    if draft.key is None:
        for column in table_of(record).c:
            if column.foreign_keys and not column.nullable and draft.after.get(column.name) is None:
                yield Refusal(MISSING, {"field": column.name})


def _refuse(against: Iterable[Refusal]) -> None:
    those = list(against)
    if those:
        raise RefusedError(those)
