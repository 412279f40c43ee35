"""A cashier's day with money: the drawer at the window, twenty orders through the API, and the Z that ends it."""

from contextlib import closing
from typing import Final

from core.admin.demo import shop
from core.admin.demo.processes import ProcessFailed, Window, until
from core.admin.demo.replay import advance
from core.admin.demo.steps import Album
from core.admin.setup import DEMO_STAFF, DEVICE
from core.client.http.api import HttpApi
from core.domain.commands import AmendedLine, AmendOrder, NewPayment, RefundLine, RefundOrder, TakeOrder, TakePayment
from core.domain.discount import Discount
from core.domain.menu import Menu
from core.domain.money import as_decimal
from core.domain.order import Channel, NewLine, Order, PaymentState, Tender
from core.domain.refund import line_ids
from core.domain.status import OrderStatus
from core.domain.tenders import TENDERS, not_withdrawn
from core.protocol import routes
from core.protocol.drawers import DrawerQuery, ZReport
from core.protocol.requests import OrderQuery, StaffSignIn

ORDERS: Final = 20
_PATIENCE_S: Final = 30.0
_FLOAT_MINOR: Final = 10_000
_SHORT_MINOR: Final = 20
"""What is missing from the drawer when it is counted."""
_SPLIT, _DISCOUNTED_LINE, _DISCOUNTED, _LATER, _AMENDED = (3, 11), (5,), (8,), (14, 17), (17,)
"""Which of the orders are paid in parts with a tip, have a discount, are paid after they were taken, or are changed
before that."""


def day(album: Album, pos: Window, url: str, menu: Menu) -> ZReport:
    """All steps. Returns the Z. Raises `StepFailed`."""
    with closing(HttpApi(url)) as cashier, closing(HttpApi(url)) as admin:
        with album.step("the cashier opens the drawer with a float", pos, "pos-drawer"):
            pos.click("nav_drawer")
            pos.click("drawer_open")
            _count(pos, _FLOAT_MINOR, menu.currency)
            pos.act("state", name="drawer_count")
        with album.step(f"{ORDERS} orders: every tender, parts, tips, discounts, and a change after placing"):
            for api, who in ((cashier, shop.CASHIER), (admin, DEMO_STAFF[0])):
                api.staff_sign_in(StaffSignIn(staff=who.name, pin=who.pin, device=DEVICE))
            for n in range(ORDERS):
                _sell(cashier, menu, n)
        with album.step("a line of an order from before the drawer was opened is refunded"):
            _refund(admin)
        with album.step("the drawer is counted without being told what should be there", pos, "pos-drawer-counted"):
            (session,) = admin.call(routes.DRAWERS(query=DrawerQuery(device=DEVICE, limit=1))).sessions
            cash = admin.call(routes.DRAWER(session.id)).cash
            if cash is None:
                raise ProcessFailed("nobody says what should be in the drawer")
            pos.click("drawer_count")
            _count(pos, cash.expected_minor - _SHORT_MINOR, menu.currency)
            pos.wait_text("close_difference", as_decimal(_SHORT_MINOR, menu.currency))
        with album.step("it is closed, and its Z says what the day came to", pos, "pos-z"):
            pos.click("close_confirm")
            pos.act("state", name="drawer_open")
            report = until(lambda: _newest_z(admin), _PATIENCE_S)
            _check(report, menu)
        for api in (cashier, admin):
            api.sign_out()
    return report


def _newest_z(admin: HttpApi) -> ZReport:
    found = admin.call(routes.Z_REPORTS(query=DrawerQuery(device=DEVICE, limit=1))).reports
    if not found:
        raise ProcessFailed("there is no Z yet")
    return found[0].report


def _count(pos: Window, amount_minor: int, currency: str) -> None:
    pos.type("count_sum", as_decimal(amount_minor, currency))
    pos.click("count_confirm")


def _sell(cashier: HttpApi, menu: Menu, n: int) -> Order:
    """One of the orders, taken, paid and handed over."""
    dish = next(item for item in menu.items().values() if item.available)
    choices = tuple(modifier.id for group in dish.groups for modifier in group.modifiers[: group.least])
    tenders = not_withdrawn(menu.tenders or TENDERS)
    tender = tenders[n % len(tenders)]
    off = Discount(reason="Regular guest", rate=5_000)
    line = NewLine(
        item_id=dish.id, quantity=1 + n % 3, modifier_ids=choices, discount=off if n in _DISCOUNTED_LINE else None
    )
    payments: tuple[NewPayment, ...] = ()
    if n in _SPLIT:
        first = NewPayment(tender=Tender.CASH, amount_minor=100, given_minor=500)
        payments = (first, NewPayment(tender=Tender.CARD, tip_minor=150))
    elif n not in _LATER:
        payments = (NewPayment(tender=tender.id, reference="A-1042" if tender.needs_reference else ""),)
    asked = TakeOrder(
        lines=(line,),
        tender=tender.id,
        payment=PaymentState.UNPAID,
        payments=payments,
        discount=off if n in _DISCOUNTED else None,
    )
    order = cashier.call(routes.TAKE(body=asked))
    if n in _AMENDED:
        one_more = AmendedLine(id=line_ids(order)[0], quantity=line.quantity + 1)
        amended = AmendOrder(version=order.version, lines=(one_more,), fulfilment=order.fulfilment)
        order = cashier.call(routes.AMEND(order.id, body=amended))
    if n in _LATER:
        order = cashier.call(
            routes.TAKE_PAYMENT(order.id, body=TakePayment(version=order.version, tender=Tender.CARD, tip_minor=100))
        )
    return advance(cashier, order, OrderStatus.COMPLETED)


def _refund(admin: HttpApi) -> None:
    """One item of the oldest paid order of the counter that there is on a page."""
    found = admin.call(routes.ORDERS(query=OrderQuery(status=(OrderStatus.COMPLETED,), limit=100))).orders
    paid = [each for each in found if each.channel is Channel.COUNTER and each.payment is PaymentState.PAID]
    order = paid[-1]
    back = RefundLine(id=line_ids(order)[0], quantity=1)
    admin.call(routes.REFUND(order.id, body=RefundOrder(version=order.version, reason="It was cold", lines=(back,))))


def _check(report: ZReport, menu: Menu) -> None:
    """Raises `ProcessFailed` unless the Z is that of this day."""
    cash = report.cash
    wanted = {str(each.id) for each in not_withdrawn(menu.tenders or TENDERS)}
    if report.sales != ORDERS or report.refunds != 1 or not wanted <= report.payments.keys():
        raise ProcessFailed(f"the Z has {report.sales} sales, {report.refunds} refunds, paid by {report.payments}")
    if cash is None or cash.difference_minor != -_SHORT_MINOR:
        raise ProcessFailed(f"the Z says of the cash {cash}")
