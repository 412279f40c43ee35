"""A small menu with a case of everything: choices, required ones, a limit, an item that is sold out."""

from core.domain.ids import ItemId, ModifierId
from core.domain.menu import Category, Menu, MenuItem, Modifier, ModifierGroup
from core.domain.money import Tax

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
    tax=Tax(rate_bp=825, included=True),
    categories=(
        Category("bowls", "Bowls", (BOWL, SOUP)),
        Category("sides", "Sides and drinks", (CHIPS, SODA)),
    ),
)
