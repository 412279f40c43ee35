"""Shops: their menus, their number series, and the count of their events."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, BindParameter, ColumnClause, bindparam, case, literal_column, select, update

from core.domain.ids import DeviceId, ItemId, ShopId, uuid7
from core.domain.menu import Category, Menu, MenuItem, Modifier, ModifierGroup
from core.domain.money import Tax
from core.domain.order import ONLINE_SERIES, order_number
from core.domain.people import DeviceKind
from core.store.instants import now, to_us
from core.store.statements import Prepared, Transaction
from core.store.tables import (
    devices,
    menu_categories,
    menu_groups,
    menu_items,
    menu_modifiers,
    number_series,
    shops,
)


class Shop(msgspec.Struct, frozen=True):
    id: ShopId
    name: str
    currency: str
    tax: Tax
    time_zone: str
    menu_version: int


_SHOP: Final = select(
    shops.c.id,
    shops.c.name,
    shops.c.currency,
    shops.c.tax_rate_bp,
    shops.c.tax_included,
    shops.c.time_zone,
    shops.c.menu_version,
)
_GET: Final = Prepared(_SHOP.where(shops.c.id == bindparam("shop_id")))
_FIRST: Final = Prepared(_SHOP.order_by(shops.c.created_at, shops.c.id).limit(1))
_IDS: Final = Prepared(select(shops.c.id))
_INSERT: Final = Prepared.insert(shops)
_INSERT_DEVICE: Final = Prepared.insert(devices)
_INSERT_SERIES: Final = Prepared.insert(number_series)
_DEVICE: Final = Prepared(
    select(devices.c.kind, devices.c.secret_hash).where(
        devices.c.shop_id == bindparam("shop_id"), devices.c.id == bindparam("device_id")
    )
)
_one: Final[ColumnClause[int]] = literal_column("1")
_this_series: Final = (number_series.c.shop_id == bindparam("shop"), number_series.c.series == bindparam("name"))
_NEXT_NUMBER: Final = Prepared(
    update(number_series).where(*_this_series).values(last=number_series.c.last + _one).returning(number_series.c.last)
)
_count: Final[BindParameter[int]] = bindparam("count", type_=BigInteger)
_AT_LEAST: Final = Prepared(
    update(number_series)
    .where(*_this_series)
    .values(last=case((number_series.c.last < _count, _count), else_=number_series.c.last))
)
_LAST_NUMBER: Final = Prepared(select(number_series.c.last).where(*_this_series))

_INSERT_CATEGORY: Final = Prepared.insert(menu_categories)
_INSERT_ITEM: Final = Prepared.insert(menu_items)
_INSERT_GROUP: Final = Prepared.insert(menu_groups)
_INSERT_MODIFIER: Final = Prepared.insert(menu_modifiers)
_this_shop: Final[BindParameter[str]] = bindparam("shop_id")
_CATEGORIES: Final = Prepared(
    select(menu_categories.c.id, menu_categories.c.name)
    .where(menu_categories.c.shop_id == _this_shop)
    .order_by(menu_categories.c.position)
)
_i = menu_items.c
_ITEMS: Final = Prepared(
    select(_i.category_id, _i.id, _i.name, _i.price_minor, _i.description, _i.available)
    .where(_i.shop_id == _this_shop)
    .order_by(_i.position)
)
_g = menu_groups.c
_GROUPS: Final = Prepared(
    select(_g.item_id, _g.id, _g.name, _g.least, _g.most).where(_g.shop_id == _this_shop).order_by(_g.position)
)
_m = menu_modifiers.c
_MODIFIERS: Final = Prepared(
    select(_m.item_id, _m.group_id, _m.id, _m.name, _m.price_minor)
    .where(_m.shop_id == _this_shop)
    .order_by(_m.position)
)


def insert(transaction: Transaction, shop_id: ShopId, menu: Menu, time_zone: str) -> None:
    """A new shop that sells what `menu` says, with the number series of its online orders."""
    transaction.run(
        _INSERT,
        id=shop_id,
        name=menu.shop_name,
        currency=menu.currency,
        tax_rate_bp=menu.tax.rate_bp,
        tax_included=int(menu.tax.included),
        time_zone=time_zone,
        menu_version=menu.version,
        epoch=uuid7(),
        seq=0,
        created_at=to_us(now()),
    )
    transaction.run(_INSERT_SERIES, shop_id=shop_id, series=ONLINE_SERIES, last=0)
    transaction.run_many(_INSERT_CATEGORY, _category_rows(shop_id, menu))
    transaction.run_many(_INSERT_ITEM, _item_rows(shop_id, menu))
    for item in menu.items().values():
        groups = list(enumerate(item.groups))
        transaction.run_many(_INSERT_GROUP, [_group_row(shop_id, item, place, group) for place, group in groups])
        for _, group in groups:
            transaction.run_many(_INSERT_MODIFIER, _modifier_rows(shop_id, item, group))


def insert_device(transaction: Transaction, shop_id: ShopId, device_id: DeviceId) -> None:
    """A terminal, and the number series that only it counts."""
    _insert_device(transaction, shop_id, device_id, DeviceKind.TERMINAL, None)
    transaction.run(_INSERT_SERIES, shop_id=shop_id, series=device_id, last=0)


def insert_display(transaction: Transaction, shop_id: ShopId, device_id: DeviceId, secret_hash: str) -> None:
    """A display, which signs in by the secret that made `secret_hash`."""
    _insert_device(transaction, shop_id, device_id, DeviceKind.DISPLAY, secret_hash)


def _insert_device(
    transaction: Transaction, shop_id: ShopId, device_id: DeviceId, kind: DeviceKind, secret_hash: str | None
) -> None:
    transaction.run(
        _INSERT_DEVICE, shop_id=shop_id, id=device_id, kind=kind, secret_hash=secret_hash, created_at=to_us(now())
    )


def get(transaction: Transaction, shop_id: ShopId) -> Shop | None:
    return _shop(transaction.first(_GET, shop_id=shop_id))


def default(transaction: Transaction) -> Shop | None:
    """The shop that was made first: whoever names none means it. None in a database that has not been set up."""
    return _shop(transaction.first(_FIRST))


def ids(transaction: Transaction) -> list[ShopId]:
    """All shops."""
    return [row[0] for row in transaction.all(_IDS)]


def has_terminal(transaction: Transaction, shop_id: ShopId, device_id: DeviceId) -> bool:
    row = transaction.first(_DEVICE, shop_id=shop_id, device_id=device_id)
    return row is not None and row[0] == DeviceKind.TERMINAL


def display_secret(transaction: Transaction, shop_id: ShopId, device_id: DeviceId) -> str | None:
    """The hash of a display's secret; None when the shop has no such display."""
    row = transaction.first(_DEVICE, shop_id=shop_id, device_id=device_id)
    return row[1] if row is not None and row[0] == DeviceKind.DISPLAY else None


def next_number(transaction: Transaction, shop_id: ShopId, series: str) -> str:
    """The next number of a series, without gaps: taken back with the transaction that does not commit."""
    row = transaction.first(_NEXT_NUMBER, shop=shop_id, name=series)
    if row is None:
        raise LookupError(f"shop {shop_id} has no number series {series}")
    return order_number(series, row[0])


def claim_number(transaction: Transaction, shop_id: ShopId, series: str, count: int) -> None:
    """A terminal has given `count` by itself: the next number of the series is a higher one."""
    if not transaction.run(_AT_LEAST, shop=shop_id, name=series, count=count):
        raise LookupError(f"shop {shop_id} has no number series {series}")


def last_number(transaction: Transaction, shop_id: ShopId, series: str) -> int:
    """The highest number that a series has given; 0 for none."""
    row = transaction.first(_LAST_NUMBER, shop=shop_id, name=series)
    return row[0] if row is not None else 0


def menu(transaction: Transaction, shop: Shop) -> Menu:
    """The whole menu of a shop, in the order it is shown."""
    modifiers: dict[tuple[str, str], list[Modifier]] = {}
    for item_id, group_id, modifier_id, name, price in transaction.all(_MODIFIERS, shop_id=shop.id):
        modifiers.setdefault((item_id, group_id), []).append(Modifier(modifier_id, name, price))
    groups: dict[str, list[ModifierGroup]] = {}
    for item_id, group_id, name, least, most in transaction.all(_GROUPS, shop_id=shop.id):
        chosen = tuple(modifiers.get((item_id, group_id), ()))
        groups.setdefault(item_id, []).append(ModifierGroup(group_id, name, chosen, least, most))
    items: dict[str, list[MenuItem]] = {}
    for category_id, item_id, name, price, description, available in transaction.all(_ITEMS, shop_id=shop.id):
        item = MenuItem(item_id, name, price, description, bool(available), tuple(groups.get(item_id, ())))
        items.setdefault(category_id, []).append(item)
    categories = tuple(
        Category(category_id, name, tuple(items.get(category_id, ())))
        for category_id, name in transaction.all(_CATEGORIES, shop_id=shop.id)
    )
    return Menu(shop.name, shop.currency, shop.tax, categories, shop.menu_version)


class Offer(msgspec.Struct, frozen=True):
    """A menu and its items by id, ready for pricing."""

    menu: Menu
    items: dict[ItemId, MenuItem]
    fingerprint: str
    """Of all that the menu says."""


class Offers:
    """Each shop's menu, read again only when its version has changed."""

    def __init__(self) -> None:
        self._known: dict[ShopId, Offer] = {}

    def of(self, transaction: Transaction, shop: Shop) -> Offer:
        known = self._known.get(shop.id)
        if known is None or known.menu.version != shop.menu_version:
            current = menu(transaction, shop)
            fingerprint = blake2b(msgspec.json.encode(current), digest_size=12).hexdigest()
            known = self._known[shop.id] = Offer(current, current.items(), fingerprint)
        return known


def _shop(row: tuple[Any, ...] | None) -> Shop | None:
    if row is None:
        return None
    shop_id, name, currency, rate_bp, included, time_zone, menu_version = row
    return Shop(shop_id, name, currency, Tax(rate_bp, bool(included)), time_zone, menu_version)


def _category_rows(shop_id: ShopId, menu: Menu) -> Iterable[dict[str, Any]]:
    for place, category in enumerate(menu.categories):
        yield {"shop_id": shop_id, "id": category.id, "position": place, "name": category.name}


def _item_rows(shop_id: ShopId, menu: Menu) -> Iterable[dict[str, Any]]:
    for category in menu.categories:
        for place, item in enumerate(category.items):
            yield {
                "shop_id": shop_id,
                "id": item.id,
                "category_id": category.id,
                "position": place,
                "name": item.name,
                "description": item.description,
                "price_minor": item.price_minor,
                "available": int(item.available),
            }


def _group_row(shop_id: ShopId, item: MenuItem, place: int, group: ModifierGroup) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "item_id": item.id,
        "id": group.id,
        "position": place,
        "name": group.name,
        "least": group.least,
        "most": group.most,
    }


def _modifier_rows(shop_id: ShopId, item: MenuItem, group: ModifierGroup) -> Iterable[dict[str, Any]]:
    for place, modifier in enumerate(group.modifiers):
        yield {
            "shop_id": shop_id,
            "item_id": item.id,
            "group_id": group.id,
            "id": modifier.id,
            "position": place,
            "name": modifier.name,
            "price_minor": modifier.price_minor,
        }
