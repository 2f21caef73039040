"""The first start: roles to begin with, and somebody who may do everything. Nothing has a default password."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.access import Account, AccountKind, Group, Role, RoleRight
from models.base import Base, new_id
from scheduler.access import passwords
from scheduler.access.accounts import Added
from scheduler.access.roles import DEFAULT_ROLES, SUPER_ADMINISTRATOR

LOGIN = "administrator"
EVERYBODY = "Everybody"


def first_administrator(session: Session) -> Added | None:
    """Where there is no account at all, make the first, with a password for one time; else nothing.

    Of several who start at once one makes it: the others wait for its rows, and find them there.
    """
    if session.scalar(select(Account.id).limit(1)) is not None:
        return None
    for name, rights in DEFAULT_ROLES.items():
        role_id = _made(session, Role, {"name": name})
        if role_id is not None:
            session.add_all(RoleRight(role_id=role_id, right=right.value) for right in rights)
            session.flush()
    _made(session, Role, {"name": SUPER_ADMINISTRATOR, "everything": True})
    _made(session, Group, {"name": EVERYBODY, "everybody": True})
    password = passwords.one_time()
    values = {
        "kind": AccountKind.USER,
        "login": LOGIN,
        "name": "Administrator",
        "role_id": session.scalars(select(Role.id).where(Role.everything)).first(),
        "group_id": session.scalars(select(Group.id).where(Group.everybody)).first(),
        "secret_hash": passwords.hashed(password),
        "secret_is_temporary": True,
    }
    account_id = _made(session, Account, values)
    return None if account_id is None else Added(account_id, password)


def _made(session: Session, table: type[Base], values: Mapping[str, object]) -> UUID | None:
    """The key of a new row; nothing where another has its name."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    new = insert(table).values(id=new_id(), **values).on_conflict_do_nothing()
    key: UUID | None = session.scalar(new.returning(table.__table__.c.id))
    return key
