"""The menu: everybody reads it, staff change availability, admins replace it, and change the shop that it is of."""

from typing import Any, Final

import msgspec

from core.domain.ids import ItemId
from core.domain.menu import Menu
from core.protocol import routes
from core.protocol.pictures import KeepPicture, KeptPicture, Picture
from core.protocol.replies import Availability
from core.protocol.requests import ChangeAvailability, ChangeShop, ReplaceMenu
from core.protocol.route import Nothing
from core.protocol.security import SecurityEvent
from core.server.auth.security import actor
from core.server.endpoints import examples
from core.server.endpoints.conditional import etag, unless_known
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded, Endpoint
from core.server.endpoints.idempotency import operate
from core.server.http import problems
from core.server.orders import menus
from core.store import pictures, shops
from core.store.menus import Offer
from core.store.sql.statements import Transaction

_FOR_EVER: Final = (b"cache-control", b"public, max-age=31536000, immutable")
PICTURE_LIMIT: Final = 96 * 1024
"""Bytes of the largest picture in Base64."""
MENU_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of a menu with 2,000 items, their descriptions and choices."""


async def menu(call: Call[Nothing, Nothing]) -> Encoded[Menu]:
    def work(transaction: Transaction) -> Encoded[Menu]:
        bearer = call.bearer
        shop = shops.get(transaction, bearer.shop_id) if bearer else shops.default(transaction)
        if shop is None:
            raise problems.not_found("shop")
        offer = call.services.offers.of(transaction, shop)
        return unless_known(call, etag(offer.fingerprint), lambda: offer.menu)

    return await call.services.database.read(work)


async def replace(call: Call[ReplaceMenu, Nothing]) -> Encoded[Menu]:
    reply = await operate(call, lambda transaction: menus.replace(transaction, call.principal, call.body))
    await load_offer(call)
    return reply


async def keep_picture(call: Call[KeepPicture, Nothing]) -> Encoded[KeptPicture]:
    return await operate(call, lambda transaction: menus.keep_picture(transaction, call.principal, call.body.content))


async def picture(call: Call[Nothing, Nothing]) -> Encoded[Picture]:
    """By the hash of its bytes, so that what a client has is right for ever."""

    def work(transaction: Transaction) -> Encoded[Picture]:
        bearer = call.bearer
        shop = shops.get(transaction, bearer.shop_id) if bearer else shops.default(transaction)
        content = pictures.get(transaction, shop.id, call.parameter) if shop is not None else None
        if content is None:
            raise problems.not_found("picture")
        reply = unless_known(call, etag(call.parameter), lambda: Picture(content))
        return msgspec.structs.replace(reply, headers=(*reply.headers, _FOR_EVER))

    return await call.services.database.read(work)


async def change_shop(call: Call[ChangeShop, Nothing]) -> Encoded[Menu]:
    def work(transaction: Transaction) -> Menu:
        changed, what = menus.change_shop(transaction, call.principal, call.body)
        for each in what:
            by = actor(call.principal, call.address)
            call.services.security.record(transaction, by, SecurityEvent.SHOP_CHANGED, each)
        return changed

    reply = await operate(call, work)
    await load_offer(call)
    return reply


async def availability(call: Call[ChangeAvailability, Nothing]) -> Encoded[Availability]:
    item_id = ItemId(call.parameter)
    reply = await operate(
        call, lambda transaction: menus.set_available(transaction, call.principal, item_id, call.body.available)
    )
    await load_offer(call)
    return reply


async def load_offer(call: Call[Any, Any]) -> Offer:
    """Load the menu for pricing, and for the writer, which uses what readers have loaded."""

    def work(transaction: Transaction) -> Offer:
        return call.services.offers.of(transaction, menus.shop_of(transaction, call.principal))

    return await call.services.database.read(work)


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.MENU, menu, example_reply=examples.MENU),
    Endpoint(routes.REPLACE_MENU, replace, examples.REPLACE_MENU, examples.MENU, body_limit=MENU_LIMIT),
    Endpoint(
        *(routes.KEEP_PICTURE, keep_picture, examples.KEEP_PICTURE, examples.KEPT_PICTURE), body_limit=PICTURE_LIMIT
    ),
    Endpoint(routes.PICTURE, picture, example_reply=examples.PICTURE),
    Endpoint(routes.CHANGE_SHOP, change_shop, examples.CHANGE_SHOP, examples.MENU),
    Endpoint(routes.SET_AVAILABLE, availability, examples.CHANGE_AVAILABILITY, examples.AVAILABILITY),
)
