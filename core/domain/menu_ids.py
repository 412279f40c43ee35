"""Keeps ids of a menu from being reused for other items and choices: baskets and waiting orders refer to them."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from core.domain.ids import ItemId
from core.domain.menu import Category, MenuItem, Modifier, items_of, new_id, normal_name

Row = TypeVar("Row", MenuItem, Modifier)
Categories = tuple[Category, ...]


def never_reused(
    wanted: Categories, current: Sequence[Category], past: Callable[[], Iterable[Categories]]
) -> Categories:
    """`wanted`, with another id for each new item and choice whose id was that of something else.

    Args:
        current: The menu that is replaced; an id that it has keeps its meaning, under any name.
        past: The menus before it, oldest first; read only when there are new ids.
    """
    now = items_of(current)
    if not any(item.id not in now or _choices(item).keys() - _choices(now[item.id]).keys() for item in _all(wanted)):
        return wanted
    names: dict[str, str] = {}
    choices: dict[ItemId, dict[str, str]] = {}
    for menu in past():
        for item in _all(menu):
            names[item.id] = item.name
            choices.setdefault(item.id, {}).update(_choices(item))
    taken = {*names, *now, *items_of(wanted)}

    def renewed(item: MenuItem) -> MenuItem:
        before, here = choices.get(item.id, {}), _choices(now.get(item.id))
        used = {*before, *here, *_choices(item)}
        groups = tuple(
            msgspec.structs.replace(group, modifiers=tuple(_own(each, here, before, used) for each in group.modifiers))
            for group in item.groups
        )
        return _own(msgspec.structs.replace(item, groups=groups), now, names, taken)

    return tuple(msgspec.structs.replace(each, items=tuple(map(renewed, each.items))) for each in wanted)


def _own(row: Row, here: Container[str], names: Mapping[str, str], taken: set[str]) -> Row:
    """`row`, with an id of its own if its id was another's."""
    if row.id in here or normal_name(names.get(row.id, row.name)) == normal_name(row.name):
        return row
    identity = new_id(row.name, taken)
    taken.add(identity)
    return msgspec.structs.replace(row, id=identity)


def _all(menu: Iterable[Category]) -> Iterable[MenuItem]:
    return items_of(menu).values()


def _choices(item: MenuItem | None) -> dict[str, str]:
    """The names of an item's choices by their ids."""
    groups = item.groups if item is not None else ()
    return {modifier.id: modifier.name for group in groups for modifier in group.modifiers}
