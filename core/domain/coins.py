"""Cash rounding of orders: what is paid or given back in coins is rounded, and each share of it by itself (R9, R16).

Commands say what rounding adds, as the till has shown it: so what was booked is what was handed over, whatever the shop
sets meanwhile, and a prediction needs no setting.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from core.domain.commands import AmendOrder, ChangePayment, NewPayment, RefundOrder, RefundRounding
from core.domain.errors import IllegalMove, InvalidOrder
from core.domain.order import Order, Payment, PaymentState, Tender
from core.domain.payment import needed_minor, rounding_back, with_payments
from core.domain.refund import back_by, by_tender, held_minor, refundable_minor
from core.domain.sale.rounding import CashRounding
from core.domain.tenders import TENDERS, ShopTender

M = TypeVar("M")
P = TypeVar("P", bound=NewPayment)
R = TypeVar("R", bound=RefundOrder | ChangePayment)
_ROUNDED_OTHERWISE: Final = "Cash is rounded in another way here. Look at the amount, and take it again."


class Coins(msgspec.Struct, frozen=True):
    """A shop's rounding of amounts that are paid in coins."""

    tenders: Collection[Tender] = ()
    roundings: tuple[CashRounding, ...] = ()
    """How it does now, and how it did before: a till may not have been told yet. None: it never has."""

    @classmethod
    def of(cls, tenders: Sequence[ShopTender], roundings: tuple[CashRounding, ...]) -> "Coins":
        return cls(frozenset(each.id for each in tenders or TENDERS if each.rounds), roundings)

    @property
    def now(self) -> CashRounding:
        return self.roundings[0] if self.roundings else CashRounding()

    def added_minor(self, tender: Tender, amount_minor: int) -> int:
        """The rounding of an amount paid by this tender: above zero, it is added."""
        return self.now.of(amount_minor) - amount_minor if tender in self.tenders else 0

    def rounded(self, order: Order, asked: M) -> M:
        """A change of the order's money, with what rounding adds said in it. Raises `IllegalMove`, `InvalidOrder`."""
        if isinstance(asked, NewPayment):
            return self.rounded_payment(order, asked)
        if isinstance(asked, RefundOrder):
            return self._refund(order, asked, back_by(order, asked))
        if isinstance(asked, ChangePayment) and asked.payment is PaymentState.REFUNDED:
            return self._refund(order, asked, by_tender(order, refundable_minor(order)))
        return asked

    def rounded_payment(self, order: Order, asked: P) -> P:
        exact_minor = needed_minor(order, asked)
        if self.tenders and asked.tender not in self.tenders and (asked.given_minor or 0) > exact_minor:
            raise InvalidOrder("Only cash gives change.", "given_minor")
        added_minor = self.added_minor(asked.tender, exact_minor)
        if asked.rounding_minor is not None:
            could = {each.of(exact_minor) - exact_minor for each in self.roundings if asked.tender in self.tenders}
            if asked.rounding_minor not in {0, *could}:
                raise IllegalMove(_ROUNDED_OTHERWISE, "rounding_minor")
            return asked
        given_minor = asked.given_minor
        if given_minor is not None and exact_minor <= given_minor < exact_minor + added_minor:
            given_minor = None  # a till that does not round was given as much as it asked for
        return msgspec.structs.replace(asked, rounding_minor=added_minor, given_minor=given_minor)

    def rounded_whole(self, order: Order) -> Order:
        """An order that a client of an earlier release says is paid whole, with what rounding added to that."""
        added_minor = self.added_minor(order.tender, order.total_minor)
        if order.payment is not PaymentState.PAID or order.payments or not added_minor or order.refunded_minor:
            return order
        given_minor = order.given_minor
        if given_minor is not None and given_minor <= order.total_minor + added_minor:
            given_minor = None
        paid = Payment(order.tender, order.total_minor, given_minor=given_minor, rounding_minor=added_minor)
        return with_payments(order, (paid,))

    def _refund(self, order: Order, asked: R, back: Mapping[Tender, int]) -> R:
        """The refund with its rounding. One that empties the order is not rounded, but for tenders with a tip: all the
        money held goes back."""
        if sum(back.values()) == refundable_minor(order):
            back = {tender: value for tender, value in back.items() if held_minor(order, tender)[1]}
        if not back:
            return msgspec.structs.replace(asked, rounding=())
        found = [
            tuple(RefundRounding(*one) for one in self._added_back(order, back, each).items()) for each in self._all
        ]
        if asked.rounding is None:
            return msgspec.structs.replace(asked, rounding=found[0])
        if asked.rounding not in (*found, ()):
            raise IllegalMove(_ROUNDED_OTHERWISE, "rounding")
        return asked

    def amended_back(
        self, order: Order, asked: AmendOrder, back: Mapping[Tender, int], *, empties: bool
    ) -> dict[Tender, int]:
        """The rounding of the amounts that an amendment gives back by these tenders: a part of the order or, where it
        `empties` the order, all that is left. The POS's own is taken if it is possible. Raises `IllegalMove`."""
        could = (
            self._emptied(order, back, each) if empties else self._added_back(order, back, each) for each in self._all
        )
        found = [{tender: minor for tender, minor in each.items() if minor} for each in could]
        if asked.rounding is None:
            return found[0]
        said = {each.tender: each.minor for each in asked.rounding}
        unrounded = {tender: minor for tender, minor in rounding_back(order).items() if minor} if empties else {}
        if said not in (*found, unrounded):
            raise IllegalMove(_ROUNDED_OTHERWISE, "rounding")
        return said

    @property
    def _all(self) -> tuple[CashRounding, ...]:
        return self.roundings or (CashRounding(),)

    def _emptied(self, order: Order, back: Mapping[Tender, int], rounding: CashRounding) -> dict[Tender, int]:
        tipped = {tender: value for tender, value in back.items() if held_minor(order, tender)[1]}
        return rounding_back(order) | self._added_back(order, tipped, rounding)

    def _added_back(self, order: Order, back: Mapping[Tender, int], rounding: CashRounding) -> dict[Tender, int]:
        found = {}
        for tender, value_minor in back.items():
            held, tips = held_minor(order, tender)
            coins = min(rounding.of(value_minor), rounding.at_most(max(0, held - rounding.of(tips))))  # tips stay
            if tender in self.tenders and coins != value_minor:
                found[tender] = coins - value_minor
        return found


NO_COINS: Final = Coins()
