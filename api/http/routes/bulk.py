"""Many requests at once: all of them or none, or row by row. Domain §3; reliability P19."""

from dataclasses import replace
from enum import StrEnum

from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import by_right
from api.http.reports import RowView, reported
from api.http.requests import MAKE, may_of
from api.http.shapes import Given, View
from api.http.wishes import Row
from models.audit import Act
from models.requests import AppointmentRequest
from scheduler.intake import First, bulk

routes = Routes("requests")

MOST_BYTES = 16 * 1024 * 1024
"""Ten thousand rows that name everything are ten million bytes, and some have remarks."""


class Mode(StrEnum):
    """What becomes of the others where a row is refused."""

    ALL_OR_NONE = "all_or_none"
    ROW_BY_ROW = "row_by_row"


class Rows(Given):
    """Wishes, and as what all of them begin."""

    mode: Mode
    first: First = First.PLACED
    rows: list[Row] = Field(min_length=1, max_length=bulk.MOST)


class RowsView(View):
    """How many were made, and what became of each row."""

    made: int
    rows: list[RowView]


@routes.post(
    "/requests/bulk",
    by_right(*MAKE, of=AppointmentRequest, act=Act.CREATE),
    most_bytes=MOST_BYTES,
)
def create_requests(call: Call, given: Rows) -> RowsView:
    """Make up to ten thousand requests at once, with a report of each row.

    The rows are asked about each other, too: of a type that refuses duplicates only the first for an
    employee is made. Of `all_or_none` each refusal names its `row`, from 0.
    """
    wishes = [row.as_wish() for row in given.rows]
    make = bulk.all_or_none if given.mode is Mode.ALL_OR_NONE else bulk.row_by_row
    may = replace(may_of(call), sees=call.seen)
    report = make(call.session, wishes, given.first, may=may, by=call.by, now=call.now)
    return RowsView(made=report.made, rows=reported(call, wishes, report))
