"""The only places where an amount is rounded, and how whole units are divided without losing one."""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from typing import Final

import msgspec

from core.domain.sale.errors import Refused
from core.wire_enum import WireEnum

PERCENT: Final = 100_000
"""100 % in the unit of every rate: 1/1000 %."""


MAX_AMOUNT: Final = 10**12
"""Of a line, an order and a payment, in minor units."""


MAX_INCREMENT: Final = 100_000
"""The largest coin or note that a shop's amounts are rounded to, in minor units."""


def is_whole(value: object, least: int = 0, most: int = MAX_AMOUNT) -> bool:
    """Whether it is an int, no bool and no float, within bounds."""
    return type(value) is int and least <= value <= most


class Rounding(WireEnum):
    """To which whole unit a fraction goes. All are symmetric: -2.5 goes where 2.5 goes, with the other sign."""

    HALF_UP = "half_up"
    """The nearest; a half goes away from zero. What a pocket calculator does, and most statutes say."""
    HALF_EVEN = "half_even"
    HALF_DOWN = "half_down"
    DOWN = "down"
    """Towards zero."""
    UP = "up"
    """Away from zero."""


def rounded(numerator: int, denominator: int, mode: Rounding = Rounding.HALF_UP) -> int:
    """`numerator / denominator` as a whole number. `denominator` is positive."""
    whole, rest = divmod(abs(numerator), denominator)
    up = {
        Rounding.HALF_UP: 2 * rest >= denominator,
        Rounding.HALF_EVEN: 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1),
        Rounding.HALF_DOWN: 2 * rest > denominator,
        Rounding.DOWN: False,
        Rounding.UP: rest > 0,
    }.get(mode)
    if up is None:
        raise Refused("bad_rounding_mode", f"Amounts cannot be rounded by {mode.value!r}.")
    return (whole + up) * (1 if numerator >= 0 else -1)


def percentage(amount: int, rate: int) -> int:
    """`rate` (1/1000 %) of an amount, rounded half up."""
    return rounded(amount * rate, PERCENT)


class CashRounding(msgspec.Struct, frozen=True):
    """The rounding of amounts that are paid or given back in coins. Goods and taxes are never rounded so."""

    increment: int = 1
    """The smallest coin, in minor units."""
    mode: Rounding = Rounding.HALF_UP

    def __post_init__(self) -> None:
        if type(self.increment) is not int or self.increment < 1:
            raise Refused("bad_increment", "The smallest coin is a whole number of minor units, at least 1.")
        rounded(0, 1, self.mode)

    def of(self, amount: int) -> int:
        """The amount in coins."""
        return rounded(amount, self.increment, self.mode) * self.increment

    def at_most(self, amount: int) -> int:
        """The largest amount in coins that is not above `amount`."""
        return amount // self.increment * self.increment


def largest_remainder(total: int, numerators: Sequence[int], denominator: int) -> list[int]:
    """Whole parts of the exact shares `numerators[i] / denominator`, adding up to `total`.

    `total` is their sum, rounded either way. Each share is rounded down; what is missing goes, one each, to the largest
    remainders, and between equal ones to the earlier (Hamilton's method).
    """
    parts = [each // denominator for each in numerators]
    missing = total - sum(parts)
    if missing:
        order = sorted(range(len(parts)), key=lambda position: -(numerators[position] % denominator))
        for position in order[:missing]:
            parts[position] += 1
    return parts


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` divided in proportion to `weights`, to the last unit. With no weight above zero all weigh the same.

    A negative total is divided as the positive one is. Raises `Refused` without weights, or for a negative one.
    """
    if not weights:
        raise Refused("nothing_to_allocate_to", "There is nothing to divide the amount among.")
    if min(weights) < 0:
        raise Refused("negative_weight", "A share cannot be negative.")
    whole = sum(weights)
    if not whole:
        weights, whole = [1] * len(weights), len(weights)
    if total < 0:
        return [-part for part in apportion(-total, weights)]
    return largest_remainder(total, [total * weight for weight in weights], whole)


def over_one_denominator(factors: Sequence[Fraction]) -> tuple[list[int], int]:
    """The numerators of `factors` over a common denominator, and that denominator."""
    common = 1
    for factor in factors:
        common = common * factor.denominator // gcd(common, factor.denominator)
    return [factor.numerator * (common // factor.denominator) for factor in factors], common
