"""Staff sign-in at a till, and unlocking it."""

from typing import Final

import msgspec

from core.client.device import identity, unlock
from core.client.errors import NotKept, SignedOut
from core.client.http.api import HttpClient, SessionApi
from core.client.storage import operation_table, window_id
from core.client.storage.seal import Seal
from core.protocol.replies import Tokens
from core.protocol.requests import StaffSignIn

_WRONG: Final = "The name or the PIN is wrong."


def sign_in(client: HttpClient, seal: Seal, request: StaffSignIn) -> Tokens:
    """Sign in by PIN at the server. A till has one window at a time. Raises `ClientError`."""
    asked = msgspec.structs.replace(request, window_id=window_id.of(seal.store))
    return client.staff_sign_in(identity.proven(seal, asked))


def signed_in(seal: Seal, request: StaffSignIn, tokens: Tokens) -> None:
    """Store what a sign-in brings: the till's number series, and the PIN for unlocking."""
    if tokens.series_last is not None:
        with seal.store.transaction() as db:
            operation_table.series_at(db, tokens.device, tokens.series_last)
    unlock.keep(seal, tokens.person.id, request.pin)


def come_back(held: SessionApi | None, seal: Seal, request: StaffSignIn) -> Tokens | None:
    """Unlock the till by the PIN that the server accepted last, with or without a server (docs/adr/0028). Returns the
    tokens of `held`, the session that continues; None when it is of another person, or the server has to be asked.
    Raises `SignedOut` for a wrong PIN."""
    tokens = held.tokens if held is not None else None
    if tokens is None or tokens.device != request.device:
        return None
    if tokens.person.name.casefold() != request.staff.strip().casefold():
        return None
    try:
        if not unlock.may_attempt(seal, tokens.person.id):
            return None
        if not unlock.check(seal, tokens.person.id, request.pin):
            raise SignedOut(_WRONG)
    except NotKept:  # an attempt that cannot be counted is not made
        return None
    return tokens
