"""Putting roles together. Whoever does it reaches everybody: a role is everywhere. Domain §8 [000 §2.1.8]."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.access import Account, Role, RoleRight
from scheduler.access.bounds import require_role
from scheduler.access.caller import Caller
from scheduler.access.denied import forbidden, refused
from scheduler.access.rights import EVERY_RIGHT, Right

SUPER_ADMINISTRATOR = "Super-administrator"

_EMPLOYER_CONTACT = frozenset(
    {
        Right.VIEW_ORGANISATION,
        Right.VIEW_EMPLOYEES,
        Right.VIEW_CASES,
        Right.VIEW_REQUESTS,
        Right.CREATE_REQUESTS,
        Right.WITHDRAW_REQUESTS,
        Right.VIEW_APPOINTMENTS,
        Right.APPOINT_DEPUTIES,
    }
)
_PRACTITIONER = frozenset(
    {
        Right.VIEW_ORGANISATION,
        Right.VIEW_EMPLOYEES,
        Right.VIEW_CASES,
        Right.VIEW_REQUESTS,
        Right.VIEW_APPOINTMENTS,
        Right.VIEW_AGENDA,
        Right.CREATE_REQUESTS,
        Right.PLACE_REQUESTS,
        Right.COMPLETE_APPOINTMENTS,
        Right.UNDO_COMPLETION,
        Right.CANCEL_APPOINTMENTS,
        Right.PROCESS_NO_SHOWS,
        Right.REPORT_AD_HOC,
        Right.DO_TASKS,
        Right.WRITE_PERFORMANCES,
        Right.MANAGE_ABSENCES,
        Right.APPOINT_DEPUTIES,
    }
)
_PLANNER = _PRACTITIONER | {
    Right.MANAGE_EMPLOYEES,
    Right.MANAGE_CASES,
    Right.APPROVE_REQUESTS,
    Right.WITHDRAW_REQUESTS,
    Right.PLAN_APPOINTMENTS,
    Right.PLAN_AUTOMATICALLY,
    Right.OVERRIDE_RULES,
    Right.DELETE_APPOINTMENTS,
    Right.MANAGE_AVAILABILITIES,
    Right.VIEW_EXCLUSIONS,
    Right.START_RUNS,
    Right.TAKE_BACK_RUNS,
    Right.IMPORT,
    Right.EXPORT,
}
_BILLING = frozenset(
    {
        Right.VIEW_ORGANISATION,
        Right.VIEW_EMPLOYEES,
        Right.VIEW_CASES,
        Right.VIEW_REQUESTS,
        Right.VIEW_APPOINTMENTS,
        Right.MARK_LAPSED,
        Right.WRITE_PERFORMANCES,
        Right.VIEW_BILLING,
        Right.MANAGE_AGREEMENTS,
        Right.INVOICE,
        Right.REIMBURSE,
        Right.EXPORT,
        Right.APPOINT_DEPUTIES,
    }
)
_INTEGRATOR = frozenset(
    {
        Right.VIEW_ORGANISATION,
        Right.MANAGE_ORGANISATION,
        Right.VIEW_EMPLOYEES,
        Right.MANAGE_EMPLOYEES,
        Right.VIEW_CASES,
        Right.MANAGE_CASES,
        Right.VIEW_REQUESTS,
        Right.CREATE_REQUESTS,
        Right.PLACE_REQUESTS,
        Right.WITHDRAW_REQUESTS,
        Right.VIEW_APPOINTMENTS,
        Right.PLAN_APPOINTMENTS,
        Right.CANCEL_APPOINTMENTS,
        Right.VIEW_AGENDA,
    }
)

DEFAULT_ROLES: Mapping[str, frozenset[Right]] = MappingProxyType(
    {
        "Planner": _PLANNER,
        "Practitioner": _PRACTITIONER,
        # another date than today's is for super-administrators only, by default [001]
        "Administrator": EVERY_RIGHT - {Right.CHANGE_FORMAL_REQUEST_DATE},
        "Employer contact": _EMPLOYER_CONTACT,
        "Billing": _BILLING,
        "Integrator": _INTEGRATOR,
    }
)
"""Made at first start, beside the super-administrator's; from then on whatever is made of them."""


def add_role(session: Session, caller: Caller, name: str, rights: Iterable[Right]) -> UUID:
    """A new role.

    Raises:
        ForbiddenError: the caller may not, or does not hold all of these rights.
        RefusedError: there is a role of that name.
    """
    given = _given(caller, rights)
    role = Role(name=name)
    try:
        with session.begin_nested():
            session.add(role)
    except IntegrityError as error:
        raise refused("name_taken") from error
    _write(session, role.id, given)
    return role.id


def change_role(session: Session, caller: Caller, role_id: UUID, rights: Iterable[Right]) -> None:
    """Other rights, for all who have the role, at once.

    Raises:
        ForbiddenError: the caller may not, or does not hold all rights before and after.
        RefusedError: it is the super-administrator's.
    """
    given = _given(caller, rights)
    role = require_role(session, caller, role_id)
    if role.everything:
        raise refused("super_administrators_stay")
    session.execute(delete(RoleRight).where(RoleRight.role_id == role.id))
    role.renew()
    _write(session, role.id, given)


def remove_role(session: Session, caller: Caller, role_id: UUID) -> None:
    """Take a role away that nobody has.

    Raises:
        ForbiddenError: the caller may not, or does not hold all of its rights.
        RefusedError: somebody has it.
    """
    _given(caller, ())
    role = require_role(session, caller, role_id)
    if session.scalar(select(Account.id).where(Account.role_id == role.id).limit(1)):
        raise refused("in_use")
    session.execute(delete(RoleRight).where(RoleRight.role_id == role.id))
    session.delete(role)
    session.flush()


def _given(caller: Caller, rights: Iterable[Right]) -> frozenset[Right]:
    caller.require_to_manage(Right.MANAGE_ROLES)
    caller.require_everybody()
    given = frozenset(rights)
    if not given <= caller.rights:
        raise forbidden("beyond_own_rights")
    return given


def _write(session: Session, role_id: UUID, rights: frozenset[Right]) -> None:
    session.add_all(RoleRight(role_id=role_id, right=right.value) for right in sorted(rights))
    session.flush()
