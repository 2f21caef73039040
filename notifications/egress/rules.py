"""Where a request may go, as far as its URL says; and what the operator has said otherwise."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

from notifications.egress.errors import EgressError, Why

EXCEPT = "SPREEKUUR_EGRESS_EXCEPT"
"""Pairs `host:port`, divided by commas, that may be internal: a receiver beside us, or a test."""
HTTP = "SPREEKUUR_EGRESS_HTTP"
"""`yes`: plain HTTP is let out, too."""
PORTS = "SPREEKUUR_EGRESS_PORTS"

DEFAULT_PORTS = frozenset({443, 8443})
MAIL_PORTS = frozenset({25, 465, 587, 2525})
LONGEST_URL = 2_000
LONGEST_NAME = 253
LAST_PORT = 65_535
URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^\[\]/?#:@\\%\s\x00-\x1f\x7f]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[!$&'()*+,\-./0-9:;=@A-Z_a-z~%]*)?"
    r"(?P<query>\?[!$&'()*+,\-./0-9:;=?@A-Z_a-z~%]*)?",
)
"""No userinfo, no fragment, nothing that two readers might read otherwise."""
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A name that ends in one is an address, in whatever way it is written."""


class SettingError(Exception):
    """The operator said something that cannot be read; it is named."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL says, in one reading."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"


@dataclass(frozen=True, slots=True)
class Rules:
    """`excepted`: pairs of host and port that the operator names, which may be internal."""

    allows_http: bool = False
    ports: frozenset[int] = DEFAULT_PORTS
    excepted: frozenset[tuple[str, int]] = frozenset()

    def target(self, url: str) -> Target:
        """Raises EgressError where nothing is sent to such a URL."""
        target = read(url)
        if not (target.is_secure or self.allows_http):
            raise EgressError(Why.URL_REFUSED)
        if target.port not in self.ports and not self.excepts(target):
            raise EgressError(Why.URL_REFUSED)
        return target

    def mail_target(self, host: str, port: int) -> Target:
        """Raises EgressError where no mail is sent there."""
        target = Target("smtp", _host(host), port, "")
        if target.port not in MAIL_PORTS and not self.excepts(target):
            raise EgressError(Why.URL_REFUSED)
        return target

    def excepts(self, target: Target) -> bool:
        return (target.host, target.port) in self.excepted


def read(url: str) -> Target:
    """Raises EgressError where it is none that has one meaning."""
    found = URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if found is None:
        raise EgressError(Why.URL_REFUSED)
    scheme = found["scheme"]
    port = int(found["port"] or (443 if scheme == "https" else 80))
    if not 0 < port <= LAST_PORT:
        raise EgressError(Why.URL_REFUSED)
    path = (found["path"] or "/") + (found["query"] or "")
    return Target(scheme, _host(found["host"]), port, path)


def _host(text: str) -> str:
    """An address as it is written canonically, or a name in ASCII."""
    try:
        if text.startswith("["):
            return str(IPv6Address(text[1:-1]))
        name = text.lower() if text.isascii() else idna.encode(text, strict=True).decode()
        labels = name.split(".")
        if NUMBER.fullmatch(labels[-1]):
            return str(IPv4Address(name))
    except (AddressValueError, UnicodeError) as error:  # idna's errors are of UnicodeError
        raise EgressError(Why.URL_REFUSED) from error
    if len(name) > LONGEST_NAME or not all(map(LABEL.fullmatch, labels)):
        raise EgressError(Why.URL_REFUSED)
    return name


def from_settings(settings: Mapping[str, str]) -> Rules:
    """The rules by the environment.

    Raises:
        SettingError: a setting cannot be read.
    """
    pairs = [_pair(one) for one in _listed(settings, EXCEPT)]
    ports = [_port(one, PORTS) for one in _listed(settings, PORTS)]
    if settings.get(HTTP, "") not in {"", "yes", "no"}:
        raise SettingError(f"{HTTP} is yes or no")
    return Rules(settings.get(HTTP) == "yes", frozenset(ports) or DEFAULT_PORTS, frozenset(pairs))


def _listed(settings: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in settings.get(name, "").split(",") if one.strip()]


def _pair(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        return _host(host), _port(port, EXCEPT)
    except EgressError:
        raise SettingError(f"{EXCEPT} names host:port, and {text!r} is none") from None


def _port(text: str, name: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:6]) <= LAST_PORT:
        raise SettingError(f"{name}: {text!r} is no port")
    return int(text)
