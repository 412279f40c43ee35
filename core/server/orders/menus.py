"""What can be done with a shop's menu. Each function is one unit of work, inside the writer's transaction."""

from core.domain.ids import ItemId, ShopId
from core.domain.menu import Menu, check_menu
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
    """Sell by another menu, as long as nobody has changed it since it was read. One that is as it was is left alone.

    Raises `Refusal` 409 with the menu as it is, and `InvalidMenu`.
    """
    check_menu(request.categories)
    shop = shop_of(transaction, principal)
    current = menus.read(transaction, shop)
    if current.categories == request.categories:
        return current
    if current.version != request.version:
        raise problems.menu_changed(current)
    version = menus.replace(transaction, current, shop.id, request.categories)
    _tell(transaction, shop.id, MenuChanged(version=version))
    return Menu(current.shop_name, current.currency, current.tax, request.categories, version)


def set_available(transaction: Transaction, principal: Principal, item_id: ItemId, available: bool) -> Availability:
    """Say that an item is sold out, or sold again. One that already is so is left alone."""
    shop = shop_of(transaction, principal)
    try:
        version = menus.set_available(transaction, shop.id, item_id, available)
    except LookupError:
        raise problems.not_found("item on the menu") from None
    if version is not None:
        _tell(transaction, shop.id, MenuChanged(version=version, item_id=item_id, available=available))
    return Availability(item_id=item_id, available=available, version=version or shop.menu_version)


def _tell(transaction: Transaction, shop_id: ShopId, event: MenuChanged) -> None:
    events.append(transaction, shop_id, EVERYBODY, to_us(now()), event)
