"""For customers and staff: open the operations that their window has sealed."""

import asyncio
from typing import Final

from core import sealing
from core.protocol import routes
from core.protocol.route import Nothing
from core.protocol.sealed import (
    BODY_LIMIT,
    OpenedOperation,
    OpenedOperations,
    OpenOperations,
    SealedOperation,
    context,
)
from core.server.endpoints import examples
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint


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
        routes.OPEN_OPERATIONS,
        open_operations,
        examples.OPEN_OPERATIONS,
        examples.OPENED_OPERATIONS,
        body_limit=BODY_LIMIT,
    ),
)
