"""Names, asked for once and not for long."""

import socket
import threading
from collections.abc import Callable

from notifications.egress.errors import EgressError, Why

Lookup = Callable[[str, int], list[str]]


def lookup(host: str, port: int) -> list[str]:
    """All addresses of a name, in the order in which they are to be tried. Raises OSError, UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def addresses(ask: Lookup, host: str, port: int, patience: float) -> list[str]:
    """The same within a time: the system's own look-up knows no limit.

    Raises:
        EgressError: there are none, or they took too long.
    """
    found: list[str] = []

    def look() -> None:
        try:
            found.extend(ask(host, port))
        except (OSError, UnicodeError):
            return  # as if it had none

    asking = threading.Thread(target=look, name="lookup", daemon=True)
    asking.start()
    asking.join(patience)
    if asking.is_alive():
        raise EgressError(Why.TIMEOUT)
    if not found:
        raise EgressError(Why.NAME_UNKNOWN)
    return found
