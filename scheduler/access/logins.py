"""What a login looks like: nothing that looks like another one, and nothing that a database stumbles over."""

import re

LONGEST = 100
LOGIN = re.compile(rf"[a-z0-9][a-z0-9._@+-]{{0,{LONGEST - 1}}}")


def as_login(typed: str) -> str | None:
    """The login that somebody typed; nothing where it cannot be one."""
    plain = typed.strip().lower()
    return plain if LOGIN.fullmatch(plain) else None
