"""One request, to an address that was looked at: no redirects, no more than so long, no more than so much."""

import http.client
import logging
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field

from notifications.egress import names
from notifications.egress.addresses import is_denied
from notifications.egress.bounded import Bounded, left
from notifications.egress.errors import EgressError, Why
from notifications.egress.rules import EXCEPT, Rules, Target

log = logging.getLogger(__name__)

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
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By their names in small letters."""


@dataclass(frozen=True, slots=True)
class _Request:
    """`most`: bytes of an answer that are read."""

    method: str
    body: bytes | None
    headers: Mapping[str, str]
    most: int = MOST_READ


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
        return self._asked(url, _Request("POST", body, headers), until)

    def get(self, url: str, headers: Mapping[str, str], most: int, until: float) -> Answer:
        """Ask for it, and read so many bytes at most. A redirect is an answer like any other.

        Raises:
            EgressError: it was not asked for, or nothing came back that can be read.
        """
        return self._asked(url, _Request("GET", None, headers, most), until)

    def _asked(self, url: str, request: _Request, until: float | None) -> Answer:
        until = time.monotonic() + ENDS_WITHIN if until is None else until
        target = self.rules.target(url)
        addresses = self._addresses(target, min(CONNECTS_WITHIN, left(until)))
        try:
            with closing(self._connected(target, addresses, until)) as connected:
                return _asked(connected, target, until, request)
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
            # whoever typed the URL is not told, so that nobody maps the network by it; the operator is
            log.warning(
                "%s:%d leads to an address that is not public, and nothing is sent there unless %s names it",
                target.host,
                target.port,
                EXCEPT,
            )
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


def _asked(connected: socket.socket, target: Target, until: float, request: _Request) -> Answer:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.default_port = 443 if target.is_secure else 80
    connection.sock = Bounded(connected, until, MOST_HEAD + request.most)
    said = {"User-Agent": AGENT, "Connection": "close", **request.headers}
    connection.request(request.method, target.path, request.body, said)
    response = connection.getresponse()
    read = response.read(request.most + 1)
    if len(read) > request.most:
        raise EgressError(Why.ANSWER_TOO_LARGE)
    if request.method == "GET" and response.length:
        # of what was asked for, half is worse than nothing
        raise EgressError(Why.BAD_ANSWER)
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, read, headers.get("retry-after"), headers)
