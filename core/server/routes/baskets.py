"""For staff: the baskets that their shop holds."""

from datetime import UTC, datetime
from typing import Final

from core.domain.held_baskets import DropBasket, Hand, HeldBasket, HoldBasket, TakeBasket
from core.domain.ids import BasketId, DeviceId, ItemId
from core.domain.order import NewLine
from core.protocol import routes
from core.protocol.held_baskets import BasketList
from core.protocol.route import Nothing
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded, Endpoint
from core.server.endpoints.idempotency import operate
from core.server.orders import baskets
from core.store import held_baskets


async def hold(call: Call[HoldBasket, Nothing]) -> Encoded[HeldBasket]:
    return await operate(call, lambda transaction: baskets.hold(transaction, call.principal, call.body))


async def take(call: Call[TakeBasket, Nothing]) -> Encoded[HeldBasket]:
    basket_id = BasketId(call.parameter)
    return await operate(call, lambda transaction: baskets.take(transaction, call.principal, basket_id, call.body))


async def drop(call: Call[DropBasket, Nothing]) -> Encoded[HeldBasket]:
    basket_id = BasketId(call.parameter)
    return await operate(call, lambda transaction: baskets.drop(transaction, call.principal, basket_id, call.body))


async def held(call: Call[Nothing, Nothing]) -> BasketList:
    shop_id = call.principal.shop_id
    return BasketList(
        baskets=await call.services.database.read(lambda transaction: held_baskets.held(transaction, shop_id))
    )


_AT: Final = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
_LINES: Final = (NewLine(item_id=ItemId("01920000-0000-7000-8000-000000000001"), quantity=2),)
_ID: Final = BasketId("01920000-0000-7000-8000-00000000000a")
_HELD: Final = HeldBasket(id=_ID, label="Table 7", lines=_LINES, held=Hand("Kim", DeviceId("POS1"), _AT))

ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.HOLD_BASKET, hold, HoldBasket(id=_ID, label="Table 7", lines=_LINES), _HELD),
    Endpoint(routes.TAKE_BASKET, take, TakeBasket(), _HELD),
    Endpoint(routes.DROP_BASKET, drop, DropBasket(), _HELD),
    Endpoint(routes.BASKETS, held, example_reply=BasketList(baskets=(_HELD,))),
)
