"""The names and addresses by which this machine may be reached in its network."""

import ipaddress
import socket
from typing import Final

_ELSEWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Documentation addresses (RFC 5737, RFC 3849): the system is asked which of ours it would use to get there; nothing is
sent."""


def addresses() -> list[str]:
    """This machine's IP addresses in its networks, the likeliest first; without loopback and link-local ones."""
    found = dict.fromkeys(_outward())
    try:
        known = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        known = []
    found |= dict.fromkeys(str(each[4][0]) for each in known)
    return [each for each in found if _is_of_a_network(each)]


def names() -> list[str]:
    """Its host name, and its multicast DNS name (RFC 6762)."""
    host = socket.gethostname().split(".")[0].lower()
    return list(dict.fromkeys((socket.gethostname().lower(), host, f"{host}.local"))) if host else []


def _outward() -> list[str]:
    found = []
    for family, elsewhere in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as asking:
                asking.connect((elsewhere, 9))
                found.append(str(asking.getsockname()[0]))
        except OSError:  # no way out by this family
            continue
    return found


def _is_of_a_network(address: str) -> bool:
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return not (known.is_loopback or known.is_link_local or known.is_unspecified)
