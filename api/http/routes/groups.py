"""Groups: for whom accounts may do it. Nobody sees one that reaches beyond his own part. Domain §8 [000 §2.1.8]."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.shapes import Given, Line, Page, View
from models.access import Group, GroupScope
from models.audit import Act
from scheduler.access import Right, groups

routes = Routes("groups")

MOST = 1_000
"""What one group names."""
LOOK = by_right(Right.MANAGE_GROUPS, Right.MANAGE_USERS, Right.MANAGE_API_ACCOUNTS, of=Group)


class Reached(Given):
    """Employers and departments with all that is below, and single employees."""

    employers: list[UUID] = Field(default=[], max_length=MOST)
    departments: list[UUID] = Field(default=[], max_length=MOST)
    employees: list[UUID] = Field(default=[], max_length=MOST)

    def as_wish(self) -> groups.Reach:
        return groups.Reach(
            frozenset(self.employers), frozenset(self.departments), frozenset(self.employees)
        )


class NewGroup(Reached):
    """A name, and what it reaches."""

    name: Line


class GroupView(View):
    """`everybody`: the organisation as a whole."""

    id: UUID
    version: int
    name: str
    everybody: bool
    employers: list[UUID]
    departments: list[UUID]
    employees: list[UUID]


@routes.get("/groups", LOOK)
def list_groups(call: Call, filters: Annotated[Paging, Query()]) -> Page[GroupView]:
    """The groups that reach nothing beyond your own part."""
    found, following = call.rows(Group, filters)
    return Page(items=_views(call, found), next=following)


@routes.get("/groups/{group_id}", LOOK)
def read_group(call: Call, group_id: UUID) -> GroupView:
    """One of them."""
    return _views(call, [call.one(Group, group_id)])[0]


@routes.post("/groups", by_right(Right.MANAGE_GROUPS, of=Group, act=Act.CREATE), status=201)
def add_group(call: Call, given: NewGroup) -> GroupView:
    """Add a group that reaches no further than you do."""
    made = groups.add_group(call.session, call.caller, given.name, given.as_wish())
    return _views(call, [call.one(Group, made)])[0]


@routes.put(
    "/groups/{group_id}", by_right(Right.MANAGE_GROUPS, of=Group, act=Act.UPDATE), if_match=True
)
def change_group(call: Call, group_id: UUID, given: Reached) -> GroupView:
    """Let it reach another part, for all who are in it, at once."""
    group = call.one(Group, group_id)
    groups.change_group(call.session, call.caller, group_id, given.as_wish())
    return _views(call, [group])[0]


@routes.delete(
    "/groups/{group_id}",
    by_right(Right.MANAGE_GROUPS, of=Group, act=Act.DELETE),
    if_match=True,
    status=204,
)
def remove_group(call: Call, group_id: UUID) -> None:
    """Take a group away that nobody is in."""
    call.one(Group, group_id)
    groups.remove_group(call.session, call.caller, group_id)


def _views(call: Call, found: Sequence[Group]) -> list[GroupView]:
    named: dict[UUID, list[GroupScope]] = {one.id: [] for one in found}
    those = select(GroupScope).where(GroupScope.group_id.in_(named)).order_by(GroupScope.id)
    for scope in call.session.scalars(those):
        named[scope.group_id].append(scope)
    return [
        GroupView(
            id=one.id,
            version=one.version,
            name=one.name,
            everybody=one.everybody,
            employers=[s.employer_id for s in named[one.id] if s.employer_id],
            departments=[s.department_id for s in named[one.id] if s.department_id],
            employees=[s.employee_id for s in named[one.id] if s.employee_id],
        )
        for one in found
    ]
