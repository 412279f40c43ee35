"""The pictures of a shop's items, by the hash of their bytes."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import bindparam, delete, select

from core.domain.ids import ShopId
from core.domain.pictures import picture_id
from core.instants import now, to_us
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import pictures

UNUSED_US: Final = 86_400_000_000
"""How long a picture is kept that no item has, µs: somebody has chosen it, and not saved the menu yet."""
MOST: Final = 4_000
"""Of one shop: each item's, and as many that are not saved yet."""

_p = pictures.c
_INSERT: Final = Prepared.insert(pictures)
_this: Final = (_p.shop_id == bindparam("shop"), _p.id == bindparam("picture"))
_GET: Final = Prepared(select(_p.content).where(*_this))
_IDS: Final = Prepared(select(_p.id, _p.kept_at).where(_p.shop_id == bindparam("shop")))
_DELETE: Final = Prepared(delete(pictures).where(*_this))


class TooManyPictures(Exception):
    """The shop has as many as it may."""


def keep(transaction: Transaction, shop_id: ShopId, content: bytes) -> str:
    """Keep a picture; returns its id. One that is kept already stays. Raises `TooManyPictures`."""
    name, known = picture_id(content), ids(transaction, shop_id)
    if name not in known:
        if len(known) >= MOST:
            raise TooManyPictures
        transaction.run(_INSERT, shop_id=shop_id, id=name, kept_at=to_us(now()), content=content)
    return name


def get(transaction: Transaction, shop_id: ShopId, name: str) -> bytes | None:
    row = transaction.first(_GET, shop=shop_id, picture=name)
    return bytes(row[0]) if row is not None else None


def ids(transaction: Transaction, shop_id: ShopId) -> dict[str, int]:
    """All pictures of the shop, and when each was kept, µs."""
    return dict(transaction.all(_IDS, shop=shop_id))


def forget_unused(transaction: Transaction, shop_id: ShopId, used: Iterable[str]) -> None:
    """Delete those that no item has had for a while."""
    stays, before_us = set(used), to_us(now()) - UNUSED_US
    for name, kept_us in ids(transaction, shop_id).items():
        if name not in stays and kept_us < before_us:
            transaction.run(_DELETE, shop=shop_id, picture=name)
