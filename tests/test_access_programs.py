"""Programs: by their own door, and for users never more than either of the two may (P12, T13-T16)."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import Engine, insert, update

from models import database
from models.access import Account, AccountKind, Role, RoleRight
from models.base import new_id
from scheduler.access import (
    Caller,
    Right,
    accounts,
    deputies,
    groups,
    lockout,
    own,
    programs,
    roles,
    second_factor,
)
from scheduler.access.accounts import NewAccount
from scheduler.access.api_door import Credentials, impersonate, issue_token
from scheduler.access.denied import ForbiddenError
from scheduler.access.deputies import Appointing
from scheduler.access.groups import Reach
from scheduler.access.sessions import TOKEN_LASTS, Opened, identify, revoke_all
from scheduler.actor import Actor
from tests.access import (
    CLIENTS,
    NOW,
    VAULT,
    Person,
    a_group,
    a_role,
    a_super_administrator,
    account,
    an_account,
    at_once,
    calling,
    outcome,
    topics,
)
from tests.records import DATABASES, fresh

LATER = NOW + timedelta(minutes=1)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def a_program(engine: Engine, **changes: Any) -> Person:
    with database.writing(engine) as session:
        return an_account(session, kind=AccountKind.API, **changes)


def credentials(program: Person, now: Any = NOW, **changes: Any) -> Credentials:
    plain = {
        "client_id": program.login,
        "client_secret": program.secret + program.code(now),
        "network": new_id().hex,
    }
    return Credentials(**(plain | changes))


def ask(engine: Engine, given: Credentials, now: Any = NOW) -> str:
    return outcome(lambda: issue_token(engine, VAULT, given, now))


# --- The door ------------------------------------------------------------------------------------------


def test_a_program_gets_in_with_the_code_after_its_secret(engine: Engine) -> None:
    program = a_program(engine)

    token = issue_token(engine, VAULT, credentials(program), NOW)

    assert token.expires_at == NOW + TOKEN_LASTS
    with database.reading(engine) as session:
        assert identify(session, token.token, NOW).caller.actor == Actor(program.id)


def test_whatever_is_wrong_the_answer_is_the_same(engine: Engine) -> None:
    program, user = a_program(engine), a_program(engine)
    with database.writing(engine) as session:
        user = an_account(session)
    wrong = [
        credentials(program, client_id="nobody"),
        credentials(program, client_id="\x00"),
        credentials(program, client_secret=program.secret),
        credentials(program, client_secret=program.code(NOW)),
        credentials(program, client_secret=""),
        credentials(program, client_secret="\ud800" * 50),
        credentials(program, client_secret="wrong" + program.code(NOW)),
        credentials(program, client_secret=program.secret + "000000"),
        credentials(user),
        credentials(a_program(engine, locked_at=NOW)),
        credentials(a_program(engine, deactivated_at=NOW)),
    ]

    assert {ask(engine, given) for given in wrong} == {"invalid_credentials"}


def test_of_fifty_who_use_one_code_at_once_one_gets_a_token(engine: Engine) -> None:
    program = a_program(engine)

    found = at_once(engine, lambda own_engine: ask(own_engine, credentials(program)))

    assert Counter(found) == {"in": 1, "invalid_credentials": CLIENTS - 1}
    assert ask(engine, credentials(program, LATER), LATER) == "in"  # and nobody was locked out


def test_who_knows_the_name_cannot_stop_it_and_who_knows_the_secret_cannot_guess(
    engine: Engine,
) -> None:
    program = a_program(engine)
    for _ in range(lockout.TRIES * 2):
        ask(engine, credentials(program, client_secret="wrong" + program.code(NOW)))
    assert ask(engine, credentials(program)) == "in"

    for _ in range(lockout.TRIES):
        ask(engine, credentials(program, client_secret=program.secret + "000000"))
    assert ask(engine, credentials(program, LATER), LATER) == "invalid_credentials"
    with database.reading(engine) as session:
        assert topics(session, program.id) == ["AccountLocked"]


def test_a_network_that_guessed_too_much_waits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockout, "TRIES_OF_A_NETWORK", 3)
    program, network = a_program(engine), new_id().hex
    given = [
        credentials(program, client_secret="wrong", network=network),  # noqa: S106 (a wrong one)
        credentials(program, network=network),
    ]

    assert [ask(engine, given[0]) for _ in range(3)] == ["invalid_credentials"] * 3
    assert ask(engine, given[1]) == "too_many_attempts"


def test_a_program_is_added_with_its_secrets_and_gets_new_ones(engine: Engine) -> None:
    def works(secrets: programs.Secrets, now: Any) -> str:
        code = pyotp.TOTP(secrets.totp_secret).at(now)
        given = Credentials(login, secrets.client_secret + code, new_id().hex)
        return ask(engine, given, now)

    login = f"integration-{new_id().hex}"
    with database.writing(engine) as session:
        administrator = calling(session, a_super_administrator(session).id)
        new = NewAccount(login, "Integration 1", a_role(session), a_group(session))
        first = programs.add_program(session, VAULT, administrator, new)
    assert works(first, NOW) == "in"

    with database.writing(engine) as session:
        second = programs.renew_secrets(session, VAULT, administrator, first.account_id, NOW)

    assert [works(first, LATER), works(second, LATER)] == ["invalid_credentials", "in"]
    assert first.client_secret not in account(engine, first.account_id).secret_hash


# --- For a user -----------------------------------------------------------------------------------------


def granted(engine: Engine, **of_user: Any) -> tuple[Person, Person, Caller]:
    """A user, a program that may act for him, and that program as a caller."""
    with database.writing(engine) as session:
        user = an_account(session, **of_user)
        program = an_account(session, kind=AccountKind.API, impersonates_id=user.group_id)
        return user, program, calling(session, program.id)


def acting(engine: Engine, caller: Caller, login: str) -> Opened:
    with database.writing(engine) as session:
        return impersonate(session, caller, login, NOW)


def test_both_are_named_in_whatever_is_done(engine: Engine) -> None:
    user, program, caller = granted(engine)

    token = acting(engine, caller, user.login)

    assert token.expires_at == NOW + TOKEN_LASTS
    with database.reading(engine) as session:
        assert identify(session, token.token, NOW).caller.actor == Actor(program.id, user.id)


def test_of_a_thousand_random_sets_of_rights_it_has_what_both_hold(engine: Engine) -> None:
    user, program, caller = granted(engine)
    token, chance, every = acting(engine, caller, user.login).token, random.Random(5), list(Right)
    sets = [
        frozenset(chance.sample(every, chance.randint(0, len(every)))) for _ in range(2 * 1_000)
    ]
    keys = [new_id() for _ in sets]
    rows = [
        {"role_id": key, "right": right.value}
        for key, rights in zip(keys, sets, strict=True)
        for right in rights
    ]

    with database.writing(engine) as session:
        session.execute(insert(Role), [{"id": key, "name": key.hex} for key in keys])
        session.execute(insert(RoleRight), rows)
        for number in range(0, len(sets), 2):
            for person, role_id in zip((user, program), keys[number : number + 2], strict=True):
                session.execute(
                    update(Account).where(Account.id == person.id).values(role_id=role_id)
                )
            found = identify(session, token, NOW).caller
            assert found.rights == sets[number] & sets[number + 1]


def test_it_reaches_what_both_reach(engine: Engine) -> None:
    user, program, caller = granted(engine)
    token = acting(engine, caller, user.login).token

    with database.writing(engine) as session:
        scope = identify(session, token, NOW).caller.scope
        assert scope.groups == {user.group_id, program.group_id}
        session.get_one(Account, program.id).group_id = a_group(session, everybody=True)
        session.flush()
        scope = identify(session, token, NOW).caller.scope
        assert scope.groups == {user.group_id}


Change = Callable[[Any, Person, Person], None]


def another_group(session: Any, user: Person, _: Person) -> None:
    session.get_one(Account, user.id).group_id = a_group(session)


def super_administrator(session: Any, user: Person, _: Person) -> None:
    session.get_one(Account, user.id).role_id = a_role(session, everything=True)


def user_deactivated(session: Any, user: Person, _: Person) -> None:
    session.get_one(Account, user.id).deactivated_at = NOW


def withdrawn(session: Any, _: Person, program: Person) -> None:
    session.get_one(Account, program.id).impersonates_id = None


FORBIDDING = [another_group, super_administrator, user_deactivated, withdrawn]


@pytest.mark.parametrize("change", FORBIDDING)
def test_what_may_not_be_is_refused_before_and_after(engine: Engine, change: Change) -> None:
    user, program, caller = granted(engine)
    token = acting(engine, caller, user.login).token
    with database.writing(engine) as session:
        assert identify(session, token, NOW).caller.on_behalf_of_id == user.id
        change(session, user, program)

    with database.reading(engine) as session, pytest.raises(ForbiddenError) as refused:
        identify(session, token, NOW)
    assert str(refused.value) == "impersonation_not_allowed"
    assert outcome(lambda: acting(engine, caller, user.login)) == "impersonation_not_allowed"


def test_nobody_else_is_acted_for_and_nothing_is_learnt_of_him(engine: Engine) -> None:
    user, program, caller = granted(engine)
    other, others_program, _ = granted(engine)
    with database.writing(engine) as session:
        person = calling(session, user.id)
        same_group = an_account(session, kind=AccountKind.API, group_id=user.group_id)
    chained = acting(engine, caller, user.login)
    with database.reading(engine) as session:
        acts = identify(session, chained.token, NOW).caller

    refused = [
        (caller, other.login),
        (caller, "nobody"),
        (caller, "\x00"),
        (caller, others_program.login),
        (caller, program.login),
        (caller, same_group.login),  # a program is no user
        (acts, user.login),  # a chain
        (person, user.login),  # a user is no program
    ]

    for who, login in refused:
        found = outcome(lambda who=who, login=login: acting(engine, who, login))  # type: ignore[misc]
        assert found == "impersonation_not_allowed"


def test_its_token_ends_with_the_programs(engine: Engine) -> None:
    user, program, caller = granted(engine)

    for whose in (user, program):
        token = acting(engine, caller, user.login).token
        with database.writing(engine) as session:
            revoke_all(session, whose.id, NOW)
            assert outcome(lambda t=token, s=session: identify(s, t, NOW)) == "invalid_token"  # type: ignore[misc]


KEY = new_id()
NEW = NewAccount("somebody", "Somebody", KEY, KEY)
PERIOD = Appointing(KEY, new_id(), date(2027, 3, 1), date(2027, 3, 8))

UNDER_OWN_NAME: dict[str, Callable[[Any, Caller], object]] = {
    "own password": lambda s, who: own.change_own_password(s, who, "eleven tractors", NOW),
    "own address": lambda s, who: own.change_own_address(s, who, "x@arbo.test", NOW),
    "second factor": lambda s, who: second_factor.offer(s, VAULT, who, NOW),
    "confirming it": lambda s, who: second_factor.confirm(s, VAULT, who, "1", NOW),
    "back-up codes": lambda s, who: second_factor.renew_backup_codes(s, who, NOW),
    "adding a user": lambda s, who: accounts.add_user(s, who, NEW),
    "assigning": lambda s, who: accounts.assign(s, who, KEY, KEY, KEY),
    "deactivating": lambda s, who: accounts.deactivate(s, who, KEY, NOW),
    "reactivating": lambda s, who: accounts.reactivate(s, who, KEY),
    "unlocking": lambda s, who: accounts.unlock(s, who, KEY),
    "another's password": lambda s, who: accounts.reset_password(s, who, KEY, NOW),
    "another's factor": lambda s, who: accounts.reset_second_factor(s, who, KEY, NOW),
    "another's address": lambda s, who: accounts.change_address(s, who, KEY, None, NOW),
    "adding a program": lambda s, who: programs.add_program(s, VAULT, who, NEW),
    "secrets": lambda s, who: programs.renew_secrets(s, VAULT, who, KEY, NOW),
    "impersonation": lambda s, who: programs.grant_impersonation(s, who, KEY, None),
    "adding a role": lambda s, who: roles.add_role(s, who, "x", ()),
    "rights": lambda s, who: roles.change_role(s, who, KEY, ()),
    "removing a role": lambda s, who: roles.remove_role(s, who, KEY),
    "adding a group": lambda s, who: groups.add_group(s, who, "x", Reach()),
    "reach": lambda s, who: groups.change_group(s, who, KEY, Reach()),
    "removing a group": lambda s, who: groups.remove_group(s, who, KEY),
    "deputies": lambda s, who: deputies.appoint(s, who, PERIOD, NOW),
    "acting for a third": lambda s, who: deputies.act_for(s, who, KEY, NOW),
}


@pytest.mark.parametrize("act", UNDER_OWN_NAME.values(), ids=UNDER_OWN_NAME)
def test_secrets_and_rights_are_not_changed_for_another(
    engine: Engine, act: Callable[[Any, Caller], object]
) -> None:
    with database.writing(engine) as session:
        everything = {
            "role_id": a_role(session, Right),
            "group_id": a_group(session, everybody=True),
        }
    user, program, caller = granted(engine, **everything)
    with database.writing(engine) as session:
        session.get_one(Account, program.id).role_id = everything["role_id"]
    token = acting(engine, caller, user.login).token

    with database.writing(engine) as session:
        acts = identify(session, token, NOW).caller
        assert acts.rights == frozenset(Right)
        with pytest.raises(ForbiddenError) as refused:
            act(session, acts)
    assert str(refused.value) == "not_under_impersonation"
