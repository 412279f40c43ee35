"""Where a request comes from, as far as its connection says."""

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
    """Empty when the connection does not say."""
    client = scope.get("client")
    return client[0] if client else ""


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, an IPv4 one as itself even where a socket for both has it as IPv6 (RFC 4291 §2.5.5.2)."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def check_host(scope: Scope, headers: dict[bytes, bytes]) -> None:
    """Raises `Refusal` 400 for more than one `Host`, and for one that is no host with or without a port (RFC 9112
    §3.2): whatever stands before us may have read another one in it than we do."""
    hosts = 1 if len(headers) == len(scope["headers"]) else sum(name == b"host" for name, _ in scope["headers"])
    host = headers.get(b"host", b"")
    if hosts > 1 or host.translate(None, _HOST_LETTERS):
        raise problems.malformed("A request has one Host, of a name and perhaps a port.", "Host")


def is_here(scope: Scope, headers: dict[bytes, bytes], secret: str) -> bool:
    """Whether the asker has proven to be at this machine, as the user that the server runs as: by the `secret` that
    only that user may read (`core.settings.here`).

    Where a connection comes from proves nothing alone, see there; but from elsewhere the secret is not believed either.

    A proxy on this machine speaks from it for the whole world, so what was forwarded is not from here. Nor is what a
    browser here was led to by somebody else's name for this address (DNS rebinding): that name is in `Host`.
    """
    found = parsed(address(scope))
    is_near = found is not None and found.is_loopback and _host(headers) in _HERE and not _FORWARDED & headers.keys()
    return is_near and hmac.compare_digest(headers.get(_PROOF, b""), secret.encode())


def _host(headers: dict[bytes, bytes]) -> bytes:
    """Without its port; empty when what stands in the port's place is none."""
    host = headers.get(b"host", b"").lower()
    end = host.find(b"]") + 1 if host.startswith(b"[") else host.find(b":")
    name, port = (host[:end], host[end:]) if end >= 0 else (host, b"")
    return name if not port or (port.startswith(b":") and (port[1:].isdigit() or port == b":")) else b""


def network(address: str) -> str:
    """What counts as one address: an IPv6 network of 64 bits does (RFC 6177)."""
    found = parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        found = ipaddress.ip_network((found, 64), strict=False).network_address
    return str(found or address)
