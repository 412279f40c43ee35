"""Changes of a shop's menu, and of the shop. Each function is one unit of work, inside the writer's transaction."""

from collections.abc import Iterator
from typing import Final

import msgspec

from core.domain.acts import Act, Need
from core.domain.discount import check_offered
from core.domain.errors import DomainError
from core.domain.ids import ItemId, ShopId
from core.domain.menu import (
    Menu,
    as_meant,
    check_menu,
    check_pictures,
    check_tax_categories,
    items_of,
    tax_categories_of,
)
from core.domain.menu_ids import never_reused
from core.domain.money import check_currency, exponent
from core.domain.people import Principal
from core.domain.phones import is_country
from core.domain.pictures import check_picture
from core.domain.rights import changes_prices
from core.domain.sale.rounding import CashRounding
from core.domain.sale.taxes import TaxTable
from core.domain.service import ShopService
from core.domain.tax_table import PER_BASIS_POINT, check_taxes, described, with_one_rate
from core.domain.tax_table import categories as categories_of
from core.domain.tenders import check_tenders
from core.domain.tenders import described as tender_described
from core.instants import now, to_us, zone
from core.protocol.events import MenuChanged
from core.protocol.pictures import KeptPicture
from core.protocol.replies import Availability
from core.protocol.requests import ChangeShop, ReplaceMenu
from core.server.auth import rights
from core.server.http import problems
from core.store import day_sums, events, menus, pictures, shops
from core.store.events import EVERYBODY
from core.store.shops import Shop
from core.store.sql.statements import Transaction

_KEPT: Final = 8


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
    wanted = as_meant(request.categories, current.categories)
    if current.categories == wanted:
        return current
    if current.version != request.version:
        raise problems.menu_changed(current)
    if changes_prices(current.categories, wanted):
        rights.check(transaction, principal, [Need(Act.PRICES)])
    check_tax_categories(wanted, categories_of(shop.taxes))
    check_pictures(wanted, pictures.ids(transaction, shop.id))
    categories = never_reused(wanted, current.categories, lambda: menus.past(transaction, shop.id))
    version = menus.replace(transaction, current, shop.id, categories)
    pictures.forget_unused(transaction, shop.id, (item.picture for item in items_of(categories).values()))
    _publish(transaction, shop.id, MenuChanged(version=version))
    return msgspec.structs.replace(current, categories=categories, version=version)


def keep_picture(transaction: Transaction, principal: Principal, content: bytes) -> KeptPicture:
    """Keep a picture for an item. Raises `InvalidPicture`, and `Refusal` 409 where the shop has too many."""
    check_picture(content)
    try:
        return KeptPicture(pictures.keep(transaction, principal.shop_id, content))
    except pictures.TooManyPictures:
        told = "The shop has as many pictures as it may. Those that no item has go a day after they were chosen."
        raise problems.not_allowed_now("too_many_pictures", told) from None


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


def change_shop(transaction: Transaction, principal: Principal, request: ChangeShop) -> tuple[Menu, list[str]]:
    """Change the shop. Returns its menu, and a description of each change; without a difference nothing changes.

    Raises `Refusal`: 422 for values that do not exist, and 409 `has_orders` or `has_prices` for another currency, in
    which existing amounts would be wrong, or with the current menu when it is based on another; and `InvalidTaxes`.
    """
    before = shop_of(transaction, principal)
    after = _changed(before, request)
    current = menus.read(transaction, before)
    if request.version not in (None, current.version):
        raise problems.menu_changed(current)
    if after.currency != before.currency:
        if shops.has_orders(transaction, before.id):
            raise problems.not_allowed_now(
                "has_orders",
                f"The currency stays {before.currency}: there are orders, and their amounts are in it. For another "
                "currency, begin another shop.",
            )
        if current.categories and exponent(after.currency) != exponent(before.currency):
            raise problems.not_allowed_now(
                "has_prices",
                f"The menu's prices have the decimals of {before.currency}, and {after.currency} has others. Sell by "
                "an empty menu first, and by one with the new prices afterwards.",
            )
    what = [
        f"{name.replace('_', ' ')} {old} to {new}"
        for name in ("name", "currency", "time_zone", "country")
        if (old := getattr(before, name)) != (new := getattr(after, name))
    ]
    if (after.taxes, after.tax_included) != (before.taxes, before.tax_included):
        check_taxes(after.taxes, tax_categories_of(current.categories))
        menus.keep(transaction, current, before.id)
        what.append(f"tax {_tax(before)} to {_tax(after)}")
    if after.discounts != before.discounts:
        check_offered(after.discounts)
        offered = "; ".join(f"{each.reason} {each.figure(after.currency)}" for each in after.discounts)
        what.append(f"discounts to {offered or 'none'}")
    if after.tenders != before.tenders:
        check_tenders(after.tenders, before.tenders)
        what.append(f"tenders to {', '.join(map(tender_described, after.tenders))}")
    what += _others(before, after)
    if not what:
        return current, []
    if after.time_zone != before.time_zone:
        day_sums.forget_all(transaction, before.id)
    after = shops.change(transaction, after)
    _publish(transaction, before.id, MenuChanged(version=after.menu_version))
    return menus.read(transaction, after), what


def _others(before: Shop, after: Shop) -> Iterator[str]:
    """A description of each change that needs no check."""
    if after.roundings != before.roundings:
        coins = after.roundings[0]
        yield f"cash rounding to {coins.increment} ({coins.mode})"
    if after.changes_until is not before.changes_until:
        yield f"changes until {before.changes_until} to {after.changes_until}"
    if after.drawers is not before.drawers:
        yield f"drawers of each {before.drawers} to each {after.drawers}"
    if after.services != before.services:
        yield f"service charge to {after.services[0].described()}"


def _changed(shop: Shop, request: ChangeShop) -> Shop:
    """The shop as it is wanted. Raises `Refusal` 422."""
    name = " ".join(request.name.split()) if request.name is not None else shop.name
    if not name:
        raise problems.invalid("A name has at least one letter.", "name")
    if request.time_zone is not None and zone(request.time_zone) is None:
        raise problems.invalid(f"{request.time_zone!r} is no time zone, as Europe/Berlin.", "time_zone")
    country = request.country.upper() if request.country is not None else shop.country
    if request.country is not None and not is_country(country):
        raise problems.invalid(f"There is no country {request.country!r}. Give its code, such as US or DE.", "country")
    taxes = shop.taxes if request.taxes is None else TaxTable(request.taxes)
    if request.tax_rate_bp is not None:
        taxes = with_one_rate(taxes, request.tax_rate_bp * PER_BASIS_POINT)
    return msgspec.structs.replace(
        shop,
        name=name,
        currency=shop.currency if request.currency is None else _currency(request.currency),
        tax_included=shop.tax_included if request.tax_included is None else request.tax_included,
        taxes=taxes,
        discounts=shop.discounts if request.discounts is None else request.discounts,
        tenders=shop.tenders if request.tenders is None else request.tenders,
        roundings=_roundings(shop, request),
        changes_until=request.changes_until or shop.changes_until,
        services=_services(shop, request.service),
        drawers=request.drawers or shop.drawers,
        time_zone=request.time_zone or shop.time_zone,
        country=country,
    )


def _roundings(shop: Shop, request: ChangeShop) -> tuple[CashRounding, ...]:
    """The cash roundings with the new one first. Earlier ones are kept: a POS that has not received it rounds by
    one of them."""
    was = shop.roundings[0] if shop.roundings else CashRounding()
    to = CashRounding(request.cash_increment_minor or was.increment, request.cash_rounding or was.mode)
    return shop.roundings if to == was else (to, *(each for each in shop.roundings if each != to))[:_KEPT]


def _services(shop: Shop, to: ShopService | None) -> tuple[ShopService, ...]:
    """The service charges with the new one first; earlier ones are kept, as with roundings. Raises `Refusal` 422."""
    if to is not None and not to.fulfilments:
        raise problems.invalid(
            "Say for which fulfilments it is charged. To charge none, set 0 %.", "service.fulfilments"
        )
    if to is not None:
        to = msgspec.structs.replace(to, fulfilments=tuple(dict.fromkeys(to.fulfilments)))
    was = shop.services or (ShopService(),)
    if to is None or to == was[0]:
        return shop.services
    return (to, *(each for each in was if each != to))[:_KEPT]


def _currency(text: str) -> str:
    try:
        return check_currency(text)
    except DomainError as error:
        raise problems.invalid(error.message, "currency") from None


def _tax(shop: Shop) -> str:
    rates = "; ".join(map(described, shop.taxes.entries))
    return f"{rates} {'in' if shop.tax_included else 'on top of'} the prices"


def _publish(transaction: Transaction, shop_id: ShopId, event: MenuChanged) -> None:
    events.append(transaction, shop_id, EVERYBODY, to_us(now()), event)
