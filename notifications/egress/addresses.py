"""Which addresses are nobody's business of ours: a list of our own, on what a name resolves to.

`ipaddress.is_global` alone lets several through that lead inside (reliability §0, E12): those that
carry an IPv4 address within, and some that are reserved.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

GLOBAL_UNICAST = ip_network("2000::/3")
"""Nothing else of IPv6 is on the internet; 64:ff9b::/96, ::/96 and ff00::/8 are not in it."""
DENIED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)


def read(text: str) -> Address | None:
    """The address as it counts: one of IPv4 that is wrapped in IPv6 by itself; none where it has a zone, or is none."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return None
        return found.ipv4_mapped or found
    return found


def is_denied(text: str) -> bool:
    """Whether nothing is sent there."""
    address = read(text)
    if address is None:
        return True
    if address.version == 6 and address not in GLOBAL_UNICAST:  # noqa: PLR2004 (of the protocol)
        return True
    return (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or any(address in network for network in DENIED if network.version == address.version)
        or _is_our_own(address)
    )


def _is_our_own(address: Address) -> bool:
    """Whether this machine has it: only then can a socket be bound to it."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as tried:
            tried.bind((str(address), 0))
    except OSError:
        return False
    return True
