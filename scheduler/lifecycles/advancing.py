"""The only place that writes a state: the step, its version, its history, its news. Domain §5.

Steps are taken many at a time, in one transaction that the caller has begun: an exception means that
it must be rolled back. Whoever may meet others on the same rows locks them first, in the one order
(reliability §3.1).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from models import Base
from models.appointments import History
from models.base import Code, new_id
from scheduler.actor import Actor
from scheduler.announcing import News, announce, in_portions
from scheduler.lifecycles.face import Lifecycle, Row, Situation
from scheduler.lifecycles.history import entry
from scheduler.lifecycles.menu import REASON_MISSING, not_allowed, reasons_against
from scheduler.lifecycles.situations import situations
from scheduler.refusals import Refusal, RefusedError

HISTORY = Base.metadata.tables[History.__tablename__]

OURS = frozenset({"state", "version"})
"""Columns that nobody else gives a value; once a row is there, nor its key."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row goes on by `event`, from the version and the state in which the caller saw it."""

    id: UUID
    version: int
    state: Code
    event: str
    values: Mapping[str, object] = field(default_factory=dict)
    """The other columns that change."""
    reason: str | None = None
    before: Mapping[str, object] | None = None
    """Of those columns, what the history should keep."""
    situation: Situation | None = None
    """As the caller has read it already; without one it is read, if the step needs anything."""


class OutdatedError(Exception):
    """Somebody changed these rows after the caller had read them."""

    def __init__(self, name: str, keys: Sequence[UUID]) -> None:
        changed = ", ".join(map(str, keys))
        super().__init__(f"{name} {changed}: changed meanwhile, read it again")
        self.name = name
        self.keys = tuple(keys)


def advance(
    session: Session, lifecycle: Lifecycle, steps: Sequence[Step], *, by: Actor, at: datetime
) -> None:
    """Let each row take its step, or none: refused before anything is written, or outdated."""
    if len({step.id for step in steps}) < len(steps):
        raise ValueError(f"a {lifecycle.name} takes one step at a time")
    taken = _allowed(session, lifecycle, steps)
    _write(session, lifecycle, taken)
    entries = [
        entry(
            lifecycle,
            row,
            step.id,
            step=step.version + 1,
            by=by,
            at=at,
            reason=step.reason,
            before=step.before,
        )
        for step, row in taken
    ]
    _record(session, entries)
    _tell(session, lifecycle, [(row, step.id, step.version + 1) for step, row in taken], by, at)


def begin(
    session: Session,
    lifecycle: Lifecycle,
    rows: Sequence[Mapping[str, object]],
    *,
    event: str,
    by: Actor,
    at: datetime,
) -> None:
    """Insert new rows, in the state in which the event makes them begin; a row may bring its `id`."""
    row = lifecycle.row(event, None)
    if row is None:
        raise RefusedError([not_allowed(lifecycle, event, None)])
    new = [{"id": new_id()} | _checked(values) for values in rows]
    alike: defaultdict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    for values in new:
        alike[frozenset(values)].append(values | {"state": row.target, "version": 1})
    for those in alike.values():
        session.execute(insert(lifecycle.table), those)
    keys: list[UUID] = [values["id"] for values in new]
    _record(session, [entry(lifecycle, row, key, step=1, by=by, at=at) for key in keys])
    _tell(session, lifecycle, [(row, key, 1) for key in keys], by, at)


# --- Whether ------------------------------------------------------------------------------------------


def _allowed(
    session: Session, lifecycle: Lifecycle, steps: Sequence[Step]
) -> list[tuple[Step, Row]]:
    """Each step with its row of the table; every reason against any of them, at once."""
    taken: list[tuple[Step, Row]] = []
    refusals: list[Refusal] = []
    stands = _situations(session, lifecycle, steps)
    for step in steps:
        row = lifecycle.row(step.event, step.state)
        against = [*reasons_against(lifecycle, step.event, stands[step.id])]
        if row is not None and row.asks_reason and not (step.reason or "").strip():
            against.append(Refusal(REASON_MISSING, {"event": step.event}))
        refusals += [Refusal(one.code, {**one.params, "id": step.id}) for one in against]
        if row is not None:
            taken.append((step, row))
    if refusals:
        raise RefusedError(refusals)
    return taken


def _situations(
    session: Session, lifecycle: Lifecycle, steps: Sequence[Step]
) -> Mapping[UUID, Situation]:
    """How each row stands, in the state of its step: whether that is still so, `_write` finds out."""
    needy = [step.id for step in steps if step.situation is None and _needs(lifecycle, step)]
    read = situations(session, lifecycle, needy)
    seen = {step.id: step.situation or read.get(step.id) or Situation(step.state) for step in steps}
    return {step.id: replace(seen[step.id], state=step.state) for step in steps}


def _needs(lifecycle: Lifecycle, step: Step) -> bool:
    row = lifecycle.row(step.event, step.state)
    return row is not None and bool(row.needs)


# --- Writing ------------------------------------------------------------------------------------------


def _checked(values: Mapping[str, object], ours: frozenset[str] = OURS) -> dict[str, Any]:
    if not ours.isdisjoint(values):
        raise ValueError(f"{', '.join(sorted(ours & set(values)))}: the lifecycle's own to set")
    return dict(values)


def _write(session: Session, lifecycle: Lifecycle, taken: Iterable[tuple[Step, Row]]) -> None:
    """One UPDATE for all steps that change the same columns in the same way."""
    alike: defaultdict[tuple[Any, ...], list[UUID]] = defaultdict(list)
    for step, row in taken:
        values = tuple(sorted(_checked(step.values, OURS | {"id"}).items()))
        alike[row.source, row.target, step.version, values].append(step.id)
    for (source, target, version, values), keys in alike.items():
        change = _change(lifecycle, tuple(name for name, _ in values))
        new = {f"new_{name}": value for name, value in values} | {"new_state": target}
        for portion in in_portions(keys):
            seen = {"seen_keys": portion, "seen_version": version, "seen_state": source}
            outdated = set(portion).difference(session.scalars(change, new | seen))
            if outdated:
                raise OutdatedError(lifecycle.name, sorted(outdated))


@cache
def _change(lifecycle: Lifecycle, columns: tuple[str, ...]) -> ReturningUpdate[tuple[UUID]]:
    """Some rows get a state and values for these columns, if they are as the caller saw them."""
    its = lifecycle.table.c
    new = {name: bindparam(f"new_{name}", type_=its[name].type) for name in ("state", *columns)}
    keys = its.id.in_(bindparam("seen_keys", expanding=True))
    change = update(lifecycle.table).where(keys, *_unchanged(lifecycle))
    return change.values(new | {"version": its.version + 1}).returning(its.id)


def _unchanged(lifecycle: Lifecycle) -> tuple[ColumnElement[bool], ...]:
    its = lifecycle.table.c
    return its.version == bindparam("seen_version"), its.state == bindparam("seen_state")


def _record(session: Session, entries: Sequence[Mapping[str, object]]) -> None:
    if entries:
        session.execute(insert(HISTORY), entries)


def _tell(
    session: Session,
    lifecycle: Lifecycle,
    happened: Iterable[tuple[Row, UUID, int]],
    by: Actor,
    at: datetime,
) -> None:
    """Announce what the rows say; who did it, and what was before, is in the history under that version."""
    news = [
        News(row.announces, lifecycle.table.name, key, {"version": version}, by.caused_by_id)
        for row, key, version in happened
        if row.announces is not None
    ]
    announce(session, news, at=at)
