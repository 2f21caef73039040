"""Secrets at rest: sealed by a key that is not in the database (AES-256-GCM). Reliability §3.9, F18.

A sealed value begins with the name of its key, so that keys can be changed: the new one seals, the
one before it still opens, until `reseal` has been through. The place of a value (its table, column
and row) is authenticated with it: a secret that is copied to another row opens nowhere.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.access import SealingKey

SETTING = "SPREEKUUR_SECRET_KEY"
PREVIOUS = "SPREEKUUR_SECRET_KEY_PREVIOUS"
KEY_BYTES = 32
NAME_BYTES = 8
NONCE_BYTES = 12
MAKE_ONE = 'make one with: python3 -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'


class SecretKeyError(Exception):
    """The key of the secrets is missing or is not the right one: nothing may start."""


class UnsealableError(Exception):
    """A sealed value that no key here opens, or that lies where it was not put."""


class Vault:
    """Seals with the current key, opens with that one and those before it."""

    def __init__(self, current: bytes, *previous: bytes) -> None:
        for key in (current, *previous):
            if len(key) != KEY_BYTES:
                raise SecretKeyError(
                    f"a key for secrets has {KEY_BYTES} bytes, and one here has {len(key)}; {MAKE_ONE}"
                )
        self.current = name_of(current)
        self._ciphers = {name_of(key): AESGCM(key) for key in (current, *previous)}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name.hex() for name in self._ciphers)

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Seal for one place; the same twice never looks the same."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = self._ciphers[self.current]
        return self.current + nonce + cipher.encrypt(nonce, plaintext, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises UnsealableError where the value was altered, moved, or sealed by another key."""
        name, rest = sealed[:NAME_BYTES], sealed[NAME_BYTES:]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise UnsealableError(f"{context} was sealed by the key {name.hex()}, not given here")
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise UnsealableError(f"{context} was altered, or sealed elsewhere") from error

    def is_outdated(self, sealed: bytes) -> bool:
        """Whether a key before the current one sealed it."""
        return sealed[:NAME_BYTES] != self.current


def name_of(key: bytes) -> bytes:
    """Tells keys apart, and nothing else about them."""
    return hashlib.sha256(b"spreekuur: the name of a key" + key).digest()[:NAME_BYTES]


def place(column: InstrumentedAttribute[bytes | None], row: UUID) -> str:
    """Where a sealed value lies."""
    return f"{column.class_.__tablename__}.{column.key}:{row}"


def from_settings(settings: Mapping[str, str]) -> Vault:
    """The vault by the environment.

    Raises:
        SecretKeyError: there is no key, or it is none.
    """
    if not settings.get(SETTING):
        raise SecretKeyError(
            f"{SETTING} is not set, and secrets cannot be kept without; {MAKE_ONE}"
        )
    given = [name for name in (SETTING, PREVIOUS) if settings.get(name)]
    return Vault(*(_decoded(name, settings[name]) for name in given))


def _decoded(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise SecretKeyError(f"{name} is not base64; {MAKE_ONE}") from error
    if len(key) != KEY_BYTES:
        raise SecretKeyError(f"{name} holds {len(key)} bytes instead of {KEY_BYTES}; {MAKE_ONE}")
    return key


def acknowledge(session: Session, vault: Vault, now: datetime) -> None:
    """At every start: every key that secrets here were sealed by is given.

    Of several who start at once each waits for the one before: with another key it is refused.

    Raises:
        SecretKeyError: one is not, so that some of the secrets could not be opened.
    """
    if session.get_bind().dialect.name == "postgresql":
        # there may be no row to lock yet; on SQLite there is one writer at a time
        session.execute(text(f"LOCK TABLE {SealingKey.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))
    here = set(session.scalars(select(SealingKey.name)))
    missing = sorted(here - vault.names)
    if missing:
        raise SecretKeyError(
            f"secrets in this database were sealed by the key {', '.join(missing)}, which is not given:"
            f" put that key into {SETTING}, or, beside a new one, into {PREVIOUS}"
        )
    if vault.current.hex() not in here:
        session.add(SealingKey(name=vault.current.hex(), since=now))
        session.flush()


def reseal(
    session: Session, vault: Vault, columns: Sequence[InstrumentedAttribute[bytes | None]]
) -> int:
    """Seal everything in `columns` by the current key, and forget those before it; how many there were.

    The columns are all that hold sealed values, and no process that has the old key as its current
    one is still running: what it seals afterwards is lost with that key.
    """
    changed = 0
    for column in columns:
        table = column.class_
        for row in session.scalars(select(table).where(column.is_not(None)).with_for_update()):
            sealed = getattr(row, column.key)
            if vault.is_outdated(sealed):
                where = place(column, row.id)
                setattr(row, column.key, vault.seal(vault.open(sealed, where), where))
                changed += 1
    session.flush()
    session.execute(delete(SealingKey).where(SealingKey.name != vault.current.hex()))
    return changed
