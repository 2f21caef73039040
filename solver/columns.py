"""The facts as numpy columns, under the same names as the rows of `facts.py`.

A rule is one expression over attributes; given a row it answers with a bool, given columns with a
mask. `take` lines columns up into pairs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from solver.facts import Availability, BoolColumn, IntColumn, Members, Number, Request


@dataclass(frozen=True, slots=True)
class MembersColumn:
    """The sets of many rows: row `i` has the set `table[which[i]]` (a row of booleans).

    Equal sets are stored once, so the table stays small: most employees exclude nobody.
    """

    table: NDArray[np.bool_]
    which: IntColumn

    @classmethod
    def of(cls, sets: Iterable[Members], size: int) -> Self:
        """Columns of `sets` whose members are below `size`."""
        numbers: dict[Members, int] = {}
        which = np.fromiter((numbers.setdefault(s, len(numbers)) for s in sets), np.int64)
        table = np.zeros((max(1, len(numbers)), max(1, size)), np.bool_)
        for members, number in numbers.items():
            table[number, list(members)] = True
        return cls(table, which)

    def has(self, member: Number, /) -> BoolColumn:
        """For each row, whether `member` (one, or one for each row) is in its set."""
        answer: BoolColumn = self.table[self.which, member]
        return answer

    def __getitem__(self, rows: IntColumn) -> "MembersColumn":
        return MembersColumn(self.table, self.which[rows])


class Columns:
    """What both tables of columns share."""

    __slots__ = ()

    def take(self, rows: IntColumn) -> Self:
        """The columns of the given rows, in that order, repeats allowed."""
        mine: Any = self
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(mine)})


@dataclass(frozen=True, slots=True)
class RequestColumns(Columns):
    """`facts.Request`, a column for each fact that a pair rule may speak of."""

    from_day: IntColumn
    until_day: IntColumn
    type: IntColumn
    required_practitioner: IntColumn
    preferred_practitioner: IntColumn
    preferred_location: IntColumn
    age: IntColumn
    modalities: IntColumn
    allow_saturday: BoolColumn
    allow_day_off: BoolColumn
    locations: MembersColumn
    excluded: MembersColumn

    @classmethod
    def of(cls, rows: Sequence[Request], locations: int, practitioners: int) -> Self:
        """The columns of `rows` in a world of so many locations and practitioners."""
        return cls(
            **_plain_columns(cls, rows),
            locations=MembersColumn.of((r.locations for r in rows), locations),
            excluded=MembersColumn.of((r.excluded for r in rows), practitioners),
        )


@dataclass(frozen=True, slots=True)
class AvailabilityColumns(Columns):
    """`facts.Availability`, a column for each fact that a pair rule may speak of."""

    practitioner: IntColumn
    location: IntColumn
    day: IntColumn
    start: IntColumn
    end: IntColumn
    modalities: IntColumn
    on_saturday: BoolColumn
    on_day_off: BoolColumn
    types: MembersColumn

    @classmethod
    def of(cls, rows: Sequence[Availability], types: int) -> Self:
        """The columns of `rows` in a world of so many consultation types."""
        return cls(
            **_plain_columns(cls, rows),
            types=MembersColumn.of((a.types for a in rows), types),
        )


def _plain_columns(cls: type[Columns], rows: Sequence[object]) -> dict[str, Any]:
    """The columns of numbers and of truths; sets are made by `MembersColumn.of`."""
    kinds = {f.name: f.type for f in fields(cast("Any", cls))}
    return {
        name: np.fromiter(
            (getattr(row, name) for row in rows),
            np.bool_ if kind is BoolColumn else np.int64,
            len(rows),
        )
        for name, kind in kinds.items()
        if kind is not MembersColumn
    }
