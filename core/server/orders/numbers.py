"""Order numbers survive a lost database: a client that sends an order again includes its former number with the
server's proof.

The server signs each number that it issues, for one person and one key. So nobody can claim a number that was not
issued for this very order, and nothing has to be stored for it. See docs/adr/0036.
"""

import base64
import hmac
from typing import Any, Final

import msgspec

from core.decoding import decoder
from core.domain.ids import OrderId
from core.domain.order import ONLINE_SERIES, Order
from core.protocol.headers import FORMER_NUMBER, ORDER_NUMBER
from core.server.endpoints.endpoint import Call, Encoded
from core.store import events, operations, orders, shops
from core.store.sql.statements import Transaction

_HEADER: Final = ORDER_NUMBER.lower().encode()
_FORMER: Final = FORMER_NUMBER.lower().encode()


class _Numbered(msgspec.Struct, frozen=True):
    number: str


_numbered: Final = decoder(_Numbered).decode


async def former_number(call: Call[Any, Any]) -> str:
    """The number that was issued for the order of this key, if the request proves it; otherwise empty."""
    number, _, proof = call.number.rpartition(".")
    if not number or not call.key:
        return ""
    right = await _proof(call, number)
    return number if hmac.compare_digest(proof.encode(), right.encode()) else ""


async def prove_history(call: Call[Any, Any], order_id: OrderId | None) -> None:
    """Check that the database still has the history in which an order that is sent again was numbered.

    The server's own signature on a number that its series has not reached, or that another order has, proves that the
    database was put back to an older state. Then every shop begins a new epoch, before another number is issued.
    """
    former = await former_number(call)
    series, _, digits = former.rpartition("-")
    bearer, database = call.principal, call.services.database
    if not former or series not in (ONLINE_SERIES, bearer.device_id):
        return

    def lacks(transaction: Transaction) -> str:
        """The epoch that lacks it; empty when nothing is missing."""
        if operations.find(transaction, bearer.subject, call.key) is not None:
            return ""
        beyond = int(digits) > shops.last_number(transaction, bearer.shop_id, series)
        is_anothers = (
            bearer.shop_id not in database.history.begun
            and orders.has_number(transaction, bearer.shop_id, former)
            and (order_id is None or orders.get(transaction, order_id) is None)
        )
        return events.head(transaction, bearer.shop_id).epoch if beyond or is_anothers else ""

    if epoch := await database.read(lacks):
        await database.begin_epoch(bearer.shop_id, epoch)


async def with_number_proof(call: Call[Any, Any], reply: Encoded[Order]) -> Encoded[Order]:
    """The reply to a new order with the proof of its number, for the client to send should it repeat the order, and the
    former number where it differs."""
    if not call.key:
        return reply
    number, former = _numbered(reply.body).number, await former_number(call)
    shown = f"{number}.{await _proof(call, number)}".encode()
    changed = ((_FORMER, former.encode()),) if former not in ("", number) else ()
    return msgspec.structs.replace(reply, headers=(*reply.headers, (_HEADER, shown), *changed))


async def _proof(call: Call[Any, Any], number: str) -> str:
    bearer = call.principal
    secret = await call.services.shop_secret(bearer.shop_id)
    claim = f"order number\0{bearer.shop_id}\0{bearer.subject}\0{number}\0{call.key}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, claim, "sha256")).rstrip(b"=").decode()
