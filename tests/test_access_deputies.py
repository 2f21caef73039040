"""A deputy acts for a user in a period: as the user, under both names, and not to become him. Domain §8 [003]."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models import database
from models.access import Account, AccountKind
from models.base import new_id
from scheduler.access import Caller, Right
from scheduler.access.denied import ForbiddenError, NotFoundError, UnauthenticatedError
from scheduler.access.deputies import Appointing, act_for, appoint, deputyships, dismiss
from scheduler.access.scope import today
from scheduler.access.sessions import identify
from scheduler.actor import Actor
from scheduler.refusals import RefusedError
from tests.access import (
    NOW,
    Person,
    a_group,
    a_role,
    a_super_administrator,
    an_account,
    calling,
    codes_of,
    with_rights,
)
from tests.records import DATABASES, fresh

TODAY = today(NOW)
DAY = timedelta(days=1)
RIGHTS = (Right.APPOINT_DEPUTIES, Right.VIEW_EMPLOYEES)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with database.writing(engine) as session:
        yield session


def away(session: Session) -> Caller:
    """Somebody who will be."""
    return with_rights(session, *RIGHTS, group_id=a_group(session))


def period(user: Any, deputy: Any, **changes: Any) -> Appointing:
    plain = {"account_id": user, "deputy_id": deputy, "from_day": TODAY, "until_day": TODAY + DAY}
    return Appointing(**(plain | changes))


def standing_in(session: Session, user: Caller, **changes: Any) -> tuple[Person, Caller]:
    deputy = an_account(session)
    appoint(session, user, period(user.account_id, deputy.id, **changes), NOW)
    return deputy, calling(session, deputy.id)


def test_a_deputy_may_what_the_user_may_and_both_are_named(session: Session) -> None:
    user = away(session)
    deputy, caller = standing_in(session, user)
    assert user.account_id is not None
    opened = act_for(session, caller, user.account_id, NOW)

    acts = identify(session, opened.token, NOW).caller

    assert acts.actor == Actor(deputy.id, user.account_id)
    assert (acts.rights, acts.scope) == (user.rights, user.scope)
    assert caller.rights == frozenset()
    assert not acts.everything


def test_for_a_super_administrator_too_but_not_to_change_rights(session: Session) -> None:
    user = calling(session, a_super_administrator(session).id)
    _, caller = standing_in(session, user)
    assert user.account_id is not None

    acts = identify(session, act_for(session, caller, user.account_id, NOW).token, NOW).caller

    assert acts.rights == frozenset(Right)
    with pytest.raises(ForbiddenError, match="not_under_impersonation"):
        acts.require_to_manage(Right.MANAGE_ROLES)


@pytest.mark.parametrize(
    ("now", "is_deputy"),
    [
        (datetime(2027, 3, 9, 22, 59, tzinfo=UTC), False),
        (datetime(2027, 3, 9, 23, 0, tzinfo=UTC), True),  # midnight in the service's zone
        (datetime(2027, 3, 11, 22, 59, tzinfo=UTC), True),
        (datetime(2027, 3, 11, 23, 0, tzinfo=UTC), False),
    ],
)
def test_only_in_the_period(session: Session, now: datetime, is_deputy: bool) -> None:  # noqa: FBT001 (an expected answer)
    user = away(session)
    days = {"from_day": date(2027, 3, 10), "until_day": date(2027, 3, 12)}
    deputy, _ = standing_in(session, user, **days)
    caller = calling(session, deputy.id, now)
    assert user.account_id is not None

    if is_deputy:
        act_for(session, caller, user.account_id, now)
    else:
        with pytest.raises(ForbiddenError, match="no_deputy"):
            act_for(session, caller, user.account_id, now)


def test_past_the_period_or_dismissed_what_is_open_is_worth_nothing(session: Session) -> None:
    user = away(session)
    assert user.account_id is not None
    late = datetime(2027, 3, 1, 22, 50, tzinfo=UTC)
    deputy, _ = standing_in(session, user)
    token = act_for(session, calling(session, deputy.id, late), user.account_id, late).token
    identify(session, token, late)
    with pytest.raises(UnauthenticatedError):
        identify(session, token, late + timedelta(minutes=10))

    other, caller = standing_in(session, user)
    token = act_for(session, caller, user.account_id, NOW).token
    made = {one.deputy_id: one for one in deputyships(session, user, NOW)}
    assert made.keys() == {deputy.id, other.id}
    dismiss(session, user, made[other.id].id, NOW)
    with pytest.raises(UnauthenticatedError):
        identify(session, token, NOW)


def test_it_ends_with_the_deputys_own_session(session: Session) -> None:
    user = away(session)
    _, caller = standing_in(session, user)
    assert user.account_id is not None
    late = NOW + timedelta(hours=10)

    opened = act_for(session, caller, user.account_id, late)

    assert opened.expires_at == NOW + timedelta(hours=12)


def test_not_for_a_user_who_is_gone_nor_for_a_third_by_way_of_another(session: Session) -> None:
    first, second = away(session), away(session)
    deputy, caller = standing_in(session, first)
    assert first.account_id is not None
    assert second.account_id is not None
    appoint(session, second, period(second.account_id, first.account_id), NOW)
    acts = identify(session, act_for(session, caller, first.account_id, NOW).token, NOW).caller

    with pytest.raises(ForbiddenError, match="not_under_impersonation"):
        act_for(session, acts, second.account_id, NOW)
    with pytest.raises(ForbiddenError, match="no_deputy"):
        act_for(session, caller, second.account_id, NOW)
    session.get_one(Account, first.account_id).deactivated_at = NOW
    session.flush()
    with pytest.raises(ForbiddenError, match="no_deputy"):
        act_for(session, caller, first.account_id, NOW)
    assert deputy.id == caller.account_id


def test_an_administrator_appoints_for_those_whom_he_manages_only(session: Session) -> None:
    user, accomplice = an_account(session), an_account(session)
    above = a_super_administrator(session)
    administrator = with_rights(session, Right.MANAGE_USERS)

    made = appoint(session, administrator, period(user.id, accomplice.id), NOW)
    dismiss(session, administrator, made, NOW)
    with pytest.raises(ForbiddenError, match="beyond_own_rights"):
        appoint(session, administrator, period(above.id, administrator.account_id), NOW)
    with pytest.raises(ForbiddenError, match="right_missing"):
        appoint(session, with_rights(session, *RIGHTS), period(above.id, accomplice.id), NOW)


def test_who_may_not_appoint_or_is_not_certainly_he_does_not(session: Session) -> None:
    user, deputy = away(session), an_account(session)
    without = calling(session, an_account(session).id)

    with pytest.raises(ForbiddenError, match="right_missing"):
        appoint(session, without, period(without.account_id, deputy.id), NOW)
    with pytest.raises(ForbiddenError, match="proof_needed"):
        appoint(session, user, period(user.account_id, deputy.id), NOW + timedelta(hours=1))
    with pytest.raises(NotFoundError):
        dismiss(session, user, new_id(), NOW)


def test_what_is_no_deputyship_is_refused(session: Session) -> None:
    user, deputy = away(session), an_account(session)
    gone = an_account(session, deactivated_at=NOW)
    program = an_account(session, kind=AccountKind.API, role_id=a_role(session))
    wrong = {
        "own_deputy": period(user.account_id, user.account_id),
        "period_empty": period(user.account_id, deputy.id, until_day=TODAY),
        "account_inactive": period(user.account_id, gone.id),
    }

    for code, wish in wrong.items():
        with pytest.raises(RefusedError) as refused:
            appoint(session, user, wish, NOW)
        assert codes_of(refused.value) == [code]
    for key in (program.id, new_id()):
        with pytest.raises(RefusedError, match="account_inactive"):
            appoint(session, user, period(user.account_id, key), NOW)
