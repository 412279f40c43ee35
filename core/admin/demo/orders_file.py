"""Real orders from a tab-separated file, and the menu they were ordered from.

The form: a header line, then one line an item with `order_id`, `quantity`, `item_name`, `choice_description`
(choices parted by commas, or NULL) and `item_total_price` (the line's total, `$` and two decimals). No quoting.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from core.domain.errors import DomainError
from core.domain.ids import ItemId, ModifierId
from core.domain.menu import Category, Menu, MenuItem, Modifier, ModifierGroup, mistakes, new_id
from core.domain.money import Tax, parse_minor
from core.domain.order import MAX_LINES, MAX_MODIFIERS, MAX_QUANTITY, NewLine
from core.reasons import reason

COLUMNS: Final = ("order_id", "quantity", "item_name", "choice_description", "item_total_price")
CURRENCY: Final = "USD"


class OrdersFileError(Exception):
    """The file has another format; the message names the line and what it should have."""


class OrdersFile(msgspec.Struct, frozen=True):
    """A file's menu, its orders in order, and sums to compare with the database's."""

    menu: Menu
    orders: tuple[tuple[NewLine, ...], ...]
    lines: int
    total_minor: int


class _Row(msgspec.Struct, frozen=True):
    order_id: str
    quantity: int
    name: str
    choices: tuple[str, ...]
    unit_price_minor: int


def read(path: Path, shop_name: str = "La Cantina") -> OrdersFile:
    """Read `path`. An item sold at several unit prices becomes one menu item per price; choices cost nothing.

    Raises `OrdersFileError`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OrdersFileError(f"{path} cannot be read: {reason(error)}") from error
    rows = list(_rows(path, text))
    if not rows:
        raise OrdersFileError(f"{path} has no orders.")
    ids = _ids(rows)
    categories = _categories(_items(rows, ids))
    if wrong := mistakes(categories):
        raise OrdersFileError(f"{path} makes no menu: {wrong[0].message}")
    orders: dict[str, list[NewLine]] = {}
    for row in rows:
        orders.setdefault(row.order_id, []).append(_line(row, ids))
    for order_id, lines in orders.items():
        if len(lines) > MAX_LINES:
            raise OrdersFileError(f"{path}: order {order_id} has {len(lines)} lines; an order has at most {MAX_LINES}.")
    return OrdersFile(
        menu=Menu(shop_name, CURRENCY, Tax(), categories),
        orders=tuple(tuple(lines) for lines in orders.values()),
        lines=len(rows),
        total_minor=sum(row.unit_price_minor * row.quantity for row in rows),
    )


def _rows(path: Path, text: str) -> Iterator[_Row]:
    # split, not splitlines: a choice may hold a character that only Unicode takes for the end of a line.
    header, *lines = text.replace("\r\n", "\n").split("\n")
    if tuple(header.split("\t")) != COLUMNS:
        raise OrdersFileError(f"{path}: the first line must name the columns {', '.join(COLUMNS)}, parted by tabs.")
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            yield _row(line)
        except (ValueError, DomainError) as error:
            raise OrdersFileError(f"{path}, line {number}: {error}") from error


def _row(line: str) -> _Row:
    fields = line.split("\t")
    if len(fields) != len(COLUMNS):
        raise ValueError(f"{len(fields)} columns where there should be {len(COLUMNS)}.")
    order_id, count, name, choices, price = (field.strip() for field in fields)
    if not order_id or not name:
        raise ValueError("order_id and item_name must not be empty.")
    if not count.isdecimal() or not 1 <= int(count) <= MAX_QUANTITY:
        raise ValueError(f"quantity {count!r} is not a number from 1 to {MAX_QUANTITY}.")
    quantity, total_minor = int(count), parse_minor(price, CURRENCY)
    if total_minor % quantity:
        raise ValueError(f"{price} is not divisible by the quantity {quantity}.")
    named = () if choices in ("NULL", "") else tuple(choice.strip() for choice in choices.split(","))
    distinct = tuple(dict.fromkeys(choice for choice in named if choice))
    if len(distinct) > MAX_MODIFIERS:
        raise ValueError(f"{len(distinct)} options; a line has at most {MAX_MODIFIERS}.")
    return _Row(order_id, quantity, name, distinct, total_minor // quantity)


def _ids(rows: list[_Row]) -> dict[str, str]:
    """An id for each item and each choice: by what is sold, and by the choice's name."""
    ids: dict[str, str] = {}
    for row in rows:
        for known in (_sold(row), *row.choices):
            if known not in ids:
                ids[known] = new_id(known, ids.values())
    return ids


def _sold(row: _Row) -> str:
    return f"{row.name} {row.unit_price_minor}"


def _line(row: _Row, ids: dict[str, str]) -> NewLine:
    choices = tuple(ModifierId(ids[choice]) for choice in row.choices)
    return NewLine(item_id=ItemId(ids[_sold(row)]), quantity=row.quantity, modifier_ids=choices)


def _items(rows: list[_Row], ids: dict[str, str]) -> list[MenuItem]:
    """One item for every name and unit price, with every choice that was ever made for it, alphabetically."""
    prices = {ItemId(ids[_sold(row)]): row for row in rows}
    choices: dict[ItemId, dict[str, None]] = {item_id: {} for item_id in prices}
    for row in rows:
        choices[ItemId(ids[_sold(row)])].update(dict.fromkeys(row.choices))
    items = []
    for item_id, row in sorted(prices.items(), key=lambda pair: (pair[1].name, pair[1].unit_price_minor)):
        modifiers = tuple(Modifier(ModifierId(ids[choice]), choice) for choice in sorted(choices[item_id]))
        groups = (ModifierGroup("choices", "Options", modifiers),) if modifiers else ()
        items.append(MenuItem(item_id, row.name, row.unit_price_minor, groups=groups))
    return items


def _categories(items: list[MenuItem]) -> tuple[Category, ...]:
    """Items by the last word of their name (`Bowl`, `Burrito`, `Tacos`), the rare ones together."""
    kinds: dict[str, list[MenuItem]] = {}
    for item in items:
        kinds.setdefault(item.name.split()[-1], []).append(item)
    large = {kind: found for kind, found in kinds.items() if len(found) > 2}
    rest = [item for kind, found in kinds.items() if kind not in large for item in found]
    sorted_kinds = sorted(large.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    if rest:
        sorted_kinds.append(("More", sorted(rest, key=lambda item: item.name)))
    categories: list[Category] = []
    for kind, found in sorted_kinds:
        categories.append(Category(new_id(kind, [each.id for each in categories]), kind, tuple(found)))
    return tuple(categories)
