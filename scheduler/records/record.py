"""A kind of record, declared: what it is made of, and what is asked before it is written."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.base import Versioned
from scheduler.booking.locks import Concerned
from scheduler.records.ahead import Ahead
from scheduler.records.lists import Listed
from scheduler.refusals import Refusal

Values = Mapping[str, Any]
"""Columns, and what is listed, by their names."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A row as it would be. `key`, `before`: nothing where it is a new one."""

    session: Session
    key: UUID | None
    before: Values
    after: Values
    now: datetime

    def changes(self, *names: str) -> bool:
        """Whether a row that is there gets another value in one of these."""
        return self.key is not None and self.gets(*names)

    def gets(self, *names: str) -> bool:
        """The same, or it is a new one that has a value."""
        return any(self.before.get(name) != self.after.get(name) for name in names)


Check = Callable[[Draft], Iterable[Refusal]]
"""Gives each reason against a draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One kind.

    `lists`: rows of other tables that are edited with it. `locked`: the part of the one order in which
    commands of the agenda lock it (`scheduler.booking.locks`). `ahead`: what keeps one from being archived;
    a kind without it is removed, where nothing names it.
    """

    table: type[Versioned]
    lists: tuple[Listed, ...] = ()
    checks: tuple[Check, ...] = ()
    locked: Callable[[UUID], Concerned] | None = None
    ahead: Ahead | None = None

    @property
    def is_archived(self) -> bool:
        """Whether one that is no longer wanted is archived; else it is removed."""
        return self.ahead is not None
