"""The origin of a request, as far as its connection shows it."""

import hmac
import ipaddress
from typing import Final

from starlette.types import Scope

from core.server.http import problems
from core.settings import here

_FORWARDED: Final = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
)
_PROOF: Final = here.HEADER.lower().encode()
_HOST_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~%:[]"
_HERE: Final = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})


def address(scope: Scope) -> str:
    """The peer's address; empty when unknown."""
    client = scope.get("client")
    return client[0] if client else ""


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The parsed address; an IPv4-mapped IPv6 address as IPv4 (RFC 4291 §2.5.5.2)."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def check_host(scope: Scope, headers: dict[bytes, bytes]) -> None:
    """Raises `Refusal` 400 for more than one `Host`, and for an invalid one (RFC 9112 §3.2): a proxy in front may have
    interpreted it differently."""
    hosts = 1 if len(headers) == len(scope["headers"]) else sum(name == b"host" for name, _ in scope["headers"])
    host = headers.get(b"host", b"")
    if hosts > 1 or host.translate(None, _HOST_LETTERS):
        raise problems.malformed("A request has one Host, of a name and perhaps a port.", "Host")


def is_here(scope: Scope, headers: dict[bytes, bytes], secret: str) -> bool:
    """Whether the client has proven to run on this machine as the server's user: by the `secret` that only that user
    may read (`core.settings.here`).

    A local address alone proves nothing, see there; but from elsewhere the secret is not accepted either.

    A proxy on this machine connects for the whole world, so forwarded requests do not count. Neither do those that a
    browser here was led to by another name for this address (DNS rebinding): that name is in `Host`.
    """
    found = parsed(address(scope))
    is_near = found is not None and found.is_loopback and _host(headers) in _HERE and not _FORWARDED & headers.keys()
    return is_near and hmac.compare_digest(headers.get(_PROOF, b""), secret.encode())


def _host(headers: dict[bytes, bytes]) -> bytes:
    """The host without its port; empty when the port is invalid."""
    host = headers.get(b"host", b"").lower()
    end = host.find(b"]") + 1 if host.startswith(b"[") else host.find(b":")
    name, port = (host[:end], host[end:]) if end >= 0 else (host, b"")
    return name if not port or (port.startswith(b":") and (port[1:].isdigit() or port == b":")) else b""


def network(address: str) -> str:
    """The network that counts as one address: 64 bits of IPv6 (RFC 6177)."""
    found = parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        found = ipaddress.ip_network((found, 64), strict=False).network_address
    return str(found or address)
