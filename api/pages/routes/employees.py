"""Employees: who he is and where he works, who may not see him, and his cases. Domain §§1, 3."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from api.http import keeping
from api.http.calls import Call
from api.http.calls import fields_of as fields_for_record
from api.http.leaving import Confirmed
from api.http.policies import by_right
from api.http.replies import Reply
from api.http.routes import cases as cases_api
from api.http.routes import employments as employments_api
from api.http.routes import exclusions as exclusions_api
from api.http.routes.records import people
from api.http.shapes import Line
from api.pages.administration.fields import fields_of
from api.pages.administration.forming import form, told
from api.pages.administration.kinds import EMPLOYEES
from api.pages.answers import again, go_to
from api.pages.declaring import Pages
from api.pages.names import choices, names
from api.pages.rendering import reader, render
from api.pages.routes.records import SAVED, Prefilled, list_page, put, said
from models.audit import Act
from models.consultations import CaseKind
from models.people import Employee, Employment, Exclusion, Practitioner
from scheduler.access import Right

pages = Pages("employees")

MOST = 200
"""Employments, exclusions and cases of one employee that his page shows."""
LOOK = people.EMPLOYEES.looking()
UPDATE = people.EMPLOYEES.managing(Act.UPDATE)
WORKS = people.EMPLOYMENTS


# --- The list, and a new one ------------------------------------------------------------------------------


@pages.get("/employees", LOOK)
def employees_page(call: Call, filters: Annotated[people.EmployeeFilters, Query()]) -> Reply:
    """Those whom you may see."""
    return list_page(call, EMPLOYEES, filters)


@pages.get("/employees/new", people.EMPLOYEES.managing(Act.READ))
def new_employee_page(call: Call, prefilled: Annotated[Prefilled, Query()]) -> Reply:
    """A form for somebody new, and where he works."""
    call.seen(Employee)
    work = {"employment.establishment_id": prefilled.establishment_id}
    values = {name: value for name, value in work.items() if value is not None}
    return render(
        call,
        "administration/new.html",
        one=EMPLOYEES.one,
        many=EMPLOYEES.many,
        back=EMPLOYEES.path,
        action="/employees/new",
        shows=False,
        form=form(call, people.NewEmployee, values),
    )


@pages.post("/employees/new", people.EMPLOYEES.managing(Act.CREATE))
def add_employee_at_page(call: Call, given: people.NewEmployee) -> Reply:
    """Add him."""
    return go_to(f"/employees/{people.add_employee(call, given).id}")


# --- One of them ------------------------------------------------------------------------------------------


@pages.get("/employees/{employee_id}", LOOK)
def employee_page(call: Call, employee_id: UUID) -> Reply:
    """All that is administered of him."""
    call.fields = fields_for_record(people.EmployeeView, people.EmploymentView)
    one = people.read_employee(call, employee_id)
    manages = call.caller.may(Right.MANAGE_EMPLOYEES)
    values = one.model_dump(exclude={"works"})
    spoken = reader(call).language
    facts = fields_of(people.EmployeeGiven)
    return render(
        call,
        "employees/employee.html",
        one=one,
        form=form(call, people.EmployeeGiven, values) if manages else None,
        facts=[(field.label, told(spoken, field, values[field.name], {})) for field in facts],
        **_works(call, one),
        **_exclusions(call, employee_id),
        **_cases(call, employee_id),
    )


@pages.post("/employees/{employee_id}", UPDATE, if_match=True)
def change_employee_at_page(call: Call, employee_id: UUID, given: people.EmployeeGiven) -> Reply:
    """All of the form counts: what is empty there is empty."""
    one = put(call, people.EMPLOYEES, employee_id, given)
    filled = form(call, people.EmployeeGiven, one.model_dump())
    shown = render(call, "employees/form.html", one=one, form=filled, saved=True)
    return said(call, shown, SAVED)


def _works(call: Call, one: Any) -> dict[str, Any]:  # noqa: ANN401 (an employee with where he works)
    asked = people.EmploymentFilters(employee_id=one.id, page_size=MOST)
    found = keeping.page(call, WORKS, asked).items
    return {"employments": found, "above": {each.employment_id: each for each in one.works}}


def _exclusions(call: Call, employee_id: UUID) -> dict[str, Any]:
    looks = call.caller.may(Right.VIEW_EXCLUSIONS)
    manages = call.caller.may(Right.MANAGE_EXCLUSIONS)
    asked = exclusions_api.ExclusionFilters(employee_id=employee_id, page_size=MOST)
    found = exclusions_api.list_exclusions(call, asked).items if looks else []
    offered = choices(call, Practitioner, Practitioner.archived_at.is_(None)) if manages else []
    return {
        "exclusions": found if looks else None,
        "practitioners": names(call, Practitioner, [one.practitioner_id for one in found]),
        "may_be_excluded": offered,
    }


def _cases(call: Call, employee_id: UUID) -> dict[str, Any]:
    looks = call.caller.may(Right.VIEW_CASES) or call.caller.may(Right.MANAGE_CASES)
    asked = cases_api.CaseFilters(employee_id=employee_id, page_size=MOST)
    found = cases_api.list_cases(call, asked).items if looks else []
    return {
        "cases": found if looks else None,
        "case_kinds": names(call, CaseKind, [one.kind_id for one in found]),
        "case_practitioners": names(call, Practitioner, [one.practitioner_id for one in found]),
    }


# --- Where he works ---------------------------------------------------------------------------------------


@pages.get("/employees/{employee_id}/employments/new", people.EMPLOYEES.managing(Act.READ))
def new_employment_page(call: Call, employee_id: UUID) -> Reply:
    """A form for another employment."""
    one = call.one(Employee, employee_id)
    return render(
        call,
        "employees/employment.html",
        one=one,
        work=None,
        form=form(call, people.FirstEmployment),
    )


@pages.post("/employees/{employee_id}/employments/new", WORKS.managing(Act.CREATE))
def add_employment_at_page(call: Call, employee_id: UUID, given: people.FirstEmployment) -> Reply:
    """Add it."""
    new = people.NewEmployment(**given.model_dump(), employee_id=employee_id)
    keeping.add(call, WORKS, new)
    return go_to(f"/employees/{employee_id}")


@pages.get("/employments/{employment_id}", WORKS.managing(Act.READ))
def employment_page(call: Call, employment_id: UUID) -> Reply:
    """One employment, to be corrected or ended."""
    work = call.one(Employment, employment_id)
    shown = people.EmploymentView.model_validate(work)
    return render(
        call,
        "employees/employment.html",
        one=call.another(Employee, work.employee_id),
        work=shown,
        form=form(call, people.EmploymentGiven, shown.model_dump()),
    )


@pages.post("/employments/{employment_id}", WORKS.managing(Act.UPDATE), if_match=True)
def change_employment_at_page(
    call: Call, employment_id: UUID, given: people.EmploymentGiven
) -> Reply:
    """Correct it, while nothing rests on it."""
    return go_to(f"/employees/{put(call, WORKS, employment_id, given).employee_id}")


@pages.post("/employments/{employment_id}/end", WORKS.managing(Act.UPDATE), if_match=True)
def end_employment_at_page(call: Call, employment_id: UUID, given: employments_api.End) -> Reply:
    """End it, or let it go on."""
    ended = employments_api.end_employment(call, employment_id, given)
    return go_to(f"/employees/{ended.employee_id}")


# --- Who may not see him ----------------------------------------------------------------------------------


class Exclude(Confirmed):
    """Whom, and why."""

    practitioner_id: UUID
    reason: Line | None = None


@pages.post(
    "/employees/{employee_id}/exclusions",
    by_right(Right.MANAGE_EXCLUSIONS, of=Exclusion, act=Act.CREATE),
)
def exclude_at_page(call: Call, employee_id: UUID, given: Exclude) -> Reply:
    """Exclude a practitioner for him."""
    new = exclusions_api.NewExclusion(**given.model_dump(), employee_id=employee_id)
    exclusions_api.add_exclusion(call, new)
    return again()


@pages.post(
    "/exclusions/{exclusion_id}/remove",
    by_right(Right.MANAGE_EXCLUSIONS, of=Exclusion, act=Act.DELETE),
)
def remove_exclusion_at_page(call: Call, exclusion_id: UUID) -> Reply:
    """Let the practitioner see him again."""
    exclusions_api.remove_exclusion(call, exclusion_id)
    return again()
