"""Rows of another table that belong to a record and are edited with it: functions, names, hours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from models import Base
from scheduler.announcing import in_portions
from scheduler.refusals import Refusal

TWICE = "listed_twice"

Item = Any
"""A value, or where there are several columns, a mapping of them."""


@dataclass(frozen=True, slots=True)
class Listed:
    """`field`: how the list is called. `owner`: the column that names the record."""

    field: str
    table_name: str
    owner: str
    columns: tuple[str, ...]

    @property
    def table(self) -> Table:
        return Base.metadata.tables[self.table_name]

    def rows(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        if len(self.columns) == 1:
            return [{self.columns[0]: item} for item in items]
        return [{name: item[name] for name in self.columns} for item in items]

    def item(self, row: Sequence[Any]) -> Item:
        return row[0] if len(self.columns) == 1 else dict(zip(self.columns, row, strict=True))

    def read(self, session: Session, keys: Iterable[UUID]) -> Mapping[UUID, list[Item]]:
        """The lists of these records, each in one order."""
        its = self.table.c
        columns = [its[name] for name in self.columns]
        query = select(its[self.owner], *columns).order_by(*columns)
        found: dict[UUID, list[Item]] = {key: [] for key in keys}
        for portion in in_portions(found):
            for owner, *row in session.execute(query.where(its[self.owner].in_(portion))):
                found[owner].append(self.item(row))
        return found

    def write(self, session: Session, key: UUID, items: Sequence[Item]) -> bool:
        """Put these in place of those there are; whether that is a change."""
        before, after = self.rows(self.read(session, [key])[key]), self.rows(items)
        if sorted(map(_told, before)) == sorted(map(_told, after)):
            return False
        self.clear(session, key)
        if after:
            session.execute(insert(self.table), [{self.owner: key, **row} for row in after])
        return True

    def clear(self, session: Session, key: UUID) -> None:
        session.execute(delete(self.table).where(self.table.c[self.owner] == key))

    def refusals(self, items: Sequence[Item]) -> Iterable[Refusal]:
        """Against a list that says something twice."""
        unique = {column.name for column in self.table.primary_key} - {self.owner}
        if unique.issubset(self.columns):
            named = [tuple(row[name] for name in sorted(unique)) for row in self.rows(items)]
            if len(set(named)) < len(named):
                yield Refusal(TWICE, {"field": self.field})


def listed(
    session: Session, lists: Sequence[Listed], keys: Sequence[UUID]
) -> Mapping[UUID, dict[str, list[Item]]]:
    """All lists of these records, by record and name."""
    read = {one.field: one.read(session, keys) for one in lists}
    return {key: {field: found[key] for field, found in read.items()} for key in keys}


def _told(row: Mapping[str, Any]) -> str:
    return repr(sorted(row.items()))
