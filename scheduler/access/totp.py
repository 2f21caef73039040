"""Codes that change every half minute (RFC 6238), and the step that each is of. Reliability §3.9, E15."""

import hmac
import re
from datetime import datetime

import pyotp

STEP = 30
SECRET_LETTERS = 32
"""Of base32: 160 bits."""
CODE = re.compile(r"[0-9]{6}")
ISSUER = "Spreekuur"


def new_secret() -> str:
    return pyotp.random_base32(SECRET_LETTERS)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code this is: that of `now` or the one before it, for a clock that is slow or slow hands.

    Whoever accepts it keeps the step, and accepts no other than a later one.
    """
    if not CODE.fullmatch(code):
        return None
    codes, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    found = None
    for step in (current - 1, current):
        if hmac.compare_digest(codes.generate_otp(step), code):
            found = step
    return found


def provisioning_uri(secret: str, login: str) -> str:
    """What the user's app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)
