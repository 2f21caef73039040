"""Passwords: argon2id, and what makes one too weak (NIST SP 800-63B: length, and nothing that lies at hand)."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from pwdlib.hashers.argon2 import Argon2Hasher

from scheduler.access import tokens
from scheduler.refusals import Refusal

SHORTEST = 12
LONGEST = 200
DIFFERENT = 5
"""Fewer different characters than this is a pattern: `abababababab`."""
TELLING = 4
"""A part of a name that is shorter than this may be in any word."""
ONE_TIME_BYTES = 15

HASHER = Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's parameters: 25 ms and 19 MiB a try, so that fifty at once do not take the memory of the machine."""


def hashed(password: str) -> str:
    return HASHER.hash(_bytes(password))


def matches(password: str, known: str | None) -> bool:
    """Whether it is this password; without one to compare with the work is the same, and the answer no."""
    return HASHER.verify(_bytes(password), known or _nobodys()) and known is not None


def one_time() -> str:
    """A password to be handed over once, and changed at the first log-in: 120 random bits."""
    return tokens.readable(ONE_TIME_BYTES)


def weaknesses(password: str, names: Iterable[str | None]) -> list[Refusal]:
    """What is wrong with a new password of somebody with these names, login and addresses."""
    plain = unicodedata.normalize("NFKC", password)
    found = []
    if len(plain) < SHORTEST:
        found.append(Refusal("password_too_short", {"minimum": SHORTEST}))
    if len(plain) > LONGEST:
        found.append(Refusal("password_too_long", {"maximum": LONGEST}))
    if len(set(plain)) < DIFFERENT:
        found.append(Refusal("password_too_plain", {"minimum": DIFFERENT}))
    if any(part in plain.casefold() for part in _parts(names)):
        found.append(Refusal("password_names_you"))
    return found


def _parts(names: Iterable[str | None]) -> set[str]:
    """The words that name somebody; of an address what is before the @."""
    words = {
        word
        for name in names
        if name
        for word in re.split(r"[\s._+-]+", name.split("@")[0].casefold())
    }
    return {word for word in words if len(word) >= TELLING}


def _bytes(password: str) -> bytes:
    """One spelling for what looks the same, whatever keyboard it was typed on."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@cache
def _nobodys() -> str:
    return hashed(tokens.new_token())
