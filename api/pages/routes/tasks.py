"""Tasks: what is mine to do, and what somebody else's. Domain §4."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.pages import LONGEST_CURSOR
from api.http.replies import Reply
from api.http.routes import tasks as api
from api.http.shapes import Given
from api.pages.answers import again
from api.pages.declaring import Pages
from api.pages.listing import further
from api.pages.names import choices, names
from api.pages.rendering import render
from models.access import Account, Role
from models.people import Employee
from scheduler.access import Right
from scheduler.access.scope import today

pages = Pages("tasks")


class Which(Given):
    """Mine, unless everybody's are asked for; those to be done, unless the others are."""

    everybody: bool = False
    done: bool = False
    cursor: str | None = Field(default=None, max_length=LONGEST_CURSOR)


@pages.get("/tasks", api.LOOK)
def tasks_page(call: Call, which: Annotated[Which, Query()]) -> Reply:
    """What there is to do."""
    asked = api.TaskFilters(mine=not which.everybody, done=which.done, cursor=which.cursor)
    found = api.list_tasks(call, asked)
    return render(
        call,
        "tasks/list.html",
        found=found.items,
        which=which,
        next=further(which, found.next),
        today=today(call.now),
        me=call.caller.on_behalf_of_id or call.caller.account_id,
        whom=names(call, Employee, (one.employee_id for one in found.items)),
        whose=names(call, Account, (one.assignee_id for one in found.items)),
        roles=names(call, Role, (one.role_id for one in found.items)),
        may_see_appointments=call.caller.may(Right.VIEW_APPOINTMENTS),
        may_see_employees=call.caller.may(Right.VIEW_EMPLOYEES),
    )


@pages.get("/tasks/{task_id}", api.LOOK)
def task_page(call: Call, task_id: UUID) -> Reply:
    """One of them, to be passed on."""
    one = api.read_task(call, task_id)
    return render(
        call,
        "tasks/one.html",
        one=one,
        today=today(call.now),
        me=call.caller.on_behalf_of_id or call.caller.account_id,
        whom=names(call, Employee, [one.employee_id]),
        whose=names(call, Account, [one.assignee_id]),
        roles=choices(call, Role),
        may_see_appointments=call.caller.may(Right.VIEW_APPOINTMENTS),
    )


@pages.post("/tasks/{task_id}/complete", api.CHANGE, if_match=True)
def complete_task_at_page(call: Call, task_id: UUID) -> Reply:
    """It is done."""
    api.complete_task(call, task_id)
    return again()


@pages.post("/tasks/{task_id}/reopen", api.CHANGE, if_match=True)
def reopen_task_at_page(call: Call, task_id: UUID) -> Reply:
    """It is to be done after all."""
    api.reopen_task(call, task_id)
    return again()


@pages.post("/tasks/{task_id}/assign", api.CHANGE, if_match=True)
def assign_task_at_page(call: Call, task_id: UUID, given: api.TaskAssignment) -> Reply:
    """Take it on, or pass it on."""
    api.assign_task(call, task_id, given)
    return again()
