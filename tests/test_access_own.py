"""What a user sets up and changes himself: password, second factor, address; and who hears of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlparse

import pyotp
import pytest
from sqlalchemy import Engine, func, select

from models import database
from models.access import Account, AccountKind, BackupCode, Session
from scheduler.access import Caller, accounts, own, second_factor
from scheduler.access.caller import PROOF_LASTS
from scheduler.access.denied import ForbiddenError
from scheduler.access.door import log_in
from scheduler.access.sessions import identify
from scheduler.refusals import RefusedError
from tests.access import (
    NOW,
    PASSWORD,
    VAULT,
    Person,
    a_super_administrator,
    account,
    an_account,
    calling,
    codes_of,
    outcome,
    topics,
)
from tests.records import DATABASES, fresh

BETTER = "eleven green tractors"


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def half_in(engine: Engine, **changes: Any) -> tuple[Person, Caller]:
    """Somebody at his first log-in."""
    with database.writing(engine) as session:
        person = an_account(session, **({"totp_secret": None} | changes))
    return person, entered(engine, person, None)


def entered(engine: Engine, person: Person, code: str | None, now: Any = NOW) -> Caller:
    entry = log_in(engine, VAULT, person.attempt(now, second_factor=code), now)
    with database.reading(engine) as session:
        return identify(session, entry.opened.token, now).caller


def enrolled(engine: Engine, caller: Caller) -> tuple[str, tuple[str, ...]]:
    with database.writing(engine) as session:
        secret = second_factor.offer(session, VAULT, caller, NOW).secret
    with database.writing(engine) as session:
        code = pyotp.TOTP(secret).at(NOW)
        return secret, second_factor.confirm(session, VAULT, caller, code, NOW)


def told(engine: Engine, person: Person) -> list[str]:
    with database.reading(engine) as session:
        return topics(session, person.id)


def open_sessions(engine: Engine, *callers: Caller) -> list[bool]:
    with database.reading(engine) as session:
        return [
            session.get_one(Session, caller.session_id).revoked_at is None for caller in callers
        ]


# --- The second factor ---------------------------------------------------------------------------------


def test_the_first_log_in_sets_up_the_second_factor(engine: Engine) -> None:
    person, caller = half_in(engine)
    with database.writing(engine) as session:
        offer = second_factor.offer(session, VAULT, caller, NOW)
    uri = urlparse(offer.uri)
    asked = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc, asked["secret"]) == ("otpauth", "totp", [offer.secret])
    assert person.login in uri.path

    secret, codes = enrolled(engine, caller)

    stored = account(engine, person.id)
    assert stored.totp_secret is not None
    assert secret.encode() not in stored.totp_secret
    assert stored.totp_offered is None
    assert len(set(codes)) == second_factor.BACKUP_CODES
    assert told(engine, person) == ["AccountSecondFactorChanged"]
    later = NOW + timedelta(minutes=1)
    assert entered(engine, person, pyotp.TOTP(secret).at(later), later).pending == frozenset()
    assert entered(engine, person, codes[3], later).pending == frozenset()


def test_the_code_that_confirmed_it_is_used_up(engine: Engine) -> None:
    person, caller = half_in(engine)
    secret, _ = enrolled(engine, caller)

    code = pyotp.TOTP(secret).at(NOW)

    assert outcome(lambda: entered(engine, person, code)) == "invalid_credentials"


def test_a_wrong_code_confirms_nothing(engine: Engine) -> None:
    person, caller = half_in(engine)

    def confirm(code: str) -> str:
        with database.writing(engine) as session:
            return outcome(lambda: second_factor.confirm(session, VAULT, caller, code, NOW))

    assert confirm("000000") == "nothing_offered"
    with database.writing(engine) as session:
        old = second_factor.offer(session, VAULT, caller, NOW).secret
        second_factor.offer(session, VAULT, caller, NOW)
    assert confirm(pyotp.TOTP(old).at(NOW)) == "wrong_code"  # of an earlier offer
    assert account(engine, person.id).totp_secret is None


def test_who_had_only_the_password_is_out_once_it_is_set_up(engine: Engine) -> None:
    person, burglar = half_in(engine)
    owner = entered(engine, person, None)

    enrolled(engine, owner)

    assert open_sessions(engine, burglar, owner) == [False, True]


def test_another_telephone_takes_the_place_of_the_first(engine: Engine) -> None:
    person, caller = half_in(engine)
    first, codes = enrolled(engine, caller)
    with database.writing(engine) as session:
        settled = calling(session, person.id)

    second, _ = enrolled(engine, settled)

    later = NOW + timedelta(minutes=1)
    for old in (pyotp.TOTP(first).at(later), codes[0]):
        assert outcome(lambda old=old: entered(engine, person, old, later)) == "invalid_credentials"  # type: ignore[misc]
    entered(engine, person, pyotp.TOTP(second).at(later), later)


def test_new_backup_codes_take_the_place_of_the_old_ones(engine: Engine) -> None:
    person, caller = half_in(engine)
    _, old = enrolled(engine, caller)
    with database.writing(engine) as session:
        caller = calling(session, person.id)
        new = second_factor.renew_backup_codes(session, caller, NOW)

    assert outcome(lambda: entered(engine, person, old[0])) == "invalid_credentials"
    entered(engine, person, new[0])
    with database.reading(engine) as session:
        kept = session.scalars(select(BackupCode).where(BackupCode.account_id == person.id)).all()
    assert len(kept) == second_factor.BACKUP_CODES
    assert not any(code in row.code_hash for code in new for row in kept)


def test_an_administrator_takes_a_lost_telephone_away_and_the_password_with_it(
    engine: Engine,
) -> None:
    person, caller = half_in(engine)
    _, codes = enrolled(engine, caller)
    with database.writing(engine) as session:
        administrator = calling(session, a_super_administrator(session).id)
        password = accounts.reset_second_factor(session, administrator, person.id, NOW)

    assert open_sessions(engine, caller) == [False]
    for code in (None, codes[0]):
        assert outcome(lambda code=code: entered(engine, person, code)) == "invalid_credentials"  # type: ignore[misc]
    entry = log_in(engine, VAULT, person.attempt(NOW, password=password, second_factor=None), NOW)
    assert entry.pending == {"password", "second_factor"}
    with database.reading(engine) as session:
        left = session.scalar(select(func.count()).where(BackupCode.account_id == person.id))
    assert left == 0
    assert told(engine, person)[1:] == ["AccountPasswordChanged", "AccountSecondFactorChanged"]


# --- The password ------------------------------------------------------------------------------------


def test_a_password_for_one_time_is_good_for_choosing_another(engine: Engine) -> None:
    person, caller = half_in(engine, secret_is_temporary=True)
    assert caller.pending == {"password", "second_factor"}

    with database.writing(engine) as session:
        own.change_own_password(session, caller, BETTER, NOW)

    stored = account(engine, person.id)
    assert (stored.secret_is_temporary, stored.version) == (False, 2)
    assert open_sessions(engine, caller) == [True]
    attempt = person.attempt(NOW, password=BETTER, second_factor=None)
    assert log_in(engine, VAULT, attempt, NOW).pending == {"second_factor"}


def test_with_another_password_his_other_sessions_end_and_he_is_told(engine: Engine) -> None:
    with database.writing(engine) as session:
        person = an_account(session)
    elsewhere = entered(engine, person, person.code(NOW))
    with database.writing(engine) as session:
        caller = calling(session, person.id)
        own.change_own_password(session, caller, BETTER, NOW)

    assert open_sessions(engine, elsewhere, caller) == [False, True]
    assert told(engine, person) == ["AccountPasswordChanged"]
    assert outcome(lambda: entered(engine, person, person.code(NOW))) == "invalid_credentials"


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("short", ["password_too_short"]),
        ("SOMEBODY I used to know", ["password_names_you"]),
        (PASSWORD, ["password_unchanged"]),
    ],
)
def test_a_weak_password_is_refused_with_every_reason(
    engine: Engine, password: str, codes: list[str]
) -> None:
    with database.writing(engine) as session:
        caller = calling(session, an_account(session).id)
        with pytest.raises(RefusedError) as refused:
            own.change_own_password(session, caller, password, NOW)

    assert codes_of(refused.value) == codes


# --- The address --------------------------------------------------------------------------------------


def test_of_another_address_the_old_one_hears_too(engine: Engine) -> None:
    with database.writing(engine) as session:
        person = an_account(session, email="old@arbo.test")
        caller = calling(session, person.id)
        own.change_own_address(session, caller, "new@arbo.test", NOW)
        own.change_own_address(session, caller, "new@arbo.test", NOW)

    stored = account(engine, person.id)
    assert (stored.email, stored.previous_email) == ("new@arbo.test", "old@arbo.test")
    assert told(engine, person) == ["AccountAddressChanged"]


# --- Certainly he --------------------------------------------------------------------------------------

DANGEROUS = {
    "password": lambda session, who, now: own.change_own_password(session, who, BETTER, now),
    "address": lambda session, who, now: own.change_own_address(session, who, "x@arbo.test", now),
    "offer": lambda session, who, now: second_factor.offer(session, VAULT, who, now),
    "confirm": lambda session, who, now: second_factor.confirm(session, VAULT, who, "1", now),
    "backup": second_factor.renew_backup_codes,
}


@pytest.mark.parametrize("act", DANGEROUS.values(), ids=DANGEROUS)
def test_what_is_dangerous_asks_for_a_log_in_of_a_moment_ago(engine: Engine, act: Any) -> None:
    late = NOW + PROOF_LASTS
    with database.writing(engine) as session:
        caller = calling(session, an_account(session).id)
        with pytest.raises(ForbiddenError, match="proof_needed"):
            act(session, caller, late)
        program = calling(session, an_account(session, kind=AccountKind.API).id)
        with pytest.raises(RefusedError):
            act(session, program, NOW)
        assert session.get_one(Account, program.account_id).version == 1


def test_half_a_door_leads_to_no_other_address(engine: Engine) -> None:
    _, caller = half_in(engine)

    with database.writing(engine) as session:
        for act in ("address", "backup"):
            with pytest.raises(ForbiddenError, match="log_in_unfinished"):
                DANGEROUS[act](session, caller, NOW)
