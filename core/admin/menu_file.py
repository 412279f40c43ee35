"""A menu as a file of a spreadsheet: CSV (RFC 4180), or a workbook (.xlsx), whose first sheet it is.

Each category, item, option group and option has a row of its own:

| column | of | |
|---|---|---|
| `type` | all | `category`, `item`, `option group` or `option` |
| `category` | items | the id of its category; empty: the one above |
| `item` | option groups, options | the id of their item; empty: the one above |
| `group` | options | the id of their group; empty: the one above |
| `id` | all | letters, digits, dots, dashes, underscores; empty: that of the menu's thing of this name, or a new one |
| `name` | all | |
| `price` | items, options | in the shop's currency, as `9.75`, `9,75`, `1.234,50` or `€ 4,50` |
| `description` | items | |
| `available` | items | `yes` or `no` (sold out); empty: yes |
| `tax` | items | its category of the shop's tax table; empty: the one it has, of a new item the standard one |
| `colour` | categories | amber, blue, green, violet, pink, teal or `auto`, by its place; empty: the one it has |
| `picture` | items | the id of its picture, or `none`; empty: the one it has. Chosen by `menu set`, or on a POS |
| `default` | options | `yes`: taken unless somebody chooses otherwise, or `no`; empty: as it is |
| `min`, `max` | option groups | how many of its options must and may be taken; empty: none, and any number |

Files of earlier releases have the types `group` and `choice`, and the columns `least` and `most`.

Columns may stand in any order and those that nothing needs may be missing. Things are shown in the order of their
rows. A CSV file is UTF-8, with or without a byte order mark, or of an encoding that is named; a comma, a semicolon or
a tab separates its columns, or what a first line `sep=|` says. Columns without a name may be there as long as they are
empty.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from core import spreadsheet
from core.admin import table_file
from core.admin.price_text import minor_of
from core.admin.table_file import Unreadable
from core.domain.digits import ascii_digits
from core.domain.ids import ItemId, ModifierId
from core.domain.menu import (
    BY_PLACE,
    Category,
    MenuItem,
    Mistake,
    Modifier,
    ModifierGroup,
    items_of,
    mistakes,
    new_id,
    normal_name,
)
from core.domain.money import as_decimal
from core.domain.pictures import NONE
from core.domain.tax_table import STANDARD
from core.spreadsheet import Separator

COLUMNS: Final = (
    "type",
    "category",
    "item",
    "group",
    "id",
    "name",
    "price",
    "description",
    "available",
    "min",
    "max",
    "tax",
    "colour",
    "default",
    "picture",
)
TYPES: Final = ("category", "item", "group", "choice")
_Named = Category | MenuItem | ModifierGroup | Modifier
_PARENT: Final = {"item": "category", "group": "item", "choice": "group"}
_WRITTEN: Final = {"group": "option group", "choice": "option"}
"""The types that have other names in the file. Those of `TYPES` are read, too: files of earlier releases have them."""
_READ: Final = {written: kind for kind, written in _WRITTEN.items()}
_OLD_COLUMNS: Final = {"least": "min", "most": "max"}
_YES: Final = frozenset({"", "yes", "y", "true", "1", "x"})
_NO: Final = frozenset({"no", "n", "false", "0"})
_COLUMN_OF: Final = {
    "price_minor": "price",
    "groups": "type",
    "items": "type",
    "modifiers": "type",
    "least": "min",
    "most": "max",
}


class Complaint(msgspec.Struct, frozen=True):
    """A mistake in the file: where, and what to do."""

    line: int
    column: str
    message: str


class Parsed(msgspec.Struct, frozen=True):
    """A menu, unless there are complaints."""

    categories: tuple[Category, ...]
    complaints: tuple[Complaint, ...]


def write(categories: Iterable[Category], currency: str, separator: Separator = Separator.COMMA) -> str:
    """The file of a menu."""
    rows: list[dict[str, spreadsheet.Cell]] = []

    def price(minor: int) -> Decimal:
        return Decimal(as_decimal(minor, currency))

    for category in categories:
        colour = category.colour or BY_PLACE
        rows.append({"type": "category", "id": category.id, "name": category.name, "colour": colour})
        for item in category.items:
            rows.append(
                {
                    "type": "item",
                    "category": category.id,
                    "id": item.id,
                    "name": item.name,
                    "price": price(item.price_minor),
                    "description": item.description,
                    "available": "yes" if item.available else "no",
                    "tax": item.tax_category or STANDARD,
                    "picture": item.picture or NONE,
                }
            )
            for group in item.groups:
                bounds = {"min": group.least, "max": "" if group.most is None else group.most}
                rows.append({"type": "option group", "item": item.id, "id": group.id, "name": group.name, **bounds})
                for option in group.modifiers:
                    whose = {"item": item.id, "group": group.id, "id": option.id, "name": option.name}
                    default = "yes" if option.default else "no"
                    rows.append({"type": "option", **whose, "price": price(option.price_minor), "default": default})
    table = ([row.get(column, "") for column in COLUMNS] for row in rows)
    return spreadsheet.text_of(itertools.chain([COLUMNS], table), separator)


def parse(
    content: bytes,
    currency: str,
    current: Sequence[Category] = (),
    encoding: str = spreadsheet.ENCODING,
    taxes: Sequence[str] = (STANDARD,),
) -> Parsed:
    """The menu in the file, or all of its mistakes, from top to bottom.

    Args:
        current: The shop's menu: rows without an id are what has their name there.
        encoding: Of a CSV file.
        taxes: The categories of the shop's tax table.
    """
    try:
        return _read(table_file.read(content, encoding), _Reading(currency, current, taxes))
    except Unreadable as error:
        return Parsed((), (Complaint(error.line, "", error.message),))


def _read(rows: Sequence[tuple[int, list[str]]], reading: "_Reading") -> Parsed:
    """The menu in the rows of a table, each with its line. Raises `Unreadable`."""
    header = [_OLD_COLUMNS.get(name, name) for name in (cell.strip().casefold() for cell in rows[0][1])] if rows else []
    named = [name for name in header if name]
    names = ", ".join(COLUMNS)
    if unknown := [name for name in named if name not in COLUMNS]:
        quoted = ", ".join(f"“{name}”" for name in unknown)
        raise Unreadable(f"There is no column {quoted}. The first line names the columns: {names}.")
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise Unreadable(
            f"The column “{twice[0]}” is there twice. The first line names the columns, each once: {names}."
        )
    if missing := [name for name in ("type", "name") if name not in named]:
        raise Unreadable(f"The column “{missing[0]}” is missing. The first line names the columns: {names}.")
    for line, row in rows[1:]:
        stripped = [cell.strip() for cell in row]
        if any(cell and not name for cell, name in itertools.zip_longest(stripped, header[: len(row)], fillvalue="")):
            reading.complain(line, "", "This line has more columns than the first one names.")
        else:
            cells = {name: spreadsheet.unguarded(cell) for name, cell in zip(header, stripped, strict=False)}
            reading.add(_Row(line, {name: cells.get(name, "") for name in COLUMNS}))
    return reading.done()


class _Row:
    """One row, with its children."""

    def __init__(self, line: int, cells: dict[str, str]) -> None:
        self.line = line
        self.cells = cells
        written = cells["type"].casefold()
        self.type = _READ.get(written, written)
        self.called = _WRITTEN.get(self.type, self.type)
        self.id = cells["id"]
        self.name = cells["name"]
        self.children: list[_Row] = []
        self.parent: _Row | None = None
        self.above: dict[str, _Row] = {}
        """The last row of each type before it."""
        self.scope = ""
        """The id of the item within which its own is unique, of groups and choices."""

    def ref(self, column: str) -> str:
        """The id that a column names, or else that of the row above."""
        above = self.above.get(column)
        return self.cells[column] or (above.id if above is not None else "")


class _Reading:
    def __init__(self, currency: str, current: Sequence[Category], taxes: Sequence[str]) -> None:
        self._currency = currency
        self._taxes = taxes
        self._categories = {category.id: category for category in current}
        self._items = items_of(current)
        self._rows: list[_Row] = []
        self._by_id: dict[tuple[str, str, str], _Row] = {}
        self._without_id: set[tuple[str, str, str, str]] = set()
        self._complaints: list[Complaint] = []

    def complain(self, line: int, column: str, message: str) -> None:
        self._complaints.append(Complaint(line, column, message))

    def add(self, row: _Row) -> None:
        if row.type in TYPES:
            self._rows.append(row)
        else:
            self.complain(
                row.line, "type", f"A type is one of: {', '.join(_WRITTEN.get(kind, kind) for kind in TYPES)}."
            )

    def done(self) -> Parsed:
        self._identify()
        tops = [row for row in self._rows if row.type == "category"]
        categories = tuple(
            Category(top.id, top.name, tuple(map(self._item, top.children)), self._colour(top)) for top in tops
        )
        found = [self._located(mistake, tops) for mistake in mistakes(categories)]
        complaints = sorted({*self._complaints, *found}, key=lambda each: (each.line, each.column))
        return Parsed(() if complaints else categories, tuple(complaints))

    def _identify(self) -> None:
        """Give every row its parent and its id: types in the order of the tree, since a sorted sheet may have a child
        before its parent."""
        above: dict[str, _Row] = {}
        for row in self._rows:
            row.above = above.copy()
            above[row.type] = row
        for kind in TYPES:
            rows = [row for row in self._rows if row.type == kind]
            for row in rows:
                self._find_parent(row)
            known = {(row.scope, row.id) for row in rows if row.id}
            for row in rows:
                row.id = row.id or self._id_in_place(row, known)
                if row.id:
                    known.add((row.scope, row.id))
            unknown = Counter(normal_name(row.name) for row in rows if not row.id)
            for row in rows:
                if not row.id and unknown[normal_name(row.name)] == 1:
                    row.id = self._id_elsewhere(row, known)
                row.id = row.id or self._new_id(row, known)
                known.add((row.scope, row.id))
                self._by_id.setdefault((kind, row.scope, row.id), row)

    def _find_parent(self, row: _Row) -> None:
        """Attach a row to the parent that it names, or else to the one above."""
        column = _PARENT.get(row.type)
        if column is None:
            return
        named = row.ref(column)
        parent = self._by_id.get((column, row.ref("item") if column == "group" else "", named))
        if parent is not None:
            row.scope = parent.id if row.type == "group" else parent.scope
            row.parent = parent
            parent.children.append(row)
        elif named:
            self.complain(
                row.line, column, f"There is no {_WRITTEN.get(column, column)} {named!r} for it in this file."
            )
        else:
            self.complain(
                row.line, column, f"There is no {_WRITTEN.get(column, column)} above it; say which one it belongs to."
            )

    def _id_in_place(self, row: _Row, known: set[tuple[str, str]]) -> str:
        """The id of the current menu's entry of the same name at the same place; empty when there is none."""
        name = normal_name(row.name)
        same = (row.type, row.scope, row.parent.id if row.parent is not None else "", name)
        if name and same in self._without_id:
            self.complain(row.line, "id", f"Another {row.called} here has the same name: give both an id.")
        self._without_id.add(same)
        alike, _taken = self._current(row)
        found = [each.id for each in alike if normal_name(each.name) == name and (row.scope, each.id) not in known]
        if len(found) > 1:
            self.complain(row.line, "id", f"The menu has several of this name here: say the id of this {row.called}.")
        return found[0] if found else ""

    def _id_elsewhere(self, row: _Row, known: set[tuple[str, str]]) -> str:
        """The id of the one item of the row's name that the file has no longer where it was: it was moved to another
        category. Empty when there is none, or several."""
        name = normal_name(row.name)
        moved = [
            each.id
            for each in self._items.values()
            if row.type == "item" and normal_name(each.name) == name and (row.scope, each.id) not in known
        ]
        return moved[0] if len(moved) == 1 else ""

    def _new_id(self, row: _Row, known: set[tuple[str, str]]) -> str:
        _alike, taken = self._current(row)
        return new_id(row.name, taken | {identity for scope, identity in known if scope == row.scope})

    def _current(self, row: _Row) -> tuple[Iterable[_Named], set[str]]:
        """The current menu's entries under the row's parent, and all ids that the row may not reuse."""
        if row.type == "category":
            return self._categories.values(), {*self._categories}
        parent = row.parent.id if row.parent is not None else ""
        if row.type == "item":
            category = self._categories.get(parent)
            return category.items if category is not None else (), {*self._items}
        item = self._items.get(ItemId(row.scope))
        groups = item.groups if item is not None else ()
        if row.type == "group":
            return groups, {each.id for each in groups}
        choices = {each.id: each.modifiers for each in groups}
        return choices.get(parent, ()), {each.id for modifiers in choices.values() for each in modifiers}

    def _item(self, row: _Row) -> MenuItem:
        return MenuItem(
            ItemId(row.id),
            row.name,
            self._price(row, required=True),
            row.cells["description"],
            self._available(row),
            tuple(map(self._group, row.children)),
            self._tax(row),
            self._picture(row),
        )

    def _group(self, row: _Row) -> ModifierGroup:
        options = tuple(
            Modifier(ModifierId(each.id), each.name, self._price(each), self._default(each)) for each in row.children
        )
        return ModifierGroup(row.id, row.name, options, self._count(row, "min") or 0, self._count(row, "max"))

    def _price(self, row: _Row, *, required: bool = False) -> int:
        text = row.cells["price"]
        minor = minor_of(text, self._currency)
        if minor is not None:
            return minor
        if required and not text:
            self.complain(row.line, "price", "A price is missing.")
        elif text:
            example = as_decimal(12_345, self._currency)
            self.complain(row.line, "price", f"{text!r} is no price in {self._currency}. Write it as {example}.")
        return 0

    def _tax(self, row: _Row) -> str:
        """The standard one is named only where the item has another."""
        category = row.cells["tax"].casefold()
        known = self._items.get(ItemId(row.id))
        if category and category not in self._taxes:
            self.complain(row.line, "tax", f"The tax table has: {', '.join(self._taxes)}.")
        return "" if category == STANDARD and not (known and known.tax_category) else category

    def _available(self, row: _Row) -> bool:
        text = row.cells["available"].casefold()
        if text not in _YES | _NO:
            self.complain(row.line, "available", "Write yes, or no for sold out.")
        return text not in _NO

    def _default(self, row: _Row) -> bool | None:
        """None where nothing is to change, and for a new option that is no default."""
        text = row.cells["default"].casefold()
        if text not in _YES | _NO:
            self.complain(row.line, "default", "Write yes or no, or nothing to leave it as it is.")
        if not text:
            return None
        return text not in _NO or (False if self._was_default(row) else None)

    def _picture(self, row: _Row) -> str:
        """None is named only where the item has one."""
        picture = row.cells["picture"].casefold()
        known = self._items.get(ItemId(row.id))
        return "" if picture == NONE and not (known and known.picture) else picture

    def _was_default(self, row: _Row) -> bool:
        item = self._items.get(ItemId(row.scope))
        return any(row.id in group.defaults for group in (item.groups if item is not None else ()))

    def _colour(self, row: _Row) -> str:
        """That of its place is named only where the category has another."""
        colour = row.cells["colour"].casefold()
        known = self._categories.get(row.id)
        return "" if colour == BY_PLACE and not (known and known.colour) else colour

    def _count(self, row: _Row, column: str) -> int | None:
        text = ascii_digits(row.cells[column])
        if text and not re.fullmatch(r"[0-9]{1,3}", text):
            self.complain(row.line, column, "Write a number, or nothing.")
            return None
        return int(text) if text else None

    @staticmethod
    def _located(mistake: Mistake, tops: Sequence[_Row]) -> Complaint:
        """The file's position of a field of the menu."""
        rows, line = tops, 1
        *places, last = mistake.field.split(".")
        for place in [*places, last]:
            at = re.fullmatch(r"\w+\[(\d+)\]", place)
            if at is not None:
                row = rows[int(at[1])]
                rows, line = row.children, row.line
        return Complaint(line, _COLUMN_OF.get(last, last if last in COLUMNS else ""), mistake.message)
