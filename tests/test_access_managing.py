"""Nobody gives more than he has, or manages whoever has more; and a super-administrator is always left."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from models import database
from models.access import Account, AccountKind, Group, Role
from models.base import new_id
from scheduler.access import (
    Caller,
    Right,
    Scope,
    accounts,
    bounds,
    groups,
    operator,
    programs,
    roles,
)
from scheduler.access.accounts import NewAccount
from scheduler.access.denied import ForbiddenError, NotFoundError
from scheduler.access.door import Attempt, log_in
from scheduler.access.groups import Reach
from scheduler.access.rights import EVERY_RIGHT
from scheduler.access.scope import today
from scheduler.refusals import RefusedError
from tests.access import (
    NOW,
    VAULT,
    Person,
    a_group,
    a_role,
    a_super_administrator,
    an_account,
    at_once,
    calling,
    outcome,
    topics,
    with_rights,
)
from tests.records import DATABASES, add, fresh

USERS = (Right.MANAGE_USERS, Right.MANAGE_API_ACCOUNTS)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with database.writing(engine) as session:
        yield session


def new(session: Session, **changes: Any) -> NewAccount:
    plain = {"login": new_id().hex, "name": "Somebody 2"}
    if "role_id" not in changes:
        changes["role_id"] = a_role(session)
    if "group_id" not in changes:
        changes["group_id"] = a_group(session)
    return NewAccount(**(plain | changes))


# --- Adding ------------------------------------------------------------------------------------------


def test_a_new_user_logs_in_once_by_what_was_handed_over(engine: Engine) -> None:
    with database.writing(engine) as session:
        caller = with_rights(session, *USERS)
        made = accounts.add_user(session, caller, new(session, login="Planner.Two@arbo.test "))

    attempt = Attempt("planner.two@arbo.test", made.one_time_password, None, new_id().hex)
    entry = log_in(engine, VAULT, attempt, NOW)
    assert entry.pending == {"password", "second_factor"}
    assert made.one_time_password not in repr(made)


def test_no_two_have_one_login(session: Session) -> None:
    caller = with_rights(session, *USERS)
    first = new(session)
    accounts.add_user(session, caller, first)

    again = new(session, login=first.login.upper())

    assert outcome(lambda: accounts.add_user(session, caller, again)) == "login_taken"
    assert outcome(lambda: programs.add_program(session, VAULT, caller, again)) == "login_taken"


@pytest.mark.parametrize("login", ["", " ", "a b", "jos\u00e9", "раул", "x" * 101, "a\x00", ".dot"])
def test_a_login_is_plain(session: Session, login: str) -> None:
    caller = with_rights(session, *USERS)
    wrong = new(session, login=login)

    assert outcome(lambda: accounts.add_user(session, caller, wrong)) == "login_malformed"


def test_users_and_programs_are_managed_by_rights_of_their_own(session: Session) -> None:
    of_users, of_programs = (with_rights(session, right) for right in USERS)
    wish = new(session)

    accounts.add_user(session, of_users, wish)
    programs.add_program(session, VAULT, of_programs, new(session))
    assert outcome(lambda: accounts.add_user(session, of_programs, wish)) == "right_missing"
    assert outcome(lambda: programs.add_program(session, VAULT, of_users, wish)) == "right_missing"


# --- Not more than one's own -------------------------------------------------------------------------------


def test_nobody_gives_a_role_that_may_more(session: Session) -> None:
    caller = with_rights(session, Right.MANAGE_USERS, Right.VIEW_EMPLOYEES)
    less, more, everything = (
        a_role(session, [Right.VIEW_EMPLOYEES]),
        a_role(session, [Right.VIEW_AUDIT]),
        a_role(session, everything=True),
    )

    made = accounts.add_user(session, caller, new(session, role_id=less))
    for role_id in (more, everything):
        wish = new(session, role_id=role_id)
        given = [
            lambda wish=wish: accounts.add_user(session, caller, wish),
            lambda wish=wish: accounts.assign(
                session, caller, made.account_id, wish.role_id, wish.group_id
            ),
        ]
        assert [outcome(act) for act in given] == ["beyond_own_rights"] * 2


def test_who_holds_all_rights_there_are_is_no_super_administrator_yet(session: Session) -> None:
    caller = with_rights(session, *Right)
    wish = new(session, role_id=a_role(session, everything=True))
    above = a_super_administrator(session)

    assert outcome(lambda: accounts.add_user(session, caller, wish)) == "beyond_own_rights"
    reset = outcome(lambda: accounts.reset_password(session, caller, above.id, NOW))
    assert reset == "beyond_own_rights"


def test_nobody_gives_a_group_that_reaches_further(session: Session) -> None:
    connection = session.connection()
    mine, other = (add(connection, "employers") for _ in range(2))
    department = add(connection, "departments", employer_id=mine)
    caller = with_rights(session, *USERS, group_id=a_group(session, employer_id=mine))

    accounts.add_user(session, caller, new(session, group_id=caller_group(session, caller)))
    within = a_group(session, department_id=department)
    accounts.add_user(session, caller, new(session, group_id=within))
    for beyond in (a_group(session, employer_id=other), a_group(session, everybody=True)):
        wish = new(session, group_id=beyond)
        with pytest.raises(NotFoundError):
            accounts.add_user(session, caller, wish)


def caller_group(session: Session, caller: Caller) -> UUID:
    return session.get_one(Account, caller.account_id).group_id


MANAGING: dict[str, Callable[[Session, Caller, UUID], object]] = {
    "assign": lambda s, who, key: accounts.assign(s, who, key, a_role(s), a_group(s)),
    "deactivate": lambda s, who, key: accounts.deactivate(s, who, key, NOW),
    "reactivate": accounts.reactivate,
    "unlock": accounts.unlock,
    "password": lambda s, who, key: accounts.reset_password(s, who, key, NOW),
    "factor": lambda s, who, key: accounts.reset_second_factor(s, who, key, NOW),
    "address": lambda s, who, key: accounts.change_address(s, who, key, "x@arbo.test", NOW),
}


@pytest.mark.parametrize("act", MANAGING.values(), ids=MANAGING)
def test_nobody_manages_whoever_may_more_or_is_elsewhere(
    session: Session, act: Callable[[Session, Caller, UUID], object]
) -> None:
    mine, other = (add(session.connection(), "employers") for _ in range(2))
    group_id = a_group(session, employer_id=mine)
    caller = with_rights(session, Right.MANAGE_USERS, group_id=group_id)
    more = an_account(session, group_id=group_id, role_id=a_role(session, [Right.VIEW_AUDIT]))
    elsewhere = an_account(session, group_id=a_group(session, employer_id=other))
    program = an_account(session, group_id=group_id, kind=AccountKind.API)
    theirs = an_account(session, group_id=group_id)

    act(session, caller, theirs.id)
    found = {
        name: outcome(lambda key=key: act(session, caller, key))  # type: ignore[misc]
        for name, key in (
            ("more", more.id),
            ("elsewhere", elsewhere.id),
            ("unknown", new_id()),
            ("program", program.id),
        )
    }
    assert found == {
        "more": "beyond_own_rights",
        "elsewhere": "not_found",
        "unknown": "not_found",
        "program": "right_missing",
    }
    without = with_rights(session, Right.MANAGE_ROLES, group_id=group_id)
    assert outcome(lambda: act(session, without, theirs.id)) == "right_missing"


def test_a_program_acts_for_no_group_beyond_its_administrators(session: Session) -> None:
    mine, other = (add(session.connection(), "employers") for _ in range(2))
    group_id = a_group(session, employer_id=mine)
    caller = with_rights(session, *USERS, group_id=group_id)
    program = an_account(session, kind=AccountKind.API, group_id=group_id)
    user = an_account(session, group_id=group_id)

    programs.grant_impersonation(session, caller, program.id, group_id)
    beyond = a_group(session, employer_id=other)
    with pytest.raises(NotFoundError):
        programs.grant_impersonation(session, caller, program.id, beyond)
    with pytest.raises(RefusedError, match="not_a_user"):
        programs.grant_impersonation(session, caller, user.id, group_id)
    assert session.get_one(Account, program.id).impersonates_id == group_id


# --- Roles -------------------------------------------------------------------------------------------


def test_a_role_is_put_together_of_rights_that_one_holds(session: Session) -> None:
    caller = with_rights(session, Right.MANAGE_ROLES, Right.VIEW_EMPLOYEES)
    name = new_id().hex
    role_id = roles.add_role(session, caller, name, [Right.VIEW_EMPLOYEES])
    who = an_account(session, role_id=role_id)

    assert calling(session, who.id).rights == {Right.VIEW_EMPLOYEES}
    roles.change_role(session, caller, role_id, [])
    assert calling(session, who.id).rights == frozenset()

    more = a_role(session, [Right.VIEW_AUDIT])
    for act, code in (
        (lambda: roles.add_role(session, caller, name, ()), "name_taken"),
        (lambda: roles.add_role(session, caller, "x", [Right.VIEW_AUDIT]), "beyond_own_rights"),
        (
            lambda: roles.change_role(session, caller, role_id, [Right.VIEW_AUDIT]),
            "beyond_own_rights",
        ),
        (lambda: roles.change_role(session, caller, more, ()), "beyond_own_rights"),
        (lambda: roles.remove_role(session, caller, more), "beyond_own_rights"),
        (lambda: roles.remove_role(session, caller, role_id), "in_use"),
        (lambda: roles.remove_role(session, caller, new_id()), "not_found"),
    ):
        assert outcome(act) == code


def test_nobody_gives_himself_a_right_by_changing_his_role(session: Session) -> None:
    caller = with_rights(session, Right.MANAGE_ROLES)
    own_role = session.get_one(Account, caller.account_id).role_id

    with pytest.raises(ForbiddenError, match="beyond_own_rights"):
        roles.change_role(session, caller, own_role, [Right.MANAGE_ROLES, Right.VIEW_AUDIT])


def test_roles_are_for_whoever_reaches_everybody(session: Session) -> None:
    caller = with_rights(session, Right.MANAGE_ROLES, group_id=a_group(session))

    with pytest.raises(ForbiddenError, match="beyond_own_part"):
        roles.add_role(session, caller, new_id().hex, ())


def test_the_role_that_is_everything_stays_so(session: Session) -> None:
    caller = calling(session, a_super_administrator(session).id)
    own_role = session.get_one(Account, caller.account_id).role_id

    with pytest.raises(RefusedError, match="super_administrators_stay"):
        roles.change_role(session, caller, own_role, [Right.VIEW_AUDIT])
    with pytest.raises(RefusedError, match="super_administrators_stay"):
        groups.change_group(session, caller, caller_group(session, caller), Reach())


def test_the_catalogue_says_of_each_right_what_it_is() -> None:
    assert len({right.sentence for right in Right}) == len(Right)
    assert all(right == right.value == right.name.lower() for right in Right)


def test_the_roles_to_begin_with_are_as_the_domain_says() -> None:
    default = roles.DEFAULT_ROLES

    for name, rights in default.items():
        assert rights <= EVERY_RIGHT
        assert Right.CHANGE_FORMAL_REQUEST_DATE not in rights, name  # [001]
    assert Right.PLACE_REQUESTS not in default["Employer contact"]
    assert Right.CREATE_REQUESTS in default["Employer contact"]
    managing = {right for right in Right if right.value.startswith("manage_users")}
    assert {name for name in default if default[name] & managing} == {"Administrator"}


# --- Groups ------------------------------------------------------------------------------------------


def test_a_group_reaches_no_further_than_whoever_makes_it(session: Session) -> None:
    connection = session.connection()
    mine, other = (add(connection, "employers") for _ in range(2))
    top, others = (add(connection, "departments", employer_id=one) for one in (mine, other))
    below = add(connection, "departments", employer_id=mine, parent_id=top)
    employee = add(connection, "employees")
    own_group = a_group(session, department_id=top)
    caller = with_rights(session, Right.MANAGE_GROUPS, group_id=own_group)
    name = new_id().hex

    group_id = groups.add_group(session, caller, name, Reach(departments=frozenset({top, below})))
    groups.change_group(session, caller, group_id, Reach(departments=frozenset({below})))

    for reach in (
        Reach(employers=frozenset({mine})),
        Reach(employers=frozenset({new_id()})),
        Reach(departments=frozenset({below, others})),
        Reach(employees=frozenset({employee})),
    ):
        for key in (group_id, own_group):  # not even by widening his own
            with pytest.raises(ForbiddenError, match="beyond_own_part"):
                groups.change_group(session, caller, key, reach)
        with pytest.raises(ForbiddenError, match="beyond_own_part"):
            groups.add_group(session, caller, new_id().hex, reach)
    with pytest.raises(RefusedError, match="name_taken"):
        groups.add_group(session, caller, name, Reach())
    with pytest.raises(NotFoundError):
        groups.change_group(session, caller, a_group(session, employer_id=other), Reach())


def test_an_employee_is_named_by_whoever_reaches_all_that_is_asked_for_him(
    session: Session,
) -> None:
    employee = add(session.connection(), "employees")
    reach = Reach(employees=frozenset({employee}))
    named = with_rights(
        session, Right.MANAGE_GROUPS, group_id=a_group(session, employee_id=employee)
    )

    for caller in (named, with_rights(session, Right.MANAGE_GROUPS)):
        groups.add_group(session, caller, new_id().hex, reach)


def test_a_group_is_removed_once_it_is_empty(session: Session) -> None:
    caller = with_rights(session, Right.MANAGE_GROUPS)
    group_id, granted = a_group(session), a_group(session)
    an_account(session, group_id=group_id)
    an_account(session, kind=AccountKind.API, impersonates_id=granted)
    empty = a_group(session, employer_id=add(session.connection(), "employers"))

    for used in (group_id, granted):
        with pytest.raises(RefusedError, match="in_use"):
            groups.remove_group(session, caller, used)
    groups.remove_group(session, caller, empty)
    assert session.get(Group, empty) is None


# --- The last one --------------------------------------------------------------------------------------


@pytest.fixture
def two(engine: Engine) -> tuple[Person, Person]:
    """The only two super-administrators."""
    with database.writing(engine) as session:
        session.execute(update(Role).values(everything=False))
        one, other = a_super_administrator(session), a_super_administrator(session)
        # by right and by reach, each by itself, is not enough
        an_account(session, role_id=one.role_id)
        an_account(session, group_id=one.group_id)
        an_account(session, role_id=one.role_id, group_id=one.group_id, deactivated_at=NOW)
        return one, other


REMOVING: dict[str, Callable[[Session, Caller, UUID], object]] = {
    name: MANAGING[name] for name in ("assign", "deactivate")
}


@pytest.mark.parametrize("remove", REMOVING.values(), ids=REMOVING)
def test_the_last_super_administrator_stays_one(
    engine: Engine, two: tuple[Person, Person], remove: Callable[[Session, Caller, UUID], object]
) -> None:
    one, other = two
    with database.writing(engine) as session:
        remove(session, calling(session, one.id), other.id)

    with database.writing(engine) as session:
        alone = calling(session, one.id)
        with pytest.raises(RefusedError, match="last_super_administrator"):
            remove(session, alone, one.id)


def removed_by_each_other(engine: Engine, two: tuple[Person, Person]) -> tuple[Counter[str], int]:
    """Both do it at once; what became of it, and how many are left."""
    with database.writing(engine) as session:
        callers = [calling(session, person.id) for person in two]
    turns = iter([(callers[0], two[1].id), (callers[1], two[0].id)])

    def remove(own: Engine) -> str:
        caller, key = next(turns)

        def act() -> None:
            with database.writing(own) as session:
                accounts.deactivate(session, caller, key, NOW)

        return outcome(act)

    found = Counter(at_once(engine, remove, clients=2))
    with database.reading(engine) as session:
        keys = [person.id for person in two]
        left = session.scalar(
            select(func.count()).where(Account.id.in_(keys), Account.deactivated_at.is_(None))
        )
    return found, left or 0


def test_of_two_who_remove_each_other_one_is_left(
    engine: Engine, two: tuple[Person, Person]
) -> None:
    found, left = removed_by_each_other(engine, two)

    assert (found, left) == (Counter({"in": 1, "last_super_administrator": 1}), 1)


def test_control_where_nobody_counts_none_is_left(
    engine: Engine, two: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "keep_one_super_administrator", lambda _: None)

    _, left = removed_by_each_other(engine, two)

    assert left == 0


# --- Heard of --------------------------------------------------------------------------------------------


def test_of_each_change_of_a_secret_or_address_its_owner_hears(session: Session) -> None:
    caller = operator(NOW)
    person = an_account(session)
    program = an_account(session, kind=AccountKind.API)

    accounts.reset_password(session, caller, person.id, NOW)
    accounts.reset_second_factor(session, caller, person.id, NOW)
    accounts.change_address(session, caller, person.id, "new@arbo.test", NOW)
    accounts.unlock(session, caller, person.id)
    programs.renew_secrets(session, VAULT, caller, program.id, NOW)

    assert topics(session, person.id) == [
        "AccountPasswordChanged",
        "AccountPasswordChanged",
        "AccountSecondFactorChanged",
        "AccountAddressChanged",
    ]
    assert topics(session, program.id) == ["AccountSecondFactorChanged"]


def test_whoever_has_the_machine_has_every_right_for_everybody() -> None:
    caller = operator(NOW)

    assert caller.scope == Scope(frozenset(), today(NOW), everybody=True)
    assert all(caller.may(right) for right in Right)
    assert caller.everything
    assert bounds.MANAGING.keys() == set(AccountKind)
