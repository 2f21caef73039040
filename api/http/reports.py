"""What became of many wishes, row by row; each that was made or refused is on record. Domain §§3, 8."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from api.http.calls import Call
from api.http.problems import Reason
from api.http.shapes import View
from api.http.texts import told
from models.audit import Act
from models.people import Employee
from models.requests import AppointmentRequest
from scheduler.announcing import in_portions
from scheduler.audit import Entry
from scheduler.intake import Wish
from scheduler.intake.bulk import Report
from scheduler.refusals import Refusal

REQUESTS = AppointmentRequest.__tablename__


class Refused(View):
    """Everything that speaks against a request for this employee."""

    employee_id: UUID
    refusals: list[Reason]


class RowView(Refused):
    """What became of the row of this number, from 0: its request, or every reason against it."""

    row: int
    request_id: UUID | None


def reasons(refusals: Sequence[Refusal]) -> list[Reason]:
    return [Reason(**one) for one in told(refusals)]


def reported(call: Call, wishes: Sequence[Wish], report: Report) -> list[RowView]:
    """Of each wish, put on record by whose it is."""
    _put_on_record(call, wishes, report)
    return [
        RowView(
            row=number,
            employee_id=wish.employee_id,
            request_id=outcome.request_id,
            refusals=reasons(outcome.refusals),
        )
        for number, (wish, outcome) in enumerate(zip(wishes, report.rows, strict=True))
    ]


def _put_on_record(call: Call, wishes: Sequence[Wish], report: Report) -> None:
    real = _real(call, {wishes[number].employee_id for number in report.refused})
    for wish, outcome in zip(wishes, report.rows, strict=True):
        if outcome.request_id is not None:
            call.entry(REQUESTS, outcome.request_id, wish.employee_id)
        else:
            whose = wish.employee_id if wish.employee_id in real else None
            ground = outcome.refusals[0].code
            call.entries.append(Entry(Act.CREATE, REQUESTS, ground, None, whose, allowed=False))


def _real(call: Call, keys: set[UUID]) -> set[UUID]:
    """Those of employees, whoever sees them: the record says about whom it would have been."""
    found: set[UUID] = set()
    for portion in in_portions(sorted(keys)):
        found.update(call.session.scalars(select(Employee.id).where(Employee.id.in_(portion))))
    return found
