"""What a cashier of the drill does, at random: orders, their money, the drawer, held baskets."""

import random
from collections.abc import Callable
from typing import Any, Final

from core.domain.commands import (
    AmendedLine,
    AmendOrder,
    ChangePayment,
    ChangeStatus,
    NewPayment,
    RefundLine,
    RefundOrder,
    TakeOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.discount import Discount
from core.domain.drawers import (
    MOVES,
    CloseDrawer,
    CountDrawer,
    DrawerAct,
    DrawerSession,
    MoveCash,
    OpenDrawer,
)
from core.domain.held_baskets import DropBasket, HeldBasket, HoldBasket, TakeBasket
from core.domain.ids import BasketId, DeviceId, DrawerSessionId, OpId, new_op_id, uuid7
from core.domain.order import NewLine, Order, PaymentState, Tender
from core.domain.payment import to_pay_minor
from core.domain.people import Role
from core.domain.refund import left_of, line_ids, refundable_minor
from core.domain.service import Service
from core.domain.status import Move, OrderStatus, target_of
from core.protocol import routes
from core.protocol.drawers import DrawerQuery
from core.protocol.route import R, Request
from tests.support import shop
from tests.support.synced import LINES, Screen

WHY: Final = "drill"
_TENDERS: Final = (Tender.CASH, Tender.CARD, Tender.VOUCHER)


class Cashier:
    """Every act raises `ClientError` when it is too late for it. `done` is told of each operation once it is accepted:
    its id, which order it is about (empty for none), and facts of it for the audit."""

    def __init__(self, screen: Screen, device: str, chance: random.Random, done: Callable[..., None]) -> None:
        self._screen = screen
        self._device = DeviceId(device)
        self._random = chance
        self._done = done
        self._session: DrawerSession | None = None
        """Of this till's drawer, as last known; None while that is to be asked for."""
        self._taken: HeldBasket | None = None

    def came(self) -> None:
        """Somebody else is at the till now."""
        self._session = self._taken = None

    def act(self) -> None:
        known = [order for order in self._screen.store if order.status.is_open]
        dice = self._random.random()
        if dice < 0.12:
            self._at_drawer()
        elif dice < 0.2:
            self._baskets()
        elif not known or dice < 0.45:
            self._take()
        else:
            self._serve(self._random.choice(known))

    def end_of_day(self) -> None:
        """Count the drawer and close it."""
        for _ in range(2):
            if self._drawer().is_open:
                self._at_drawer(closing=True)

    # -- orders

    def _take(self) -> None:
        payment, tender = PaymentState.UNPAID, Tender.CASH
        payments: tuple[NewPayment, ...] = ()
        match self._random.randrange(4):
            case 0:
                payment, tender = PaymentState.PAID, self._random.choice(_TENDERS)
            case 1:
                first = NewPayment(tender=Tender.CASH, amount_minor=100, given_minor=200)
                payments = (first, NewPayment(tender=Tender.CARD, tip_minor=self._random.choice((0, 35))))
        basket, self._taken = self._taken, None
        lines = basket.lines if basket is not None else self._lines()
        asked = TakeOrder(
            lines=lines,
            payment=payment,
            tender=tender,
            payments=payments,
            discount=self._discount(),
            service=self._service(),
            given_minor=100_000 if (payment, tender) == (PaymentState.PAID, Tender.CASH) else None,
            basket=basket.id if basket is not None else BasketId(""),
        )
        op_id = new_op_id()
        made = self._screen.api.call(routes.TAKE(body=asked, op_id=op_id))
        self._done(op_id, made.id, **({"basket": asked.basket} if asked.basket else {}))

    def _lines(self) -> tuple[NewLine, ...]:
        quantity = self._random.randint(1, 3)
        more = NewLine(item_id=shop.BOWL, quantity=quantity, modifier_ids=(shop.GUACAMOLE,), discount=self._discount())
        return self._random.choice((LINES, (*LINES, more), (more,)))

    def _discount(self) -> Discount | None:
        half, some = Discount(reason=WHY, rate=33_333), Discount(reason=WHY, amount_minor=101)
        return self._random.choice((None, None, None, half, some))

    def _service(self) -> Service | None:
        """The shop's, another one, or as a till of an earlier release."""
        return self._random.choice((Service(rate=12_500), Service(rate=12_500), Service(rate=0, reason=WHY), None))

    def _serve(self, order: Order) -> None:
        self._call(order, self._asked_of(order))

    def _asked_of(self, order: Order) -> Callable[[OpId], Request[Order]]:
        version, dice = order.version, self._random.random()
        body: Any
        route: Any
        if dice < 0.15 and to_pay_minor(order):
            due = to_pay_minor(order)
            part = due if self._random.random() < 0.4 else 1 + self._random.randrange(due)
            tender, tip = self._random.choice(_TENDERS), self._random.choice((0, 50))
            body = TakePayment(version=version, tender=tender, amount_minor=part, tip_minor=tip)
            route = routes.TAKE_PAYMENT
        elif dice < 0.18 and order.payments and not order.refunded_minor:
            route, body = routes.UNDO_PAYMENT, UndoPayment(version=version, reason=WHY)
        elif dice < 0.2 and order.payment is PaymentState.UNPAID and not order.payments:
            if order.tender in (Tender.CASH, Tender.CASH_ON_DELIVERY):  # is rounded, and says how
                route, body = routes.TAKE_PAYMENT, TakePayment(version=version, tender=order.tender)
            else:
                route, body = routes.CHANGE_PAYMENT, ChangePayment(payment=PaymentState.PAID, version=version)
        elif dice < 0.23 and order.payment is PaymentState.PAID and not order.payments:
            other = Tender.VOUCHER if order.tender is Tender.CARD else Tender.CARD
            body = ChangePayment(payment=PaymentState.PAID, tender=other, version=version, reason=WHY)
            route = routes.CHANGE_PAYMENT
        elif dice < 0.3 and refundable_minor(order):
            route, body = routes.REFUND, self._refund(order)
        elif dice < 0.36 and order.payment is not PaymentState.REFUNDED and order.lines:
            route, body = routes.AMEND, self._amendment(order)
        else:
            following = target_of(order.status, Move.ADVANCE, order.fulfilment, Role.CASHIER)
            to = OrderStatus.CANCELLED if dice > 0.95 or following is None else following
            route, body = routes.CHANGE_STATUS, ChangeStatus(to=to, version=version, reason=WHY)
        return lambda op_id: route(order.id, body=body, op_id=op_id)

    def _refund(self, order: Order) -> RefundOrder:
        left = [(key, line) for key, line in zip(line_ids(order), order.lines, strict=True) if left_of(line)]
        if left and self._random.random() < 0.5:
            key, line = self._random.choice(left)
            items = RefundLine(id=key, quantity=self._random.randint(1, left_of(line)))
            return RefundOrder(version=order.version, reason=WHY, lines=(items,))
        return RefundOrder(version=order.version, reason=WHY, amount_minor=1 + refundable_minor(order) // 2)

    def _amendment(self, order: Order) -> AmendOrder:
        lines = (
            AmendedLine(
                id=key,
                quantity=line.quantity if line.is_given_back else self._random.randint(1, 3),
                discount=line.discount,
            )
            for key, line in zip(line_ids(order), order.lines, strict=True)
        )
        return AmendOrder(
            version=order.version,
            lines=tuple(lines),
            fulfilment=order.fulfilment,
            discount=order.discount,
            reason=WHY,
            # as it is: the rest stays
            customer_name=order.customer_name,
            customer_phone=order.customer_phone,
            address=order.address,
            note=order.note,
        )

    def _call(self, order: Order, made: Callable[[OpId], Request[Order]]) -> None:
        op_id = new_op_id()
        self._screen.api.call(made(op_id))
        self._done(op_id, order.id)

    # -- the drawer

    def _drawer(self) -> DrawerSession:
        """The newest session of this till. Opens one where there is none yet."""
        if self._session is None:
            found = self._screen.api.call(routes.DRAWERS(query=DrawerQuery(device=self._device, limit=1)))
            self._session = found.sessions[0] if found.sessions else self._open()
        return self._session

    def _open(self) -> DrawerSession:
        asked = OpenDrawer(session=DrawerSessionId(uuid7()), float_minor=self._random.randrange(20_000))
        return self._move(lambda op_id: routes.OPEN_DRAWER(body=asked, op_id=op_id))

    def _at_drawer(self, *, closing: bool = False) -> None:
        session, amount = self._drawer(), self._random.randint(1, 5_000)
        if not session.is_open:
            self._session = self._open()
        elif session.is_counted and (closing or self._random.random() < 0.5):
            deposit = self._random.randrange(session.counts[-1].amount_minor + 1)
            close = CloseDrawer(session=session.id, deposit_minor=deposit, reason=WHY)
            self._session = self._move(lambda op_id: routes.CLOSE_DRAWER(body=close, op_id=op_id))
        elif closing or self._random.random() < 0.3:
            count = CountDrawer(session=session.id, counted_minor=amount)
            self._session = self._move(lambda op_id: routes.COUNT_DRAWER(body=count, op_id=op_id))
        else:
            act = self._random.choice(list(MOVES))
            move = MoveCash(
                session=session.id, act=act, amount_minor=0 if act is DrawerAct.NO_SALE else amount, reason=WHY
            )
            self._session = self._move(lambda op_id: routes.MOVE_CASH(body=move, op_id=op_id))

    def _move(self, made: Callable[[OpId], Request[R]]) -> R:
        op_id, self._session = new_op_id(), None
        session = self._screen.api.call(made(op_id))
        self._done(op_id)
        return session

    # -- held baskets

    def _baskets(self) -> None:
        """Hold one, go on with one, drop one."""
        told = (each.baskets for each in reversed(self._screen.told) if each.baskets is not None)
        held, dice = next(told, ()), self._random.random()
        op_id = new_op_id()
        if self._taken is not None or not held or dice < 0.4:
            again, self._taken = self._taken, None
            asked = HoldBasket(
                id=BasketId(uuid7()),
                label=WHY,
                lines=again.lines if again is not None else self._lines(),
                replaces=again.id if again is not None else BasketId(""),
            )
            self._screen.api.call(routes.HOLD_BASKET(body=asked, op_id=op_id))
            self._done(op_id, held=asked.id, **({"basket": asked.replaces} if asked.replaces else {}))
            return
        basket = self._random.choice(held)
        if dice < 0.9:
            self._taken = self._screen.api.call(routes.TAKE_BASKET(basket.id, body=TakeBasket(), op_id=op_id))
            self._done(op_id)
        else:
            self._screen.api.call(routes.DROP_BASKET(basket.id, body=DropBasket(), op_id=op_id))
            self._done(op_id, basket=basket.id)
