"""Many requests at once: all of them or none, or row by row; with a report of each row. Domain §3; reliability P19.

The rows are asked about each other: of a type that refuses duplicates only the first row for an
employee is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy.orm import Session

from scheduler.actor import Actor
from scheduler.intake.making import Outcome, make
from scheduler.intake.wishes import First, May, Wish
from scheduler.refusals import Refusal, RefusedError

MOST = 10_000
TOO_MANY = "too_many_rows"

MESSAGES: Mapping[str, str] = MappingProxyType(
    {TOO_MANY: "one bulk has at most {most} rows, and this one has {rows}; split it"}
)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of each row, in their order."""

    rows: tuple[Outcome, ...]

    @property
    def made(self) -> int:
        return sum(row.request_id is not None for row in self.rows)

    @property
    def refused(self) -> Mapping[int, tuple[Refusal, ...]]:
        """By the number of the row, from 0."""
        return {number: row.refusals for number, row in enumerate(self.rows) if row.refusals}


class BulkRefusedError(RefusedError):
    """Rows of a bulk were refused, and so none of them was made. Each refusal names its `row`."""

    def __init__(self, report: Report) -> None:
        super().__init__(
            [
                Refusal(one.code, {**one.params, "row": number})
                for number, refusals in report.refused.items()
                for one in refusals
            ]
        )
        self.report = report


def all_or_none(
    session: Session, wishes: Sequence[Wish], first: First, *, may: May, by: Actor, now: datetime
) -> Report:
    """Make them all.

    Raises:
        BulkRefusedError: of some rows something is wrong; nothing was made.
        RefusedError: there are too many rows.
    """
    with session.begin_nested():
        report = row_by_row(session, wishes, first, may=may, by=by, now=now)
        if report.refused:
            raise BulkRefusedError(report)
    return report


def row_by_row(
    session: Session, wishes: Sequence[Wish], first: First, *, may: May, by: Actor, now: datetime
) -> Report:
    """Make those that can be made.

    Raises:
        RefusedError: there are too many rows.
    """
    if len(wishes) > MOST:
        raise RefusedError([Refusal(TOO_MANY, {"rows": len(wishes), "most": MOST})])
    return Report(tuple(make(session, wishes, first, may=may, by=by, now=now)))
