"""The menu as Qt models: all tiles, and those that match a category or a search."""

from collections.abc import Container, Mapping
from typing import Final

import msgspec
from PySide6.QtCore import QObject, QSortFilterProxyModel, Qt
from typing_extensions import override

from core.domain.ids import ItemId
from core.domain.menu import COLOURS, Category, Menu, MenuItem
from core.domain.search import begins_words, words_of
from core.ui.rows import ROW, Index, RowsModel
from core.ui.text import _, money, plain

ALL: Final = ""
"""The category that holds every item."""
FAVOURITES: Final = "*"
"""The category of a till's favourites; no category of a menu has such an id."""
TOKENS: Final = {colour: f"category_{number}" for number, colour in enumerate(COLOURS, start=1)}
"""The colour tokens of categories. Those without a colour have them by their place on the menu, over again where there
are more."""


class Tile(msgspec.Struct, frozen=True):
    """An item in its category, and its quantity in the basket."""

    category_id: str
    item: MenuItem
    count: int = 0
    colour: str = ""
    """The token of its category's colour; empty on a menu of one category that has none."""
    favourite: bool = False


class CategoryTab(msgspec.Struct, frozen=True):
    id: str
    name: str
    colour: str = ""
    """A colour token; empty for none."""
    icon: str = ""
    """In place of the colour; empty for none."""


def _coloured(menu: Menu) -> list[tuple[Category, str]]:
    """The categories that have items, with their colours."""
    shown = [category for category in menu.categories if category.items]
    by_place = [TOKENS[COLOURS[at % len(COLOURS)]] if len(shown) > 1 else "" for at in range(len(shown))]
    return [(each, TOKENS.get(each.colour, colour)) for each, colour in zip(shown, by_place, strict=True)]


def _some(menu: Menu, favourites: Container[ItemId]) -> bool:
    return any(item_id in favourites for item_id in menu.items())


class CategoryModel(RowsModel[CategoryTab]):
    """A till's favourites, if it has any on the menu, `All`, then the menu's categories."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda tab: tab.id, parent)

    def use(self, menu: Menu, favourites: Container[ItemId] = ()) -> None:
        tabs = [CategoryTab(category.id, category.name, colour) for category, colour in _coloured(menu)]
        first = [CategoryTab(FAVOURITES, _("Favourites"), icon="star-full")] if _some(menu, favourites) else []
        self.set_rows([*first, CategoryTab(ALL, _("All")), *tabs] if len(tabs) > 1 or first else tabs)

    @override
    def value(self, row: CategoryTab, role: int) -> str | None:
        shown = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        return row.name if role in shown else None


class TileModel(RowsModel[Tile]):
    """One row an item, in the menu's order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda tile: (tile.category_id, tile.item.id), parent)
        self.currency = ""
        self._counts: Mapping[ItemId, int] = {}

    def use(self, menu: Menu, favourites: Container[ItemId] = ()) -> None:
        self.currency = menu.currency
        self.set_rows(
            [
                Tile(category.id, item, self._counts.get(item.id, 0), colour, item.id in favourites)
                for category, colour in _coloured(menu)
                for item in category.items
            ]
        )

    def set_counts(self, counts: Mapping[ItemId, int]) -> None:
        """Set the quantities in the basket; items that are not named have none."""
        self._counts = counts
        self.set_rows([msgspec.structs.replace(tile, count=counts.get(tile.item.id, 0)) for tile in self.rows])

    @override
    def value(self, row: Tile, role: int) -> str | None:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.item.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain(f"{row.item.name}\n{row.item.description}".strip())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = [row.item.name, money(row.item.price_minor, self.currency), row.item.description]
            if row.item.groups:
                parts.append(_("With options"))
            if not row.item.available:
                parts.append(_("Sold out"))
            if row.favourite:
                parts.append(_("Favourite"))
            if row.count:
                parts.append(_("{count} in the basket").format(count=row.count))
            return ", ".join(part for part in parts if part)
        return None


class ShownTiles(QSortFilterProxyModel):
    """The tiles of one category, or, during a search, all with matching names."""

    def __init__(self, tiles: TileModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._category = ALL
        self._words: tuple[str, ...] = ()
        self.setSourceModel(tiles)

    def show_category(self, category_id: str) -> None:
        self._category = category_id
        self._words = ()
        self.invalidate()

    def look_for(self, text: str) -> None:
        """Search for names of which every word of `text` begins a word. Empty: back to the category."""
        self._words = words_of(text)
        self.invalidate()

    @override
    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        tile: Tile = self.sourceModel().index(source_row, 0).data(ROW)
        if self._words:
            return begins_words(tile.item.name, self._words)
        return tile.favourite if self._category == FAVOURITES else self._category in (ALL, tile.category_id)
