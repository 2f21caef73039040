"""Roles, what accounts may do, and groups, for whom. Domain §8 [000 §2.1.8]."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.pages import Paging
from api.http.policies import by_right, everywhere
from api.http.replies import Reply
from api.http.routes import groups as groups_api
from api.http.routes import roles as api
from api.http.shapes import Given, Line
from api.pages.administration.forming import form
from api.pages.administration.rights import GROUPED
from api.pages.answers import again, go_to
from api.pages.declaring import Pages
from api.pages.rendering import render
from api.pages.words import msgid
from models.access import Group, Role
from models.audit import Act
from scheduler.access import Right

pages = Pages("roles")

ROLES, GROUPS = "/administration/roles", "/administration/groups"
LOOK = everywhere(Right.MANAGE_ROLES, of=Role)
SEE = by_right(Right.MANAGE_GROUPS, of=Group)


class RightsForm(Given):
    """The boxes that are ticked."""

    rights: list[Right] = Field(default=[], max_length=len(Right))


class NewRoleForm(RightsForm):
    """With a name."""

    name: Line


@pages.get(ROLES, LOOK)
def roles_page(call: Call, paging: Annotated[Paging, Query()]) -> Reply:
    """All roles."""
    page = api.list_roles(call, paging)
    return render(call, "access/roles.html", roles=page.items, next=_next(page.next))


@pages.get(f"{ROLES}/new", LOOK)
def new_role_page(call: Call) -> Reply:
    """A form for a new role."""
    return render(call, "access/role.html", one=None, **_rights(call))


@pages.post(f"{ROLES}/new", everywhere(Right.MANAGE_ROLES, of=Role, act=Act.CREATE))
def add_role_at_page(call: Call, given: NewRoleForm) -> Reply:
    """Put a role together."""
    made = api.add_role(call, api.NewRole(name=given.name, rights=given.rights))
    return go_to(f"{ROLES}/{made.id}")


@pages.get(f"{ROLES}/{{role_id}}", LOOK)
def role_page(call: Call, role_id: UUID) -> Reply:
    """One role, with all rights that there are."""
    return render(call, "access/role.html", one=api.read_role(call, role_id), **_rights(call))


@pages.post(
    f"{ROLES}/{{role_id}}", everywhere(Right.MANAGE_ROLES, of=Role, act=Act.UPDATE), if_match=True
)
def change_role_at_page(call: Call, role_id: UUID, given: RightsForm) -> Reply:
    """Other rights, for all who have it."""
    api.change_role(call, role_id, api.RoleRights(rights=given.rights))
    return again()


@pages.post(
    f"{ROLES}/{{role_id}}/remove",
    everywhere(Right.MANAGE_ROLES, of=Role, act=Act.DELETE),
    if_match=True,
)
def remove_role_at_page(call: Call, role_id: UUID) -> Reply:
    """Take it away."""
    api.remove_role(call, role_id)
    return go_to(ROLES)


def _rights(call: Call) -> dict[str, Any]:
    """In their groups; nobody gives one that he does not hold."""
    return {"grouped": GROUPED, "held": call.caller.rights}


# --- Groups -----------------------------------------------------------------------------------------------


@pages.get(GROUPS, SEE)
def groups_page(call: Call, paging: Annotated[Paging, Query()]) -> Reply:
    """The groups that reach nothing beyond your own part."""
    page = groups_api.list_groups(call, paging)
    return render(call, "access/groups.html", groups=page.items, next=_next(page.next))


@pages.get(f"{GROUPS}/new", SEE)
def new_group_page(call: Call) -> Reply:
    """A form for a new group."""
    call.seen(Group)
    return render(
        call,
        "administration/new.html",
        one=msgid("group"),
        many=msgid("Groups"),
        back=GROUPS,
        action=f"{GROUPS}/new",
        shows=False,
        form=form(call, groups_api.NewGroup),
    )


@pages.post(f"{GROUPS}/new", by_right(Right.MANAGE_GROUPS, of=Group, act=Act.CREATE))
def add_group_at_page(call: Call, given: groups_api.NewGroup) -> Reply:
    """Add a group that reaches no further than you do."""
    return go_to(f"{GROUPS}/{groups_api.add_group(call, given).id}")


@pages.get(f"{GROUPS}/{{group_id}}", SEE)
def group_page(call: Call, group_id: UUID) -> Reply:
    """One group, and what it reaches."""
    one = groups_api.read_group(call, group_id)
    filled = form(call, groups_api.Reached, one.model_dump())
    return render(call, "access/group.html", one=one, form=filled)


@pages.post(
    f"{GROUPS}/{{group_id}}",
    by_right(Right.MANAGE_GROUPS, of=Group, act=Act.UPDATE),
    if_match=True,
)
def change_group_at_page(call: Call, group_id: UUID, given: groups_api.Reached) -> Reply:
    """Another part of the organisation."""
    groups_api.change_group(call, group_id, given)
    return again()


@pages.post(
    f"{GROUPS}/{{group_id}}/remove",
    by_right(Right.MANAGE_GROUPS, of=Group, act=Act.DELETE),
    if_match=True,
)
def remove_group_at_page(call: Call, group_id: UUID) -> Reply:
    """Take it away."""
    groups_api.remove_group(call, group_id)
    return go_to(GROUPS)


def _next(cursor: str | None) -> str | None:
    return f"cursor={cursor}" if cursor else None
