"""The people's door: one answer to whatever is wrong, one entry for each code, five tries (P11, T11-T13)."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from models import database
from models.access import Account, AccountKind, BackupCode, Device, Session
from models.base import new_id
from scheduler.access import accounts, door, lockout, passwords
from scheduler.access.caller import operator
from scheduler.access.credentials import backup_hash, examine_user
from scheduler.access.denied import TooManyAttemptsError, UnauthenticatedError
from scheduler.access.door import Attempt, log_in
from scheduler.access.lockout import network_of
from scheduler.access.sessions import identify
from tests.access import (
    CLIENTS,
    NOW,
    PASSWORD,
    VAULT,
    Person,
    account,
    an_account,
    at_once,
    outcome,
    topics,
)
from tests.records import DATABASES, fresh

LATER = timedelta(minutes=1)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def somebody(engine: Engine, **changes: Any) -> Person:
    with database.writing(engine) as session:
        return an_account(session, **changes)


def knock(engine: Engine, attempt: Attempt, now: Any = NOW) -> str:
    return outcome(lambda: log_in(engine, VAULT, attempt, now))


def fail(engine: Engine, person: Person, times: int, **changes: Any) -> None:
    for _ in range(times):
        wrong = person.attempt(NOW, **({"password": "wrong"} | changes))
        assert knock(engine, wrong) == "invalid_credentials"


# --- In ----------------------------------------------------------------------------------------------


def test_with_password_and_code_he_is_in(engine: Engine) -> None:
    person = somebody(engine)

    entry = log_in(engine, VAULT, person.attempt(NOW), NOW)

    with database.reading(engine) as session:
        assert identify(session, entry.opened.token, NOW).caller.account_id == person.id
        stored = session.get_one(Session, entry.opened.session_id)
    assert entry.pending == frozenset()
    assert entry.opened.token not in stored.token_hash
    assert entry.opened.token not in repr(entry)


def test_a_login_is_typed_in_any_case(engine: Engine) -> None:
    person = somebody(engine, login="planner.one@arbo.test" + new_id().hex)

    assert knock(engine, person.attempt(NOW, login=f" {person.login.upper()} ")) == "in"


def test_the_code_of_the_step_before_is_taken_and_no_older_one(engine: Engine) -> None:
    for seconds, answer in ((30, "in"), (60, "invalid_credentials"), (-30, "invalid_credentials")):
        person = somebody(engine)
        code = person.code(NOW - timedelta(seconds=seconds))
        assert knock(engine, person.attempt(NOW, second_factor=code)) == answer


def test_without_a_second_factor_yet_he_is_in_by_half(engine: Engine) -> None:
    person = somebody(engine, totp_secret=None)

    entry = log_in(engine, VAULT, person.attempt(NOW, second_factor=None), NOW)

    assert entry.pending == {"second_factor"}
    assert entry.device is None


# --- One answer --------------------------------------------------------------------------------------


def wrong_ones(engine: Engine) -> dict[str, Attempt]:
    """Attempts that all have to look the same from outside."""
    known, program = somebody(engine), somebody(engine, kind=AccountKind.API)
    locked, gone = somebody(engine, locked_at=NOW), somebody(engine, deactivated_at=NOW)
    return {
        "unknown": known.attempt(NOW, login="nobody"),
        "no login at all": known.attempt(NOW, login="\x00'; --\ud800"),
        "wrong password": known.attempt(NOW, password=PASSWORD + "!"),
        "wrong code": known.attempt(NOW, second_factor="000000"),
        "no code": known.attempt(NOW, second_factor=None),
        "strange code": known.attempt(NOW, second_factor="\x00\ud800"),
        "a program": program.attempt(NOW),
        "a program, as at its own door": program.attempt(
            NOW, password=program.secret + program.code(NOW)
        ),
        "locked": locked.attempt(NOW),
        "deactivated": gone.attempt(NOW),
    }


def test_whatever_is_wrong_the_answer_is_the_same(engine: Engine) -> None:
    for attempt in wrong_ones(engine).values():
        with pytest.raises(UnauthenticatedError) as refused:
            log_in(engine, VAULT, attempt, NOW)
        assert [(one.code, dict(one.params)) for one in refused.value.refusals] == [
            ("invalid_credentials", {})
        ]


def test_our_own_log_hears_what_was_wrong(engine: Engine) -> None:
    heard = {}
    for name, attempt in wrong_ones(engine).items():
        with pytest.raises(UnauthenticatedError) as refused:
            log_in(engine, VAULT, attempt, NOW)
        heard[name] = (refused.value.why, refused.value.account_id is not None)

    assert heard == {
        "unknown": ("unknown", False),
        "no login at all": ("unknown", False),
        "wrong password": ("wrong", True),
        "wrong code": ("wrong", True),
        "no code": ("wrong", True),
        "strange code": ("wrong", True),
        "a program": ("unknown", False),
        "a program, as at its own door": ("unknown", False),
        "locked": ("not_now", True),
        "deactivated": ("not_now", True),
    }


def test_whatever_is_wrong_the_work_is_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts, hashed = wrong_ones(engine), Counter[str]()
    verify = passwords.HASHER.verify

    for name, attempt in attempts.items():

        def counted(*given: Any, name: str = name) -> bool:
            hashed[name] += 1
            return verify(*given)

        monkeypatch.setattr(passwords.HASHER, "verify", counted)
        assert knock(engine, attempt) == "invalid_credentials"

    assert hashed == dict.fromkeys(attempts, 1)


# --- Each code once -----------------------------------------------------------------------------------


def test_a_code_is_taken_once_and_a_second_time_is_no_guess(engine: Engine) -> None:
    person = somebody(engine)
    assert knock(engine, person.attempt(NOW)) == "in"

    for _ in range(lockout.TRIES + 1):
        assert knock(engine, person.attempt(NOW)) == "invalid_credentials"

    assert knock(engine, person.attempt(NOW + LATER), NOW + LATER) == "in"


def test_nor_is_one_older_than_the_last_one_taken(engine: Engine) -> None:
    person = somebody(engine)
    before = person.code(NOW - timedelta(seconds=30))
    assert knock(engine, person.attempt(NOW)) == "in"

    assert knock(engine, person.attempt(NOW, second_factor=before)) == "invalid_credentials"


def test_of_fifty_who_use_one_code_at_once_one_is_in(engine: Engine) -> None:
    person = somebody(engine)

    found = at_once(engine, lambda own: knock(own, person.attempt(NOW)))

    assert Counter(found) == {"in": 1, "invalid_credentials": CLIENTS - 1}


def test_control_where_the_step_is_only_looked_at_many_are_in(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = somebody(engine)

    def careless(session: Any, given: Any, factor: Any, *_: Any, **__: Any) -> bool:
        session.execute(
            update(Account)
            .where(Account.id == given.account_id)
            .values(totp_step=factor.number)
            .execution_options(synchronize_session=False)
        )
        return True

    monkeypatch.setattr(door, "spend", careless)

    found = at_once(engine, lambda own: knock(own, person.attempt(NOW)))

    assert Counter(found)["in"] > 1


def with_backup_code(engine: Engine) -> tuple[Person, str]:
    person, code = somebody(engine), "ABCD-EFGH-IJKL-MNOP"
    with database.writing(engine) as session:
        code_hash = backup_hash(person.id, code)
        session.add(BackupCode(account_id=person.id, code_hash=code_hash))
    return person, code


def test_a_backup_code_stands_in_once(engine: Engine) -> None:
    person, code = with_backup_code(engine)

    for typed, answer in (
        ("ABCD-EFGH-IJKL-MNOQ", "invalid_credentials"),
        ("abcd efgh ijkl mnop", "in"),
        (code, "invalid_credentials"),
    ):
        assert knock(engine, person.attempt(NOW, second_factor=typed)) == answer


def test_of_fifty_who_use_one_backup_code_at_once_one_is_in(engine: Engine) -> None:
    person, code = with_backup_code(engine)

    found = at_once(engine, lambda own: knock(own, person.attempt(NOW, second_factor=code)))

    assert Counter(found) == {"in": 1, "invalid_credentials": CLIENTS - 1}


def test_the_backup_code_of_another_is_none(engine: Engine) -> None:
    (person, _), (_, others) = with_backup_code(engine), with_backup_code(engine)
    with database.writing(engine) as session:
        session.query(BackupCode).filter_by(account_id=person.id).delete()

    attempt = person.attempt(NOW, second_factor=others)

    assert knock(engine, attempt) == "invalid_credentials"


# --- Five tries ---------------------------------------------------------------------------------------


def test_after_five_wrong_tries_the_right_one_is_refused_until_unlocked(engine: Engine) -> None:
    person = somebody(engine)
    fail(engine, person, lockout.TRIES)

    assert knock(engine, person.attempt(NOW)) == "invalid_credentials"
    assert knock(engine, person.attempt(NOW + LATER * 600), NOW + LATER * 600) != "in"
    with database.writing(engine) as session:
        assert topics(session, person.id) == ["AccountLocked"]
        accounts.unlock(session, operator(NOW), person.id)

    assert knock(engine, person.attempt(NOW)) == "in"


def test_codes_are_no_better_to_guess_than_passwords(engine: Engine) -> None:
    person = somebody(engine)
    fail(engine, person, 2, password=PASSWORD, second_factor="000000")
    fail(engine, person, 2, password=PASSWORD, second_factor="AAAA-AAAA-AAAA-AAAA")
    fail(engine, person, 1, password=PASSWORD, second_factor=None)

    assert knock(engine, person.attempt(NOW)) == "invalid_credentials"


def test_four_wrong_tries_are_forgotten_with_the_right_one(engine: Engine) -> None:
    person = somebody(engine)

    for later in (NOW, NOW + LATER):
        fail(engine, person, lockout.TRIES - 1)
        assert knock(engine, person.attempt(later), later) == "in"


def test_of_fifty_wrong_tries_at_once_five_count_and_lock(engine: Engine) -> None:
    person = somebody(engine)

    found = at_once(engine, lambda own: knock(own, person.attempt(NOW, password="wrong")))  # noqa: S106 (a wrong one)

    assert Counter(found) == {"invalid_credentials": CLIENTS}
    stands = account(engine, person.id)
    assert (stands.failed_logins, stands.locked_at) == (lockout.TRIES, NOW)
    with database.reading(engine) as session:
        assert topics(session, person.id) == ["AccountLocked"]


def test_a_right_guess_that_comes_after_the_lock_is_refused(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was looked up before, and is settled after."""
    person, examine = somebody(engine), examine_user

    def slowly(*given: Any) -> Any:
        monkeypatch.setattr(door, "examine_user", examine)
        fail(engine, person, lockout.TRIES)
        return examine(*given)

    monkeypatch.setattr(door, "examine_user", slowly)

    assert knock(engine, person.attempt(NOW)) == "invalid_credentials"


# --- Known browsers -----------------------------------------------------------------------------------


def test_who_is_locked_by_others_is_let_in_from_his_own_browser(engine: Engine) -> None:
    person = somebody(engine)
    device = log_in(engine, VAULT, person.attempt(NOW), NOW).device
    fail(engine, person, lockout.TRIES)
    later = NOW + LATER

    assert knock(engine, person.attempt(later), later) == "invalid_credentials"
    entry = log_in(engine, VAULT, person.attempt(later, device=device), later)

    assert entry.device is None  # it has one
    assert account(engine, person.id).locked_at is not None  # for everybody else


def test_from_a_known_browser_there_are_five_tries_as_well(engine: Engine) -> None:
    person = somebody(engine)
    device = log_in(engine, VAULT, person.attempt(NOW), NOW).device
    network = new_id().hex
    fail(engine, person, lockout.TRIES, device=device, network=network)

    assert account(engine, person.id).failed_logins == 0
    fail(engine, person, lockout.TRIES, device=device)  # a stranger by now
    later = NOW + LATER
    assert knock(engine, person.attempt(later, device=device), later) == "invalid_credentials"


def test_a_browser_is_known_for_the_account_that_it_was_used_for_and_not_for_ever(
    engine: Engine,
) -> None:
    person, other = somebody(engine), somebody(engine)
    device = log_in(engine, VAULT, person.attempt(NOW), NOW).device
    fail(engine, other, lockout.TRIES)
    fail(engine, person, lockout.TRIES)
    year = NOW + timedelta(days=365)

    assert knock(engine, other.attempt(NOW, device=device)) == "invalid_credentials"
    assert knock(engine, person.attempt(year, device=device), year) == "invalid_credentials"


def test_only_a_whole_log_in_makes_a_browser_known(engine: Engine) -> None:
    person = somebody(engine, totp_secret=None)
    log_in(engine, VAULT, person.attempt(NOW, second_factor=None), NOW)

    with database.reading(engine) as session:
        known = session.scalar(select(func.count()).where(Device.account_id == person.id))
    assert known == 0


# --- Networks -----------------------------------------------------------------------------------------


@pytest.fixture
def few_tries(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(lockout, "TRIES_OF_A_NETWORK", 10)
    return 10


def test_a_network_that_guessed_too_much_waits_for_the_hour_to_end(
    engine: Engine, few_tries: int
) -> None:
    person, network = somebody(engine), new_id().hex
    for number in range(few_tries):
        nobody = person.attempt(NOW, login=f"nobody{number}", network=network)
        assert knock(engine, nobody, NOW + timedelta(minutes=number)) == "invalid_credentials"
    later = NOW + timedelta(minutes=20)

    with pytest.raises(TooManyAttemptsError) as refused:
        log_in(engine, VAULT, person.attempt(later, network=network), later)
    assert refused.value.seconds == 40 * 60

    assert knock(engine, person.attempt(later), later) == "in"  # from elsewhere
    over = NOW + timedelta(hours=1)
    assert knock(engine, person.attempt(over, network=network), over) == "in"
    # the next wrong one begins another hour
    again = over + timedelta(minutes=50)
    wrong = person.attempt(again, network=network, password="wrong")  # noqa: S106 (a wrong one)
    for now in (over, *[again] * (few_tries - 1)):
        assert knock(engine, wrong, now) == "invalid_credentials"
    with database.reading(engine) as session:
        assert lockout.wait(session, network, again) == timedelta(minutes=10)


def test_who_waits_costs_nothing(
    engine: Engine, few_tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, network = somebody(engine), new_id().hex
    for _ in range(few_tries):
        knock(engine, person.attempt(NOW, login="nobody", network=network))
    monkeypatch.setattr(passwords, "matches", None)

    assert knock(engine, person.attempt(NOW, network=network)) == "too_many_attempts"


def test_from_a_known_browser_the_network_of_others_does_not_matter(
    engine: Engine, few_tries: int
) -> None:
    person, network, later = somebody(engine), new_id().hex, NOW + LATER
    device = log_in(engine, VAULT, person.attempt(NOW), NOW).device
    for _ in range(few_tries):
        knock(engine, person.attempt(NOW, login="nobody", network=network))

    assert knock(engine, person.attempt(later, network=network, device=device), later) == "in"


def test_of_many_at_once_all_count_for_the_network(engine: Engine) -> None:
    network = new_id().hex

    def count(own: Engine) -> None:
        with database.writing(own) as session:
            lockout.count_for_network(session, network, NOW)

    at_once(engine, count)
    at_once(engine, count)

    with database.reading(engine) as session:
        assert lockout.wait(session, network, NOW) == timedelta(hours=1)
        assert lockout.wait(session, network, NOW + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_addresses_that_one_holder_has_are_one_network(address: str, network: str) -> None:
    assert network_of(address) == network


# --- Once more ----------------------------------------------------------------------------------------


def test_to_prove_it_once_more_asks_for_both_and_counts(engine: Engine) -> None:
    person, later = somebody(engine), NOW + timedelta(hours=1)
    entry = log_in(engine, VAULT, person.attempt(NOW), NOW)
    with database.reading(engine) as session:
        caller = identify(session, entry.opened.token, NOW).caller

    def prove(password: str, code: str | None) -> str:
        return outcome(lambda: door.prove(engine, VAULT, caller, password, code, now=later))

    assert prove(PASSWORD, None) == "invalid_credentials"
    assert prove("wrong", person.code(later)) == "invalid_credentials"
    assert account(engine, person.id).failed_logins == 2
    assert prove(PASSWORD, person.code(later)) == "in"
    assert prove(PASSWORD, person.code(later)) == "invalid_credentials"  # used

    with database.reading(engine) as session:
        assert session.get_one(Session, entry.opened.session_id).proved_at == later
