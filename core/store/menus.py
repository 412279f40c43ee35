"""Menus: the current ones, and past ones that orders were priced by."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
from sqlalchemy import BindParameter, ColumnClause, bindparam, delete, literal_column, select, update

from core.decoding import decode, decoder
from core.domain.ids import ItemId, ShopId
from core.domain.menu import BY_PLACE, Category, Menu, MenuItem, Modifier, ModifierGroup, items_of
from core.domain.pictures import NONE
from core.domain.sale.rounding import CashRounding
from core.domain.service import ShopService
from core.domain.tax_table import STANDARD, Terms
from core.instants import now, to_us
from core.store import events
from core.store.shops import Shop
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import menu_categories, menu_groups, menu_items, menu_modifiers, past_menus, shops

KEPT_US: Final = 200 * 86_400_000_000
"""How long a replaced menu is kept, µs: after a restore clients send again orders of the last 90 days, and a till that
was offline may have priced one by a menu of 90 days before."""

_INSERT_CATEGORY: Final = Prepared.insert(menu_categories)
_INSERT_ITEM: Final = Prepared.insert(menu_items)
_INSERT_GROUP: Final = Prepared.insert(menu_groups)
_INSERT_MODIFIER: Final = Prepared.insert(menu_modifiers)
_INSERT_PAST: Final = Prepared.insert(past_menus)
_this_shop: Final[BindParameter[str]] = bindparam("shop")
_one: Final[ColumnClause[int]] = literal_column("1")
_DELETE: Final = tuple(
    Prepared(delete(table).where(table.c.shop_id == _this_shop))
    for table in (menu_modifiers, menu_groups, menu_items, menu_categories)  # referencing rows first
)
_NEXT_VERSION: Final = Prepared(
    update(shops)
    .where(shops.c.id == _this_shop)
    .values(menu_version=shops.c.menu_version + _one)
    .returning(shops.c.menu_version)
)
_CATEGORIES: Final = Prepared(
    select(menu_categories.c.id, menu_categories.c.name, menu_categories.c.colour)
    .where(menu_categories.c.shop_id == _this_shop)
    .order_by(menu_categories.c.position)
)
_i = menu_items.c
_ITEMS: Final = Prepared(
    select(_i.category_id, _i.id, _i.name, _i.price_minor, _i.description, _i.available, _i.tax_category, _i.picture)
    .where(_i.shop_id == _this_shop)
    .order_by(_i.position)
)
_this_item: Final = (_i.shop_id == _this_shop, _i.id == bindparam("item"))
_AVAILABLE: Final = Prepared(select(_i.available).where(*_this_item))
_SET_AVAILABLE: Final = Prepared(update(menu_items).where(*_this_item).values(available=bindparam("wanted")))
_g = menu_groups.c
_GROUPS: Final = Prepared(
    select(_g.item_id, _g.id, _g.name, _g.least, _g.most).where(_g.shop_id == _this_shop).order_by(_g.position)
)
_m = menu_modifiers.c
_MODIFIERS: Final = Prepared(
    select(_m.item_id, _m.group_id, _m.id, _m.name, _m.price_minor, _m.is_default)
    .where(_m.shop_id == _this_shop)
    .order_by(_m.position)
)
_p = past_menus.c
_PAST: Final = Prepared(
    select(_p.categories, _p.taxes)
    .where(_p.shop_id == _this_shop, _p.last_version >= bindparam("version"))
    .order_by(_p.last_version)
    .limit(1)
)
_ALL_PAST: Final = Prepared(select(_p.categories).where(_p.shop_id == _this_shop).order_by(_p.last_version))
_OLDEST_PAST: Final = Prepared(
    select(_p.last_version, _p.replaced_at).where(_p.shop_id == _this_shop).order_by(_p.last_version).limit(2)
)
_FORGET_PAST: Final = Prepared(
    delete(past_menus).where(_p.shop_id == _this_shop, _p.last_version == bindparam("version"))
)
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = decoder(tuple[Category, ...]).decode


def read(transaction: Transaction, shop: Shop) -> Menu:
    """The whole menu of a shop, in display order."""
    modifiers: dict[tuple[str, str], list[Modifier]] = {}
    for item_id, group_id, modifier_id, name, price, default in transaction.all(_MODIFIERS, shop=shop.id):
        modifier = Modifier(modifier_id, name, price, bool(default) or None)
        modifiers.setdefault((item_id, group_id), []).append(modifier)
    groups: dict[str, list[ModifierGroup]] = {}
    for item_id, group_id, name, least, most in transaction.all(_GROUPS, shop=shop.id):
        chosen = tuple(modifiers.get((item_id, group_id), ()))
        groups.setdefault(item_id, []).append(ModifierGroup(group_id, name, chosen, least, most))
    items: dict[str, list[MenuItem]] = {}
    for category_id, item_id, name, price, description, available, *more in transaction.all(_ITEMS, shop=shop.id):
        item = MenuItem(item_id, name, price, description, bool(available), tuple(groups.get(item_id, ())), *more)
        items.setdefault(category_id, []).append(item)
    categories = tuple(
        Category(category_id, name, tuple(items.get(category_id, ())), colour)
        for category_id, name, colour in transaction.all(_CATEGORIES, shop=shop.id)
    )
    coins = shop.roundings[0] if shop.roundings else CashRounding()
    return Menu(
        *(shop.name, shop.currency, shop.tax, categories, shop.menu_version, shop.country, shop.time_zone, shop.taxes),
        *(shop.discounts, shop.tenders, coins.increment, coins.mode, shop.changes_until),
        service=shop.services[0] if shop.services else ShopService(),
        drawers=shop.drawers,
    )


def insert(transaction: Transaction, shop_id: ShopId, categories: Sequence[Category]) -> None:
    """The first menu of a shop."""
    transaction.run_many(_INSERT_CATEGORY, _category_rows(shop_id, categories))
    transaction.run_many(_INSERT_ITEM, _item_rows(shop_id, categories))
    for item in items_of(categories).values():
        groups = list(enumerate(item.groups))
        transaction.run_many(_INSERT_GROUP, [_group_row(shop_id, item, place, group) for place, group in groups])
        for _, group in groups:
            transaction.run_many(_INSERT_MODIFIER, _modifier_rows(shop_id, item, group))


def replace(transaction: Transaction, current: Menu, shop_id: ShopId, categories: Sequence[Category]) -> int:
    """Make `categories` the shop's menu; returns its new version. `current` is kept."""
    keep(transaction, current, shop_id)
    for statement in _DELETE:
        transaction.run(statement, shop=shop_id)
    insert(transaction, shop_id, categories)
    return _next_version(transaction, shop_id)


def keep(transaction: Transaction, current: Menu, shop_id: ShopId) -> None:
    """Keep the menu, and how it is priced, with its last version: a till that was offline has sold by it.

    Menus that were replaced longer than `KEPT_US` ago are deleted, up to two of them; a later order of one is priced by
    the oldest that is left.
    """
    at_us = to_us(now())
    last_us = events.last_at(transaction, shop_id) or 0  # our clock may be a year ahead for a moment
    for version, replaced_us in transaction.all(_OLDEST_PAST, shop=shop_id):
        if replaced_us < min(at_us, last_us) - KEPT_US:
            transaction.run(_FORGET_PAST, shop=shop_id, version=version)
    transaction.run(
        _INSERT_PAST,
        shop_id=shop_id,
        last_version=current.version,
        categories=_encode(current.categories),
        replaced_at=at_us,
        taxes=_encode(current.terms).decode(),
    )


def set_available(transaction: Transaction, shop_id: ShopId, item_id: ItemId, available: bool) -> int | None:
    """Mark an item available or sold out; returns the menu's new version, None when nothing changed.

    Raises `LookupError` when the shop has no such item.
    """
    row = transaction.first(_AVAILABLE, shop=shop_id, item=item_id)
    if row is None:
        raise LookupError(f"shop {shop_id} has no item {item_id}")
    if bool(row[0]) is available:
        return None
    transaction.run(_SET_AVAILABLE, shop=shop_id, item=item_id, wanted=int(available))
    return _next_version(transaction, shop_id)


def past_offer(transaction: Transaction, shop: Shop, version: int) -> tuple[dict[ItemId, MenuItem], Terms] | None:
    """The items of the shop's menu at `version`, and how they were priced; None when that is the current one.

    Availability is not kept: prices and choices are those of that version.
    """
    row = transaction.first(_PAST, shop=shop.id, version=version)
    if row is None:
        return None
    categories, terms = row
    return items_of(_decode(categories)), decode(terms, Terms) if terms else shop.terms


def past(transaction: Transaction, shop_id: ShopId) -> list[tuple[Category, ...]]:
    """The menus that were replaced, as far back as they are kept, the oldest first."""
    return [_decode(row[0]) for row in transaction.all(_ALL_PAST, shop=shop_id)]


class Offer(msgspec.Struct, frozen=True):
    """A menu and its items by id, ready for pricing."""

    menu: Menu
    items: dict[ItemId, MenuItem]
    fingerprint: str
    """A hash of the whole menu."""
    epoch: str
    """The shop's epoch, within which a menu version is unique."""


class Offers:
    """A cache of each shop's menu, read again only when its version has changed.

    Only committed menus may be cached: a version that is rolled back is given to another menu. So the writer uses what
    readers have cached, and otherwise reads for itself; `missed` reports that it had to.
    """

    def __init__(self) -> None:
        self._known: dict[ShopId, Offer] = {}
        self._missed: set[ShopId] = set()

    def missed(self, shop_id: ShopId) -> bool:
        """Whether a reader should load this shop's menu, so that the writer need not read it every time."""
        return shop_id in self._missed

    def of(self, transaction: Transaction, shop: Shop) -> Offer:
        known = self._known.get(shop.id)
        state = shop.epoch, shop.menu_version, shop.tax  # another rate may be valid from today on
        if known is not None and (known.epoch, known.menu.version, known.menu.tax) == state:
            return known
        current = read(transaction, shop)
        fingerprint = blake2b(_encode(current), digest_size=12).hexdigest()
        offer = Offer(current, current.items(), fingerprint, shop.epoch)
        if transaction.memory is None:
            self._missed.add(shop.id)
        else:
            self._missed.discard(shop.id)
            self._known[shop.id] = offer
        return offer


def _next_version(transaction: Transaction, shop_id: ShopId) -> int:
    row = transaction.first(_NEXT_VERSION, shop=shop_id)
    if row is None:
        raise LookupError(f"there is no shop {shop_id}")
    version: int = row[0]
    return version


def _category_rows(shop_id: ShopId, categories: Sequence[Category]) -> Iterable[dict[str, Any]]:
    for place, category in enumerate(categories):
        yield {
            "shop_id": shop_id,
            "id": category.id,
            "position": place,
            "name": category.name,
            "colour": "" if category.colour == BY_PLACE else category.colour,
        }


def _item_rows(shop_id: ShopId, categories: Sequence[Category]) -> Iterable[dict[str, Any]]:
    for category in categories:
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
                "tax_category": "" if item.tax_category == STANDARD else item.tax_category,
                "picture": "" if item.picture == NONE else item.picture,
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
            "is_default": int(bool(modifier.default)),
        }
