"""Random order files, each made from a seed: `python -m tests.support.order_files FOLDER 10` writes ten of them."""

import random
import sys
from pathlib import Path

from core.admin.demo.orders_file import COLUMNS

_FIRST = ("Steak", "Chicken", "Veggie", "Fish", "Crème", "Ready", "Preparing", "Confirmed", "Placed", "Waiting", "Izze")
_LAST = ("Bowl", "Burrito", "Tacos", "Chips", "Salad", "Soda", "ñoquis")
_CHOICES = ("Rice", "Black Beans", "Cheese", "Guacamole", "Fresh Tomato Salsa (Mild)", "Sour Cream", "Lettuce", "Ready")
ORDERS = (1, 2, 3, 5, 9, 10, 11, 24, 60, 130)
"""The number of orders in a file, by its seed: fewer than the board leaves open, as many, and more."""


def write(path: Path, seed: int, orders: int = 0) -> tuple[int, int, int]:
    """Write the file of `seed`, with so many orders, or as many as the seed says. Returns the numbers of its orders and
    lines, and their total in minor units."""
    chance = random.Random(seed)
    names = _names(chance)
    with_choices = [name for name in names if chance.random() < chance.choice((0.0, 0.5, 1.0))]
    orders, lines, total_minor = orders or ORDERS[seed % len(ORDERS)], 0, 0
    rows = []
    for order in range(orders):
        for _line in range(chance.choice((1, 1, 2, 3, 12))):
            name, quantity = chance.choice(names), chance.choice((1, 1, 2, 5))
            # Sold at several prices, it becomes several items of one name.
            cents = chance.choice((len(name) * 45, len(name) * 45, len(name) * 45 + 110)) * quantity
            picked = chance.sample(_CHOICES, chance.randint(1, len(_CHOICES))) if name in with_choices else []
            rows.append((str(order * 7 + 1), str(quantity), name, ", ".join(picked) or "NULL", f"${cents / 100:.2f}"))
            lines, total_minor = lines + 1, total_minor + cents
    path.write_text("\n".join("\t".join(row) for row in (COLUMNS, *rows)) + "\n", encoding="utf-8")
    return orders, lines, total_minor


def _names(chance: random.Random) -> list[str]:
    """One to thirty names; some are parts of others, and some are words that the windows use."""
    names = [f"{chance.choice(_FIRST)} {chance.choice(_LAST)}" for _ in range(chance.choice((1, 2, 6, 20)))]
    names += [f"Large {name}" for name in names[::2]] + [name.split()[0] for name in names[::3]]
    chance.shuffle(names)
    return list(dict.fromkeys(names))


if __name__ == "__main__":
    for number in range(int(sys.argv[2])):
        write(Path(sys.argv[1]) / f"orders-{number}.tsv", number)
