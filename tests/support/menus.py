"""A small menu with a case of everything: choices, required ones, a limit, an item that is sold out."""

import msgspec

from core.domain.ids import ItemId, ModifierId
from core.domain.menu import Category, Menu, MenuItem, Modifier, ModifierGroup
from core.domain.money import Tax as OneRate
from core.domain.sale.taxes import Tax, TaxEntry, TaxTable

SALSA = ModifierGroup(
    "salsa",
    "Salsa",
    (Modifier(ModifierId("mild"), "Mild salsa"), Modifier(ModifierId("hot"), "Hot salsa")),
    least=1,
    most=1,
)
EXTRAS = ModifierGroup(
    "extras",
    "Extras",
    (Modifier(ModifierId("guacamole"), "Guacamole", 195), Modifier(ModifierId("cheese"), "Cheese", 50)),
)
BOWL = MenuItem(ItemId("bowl"), "Chicken Bowl", 849, "Rice, beans and grilled chicken.", groups=(SALSA, EXTRAS))
CHIPS = MenuItem(ItemId("chips"), "Chips and Guacamole", 445)
SODA = MenuItem(ItemId("soda"), "Canned Soda", 109)
SOUP = MenuItem(ItemId("soup"), "Tortilla Soup", 520, available=False)

MENU = Menu(
    shop_name="La Cantina",
    currency="USD",
    tax=OneRate(rate_bp=825, included=True),
    categories=(
        Category("bowls", "Bowls", (BOWL, SOUP)),
        Category("sides", "Sides and drinks", (CHIPS, SODA)),
    ),
)


def taxed(*, included: bool) -> Menu:
    """The menu in a shop of two rates: of drinks, and of what is eaten here, there is a higher one."""
    soda = msgspec.structs.replace(SODA, tax_category="drinks")
    bowls, sides = MENU.categories
    table = TaxTable(
        (
            TaxEntry("standard", (Tax("VAT", 7_000),)),
            TaxEntry("standard", (Tax("VAT", 19_000),), "dine_in"),
            TaxEntry("drinks", (Tax("VAT", 19_000),)),
        )
    )
    categories = (bowls, msgspec.structs.replace(sides, items=(CHIPS, soda)))
    return msgspec.structs.replace(MENU, tax=OneRate(700, included), categories=categories, taxes=table)
