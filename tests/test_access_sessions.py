"""Tokens: nobody else's, not for ever, and worth what the account is worth now (T16)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from models import database
from models.access import Account, AccountKind, Device, NetworkFailures, RoleRight, Session
from models.base import new_id
from scheduler.access import Right, lockout
from scheduler.access.denied import ForbiddenError, NotFoundError, UnauthenticatedError
from scheduler.access.sessions import (
    IDLE,
    LONGEST,
    TOKEN_LASTS,
    Opened,
    identify,
    log_out,
    log_out_everywhere,
    open_session,
    sessions_of,
    touch,
)
from scheduler.access.sweeping import sweep
from tests.access import NOW, Person, a_role, an_account, calling, outcome
from tests.records import DATABASES, fresh

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def opened(engine: Engine, kind: AccountKind = AccountKind.USER) -> tuple[Person, Opened]:
    with database.writing(engine) as session:
        person = an_account(session, kind=kind)
        return person, open_session(session, session.get_one(Account, person.id), NOW)


def known(engine: Engine, token: str, now: object = NOW) -> str:
    with database.reading(engine) as session:
        return outcome(lambda: identify(session, token, now))  # type: ignore[arg-type]


def test_a_token_is_known_only_as_it_was_given(engine: Engine) -> None:
    _, session = opened(engine)

    assert known(engine, session.token) == "in"
    for altered in (session.token[:-1], session.token.swapcase(), "", "\x00", "\ud800", "x" * 9999):
        assert known(engine, altered) == "invalid_token"


def test_tokens_have_256_bits_and_are_nowhere_in_the_database(engine: Engine) -> None:
    _, session = opened(engine)

    assert len(session.token) * 6 >= 256
    with database.reading(engine) as reading:
        hashes = reading.scalars(select(Session.token_hash)).all()
    assert not any(session.token in stored for stored in hashes)


def test_who_does_nothing_for_half_an_hour_is_out(engine: Engine) -> None:
    _, session = opened(engine)

    assert known(engine, session.token, NOW + IDLE - SECOND) == "in"
    assert known(engine, session.token, NOW + IDLE) == "invalid_token"


def test_who_goes_on_stays_in_for_half_a_day(engine: Engine) -> None:
    _, session = opened(engine)
    now = NOW
    while now < NOW + LONGEST - IDLE / 2:
        now += IDLE / 2
        with database.writing(engine) as writing:
            assert identify(writing, session.token, now).touch_due
            touch(writing, session.session_id, now)
            assert not identify(writing, session.token, now + SECOND).touch_due

    assert known(engine, session.token, NOW + LONGEST - SECOND) == "in"
    assert known(engine, session.token, NOW + LONGEST) == "invalid_token"


def test_who_is_out_is_not_brought_back_by_a_touch(engine: Engine) -> None:
    _, session = opened(engine)

    with database.writing(engine) as writing:
        touch(writing, session.session_id, NOW + IDLE)

    assert known(engine, session.token, NOW + IDLE) == "invalid_token"


def test_a_programs_token_lasts_a_quarter_of_an_hour_used_or_not(engine: Engine) -> None:
    _, session = opened(engine, AccountKind.API)

    assert session.expires_at == NOW + TOKEN_LASTS
    with database.reading(engine) as reading:
        late = NOW + TOKEN_LASTS - SECOND
        assert not identify(reading, session.token, late).touch_due
    assert known(engine, session.token, NOW + TOKEN_LASTS) == "invalid_token"


def test_one_is_closed_or_all(engine: Engine) -> None:
    person, first = opened(engine)
    with database.writing(engine) as writing:
        second, third = (
            open_session(writing, writing.get_one(Account, person.id), NOW) for _ in range(2)
        )
        caller = identify(writing, first.token, NOW).caller
        log_out(writing, caller, second.session_id, NOW)
        assert [one.id for one in sessions_of(writing, caller, NOW)] == [
            first.session_id,
            third.session_id,
        ]

    assert [known(engine, one.token) for one in (first, second, third)] == [
        "in",
        "invalid_token",
        "in",
    ]
    with database.writing(engine) as writing:
        log_out_everywhere(writing, caller, NOW)
    assert [known(engine, one.token) for one in (first, second, third)] == ["invalid_token"] * 3


def test_nobody_closes_the_session_of_another(engine: Engine) -> None:
    _, theirs = opened(engine)
    person, _ = opened(engine)

    with database.writing(engine) as writing:
        caller = calling(writing, person.id)
        for key in (theirs.session_id, new_id()):
            with pytest.raises(NotFoundError):
                log_out(writing, caller, key, NOW)

    assert known(engine, theirs.token) == "in"


def test_a_deactivated_account_has_no_tokens(engine: Engine) -> None:
    person, session = opened(engine)
    with database.writing(engine) as writing:
        writing.get_one(Account, person.id).deactivated_at = NOW

    with database.reading(engine) as reading, pytest.raises(UnauthenticatedError):
        identify(reading, session.token, NOW)


def test_a_locked_one_keeps_those_it_has(engine: Engine) -> None:
    """Or anybody who knows a login could throw its user out."""
    person, session = opened(engine)
    with database.writing(engine) as writing:
        writing.get_one(Account, person.id).locked_at = NOW

    assert known(engine, session.token) == "in"


def test_rights_are_those_of_the_role_at_this_moment(engine: Engine) -> None:
    person, session = opened(engine)

    def rights() -> frozenset[Right]:
        with database.reading(engine) as reading:
            return identify(reading, session.token, NOW).caller.rights

    assert rights() == frozenset()
    with database.writing(engine) as writing:
        writing.add(RoleRight(role_id=person.role_id, right="view_employees"))
        writing.add(RoleRight(role_id=person.role_id, right="a_right_of_long_ago"))
    assert rights() == {Right.VIEW_EMPLOYEES}
    with database.writing(engine) as writing:
        role_id = a_role(writing, everything=True)
        writing.get_one(Account, person.id).role_id = role_id
    assert rights() == frozenset(Right)


def test_half_a_door_gives_no_right(engine: Engine) -> None:
    with database.writing(engine) as writing:
        role_id = a_role(writing, [Right.VIEW_EMPLOYEES])
        for pending in ({"totp_secret": None}, {"secret_is_temporary": True}):
            caller = calling(writing, an_account(writing, role_id=role_id, **pending).id)
            assert not caller.may(Right.VIEW_EMPLOYEES)
            with pytest.raises(ForbiddenError, match="log_in_unfinished"):
                caller.require(Right.VIEW_EMPLOYEES)
        caller = calling(writing, an_account(writing, role_id=role_id).id)

    caller.require(Right.VIEW_EMPLOYEES)
    with pytest.raises(ForbiddenError, match="right_missing"):
        caller.require(Right.MANAGE_EMPLOYEES)


def test_what_is_over_for_long_is_swept_away(engine: Engine) -> None:
    person, _ = opened(engine)
    year = NOW + timedelta(days=365)
    with database.writing(engine) as writing:
        recent = open_session(writing, writing.get_one(Account, person.id), year)
        writing.add(Device(account_id=person.id, token_hash=new_id().hex, used_at=NOW))
        lockout.count_for_network(writing, new_id().hex, NOW)
        sweep(writing, year)

    with database.reading(engine) as reading:
        left = reading.scalars(select(Session.id).where(Session.account_id == person.id)).all()
        assert left == [recent.session_id]
        for table in (Device, NetworkFailures):
            assert reading.scalar(select(func.count()).select_from(table)) == 0
