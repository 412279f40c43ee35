"""What the shop sells. Prices are read from here, never from a client."""

import msgspec

from core.domain.ids import ItemId, ModifierId
from core.domain.money import Tax


class Modifier(msgspec.Struct, frozen=True):
    """One choice: `Guacamole`, +200."""

    id: ModifierId
    name: str
    price_minor: int = 0


class ModifierGroup(msgspec.Struct, frozen=True):
    """Choices that belong together. At least `least` and at most `most` (None: no limit) of them are taken."""

    id: str
    name: str
    modifiers: tuple[Modifier, ...]
    least: int = 0
    most: int | None = None


class MenuItem(msgspec.Struct, frozen=True):
    id: ItemId
    name: str
    price_minor: int
    description: str = ""
    available: bool = True
    groups: tuple[ModifierGroup, ...] = ()


class Category(msgspec.Struct, frozen=True):
    id: str
    name: str
    items: tuple[MenuItem, ...]


class Menu(msgspec.Struct, frozen=True):
    """One shop's menu, its currency (ISO 4217) and its tax; `version` grows with every change."""

    shop_name: str
    currency: str
    tax: Tax
    categories: tuple[Category, ...]
    version: int = 1

    def items(self) -> dict[ItemId, MenuItem]:
        return {item.id: item for category in self.categories for item in category.items}
