"""Held baskets. Each function is one unit of work, inside the writer's transaction, and raises `Refusal`, and
`DomainError` on input that the domain refuses."""

from datetime import datetime

from core.domain import held_baskets as rules
from core.domain.errors import IllegalMove
from core.domain.held_baskets import DropBasket, Hand, HeldBasket, HoldBasket, TakeBasket
from core.domain.ids import BasketId
from core.domain.people import Principal
from core.instants import now, to_us
from core.protocol.events import BasketChanged
from core.server.http import problems
from core.store import devices, events, held_baskets
from core.store.sql.statements import Transaction


def hold(transaction: Transaction, by: Principal, asked: HoldBasket) -> HeldBasket:
    """Hold a basket, in place of another where it is that one again."""
    if asked.replaces:
        finish(transaction, by, asked.replaces, asked.held_at_client)
    known = held_baskets.get(transaction, by.shop_id, asked.id)
    count = held_baskets.count(transaction, by.shop_id)
    try:
        basket = rules.hold(known, asked, _hand(by, asked.held_at_client), count)
    except IllegalMove:
        raise problems.exists("a basket with this id", "id") from None
    return _kept(transaction, by, known, basket)


def take(transaction: Transaction, by: Principal, basket_id: BasketId, asked: TakeBasket) -> HeldBasket:
    """Give a basket to the bearer's till alone."""
    known = _known(transaction, by, basket_id)
    hand, abandoned = _hand(by, asked.taken_at_client), _is_abandoned(transaction, by, known)
    try:
        basket = rules.take(known, hand, is_abandoned=abandoned)
    except IllegalMove as error:
        raise problems.not_allowed_now("taken", error.message) from None
    return _kept(transaction, by, known, basket)


def drop(transaction: Transaction, by: Principal, basket_id: BasketId, asked: DropBasket) -> HeldBasket:
    """Delete a basket."""
    known = _known(transaction, by, basket_id)
    hand, abandoned = _hand(by, asked.dropped_at_client), _is_abandoned(transaction, by, known)
    try:
        basket = rules.drop(known, hand, is_abandoned=abandoned)
    except IllegalMove as error:
        raise problems.not_allowed_now("taken", error.message) from None
    return _kept(transaction, by, known, basket)


def finish(transaction: Transaction, by: Principal, basket_id: BasketId, client_at: datetime | None) -> None:
    """An order was made of a basket, or it is held anew. One that is not known yet is gone before it arrives."""
    known = held_baskets.get(transaction, by.shop_id, basket_id)
    _kept(transaction, by, known, rules.finish(known, basket_id, _hand(by, client_at)))


def _known(transaction: Transaction, by: Principal, basket_id: BasketId) -> HeldBasket:
    known = held_baskets.get(transaction, by.shop_id, basket_id)
    if known is None:
        raise problems.not_found("held basket")
    return known


def _kept(transaction: Transaction, by: Principal, known: HeldBasket | None, basket: HeldBasket) -> HeldBasket:
    if basket is not known:
        held_baskets.keep(transaction, by.shop_id, known, basket)
        at = (basket.gone or basket.taken or basket.held).at
        events.append(transaction, by.shop_id, None, to_us(at), BasketChanged(basket=basket))
    return basket


def _hand(by: Principal, client_at: datetime | None) -> Hand:
    if by.device_id is None:
        raise problems.forbidden()
    return Hand(by.name, by.device_id, now(), client_at)


def _is_abandoned(transaction: Transaction, by: Principal, known: HeldBasket) -> bool:
    """Whether the till that has taken it is no longer one of the shop's."""
    if known.taken is None:
        return False
    device = devices.get(transaction, by.shop_id, known.taken.device)
    return device is None or device.revoked_us is not None
