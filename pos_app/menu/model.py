"""The menu as rows: a heading for every category, and its items below it."""

import re
from collections.abc import Container

import msgspec
from PySide6.QtCore import QObject, Qt
from typing_extensions import override

from core.domain.ids import ItemId
from core.domain.menu import Category, MenuItem
from core.domain.search import begins_words, words_of
from core.ui.rows import RowsModel
from core.ui.text import _, money, ngettext

HEADING = "category:"
"""The prefix of a heading's key."""


class MenuRow(msgspec.Struct, frozen=True, kw_only=True):
    """An item, or without one the heading of a category."""

    category_id: str
    name: str
    item: MenuItem | None = None
    available: bool = True
    """The state of its switch."""
    switchable: bool = True
    """Whether the item is on the menu, with no change of availability in progress."""
    unsaved: bool = False
    wrong: bool = False
    """Whether it has a mistake that prevents saving."""

    @property
    def key(self) -> str:
        return self.item.id if self.item is not None else HEADING + self.category_id


def rows(
    draft: tuple[Category, ...],
    text: str,
    *,
    available: dict[ItemId, bool],
    switchable: Container[ItemId],
    unsaved: Container[str],
    wrong: Container[str],
) -> list[MenuRow]:
    """The rows for a search of `text`: of each category with matches, all items with a word that begins so."""
    words, found = words_of(text), []
    for category in draft:
        items = [item for item in category.items if begins_words(item.name, words)]
        if words and not items:
            continue
        key = HEADING + category.id
        found.append(MenuRow(category_id=category.id, name=category.name, unsaved=key in unsaved, wrong=key in wrong))
        found += [
            MenuRow(
                category_id=category.id,
                name=item.name,
                item=item,
                available=available.get(item.id, item.available),
                switchable=item.id in switchable,
                unsaved=item.id in unsaved,
                wrong=item.id in wrong,
            )
            for item in items
        ]
    return found


def key_of(draft: tuple[Category, ...], field: str) -> str:
    """The key of the row of a `Mistake` in the draft; empty when it is about the whole."""
    places = [int(at) for at in re.findall(r"\[(\d+)\]", field)]
    if not places:
        return ""
    category = draft[places[0]]
    return category.items[places[1]].id if ".items[" in field else HEADING + category.id


def stock_words(*, available: bool) -> str:
    return _("On sale") if available else _("Sold out")


def row_words(row: MenuRow, currency: str) -> str:
    """The second line of an item: its price, its choices, and whether it is saved."""
    if row.item is None:
        return ""
    choices = sum(len(group.modifiers) for group in row.item.groups)
    parts = [
        money(row.item.price_minor, currency),
        ngettext("{count} option", "{count} options", choices) if choices else "",
        _("not saved") if row.unsaved else "",
    ]
    return " · ".join(filter(None, parts))


class MenuRows(RowsModel[MenuRow]):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda row: row.key, parent)
        self.currency = ""

    @override
    def value(self, row: MenuRow, role: int) -> str | None:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            told = [row.name, row_words(row, self.currency)]
            if row.item is not None:
                told.append(stock_words(available=row.available))
            return ", ".join(filter(None, told))
        return None
