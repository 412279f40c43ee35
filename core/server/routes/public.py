"""For everybody: the document of this table, and whether the backend lives."""

from typing import Final

from core.protocol.replies import Health
from core.server.http import examples, openapi
from core.server.http.endpoint import AnyEndpoint, Call, Encoded, Endpoint, Nothing, Who


async def health(_call: Call[Nothing, Nothing]) -> Health:
    """Whether the process lives, which says nothing of its database: that is what `/readyz` is for."""
    return Health(status="ok", version=openapi.VERSION)


async def document(_call: Call[Nothing, Nothing]) -> Encoded[openapi.Document]:
    from core.server.routes import ENDPOINTS as EVERY_ENDPOINT  # this one is among them

    return Encoded(openapi.encoded(EVERY_ENDPOINT), 200)


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(
        method="GET",
        path="/healthz",
        who=Who.PUBLIC,
        summary="Whether the backend and its database answer",
        handler=health,
        body=Nothing,
        query=Nothing,
        reply=Health,
        example_reply=examples.HEALTH,
    ),
    Endpoint(
        method="GET",
        path="/api/openapi.json",
        who=Who.PUBLIC,
        summary="This document",
        handler=document,
        body=Nothing,
        query=Nothing,
        reply=openapi.Document,
    ),
)
