"""The next payment of an order: all that is due, an equal share, or some of its items; and a tip."""

from collections.abc import Sequence

import msgspec

from core.domain.commands import RefundLine
from core.domain.order import Order
from core.domain.payment import payments_of, tip_of, to_pay_minor
from core.domain.refund import line_ids, value_of
from core.domain.sale.splits import equal_shares

ITEMS = 0
"""In place of a number of shares: by items."""


class Split(msgspec.Struct, frozen=True):
    """The division of an order into payments."""

    shares: int = 1
    """Equal ones that are left; `ITEMS`: by items."""
    chosen: tuple[int, ...] = ()
    """Of each line, the items that are paid next."""
    paid: tuple[int, ...] = ()
    """Of each line, those that were paid by items."""

    def part_minor(self, order: Order) -> int:
        """The amount of the next payment without the tip. The last items get the remainder of the division."""
        due_minor = to_pay_minor(order)
        if self.shares != ITEMS:
            return equal_shares(due_minor, self.shares)[0]
        before, chosen = self._of(order, self.paid), self._of(order, self.chosen)
        now = [paid + more for paid, more in zip(before, chosen, strict=True)]
        return min(due_minor, value_of(order, _lines(order, now)) - value_of(order, _lines(order, before)))

    def tip_minor(self, order: Order, percent: int) -> int:
        return tip_of(order, self.part_minor(order) or order.total_minor, percent)

    def left(self, order: Order) -> list[int]:
        """The number of items of each line that were not paid yet, item by item."""
        return [line.quantity - paid for line, paid in zip(order.lines, self._of(order, self.paid), strict=True)]

    def after(self, before: Order, order: Order) -> "Split":
        """Once the order is as it is now: one share fewer is left, and the items that were paid are."""
        then, now = payments_of(before), payments_of(order)
        if len(now) <= len(then):
            # Of one that was taken back nobody knows for which items it was.
            return self if now == then else Split(self.shares)
        if self.shares != ITEMS:
            return Split(max(1, self.shares - 1))
        paid = self._of(order, self.paid)
        if now[-1].amount_minor == self.part_minor(before):
            paid = [one + more for one, more in zip(paid, self._of(order, self.chosen), strict=True)]
        return Split(ITEMS, paid=tuple(paid))

    @staticmethod
    def _of(order: Order, counts: Sequence[int]) -> Sequence[int]:
        return counts or [0] * len(order.lines)


def _lines(order: Order, counts: Sequence[int]) -> list[RefundLine]:
    ids = line_ids(order)
    return [RefundLine(id=each, quantity=count) for each, count in zip(ids, counts, strict=True) if count]
