"""Where things are: on the screen, in whatever letters, and where they were when a message comes."""

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from pos_app.new_order.page import NewOrderPage
from tests.support.fake_backend import FakeBackend
from tests.support.menus import BOWL, SODA
from tests.support.ordering import Finger
from tests.support.pos_window import Till, open_till, place


def place_of(till: Till, name: str) -> QRect:
    part = till.find(QWidget, name)
    return QRect(part.mapTo(till.window, QPoint()), part.size())


def new_order(till: Till) -> NewOrderPage:
    till.click("nav_new")
    till.settle()
    page = till.find(NewOrderPage, "new_order_page")
    till.qtbot.waitUntil(lambda: page.view.menu.tiles.shown.rowCount() == 4)
    return page


@pytest.mark.parametrize("scale", [100, 150, 200])
def test_the_checkout_is_on_the_screen(qtbot: QtBot, backend: FakeBackend, scale: int) -> None:
    with open_till(qtbot, backend, text_scale=scale) as till:
        till.window.resize(1280, 800)
        till.arrive()
        finger = Finger(new_order(till).view, qtbot)
        finger.tile(SODA.name)
        assert till.window.rect().contains(place_of(till, "checkout"))
        till.click("checkout")
        for name in ("take_payment", "checkout_back", "customer_search"):
            assert till.window.rect().contains(place_of(till, name))


def test_four_tiles_stand_side_by_side_on_a_small_screen(till: Till) -> None:
    till.window.resize(1024, 768)
    till.arrive()
    page = new_order(till)
    tiles = page.view.menu.tiles
    till.qtbot.waitUntil(lambda: tiles.gridSize().width() * 4 <= tiles.viewport().width())
    Finger(page.view, till.qtbot).tile(SODA.name)
    till.click("checkout")
    for name in ("take_payment", "cash_quick_2", "fulfilment_delivery", "customer_search"):
        assert till.window.rect().contains(place_of(till, name))


def test_the_keys_stay_under_the_finger_when_a_pin_was_wrong(till: Till) -> None:
    till.type("staff_name", "Maya")
    before = {name: place_of(till, name) for name in ("key_5", "key_0", "sign_in")}
    till.type("pin", "9876")
    till.click("sign_in")
    till.settle()
    assert till.sees("sign_in_error")
    assert {name: place_of(till, name) for name in before} == before


def test_add_stays_under_the_finger_when_something_is_missing(till: Till) -> None:
    till.arrive()
    finger = Finger(new_order(till).view, till.qtbot)
    finger.tile(BOWL.name)
    dialog = finger.dialog
    add = dialog._add
    before = add.mapTo(dialog, QPoint())
    finger.button("item_add", dialog)
    assert dialog._why.isVisible()
    assert (add.mapTo(dialog, QPoint()), add.size()) == (before, add.size())


def test_a_message_lifts_nothing(till: Till, backend: FakeBackend) -> None:
    """It has room of its own before it comes: a press on what was there hits what was there."""
    order = place(backend)
    till.arrive()
    board = place_of(till, "column_pending")
    till.press(order)
    till.settle()
    assert till.undo()
    assert place_of(till, "column_pending") == board
    finger = Finger(new_order(till).view, till.qtbot)
    finger.tile(SODA.name)
    till.click("checkout")
    before = place_of(till, "take_payment")
    till.type("cash_given", "0.01")
    till.click("take_payment")
    assert till.notice()
    assert place_of(till, "take_payment") == before
