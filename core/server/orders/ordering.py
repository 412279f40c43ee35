"""Changes of orders. Each function is one unit of work, inside the writer's transaction.

All of them raise `Refusal`, and `DomainError` on input that the domain refuses.
"""

import logging
from datetime import datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from core.domain import order_rules
from core.domain.acts import Act, Need
from core.domain.change_request import granting
from core.domain.coins import NO_COINS, Coins
from core.domain.commands import (
    AmendOrder,
    AskChange,
    CancelOrder,
    Change,
    MoneyChange,
    NewOrder,
    PlaceOrder,
    RequestChange,
    TakeOrder,
    TakePayment,
)
from core.domain.errors import IllegalMove
from core.domain.ids import OrderId, ShopId, new_order_id
from core.domain.numbers import NumberTooFar, given_count
from core.domain.order import ONLINE_SERIES, Order
from core.domain.payment import PaymentChange, check_tenders_of
from core.domain.people import Customer, Principal, Role
from core.domain.rights import needs_of
from core.domain.sale.business_day import today_began
from core.domain.status import OrderStatus
from core.instants import now, to_us, zone
from core.protocol.events import event_of
from core.server.auth import rights
from core.server.endpoints.conditional import etag
from core.server.http import problems
from core.server.orders import baskets
from core.store import amendments, change_requests, events, ledger, menus, orders, people, shops, status_history
from core.store.menus import Offers
from core.store.shops import Shop
from core.store.sql.statements import Transaction

log = logging.getLogger(__name__)
_encode: Final = msgspec.json.Encoder().encode
_OPEN_AGAIN_S: Final = 60.0


def own(transaction: Transaction, principal: Principal, order_id: OrderId) -> Order:
    """The customer's own order. Another's is refused exactly as one that does not exist."""
    order = orders.get(transaction, order_id)
    if order is None or order.customer_id != principal.customer_id:
        raise problems.not_found("order")
    return order


def tag(transaction: Transaction, principal: Principal, order_id: OrderId) -> bytes:
    """The validator of all replies about an order that the bearer may see. Raises `Refusal` 404 for others."""
    stamp = orders.stamp(transaction, order_id)
    staff = principal.role.is_staff
    if stamp is None or not (
        stamp.shop_id == principal.shop_id if staff else stamp.customer_id == principal.customer_id
    ):
        raise problems.not_found("order")
    # After a restore and other changes the version alone would be the same.
    return etag(stamp.version, stamp.updated_us)


def in_shop(transaction: Transaction, principal: Principal, order_id: OrderId) -> Order:
    """An order of the shop that this member of staff works in."""
    order = orders.get(transaction, order_id)
    if order is None or order.shop_id != principal.shop_id:
        raise problems.not_found("order")
    return order


def place(
    transaction: Transaction, offers: Offers, principal: Principal, request: PlaceOrder, former: str = ""
) -> Order:
    """Place a customer's order, from their own window. `former` is its number before it was lost."""
    customer = people.customer(transaction, principal.customer_id)
    if customer is None:
        raise problems.unauthenticated("This account is no longer there.")
    return _new(transaction, offers, principal, request, customer, ONLINE_SERIES, former)


def check_open(transaction: Transaction, principal: Principal, most: int) -> None:
    """Raises `Refusal` 429 when the customer has the most open orders that are allowed."""
    if orders.open_of(transaction, principal.shop_id, principal.customer_id, most) >= most:
        raise problems.too_many(f"You have {most} open orders. Order again when one of them is done.", _OPEN_AGAIN_S)


def check_request(transaction: Transaction, order: Order, offers: Offers, most: int, most_kib: int) -> None:
    """Checks a customer's new change request; a withdrawal always passes. Raises `Refusal`: 422 when as many changes of
    the order were asked for as are allowed, 413 when it is too large, now or once it is accepted."""
    request = order.open_request
    if request is None:
        return
    if change_requests.asked_of(transaction, order.id) > most:
        raise problems.invalid("That is the maximum of changes of one order. Please ask at the counter.", "version")
    offer = _offer(transaction, offers, _shop(transaction, order.shop_id), request.menu_version)
    for each in (order, order_rules.change(order, granting(order, request), Role.ADMIN, now(), offer=offer)):
        check_size(each, most_kib)


def check_size(order: Order, most_kib: int) -> None:
    """Raises `Refusal` 413 for an order that is too large to be pushed to screens."""
    if len(_encode(order)) > most_kib * 1024:
        raise problems.order_too_large(most_kib)


def take(transaction: Transaction, offers: Offers, principal: Principal, request: TakeOrder, former: str = "") -> Order:
    """Take an order at the counter, numbered by its till; or `former`, as in `place`."""
    if principal.device_id is None:
        raise problems.forbidden()
    customer = None
    if request.customer_id is not None:
        customer = people.customer(transaction, request.customer_id)
        if customer is None:
            raise problems.invalid("There is no such customer.", "customer_id")
    return _new(transaction, offers, principal, request, customer, principal.device_id, former)


def change(
    transaction: Transaction, principal: Principal, order_id: OrderId, request: Change, offers: Offers | None = None
) -> Order:
    """Move an order, change its payment or amend it, if the rules allow it and nobody has changed it since it was seen.
    One that already has the wanted status is returned unchanged; a payment that another has made is refused, with who
    and when. An amendment needs `offers`."""
    find = own if isinstance(request, CancelOrder | AskChange) else in_shop
    order = find(transaction, principal, order_id)
    coins = NO_COINS
    if isinstance(request, MoneyChange):
        shop = _shop(transaction, order.shop_id)
        check_tenders_of(request, shop.tenders)
        coins = Coins.of(shop.tenders, shop.roundings)
    offer = None
    if isinstance(request, AmendOrder | AskChange):
        assert offers is not None
        shop = _shop(transaction, order.shop_id)
        offer = _offer(transaction, offers, shop, getattr(request, "menu_version", None))
    last_moved = partial(status_history.last_version, transaction, order.id)
    try:
        changed = order_rules.change(order, request, principal.role, now(), last_moved, offer, coins)
    except order_rules.Stale as error:
        check_past(transaction, principal, order)  # the answer shows it
        raise problems.conflict(order, error.message, _last_payment(transaction, order, request)) from None
    except IllegalMove as error:
        check_past(transaction, principal, order)
        raise problems.illegal_move(order, error, _last_payment(transaction, order, request)) from None
    if changed is order:
        check_past(transaction, principal, order)
        return order
    if principal.role.is_staff:
        was_begun = order.status is OrderStatus.PENDING and last_moved() > 1
        needs = needs_of(request, order, changed, is_past=_is_past(transaction, order), was_begun=was_begun)
        principal = rights.check(transaction, principal, needs, order.id)
    if isinstance(request, MoneyChange):
        reason = "" if isinstance(request, TakePayment) else (request.reason or "").strip()
        ledger.record(transaction, changed, order, principal, reason, request.moved_at_client, request.drawer)
        orders.update_lines(transaction, order, changed)
    elif isinstance(request, AmendOrder):
        reason = request.reason.strip()
        ledger.record(transaction, changed, order, principal, reason, request.moved_at_client, request.drawer)
        amendments.record(transaction, order, changed, principal, reason, request.moved_at_client)
        if request.answers:
            change_requests.record(transaction, changed, principal, request.moved_at_client)
        orders.amend(transaction, order, changed)
    elif isinstance(request, RequestChange):
        change_requests.record(transaction, changed, principal, request.moved_at_client)
    else:
        status_history.record(transaction, changed, order.status, principal, request.moved_at_client)
    if not orders.update_changed(transaction, changed, order.version):
        raise RuntimeError(f"order {changed.id} changed under the only writer")
    events.append(
        transaction, changed.shop_id, changed.customer_id, to_us(changed.updated_at), event_of(order, changed)
    )
    return changed


def check_past(transaction: Transaction, principal: Principal, order: Order) -> None:
    """Raises `Refusal` 403 to staff when the order has ended on an earlier day, and they may not see those."""
    if principal.role.is_staff and _is_past(transaction, order):
        rights.check(transaction, principal, [Need(Act.PAST_ORDERS)], order.id)


def today(transaction: Transaction, shop_id: ShopId) -> datetime:
    """When the shop's day of business began."""
    shop = shops.get(transaction, shop_id)
    return today_began(now(), (zone(shop.time_zone) if shop else None) or ZoneInfo("UTC"))


def _is_past(transaction: Transaction, order: Order) -> bool:
    """Whether it has ended, and was placed on an earlier day of business."""
    if order.status.is_open:
        return False
    return order.placed_at < today(transaction, order.shop_id)


def _last_payment(transaction: Transaction, order: Order, request: Change) -> PaymentChange | None:
    about_money = isinstance(request, MoneyChange)
    history = ledger.changes(transaction, order.id, order.total_minor) if about_money else ()
    return history[-1] if history else None


def _new(
    transaction: Transaction,
    offers: Offers,
    principal: Principal,
    request: NewOrder,
    customer: Customer | None,
    series: str,
    former: str,
) -> Order:
    order_id = request.id or new_order_id()
    if request.id is not None and orders.get(transaction, order_id) is not None:
        raise problems.exists("an order with this id", "id")
    shop = _shop(transaction, principal.shop_id)
    check_tenders_of(request, shop.tenders)
    offer = _offer(transaction, offers, shop, request.menu_version if isinstance(request, TakeOrder) else None)
    try:
        order = order_rules.place(request, offer, customer, order_id=order_id, at=now())
    except order_rules.PriceChanged as error:
        raise problems.price_changed(error) from None
    if isinstance(request, TakeOrder):
        principal = rights.check(transaction, principal, needs_of(request, None, order), order.id)
    if order.follows and not orders.has_number(transaction, offer.shop_id, order.follows):
        raise problems.invalid("There is no order of this number.", "follows")
    number = request.number if isinstance(request, TakeOrder) else ""
    # A former number is proven, however far a restored series lies behind it.
    given = _former_or_next(transaction, offer.shop_id, series, former) if number in ("", former) else ""
    given = given or _claim(transaction, offer.shop_id, series, number)
    given = given or shops.next_number(transaction, offer.shop_id, series)
    order = msgspec.structs.replace(order, number=given)
    renumbered = f"{former} → {given}" if former not in ("", given) else ""
    if renumbered:
        log.warning("an order that was lost has another number", extra={"former": former, "number": given})
    drawer = request.drawer if isinstance(request, TakeOrder) else ""
    orders.insert(transaction, order, principal, request.placed_at_client, renumbered, drawer)
    if isinstance(request, TakeOrder) and request.basket:
        baskets.finish(transaction, principal, request.basket, request.placed_at_client)
    events.append(transaction, offer.shop_id, order.customer_id, to_us(order.placed_at), event_of(None, order))
    return order


def _shop(transaction: Transaction, shop_id: ShopId) -> Shop:
    shop = shops.get(transaction, shop_id)
    if shop is None:
        raise LookupError(f"there is no shop {shop_id}")
    return shop


def _offer(transaction: Transaction, offers: Offers, shop: Shop, sold_by: int | None) -> order_rules.Offer:
    """The items that can be ordered, with their prices, and how orders are priced. See docs/adr/0016.

    At the counter both are those of the till's menu version (`sold_by`), however long it was offline: the price was
    shown and paid. The server has kept that menu; no price comes from a client.
    """
    past = sold_by is not None and sold_by < shop.menu_version and menus.past_offer(transaction, shop, sold_by)
    items, terms = past or (offers.of(transaction, shop).items, shop.terms)
    coins = Coins.of(shop.tenders, shop.roundings)
    version = shop.menu_version if sold_by is None else sold_by
    return order_rules.Offer(
        *(shop.id, terms, items, shop.country, coins, version, shop.changes_until), services=shop.services
    )


def _claim(transaction: Transaction, shop_id: ShopId, series: str, number: str) -> str:
    """The number that a till issued itself, if it did: one of its own series, not too far ahead, that no order has."""
    if not number:
        return ""
    try:
        count = given_count(number, series, shops.last_number(transaction, shop_id, series))
    except NumberTooFar as error:
        raise problems.number_too_far(error) from None
    if orders.has_number(transaction, shop_id, number):
        raise problems.exists("an order with this number", "number")
    shops.claim_number(transaction, shop_id, series, count)
    return number


def _former_or_next(transaction: Transaction, shop_id: ShopId, series: str, former: str) -> str:
    """The order's former number, unless another order has it by now."""
    own_series, _, digits = former.rpartition("-")
    if own_series != series:
        return ""
    if orders.has_number(transaction, shop_id, former):
        return ""
    shops.claim_number(transaction, shop_id, series, int(digits))
    return former
