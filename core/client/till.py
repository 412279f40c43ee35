"""Staff at a till: signing in as a device of the shop's, and coming back to a locked till while the server is away."""

from typing import Final

from core.client import identity, pin
from core.client.errors import SignedOut
from core.client.http import HttpClient, SessionApi
from core.client.seal import Seal
from core.protocol.replies import Tokens
from core.protocol.requests import StaffSignIn

_WRONG: Final = "The name or the PIN is wrong."


def sign_in(client: HttpClient, seal: Seal, request: StaffSignIn) -> Tokens:
    """The tokens of whoever the server knows by this PIN. Raises `ClientError`."""
    tokens = client.staff_sign_in(identity.proven(seal, request))
    pin.keep(seal, tokens.person.id, request.pin)
    return tokens


def come_back(held: SessionApi | None, seal: Seal, request: StaffSignIn) -> Tokens | None:
    """Without a server, whoever locked this till may come back to it, and nobody else (docs/adr/0028): the tokens of
    `held`, their session, which goes on; None when there is none of this name. Raises `SignedOut` for a wrong PIN."""
    tokens = held.tokens if held is not None else None
    if tokens is None or tokens.device != request.device:
        return None
    if tokens.person.name.casefold() != request.staff.strip().casefold():
        return None
    if not pin.may_try(seal, tokens.person.id):
        return None
    if not pin.check(seal, tokens.person.id, request.pin):
        raise SignedOut(_WRONG)
    return tokens
