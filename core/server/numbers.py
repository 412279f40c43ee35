"""A number that was told is kept: whoever sends an order again, to a server that has lost it, shows what it was told.

The server signs each number that it tells, for one person and one key. So nobody claims a number that was not told them
for this very order, and nothing has to be kept for it. See docs/adr/0036.
"""

import base64
import hmac
from typing import Any, Final

import msgspec

from core.decoding import decoder
from core.domain.order import Order
from core.protocol.headers import FORMER_NUMBER, ORDER_NUMBER
from core.server.endpoint import Call, Encoded

_HEADER: Final = ORDER_NUMBER.lower().encode()
_FORMER: Final = FORMER_NUMBER.lower().encode()


class _Numbered(msgspec.Struct, frozen=True):
    number: str


_numbered: Final = decoder(_Numbered).decode


def told_before(call: Call[Any, Any]) -> str:
    """The number that the bearer was told for the order of this key, as the request shows; empty for none, and for
    one that we did not tell."""
    number, _, proof = call.number.rpartition(".")
    if not number or not call.key:
        return ""
    return number if hmac.compare_digest(proof.encode(), _proof(call, number).encode()) else ""


def telling(call: Call[Any, Any], reply: Encoded[Order]) -> Encoded[Order]:
    """The reply to a new order, now or when it was first asked for, with what the client is to show should it have to
    ask once more, and the number that was told before where that is another one."""
    if not call.key:
        return reply
    number, told = _numbered(reply.body).number, told_before(call)
    shown = f"{number}.{_proof(call, number)}".encode()
    former = ((_FORMER, told.encode()),) if told not in ("", number) else ()
    return msgspec.structs.replace(reply, headers=(*reply.headers, (_HEADER, shown), *former))


def _proof(call: Call[Any, Any], number: str) -> str:
    bearer = call.principal
    claim = f"order number\0{bearer.shop_id}\0{bearer.subject}\0{number}\0{call.key}".encode()
    return base64.urlsafe_b64encode(hmac.digest(call.services.keys.refresh, claim, "sha256")).rstrip(b"=").decode()
