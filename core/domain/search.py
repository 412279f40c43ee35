"""Searching orders. The database query matches the same orders as `finds`."""

import re
from typing import Final

import msgspec

from core.domain.order import Order

WHOLE_NUMBER: Final = re.compile(r"[A-Za-z0-9]+-[0-9]{6,}")
"""A complete order number as a scanner reads it, in either case."""


class Sought(msgspec.Struct, frozen=True):
    """Part of a number, a name or a phone number, or one complete number, which matches nothing else."""

    words: str
    """In lower case; empty: everything matches."""
    digits: str
    """The part that may be in a phone number."""
    numbers: tuple[str, ...]
    """The spellings of a complete number."""

    @classmethod
    def of(cls, typed: str) -> "Sought":
        words = typed.strip()
        digits = "".join(filter(str.isdecimal, words))
        return cls(words.lower(), digits, (words, words.upper()) if WHOLE_NUMBER.fullmatch(words) else ())

    def finds(self, order: Order) -> bool:
        if self.numbers:
            return order.number in self.numbers
        if self.words in order.number.lower() or self.words in order.customer_name.lower():
            return True
        return bool(self.digits) and self.digits in order.customer_phone
