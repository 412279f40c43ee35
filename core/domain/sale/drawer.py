"""A drawer session: the cash expected in a drawer, and the cash counted."""

from collections.abc import Iterable

import msgspec

from core.domain.sale.errors import Refused
from core.domain.sale.rounding import is_whole
from core.wire_enum import WireEnum


class DrawerKind(WireEnum):
    """The kinds of events at a drawer. All but the last three change the expected cash."""

    CASH_PAYMENT = "cash_payment"
    REFUND = "refund"
    """Given back in cash."""
    PAID_IN = "paid_in"
    PAID_OUT = "paid_out"
    DROP = "drop"
    """Taken to the safe."""
    TIP_OUT = "tip_out"
    """A tip that was paid by card and is handed to somebody."""
    NO_SALE = "no_sale"
    """Opened without a sale."""
    CARD_REFUND = "card_refund"
    TRAINING = "training"


_SIGNS = {
    DrawerKind.CASH_PAYMENT: 1,
    DrawerKind.PAID_IN: 1,
    DrawerKind.REFUND: -1,
    DrawerKind.PAID_OUT: -1,
    DrawerKind.DROP: -1,
    DrawerKind.TIP_OUT: -1,
    DrawerKind.NO_SALE: 0,
    DrawerKind.CARD_REFUND: 0,
    DrawerKind.TRAINING: 0,
}


class DrawerEvent(msgspec.Struct, frozen=True):
    kind: DrawerKind
    amount: int = 0
    """Of a payment: what was handed over."""
    change: int = 0

    def __post_init__(self) -> None:
        if self.kind not in _SIGNS:
            raise Refused("bad_event", f"A drawer knows no {self.kind.value!r}.")
        for each in (self.amount, self.change):
            if not is_whole(each):
                raise Refused("bad_amount", "An amount is a whole number of minor units, not below zero.")
        if self.change > self.amount:
            raise Refused("bad_amount", "There cannot be more change than was handed over.")


class Opening(msgspec.Struct, frozen=True):
    counted: int = 0
    previous_left: int | None = None
    """What the session before left in the drawer; None for the first one."""

    @property
    def difference(self) -> int:
        return 0 if self.previous_left is None else self.counted - self.previous_left


class Closing(msgspec.Struct, frozen=True):
    counted: int
    deposit: int = 0
    """What is taken out when the session ends."""

    def __post_init__(self) -> None:
        if not is_whole(self.counted):
            raise Refused("bad_amount", "A count cannot be below zero.")
        if not is_whole(self.deposit, 0, self.counted):
            raise Refused("bad_deposit", "Not more can be taken out than was counted.")


class CashReport(msgspec.Struct, frozen=True, kw_only=True):
    """`counted`, `difference` (above zero: too much) and `left` are None until the session is closed."""

    opening_difference: int
    expected: int
    no_sale: int
    counted: int | None = None
    difference: int | None = None
    left: int | None = None


def count(denominations: Iterable[tuple[int, int]]) -> int:
    """The sum of coins and notes, given as pairs of value and number. Raises `Refused`."""
    whole = 0
    for value, how_many in denominations:
        if not is_whole(value, 1) or not is_whole(how_many):
            raise Refused("bad_amount", "A count is a number of coins or notes of a value.")
        whole += value * how_many
    return whole


def cash_report(opening: Opening, events: Iterable[DrawerEvent], closing: Closing | None = None) -> CashReport:
    """The expected cash, from the opening count, and the difference to the closing count."""
    if not is_whole(opening.counted):
        raise Refused("bad_amount", "A count cannot be below zero.")
    expected, no_sale = opening.counted, 0
    for event in events:
        expected += _SIGNS[event.kind] * (event.amount - event.change)
        no_sale += event.kind is DrawerKind.NO_SALE
    report = CashReport(opening_difference=opening.difference, expected=expected, no_sale=no_sale)
    if closing is None:
        return report
    return msgspec.structs.replace(
        report,
        counted=closing.counted,
        difference=closing.counted - expected,
        left=closing.counted - closing.deposit,
    )
