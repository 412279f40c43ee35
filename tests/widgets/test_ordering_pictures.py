"""Pictures on tiles: chosen in the menu's editor, shown in both windows, and without a server as well."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.domain.menu_draft import with_item
from core.domain.pictures import check_picture, picture_id
from core.protocol import routes
from core.ui.ordering.menu_tiles import MenuTiles
from core.ui.ordering.pictures import Pictures
from core.ui.ordering.view import OrderingView
from core.ui.picture_file import small_picture
from pos_app.context import PosContext
from pos_app.menu.page import MenuPage
from tests.support import customer_window
from tests.support.contexts import pos_context
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS, MENU, SODA
from tests.support.pos_window import ANA, MAYA, Till
from tests.unit.menu.test_pictures import file


@pytest.fixture
def red(qapp: object) -> bytes:
    return small_picture(file("PNG", 200, 200, "red"))


def pictures_of(context: PosContext) -> Pictures:
    return Pictures(context.jobs, lambda name: context.api.call(routes.PICTURE(name)))


def with_picture(backend: FakeBackend, content: bytes) -> None:
    """The chips have it."""
    name = picture_id(content)
    backend.pictures[name] = content
    backend.menu = msgspec.structs.replace(
        MENU, categories=with_item(MENU.categories, msgspec.structs.replace(CHIPS, picture=name))
    )


def is_red(tiles: MenuTiles, name: str) -> bool:
    """Whether something of the tile is."""
    row = next(at for at in range(tiles.shown.rowCount()) if tiles.shown.index(at, 0).data() == name)
    shown = tiles.viewport().grab(tiles.visualRect(tiles.shown.index(row, 0))).toImage()
    places = ((x, y) for x in range(0, shown.width(), 4) for y in range(0, shown.height(), 4))
    colours = (QColor(shown.pixel(x, y)) for x, y in places)
    return any(each.red() > 220 and each.green() < 40 and each.blue() < 40 for each in colours)


def test_a_till_shows_them(till: Till, backend: FakeBackend, red: bytes) -> None:
    with_picture(backend, red)
    till.arrive(MAYA)
    till.click("nav_new")
    till.settle()
    view = till.window.findChild(OrderingView)
    assert isinstance(view, OrderingView)
    till.qtbot.waitUntil(lambda: is_red(view.menu.tiles, CHIPS.name))
    assert not is_red(view.menu.tiles, SODA.name)


def test_a_customer_sees_them(qtbot: QtBot, red: bytes) -> None:
    backend = customer_window.shop()
    with_picture(backend, red)
    with customer_window.open_window(qtbot, backend) as stage:
        stage.arrive()
        stage.click("tab_order")
        stage.settle()
        view = stage.window.findChild(OrderingView)
        assert isinstance(view, OrderingView)
        qtbot.waitUntil(lambda: is_red(view.menu.tiles, CHIPS.name))


def test_what_was_fetched_once_needs_no_server(qtbot: QtBot, backend: FakeBackend, red: bytes) -> None:
    with_picture(backend, red)
    name = picture_id(red)
    with pos_context(qtbot, backend) as context:
        first = pictures_of(context)
        with qtbot.waitSignal(first.changed):
            assert first.get(name) is None
        backend.fail_with = Unreachable("Nothing answers.")
        again = pictures_of(context)
        with qtbot.waitSignal(again.changed):
            again.get(name)
        assert again.get(name) is not None
        backend.fail_with = None


def test_what_is_not_what_it_is_called_is_not_shown(qtbot: QtBot, backend: FakeBackend, red: bytes) -> None:
    backend.pictures["0" * 32] = red
    with pos_context(qtbot, backend) as context:
        pictures = pictures_of(context)
        assert pictures.get("0" * 32) is None
        qtbot.waitUntil(lambda: backend.calls.get("picture") == 1 and context.jobs.busy == 0)
        assert pictures.get("0" * 32) is None


@pytest.fixture
def editor(till: Till) -> Iterator[MenuPage]:
    till.arrive(ANA)
    till.click("nav_menu")
    till.settle()
    page = till.find(MenuPage, "menu_page")
    page.editing.choose(CHIPS.id)
    yield page
    page.editing.discard()


def test_an_admin_chooses_a_file_and_takes_the_picture_away(
    till: Till, editor: MenuPage, backend: FakeBackend, tmp_path: Path
) -> None:
    chosen = tmp_path / "chips.webp"
    chosen.write_bytes(file("WEBP", 2000, 1000))
    assert not till.find_button("menu_item_no_picture").isEnabled()
    editor.editor.choose_picture(str(chosen))
    till.settle()
    assert editor.unsaved == 1
    till.click("menu_save")
    till.settle()
    name = backend.menu.items()[CHIPS.id].picture
    check_picture(backend.pictures[name])
    till.click("menu_item_no_picture")
    till.click("menu_save")
    till.settle()
    assert backend.menu.items()[CHIPS.id].picture == ""


def test_a_file_that_is_no_picture_is_refused_in_words(till: Till, editor: MenuPage, tmp_path: Path) -> None:
    chosen = tmp_path / "chips.png"
    chosen.write_bytes(b"GIF89a")
    editor.editor.choose_picture(str(chosen))
    till.settle()
    assert "PNG, JPEG or WebP" in till.notice()
    editor.editor.choose_picture(str(tmp_path / "gone.png"))
    till.settle()
    assert "gone.png cannot be read" in till.notice()
    assert editor.unsaved == 0
