"""Staff at a till: signing in as a device of the shop's, and coming back to a locked till while the server is away."""

from typing import Final

from core.client import identity, pin
from core.client.errors import SignedOut, Unreachable
from core.client.http import HttpApi
from core.client.seal import Seal
from core.protocol.replies import Tokens
from core.protocol.requests import StaffSignIn

_WRONG: Final = "The name or the PIN is wrong."


def sign_in(http: HttpApi, seal: Seal, request: StaffSignIn) -> Tokens:
    """The session of whoever the server knows by this PIN; the one that was held here before is over, there too.

    Without a server, whoever locked this till may come back to it, and nobody else (docs/adr/0028). Raises
    `ClientError`.
    """
    before = http.tokens
    try:
        tokens = http.staff_sign_in(identity.proven(seal, request))
    except Unreachable:
        held = _come_back(http, seal, request)
        if held is None:
            raise
        return held
    pin.keep(seal, tokens.person.id, request.pin)
    if before is not None:
        http.end(before)
    return tokens


def _come_back(http: HttpApi, seal: Seal, request: StaffSignIn) -> Tokens | None:
    """The session that goes on; None when there is none of this name here. Raises `SignedOut` for a wrong PIN."""
    tokens = http.tokens
    if tokens is None or tokens.device != request.device:
        return None
    if tokens.person.name.casefold() != request.staff.strip().casefold():
        return None
    if not pin.may_try(seal, tokens.person.id):
        return None
    if not pin.check(seal, tokens.person.id, request.pin):
        raise SignedOut(_WRONG)
    return tokens
