"""A shop's menu, and what a valid menu is. Prices come from here, never from a client."""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from core.domain.discount import Discount
from core.domain.errors import DomainError
from core.domain.ids import ItemId, ModifierId
from core.domain.money import Tax
from core.domain.pictures import NONE
from core.domain.sale.rounding import CashRounding, Rounding
from core.domain.sale.taxes import TaxTable
from core.domain.service import ShopService
from core.domain.tax_table import PER_BASIS_POINT, STANDARD, Terms, of_one_rate
from core.domain.tenders import ShopTender
from core.wire_enum import WireEnum

MAX_ITEMS: Final = 2_000
MAX_CATEGORIES: Final = 200
MAX_GROUPS: Final = 20
MAX_CHOICES: Final = 50
"""Modifiers of one item, over all its groups."""
MAX_NAME: Final = 80
MAX_DESCRIPTION: Final = 500
MAX_PRICE_MINOR: Final = 1_000_000_000
"""A total of 200 lines of 999 items at this price still fits into 64 bits."""
COLOURS: Final = ("amber", "blue", "green", "violet", "pink", "teal")
"""Those that a category can have; each look has its own shade of them."""
BY_PLACE: Final = "auto"
"""Where a menu is written: the category has no colour of its own."""
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PICTURE: Final = re.compile(r"[0-9a-f]{32}")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


class Modifier(msgspec.Struct, frozen=True):
    """One choice: `Guacamole`, +200."""

    id: ModifierId
    name: str
    price_minor: int = 0
    default: bool | None = None
    """Whether it is taken unless somebody chooses otherwise. Of a menu that is to replace another, None leaves what the
    option has, since an earlier release's window sends none; a stored one has True or None."""


class ModifierGroup(msgspec.Struct, frozen=True):
    """Choices that belong together, of which at least `least` and at most `most` (None: no limit) are taken."""

    id: str
    name: str
    modifiers: tuple[Modifier, ...]
    least: int = 0
    most: int | None = None

    @property
    def defaults(self) -> tuple[ModifierId, ...]:
        """The options that are taken unless somebody chooses otherwise."""
        return tuple(modifier.id for modifier in self.modifiers if modifier.default)


class MenuItem(msgspec.Struct, frozen=True):
    id: ItemId
    name: str
    price_minor: int
    description: str = ""
    available: bool = True
    groups: tuple[ModifierGroup, ...] = ()
    tax_category: str = ""
    """Of the shop's tax table; empty: the standard one. In a menu that is to replace another, empty leaves what the
    item has, since an earlier release's window sends none, and `standard` makes it that."""
    picture: str = ""
    """The id of its picture (`core.domain.pictures`); empty: none. In a menu that is to replace another, empty leaves
    what the item has, and `none` takes it away."""


class Category(msgspec.Struct, frozen=True):
    id: str
    name: str
    items: tuple[MenuItem, ...]
    colour: str = ""
    """One of `COLOURS`; empty: by its place on the menu. In a menu that is to replace another, empty leaves what the
    category has, and `BY_PLACE` takes it away."""


class ChangesUntil(WireEnum):
    """Until when customers may ask for a change of their own orders."""

    NEVER = "never"
    CONFIRMED = "confirmed"
    PREPARING = "preparing"


class DrawerUse(WireEnum):
    """The owner of a POS's drawer sessions."""

    DEVICE = "device"
    """The POS's, whoever is signed in there."""
    PERSON = "person"
    """Each person's, who puts their own into the POS."""


class Menu(msgspec.Struct, frozen=True):
    """One shop's menu, its currency (ISO 4217) and its taxes; `version` grows with every change."""

    shop_name: str
    currency: str
    tax: Tax
    """The standard category's, for clients that know one rate only, and whether prices contain it."""
    categories: tuple[Category, ...]
    version: int = 1
    country: str = ""
    """The shop's (ISO 3166-1 alpha-2), whose phone numbers need no country code; empty when it is unknown."""
    time_zone: str = ""
    """The shop's (IANA); empty from a server of an earlier release."""
    taxes: TaxTable = TaxTable()
    """Empty from a server of an earlier release, which knows `tax` only."""

    discounts: tuple[Discount, ...] = ()
    """Those that staff give at one press; `reason` is the name."""
    tenders: tuple[ShopTender, ...] = ()
    """All of the shop, in the order of a till's keys; none from a server of an earlier release."""
    cash_increment_minor: int = 1
    """The smallest coin that amounts paid in coins are rounded to, in minor units; 1: they are not."""
    cash_rounding: Rounding = Rounding.HALF_UP
    """How they are."""
    changes_until: ChangesUntil = ChangesUntil.NEVER
    """Until an order is that, its customer may ask for a change; never, at a server of an earlier release."""
    service: ShopService = ShopService()
    """What is charged for service; a rate of 0: nothing."""
    drawers: DrawerUse = DrawerUse.DEVICE
    """Whose a drawer is that is opened from now on; the POS's, at a server of an earlier release."""

    @property
    def services(self) -> tuple[ShopService, ...]:
        return (self.service,) if self.service.rate else ()

    @property
    def terms(self) -> Terms:
        """The terms that price orders of it."""
        taxes = self.taxes if self.taxes.entries else of_one_rate(self.tax.rate_bp * PER_BASIS_POINT)
        return Terms(self.currency, self.tax.included, taxes, self.time_zone)

    @property
    def roundings(self) -> tuple[CashRounding, ...]:
        """The cash roundings, without those that this release does not know."""
        if self.cash_increment_minor <= 1 or not self.cash_rounding.is_known:
            return ()
        return (CashRounding(self.cash_increment_minor, self.cash_rounding),)

    def items(self) -> dict[ItemId, MenuItem]:
        return items_of(self.categories)


def items_of(categories: Iterable[Category]) -> dict[ItemId, MenuItem]:
    return {item.id: item for category in categories for item in category.items}


def with_availability(categories: Iterable[Category], available: dict[ItemId, bool]) -> tuple[Category, ...]:
    """The menu with some items marked sold out or available. Ids that it does not have are ignored."""

    def changed(item: MenuItem) -> MenuItem:
        wanted = available.get(item.id, item.available)
        return item if wanted is item.available else msgspec.structs.replace(item, available=wanted)

    return tuple(
        msgspec.structs.replace(category, items=tuple(changed(item) for item in category.items))
        for category in categories
    )


def as_if_available(items: Mapping[ItemId, MenuItem]) -> dict[ItemId, MenuItem]:
    """The items with none sold out: at the counter, staff see what there is."""
    return {
        item_id: item if item.available else msgspec.structs.replace(item, available=True)
        for item_id, item in items.items()
    }


def check_pictures(categories: Sequence[Category], known: Container[str]) -> None:
    """Raises `InvalidMenu` when an item has a picture that the shop does not keep."""
    found = tuple(
        Mistake(f"categories[{place}].items[{row}].picture", "The shop has no such picture: choose it again.")
        for place, category in enumerate(categories)
        for row, item in enumerate(category.items)
        if item.picture and item.picture not in known
    )
    if found:
        raise InvalidMenu(found)


def tax_categories_of(categories: Iterable[Category]) -> set[str]:
    """The tax categories that items name."""
    return {item.tax_category for item in items_of(categories).values() if item.tax_category}


def as_meant(categories: Iterable[Category], before: Sequence[Category]) -> tuple[Category, ...]:
    """The menu that is meant: tax categories, colours, pictures and defaults that it does not name are those that there
    were, and words for "none" are none."""
    items, colours = items_of(before), {category.id: category.colour for category in before}

    def item_meant(item: MenuItem) -> MenuItem:
        known = items.get(item.id)
        category = item.tax_category or (known.tax_category if known is not None else "")
        picture = item.picture or (known.picture if known is not None else "")
        taken = {
            each.id for group in (known.groups if known is not None else ()) for each in group.modifiers if each.default
        }
        return msgspec.structs.replace(
            item,
            tax_category="" if category == STANDARD else category,
            picture="" if picture == NONE else picture,
            groups=tuple(_group_meant(group, taken) for group in item.groups),
        )

    def colour_meant(category: Category) -> str:
        colour = category.colour or colours.get(category.id, "")
        return "" if colour == BY_PLACE else colour

    return tuple(
        msgspec.structs.replace(each, items=tuple(map(item_meant, each.items)), colour=colour_meant(each))
        for each in categories
    )


def _group_meant(group: ModifierGroup, taken: Container[ModifierId]) -> ModifierGroup:
    """`taken`: the defaults that there were. Where the group takes fewer by now, none of those is one."""
    named = [each.id in taken if each.default is None else each.default for each in group.modifiers]
    if group.most is not None and sum(named) > group.most:
        named = [bool(each.default) for each in group.modifiers]
    modifiers = tuple(
        msgspec.structs.replace(each, default=default or None)
        for each, default in zip(group.modifiers, named, strict=True)
    )
    return msgspec.structs.replace(group, modifiers=modifiers)


# -- validation


class Mistake(msgspec.Struct, frozen=True):
    """One error in a menu: its field (`categories[0].items[2].price_minor`) and what to do about it."""

    field: str
    message: str


class InvalidMenu(DomainError):
    """The menu is invalid. The error names the first mistake; `mistakes` has all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(mistakes[0].message, mistakes[0].field)
        self.mistakes = tuple(mistakes)


def check_menu(categories: Sequence[Category]) -> None:
    """Raises `InvalidMenu` when the menu has a mistake."""
    if found := mistakes(categories):
        raise InvalidMenu(found)


def check_tax_categories(categories: Sequence[Category], known: Sequence[str]) -> None:
    """Raises `InvalidMenu` when an item names a category that the shop's tax table does not have."""
    found = tuple(
        Mistake(f"categories[{place}].items[{row}].tax_category", f"The tax table has: {', '.join(known)}.")
        for place, category in enumerate(categories)
        for row, item in enumerate(category.items)
        if item.tax_category not in ("", *known)
    )
    if found:
        raise InvalidMenu(found)


def mistakes(categories: Sequence[Category]) -> tuple[Mistake, ...]:
    """All mistakes of a menu, from top to bottom."""
    return tuple(_mistakes(categories))


def _mistakes(categories: Sequence[Category]) -> Iterator[Mistake]:
    if len(categories) > MAX_CATEGORIES:
        yield Mistake("categories", f"A menu has at most {MAX_CATEGORIES} categories.")
    if sum(len(category.items) for category in categories) > MAX_ITEMS:
        yield Mistake("categories", f"A menu has at most {MAX_ITEMS} items.")
    category_ids: set[str] = set()
    item_ids: set[str] = set()
    for place, category in enumerate(categories):
        field = f"categories[{place}]"
        yield from _named(field, category.id, category.name, category_ids, "category")
        if category.colour not in ("", BY_PLACE, *COLOURS):
            yield Mistake(f"{field}.colour", f"A colour is one of: {', '.join((*COLOURS, BY_PLACE))}.")
        for row, item in enumerate(category.items):
            yield from _of_item(f"{field}.items[{row}]", item, item_ids)


def _of_item(field: str, item: MenuItem, known: set[str]) -> Iterator[Mistake]:
    yield from _named(field, item.id, item.name, known, "item")
    if item.price_minor < 0:
        yield Mistake(f"{field}.price_minor", "A price is nothing or more.")
    if item.price_minor > MAX_PRICE_MINOR:
        yield Mistake(f"{field}.price_minor", "This price is too high.")
    if len(item.description) > MAX_DESCRIPTION:
        yield Mistake(f"{field}.description", f"A description has at most {MAX_DESCRIPTION} characters.")
    if item.picture not in ("", NONE) and not _PICTURE.fullmatch(item.picture):
        yield Mistake(f"{field}.picture", "A picture is named by the id that the server gave it.")
    if _UNPRINTABLE.search(item.description):
        yield Mistake(f"{field}.description", "A description is one line of plain text.")
    if len(item.groups) > MAX_GROUPS:
        yield Mistake(f"{field}.groups", f"An item has at most {MAX_GROUPS} option groups.")
    if sum(len(group.modifiers) for group in item.groups) > MAX_CHOICES:
        yield Mistake(f"{field}.groups", f"An item has at most {MAX_CHOICES} options.")
    group_ids: set[str] = set()
    modifier_ids: set[str] = set()
    for place, group in enumerate(item.groups):
        yield from _of_group(f"{field}.groups[{place}]", group, group_ids, modifier_ids)
    reductions = (min(0, modifier.price_minor) for group in item.groups for modifier in group.modifiers)
    if item.price_minor >= 0 and item.price_minor + sum(reductions) < 0:
        yield Mistake(f"{field}.groups", "Its options can take more off the price than there is.")


def _of_group(field: str, group: ModifierGroup, groups: set[str], modifiers: set[str]) -> Iterator[Mistake]:
    yield from _named(field, group.id, group.name, groups, "option group")
    if not group.modifiers:
        yield Mistake(f"{field}.modifiers", "An option group has at least one option.")
    if not 0 <= group.least <= len(group.modifiers):
        yield Mistake(f"{field}.least", "The minimum is between 0 and the number of options.")
    if group.most is not None and not max(1, group.least) <= group.most <= MAX_CHOICES:
        yield Mistake(f"{field}.most", "The maximum is 1 or more, and not below the minimum.")
    elif group.most is not None and len(group.defaults) > group.most:
        yield Mistake(f"{field}.default", "No more options are taken by default than the maximum.")
    for place, modifier in enumerate(group.modifiers):
        where = f"{field}.modifiers[{place}]"
        yield from _named(where, modifier.id, modifier.name, modifiers, "option")
        if abs(modifier.price_minor) > MAX_PRICE_MINOR:
            yield Mistake(f"{where}.price_minor", "This price is too high.")


def _named(field: str, identity: str, name: str, known: set[str], what: str) -> Iterator[Mistake]:
    if not _ID.fullmatch(identity):
        yield Mistake(f"{field}.id", "An id has up to 64 letters, digits, dots, dashes and underscores.")
    elif identity in known:
        yield Mistake(f"{field}.id", f"Another {what} has the id {identity!r}.")
    known.add(identity)
    if not name.strip():
        yield Mistake(f"{field}.name", "A name is missing.")
    elif name != name.strip() or len(name) > MAX_NAME or _UNPRINTABLE.search(name):
        yield Mistake(f"{field}.name", f"A name is one line of up to {MAX_NAME} characters, with no space around it.")


def normal_name(name: str) -> str:
    """`name` as it is compared: capitals, width and spaces make no other thing of it."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def new_id(name: str, known: Iterable[str]) -> str:
    """An id made from `name` that is not in `known`: `Chicken Bowl` → `chicken-bowl`, `chicken-bowl-2`.

    Where a letter has no place in an id, a hash of the name follows: it is the name's own in every script.
    """
    taken = set(known)
    plain = unicodedata.normalize("NFKD", normal_name(name))
    letters = re.sub(r"[^a-z0-9]+", "-", re.sub(r"[\u0300-\u036f]+", "", plain)).strip("-")
    is_whole = letters and all(sign.isascii() or not sign.isalnum() for sign in plain)
    digest = "" if is_whole else blake2b(normal_name(name).encode(), digest_size=5).hexdigest()
    stem = "-".join(filter(None, (letters[:45] if digest else letters[:56].strip("-"), digest)))
    following = (f"{stem}-{count}" for count in range(2, len(taken) + 3))
    return stem if stem not in taken else next(each for each in following if each not in taken)
