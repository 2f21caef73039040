"""Employees and their employments; ending an employment is the agenda's, which gives appointments up for it. Domain §1."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, select

from api.http import keeping
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.keeping import Keeping, RecordFilters
from api.http.keeping_routes import keep
from api.http.routes.records.shapes import RecordView
from api.http.shapes import Address, Beginning, Day, Given, Language, Line, Short, Telephone, View
from models.audit import Act
from models.organisation import Department, Establishment
from models.people import Employee, Employment
from scheduler import records
from scheduler.access import Right
from scheduler.access.above import names_above

routes = Routes("people")


class EmployeeGiven(Given):
    """The person who is seen. Private and work details both count where a consultation type asks for them."""

    last_name: Line = Field(examples=["Employee 1"])
    first_name: Line | None = None
    reference: Line | None = Field(default=None, description="by which another system knows him")
    language: Language | None = None
    private_email: Address | None = None
    private_mobile: Telephone | None = None
    work_email: Address | None = None
    work_mobile: Telephone | None = None


class EmploymentGiven(Given):
    """Where somebody works, and since when. Both change only while nothing is planned on it."""

    establishment_id: UUID
    department_id: UUID | None = None
    personnel_number: Short | None = None
    from_day: Day


class FirstEmployment(EmploymentGiven):
    """Where a new employee works; until when, where that is known. `until_day` is not included."""

    until_day: Day | None = None


class NewEmployment(FirstEmployment):
    """Where an employee works as well."""

    employee_id: UUID


class NewEmployee(EmployeeGiven):
    """Somebody new, with the employment that brings him here."""

    employment: FirstEmployment


class EmployeeView(RecordView):
    """The person who is seen."""

    last_name: str
    first_name: str | None
    reference: str | None
    language: str | None
    private_email: str | None
    private_mobile: str | None
    work_email: str | None
    work_mobile: str | None


class WorkView(View):
    """The names of the levels above him, of an employment that you may see; departments from the top down."""

    employment_id: UUID
    employer: str
    establishment: str
    departments: list[str]


class EmployeeWithWork(EmployeeView):
    """With where he works."""

    works: list[WorkView]


class EmploymentView(RecordView):
    """Where somebody works. `until_day` is not included; without it, it goes on."""

    employee_id: UUID
    employer_id: UUID
    establishment_id: UUID
    department_id: UUID | None
    personnel_number: str | None
    from_day: date
    until_day: date | None


class EmployeeFilters(RecordFilters):
    """Which employees; by the employments that you may see."""

    q: Annotated[Beginning, StringConstraints(min_length=2)] | None = Field(
        default=None, description="the last name begins so"
    )
    reference: Line | None = None
    personnel_number: Short | None = None
    employer_id: UUID | None = None
    establishment_id: UUID | None = None


class EmploymentFilters(RecordFilters):
    """Which employments; `q`: the personnel number begins so."""

    employee_id: UUID | None = None
    employer_id: UUID | None = None
    establishment_id: UUID | None = None


OF_WORK = ("personnel_number", "employer_id", "establishment_id")


def asked(call: Call, filters: EmployeeFilters) -> list[ColumnElement[bool]]:
    """What somebody does for an employer whom the caller may not see is no ground to find him."""
    those = filters.model_dump(include={"reference", *OF_WORK}, exclude_none=True)
    found = []
    if "reference" in those:
        found.append(Employee.reference == those.pop("reference"))
    if those:
        conditions = [getattr(Employment, name) == value for name, value in those.items()]
        works = select(Employment.employee_id).where(*conditions, call.seen(Employment))
        found.append(Employee.id.in_(works))
    return found


EMPLOYEES = keep(
    routes,
    Keeping(
        record=records.EMPLOYEE,
        one="employee",
        many="employees",
        view=EmployeeView,
        given=EmployeeGiven,
        new=NewEmployee,
        look=(Right.VIEW_EMPLOYEES,),
        manage=Right.MANAGE_EMPLOYEES,
        by=(Employee.last_name,),
        search=(Employee.last_name,),
        filters=EmployeeFilters,
        where=asked,
    ),
    but=["read", "add", "end"],
)
EMPLOYMENTS = keep(
    routes,
    Keeping(
        record=records.EMPLOYMENT,
        one="employment",
        many="employments",
        view=EmploymentView,
        given=EmploymentGiven,
        new=NewEmployment,
        look=(Right.VIEW_EMPLOYEES,),
        manage=Right.MANAGE_EMPLOYEES,
        by=(Employment.from_day,),
        search=(Employment.personnel_number,),
        filters=EmploymentFilters,
        refers={
            "employee_id": Employee,
            "establishment_id": Establishment,
            "department_id": Department,
        },
    ),
    but=["end"],
)


@routes.get("/employees/{employee_id}", EMPLOYEES.looking())
def read_employee(call: Call, employee_id: UUID) -> EmployeeWithWork:
    """One of them, with the names of the levels above him."""
    return _with_work(call, call.one(Employee, employee_id))


@routes.post("/employees", EMPLOYEES.managing(Act.CREATE), status=201)
def add_employee(call: Call, given: NewEmployee) -> EmployeeWithWork:
    """Add an employee, with the first employment."""
    person = given.model_dump(exclude={"employment"})
    work: Mapping[str, Any] = given.employment.model_dump()
    keeping.look_up(call, EMPLOYMENTS, work)
    made = records.take_on(call.session, person, work, now=call.now)
    for kept, row in zip((EMPLOYEES, EMPLOYMENTS), made, strict=True):
        keeping.require_still_seen(call, kept, row)
        call.note(row)
    return _with_work(call, call.session.get_one(Employee, made[0].id))


def _with_work(call: Call, row: Employee) -> EmployeeWithWork:
    above = names_above(call.session, call.caller, [row.id]).get(row.id, ())
    works = [WorkView.model_validate(one) for one in above]
    person = EmployeeView.model_validate(row)
    return EmployeeWithWork(**person.model_dump(), works=works)
