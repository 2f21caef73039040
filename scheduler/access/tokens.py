"""Secrets that nobody can guess: tokens of sessions, secrets of programs, passwords for one time."""

import base64
import hashlib
import secrets

TOKEN_BYTES = 32
GROUP = 4


def new_token() -> str:
    """256 bits, to be handed out once and kept as its digest only."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """What is kept of a token. It is as random as the digest, so that salt and slowness would add nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def readable(size: int) -> str:
    """So many random bytes (a multiple of 5) for somebody to type over: `K3QX-7RM2-...`."""
    letters = base64.b32encode(secrets.token_bytes(size)).decode()
    return "-".join(letters[start : start + GROUP] for start in range(0, len(letters), GROUP))


def typed(code: str) -> str:
    """What somebody typed over, as it was made: in capitals, with the dashes and without spaces."""
    letters = "".join(code.split()).replace("-", "").upper()
    return "-".join(letters[start : start + GROUP] for start in range(0, len(letters), GROUP))
