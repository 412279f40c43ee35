"""For everybody: the API document, and liveness."""

from typing import Final

from core.protocol import routes
from core.protocol.replies import Document, Health
from core.protocol.route import Nothing
from core.server.endpoints import examples, openapi
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded, Endpoint


async def health(_call: Call[Nothing, Nothing]) -> Health:
    """Liveness of the process, independent of its database: for that there is `/readyz`."""
    return Health(status="ok", version=openapi.VERSION)


async def document(_call: Call[Nothing, Nothing]) -> Encoded[Document]:
    from core.server.routes import ENDPOINTS as EVERY_ENDPOINT  # this one is among them

    return Encoded(openapi.encoded(EVERY_ENDPOINT), 200)


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.HEALTH, health, example_reply=examples.HEALTH),
    Endpoint(routes.DOCUMENT, document),
)
