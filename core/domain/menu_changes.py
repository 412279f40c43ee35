"""The differences between two menus, to review a change before it is made."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from core.domain.menu import BY_PLACE, Category, MenuItem, as_meant, items_of, with_availability
from core.domain.tax_table import STANDARD


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    PRICE = "price"
    NAME = "name"
    DESCRIPTION = "description"
    CATEGORY = "category"
    CHOICES = "choices"
    COLOUR = "colour"
    PICTURE = "picture"
    TAX = "tax"
    """Its category of the tax table."""
    SOLD_OUT = "sold_out"
    SOLD_AGAIN = "sold_again"
    ORDER = "order"
    """The display order."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference of an item or, where `is_category`, of a category. Prices are in minor units."""

    kind: Kind
    id: str
    name: str
    before: str | int | None = None
    after: str | int | None = None
    is_category: bool = False


def changes(before: Sequence[Category], after: Sequence[Category]) -> tuple[Change, ...]:
    """All differences that a menu makes which is to replace another, in its order; removed rows come last."""
    after = as_meant(after, before)
    return (*_categories(before, after), *_items(before, after))


def only_availability(before: Sequence[Category], after: Sequence[Category]) -> bool:
    """Whether the menus differ in nothing but what is sold out."""
    available = {item_id: item.available for item_id, item in items_of(after).items()}
    return with_availability(before, available) == tuple(after)


def _categories(before: Sequence[Category], after: Sequence[Category]) -> Iterator[Change]:
    old = {category.id: category for category in before}
    new = {category.id: category for category in after}
    for each in new.values():
        known = old.get(each.id)
        if known is None:
            yield Change(kind=Kind.ADDED, id=each.id, name=each.name, is_category=True)
            continue
        fields = (
            (Kind.NAME, known.name, each.name),
            (Kind.COLOUR, known.colour or BY_PLACE, each.colour or BY_PLACE),
        )
        for kind, was, becomes in fields:
            if was != becomes:
                yield Change(kind=kind, id=each.id, name=known.name, before=was, after=becomes, is_category=True)
    for each in old.values():
        if each.id not in new:
            yield Change(kind=Kind.REMOVED, id=each.id, name=each.name, is_category=True)
    if [each for each in old if each in new] != [each for each in new if each in old]:
        yield Change(kind=Kind.ORDER, id="", name="", is_category=True)


def _items(before: Sequence[Category], after: Sequence[Category]) -> Iterator[Change]:
    old = {item.id: (category, item) for category in before for item in category.items}
    new = {item.id: (category, item) for category in after for item in category.items}
    for item_id, (category, item) in new.items():
        if item_id not in old:
            yield Change(kind=Kind.ADDED, id=item_id, name=item.name, after=item.price_minor)
            continue
        was_in, was = old[item_id]
        yield from _item(was, item)
        if was_in.id != category.id:
            yield Change(kind=Kind.CATEGORY, id=item_id, name=item.name, before=was_in.name, after=category.name)
    for item_id, (_category, item) in old.items():
        if item_id not in new:
            yield Change(kind=Kind.REMOVED, id=item_id, name=item.name, before=item.price_minor)
    for category in after:
        was_there = [item.id for each in before if each.id == category.id for item in each.items]
        is_there = [item.id for item in category.items]
        if [each for each in was_there if each in is_there] != [each for each in is_there if each in was_there]:
            yield Change(kind=Kind.ORDER, id=category.id, name=category.name, is_category=True)


def _item(was: MenuItem, item: MenuItem) -> Iterator[Change]:
    fields: tuple[tuple[Kind, str | int, str | int], ...] = (
        (Kind.NAME, was.name, item.name),
        (Kind.PRICE, was.price_minor, item.price_minor),
        (Kind.DESCRIPTION, was.description, item.description),
        (Kind.TAX, was.tax_category or STANDARD, item.tax_category or STANDARD),
    )
    for kind, old, new in fields:
        if old != new:
            yield Change(kind=kind, id=item.id, name=was.name, before=old, after=new)
    if was.picture != item.picture:
        yield Change(kind=Kind.PICTURE, id=item.id, name=was.name)
    if was.groups != item.groups:
        yield Change(kind=Kind.CHOICES, id=item.id, name=was.name)
    if was.available is not item.available:
        yield Change(kind=Kind.SOLD_AGAIN if item.available else Kind.SOLD_OUT, id=item.id, name=was.name)
