"""Staff at a till: signing in as a device of the shop's, and coming back to a locked till at once."""

from typing import Final

import msgspec

from core.client.device import identity
from core.client.device.seal import Seal
from core.client.errors import NotKept, SignedOut
from core.client.http.api import HttpClient, SessionApi
from core.client.session import unlock
from core.client.storage import window_id
from core.client.sync import operation_table
from core.protocol.replies import Tokens
from core.protocol.requests import StaffSignIn

_WRONG: Final = "The name or the PIN is wrong."


def sign_in(client: HttpClient, seal: Seal, request: StaffSignIn) -> Tokens:
    """The tokens of whoever the server knows by this PIN. A till is one window at a time. Raises `ClientError`."""
    asked = msgspec.structs.replace(request, window_id=window_id.of(seal.store))
    return client.staff_sign_in(identity.proven(seal, asked))


def signed_in(seal: Seal, request: StaffSignIn, tokens: Tokens) -> None:
    """Whoever asked is let in: the till numbers its orders from what the server says here, and they may come back to it
    by their PIN."""
    if tokens.series_last is not None:
        with seal.store.transaction() as db:
            operation_table.series_at(db, tokens.device, tokens.series_last)
    unlock.keep(seal, tokens.person.id, request.pin)


def come_back(held: SessionApi | None, seal: Seal, request: StaffSignIn) -> Tokens | None:
    """Whoever locked this till comes back to it by the PIN that the server took last, whether or not there is a server
    (docs/adr/0028): the tokens of `held`, their session, which goes on; None when there is none of this name, or they
    are to be asked for by the server. Raises `SignedOut` for a wrong PIN."""
    tokens = held.tokens if held is not None else None
    if tokens is None or tokens.device != request.device:
        return None
    if tokens.person.name.casefold() != request.staff.strip().casefold():
        return None
    try:
        if not unlock.may_try(seal, tokens.person.id):
            return None
        if not unlock.check(seal, tokens.person.id, request.pin):
            raise SignedOut(_WRONG)
    except NotKept:  # a try that cannot be counted is none
        return None
    return tokens
