"""Which rule an error of the database speaks of, whichever database."""

import re

from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.exc import DBAPIError

from models.base import Base


def refused_by(error: DBAPIError) -> str | None:
    """The rule, or the constraint, that refused; nothing where the database was not asked a rule."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        name: str | None = diagnosis.constraint_name
        return name
    said = str(error.orig)
    found = re.fullmatch(r"(?:CHECK constraint failed: )?(\w+)", said)
    return found[1] if found else _unique_of(said)


def _unique_of(said: str) -> str | None:
    """SQLite names the columns of what must be unique, and not the constraint."""
    found = re.fullmatch(r"UNIQUE constraint failed: (.+)", said)
    if found is None:
        return None
    columns = [column.split(".")[-1] for column in found[1].split(", ")]
    table = Base.metadata.tables[found[1].split(".")[0]]
    unique = [index for index in table.indexes if index.unique]
    keys = [
        one
        for one in table.constraints
        if isinstance(one, (PrimaryKeyConstraint, UniqueConstraint))
    ]
    names = [str(one.name) for one in (*unique, *keys) if [c.name for c in one.columns] == columns]
    return names[0] if names else None
