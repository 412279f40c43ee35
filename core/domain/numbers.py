"""How far a number series goes, and who may take it there (docs/adr/0044).

A series is counted by the server, and by the one till that has its name. Told numbers are on receipts: whoever cannot
know which were told (a machine that takes a till's name over, a server that was restored) goes on `AHEAD` further, and
no till counts further than `AHEAD` by itself. So no two of them ever give the same.
"""

from typing import Final

from core.domain.errors import DomainError, InvalidOrder
from core.domain.order import order_number

AHEAD: Final = 1_000
"""So many numbers a till may give beyond the last that the server has told it, or has taken from it."""
LAST: Final = 999_999_999
"""No till counts further than this."""
_MOST_DIGITS: Final = 18


class NumberTooFar(DomainError):
    """A number beyond what its series may have come to. It may be right once orders before it have arrived."""


def count_of(number: str, series: str) -> int | None:
    """The count in a number of that series: 64 in `POS1-000064`; None when it is none of it."""
    name, _, digits = number.rpartition("-")
    if name != series or len(digits) > _MOST_DIGITS or not (digits.isascii() and digits.isdecimal()):
        return None
    count = int(digits)
    return count if count > 0 and number == order_number(series, count) else None


def given_count(number: str, series: str, last: int) -> int:
    """The count in a number that a till gave by itself, its `series` having come to `last` as far as the server knows.

    Raises `InvalidOrder` for what is no number of that series, and `NumberTooFar`.
    """
    count = count_of(number, series)
    if count is None:
        raise InvalidOrder(f"A number given at this till looks like {order_number(series, 1)}.", "number")
    if count > min(last + AHEAD, LAST):
        known = f"up to {order_number(series, last)}" if last else "of none yet"
        raise NumberTooFar(
            f"{number} is too far ahead: the server knows {known}, and a till counts at most {AHEAD:,} further by "
            "itself. Give the order a new number.",
            "number",
        )
    return count


def may_count(last: int, told: int) -> bool:
    """Whether a till that has counted to `last` may go on by itself, the server having told it `told`."""
    return last < min(told + AHEAD, LAST)
