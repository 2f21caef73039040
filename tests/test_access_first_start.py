"""The first start makes one administrator, once, with a password that nobody else has."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models import database
from models.access import Account, Role
from scheduler.access import Right
from scheduler.access.door import Attempt, log_in
from scheduler.access.first_start import LOGIN, first_administrator
from scheduler.access.roles import DEFAULT_ROLES
from scheduler.access.standing import standing_of
from tests.access import NOW, VAULT, an_account, at_once
from tests.records import DATABASES, fresh

STARTS = 5


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def start(engine: Engine) -> str | None:
    with database.writing(engine) as session:
        made = first_administrator(session)
        return made.one_time_password if made else None


def test_of_five_starts_at_once_one_makes_an_administrator(engine: Engine) -> None:
    passwords = [one for one in at_once(engine, start, STARTS) if one is not None]

    assert len(passwords) == 1
    assert start(engine) is None
    entry = log_in(engine, VAULT, Attempt(LOGIN, passwords[0], None, "192.0.2.1"), NOW)
    assert entry.pending == {"password", "second_factor"}
    with database.reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 1
        account = session.scalars(select(Account)).one()
        standing = standing_of(session, account.id)
        assert standing is not None
        assert (standing.role.everything, standing.group.everybody) == (True, True)
        names = set(session.scalars(select(Role.name).where(~Role.everything)))
    assert names == DEFAULT_ROLES.keys()
    assert standing.rights == frozenset(Right)


def test_no_two_installations_have_one_password(engine: Engine) -> None:
    with Session(engine) as session:
        first = first_administrator(session)
        session.rollback()
        second = first_administrator(session)

    assert first is not None
    assert second is not None
    assert first.one_time_password != second.one_time_password
    assert first.one_time_password not in repr(first)


def test_where_there_is_anybody_there_is_no_first_start(engine: Engine) -> None:
    with database.writing(engine) as session:
        an_account(session, deactivated_at=NOW)

    assert start(engine) is None
