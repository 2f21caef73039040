"""Employers, their establishments, departments and contact persons. Domain §1."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.http.declaring import Routes
from api.http.keeping import Keeping, RecordFilters
from api.http.keeping_routes import keep
from api.http.routes.records.shapes import (
    AddressGiven,
    AddressView,
    FinancialGiven,
    FinancialView,
    RecordView,
)
from api.http.shapes import Address, Flag, Given, Language, Line, Short, Telephone, View
from models.organisation import ContactPerson, Department, Employer, Establishment
from scheduler import records
from scheduler.access import Right
from solver.minutes import MINUTES_PER_DAY

routes = Routes("organisation")

MOST_HOURS = 100
Minute = Annotated[int, Field(strict=True, ge=0, le=MINUTES_PER_DAY, examples=[540])]
"""Of the day; 1440 is its end."""


class HoursGiven(Given):
    """When on a weekday (Monday is 1) the employer likes its people to be seen."""

    weekday: int = Field(strict=True, ge=1, le=7, examples=[2])
    start_minute: Minute
    end_minute: Minute


class HoursView(View):
    """The same, as it is kept."""

    weekday: int
    start_minute: int
    end_minute: int


class EmployerGiven(FinancialGiven):
    """A client of the service."""

    code: Short = Field(examples=["E-001"])
    name: Line = Field(examples=["Employer 1"])
    language: Language | None = None
    vat_number: Annotated[Short, Field(max_length=20)] | None = None
    preferred_hours: list[HoursGiven] = Field(default=[], max_length=MOST_HOURS)


class EmployerView(FinancialView):
    """A client of the service. `preferred_hours`: a criterion of planning."""

    code: str
    name: str
    language: str | None
    vat_number: str | None
    preferred_hours: list[HoursView]


class EstablishmentGiven(AddressGiven, FinancialGiven):
    """A work site. Its financial numbers go before its employer's."""

    name: Line = Field(examples=["Establishment 1"])
    is_main: Flag = Field(default=False, description="the employer's own address: one at the most")


class NewEstablishment(EstablishmentGiven):
    """A work site of an employer."""

    employer_id: UUID


class EstablishmentView(AddressView, FinancialView):
    """A work site."""

    employer_id: UUID
    name: str
    is_main: bool


class DepartmentGiven(Given):
    """A part of an employer, possibly within another part."""

    name: Line = Field(examples=["Department 1"])
    code: Short | None = None
    parent_id: UUID | None = None


class NewDepartment(DepartmentGiven):
    """Of an employer, which need not be named where the department above is."""

    employer_id: UUID | None = None


class DepartmentView(RecordView):
    """A part of an employer."""

    employer_id: UUID
    parent_id: UUID | None
    code: str | None
    name: str


class ContactPersonGiven(Given):
    """Whom to ask for, at an employer or at one of its establishments."""

    name: Line = Field(examples=["Contact person 1"])
    establishment_id: UUID | None = None
    role: Line | None = None
    email: Address | None = None
    telephone: Telephone | None = None


class NewContactPerson(ContactPersonGiven):
    """Of an employer, which need not be named where the establishment is."""

    employer_id: UUID | None = None


class ContactPersonView(RecordView):
    """Whom to ask for."""

    employer_id: UUID
    establishment_id: UUID | None
    name: str
    role: str | None
    email: str | None
    telephone: str | None


class OfEmployer(RecordFilters):
    """Which of them."""

    employer_id: UUID | None = None


class DepartmentFilters(OfEmployer):
    """Which departments."""

    parent_id: UUID | None = None


class ContactPersonFilters(OfEmployer):
    """Which contact persons."""

    establishment_id: UUID | None = None


LOOK = (Right.VIEW_ORGANISATION,)

EMPLOYERS = keep(
    routes,
    Keeping(
        record=records.EMPLOYER,
        one="employer",
        many="employers",
        view=EmployerView,
        given=EmployerGiven,
        look=LOOK,
        manage=Right.MANAGE_ORGANISATION,
        by=(Employer.name,),
        search=(Employer.name, Employer.code),
    ),
)
ESTABLISHMENTS = keep(
    routes,
    Keeping(
        record=records.ESTABLISHMENT,
        one="establishment",
        many="establishments",
        view=EstablishmentView,
        given=EstablishmentGiven,
        new=NewEstablishment,
        look=LOOK,
        manage=Right.MANAGE_ORGANISATION,
        by=(Establishment.name,),
        search=(Establishment.name,),
        filters=OfEmployer,
        refers={"employer_id": Employer},
    ),
)
DEPARTMENTS = keep(
    routes,
    Keeping(
        record=records.DEPARTMENT,
        one="department",
        many="departments",
        view=DepartmentView,
        given=DepartmentGiven,
        new=NewDepartment,
        look=LOOK,
        manage=Right.MANAGE_ORGANISATION,
        by=(Department.name,),
        search=(Department.name, Department.code),
        filters=DepartmentFilters,
        refers={"employer_id": Employer, "parent_id": Department},
    ),
)
CONTACT_PERSONS = keep(
    routes,
    Keeping(
        record=records.CONTACT_PERSON,
        one="contact_person",
        many="contact_persons",
        view=ContactPersonView,
        given=ContactPersonGiven,
        new=NewContactPerson,
        look=LOOK,
        manage=Right.MANAGE_ORGANISATION,
        by=(ContactPerson.name,),
        search=(ContactPerson.name,),
        filters=ContactPersonFilters,
        refers={"employer_id": Employer, "establishment_id": Establishment},
    ),
)
