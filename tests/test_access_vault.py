"""Secrets at rest: only under their key, only where they were put; and no start without the key (F18)."""

import base64
from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import Engine, select

from models import database
from models.access import Account, SealingKey
from models.base import new_id
from scheduler.access.second_factor import SEALED
from scheduler.access.vault import (
    PREVIOUS,
    SETTING,
    SecretKeyError,
    UnsealableError,
    Vault,
    acknowledge,
    from_settings,
    place,
    reseal,
)
from tests.access import NOW, VAULT, an_account, at_once
from tests.records import DATABASES, fresh

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


# --- One value --------------------------------------------------------------------------------------


def test_what_is_sealed_is_opened_where_it_lies() -> None:
    sealed = VAULT.seal(b"secret", "accounts.totp_secret:1")

    assert b"secret" not in sealed
    assert VAULT.open(sealed, "accounts.totp_secret:1") == b"secret"
    assert VAULT.seal(b"secret", "accounts.totp_secret:1") != sealed


def test_in_another_row_it_opens_nowhere() -> None:
    sealed = VAULT.seal(b"secret", "accounts.totp_secret:1")

    with pytest.raises(UnsealableError):
        VAULT.open(sealed, "accounts.totp_secret:2")


def test_no_byte_of_it_can_be_changed_or_left_out() -> None:
    sealed = VAULT.seal(b"secret", "here")

    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        for forged in (bytes(altered), sealed[:position]):
            with pytest.raises(UnsealableError):
                VAULT.open(forged, "here")


def test_the_key_before_still_opens_and_the_current_one_seals() -> None:
    sealed = Vault(OLD).seal(b"secret", "here")
    both = Vault(NEW, OLD)

    assert both.open(sealed, "here") == b"secret"
    assert both.is_outdated(sealed)
    assert not both.is_outdated(both.seal(b"secret", "here"))
    with pytest.raises(UnsealableError, match="not given here"):
        Vault(NEW).open(sealed, "here")


# --- The settings -------------------------------------------------------------------------------------


def test_the_keys_come_from_the_settings() -> None:
    sealed = Vault(OLD).seal(b"secret", "here")

    vault = from_settings({SETTING: text(NEW), PREVIOUS: text(OLD)})

    assert vault.open(sealed, "here") == b"secret"
    assert vault.names == Vault(NEW, OLD).names


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "SPREEKUUR_SECRET_KEY is not set"),
        ({SETTING: ""}, "SPREEKUUR_SECRET_KEY is not set"),
        ({SETTING: "no base64!"}, "SPREEKUUR_SECRET_KEY is not base64"),
        ({SETTING: text(b"short")}, "SPREEKUUR_SECRET_KEY holds 5 bytes"),
        ({SETTING: text(NEW), PREVIOUS: "?"}, "SPREEKUUR_SECRET_KEY_PREVIOUS is not base64"),
    ],
)
def test_without_a_key_nothing_starts_and_it_says_how_to_make_one(
    given: dict[str, str], said: str
) -> None:
    with pytest.raises(SecretKeyError, match=said) as refused:
        from_settings(given)

    assert "make one with: python3 -c" in str(refused.value)
    assert not any(value and value in str(refused.value) for value in given.values())


# --- The database --------------------------------------------------------------------------------------


def test_a_start_with_the_wrong_key_is_refused(engine: Engine) -> None:
    for _ in range(2):
        with database.writing(engine) as session:
            acknowledge(session, Vault(OLD), NOW)

    with database.writing(engine) as session, pytest.raises(SecretKeyError, match=PREVIOUS):
        acknowledge(session, Vault(OTHER), NOW)
    with database.writing(engine) as session:
        acknowledge(session, Vault(NEW, OLD), NOW)
    # as long as there may be secrets under the old key, it has to be there
    with database.writing(engine) as session, pytest.raises(SecretKeyError):
        acknowledge(session, Vault(NEW), NOW)


def started(engine: Engine, vault: Vault) -> bool:
    try:
        with database.writing(engine) as session:
            acknowledge(session, vault, NOW)
    except SecretKeyError:
        return False
    return True


def test_however_many_start_at_once_there_is_one_key(engine: Engine) -> None:
    turns = count()

    def start(own: Engine) -> tuple[int, bool]:
        whose = next(turns) % 2
        return whose, started(own, Vault((OLD, OTHER)[whose]))

    found = set(at_once(engine, start, 6))

    assert found in ({(0, True), (1, False)}, {(0, False), (1, True)})
    with database.reading(engine) as session:
        assert len(session.scalars(select(SealingKey)).all()) == 1


def test_resealed_by_the_new_key_the_old_one_can_go(engine: Engine) -> None:
    key = new_id()
    where = place(Account.totp_secret, key)
    with database.writing(engine) as session:
        acknowledge(session, Vault(OLD), NOW)
        an_account(session, id=key, totp_secret=Vault(OLD).seal(b"secret", where))
        an_account(session, totp_secret=None)

    with database.writing(engine) as session:
        acknowledge(session, Vault(NEW, OLD), NOW)
        assert reseal(session, Vault(NEW, OLD), SEALED) == 1
    with database.writing(engine) as session:
        assert reseal(session, Vault(NEW, OLD), SEALED) == 0

    with database.writing(engine) as session:
        acknowledge(session, Vault(NEW), NOW)
        sealed = session.get_one(Account, key).totp_secret
        assert sealed is not None
        assert Vault(NEW).open(sealed, where) == b"secret"
        names = set(session.scalars(select(SealingKey.name)))
        assert names == Vault(NEW).names
