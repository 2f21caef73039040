"""Cases: the files that requests and appointments belong to. Domain §1."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.shapes import Day, Given, Page, View
from api.http.wishes import require_seen
from models.access import Account
from models.audit import Act
from models.organisation import Establishment
from models.people import Employee
from models.requests import Case
from scheduler.access import Right
from scheduler.access.scope import today
from scheduler.intake import cases

routes = Routes("cases")

LOOK = by_right(Right.VIEW_CASES, Right.MANAGE_CASES, of=Case)


class CaseView(View):
    """A case. `closed_on`: the first day on which it is no longer open; `recovered_in_part_on`: since then he works again, in part."""

    id: UUID
    version: int
    employee_id: UUID
    establishment_id: UUID
    kind_id: UUID
    practitioner_id: UUID | None
    manager_id: UUID | None
    opened_on: date
    recovered_in_part_on: date | None
    closed_on: date | None


class CaseFilters(Paging):
    """Which cases."""

    employee_id: UUID | None = None
    establishment_id: UUID | None = None
    kind_id: UUID | None = None
    open: bool | None = Field(default=None, description="only those that are open today, or closed")


class NewCase(Given):
    """What a case begins with; `opened_on`: today, unless it is said."""

    employee_id: UUID
    establishment_id: UUID
    kind_id: UUID
    practitioner_id: UUID | None = None
    manager_id: UUID | None = None
    opened_on: Day | None = None


class Recovery(Given):
    """Since when the employee works again, in part: today, unless it is said."""

    recovered_in_part_on: Day | None = None


class Closing(Given):
    """From which day on it is closed: today, unless it is said."""

    closed_on: Day | None = None


@routes.get("/cases", LOOK)
def list_cases(call: Call, filters: Annotated[CaseFilters, Query()]) -> Page[CaseView]:
    """Cases, the oldest first."""
    equal = {
        Case.employee_id: filters.employee_id,
        Case.establishment_id: filters.establishment_id,
        Case.kind_id: filters.kind_id,
    }
    conditions = [column == wanted for column, wanted in equal.items() if wanted is not None]
    if filters.open is not None:
        is_open = cases.is_open(today(call.now))
        conditions.append(is_open if filters.open else ~is_open)
    return call.page(Case, CaseView, filters, *conditions)


@routes.get("/cases/{case_id}", LOOK)
def read_case(call: Call, case_id: UUID) -> CaseView:
    """One of them."""
    return CaseView.model_validate(call.one(Case, case_id))


@routes.post("/cases", by_right(Right.MANAGE_CASES, of=Case, act=Act.CREATE), status=201)
def open_case(call: Call, given: NewCase) -> CaseView:
    """Open a case for an employee, at an establishment where he works."""
    named = (
        (Employee, given.employee_id),
        (Establishment, given.establishment_id),
        (Account, given.manager_id),
    )
    require_seen(call, named)
    begins = given.model_dump() | {"opened_on": given.opened_on or today(call.now)}
    made = cases.open_case(call.session, cases.NewCase(**begins), now=call.now)
    return CaseView.model_validate(call.another(Case, made))


@routes.post(
    "/cases/{case_id}/partial-recovery",
    by_right(Right.MANAGE_CASES, of=Case, act=Act.UPDATE),
    if_match=True,
)
def recover_in_part(call: Call, case_id: UUID, given: Recovery) -> CaseView:
    """The employee works again, in part; the case stays open, and triggers hear of it."""
    row = call.one(Case, case_id)
    since = given.recovered_in_part_on or today(call.now)
    cases.recover_in_part(call.session, case_id, row.version, since, now=call.now)
    return CaseView.model_validate(row)


@routes.post(
    "/cases/{case_id}/close",
    by_right(Right.MANAGE_CASES, of=Case, act=Act.UPDATE),
    if_match=True,
)
def close_case(call: Call, case_id: UUID, given: Closing) -> CaseView:
    """Close it: from that day on no request is made in it."""
    row = call.one(Case, case_id)
    closed_on = given.closed_on or today(call.now)
    cases.close_case(call.session, case_id, row.version, closed_on, now=call.now)
    return CaseView.model_validate(row)
