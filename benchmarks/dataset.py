"""The shop that every server under test is filled with: customers, orders, lines and history, made from a seed.

The peers read it too, from their own environments, so it uses the standard library alone. Instants are whole
microseconds since 1970 UTC and money is minor units, as in Orderbell's tables.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

SHOP_ID: Final = "shop-1"
SHOP_NAME: Final = "Corner Kitchen"
CURRENCY: Final = "USD"
CASHIER: Final = "Robin"
CASHIER_ID: Final = "0198a2b4-0000-7000-8000-00000000ca54"
ADMIN: Final = "Alex"
ADMIN_ID: Final = "0198a2b4-0000-7000-8000-00000000ad41"
DEVICE: Final = "POS1"
ORDERS_EACH: Final = 25
"""Orders of an ordinary customer, on average."""
REGULAR_SHARE: Final = 0.05
"""The first customer is the exception and owns this share of all orders."""
PENDING_SHARE: Final = 0.3
"""The newest orders are still waiting to be confirmed."""

_DAY_US: Final = 86_400_000_000
_NEWEST: Final = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp() * 1_000_000)
_SPAN: Final = 365 * _DAY_US
_STEP_US: Final = 300_000_000
_STEPS: Final = ("pending", "confirmed", "preparing", "ready", "completed")
_ITEMS: Final = tuple(
    (f"item-{position}", name, price_minor)
    for position, (name, price_minor) in enumerate(
        [
            ("Chicken bowl", 1095), ("Steak burrito", 1250), ("Veggie salad bowl", 975), ("Carnitas tacos", 1125),
            ("Chips and guacamole", 445), ("Chips and fresh tomato salsa", 295), ("Canned soft drink", 125),
            ("Bottled water", 150), ("Side of chips", 215), ("Barbacoa crispy tacos", 1175), ("Lemonade", 325),
            ("Kids' quesadilla", 625),
        ]
    )
)  # fmt: skip
_MODIFIERS: Final = (("Guacamole", 200), ("Brown rice", 0), ("Black beans", 0), ("Extra cheese", 75), ("No onion", 0))


_FIRST: Final = (
    "Ada", "Ömer", "Grace", "Жанна", "Ángel", "Maria", "Wei", "Fatima", "Jonas", "Aisha", "Zoë", "Priya", "Mateo",
    "Ingrid", "Kwame", "Chloé", "Noah", "Yuki", "Søren", "Carmen", "Liam", "Olga", "Hassan", "Emma", "Marius", "Leyla",
    "Tomasz", "Nina", "Diego", "Mary", "Ivan", "Sofia", "Ahmed", "Hannah", "Luca", "Marta", "Chen", "Elif", "Peter",
    "Anna",
)  # fmt: skip
_LAST_NAMES: Final = 9_973
"""How many there are: names made of syllables, of which a short one begins many."""
_SYLLABLES: Final = ("ba", "ker", "lo", "mar", "ne", "son", "ti", "va", "gra", "win", "ö", "sha", "du", "pel", "rich")


class Customer(NamedTuple):
    id: str
    name: str
    phone: str


class Line(NamedTuple):
    item_id: str
    name: str
    quantity: int
    unit_price_minor: int
    total_minor: int
    modifiers: tuple[tuple[str, int], ...]
    note: str


class Change(NamedTuple):
    source: str | None
    target: str
    at: int


class Order(NamedTuple):
    id: str
    number: str
    status: str
    version: int
    fulfilment: str
    total_minor: int
    placed_at: int
    updated_at: int
    customer: Customer
    lines: tuple[Line, ...]
    history: tuple[Change, ...]


def customers(orders: int) -> list[Customer]:
    """The customers of a shop that has taken so many orders."""
    return [
        Customer(f"0198a2b4-0000-7000-8000-{position:012x}", _name(position), f"1555{position * 7919 % 10_000_000:07d}")
        for position in range(max(2, orders // ORDERS_EACH))
    ]


def _name(position: int) -> str:
    left, syllables = position % _LAST_NAMES + 1, []
    while left:
        left, which = divmod(left, len(_SYLLABLES))
        syllables.append(_SYLLABLES[which])
    return f"{_FIRST[position % len(_FIRST)]} {''.join(syllables).capitalize()}"


def orders(count: int, seed: int = 7, pending_share: float = PENDING_SHARE) -> Iterator[Order]:
    """`count` orders, oldest first; the newest are pending, the others completed."""
    chance = random.Random(seed)
    people = customers(count)
    pending_from = int(count * (1 - pending_share))
    for position in range(count):
        placed_at = _NEWEST - _SPAN + position * _SPAN // count
        regular = chance.random() < REGULAR_SHARE
        customer = people[0] if regular else people[chance.randrange(1, len(people))]
        lines = tuple(_line(chance) for _ in range(chance.choice((1, 2, 2, 3, 4, 3))))
        steps = _STEPS[:1] if position >= pending_from else _STEPS
        yield Order(
            id=_uuid7(placed_at, chance),
            number=f"ONLINE-{position + 1:06d}",
            status=steps[-1],
            version=len(steps),
            fulfilment="pickup",
            total_minor=sum(line.total_minor for line in lines),
            placed_at=placed_at,
            updated_at=placed_at + (len(steps) - 1) * _STEP_US,
            customer=customer,
            lines=lines,
            history=tuple(
                Change(steps[step - 1] if step else None, target, placed_at + step * _STEP_US)
                for step, target in enumerate(steps)
            ),
        )


def _line(chance: random.Random) -> Line:
    item_id, name, price_minor = chance.choice(_ITEMS)
    quantity = chance.choice((1, 1, 1, 2))
    modifiers = tuple(chance.sample(_MODIFIERS, chance.choice((0, 0, 1, 2))))
    unit = price_minor + sum(price for _, price in modifiers)
    return Line(item_id, name, quantity, unit, unit * quantity, modifiers, "")


def _uuid7(at_us: int, chance: random.Random) -> str:
    tail = f"{chance.getrandbits(62) | 1 << 63:016x}"
    return f"{at_us // 1000 >> 16:08x}-{at_us // 1000 & 0xFFFF:04x}-7{chance.getrandbits(12):03x}-{tail[:4]}-{tail[4:]}"
