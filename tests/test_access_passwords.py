"""What a password has to be, and what comparing one costs: the same for nobody as for somebody."""

import pyotp
import pytest

from scheduler.access import passwords, tokens, totp
from scheduler.access.totp import step_of
from tests.access import NOW, PASSWORD

NAMES = ("planner.jansen", "Mevrouw Jansen-Smit", "mj@arbo.test", None)


def weak(password: str) -> list[str]:
    return [refusal.code for refusal in passwords.weaknesses(password, NAMES)]


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("correct horse battery", []),
        ("wachtwoord 12", []),
        ("elevencharc", ["password_too_short"]),
        ("aaaaaaaaaaaaaaaa", ["password_too_plain"]),
        ("abababababababab", ["password_too_plain"]),
        ("x" * 5 + "lorry wheel" * 20, ["password_too_long"]),
        ("ik ben JANSEN zelf", ["password_names_you"]),
        ("planner is mijn werk", ["password_names_you"]),
        ("", ["password_too_short", "password_too_plain"]),
        # two letters of an address may be in any word
        ("mjuweel en goud", []),
    ],
)
def test_a_password_is_long_and_not_what_lies_at_hand(password: str, codes: list[str]) -> None:
    assert weak(password) == codes


def test_a_password_matches_its_hash_only() -> None:
    known = passwords.hashed(PASSWORD)

    assert PASSWORD not in known
    assert known.startswith("$argon2id$")
    assert passwords.hashed(PASSWORD) != known
    assert passwords.matches(PASSWORD, known)
    assert not passwords.matches(PASSWORD + " ", known)


def test_what_looks_the_same_is_the_same_password() -> None:
    composed, decomposed = "caf\u00e9 caf\u00e9 caf\u00e9", "cafe\u0301 cafe\u0301 cafe\u0301"

    assert passwords.matches(decomposed, passwords.hashed(composed))


@pytest.mark.parametrize("strange", ["\x00", "\ud800", "x" * 100_000, ""])
def test_whatever_is_typed_is_compared(strange: str) -> None:
    assert not passwords.matches(strange, passwords.hashed(PASSWORD))
    assert passwords.matches(strange, passwords.hashed(strange))


def test_comparing_with_nobodys_costs_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    verify = passwords.HASHER.verify

    def noted(password: bytes, known: str) -> bool:
        compared.append(known)
        return verify(password, known)

    monkeypatch.setattr(passwords.HASHER, "verify", noted)

    assert not passwords.matches(PASSWORD, None)

    parameters = [known.rsplit("$", 2)[0] for known in compared]
    assert parameters == [passwords.hashed(PASSWORD).rsplit("$", 2)[0]]


def test_a_password_for_one_time_is_strong_and_another_each_time() -> None:
    made = {passwords.one_time() for _ in range(100)}

    assert len(made) == 100
    assert {code for one in made for code in weak(one)} == set()


def test_what_is_typed_over_is_read_as_it_was_made() -> None:
    code = tokens.readable(10)

    assert tokens.typed(f" {code.lower().replace('-', ' ')} ") == code


# --- Codes ----------------------------------------------------------------------------------------------


def test_the_codes_are_those_of_rfc_6238() -> None:
    """Its appendix B, in the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105 (published)
    vectors = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}

    for seconds, code in vectors.items():
        assert step_of(secret, code, NOW.fromtimestamp(seconds, NOW.tzinfo)) == seconds // 30


def test_a_secret_has_160_bits() -> None:
    assert len(totp.new_secret()) * 5 == 160


@pytest.mark.parametrize(("ago", "taken"), [(-1, False), (0, True), (1, True), (2, False)])
def test_a_code_counts_in_its_step_and_the_one_after_it(ago: int, taken: bool) -> None:  # noqa: FBT001 (an expected answer)
    secret, step = totp.new_secret(), int(NOW.timestamp()) // 30
    code = pyotp.TOTP(secret).generate_otp(step - ago)

    assert step_of(secret, code, NOW) == (step - ago if taken else None)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "12 345", "\x00" * 6])
def test_what_is_no_code_is_none(code: str) -> None:
    assert step_of(totp.new_secret(), code, NOW) is None
