"""What a record names, and what names it: as the foreign keys of the tables say. Domain §1."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Table, inspect, literal, select
from sqlalchemy.orm import Session

from models import Base
from scheduler.agenda.offers import UNKNOWN
from scheduler.records.lists import Listed
from scheduler.records.record import Draft, Record, Values
from scheduler.refusals import Refusal

EMPLOYER = "employer_id"


def table_of(record: Record) -> Table:
    found: Table = inspect(record.table).local_table
    return found


def with_employer(session: Session, record: Record, values: Values) -> dict[str, Any]:
    """The values, with the employer of what they name: its establishment, or the department above it."""
    found = dict(values)
    for constraint in _constraints(table_of(record)):
        named = {one.column.name: found.get(one.parent.name) for one in constraint.elements}
        if EMPLOYER in named and named[EMPLOYER] is None and named.get("id") is not None:
            above = constraint.referred_table.c
            query = select(above[EMPLOYER]).where(above.id == named["id"])
            found[EMPLOYER] = session.scalar(query)
    return found


def unknown(record: Record, draft: Draft) -> Iterable[Refusal]:
    """What it names and is not there, or belongs to another employer."""
    for constraint in _constraints(table_of(record)):
        values = {one.column: draft.after.get(one.parent.name) for one in constraint.elements}
        if None in values.values() or not draft.gets(*constraint.column_keys):
            continue
        there = select(literal(1)).where(*(column == key for column, key in values.items()))
        if draft.session.scalar(there) is None:
            yield Refusal(UNKNOWN, {"field": constraint.column_keys[-1]})
    for one in record.lists:
        if draft.gets(one.field):
            yield from _unknown_in(draft.session, one, one.rows(draft.after.get(one.field, ())))


def _unknown_in(
    session: Session, listed: Listed, rows: Collection[dict[str, Any]]
) -> Iterable[Refusal]:
    for constraint in _constraints(listed.table):
        (element,) = constraint.elements
        if element.parent.name == listed.owner:
            continue
        named = {row[element.parent.name] for row in rows}
        found = set(session.scalars(select(element.column).where(element.column.in_(named))))
        if named - found:
            yield Refusal(UNKNOWN, {"field": listed.field})


def naming(session: Session, record: Record, key: UUID) -> list[str]:
    """The tables with a row that names this one, but for those that go with it."""
    own = table_of(record)
    with_it = {one.table_name for one in record.lists}
    found = set()
    for table in Base.metadata.sorted_tables:
        for constraint in _constraints(table):
            if constraint.referred_table is not own or table.name in with_it:
                continue
            (column,) = (one.parent for one in constraint.elements if one.column.name == "id")
            if session.scalar(select(literal(1)).where(column == key).limit(1)) is not None:
                found.add(table.name)
    return sorted(found)


def _constraints(table: Table) -> list[ForeignKeyConstraint]:
    """In an order that does not change; what must be named first: the employer is that of the establishment."""

    def place(one: ForeignKeyConstraint) -> tuple[bool, list[str]]:
        return any(column.nullable for column in one.columns), list(one.column_keys)

    return sorted(table.foreign_key_constraints, key=place)
