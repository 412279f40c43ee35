"""The remainder of a sale: parts are taken from its items until nothing remains, without losing a unit."""

from collections.abc import Iterable, Sequence

import msgspec

from core.domain.sale.calculation import Item, LineTotals, ServiceTotals, Totals
from core.domain.sale.errors import Refused
from core.domain.sale.rounding import apportion, rounded


class Part(msgspec.Struct, frozen=True):
    """A part of an item: its net, its taxes in the order of the item's set, and its price before discounts."""

    net: int
    taxes: tuple[int, ...]
    list_price: int = 0

    @property
    def tax(self) -> int:
        return sum(self.taxes)

    @property
    def gross(self) -> int:
        return self.net + sum(self.taxes)


class Remaining:
    """The remainder of an item. Parts taken from it add up to it exactly, and none is below zero."""

    def __init__(self, item: Item, list_price: int, *, inclusive: bool) -> None:
        self._keys = tuple(tax.key for tax in item.taxed_by.taxes)
        self._inclusive = inclusive
        self.left = Part(item.net, item.taxes, list_price)

    def take(self, numerator: int, denominator: int) -> Part:
        """Take the fraction `numerator / denominator`, at most 1, of the remainder."""
        left = self.left
        list_price = rounded(left.list_price * numerator, denominator)
        if self._inclusive:
            return self._taken(self._of_gross(rounded(left.gross * numerator, denominator), list_price))
        net, *taxes = (rounded(each * numerator, denominator) for each in (left.net, *left.taxes))
        return self._taken(Part(net, tuple(taxes), list_price))

    def take_gross(self, gross: int) -> Part:
        """Take an amount of money, divided over net and taxes as the remainder is. The list price stays."""
        return self._taken(self._of_gross(gross, 0))

    def take_all(self) -> Part:
        return self._taken(self.left)

    def divide(self, weights: Sequence[int]) -> list[Part]:
        """Divide all of it by weights."""
        left = self.left
        if self._inclusive:
            return [self.take_gross(gross) for gross in apportion(left.gross, weights)]
        net, *taxes = (apportion(each, weights) for each in (left.net, *left.taxes))
        return [self._taken(Part(each[0], each[1:])) for each in zip(net, *taxes, strict=True)]

    def _of_gross(self, gross: int, list_price: int) -> Part:
        left = self.left
        if gross == left.gross:
            return Part(left.net, left.taxes, list_price)
        net, *taxes = apportion(gross, [abs(each) for each in (left.net, *left.taxes)])
        return Part(net, tuple(taxes), list_price)

    def taxes(self, part: Part) -> Iterable[tuple[str, int]]:
        """The part's taxes by the name of their total."""
        return zip(self._keys, part.taxes, strict=True)

    def _taken(self, part: Part) -> Part:
        left = zip(self.left.taxes, part.taxes, strict=True)
        self.left = Part(
            self.left.net - part.net,
            tuple(all_of - taken for all_of, taken in left),
            self.left.list_price - part.list_price,
        )
        return part


class RemainingLine(Remaining):
    """A line, with its quantity and the shares of service charges that follow it."""

    def __init__(self, line: LineTotals, *, inclusive: bool) -> None:
        super().__init__(line.item, line.list_price, inclusive=inclusive)
        self.id = line.id
        self.quantity_milli = line.quantity_milli
        self.shares: list[tuple[ServiceTotals, Remaining]] = []


class RemainingSale:
    """All items of a sale: lines in order, then service charges in order."""

    def __init__(self, totals: Totals) -> None:
        inclusive = totals.inclusive
        self.inclusive = inclusive
        self.lines = {line.id: RemainingLine(line, inclusive=inclusive) for line in totals.lines}
        self.charges: list[tuple[ServiceTotals, Remaining]] = []
        """Service charges that follow no lines."""
        self.service: list[Remaining] = []
        lines = list(self.lines.values())
        for charge in totals.service:
            items = [Remaining(item, item.amount, inclusive=inclusive) for item in charge.items]
            self.service += items
            if charge.lines is not None:
                for position, item in zip(charge.lines, items, strict=True):
                    lines[position].shares.append((charge, item))
            else:
                self.charges += [(charge, item) for item in items]
        self.items: list[Remaining] = [*lines, *self.service]

    @property
    def gross(self) -> int:
        return sum(item.left.gross for item in self.items)

    def line(self, line_id: str) -> RemainingLine:
        """Raises `Refused`."""
        found = self.lines.get(line_id)
        if found is None:
            raise Refused("no_such_line", f"The order has no line {line_id!r}.")
        return found
