"""For everybody: the menu, the document of this table, and whether the backend lives."""

from typing import Final

from core.domain.menu import Menu
from core.protocol.replies import Health
from core.server import examples, openapi, problems
from core.server.conditional import etag, unless_known
from core.server.endpoint import AnyEndpoint, Call, Encoded, Endpoint, Nothing, Who
from core.store import shops
from core.store.statements import Transaction


async def menu(call: Call[Nothing, Nothing]) -> Encoded[Menu]:
    def work(transaction: Transaction) -> Encoded[Menu]:
        bearer = call.bearer
        shop = shops.get(transaction, bearer.shop_id) if bearer else shops.default(transaction)
        if shop is None:
            raise problems.not_found("shop")
        offer = call.services.offers.of(transaction, shop)
        return unless_known(call, etag(offer.fingerprint), lambda: offer.menu)

    return await call.services.database.read(work)


async def health(call: Call[Nothing, Nothing]) -> Health:
    await call.services.database.read(shops.default)
    return Health(status="ok", version=openapi.VERSION)


async def document(_call: Call[Nothing, Nothing]) -> Encoded[openapi.Document]:
    from core.server.routes import ENDPOINTS as EVERY_ENDPOINT  # this one is among them

    return Encoded(openapi.encoded(EVERY_ENDPOINT), 200)


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(
        method="GET",
        path="/api/menu/",
        who=Who.PUBLIC,
        summary="What the shop sells: the token's shop, or the default one",
        handler=menu,
        body=Nothing,
        query=Nothing,
        reply=Menu,
        conditional=True,
        example_reply=examples.MENU,
    ),
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
