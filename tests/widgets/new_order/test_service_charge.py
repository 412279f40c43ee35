"""The service charge in both windows: shown, charged, taken off with a reason, and never the next customer's."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from core.domain.service import NO_SERVICE, Service, ShopService
from core.domain.status import Fulfilment
from core.ui.ordering.basket import Basket
from pos_app.new_order.page import NewOrderPage
from pos_app.new_order.service_dialog import ServiceDialog
from tests.support.fake_backend import FakeBackend
from tests.support.fingers import click, type_into
from tests.support.menus import CHIPS, MENU
from tests.support.ordering import Finger, child

CHARGING = msgspec.structs.replace(MENU, service=ShopService(12_500, (Fulfilment.DINE_IN,)))


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend(CHARGING)


def total(page: NewOrderPage) -> str:
    return child(page.view.basket, QLabel, "basket_total").text()


def parts(page: NewOrderPage) -> list[str]:
    found = page.view.basket.findChildren(QLabel, "basket_part")
    return [each.text().replace("\N{NO-BREAK SPACE}", " ") for each in found if not each.isHidden()]


def test_it_is_in_the_basket_and_goes_with_the_fulfilment(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(CHIPS.name)
    page._ordering.basket.set_fulfilment(Fulfilment.DINE_IN)
    assert total(page) == "$5.01", "and 12.5 %"
    assert "Service charge 12.5 %" in parts(page)
    page._ordering.basket.set_fulfilment(Fulfilment.PICKUP)
    assert (total(page), "Service charge 12.5 %" in parts(page)) == ("$4.45", False)
    assert not page.view.basket.service.isVisible()


def test_a_cashier_takes_it_off_with_a_reason(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(CHIPS.name)
    finger.button("checkout")
    finger.button("fulfilment_dine_in")
    finger.button("checkout_back")
    finger.button("basket_service")
    (dialog,) = [each for each in page.window().findChildren(ServiceDialog) if each.isVisible()]
    confirm = child(dialog, QPushButton, "reason_confirm")
    click(qtbot, child(dialog, QAbstractButton, "service_none"))
    assert not confirm.isEnabled(), "why is missing"
    type_into(qtbot, child(dialog, QLineEdit, "reason"), "Slow")
    qtbot.keyClick(child(dialog, QLineEdit, "reason"), Qt.Key.Key_Return)
    assert total(page) == "$4.45"
    finger.button("checkout")
    with qtbot.waitSignal(page.taken) as taken:
        finger.button("payment_cash")
    assert taken.args is not None
    assert (taken.args[0].service, taken.args[0].total_minor) == (Service(rate=0, reason="Slow"), 445)
    finger.tile(CHIPS.name)
    page._ordering.basket.set_fulfilment(Fulfilment.DINE_IN)
    assert total(page) == "$5.01", "the next customer pays it"


def test_an_emptied_basket_is_restored_with_it(page: NewOrderPage, finger: Finger, qtbot: QtBot) -> None:
    finger.tile(CHIPS.name)
    page._ordering.basket.set_fulfilment(Fulfilment.DINE_IN)
    page._ordering.basket.charge(Service(rate=0, reason="Slow"))
    finger.button("basket_empty")
    assert page._ordering.basket.basket.own_service is None
    finger.button("notice_action")
    assert page._ordering.basket.basket.own_service == Service(rate=0, reason="Slow")


def test_a_customers_window_asks_for_what_the_shop_charges(backend: FakeBackend) -> None:
    basket = Basket()
    basket.use(backend.menu)
    basket.fulfilment = Fulfilment.DINE_IN
    assert basket.service == Service(rate=12_500)
    basket.fulfilment = Fulfilment.PICKUP
    assert basket.service == NO_SERVICE
