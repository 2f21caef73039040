"""Roles: what accounts may do. A role is everywhere. Domain §8 [000 §2.1.8]."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import everywhere, himself
from api.http.shapes import Given, Line, Page, View
from models.access import Role, RoleRight
from models.audit import Act
from scheduler.access import Right, roles

routes = Routes("roles")

LOOK = everywhere(Right.MANAGE_ROLES, Right.MANAGE_USERS, Right.MANAGE_API_ACCOUNTS, of=Role)


class RoleView(View):
    """`everything`: all rights, those too that do not exist yet."""

    id: UUID
    version: int
    name: str
    everything: bool
    rights: list[str]


class NewRole(Given):
    """A name, and what it allows."""

    name: Line
    rights: list[Right]


class RoleRights(Given):
    """What it allows from now on."""

    rights: list[Right]


class RightView(View):
    """What may be done, in words."""

    code: str
    sentence: str


class Rights(View):
    """The catalogue."""

    items: list[RightView]


@routes.get("/rights", himself(of=Role))
def list_rights(_: Call) -> Rights:
    """All rights that there are."""
    return Rights(items=[RightView(code=one.value, sentence=one.sentence) for one in Right])


@routes.get("/roles", LOOK)
def list_roles(call: Call, filters: Annotated[Paging, Query()]) -> Page[RoleView]:
    """All roles."""
    found, following = call.rows(Role, filters)
    return Page(items=_views(call, found), next=following)


@routes.get("/roles/{role_id}", LOOK)
def read_role(call: Call, role_id: UUID) -> RoleView:
    """One of them."""
    return _views(call, [call.one(Role, role_id)])[0]


@routes.post("/roles", everywhere(Right.MANAGE_ROLES, of=Role, act=Act.CREATE), status=201)
def add_role(call: Call, given: NewRole) -> RoleView:
    """Put a role together, of rights that you hold yourself."""
    made = roles.add_role(call.session, call.caller, given.name, given.rights)
    return _views(call, [call.one(Role, made)])[0]


@routes.put(
    "/roles/{role_id}", everywhere(Right.MANAGE_ROLES, of=Role, act=Act.UPDATE), if_match=True
)
def change_role(call: Call, role_id: UUID, given: RoleRights) -> RoleView:
    """Give it other rights, for all who have it, at once."""
    role = call.one(Role, role_id)
    roles.change_role(call.session, call.caller, role_id, given.rights)
    return _views(call, [role])[0]


@routes.delete(
    "/roles/{role_id}",
    everywhere(Right.MANAGE_ROLES, of=Role, act=Act.DELETE),
    if_match=True,
    status=204,
)
def remove_role(call: Call, role_id: UUID) -> None:
    """Take a role away that nobody has."""
    call.one(Role, role_id)
    roles.remove_role(call.session, call.caller, role_id)


def _views(call: Call, found: Sequence[Role]) -> list[RoleView]:
    rights: dict[UUID, list[str]] = {one.id: [] for one in found}
    those = select(RoleRight.role_id, RoleRight.right).where(RoleRight.role_id.in_(rights))
    for role_id, right in call.session.execute(those.order_by(RoleRight.right)):
        rights[role_id].append(right)
    return [
        RoleView(
            id=one.id,
            version=one.version,
            name=one.name,
            everything=one.everything,
            rights=rights[one.id],
        )
        for one in found
    ]
