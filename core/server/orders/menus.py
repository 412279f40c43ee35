"""Changes of a shop's menu. Each function is one unit of work, inside the writer's transaction."""

import msgspec

from core.domain.ids import ItemId, ShopId
from core.domain.menu import Menu, check_menu
from core.domain.menu_ids import never_reused
from core.domain.people import Principal
from core.instants import now, to_us
from core.protocol.events import MenuChanged
from core.protocol.replies import Availability
from core.protocol.requests import ReplaceMenu
from core.server.http import problems
from core.store import events, menus, shops
from core.store.engine.statements import Transaction
from core.store.events import EVERYBODY
from core.store.shops import Shop


def shop_of(transaction: Transaction, principal: Principal) -> Shop:
    shop = shops.get(transaction, principal.shop_id)
    if shop is None:
        raise LookupError(f"there is no shop {principal.shop_id}")
    return shop


def replace(transaction: Transaction, principal: Principal, request: ReplaceMenu) -> Menu:
    """Replace the menu, if nobody has changed it since it was read. An equal menu changes nothing.

    A new item or choice whose id was another's gets one of its own: the reply has it.

    Raises `Refusal` 409 with the current menu, and `InvalidMenu`.
    """
    check_menu(request.categories)
    shop = shop_of(transaction, principal)
    current = menus.read(transaction, shop)
    if current.categories == request.categories:
        return current
    if current.version != request.version:
        raise problems.menu_changed(current)
    categories = never_reused(request.categories, current.categories, lambda: menus.past(transaction, shop.id))
    version = menus.replace(transaction, current, shop.id, categories)
    _publish(transaction, shop.id, MenuChanged(version=version))
    return msgspec.structs.replace(current, categories=categories, version=version)


def set_available(transaction: Transaction, principal: Principal, item_id: ItemId, available: bool) -> Availability:
    """Mark an item sold out or available. Without a difference nothing changes."""
    shop = shop_of(transaction, principal)
    try:
        version = menus.set_available(transaction, shop.id, item_id, available)
    except LookupError:
        raise problems.not_found("item on the menu") from None
    if version is not None:
        _publish(transaction, shop.id, MenuChanged(version=version, item_id=item_id, available=available))
    return Availability(item_id=item_id, available=available, version=version or shop.menu_version)


def _publish(transaction: Transaction, shop_id: ShopId, event: MenuChanged) -> None:
    events.append(transaction, shop_id, EVERYBODY, to_us(now()), event)
