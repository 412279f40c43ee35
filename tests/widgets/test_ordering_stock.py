"""Order pages while the menu changes: what sells out is said before anybody pays, and a price is what was shown."""

from collections.abc import Callable

import msgspec
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from core.domain.commands import PlaceOrder, TakeOrder
from core.domain.menu import Menu, with_availability
from core.domain.menu_draft import with_item
from core.domain.order import PaymentState
from customer_view.order.page import OrderPage
from pos_app.new_order.page import NewOrderPage
from tests.support.contexts import pos_context
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, MENU, SODA
from tests.support.ordering import Finger, child
from tests.support.shown import until_settled

SOLD_OUT = msgspec.structs.replace(MENU, categories=with_availability(MENU.categories, {CHIPS.id: False}), version=2)
DEARER = with_item(MENU.categories, msgspec.structs.replace(CHIPS, price_minor=500))


def available(page: OrderPage) -> bool:
    rows = page._ordering.tiles.rows
    return next(tile.item.available for tile in rows if tile.item.id == CHIPS.id)


def test_a_basket_that_has_what_sells_out_says_so(page: OrderPage, finger: Finger) -> None:
    finger.tile(CHIPS.name)
    finger.button("checkout")
    page.set_menu(SOLD_OUT)
    assert f"{CHIPS.name} is sold out" in page.notice.text
    assert not available(page)
    finger.button("place_order")
    assert not page.view.at_checkout, "before anybody pays"
    page.set_menu(msgspec.structs.replace(MENU, version=3))
    assert page.notice.text == ""
    finger.button("checkout")
    assert page.view.at_checkout, "and it goes on when there is some again"


def test_what_sells_out_and_is_in_no_basket_is_no_news(page: OrderPage, finger: Finger) -> None:
    finger.tile(SODA.name)
    page.set_menu(SOLD_OUT)
    assert page.notice.text == ""
    assert not available(page)


def test_a_basket_that_becomes_dearer_says_so_before_anybody_presses(page: OrderPage, finger: Finger) -> None:
    finger.tile(SODA.name)
    page.set_menu(msgspec.structs.replace(MENU, categories=DEARER, version=2))
    assert page.notice.text == "", "of what is in no basket it is no news"
    finger.tile(CHIPS.name)
    page.set_menu(msgspec.structs.replace(MENU, version=3))
    assert page.notice.text == "The price has changed The basket comes to $5.54 now."


def test_an_answer_from_before_changes_nothing(page: OrderPage) -> None:
    page.set_menu(SOLD_OUT)
    page._ordering._on_menu_read(MENU)
    assert not available(page)
    page.set_menu(MENU)
    assert available(page), "what is told is so: the server may have been restored"


def test_a_customer_is_shown_the_new_price_and_asked_again(
    page: OrderPage, finger: Finger, backend: FakeBackend, qtbot: QtBot, settle: Callable[[], None]
) -> None:
    finger.tile(CHIPS.name)
    finger.button("checkout")
    button = child(page, QPushButton, "place_order")
    assert "$4.45" in button.text()
    backend.change_menu(DEARER)
    settle()
    finger.button("place_order")
    qtbot.waitUntil(lambda: "$5.00" in button.text())
    assert "The price has changed" in page.notice.text
    assert backend.orders == {}
    with qtbot.waitSignal(page.placed):
        finger.button("place_order")
    settle()
    (order,) = backend.orders.values()
    assert order.total_minor == 500
    totals = [request.expected_total_minor for _id, request in backend.asked if isinstance(request, PlaceOrder)]
    assert totals == [500]


def test_a_till_says_by_which_menu_it_sold(qtbot: QtBot, backend: FakeBackend) -> None:
    with pos_context(qtbot, backend) as context:
        page = NewOrderPage(context)
        page.resize(1100, 720)
        qtbot.addWidget(page)
        page.show()
        qtbot.waitUntil(lambda: page.view.menu.tiles.shown.rowCount() == 4)
        newer: Menu = msgspec.structs.replace(MENU, version=7)
        page.set_menu(newer)
        finger = Finger(page.view, qtbot)
        finger.tile(CHIPS.name)
        finger.button("checkout")
        with qtbot.waitSignal(page.taken):
            finger.button("payment_cash")
        until_settled(qtbot, context, backend)
        ((_op_id, sent),) = backend.asked
        assert isinstance(sent, TakeOrder)
        assert sent.menu_version == 7
        assert sent.payment is PaymentState.PAID
        page.clear()
