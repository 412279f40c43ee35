"""Discounts at the till's New page: of a line or the order, by mouse and by keyboard, and never the next customer's."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from core.domain.discount import Discount
from core.domain.errors import DomainError
from core.domain.order import PaymentState
from core.ui.text import parse_percentage
from core.ui.widgets.fields import Picker
from pos_app.new_order.discount_dialog import DiscountDialog
from pos_app.new_order.page import NewOrderPage
from tests.support.fake_backend import FakeBackend
from tests.support.fingers import click, type_into
from tests.support.menus import CHIPS, MENU, SODA
from tests.support.ordering import Finger, child

STAFF_MEAL = Discount(reason="Staff meal", rate=50_000)
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend(
        msgspec.structs.replace(MENU, discounts=(STAFF_MEAL, Discount(reason="Friend", amount_minor=100)))
    )


class Asked:
    """The dialog."""

    def __init__(self, page: NewOrderPage, qtbot: QtBot) -> None:
        (self.dialog,) = [each for each in page.window().findChildren(DiscountDialog) if each.isVisible()]
        self._qtbot = qtbot

    def press(self, name: str) -> None:
        click(self._qtbot, child(self.dialog, QAbstractButton, name))

    def type(self, name: str, text: str) -> None:
        type_into(self._qtbot, child(self.dialog, QLineEdit, name), text)

    @property
    def target(self) -> Picker:
        return child(self.dialog, Picker, "discount_target")

    @property
    def can_confirm(self) -> bool:
        return child(self.dialog, QPushButton, "reason_confirm").isEnabled()


def total(page: NewOrderPage) -> str:
    return child(page.view.basket, QLabel, "basket_total").text()


def test_a_percentage_off_the_order_is_in_the_basket_and_in_the_order(
    page: NewOrderPage, finger: Finger, qtbot: QtBot
) -> None:
    assert not page.view.basket.discount.isVisible(), "of nothing there is nothing to take off"
    finger.tile(CHIPS.name, times=2)
    finger.button("basket_discount")
    asked = Asked(page, qtbot)
    assert not asked.can_confirm
    asked.type("discount_value", "10")
    assert not asked.can_confirm, "why is missing"
    asked.type("reason", "Late")
    asked.press("reason_confirm")
    assert total(page) == "$8.01"
    finger.button("checkout")
    with qtbot.waitSignal(page.taken) as taken:
        finger.button("payment_cash")
    assert taken.args is not None
    order = taken.args[0]
    assert (order.discount, order.discount_minor) == (Discount(reason="Late", rate=10_000), 89)
    assert (order.total_minor, order.payment) == (801, PaymentState.PAID)
    finger.tile(CHIPS.name)
    assert total(page) == "$4.45", "the next customer has none of it"


def test_it_is_given_beside_the_payment_and_nothing_that_was_typed_is_lost(
    page: NewOrderPage, finger: Finger, qtbot: QtBot
) -> None:
    finger.tile(CHIPS.name, times=2)
    finger.button("checkout")
    finger.field("cash_given", "20")
    finger.button("payment_discount")
    asked = Asked(page, qtbot)
    assert not asked.dialog.isWindow(), "it is a panel of the window"
    asked.type("discount_value", "10")
    asked.type("reason", "Late")
    asked.press("reason_confirm")
    assert child(page, QLabel, "payment_due").text() == "To pay: $8.01"
    assert child(page, QLineEdit, "cash_given").text() == "20"
    assert child(page, QLineEdit, "cash_given").hasFocus()
    finger.button("payment_discount")
    qtbot.keyClick(Asked(page, qtbot).dialog, Qt.Key.Key_Escape)
    assert page.view.at_checkout, "Esc closed what was in front"


def test_one_that_the_shop_offers_is_one_press(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(CHIPS.name)
    finger.button("basket_discount")
    asked = Asked(page, qtbot)
    asked.press("reason_0")
    asked.press("reason_confirm")
    assert page.view.basket.lines.model().rowCount() == 1
    assert total(page) == "$2.22"
    finger.button("basket_discount")
    asked = Asked(page, qtbot)
    asked.press("reason_1")
    assert child(asked.dialog, QLineEdit, "discount_value").text() == "$1.00"
    asked.press("reason_confirm")
    assert total(page) == "$3.45", "in place of the one before"
    finger.button("basket_discount")
    Asked(page, qtbot).press("discount_remove")
    assert total(page) == "$4.45"


def test_a_line_is_on_the_house_by_keyboard(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    finger.tile(CHIPS.name)
    lines = page.view.basket.lines
    lines.setFocus()
    lines.show_line(1)
    qtbot.keyClick(lines, Qt.Key.Key_D, CTRL)
    asked = Asked(page, qtbot)
    assert asked.target.currentText().startswith(f"1 × {CHIPS.name}")
    asked.press("discount_way_all")
    asked.type("reason", "Cold")
    qtbot.keyClick(child(asked.dialog, QLineEdit, "reason"), Qt.Key.Key_Return)
    assert total(page) == "$1.09"
    assert "On the house · Cold" in lines.model().index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    finger.tile(CHIPS.name)
    assert [words for _count, words in finger.lines()] == [SODA.name, CHIPS.name, CHIPS.name], "another one is paid"
    assert total(page) == "$5.54"


def test_an_undo_brings_the_orders_discount_back(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(SODA.name)
    page._ordering.basket.reduce(None, STAFF_MEAL)
    finger.button("basket_empty")
    page.notice.act()
    assert page._ordering.basket.basket.discount == STAFF_MEAL
    finger.line(SODA.name, "fewer")
    assert page._ordering.basket.basket.discount is None, "it goes with the last line"


def test_a_line_keeps_its_discount_when_its_options_change(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(CHIPS.name)
    basket = page._ordering.basket
    line = basket.basket.lines[0]
    basket.reduce(line.id, STAFF_MEAL)
    basket.replace(line.id, msgspec.structs.replace(line.wanted, note="warm"))
    assert basket.basket.lines[0].wanted.discount == STAFF_MEAL


@pytest.mark.parametrize(("typed", "rate"), [("10", 10_000), ("12.5 %", 12_500), ("٧", 7_000), ("0,125%", 125)])
def test_percentages_as_they_are_typed(typed: str, rate: int) -> None:
    assert parse_percentage(typed) == rate


@pytest.mark.parametrize("typed", ["", "ten", "-5", "1.2345", "1,000,0"])
def test_what_is_no_percentage(typed: str) -> None:
    with pytest.raises(DomainError):
        parse_percentage(typed)
