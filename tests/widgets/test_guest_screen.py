"""The POS's second screen: the basket as it grows, then what was paid; and nothing of anybody else's."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QListView, QStackedWidget
from pytestqt.qtbot import QtBot

from core.domain.commands import TakeOrder
from core.domain.order import NewLine, PaymentState, Tender
from core.ui.ordering.view import OrderingView
from pos_app.guest_screen import GuestScreen
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, SODA
from tests.support.ordering import Finger
from tests.support.pos_window import Till, open_till


class Guest:
    """A till with a second screen, and who looks at it."""

    def __init__(self, till: Till, qtbot: QtBot) -> None:
        self.till = till
        (self.screen,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, GuestScreen)]
        till.arrive()
        till.click("nav_new")
        till.settle()
        view = till.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        self.finger = Finger(view, qtbot)

    @property
    def page(self) -> int:
        pages = self.screen.findChild(QStackedWidget)
        assert isinstance(pages, QStackedWidget)
        return pages.currentIndex()

    @property
    def texts(self) -> str:
        """All that is on it."""
        lines = self.screen.findChild(QListView, "guest_lines")
        assert isinstance(lines, QListView)
        model = lines.model()
        rows = [model.index(row, 0).data() for row in range(model.rowCount())] if lines.isVisible() else []
        labels = [each.text() for each in self.screen.findChildren(QLabel) if each.isVisible()]
        return " | ".join([*rows, *labels])

    def pay_cash(self, amount: str) -> None:
        self.finger.button("checkout")
        self.till.type("cash_given", amount)
        self.till.click("payment_cash")
        self.till.settle()


@pytest.fixture
def guest(qtbot: QtBot, backend: FakeBackend) -> Iterator[Guest]:
    with open_till(qtbot, backend, second_screen=True) as till:
        yield Guest(till, qtbot)


def test_it_shows_what_the_basket_has_and_comes_to(guest: Guest) -> None:
    assert "Welcome" in guest.texts
    guest.finger.tile(CHIPS.name, 2)
    guest.finger.tile(SODA.name)
    assert guest.texts.startswith(f"{CHIPS.name} | {SODA.name}")
    assert guest.till.text("basket_total") in guest.texts
    guest.finger.button("basket_empty")
    assert "Welcome" in guest.texts


def test_it_says_what_was_paid_and_the_change_until_the_next_basket(guest: Guest) -> None:
    guest.finger.tile(SODA.name)
    guest.pay_cash("5")
    assert "Thank you!" in guest.texts
    assert "Paid: $5.00" in guest.texts
    assert "Change: $3.91" in guest.texts
    guest.till.click("next_order")
    guest.finger.tile(CHIPS.name)
    assert guest.texts.startswith(CHIPS.name)


def test_what_was_paid_goes_after_a_while(guest: Guest, qtbot: QtBot) -> None:
    guest.screen._until.setInterval(1)
    guest.finger.tile(SODA.name)
    guest.pay_cash("5")
    qtbot.waitUntil(lambda: "Welcome" in guest.texts)


def test_nobody_is_named(guest: Guest, backend: FakeBackend) -> None:
    backend.add_customer("Aisha Bello", "+15550100")
    guest.finger.tile(SODA.name)
    guest.finger.button("checkout")
    guest.till.type("customer_search", "Aisha")
    guest.till.settle()
    assert "Aisha" not in guest.texts
    guest.till.click("payment_card")
    guest.till.settle()
    assert "Aisha" not in guest.texts
    assert "Kim" not in guest.texts


def test_it_is_empty_once_the_cashier_has_left(guest: Guest) -> None:
    guest.finger.tile(SODA.name)
    guest.till.window._sign_out()
    assert "Welcome" in guest.texts
    assert SODA.name not in guest.texts


def test_it_takes_no_keys_and_ends_with_the_window(guest: Guest, qtbot: QtBot) -> None:
    assert guest.screen.windowFlags() & Qt.WindowType.WindowDoesNotAcceptFocus
    assert guest.screen.isVisible()
    guest.till.window.close()
    assert not guest.screen.isVisible()


def test_without_the_setting_there_is_none(till: Till) -> None:
    assert [each for each in QApplication.topLevelWidgets() if isinstance(each, GuestScreen)] == []


def test_who_has_an_order_changed_sees_what_that_comes_to(guest: Guest, backend: FakeBackend) -> None:
    asked = TakeOrder(lines=(NewLine(item_id=CHIPS.id),), payment=PaymentState.PAID, tender=Tender.CARD)
    order = backend.add_order(asked, None, "POS2")
    guest.till.click("nav_orders")
    guest.till.until_live()
    guest.till.press(order, "more")
    guest.till.choose("menu_amend")
    guest.till.settle()
    guest.finger.tile(SODA.name)
    assert "+ $1.09 to pay" in guest.texts
    guest.till.click("change_leave")
    assert "to pay" not in guest.texts
    guest.finger.tile(SODA.name)
    assert "to pay" not in guest.texts, "a new order has nothing to compare it with"
