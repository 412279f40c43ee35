"""Discounts, and which may be given."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.domain.errors import InvalidOrder, ReasonRequired
from core.domain.money import as_decimal
from core.domain.sale.rounding import MAX_AMOUNT, PERCENT
from core.domain.tax_table import percent
from core.domain.texts import check_no_card, is_blank

MAX_REASON: Final = 80
MAX_OFFERED: Final = 30
"""Discounts that a shop offers its staff at one press."""
_MINUS: Final = "\N{MINUS SIGN}"


class Discount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reduction of a line or an order, given at the counter: a percentage in 1/1000 % (all of it: a comp), or an
    amount in minor units; and why."""

    reason: Annotated[str, Meta(max_length=MAX_REASON)]
    """The name of one that the shop offers, or what was typed. It is on receipts."""
    rate: Annotated[int, Meta(ge=1, le=PERCENT)] | None = None
    amount_minor: Annotated[int, Meta(ge=1, le=MAX_AMOUNT)] | None = None

    def figure(self, currency: str) -> str:
        """`−50 %`, `−5.00`, for logs and files."""
        if self.rate is not None:
            return f"{_MINUS}{percent(self.rate)} %"
        return f"{_MINUS}{as_decimal(self.amount_minor or 0, currency)}"


def check_discount(discount: Discount | None, field: str) -> None:
    """Raises `InvalidOrder`, `ReasonRequired`, and `CardNumber` for a reason that contains one."""
    if discount is None:
        return
    if (discount.rate is None) == (discount.amount_minor is None):
        raise InvalidOrder("A discount is a percentage or an amount.", field)
    if discount.rate is not None and not 0 < discount.rate <= PERCENT:
        raise InvalidOrder("A discount is above 0 and at most 100 %.", f"{field}.rate")
    if discount.amount_minor is not None and not 0 < discount.amount_minor <= MAX_AMOUNT:
        raise InvalidOrder("A discount is above 0.", f"{field}.amount_minor")
    check_no_card(**{f"{field}.reason": discount.reason})
    if is_blank(discount.reason):
        raise ReasonRequired("Say why something is taken off.", f"{field}.reason")


def check_offered(discounts: Sequence[Discount]) -> None:
    """Checks those that a shop offers: each has a name of its own. Raises as `check_discount`."""
    for place, each in enumerate(discounts):
        check_discount(each, f"discounts[{place}]")
        if any(each.reason == other.reason for other in discounts[:place]):
            raise InvalidOrder(f"There are two discounts {each.reason!r}.", f"discounts[{place}].reason")
