"""The left side of an order page: search, categories and tiles."""

from typing import Final

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError
from core.domain.menu import MenuItem
from core.ui import keys
from core.ui.ordering.menu_model import ALL
from core.ui.ordering.menu_tiles import CategoryPills, MenuTiles
from core.ui.ordering.presenter import Ordering
from core.ui.rows import ROW
from core.ui.text import _, error_text
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import Freshness
from core.ui.widgets.controls import button, label, set_tip
from core.ui.widgets.fields import SearchField
from core.ui.widgets.pair import Pair

_LARGE: Final = 150
"""Per cent of text size, from which the star stands beside the categories, and not beside the search."""


class ItemSearch(SearchField):
    """Finds items by name. Enter takes the first."""

    taken = Signal()
    stepped = Signal(int)
    """`+` or `-` while it is empty."""

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and keys.is_alone(event):
            self.taken.emit()
        elif not self.text() and (sign := keys.typed(event)) in keys.STEPS:
            self.stepped.emit(keys.STEPS[sign])
        else:
            super().keyPressEvent(event)


class MenuPane(QWidget):
    """Tiles over search and categories; without tiles, the reason."""

    stepped = Signal(int)
    """`+` or `-` was typed, for the basket's current line."""
    typed = Signal(object)
    """A letter that neither tiles nor categories handle."""
    held = Signal(object)
    """A `MenuItem` whose tile was held down; only where `tiles.can_hold`."""
    starred = Signal(object)
    """A `MenuItem` that is to be a favourite, or no longer; only where `offer_stars`."""

    def __init__(self, ordering: Ordering, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ordering = ordering
        self._theme = theme
        self._error: ClientError | None = None
        self.search = ItemSearch(theme, "menu_search", _("Search the menu"), _("Search"))
        self.tiles = MenuTiles(ordering.tiles, theme)
        self.pills = CategoryPills(ordering.categories, theme)
        self._freshness = Freshness(ordering.menu)
        self._refresh = button("", theme, "quiet", "refresh", name="menu_refresh")
        self._refresh.setAccessibleName(_("Read the menu again"))
        set_tip(self._refresh, _("Read the menu again"))
        self._star = button("", theme, "tab", "star", name="menu_star")
        self._star.setCheckable(True)
        self._star.setAccessibleName(_("Choose favourites"))
        set_tip(self._star, _("Choose favourites: press the tiles that are to come first"))
        self._star.hide()
        self._why = label(role="title", wrap=True)
        self._what = label(role="muted", wrap=True)
        self._again = button("", theme, "primary", name="menu_again")
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_state()

    def _lay_out(self) -> None:
        theme = self._theme
        asked = QWidget()
        top = QHBoxLayout(asked)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(theme.space(2))
        top.addWidget(self.search, 1)
        if theme.text_scale < _LARGE:
            top.addWidget(self._star)
        top.addWidget(self._refresh)
        instead = QWidget()
        words = QVBoxLayout(instead)
        words.setSpacing(theme.space(3))
        words.addStretch(1)
        words.addWidget(self._why)
        words.addWidget(self._what)
        words.addWidget(self._again, 0, Qt.AlignmentFlag.AlignHCenter)
        words.addStretch(2)
        for part in (self._why, self._what):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._stack.addWidget(self.tiles)
        self._stack.addWidget(instead)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        column.addWidget(Pair(theme, asked, self._freshness))
        categories = QHBoxLayout()
        categories.setSpacing(theme.space(2))
        categories.addWidget(self.pills, 1)
        if theme.text_scale >= _LARGE:
            categories.addWidget(self._star, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignTrailing)
        column.addLayout(categories)
        column.addWidget(self._stack, 1)

    def _connect(self) -> None:
        menu = self._ordering.menu
        menu.started.connect(self._show_state)
        menu.ended.connect(self._show_state)
        self._ordering.menu_changed.connect(self._on_menu_changed)
        self._ordering.categories.rowsInserted.connect(self._on_categories_inserted)
        menu.failed.connect(self._on_menu_failed)
        self._refresh.clicked.connect(menu.refresh)
        self._star.toggled.connect(self._on_star_toggled)
        self._again.clicked.connect(self._on_again_clicked)
        self.tiles.pressed_part.connect(self._on_tile_pressed)
        self.tiles.held_long.connect(self._on_tile_held)
        self.tiles.typed.connect(self.typed)
        self.pills.typed.connect(self.typed)
        self.pills.chosen.connect(self._on_category_chosen)
        self.search.textChanged.connect(self._on_search_changed)
        self.search.taken.connect(self._on_search_taken)
        self.search.left_down.connect(self._on_search_left)
        self.pills.left_down.connect(self._on_search_left)
        self.search.stepped.connect(self.stepped)

    def offer_stars(self) -> None:
        """Let favourites be chosen here."""
        self._star.show()

    @property
    def by_keys(self) -> bool:
        """Whether the keyboard, and not a finger, chooses from it."""
        return self.search.hasFocus() or (self.tiles.hasFocus() and self.tiles.by_keys)

    def clear(self) -> None:
        """Reset for the next person: no search, the first category, the top of the list."""
        self._star.setChecked(False)
        self.search.clear()
        self.pills.choose(0)
        self.tiles.scrollToTop()

    # -- showing

    @Slot(object)
    def _on_menu_changed(self, _menu: object) -> None:
        self._error = None
        if not self.pills.currentIndex().isValid():
            self.pills.choose(0)
        self._show_state()

    @Slot()
    def _on_categories_inserted(self) -> None:
        """Show the first category, where nobody has chosen one."""
        if not self.tiles.starring and self.pills.currentIndex().row() == self._ordering.categories.row_of(ALL):
            self.pills.choose(0)

    @Slot(object)
    def _on_menu_failed(self, error: ClientError) -> None:
        self._error = error
        self._show_state()

    @Slot()
    def _show_state(self) -> None:
        """Show the tiles, or why there are none."""
        self._refresh.setEnabled(not self._ordering.menu.running)
        if self.tiles.shown.rowCount():
            self._stack.setCurrentIndex(0)
            return
        if self.search.text().strip() and self._ordering.tiles.rowCount():
            self._show_reason(_("Nothing found"), _("No item has that in its name."), _("Clear the search"))
        elif self._error is not None:
            self._show_reason(_(self._error.title), error_text(self._error), _("Try again"))
        elif self._ordering.menu.age_s is None:
            self._show_reason(_("Loading the menu…"), "", "")
        else:
            self._show_reason(_("The menu is empty"), _("The shop has not put anything on it yet."), _("Look again"))

    def _show_reason(self, why: str, what: str, again: str) -> None:
        self._why.setText(why)
        self._what.setText(what)
        self._what.setVisible(bool(what))
        self._again.setText(again)
        self._again.setVisible(bool(again))
        self._again.setEnabled(bool(self.search.text().strip()) or not self._ordering.menu.running)
        self._stack.setCurrentIndex(1)

    # -- what is pressed and typed

    @Slot()
    def _on_again_clicked(self) -> None:
        if self.search.text().strip():
            self.search.clear()
            self.search.setFocus()
        else:
            self._ordering.menu.refresh()

    @Slot(QModelIndex, str)
    def _on_tile_pressed(self, index: QModelIndex, _part: str) -> None:
        self._press(index.data(ROW).item)

    @Slot(QModelIndex)
    def _on_tile_held(self, index: QModelIndex) -> None:
        self.held.emit(index.data(ROW).item)

    @Slot(str)
    def _on_category_chosen(self, category_id: str) -> None:
        self.tiles.shown.show_category(category_id)
        self.tiles.scrollToTop()
        self._show_state()

    @Slot(str)
    def _on_search_changed(self, text: str) -> None:
        self.tiles.shown.look_for(text)
        self.tiles.scrollToTop()
        self._show_state()

    @Slot()
    def _on_search_taken(self) -> None:
        if self.search.text().strip() and self.tiles.shown.rowCount():
            item = self.tiles.shown.index(0, 0).data(ROW).item
            self.search.clear()
            self._press(item)

    def _press(self, item: MenuItem) -> None:
        if self.tiles.starring:
            self.starred.emit(item)
        else:
            self._ordering.press(item)

    @Slot(bool)
    def _on_star_toggled(self, starring: bool) -> None:
        """Favourites are chosen among all items."""
        self.tiles.starring = starring
        if starring:
            self.search.clear()
            self.pills.choose(self._ordering.categories.row_of(ALL))
        else:
            self.pills.choose(0)
        self.tiles.viewport().update()

    @Slot()
    def _on_search_left(self) -> None:
        self.tiles.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(str)
    def take_typed(self, text: str) -> None:
        """Search for a letter typed anywhere on the page; `/` only focuses the search."""
        if text in keys.STEPS:
            self.stepped.emit(keys.STEPS[text])
        else:
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
            self.search.setText(self.search.text() + text.removeprefix("/"))
