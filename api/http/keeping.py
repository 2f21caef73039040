"""Records that are administered, over HTTP: a kind is declared once (`Keeping`), and all kinds are kept alike. Domain §1."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from pydantic import Field, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from api.http.calls import Call, columns_of
from api.http.pages import Column, Paging
from api.http.policies import Policy, by_right, everywhere
from api.http.shapes import Beginning, Given, Page, View
from models.appointments import Appointment
from models.audit import Act
from models.base import Keyed, Versioned
from models.prefixes import begins_with
from scheduler import records
from scheduler.access import Right
from scheduler.access.denied import forbidden
from scheduler.access.visible import CONDITIONS
from scheduler.records import Record


class RecordFilters(Paging):
    """What every list of records can be asked."""

    q: Beginning | None = Field(default=None, description="the name, code or reference begins so")


class KeptFilters(RecordFilters):
    """Without those that are archived, unless it is asked."""

    archived: bool = False


Conditions = Callable[[Call, Any], list[ColumnElement[bool]]]


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """How the API keeps one kind of record.

    `given`: the columns that may be edited; `new`: with those that only a new one has. `refers`: what a body
    names that lies in somebody's part of the organisation. `by`: the order of the list. `search`: what `q`
    is compared with. `where`: what its filters mean, where that is not a column's value.
    """

    record: Record
    one: str
    many: str
    view: type[View]
    given: type[Given]
    look: Sequence[Right]
    manage: Right
    by: tuple[Column, ...]
    search: tuple[InstrumentedAttribute[Any], ...]
    new: type[Given] | None = None
    filters: type[RecordFilters] = RecordFilters
    refers: Mapping[str, type[Keyed]] | None = None
    where: Conditions | None = None

    @property
    def table(self) -> Any:  # noqa: ANN401 (its columns are named by text)
        return self.record.table

    @cached_property
    def changed(self) -> type[Given]:
        """What may be sent of it to change it."""
        return partial(self.given)

    @property
    def path(self) -> str:
        return "/" + self.many.replace("_", "-")

    @property
    def key(self) -> str:
        """The name of its key in paths."""
        return f"{self.one}_id"

    @property
    def called(self) -> str:
        article = "an" if self.one[0] in "aeio" else "a"
        return f"{article} {self.one.replace('_', ' ')}"

    def looking(self) -> Policy:
        return self._policy(Act.READ, *self.look, self.manage)

    def managing(self, act: Act) -> Policy:
        return self._policy(act, self.manage)

    def _policy(self, act: Act, *rights: Right) -> Policy:
        declare = by_right if self.record.table in CONDITIONS else everywhere
        return declare(*rights, of=self.record.table, act=act)


def partial(given: type[Given]) -> type[Given]:
    """The same, all of it optional: what is not sent stays as it is."""
    fields: dict[str, Any] = {
        name: (info.annotation, _optional(info)) for name, info in given.model_fields.items()
    }
    doc = f"{inspect.cleandoc(given.__doc__ or '')} What is not sent stays as it is."
    return create_model(
        f"{given.__name__.removesuffix('Given')}Change", __base__=Given, __doc__=doc, **fields
    )


def _optional(info: FieldInfo) -> FieldInfo:
    free = copy(info)
    # no default that a reader of the description would take for a value
    free.default, free.default_factory = PydanticUndefined, lambda: None
    return free


# --- What the routes do -------------------------------------------------------------------------------


def page(call: Call, kept: Keeping, filters: RecordFilters) -> Page[Any]:
    """A part of the list."""
    own = _equal(kept, filters) if kept.where is None else kept.where(call, filters)
    conditions = (*_common(kept, filters), *own)
    found, following = call.rows(kept.table, filters, *conditions, by=kept.by)
    return Page(items=shown(call, kept, found), next=following)


def _common(kept: Keeping, filters: RecordFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.q is not None:
        found.append(or_(*(begins_with(column, filters.q) for column in kept.search)))
    if isinstance(filters, KeptFilters) and not filters.archived:
        found.append(kept.table.archived_at.is_(None))
    return found


def _equal(kept: Keeping, filters: RecordFilters) -> list[ColumnElement[bool]]:
    asked = filters.model_dump(exclude_none=True, exclude=set(KeptFilters.model_fields))
    return [getattr(kept.table, name) == value for name, value in asked.items()]


def shown(call: Call, kept: Keeping, rows: Sequence[Any]) -> list[Any]:
    """The rows with what is listed with them."""
    lists = records.listed(call.session, kept.record.lists, [row.id for row in rows])
    hidden = _hidden(call, kept, rows)
    return [
        kept.view.model_validate(
            {
                name: lists[row.id][name] if name in lists[row.id] else getattr(row, name)
                for name in kept.view.model_fields
            }
            | dict.fromkeys(name for name, key in hidden if getattr(row, name) == key)
        )
        for row in rows
    ]


def _hidden(call: Call, kept: Keeping, rows: Sequence[Any]) -> set[tuple[str, UUID]]:
    """What everybody's rows name in somebody's part of the organisation, and is not the caller's to see: by column."""
    found: set[tuple[str, UUID]] = set()
    if kept.record.table in CONDITIONS:
        return found
    for name, kind in (kept.refers or {}).items():
        keys = {getattr(row, name) for row in rows} - {None}
        table: Any = kind
        seen = select(table.id).where(table.id.in_(keys), call.seen(kind))
        found |= {(name, key) for key in keys - set(call.session.scalars(seen))}
    return found


def add(call: Call, kept: Keeping, given: Given) -> View:
    if kept.record.table in CONDITIONS and not kept.refers:
        call.caller.require_everybody()  # it lies in nothing that may be his
    values = given.model_dump()
    look_up(call, kept, values)
    row = records.add(call.session, kept.record, values, now=call.now)
    call.note(row)
    require_still_seen(call, kept, row)
    return _view(call, kept, row)


def change(call: Call, kept: Keeping, key: UUID, given: Given) -> View:
    values = given.model_dump(exclude_unset=True)
    call.fields = columns_of(values)
    row = call.one(kept.record.table, key)
    for name, _ in _hidden(call, kept, [row]):
        # whoever was not shown it does not take it away by sending the form as it was
        if name in values and values[name] is None:
            del values[name]
    look_up(call, kept, values)
    records.change(call.session, kept.record, row, values, now=call.now)
    require_still_seen(call, kept, row)
    return _view(call, kept, row)


def read(call: Call, kept: Keeping, key: UUID) -> View:
    return _view(call, kept, call.one(kept.record.table, key))


def archive(call: Call, kept: Keeping, key: UUID) -> View:
    row = call.one(kept.record.table, key)
    seen = call.seen(Appointment)
    records.archive(call.session, kept.record, row, seen=seen, now=call.now)
    return _view(call, kept, row)


def restore(call: Call, kept: Keeping, key: UUID) -> View:
    row = call.one(kept.record.table, key)
    records.restore(call.session, row)
    return _view(call, kept, row)


def look_up(call: Call, kept: Keeping, values: Mapping[str, Any]) -> None:
    """Raises NotFoundError where something is named that is not his to see."""
    for name, kind in (kept.refers or {}).items():
        if values.get(name) is not None:
            call.another(kind, values[name])


def require_still_seen(call: Call, kept: Keeping, row: Versioned) -> None:
    """Raises ForbiddenError where the row lies beyond his part of the organisation now."""
    query = select(kept.table.id).where(kept.table.id == row.id, call.seen(kept.record.table))
    if call.session.scalar(query) is None:
        raise forbidden("beyond_own_part")


def _view(call: Call, kept: Keeping, row: Versioned) -> View:
    found: View = shown(call, kept, [row])[0]
    return found


def remove(call: Call, kept: Keeping, key: UUID) -> None:
    records.remove(call.session, kept.record, call.one(kept.record.table, key))
