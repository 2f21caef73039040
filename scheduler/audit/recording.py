"""One record for each look and each change, in the transaction of what it tells of: neither without the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, insert
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
    """Put the entries on record, by the database's clock. If that fails, so does all of the transaction."""
    rows = [
        {
            "actor_id": by.actor.account_id,
            "on_behalf_of_id": by.actor.on_behalf_of_id,
            "role_id": by.role_id,
            "group_id": by.group_id,
            "address": by.address,
            "request_reference": by.request_reference,
            "act": entry.act,
            "kind": Base.metadata.tables[entry.kind].name,
            "object_id": entry.object_id,
            "employee_id": entry.employee_id,
            "fields": _names(entry.fields),
            "ground": entry.ground,
            "allowed": entry.allowed,
        }
        for entry in entries
    ]
    if rows:
        session.execute(insert(RECORDS).values(at=database_now()), rows)


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
