"""Doing something once, however often it is asked for."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from core.server import problems
from core.server.endpoint import Call, Encoded
from core.store import operations
from core.store.instants import now, to_us
from core.store.operations import Done
from core.store.statements import Transaction

R = TypeVar("R")
_encode: Final = msgspec.json.Encoder().encode


async def operate(call: Call[Any, Any], work: Callable[[Transaction], R]) -> Encoded[R]:
    """The reply of `work`, committed together with what it did and with the key it was asked under.

    The same key with the same request gives the same bytes again and does nothing. With another request it raises
    `Refusal` 422. A refusal is not kept: it changed nothing, and asked again later it may be granted.
    """
    subject = call.principal.subject

    def once(transaction: Transaction) -> Encoded[R]:
        if not call.key:
            return Encoded(_encode(work(transaction)), call.status)
        done = operations.find(transaction, subject, call.key)
        if done is not None:
            if done.request_hash != call.fingerprint:
                raise problems.key_reused()
            return Encoded(done.reply, done.status, replayed=True)
        body = _encode(work(transaction))
        operations.keep(transaction, subject, call.key, Done(call.fingerprint, call.status, body), to_us(now()))
        return Encoded(body, call.status)

    return await call.services.database.write(once)
