"""Changing a placed order on the New page."""

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import Refused
from core.domain.amendment import DayEnded, check_amendable, takes_off
from core.domain.commands import AmendOrder
from core.domain.errors import IllegalMove
from core.domain.order import Order
from core.domain.payment import money_of, paid_minor
from core.domain.people import Guest
from core.ui.ordering.basket_model import BasketModel
from core.ui.ordering.checkout import Handover
from core.ui.text import _
from pos_app.context import PosContext
from pos_app.new_order.presenter import Whom
from pos_app.order.card import customer


def change_title(order: Order | None, follows: str = "") -> str:
    """The title of the change; `follows`: the number of the order that it replaces. Empty for nothing."""
    if order is not None:
        return _("Changing {number} · {customer}").format(number=order.number, customer=customer(order))
    return _("New order in place of {number}").format(number=follows) if follows else ""


class Changing(QObject):
    """Which order is being changed, and the request that is made of the page."""

    wanted = Signal(object, object)
    """The `Order` as it is now, and the `AmendOrder`."""
    reason_wanted = Signal(object, object)
    """The same, of which the reason is missing."""
    refused = Signal(object)
    """A `Refused`: why nothing can be changed."""
    ended = Signal(object)
    """An `Order` of an earlier day: another one can be taken in its place."""
    outdated = Signal(object)
    """The `Order` as it is now: somebody else has changed its content or its money meanwhile."""

    def __init__(self, context: PosContext, basket: BasketModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._basket = basket

    @property
    def order(self) -> Order | None:
        """The order as it was when its change began."""
        return self._basket.basket.changes

    def begin(self, order: Order) -> bool:
        """Put an order on the page, which is empty. False where it can no longer be changed."""
        menu = self._context.bridge.menu
        try:
            check_amendable(order, self._context.now(), menu.time_zone if menu is not None else "")
        except DayEnded:
            self.ended.emit(order)
            return False
        except IllegalMove as error:
            self.refused.emit(Refused(_(error.message), title=_("{number} stays as it is").format(number=order.number)))
            return False
        self._basket.change(order)
        return True

    def set_aside(self) -> Callable[[], None] | None:
        """A function that restores the change in progress on an empty page. None without one."""
        order, basket = self.order, self._basket
        if order is None:
            return None
        lines, discount, service = tuple(basket.basket.lines), basket.basket.discount, basket.basket.own_service

        def put_back() -> None:
            basket.change(order)
            basket.empty()
            basket.restore(lines, discount, service)

        return put_back

    @staticmethod
    def whom(order: Order) -> Whom:
        return Whom(guest=Guest(name=order.customer_name, phone=order.customer_phone))

    @Slot()
    def save(self, whom: Whom, handover: Handover) -> None:
        """Ask for what is on the page."""
        begun, basket = self.order, self._basket.basket
        if begun is None:
            return
        order = self._context.store.get(begun.id) or begun
        if order.amendments != begun.amendments or money_of(order) != money_of(begun):
            self.outdated.emit(order)
            return
        name, phone = whom.guest.name, whom.guest.phone
        if whom.customer is not None:
            name, phone = whom.customer.name, whom.customer.phone
        request = AmendOrder(
            version=order.version,
            lines=basket.amended,
            fulfilment=handover.fulfilment,
            discount=basket.discount,
            service=basket.service,
            customer_name=name,
            customer_phone=phone,
            address=handover.address,
            note=handover.note,
            menu_version=basket.menu_version,
        )
        amounts = basket.amounts()
        after = _lines_of(order, self._basket)
        needs_reason = takes_off(order, after) or amounts.total_minor < paid_minor(order)
        (self.reason_wanted if needs_reason else self.wanted).emit(order, request)


def _lines_of(order: Order, basket: BasketModel) -> Order:
    """The order with the lines of the basket that were in it."""
    return msgspec.structs.replace(order, lines=tuple(line.priced for line in basket.basket.lines if line.kept))
