"""Choosing one of very many: a field to search by, and what is found as a list to choose from.

    {{ choose("employee_id", _("Employee"), "/choose/employees", required=true) }}   (macros.html)

A kind is a route here: what is searched by, and how each that is found is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from api.http import keeping
from api.http.calls import Call
from api.http.policies import by_right
from api.http.replies import Reply
from api.http.routes.records import organisation, people
from api.http.shapes import Beginning, Given
from api.pages.declaring import Pages
from api.pages.names import PEOPLE
from api.pages.rendering import render
from models.access import Account, AccountKind
from models.organisation import Department, Employer, Establishment
from models.people import Employee
from models.prefixes import begins_with
from scheduler.access import Right
from scheduler.access.above import names_above

pages = Pages("choosing")

MOST = 8
"""That are told at once; of more the rest is found by typing on."""
LEAST = 2
"""Letters to search by."""


@dataclass(frozen=True, slots=True)
class Found:
    """One to choose. `note`: what tells him from others of that name."""

    id: UUID
    name: str
    note: str = ""


class Search(Given):
    """What was typed so far; `name`: of the field for which one is chosen, who may be nobody (`optional`)."""

    q: Beginning = ""
    name: Annotated[str, StringConstraints(pattern=r"^[a-z_.]+$")] = Field(
        default="employee_id", max_length=60
    )
    optional: bool = False


@pages.get("/choose/employees", people.EMPLOYEES.looking())
def choose_employee(call: Call, search: Annotated[Search, Query()]) -> Reply:
    """Employees whose last name begins so, each with where he works."""
    call.seen(Employee)
    if len(search.q) < LEAST:
        return _told(call, search, ())
    asked = people.EmployeeFilters(q=search.q, page_size=MOST + 1)
    rows = keeping.page(call, people.EMPLOYEES, asked).items
    above = names_above(call.session, call.caller, [row.id for row in rows])
    found = [
        Found(
            row.id,
            ", ".join(filter(None, (row.last_name, row.first_name))),
            "; ".join(f"{one.employer}, {one.establishment}" for one in above.get(row.id, ())),
        )
        for row in rows
    ]
    return _told(call, search, found)


ORGANISATION = (*organisation.LOOK, Right.MANAGE_ORGANISATION)
USERS = (
    Right.MANAGE_USERS,
    Right.APPOINT_DEPUTIES,
    Right.MANAGE_PRACTITIONERS,
    Right.MANAGE_TRIGGERS,
    Right.DO_TASKS,
)


@pages.get(
    "/choose/employers",
    by_right(*ORGANISATION, *PEOPLE, Right.MANAGE_GROUPS, Right.MANAGE_TRIGGERS, of=Employer),
)
def choose_employer(call: Call, search: Annotated[Search, Query()]) -> Reply:
    """Employers whose name begins so."""
    return _by_name(call, search, Employer.name, Employer.code)


@pages.get(
    "/choose/establishments",
    by_right(*ORGANISATION, *PEOPLE, Right.MANAGE_CASES, Right.MANAGE_TRIGGERS, of=Establishment),
)
def choose_establishment(call: Call, search: Annotated[Search, Query()]) -> Reply:
    """Establishments whose name, or whose employer's name, begins so."""
    return _by_name(call, search, Establishment.name, Employer.name)


@pages.get(
    "/choose/departments", by_right(*ORGANISATION, *PEOPLE, Right.MANAGE_GROUPS, of=Department)
)
def choose_department(call: Call, search: Annotated[Search, Query()]) -> Reply:
    """Departments whose name, or whose employer's name, begins so."""
    return _by_name(call, search, Department.name, Employer.name)


@pages.get("/choose/users", by_right(*USERS, of=Account))
def choose_user(call: Call, search: Annotated[Search, Query()]) -> Reply:
    """Users who may log in, whose name or user name begins so."""
    those = Account.kind == AccountKind.USER, Account.deactivated_at.is_(None)
    return _by_name(call, search, Account.name, Account.login, *those)


def _by_name(
    call: Call,
    search: Search,
    name: InstrumentedAttribute[str],
    note: InstrumentedAttribute[str],
    *conditions: ColumnElement[bool],
) -> Reply:
    """By either of both; the second tells those of one name apart."""
    kind: Any = name.class_
    query = select(kind.id, name, note).where(call.seen(kind), *conditions)
    if note.class_ is not kind:
        query = query.join(Employer, Employer.id == kind.employer_id)
    query = query.where(or_(begins_with(name, search.q), begins_with(note, search.q)))
    rows = call.session.execute(query.order_by(name, kind.id).limit(MOST + 1))
    found = (Found(*row) for row in rows) if len(search.q) >= LEAST else ()
    return _told(call, search, found)


def _told(call: Call, search: Search, found: Iterable[Found]) -> Reply:
    those = list(found)
    return render(
        call,
        "choosing/found.html",
        search=search,
        found=those[:MOST],
        more=len(those) > MOST,
        too_short=len(search.q) < LEAST,
    )
