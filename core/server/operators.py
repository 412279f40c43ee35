"""Who may read what is an operator's: the figures of the whole backend, over all of its shops."""

import hmac
import ipaddress
from typing import Final

from starlette.types import Scope

from core.server import problems

_FORWARDED: Final = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
)
_HERE: Final = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})


def admit(scope: Scope, headers: dict[bytes, bytes], token: str) -> None:
    """Raises `Refusal` unless `token` is borne, or, where the settings name none, the asker sits at this machine.

    A proxy on this machine speaks from it for the whole world, so what was forwarded is not from here. Nor is what a
    browser here was led to by somebody else's name for this address (DNS rebinding): that name is in `Host`.
    """
    if token:
        scheme, _, borne = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(borne.strip(), token.encode()):
            raise problems.unauthenticated("Send the token that the settings name as a bearer token.")
    elif not (_is_here(scope) and _host(headers) in _HERE and not _FORWARDED & headers.keys()):
        raise problems.forbidden()


def _is_here(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _host(headers: dict[bytes, bytes]) -> bytes:
    """Without its port."""
    host = headers.get(b"host", b"").lower()
    return host.partition(b"]")[0] + b"]" if host.startswith(b"[") else host.partition(b":")[0]
