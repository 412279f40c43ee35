"""A number that was told is kept: whoever sends an order again, to a server that has lost it, shows what it was told.

The server signs each number that it tells, for one person and one key. So nobody claims a number that was not told them
for this very order, and nothing has to be kept for it. See docs/adr/0036.
"""

import base64
import hmac
from typing import Any, Final

import msgspec

from core.decoding import decoder
from core.domain.ids import OrderId
from core.domain.order import ONLINE_SERIES, Order
from core.protocol.headers import FORMER_NUMBER, ORDER_NUMBER
from core.server.http.endpoint import Call, Encoded
from core.store import events, operations, orders, shops
from core.store.engine.statements import Transaction

_HEADER: Final = ORDER_NUMBER.lower().encode()
_FORMER: Final = FORMER_NUMBER.lower().encode()


class _Numbered(msgspec.Struct, frozen=True):
    number: str


_numbered: Final = decoder(_Numbered).decode


async def told_before(call: Call[Any, Any]) -> str:
    """The number that the bearer was told for the order of this key, as the request shows; empty for none, and for
    one that we did not tell."""
    number, _, proof = call.number.rpartition(".")
    if not number or not call.key:
        return ""
    right = await _proof(call, number)
    return number if hmac.compare_digest(proof.encode(), right.encode()) else ""


async def prove_history(call: Call[Any, Any], order_id: OrderId | None) -> None:
    """An order that was told a number comes again: is what the server knew then still there?

    Its own signature under a number that the series has not come to, or that another order has, proves that the
    database was put back to an older state. Then every shop begins anew, before another number is given.
    """
    told = await told_before(call)
    series, _, digits = told.rpartition("-")
    bearer, database = call.principal, call.services.database
    if not told or series not in (ONLINE_SERIES, bearer.device_id):
        return

    def lacks(transaction: Transaction) -> str:
        """The epoch that lacks it; empty when nothing is missing."""
        if operations.find(transaction, bearer.subject, call.key) is not None:
            return ""
        beyond = int(digits) > shops.last_number(transaction, bearer.shop_id, series)
        is_anothers = (
            bearer.shop_id not in database.history.begun
            and orders.has_number(transaction, bearer.shop_id, told)
            and (order_id is None or orders.get(transaction, order_id) is None)
        )
        return events.head(transaction, bearer.shop_id).epoch if beyond or is_anothers else ""

    if epoch := await database.read(lacks):
        await database.begin_epoch(bearer.shop_id, epoch)


async def telling(call: Call[Any, Any], reply: Encoded[Order]) -> Encoded[Order]:
    """The reply to a new order, now or when it was first asked for, with what the client is to show should it have to
    ask once more, and the number that was told before where that is another one."""
    if not call.key:
        return reply
    number, told = _numbered(reply.body).number, await told_before(call)
    shown = f"{number}.{await _proof(call, number)}".encode()
    former = ((_FORMER, told.encode()),) if told not in ("", number) else ()
    return msgspec.structs.replace(reply, headers=(*reply.headers, (_HEADER, shown), *former))


async def _proof(call: Call[Any, Any], number: str) -> str:
    bearer = call.principal
    secret = await call.services.shop_secret(bearer.shop_id)
    claim = f"order number\0{bearer.shop_id}\0{bearer.subject}\0{number}\0{call.key}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, claim, "sha256")).rstrip(b"=").decode()
