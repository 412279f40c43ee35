"""Authorisation of operators, who administer the whole backend with all of its shops."""

import hmac

from starlette.types import Scope

from core.domain.people import Principal
from core.server.auth.tokens import LOCAL
from core.server.http import origin, problems


def is_operator(principal: Principal) -> bool:
    """Whether it is a command on the server's own machine, which holds its keys. An admin of a shop is no operator."""
    return principal.session_id == LOCAL


def admit(scope: Scope, headers: dict[bytes, bytes], token: str, secret: str) -> None:
    """Raises `Refusal` unless the request has `token`, or, where none is configured, proves to be from this machine by
    its `secret` (`core.settings.here`), which is accepted as a token too."""
    scheme, _, borne = headers.get(b"authorization", b"").partition(b" ")
    if token:
        if scheme.lower() != b"bearer" or not hmac.compare_digest(borne.strip(), token.encode()):
            raise problems.unauthenticated("Send the token that the settings name as a bearer token.")
    elif not (
        origin.is_here(scope, headers, secret)
        or (scheme.lower() == b"bearer" and hmac.compare_digest(borne.strip(), secret.encode()))
    ):
        raise problems.forbidden()
