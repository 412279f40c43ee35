"""A till's favourites: chosen by whoever stands at it, first on its New page, and kept when it starts again."""

from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.client.storage.favourites import Favourites
from core.client.storage.local_store import LocalStore
from core.domain.ids import ShopId
from core.ui.ordering.view import OrderingView
from tests.support import customer_window
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, MENU, SODA, SOUP
from tests.support.ordering import Finger, child
from tests.support.pos_window import ANA, MAYA, Till


@pytest.fixture
def view(till: Till) -> OrderingView:
    till.arrive(MAYA)
    till.click("nav_new")
    till.settle()
    found = till.window.findChild(OrderingView)
    assert isinstance(found, OrderingView)
    return found


@pytest.fixture
def finger(view: OrderingView, qtbot: QtBot) -> Finger:
    return Finger(view, qtbot)


def categories(view: OrderingView) -> list[str]:
    model = view.menu.pills.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def tiles(view: OrderingView) -> list[str]:
    return [view.menu.tiles.shown.index(row, 0).data() for row in range(view.menu.tiles.shown.rowCount())]


def test_what_is_starred_comes_first(till: Till, view: OrderingView, finger: Finger) -> None:
    assert categories(view) == ["All", "Bowls", "Sides and drinks"]
    till.click("menu_star")
    for item in (SODA, SOUP, CHIPS, CHIPS):
        finger.tile(item.name)
        till.settle()
    till.click("menu_star")
    assert finger.lines() == [], "a press that stars adds nothing"
    assert categories(view) == ["Favourites", "All", "Bowls", "Sides and drinks"]
    assert tiles(view) == [SOUP.name, SODA.name], "in the menu's order, and what was starred twice is none"
    finger.tile(SODA.name)
    assert finger.lines() == [(1, SODA.name)]
    finger.category("All")
    assert len(tiles(view)) == 4


def test_they_are_the_tills_whoever_signs_in_and_need_no_server(
    till: Till, view: OrderingView, finger: Finger, backend: FakeBackend
) -> None:
    backend.fail_with = Unreachable("Nothing answers.")
    till.click("menu_star")
    finger.tile(SODA.name)
    till.settle()
    backend.fail_with = None
    till.window._on_leave_wanted("sign_out")
    till.settle()
    till.arrive(ANA)
    till.click("nav_new")
    till.settle()
    again = till.window.findChild(OrderingView)
    assert isinstance(again, OrderingView)
    assert categories(again)[0] == "Favourites"
    assert tiles(again) == [SODA.name], "and they are shown first"
    assert not child(again, QAbstractButton, "menu_star").isChecked()


def test_they_are_chosen_by_keys_alone(till: Till, view: OrderingView, qtbot: QtBot) -> None:
    view.menu.search.setFocus()
    star = child(view, QAbstractButton, "menu_star")
    for _press in range(10):
        if QApplication.focusWidget() is not star:
            qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert star.hasFocus()
    qtbot.keyClick(star, Qt.Key.Key_Return)
    view.menu.search.setFocus()
    qtbot.keyClicks(view.menu.search, "sod")
    qtbot.keyClick(view.menu.search, Qt.Key.Key_Return)
    till.settle()
    assert categories(view)[0] == "Favourites"
    row = view.menu.tiles.shown.index(3, 0)
    assert "Favourite" in row.data(Qt.ItemDataRole.AccessibleTextRole)


def test_a_favourite_that_is_off_the_menu_is_no_category(till: Till, view: OrderingView, backend: FakeBackend) -> None:
    till.click("menu_star")
    Finger(view, till.qtbot).tile(SODA.name)
    till.settle()
    backend.change_menu(MENU.categories[:1])
    till.settle()
    assert "Favourites" not in categories(view)
    backend.change_menu(MENU.categories)
    till.settle()
    assert categories(view)[0] == "Favourites"


def test_they_are_kept_by_shop_when_the_file_is_opened_again(tmp_path: Path) -> None:
    with closing(LocalStore(tmp_path / "till.db")) as store:
        assert Favourites(store, ShopId("a")).mark(SODA.id, marked=True) == {SODA.id}
    with closing(LocalStore(tmp_path / "till.db")) as store:
        assert Favourites(store, ShopId("a")).items == {SODA.id}
        assert Favourites(store, ShopId("b")).items == frozenset()
        assert Favourites(store, ShopId("a")).mark(SODA.id, marked=False) == frozenset()


def test_a_customer_is_not_asked_for_favourites(qtbot: QtBot) -> None:
    with customer_window.open_window(qtbot, customer_window.shop()) as stage:
        stage.arrive()
        stage.click("tab_order")
        stage.settle()
        assert not stage.sees("menu_star")
