"""The menu's models: smallest changes, what is found, what is said."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtTest import QAbstractItemModelTester

from core.domain.ids import ItemId
from core.domain.menu import Category, Menu, MenuItem
from core.ui.ordering.menu_model import ALL, CategoryModel, ShownTiles, TileModel
from core.ui.rows import RowsModel
from tests.models.changes import Recorder
from tests.support.menus import BOWL, CHIPS, MENU, SODA, SOUP

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


@pytest.fixture
def tiles(qapp: object) -> Iterator[TileModel]:
    made = TileModel()
    tester = QAbstractItemModelTester(made, FATAL)
    made.use(MENU)
    yield made
    del tester


def names(model: TileModel | QSortFilterProxyModel) -> list[str]:
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def with_items(*items: MenuItem) -> Menu:
    return msgspec.structs.replace(MENU, categories=(Category("all", "All", items),))


def test_a_menu_read_again_changes_only_what_is_different(tiles: TileModel) -> None:
    seen = Recorder(tiles)
    tiles.use(MENU)
    assert seen.take() == []
    again = msgspec.structs.replace(SOUP, available=True)
    bowls = msgspec.structs.replace(MENU.categories[0], items=(BOWL, again))
    tiles.use(msgspec.structs.replace(MENU, categories=(bowls, MENU.categories[1])))
    assert seen.take() == ["changed 1-1"]
    tiles.use(msgspec.structs.replace(MENU, categories=(bowls,)))
    assert seen.take() == ["out 2-3", "changed 0-1"]  # the colours of categories go with the last but one


def test_counts_repaint_their_tiles_and_survive_a_new_menu(tiles: TileModel) -> None:
    seen = Recorder(tiles)
    tiles.set_counts({CHIPS.id: 2})
    assert seen.take() == ["changed 2-2"]
    tiles.set_counts({CHIPS.id: 2})
    assert seen.take() == []
    tiles.use(MENU)
    assert [tile.count for tile in tiles.rows] == [0, 0, 2, 0]
    tiles.set_counts({})
    assert [tile.count for tile in tiles.rows] == [0, 0, 0, 0]


def test_a_tile_is_told_in_words(tiles: TileModel) -> None:
    tiles.set_counts({BOWL.id: 3})
    words = [tiles.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(4)]
    assert words[0] == "Chicken Bowl, $8.49, Rice, beans and grilled chicken., With options, 3 in the basket"
    assert words[1] == "Tortilla Soup, $5.20, Sold out"


def test_tiles_of_a_category_and_of_a_search(tiles: TileModel) -> None:
    shown = ShownTiles(tiles)
    tester = QAbstractItemModelTester(shown, FATAL)
    shown.show_category("sides")
    assert names(shown) == [CHIPS.name, SODA.name]
    shown.look_for("chi")
    assert names(shown) == [BOWL.name, CHIPS.name], "a search looks in every category"
    shown.look_for("GUAC chips")
    assert names(shown) == [CHIPS.name]
    shown.look_for("hips")
    assert names(shown) == [], "a word is found from its beginning"
    shown.look_for("")
    assert names(shown) == [CHIPS.name, SODA.name], "back to the category"
    shown.show_category(ALL)
    assert names(shown) == names(tiles)
    del tester


def test_accents_and_case_do_not_hide_an_item(tiles: TileModel) -> None:
    tiles.use(with_items(MenuItem(ItemId("a"), "Jalapeños rellenos", 1), MenuItem(ItemId("b"), "Crème brûlée", 1)))
    shown = ShownTiles(tiles)
    shown.look_for("jalapen")
    assert names(shown) == ["Jalapeños rellenos"]
    shown.look_for("BRULEE")
    assert names(shown) == ["Crème brûlée"]


def test_categories(qapp: object) -> None:
    model = CategoryModel()
    tester = QAbstractItemModelTester(model, FATAL)
    model.use(MENU)
    assert [tab.name for tab in model.rows] == ["All", "Bowls", "Sides and drinks"]
    seen = Recorder(model)
    empty = Category("new", "Coming soon", ())
    model.use(msgspec.structs.replace(MENU, categories=(*MENU.categories, empty)))
    assert seen.take() == [], "a category without items is not shown"
    model.use(msgspec.structs.replace(MENU, categories=MENU.categories[:1]))
    assert [tab.name for tab in model.rows] == ["Bowls"], "one category needs no `All`"
    del tester


@given(st.lists(st.lists(st.integers(0, 12), unique=True), min_size=1, max_size=8))
def test_rows_follow_any_list(qapp: object, lists: list[list[int]]) -> None:
    """A view that only listens holds the same rows in the end."""
    model = RowsModel[tuple[int, int]](lambda row: row[0])
    tester = QAbstractItemModelTester(model, FATAL)
    mirror: list[object] = []
    model.rowsInserted.connect(
        lambda _parent, first, last: mirror.__setitem__(slice(first, first), model.rows[first : last + 1])
    )
    model.rowsRemoved.connect(lambda _parent, first, last: mirror.__delitem__(slice(first, last + 1)))
    model.dataChanged.connect(
        lambda first, last: mirror.__setitem__(
            slice(first.row(), last.row() + 1), model.rows[first.row() : last.row() + 1]
        )
    )
    for version, keys in enumerate(lists):
        rows = [(key, version if key % 3 == 0 else 0) for key in keys]
        model.set_rows(rows)
        assert mirror == rows
        assert [model.row_of(key) for key in keys] == list(range(len(keys)))
    del tester
