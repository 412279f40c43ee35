"""The baskets that a shop holds, and the ids of those that it held lately."""

from typing import Any, Final

import msgspec
from sqlalchemy import and_, bindparam, delete, func, select, update

from core.decoding import decode
from core.domain.held_baskets import HeldBasket
from core.domain.ids import ShopId
from core.instants import to_us
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import held_baskets

_b = held_baskets.c
_this: Final = and_(_b.shop_id == bindparam("shop"), _b.id == bindparam("basket"))
_held: Final = and_(_b.shop_id == bindparam("shop"), _b.is_gone == 0)
_GET: Final = Prepared(select(_b.content).where(_this))
_INSERT: Final = Prepared.insert(held_baskets)
_UPDATE: Final = Prepared(
    update(held_baskets)
    .where(_this)
    .values(is_gone=bindparam("gone"), at=bindparam("since"), content=bindparam("now_is"))
)
_HELD: Final = Prepared(select(_b.content).where(_held).order_by(_b.at, _b.id))
_COUNT: Final = Prepared(select(func.count()).where(_held))
_OLD: Final = Prepared(
    select(_b.shop_id, _b.id)
    .where(_b.is_gone == 1, _b.at < bindparam("before"))
    .order_by(_b.at)
    .limit(bindparam("step"))
)
_DELETE: Final = Prepared(delete(held_baskets).where(_this, _b.is_gone == 1))
_encode: Final = msgspec.json.Encoder().encode


def get(transaction: Transaction, shop_id: ShopId, basket_id: str) -> HeldBasket | None:
    """A basket of the shop, held or gone; None for one that is unknown here (yet)."""
    row = transaction.first(_GET, shop=shop_id, basket=basket_id)
    return decode(row[0], HeldBasket) if row else None


def keep(transaction: Transaction, shop_id: ShopId, known: HeldBasket | None, basket: HeldBasket) -> None:
    """Store `basket` in place of `known`, which is what `get` has returned."""
    since = to_us((basket.gone or basket.held).at)
    gone, content = int(basket.gone is not None), _encode(basket).decode()
    if known is None:
        transaction.run(_INSERT, shop_id=shop_id, id=basket.id, is_gone=gone, at=since, content=content)
    else:
        transaction.run(_UPDATE, shop=shop_id, basket=basket.id, gone=gone, since=since, now_is=content)


def held(transaction: Transaction, shop_id: ShopId) -> tuple[HeldBasket, ...]:
    """The baskets that are held, oldest first."""
    return tuple(decode(row[0], HeldBasket) for row in transaction.all(_HELD, shop=shop_id))


def count(transaction: Transaction, shop_id: ShopId) -> int:
    """The number of baskets that the shop holds."""
    row: Any = transaction.first(_COUNT, shop=shop_id)
    return int(row[0])


def trim(transaction: Transaction, before_us: int, step: int) -> int:
    """Forget up to `step` baskets that are gone since before an instant; returns their number."""
    rows: list[Any] = transaction.all(_OLD, before=before_us, step=step)
    transaction.run_many(_DELETE, [{"shop": shop_id, "basket": basket_id} for shop_id, basket_id in rows])
    return len(rows)
