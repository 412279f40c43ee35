"""Where a request comes from, as far as its connection says."""

import ipaddress
from typing import Final

from starlette.types import Scope

_FORWARDED: Final = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
)
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


def is_here(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Whether the asker sits at this machine.

    A proxy on this machine speaks from it for the whole world, so what was forwarded is not from here. Nor is what a
    browser here was led to by somebody else's name for this address (DNS rebinding): that name is in `Host`.
    """
    found = parsed(address(scope))
    return found is not None and found.is_loopback and _host(headers) in _HERE and not _FORWARDED & headers.keys()


def _host(headers: dict[bytes, bytes]) -> bytes:
    """Without its port."""
    host = headers.get(b"host", b"").lower()
    return host.partition(b"]")[0] + b"]" if host.startswith(b"[") else host.partition(b":")[0]
