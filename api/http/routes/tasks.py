"""Tasks: what triggers leave for a person to do. Domain §4."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import ColumnElement, and_, or_, select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.shapes import Day, Given, Page, View
from models.access import Account
from models.audit import Act
from models.triggers import Task
from scheduler.access import Right
from scheduler.triggers import tasks

routes = Routes("tasks")

LOOK = by_right(Right.DO_TASKS, of=Task)
CHANGE = by_right(Right.DO_TASKS, of=Task, act=Act.UPDATE)


class TaskView(View):
    """Something to do, for one person or for whoever has a role. `done_at`: not while it is to be done."""

    id: UUID
    version: int
    title: str
    employee_id: UUID | None
    case_id: UUID | None
    appointment_id: UUID | None
    assignee_id: UUID | None
    role_id: UUID | None
    due_on: date | None
    done_at: datetime | None


class TaskFilters(Paging):
    """Which tasks."""

    mine: bool = Field(
        default=False, description="yours, and those of your role that are nobody's yet"
    )
    done: bool | None = None
    due_until: Day | None = Field(default=None, description="due on this day, or before")
    employee_id: UUID | None = None
    assignee_id: UUID | None = None
    role_id: UUID | None = None


class TaskAssignment(Given):
    """For this one, for whoever has this role, or for anybody."""

    assignee_id: UUID | None = None
    role_id: UUID | None = None


@routes.get("/tasks", LOOK)
def list_tasks(call: Call, filters: Annotated[TaskFilters, Query()]) -> Page[TaskView]:
    """Tasks, the oldest first."""
    equal = {
        Task.employee_id: filters.employee_id,
        Task.assignee_id: filters.assignee_id,
        Task.role_id: filters.role_id,
    }
    conditions: list[ColumnElement[bool]] = [
        column == wanted for column, wanted in equal.items() if wanted is not None
    ]
    if filters.done is not None:
        conditions.append(Task.done_at.is_not(None) if filters.done else Task.done_at.is_(None))
    if filters.due_until is not None:
        conditions.append(Task.due_on <= filters.due_until)
    if filters.mine:
        conditions.append(_mine(call))
    return call.page(Task, TaskView, filters, *conditions)


@routes.get("/tasks/{task_id}", LOOK)
def read_task(call: Call, task_id: UUID) -> TaskView:
    """One of them."""
    return TaskView.model_validate(call.one(Task, task_id))


@routes.post("/tasks/{task_id}/complete", CHANGE, if_match=True)
def complete_task(call: Call, task_id: UUID) -> TaskView:
    """It is done."""
    row = call.one(Task, task_id)
    tasks.complete(call.session, row, now=call.now)
    return TaskView.model_validate(row)


@routes.post("/tasks/{task_id}/reopen", CHANGE, if_match=True)
def reopen_task(call: Call, task_id: UUID) -> TaskView:
    """It is to be done after all."""
    row = call.one(Task, task_id)
    tasks.reopen(call.session, row)
    return TaskView.model_validate(row)


@routes.post("/tasks/{task_id}/assign", CHANGE, if_match=True)
def assign_task(call: Call, task_id: UUID, given: TaskAssignment) -> TaskView:
    """Take it on, or pass it on."""
    row = call.one(Task, task_id)
    if given.assignee_id is not None:
        call.another(Account, given.assignee_id)
    tasks.assign(call.session, row, given.assignee_id, given.role_id)
    return TaskView.model_validate(row)


def _mine(call: Call) -> ColumnElement[bool]:
    """Of him for whom the caller acts."""
    whose = call.caller.on_behalf_of_id or call.caller.account_id
    role = select(Account.role_id).where(Account.id == whose).scalar_subquery()
    return or_(Task.assignee_id == whose, and_(Task.assignee_id.is_(None), Task.role_id == role))
