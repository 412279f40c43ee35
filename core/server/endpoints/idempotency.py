"""Idempotent operations."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from core.domain.ids import ShopId
from core.instants import now, to_us
from core.protocol.headers import EVENT_CURSOR, OUTCOME, Outcome
from core.server.endpoints.endpoint import Call, Encoded
from core.server.http import problems
from core.server.http.problems import Headers
from core.store import events, operations
from core.store.events import CursorCheck
from core.store.operations import Done
from core.store.sql.statements import Transaction

R = TypeVar("R")
_OUTCOME: Final = OUTCOME.lower().encode()
_EVENT_CURSOR: Final = EVENT_CURSOR.lower().encode()
_encode: Final = msgspec.json.Encoder().encode


async def operate(call: Call[Any, Any], work: Callable[[Transaction], R], in_shop: ShopId | None = None) -> Encoded[R]:
    """The reply of `work`, committed together with its effect and its key.

    The same key with the same request returns the same bytes and has no effect; with another request it raises
    `Refusal` 422. Refusals are not stored: they changed nothing, and a retry may succeed.

    What is based on another history than the shop's is refused, 409: there, what it names may be something else.

    The change is in the bearer's shop, or in `in_shop`: a customer's order may be of another shop of the chain.
    """
    subject, shop_id = call.principal.subject, call.principal.shop_id

    def headers_for(transaction: Transaction, outcome: Outcome) -> Headers:
        """The outcome, and a cursor at which the shop's history contains it."""
        cursor = str(events.head(transaction, shop_id))
        return (_OUTCOME, outcome.encode()), (_EVENT_CURSOR, cursor.encode())

    def once(transaction: Transaction) -> Encoded[R]:
        done = operations.find(transaction, subject, call.key) if call.key else None
        if done is not None:
            if done.request_hash != call.fingerprint:
                raise problems.key_reused()
            return Encoded(done.reply, done.status, replayed=True, headers=headers_for(transaction, Outcome.DUPLICATE))
        if call.cursor is not None:
            newest = events.head(transaction, shop_id)
            if events.check_cursor(transaction, shop_id, call.cursor, newest) is CursorCheck.DIVERGED:
                raise problems.diverged()
        before = len(transaction.appended)
        body = _encode(work(transaction))
        if call.key:
            operations.keep(transaction, subject, call.key, Done(call.fingerprint, call.status, body), to_us(now()))
        happened = len(transaction.appended) > before
        outcome = Outcome.APPLIED if happened else Outcome.SUPERSEDED
        return Encoded(body, call.status, headers=headers_for(transaction, outcome))

    return await call.services.database.write(once, in_shop or shop_id)
