"""One record for each look and each change, in the transaction of what it tells of: neither without the other."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Engine,
    Insert,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from models import Base
from models.audit import Act
from models.database import writing
from models.instants import database_now
from scheduler.actor import Actor

RECORDS = Base.metadata.tables["audit_records"]

COLUMNS = frozenset(
    column.name for table in Base.metadata.tables.values() for column in table.columns
)
"""All words that a record may name as a field: what is none of these may be somebody's data."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks, as what, and from where. `role_id` and `group_id`: as they are at this moment."""

    actor: Actor
    role_id: UUID | None = None
    group_id: UUID | None = None
    address: str | None = None
    request_reference: str | None = None


SAME = (
    "actor_id",
    "on_behalf_of_id",
    "role_id",
    "group_id",
    "address",
    "request_reference",
    "act",
    "kind",
    "fields",
    "ground",
    "allowed",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is done to the row `object_id` of the table `kind`, of whom, and by what right.

    A list of many rows is many entries: one for each employee who was shown.
    """

    act: Act
    kind: str
    ground: str
    """The right, or the policy, by which it is allowed or refused."""
    object_id: UUID | None = None
    employee_id: UUID | None = None
    fields: Sequence[str] = ()
    """The columns that are read or changed; never what is in them."""
    allowed: bool = True


def record(session: Session, entries: Iterable[Entry], *, by: Origin) -> None:
    """Put the entries on record, by the database's clock. If that fails, so does all of the transaction.

    Those that differ in nothing but the row and its employee (a list, an agenda) are one statement: a
    look at a week is over a thousand of them.
    """
    statement = _inserting(session.get_bind().dialect.name)
    for common, alike in groupby(entries, _common):
        act, kind, fields, ground, allowed = common
        rows = [[_hex(one.object_id), _hex(one.employee_id)] for one in alike]
        said = {
            "actor_id": by.actor.account_id,
            "on_behalf_of_id": by.actor.on_behalf_of_id,
            "role_id": by.role_id,
            "group_id": by.group_id,
            "address": by.address,
            "request_reference": by.request_reference,
            "act": act,
            "kind": Base.metadata.tables[kind].name,
            "fields": _names(fields),
            "ground": ground,
            "allowed": allowed,
        }
        session.execute(statement, {**said, "alike": json.dumps(rows)})


def _common(entry: Entry) -> tuple[Act, str, tuple[str, ...], str, bool]:
    return entry.act, entry.kind, tuple(entry.fields), entry.ground, entry.allowed


def _hex(key: UUID | None) -> str | None:
    return None if key is None else key.hex


@cache
def _inserting(database: str) -> Insert:
    """One row for each pair of `alike`, in their order; all else is the same in all of them."""
    document = bindparam("alike", type_=Text())
    whose: list[ColumnElement[Any]]
    if database == "sqlite":
        each = func.json_each(document).table_valued("key", "value")
        whose = [func.json_extract(each.c.value, f"$[{place}]") for place in (0, 1)]
        order = each.c.key
    else:
        elements = func.jsonb_array_elements(cast(document, JSONB))
        each = elements.table_valued(
            column("value", JSONB), with_ordinality="place"
        ).render_derived()
        whose = [cast(each.c.value[place].astext, Uuid) for place in (0, 1)]
        order = each.c.place
    same = [bindparam(name, type_=RECORDS.c[name].type) for name in SAME]
    chosen = select(database_now(), *whose, *same).select_from(each).order_by(order)
    return insert(RECORDS).from_select(["at", "object_id", "employee_id", *SAME], chosen)


def record_reads(engine: Engine, entries: Iterable[Entry], *, by: Origin) -> None:
    """The same for what was only looked at, or was refused: committed before anything of it is sent."""
    with writing(engine) as session:
        record(session, entries, by=by)


def _names(fields: Iterable[str]) -> list[str]:
    names = sorted(set(fields))
    if strange := [name for name in names if name not in COLUMNS]:
        # not told which: it may be a value that went the wrong way
        raise ValueError(f"{len(strange)} of {len(names)} fields are no columns: name columns only")
    return names
