"""Exclusions: practitioners who may not see an employee; looked at and managed by a right of their own each. Domain §3 [000 §3.1.1]."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.leaving import Confirmed, leave
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.shapes import Line, Page, View
from models.audit import Act
from models.people import Employee, Exclusion
from scheduler.access import Right
from scheduler.agenda import exclusions

routes = Routes("exclusions")

LOOK = by_right(Right.VIEW_EXCLUSIONS, of=Exclusion)


class ExclusionFilters(Paging):
    """Of whom."""

    employee_id: UUID | None = None
    practitioner_id: UUID | None = None


class ExclusionView(View):
    """The practitioner may not see this employee."""

    id: UUID
    employee_id: UUID
    practitioner_id: UUID
    reason: str | None


class NewExclusion(Confirmed):
    """Who may not see whom."""

    employee_id: UUID
    practitioner_id: UUID
    reason: Line | None = None


@routes.get("/exclusions", LOOK)
def list_exclusions(
    call: Call, filters: Annotated[ExclusionFilters, Query()]
) -> Page[ExclusionView]:
    """Exclusions of the employees whom you may see."""
    one = Exclusion
    equal = {one.employee_id: filters.employee_id, one.practitioner_id: filters.practitioner_id}
    conditions = [column == wanted for column, wanted in equal.items() if wanted is not None]
    return call.page(one, ExclusionView, filters, *conditions)


@routes.get("/exclusions/{exclusion_id}", LOOK)
def read_exclusion(call: Call, exclusion_id: UUID) -> ExclusionView:
    """One of them."""
    return ExclusionView.model_validate(call.one(Exclusion, exclusion_id))


@routes.post(
    "/exclusions",
    by_right(Right.MANAGE_EXCLUSIONS, of=Exclusion, act=Act.CREATE),
    status=201,
)
def add_exclusion(call: Call, given: NewExclusion) -> ExclusionView:
    """Exclude a practitioner for an employee.

    What the two have planned together is listed (`disturbs_appointments`), and cancelled once that is
    confirmed. The practitioner's authorisation for the employee's file is untouched.
    """
    employee = call.another(Employee, given.employee_id)
    with leave(call, confirmed=given.confirm) as given_leave:
        key = exclusions.add(
            call.session,
            employee.id,
            given.practitioner_id,
            reason=given.reason,
            leave=given_leave,
            by=call.by,
            now=call.now,
        )
    return ExclusionView.model_validate(call.another(Exclusion, key))


@routes.delete(
    "/exclusions/{exclusion_id}",
    by_right(Right.MANAGE_EXCLUSIONS, of=Exclusion, act=Act.DELETE),
    status=204,
)
def remove_exclusion(call: Call, exclusion_id: UUID) -> None:
    """Let the practitioner see the employee again."""
    exclusions.remove(call.session, call.one(Exclusion, exclusion_id).id)
