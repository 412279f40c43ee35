"""Made-up orders from a menu, the same ones every time."""

import random
from collections.abc import Sequence

from core.domain.menu import Menu, MenuItem
from core.domain.order import NewLine

_SEED = 20_151_122


def sample_orders(menu: Menu, count: int) -> Sequence[tuple[NewLine, ...]]:
    """`count` orders of one to four lines that the menu can serve, with required choices made."""
    chance = random.Random(_SEED)  # noqa: S311 (made-up orders, not secrets)
    items = [item for item in menu.items().values() if item.available]
    return [
        tuple(_line(chance, item) for item in chance.sample(items, k=min(chance.randint(1, 4), len(items))))
        for _order in range(count)
    ]


def _line(chance: random.Random, item: MenuItem) -> NewLine:
    chosen = []
    for group in item.groups:
        most = len(group.modifiers) if group.most is None else group.most
        taken = chance.randint(group.least, max(group.least, min(most, 2)))
        chosen += [modifier.id for modifier in chance.sample(group.modifiers, k=min(taken, len(group.modifiers)))]
    return NewLine(item_id=item.id, quantity=chance.choice((1, 1, 1, 2, 3)), modifier_ids=tuple(chosen))
