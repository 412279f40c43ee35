"""Editing a menu step by step: each function returns a new menu and leaves the old one unchanged."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from core.domain.ids import ItemId
from core.domain.menu import Category, MenuItem, items_of, new_id, with_availability

Categories = tuple[Category, ...]
Items = tuple[MenuItem, ...]
T = TypeVar("T", Category, MenuItem)


def category_of(categories: Iterable[Category], item_id: ItemId) -> Category | None:
    """The category of an item."""
    return next((each for each in categories if any(item.id == item_id for item in each.items)), None)


def with_item(categories: Categories, item: MenuItem) -> Categories:
    """The menu with the item of the same id replaced."""
    return _each(categories, lambda items: tuple(item if each.id == item.id else each for each in items))


def with_new_item(categories: Categories, category_id: str, name: str) -> tuple[Categories, ItemId]:
    """The menu with another item at the end of a category, at price 0; and its id."""
    item = MenuItem(ItemId(new_id(name, items_of(categories))), name, 0)
    return _in(categories, category_id, lambda items: (*items, item)), item.id


def without_item(categories: Categories, item_id: ItemId) -> Categories:
    return _each(categories, lambda items: tuple(each for each in items if each.id != item_id))


def moved_item(categories: Categories, item_id: ItemId, by: int) -> Categories:
    """The menu with the item `by` places further down its category (up, when negative), clamped to its ends."""
    return _each(categories, lambda items: _moved(items, item_id, by))


def item_in(categories: Categories, item_id: ItemId, category_id: str) -> Categories:
    """The menu with the item at the end of another category. In its own category it does not move."""
    item, category = items_of(categories).get(item_id), category_of(categories, item_id)
    if item is None or category is None or category.id == category_id:
        return categories
    return _in(without_item(categories, item_id), category_id, lambda items: (*items, item))


def with_category(categories: Categories, name: str) -> tuple[Categories, str]:
    """The menu with another, empty category at the end; and its id."""
    category = Category(new_id(name, (each.id for each in categories)), name, ())
    return (*categories, category), category.id


def renamed_category(categories: Categories, category_id: str, name: str) -> Categories:
    return tuple(msgspec.structs.replace(each, name=name) if each.id == category_id else each for each in categories)


def coloured_category(categories: Categories, category_id: str, colour: str) -> Categories:
    return tuple(
        msgspec.structs.replace(each, colour=colour) if each.id == category_id else each for each in categories
    )


def moved_category(categories: Categories, category_id: str, by: int) -> Categories:
    return _moved(categories, category_id, by)


def without_category(categories: Categories, category_id: str) -> Categories:
    """The menu without the category and its items."""
    return tuple(each for each in categories if each.id != category_id)


def with_proper_ids(draft: Categories, before: Sequence[Category]) -> tuple[Categories, dict[str, str]]:
    """The draft with ids derived from names for its new rows; and the new id of each old one."""
    item_ids, category_ids = {*map(str, items_of(before))}, {category.id for category in before}
    became: dict[str, str] = {}

    def named(row: T, old: frozenset[str], taken: set[str]) -> T:
        if row.id in old:
            return row
        identity = new_id(row.name, taken)
        taken.add(identity)
        became[row.id] = identity
        return msgspec.structs.replace(row, id=identity)

    old_items, old_categories = frozenset(item_ids), frozenset(category_ids)
    proper = tuple(
        named(
            _with(category, tuple(named(item, old_items, item_ids) for item in category.items)),
            old_categories,
            category_ids,
        )
        for category in draft
    )
    return proper, became


def with_stock_of(draft: Categories, before: Sequence[Category], now: Sequence[Category]) -> Categories:
    """The draft with the changes of availability that others made between `before` and `now`."""
    was = {item_id: item.available for item_id, item in items_of(before).items()}
    changed = {
        item_id: item.available
        for item_id, item in items_of(now).items()
        if item_id in was and was[item_id] is not item.available
    }
    return with_availability(draft, changed)


def _each(categories: Categories, change: Callable[[Items], Items]) -> Categories:
    return tuple(_with(category, change(category.items)) for category in categories)


def _in(categories: Categories, category_id: str, change: Callable[[Items], Items]) -> Categories:
    return tuple(_with(each, change(each.items)) if each.id == category_id else each for each in categories)


def _with(category: Category, items: Items) -> Category:
    return category if items == category.items else msgspec.structs.replace(category, items=items)


def _moved(rows: tuple[T, ...], identity: str, by: int) -> tuple[T, ...]:
    at = next((place for place, row in enumerate(rows) if row.id == identity), None)
    if at is None:
        return rows
    rest = rows[:at] + rows[at + 1 :]
    to = max(0, min(len(rest), at + by))
    return rest[:to] + rows[at : at + 1] + rest[to:]
