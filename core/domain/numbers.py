"""Number series: how far a series may be counted, and by whom (docs/adr/0044).

A series is counted by the server, and by the till of its name. Issued numbers are on receipts, so a device that cannot
know which were issued (one that takes a till's name over, a restored server) continues `AHEAD` further, and no till
counts more than `AHEAD` beyond the server. Thus no number is issued twice.
"""

from typing import Final

from core.domain.errors import DomainError, InvalidOrder
from core.domain.order import order_number

AHEAD: Final = 1_000
"""How many numbers a till may issue beyond the last one that the server has confirmed."""
LAST: Final = 999_999_999
"""The highest count that a till may issue."""
_MOST_DIGITS: Final = 18


class NumberTooFar(DomainError):
    """A number beyond what its series may have reached. It may become valid once earlier orders have arrived."""


def count_of(number: str, series: str) -> int | None:
    """The count in a number of `series`: 64 in `POS1-000064`; None for a number of another series."""
    name, _, digits = number.rpartition("-")
    if name != series or len(digits) > _MOST_DIGITS or not (digits.isascii() and digits.isdecimal()):
        return None
    count = int(digits)
    return count if count > 0 and number == order_number(series, count) else None


def given_count(number: str, series: str, last: int) -> int:
    """The count in a number that a till issued offline; `last` is the highest of its `series` at the server.

    Raises `InvalidOrder` when it is not a number of that series, and `NumberTooFar`.
    """
    count = count_of(number, series)
    if count is None:
        raise InvalidOrder(f"A number given at this POS looks like {order_number(series, 1)}.", "number")
    if count > min(last + AHEAD, LAST):
        known = f"up to {order_number(series, last)}" if last else "of none yet"
        raise NumberTooFar(
            f"{number} is too far ahead: the server knows {known}, and a POS counts at most {AHEAD:,} further by "
            "itself. Give the order a new number.",
            "number",
        )
    return count


def may_count(last: int, confirmed: int) -> bool:
    """Whether a till that has counted to `last` may issue another number, when the server has confirmed `confirmed`."""
    return last < min(confirmed + AHEAD, LAST)
