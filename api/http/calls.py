"""What a route works with: who calls, and rows that are his to see; what it shows or changes is noted by itself."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, inspect, select, true
from sqlalchemy.orm import Session

from api.http.knocking import Knock
from api.http.pages import Column, Paging, behind, cursor_behind
from api.http.policies import Policy
from api.http.service import Service
from api.http.shapes import Page
from models.audit import Act
from models.base import Keyed, Versioned
from models.billing import Performance
from models.people import Employee
from scheduler.access import Caller, visible
from scheduler.access.denied import NotFoundError
from scheduler.access.visible import CONDITIONS
from scheduler.actor import Actor
from scheduler.audit import Entry
from scheduler.audit.recording import COLUMNS
from scheduler.booking.locks import Lockable
from scheduler.lifecycles import OutdatedError
from scheduler.performing import employees

Thing = TypeVar("Thing", bound=Keyed)
Seen = TypeVar("Seen", bound=BaseModel)

AGENDA = frozenset(kind for kind in Lockable.__args__[0].__args__)  # type: ignore[attr-defined]
"""What commands lock in an order of their own: nobody locks these before them."""


@dataclass
class Call:
    """One request that is let in, within its transaction."""

    session: Session
    service: Service
    caller: Caller
    policy: Policy
    knocked: Knock
    now: datetime
    expected: int | None = None
    """The version that the caller has read, where the route asks for it."""
    fields: frozenset[str] = frozenset()
    """The columns that are shown or sent, for the record."""
    afterwards: list[Callable[[], object]] = field(default_factory=list)
    """What is done once all of it is committed: bells are rung."""
    entries: list[Entry] = field(default_factory=list)
    looked: bool = False
    _guarded: tuple[type[Versioned], UUID] | None = None

    @property
    def by(self) -> Actor:
        return self.caller.actor

    # --- Rows -----------------------------------------------------------------------------------------

    def one(self, kind: type[Thing], key: UUID, *conditions: ColumnElement[bool]) -> Thing:
        """The row by this key, where the caller may see it; in the version that he has read, where that is asked.

        Raises:
            NotFoundError: he may not, or there is none.
            OutdatedError: it is another version by now.
        """
        guards = self.expected is not None and kind is self.policy.of
        row = self._found(kind, key, conditions, locked=guards and kind not in AGENDA)
        if guards and isinstance(row, Versioned):
            if row.version != self.expected:
                raise OutdatedError(kind.__name__, [key])
            if kind in AGENDA:
                self._guarded = type(row), key
        return row

    def another(self, kind: type[Thing], key: UUID, *conditions: ColumnElement[bool]) -> Thing:
        """The same for a row that the path does not name.

        Raises:
            NotFoundError: he may not see it, or there is none.
        """
        return self._found(kind, key, conditions, locked=False)

    def _found(
        self,
        kind: type[Thing],
        key: UUID,
        conditions: Sequence[ColumnElement[bool]],
        *,
        locked: bool,
    ) -> Thing:
        query = select(kind).where(kind.id == key, self.seen(kind), *conditions)
        if locked:
            query = query.with_for_update(key_share=True)
        row = self.session.scalars(query).one_or_none()
        if row is None:
            raise NotFoundError
        # what is of another kind than the policy speaks of is only looked up, whatever is done
        self.note(row, None if kind is self.policy.of else Act.READ)
        return row

    def seen(self, kind: type[Keyed]) -> ColumnElement[bool]:
        """The condition that the caller may see a row; for what is in nobody's part the policy has said so."""
        self.looked = True
        if kind not in CONDITIONS and (self.policy.everywhere or kind is not self.policy.of):
            return true()
        return visible(kind, self.caller)

    def page(
        self,
        kind: type[Thing],
        view: type[Seen],
        paging: Paging,
        *conditions: ColumnElement[bool],
        by: Sequence[Column] = (),
    ) -> Page[Seen]:
        """A part of the list of what the caller may see."""
        found, following = self.rows(kind, paging, *conditions, by=by)
        return Page(items=[view.model_validate(row) for row in found], next=following)

    def rows(
        self,
        kind: type[Thing],
        paging: Paging,
        *conditions: ColumnElement[bool],
        by: Sequence[Column] = (),
    ) -> tuple[list[Thing], str | None]:
        """The same as rows, and the cursor of the next part."""
        order: tuple[Column, ...] = (*by, kind.id)
        query = select(kind).where(self.seen(kind), *conditions)
        if paging.cursor is not None:
            query = query.where(behind(paging.cursor, order))
        found = list(self.session.scalars(query.order_by(*order).limit(paging.page_size + 1)))
        page = found[: paging.page_size]
        for row in page:
            self.note(row)
        return page, cursor_behind(page[-1], order) if len(found) > len(page) else None

    # --- What is put on record ------------------------------------------------------------------------

    def note(self, row: Keyed, act: Act | None = None) -> None:
        """Put on record that this row was shown, or changed."""
        employee = self._employee(row)
        act = act or self.policy.act
        if employee is None and act is Act.READ:
            return  # nobody's data
        kind = inspect(type(row)).local_table.name
        self.entry(kind, row.id, employee, act)

    def _employee(self, row: Keyed) -> UUID | None:
        """Whose data it is."""
        match row:
            case Employee():
                return row.id
            case Performance():
                return employees(self.session, [row.id]).get(row.id)
        found: UUID | None = getattr(row, "employee_id", None)
        return found

    def entry(
        self, kind: str, key: UUID | None, employee: UUID | None = None, act: Act | None = None
    ) -> None:
        """The same for what is no row here."""
        ground = self.policy.ground(self.caller)
        self.entries.append(
            Entry(act or self.policy.act, kind, ground, key, employee, self._columns)
        )

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        return tuple(sorted(self.fields))

    @property
    def employees(self) -> set[UUID]:
        """Those whose data was shown or changed."""
        return {one.employee_id for one in self.entries if one.employee_id is not None}

    # --- Versions -------------------------------------------------------------------------------------

    def require_unchanged(self) -> None:
        """At the end: that nobody else changed the row between the look at it and the lock on it.

        Raises:
            OutdatedError: somebody did.
        """
        if self._guarded is None or self.expected is None:
            return
        kind, key = self._guarded
        self.session.flush()
        version = self.session.scalar(
            select(kind.version).where(kind.id == key).execution_options(populate_existing=True)
        )
        if version not in {None, self.expected, self.expected + 1}:
            raise OutdatedError(kind.__name__, [key])


def columns_of(names: Iterable[str]) -> frozenset[str]:
    """Of the names of fields, those that are columns: the audit log knows no others."""
    return frozenset(names) & COLUMNS


def fields_of(*models: type[BaseModel] | None) -> frozenset[str]:
    """The columns that these bodies show or send, those of what is listed in them too."""
    names: set[str] = set()
    for model in models:
        if model is None:
            continue
        for name, info in model.model_fields.items():
            names.add(name)
            for inner in (info.annotation, *getattr(info.annotation, "__args__", ())):
                if isinstance(inner, type):
                    names |= getattr(inner, "model_fields", {}).keys()
                    names |= getattr(inner, "__dataclass_fields__", {}).keys()
    return columns_of(names)
