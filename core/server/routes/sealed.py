"""For customers and staff: what their window has sealed while they were away."""

import asyncio
from typing import Final

from core import sealing
from core.protocol.sealed import (
    BODY_LIMIT,
    OPEN_PATH,
    OpenedOperation,
    OpenedOperations,
    OpenOperations,
    SealedOperation,
    context,
)
from core.server.http import examples
from core.server.http.endpoint import AnyEndpoint, Call, Endpoint, Nothing, Who


async def open_operations(call: Call[OpenOperations, Nothing]) -> OpenedOperations:
    bearer = call.principal
    key = sealing.private_key(await call.services.shop_secret(bearer.shop_id))

    def opened(sealed: SealedOperation) -> OpenedOperation:
        try:
            content = sealing.open_sealed(sealed.content, key, context(bearer.subject, bearer.shop_id, sealed.op_id))
        except sealing.CannotOpen:
            return OpenedOperation(sealed.op_id, None)
        return OpenedOperation(sealed.op_id, content)

    return OpenedOperations(await asyncio.to_thread(lambda: tuple(map(opened, call.body.operations))))


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(
        method="POST",
        path=OPEN_PATH,
        who=Who.PERSON,
        summary="Open what this person's window has sealed to the server's key after they signed out",
        handler=open_operations,
        body=OpenOperations,
        query=Nothing,
        reply=OpenedOperations,
        body_limit=BODY_LIMIT,
        example=examples.OPEN_OPERATIONS,
        example_reply=examples.OPENED_OPERATIONS,
    ),
)
