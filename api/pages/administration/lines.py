"""The lines of a list, in the words of whoever reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.http.calls import Call
from api.pages.administration.forming import known_names, told
from api.pages.administration.kinds import Kind
from api.pages.names import names
from api.pages.rendering import reader
from models.consultations import ConsultationType


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: what its cells say."""

    id: UUID
    cells: Sequence[str]
    archived_at: datetime | None = None


def lines(call: Call, kind: Kind, rows: Sequence[Any]) -> list[Line]:
    """One for each row of a page."""
    values = [row.model_dump() for row in rows]
    if kind.keeping.table is ConsultationType:
        called = names(call, ConsultationType, [row["id"] for row in values])
        values = [{**row, "name": called[row["id"]]} for row in values]
    known = known_names(call, kind.shown, values)
    spoken = reader(call).language
    return [
        Line(
            row["id"],
            [told(spoken, one, row[one.name], known) for one in kind.shown],
            row.get("archived_at"),
        )
        for row in values
    ]
