"""Who logs in at the demo: somebody of each role, and somebody who sees one employer only. Domain §8.

They have one password and one second factor between them, made anew for each demo: a demo that asked for an app and a
password for each of eight people would be left by the second. A service of one's own has nothing of the kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.access import Account, AccountKind, Group, GroupScope, Role, RoleRight
from models.base import new_id
from models.organisation import Employer
from models.people import Employment
from scheduler.access import Right, passwords, tokens, totp
from scheduler.access.first_start import first_administrator
from scheduler.access.vault import Vault, place

CASE_MANAGER = "Case manager"
CASE_MANAGERS = frozenset(
    {
        Right.VIEW_ORGANISATION,
        Right.VIEW_EMPLOYEES,
        Right.VIEW_CASES,
        Right.MANAGE_CASES,
        Right.VIEW_REQUESTS,
        Right.CREATE_REQUESTS,
        Right.WITHDRAW_REQUESTS,
        Right.VIEW_APPOINTMENTS,
        Right.VIEW_AGENDA,
        Right.DO_TASKS,
        Right.APPOINT_DEPUTIES,
    }
)
"""Asks, and does not place: what he asks waits for a planner's approval."""
PASSWORD_BYTES = 10
SUPER = "super"


@dataclass(frozen=True, slots=True)
class Post:
    """A log-in that there is to be. `one_employer`: sees those who work for one, and nobody else."""

    login: str
    role: str
    may: str
    one_employer: bool = False


POSTS = (
    Post("planner", "Planner", "plans, approves, moves, for everybody"),
    Post("planner-one", "Planner", "the same, for one employer only", one_employer=True),
    Post("casemanager", CASE_MANAGER, "asks for appointments; a planner approves"),
    Post("practitioner", "Practitioner", "completes, reports, enters absences"),
    Post("employer", "Employer contact", "asks for his own employees", one_employer=True),
    Post("billing", "Billing", "agreements, prices, performances"),
    Post("administrator", "Administrator", "everything but the formal request date"),
)


@dataclass(frozen=True, slots=True)
class Guests:
    """Those who can log in, by their log-ins, and how."""

    posts: tuple[Post, ...]
    accounts: Mapping[str, UUID]
    employer: str
    """Whom those see who see one only."""
    password: str = field(repr=False)
    codes: str = field(repr=False)
    """The secret of the second factor, from which the codes come."""


def welcome(session: Session, vault: Vault) -> Guests:
    """Make them, in a database without accounts."""
    added = first_administrator(session)
    if added is None:
        raise ValueError(
            "this database has accounts already: the demo is at home in one of its own"
        )
    password, codes = tokens.readable(PASSWORD_BYTES), totp.new_secret()
    secret_hash = passwords.hashed(password)
    _role(session, CASE_MANAGER, CASE_MANAGERS)
    employer = _largest_employer(session)
    everybody = session.scalars(select(Group.id).where(Group.everybody)).one()
    one = _group(session, employer)
    roles = {name: key for key, name in session.execute(select(Role.id, Role.name))}
    first = session.get_one(Account, added.account_id)
    accounts = {SUPER: first.id}
    for post in POSTS:
        group = one if post.one_employer else everybody
        made = Account(
            id=new_id(),
            kind=AccountKind.USER,
            login=post.login,
            name=post.role,
            role_id=roles[post.role],
            group_id=group,
            secret_hash=secret_hash,
            may_write_performances=True,
        )
        session.add(made)
        accounts[post.login] = made.id
    first.login, first.name = SUPER, "Super-administrator"
    first.secret_hash, first.secret_is_temporary = secret_hash, False
    session.flush()
    for key in accounts.values():
        account = session.get_one(Account, key)
        account.totp_secret = vault.seal(codes.encode(), place(Account.totp_secret, key))
    session.flush()
    posts = (*POSTS, Post(SUPER, "Super-administrator", "everything"))
    return Guests(posts, accounts, employer.name, password, codes)


def _role(session: Session, name: str, rights: frozenset[Right]) -> None:
    role = Role(id=new_id(), name=name)
    session.add(role)
    session.flush()
    session.add_all(RoleRight(role_id=role.id, right=right.value) for right in sorted(rights))
    session.flush()


def _group(session: Session, employer: Employer) -> UUID:
    group = Group(id=new_id(), name=employer.name, everybody=False)
    session.add(group)
    session.flush()
    session.add(GroupScope(group_id=group.id, employer_id=employer.id))
    session.flush()
    return group.id


def _largest_employer(session: Session) -> Employer:
    """Of whom there is most to see."""
    query = (
        select(Employment.employer_id)
        .group_by(Employment.employer_id)
        .order_by(func.count().desc(), Employment.employer_id)
    )
    return session.get_one(Employer, session.scalars(query.limit(1)).one())
