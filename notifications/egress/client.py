"""One request, to an address that was looked at: no redirects, no more than so long, no more than so much."""

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass

from notifications.egress import names
from notifications.egress.addresses import is_denied
from notifications.egress.bounded import Bounded, left
from notifications.egress.errors import EgressError, Why
from notifications.egress.rules import Rules, Target

CONNECTS_WITHIN = 5.0
ENDS_WITHIN = 15.0
"""Seconds for a whole attempt, whatever it takes."""
RESOLVES_WITHIN = 2.0
"""Where a URL is only looked at: somebody waits for it, in a transaction."""
MOST_READ = 64 * 1024
MOST_HEAD = 32 * 1024
AGENT = "Spreekuur"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    retry_after: str | None = None


@dataclass(frozen=True)
class Client:
    """`tls`: what checks certificates; the system's authorities, unless it is said."""

    rules: Rules
    lookup: names.Lookup = names.lookup
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context
    denies: Callable[[str], bool] = is_denied

    def allows(self, url: str) -> bool:
        """Whether something could be sent there now; connects to nothing."""
        try:
            self._addresses(self.rules.target(url), RESOLVES_WITHIN)
        except EgressError:
            return False
        return True

    def allows_mail(self, host: str, port: int) -> bool:
        """The same for a mail server."""
        try:
            self._addresses(self.rules.mail_target(host, port), RESOLVES_WITHIN)
        except EgressError:
            return False
        return True

    def connect(self, host: str, port: int, until: float) -> socket.socket:
        """A connection to a mail server, which says nothing yet.

        Raises:
            EgressError, OSError: there is none.
        """
        target = self.rules.mail_target(host, port)
        return _first(self._addresses(target, left(until)), target.port, until)

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], until: float | None = None
    ) -> Answer:
        """Send it and read the answer. `until`: by the monotonic clock.

        Raises:
            EgressError: it was not sent, or nothing came back that can be read.
        """
        until = time.monotonic() + ENDS_WITHIN if until is None else until
        target = self.rules.target(url)
        addresses = self._addresses(target, min(CONNECTS_WITHIN, left(until)))
        try:
            with closing(self._connected(target, addresses, until)) as connected:
                return _asked(connected, target, until, (body, headers))
        except TimeoutError as error:
            raise EgressError(Why.TIMEOUT) from error
        except ssl.SSLError as error:
            raise EgressError(Why.TLS) from error
        except OSError as error:
            raise EgressError(Why.CONNECTION) from error
        except (http.client.HTTPException, ValueError) as error:
            raise EgressError(Why.BAD_ANSWER) from error

    def _addresses(self, target: Target, patience: float) -> list[str]:
        """Of the name, all of which are looked at before any is connected to."""
        found = names.addresses(self.lookup, target.host, target.port, patience)
        if not self.rules.excepts(target) and any(map(self.denies, found)):
            raise EgressError(Why.ADDRESS_REFUSED)
        return found

    def _connected(self, target: Target, addresses: list[str], until: float) -> socket.socket:
        until = min(until, time.monotonic() + CONNECTS_WITHIN)
        connected = _first(addresses, target.port, until)
        if not target.is_secure:
            return connected
        try:
            connected.settimeout(left(until))
            return self.tls().wrap_socket(connected, server_hostname=target.host)
        except BaseException:
            connected.close()
            raise


def _first(addresses: list[str], port: int, until: float) -> socket.socket:
    """A connection to the first of them that takes one. Each is an address, so that nothing is resolved again."""
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), left(until) / 2)
    return socket.create_connection((addresses[-1], port), left(until))


def _asked(
    connected: socket.socket, target: Target, until: float, sent: tuple[bytes, Mapping[str, str]]
) -> Answer:
    body, headers = sent
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.default_port = 443 if target.is_secure else 80
    connection.sock = Bounded(connected, until, MOST_HEAD + MOST_READ)
    said = {"User-Agent": AGENT, "Connection": "close", **headers}
    connection.request("POST", target.path, body, said)
    response = connection.getresponse()
    read = response.read(MOST_READ + 1)
    if len(read) > MOST_READ:
        raise EgressError(Why.ANSWER_TOO_LARGE)
    return Answer(response.status, read, response.getheader("Retry-After"))
