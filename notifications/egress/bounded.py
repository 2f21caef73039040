"""A connection that ends in time, however slowly the other side talks, and hands over no more than so many bytes."""

import io
import socket
import time
from typing import Any

from notifications.egress.errors import EgressError, Why


def left(until: float) -> float:
    """Seconds until then, by the monotonic clock.

    Raises:
        EgressError: it is over.
    """
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise EgressError(Why.TIMEOUT)
    return seconds


class Bounded:
    """As much of a socket as `http.client` uses."""

    def __init__(self, connected: socket.socket, until: float, most: int) -> None:
        self._socket = connected
        self._until = until
        self._most = most

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(left(self._until))
        self._socket.sendall(data)

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._socket, self._until, self._most))

    def close(self) -> None:
        """Not yet: `http.client` closes it before the body is read. Whoever connected it does."""


class _Reader(io.RawIOBase):
    def __init__(self, connected: socket.socket, until: float, most: int) -> None:
        super().__init__()
        self._socket = connected
        self._until = until
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any, /) -> int:  # noqa: ANN401 (any buffer)
        if self._left <= 0:
            raise EgressError(Why.ANSWER_TOO_LARGE)
        # each time anew: one that sends a byte every second would be waited for without end
        self._socket.settimeout(left(self._until))
        read = self._socket.recv_into(into)
        self._left -= read
        return read
