"""A tile of the till's that is held down is marked sold out, by finger, mouse or key; a customer's is not."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.ui.ordering.view import OrderingView
from tests.support import customer_window
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, SOUP
from tests.support.ordering import Finger
from tests.support.pos_window import Till

LEFT = Qt.MouseButton.LeftButton


class Tiles:
    """The tiles of a window's order page."""

    def __init__(self, view: OrderingView, qtbot: QtBot) -> None:
        self.list: QListView = view.menu.tiles
        self.finger = Finger(view, qtbot)
        self._qtbot = qtbot

    def at(self, name: str) -> QPoint:
        model = self.list.model()
        row = next(row for row in range(model.rowCount()) if model.index(row, 0).data() == name)
        return self.list.visualRect(model.index(row, 0)).center()

    def hold(self, name: str) -> None:
        self._qtbot.mousePress(self.list.viewport(), LEFT, pos=self.at(name))
        self._qtbot.waitUntil(lambda: not self.list._long.isActive())  # type: ignore[attr-defined]

    def let_go(self, name: str) -> None:
        self._qtbot.mouseRelease(self.list.viewport(), LEFT, pos=self.at(name))


@pytest.fixture
def tiles(till: Till, qtbot: QtBot) -> Tiles:
    till.arrive()
    till.click("nav_new")
    till.settle()
    view = till.window.findChild(OrderingView)
    assert isinstance(view, OrderingView)
    return Tiles(view, qtbot)


def available(backend: FakeBackend, name: str) -> bool:
    return next(item.available for item in backend.menu.items().values() if item.name == name)


def test_what_is_held_is_sold_out_and_not_in_the_basket(till: Till, tiles: Tiles, backend: FakeBackend) -> None:
    tiles.hold(CHIPS.name)
    till.settle()
    assert not available(backend, CHIPS.name)
    tiles.let_go(CHIPS.name)
    assert tiles.finger.lines() == []
    assert till.undo() == f"{CHIPS.name} is sold out"
    tiles.hold(SOUP.name)
    till.settle()
    assert available(backend, SOUP.name)
    assert till.undo() == f"{SOUP.name} is available again"


def test_it_can_be_undone(till: Till, tiles: Tiles, backend: FakeBackend) -> None:
    tiles.hold(CHIPS.name)
    tiles.let_go(CHIPS.name)
    till.settle()
    till.window.workspace.undo.act()
    till.settle()
    assert available(backend, CHIPS.name)


def test_a_short_press_adds_it_and_a_slide_off_does_nothing(till: Till, tiles: Tiles, backend: FakeBackend) -> None:
    tiles.finger.tile(CHIPS.name)
    assert tiles.finger.lines() == [(1, CHIPS.name)]
    viewport = tiles.list.viewport()
    QTest.mousePress(viewport, LEFT, pos=tiles.at(CHIPS.name))
    assert tiles.list._long.isActive()  # type: ignore[attr-defined]
    QTest.mouseMove(viewport, tiles.at(SOUP.name))
    assert not tiles.list._long.isActive()  # type: ignore[attr-defined]
    QTest.mouseRelease(viewport, LEFT, pos=tiles.at(SOUP.name))
    till.settle()
    assert available(backend, CHIPS.name)


def test_the_menu_key_does_the_same(till: Till, tiles: Tiles, backend: FakeBackend, qtbot: QtBot) -> None:
    tiles.list.setFocus()
    tiles.list.setCurrentIndex(tiles.list.indexAt(tiles.at(CHIPS.name)))
    qtbot.keyClick(tiles.list, Qt.Key.Key_Menu)
    till.settle()
    assert not available(backend, CHIPS.name)


def test_shift_f10_does_too_where_a_keyboard_has_no_menu_key(
    till: Till, tiles: Tiles, backend: FakeBackend, qtbot: QtBot
) -> None:
    tiles.list.setFocus()
    tiles.list.setCurrentIndex(tiles.list.indexAt(tiles.at(CHIPS.name)))
    qtbot.keyClick(tiles.list, Qt.Key.Key_F10)
    till.settle()
    assert available(backend, CHIPS.name)
    qtbot.keyClick(tiles.list, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    till.settle()
    assert not available(backend, CHIPS.name)


def test_the_right_button_does_too_where_it_was_pressed(
    till: Till, tiles: Tiles, backend: FakeBackend, qtbot: QtBot
) -> None:
    right, viewport = Qt.MouseButton.RightButton, tiles.list.viewport()
    qtbot.mousePress(viewport, right, pos=tiles.at(CHIPS.name))
    qtbot.mouseRelease(viewport, right, pos=tiles.at(SOUP.name))
    till.settle()
    assert available(backend, CHIPS.name)
    qtbot.mouseClick(viewport, right, pos=tiles.at(CHIPS.name))
    till.settle()
    assert not available(backend, CHIPS.name)
    assert tiles.finger.lines() == []
    till.window.workspace.undo.act()
    till.settle()
    assert available(backend, CHIPS.name)


def test_without_a_server_it_says_so(till: Till, tiles: Tiles, backend: FakeBackend) -> None:
    backend.fail_with = Unreachable("Nothing answers.")
    tiles.hold(CHIPS.name)
    till.settle()
    assert till.notice().startswith("No connection")
    assert till.undo() == ""
    backend.fail_with = None
    tiles.let_go(CHIPS.name)


def test_a_customer_holds_as_long_as_they_like(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = customer_window.shop()
    with customer_window.open_window(qtbot, shop) as stage:
        stage.arrive()
        stage.click("tab_order")
        stage.settle()
        view = stage.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        tiles = Tiles(view, qtbot)
        tiles.hold(CHIPS.name)
        assert tiles.list.holds(tiles.list.indexAt(tiles.at(CHIPS.name)))  # type: ignore[attr-defined]
        tiles.let_go(CHIPS.name)
        assert tiles.finger.lines() == [(1, CHIPS.name)]
