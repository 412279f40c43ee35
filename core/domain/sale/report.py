"""The figures of a session: X at any time, Z once at its end. Each is the sum of what happened in it.

A sale is turnover when its receipt exists: it is paid, or given on account. An order that is still open is none; what
was paid for it is a deposit.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from core.domain.sale.calculation import Totals
from core.domain.sale.drawer import CashReport, Closing, DrawerEvent, DrawerKind, Opening, cash_report
from core.domain.sale.errors import Refused
from core.domain.sale.ledger import Ledger, Tenders
from core.domain.sale.refunds import Refund, RefundRequest, Refunds


class Previous(msgspec.Struct, frozen=True):
    """The running figures that a session begins with. The two sums never fall."""

    z_number: int = 0
    sales: int = 0
    refunds: int = 0


FIRST: Final = Previous()


class Booked(msgspec.Struct):
    """An order of a session, with all that was booked for it."""

    totals: Totals
    refunds: Refunds
    done: list[Refund]
    training: bool = False
    on_account: bool = False

    @property
    def ledger(self) -> Ledger:
        return self.refunds.ledger

    @property
    def is_receipt(self) -> bool:
        """Whether it is turnover."""
        return not self.ledger.is_void and (self.on_account or not self.ledger.balance)

    @property
    def is_open(self) -> bool:
        return not self.ledger.is_void and not self.is_receipt


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    sales: int
    refunds: int
    voids: int
    open: int
    no_sale: int
    training: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    sales_gross: int
    refunds_gross: int
    net: int
    tax: int
    discount: int
    service: int
    tips: int
    rounding: int
    receivable: int
    """What is owed on account, less what was paid ahead for open orders."""
    open_amount: int
    voided_amount: int
    turnover: int
    taxes: dict[str, int]
    payments: dict[str, int]
    """By tender, less change and refunds."""
    counts: Counts
    z_number: int
    grand_sales: int
    grand_refunds: int

    @property
    def grand_net(self) -> int:
        return self.grand_sales - self.grand_refunds


class Session:
    """A drawer session with its orders, as they come. An act that is refused changes nothing."""

    def __init__(self, opening: Opening, tenders: Tenders, previous: Previous = FIRST) -> None:
        self._opening = opening
        self._tenders = tenders
        self._previous = previous
        self._drawer: list[DrawerEvent] = []
        self.orders: list[Booked] = []

    def sale(self, totals: Totals, ledger: Ledger, *, training: bool = False, on_account: bool = False) -> Booked:
        """An order with its payments."""
        booked = Booked(totals, Refunds(totals, ledger, self._tenders), [], training, on_account)
        self.orders.append(booked)
        return booked

    def refund(self, sale: int, request: RefundRequest) -> Refund:
        """Raises `Refused`."""
        booked = self._order(sale)
        refund = booked.refunds.refund(request)
        booked.done.append(refund)
        return refund

    def void(self, sale: int) -> None:
        """Raises `Refused` for what has a receipt, or money."""
        booked = self._order(sale)
        if booked.is_receipt:
            raise Refused("receipt_issued", "This order has a receipt. Refund it instead.")
        booked.refunds.ledger = booked.ledger.void()

    def move_cash(self, event: DrawerEvent) -> None:
        """Cash that is no payment."""
        self._drawer.append(event)

    def cash(self, closing: Closing | None = None) -> CashReport:
        """The cash expected in the drawer, with that of its sales."""
        moved = [
            DrawerEvent(DrawerKind.CASH_PAYMENT if amount > 0 else DrawerKind.REFUND, abs(amount))
            for booked in self._counted()
            for tender, amount in booked.ledger.held_by().items()
            if tender in self._tenders.cash
        ]
        return cash_report(self._opening, (*self._drawer, *moved), closing)

    def report(self) -> Report:
        """The figures so far."""
        counted = list(self._counted())
        receipts = [booked for booked in counted if booked.is_receipt]
        still_open = [booked for booked in counted if booked.is_open]
        voided = [booked for booked in counted if booked.ledger.is_void]
        refunds = [refund for booked in receipts for refund in booked.done]
        sales_gross = sum(booked.totals.total for booked in receipts)
        refunds_gross = sum(refund.value for refund in refunds)
        net = sum(booked.totals.net for booked in receipts) - sum(refund.net for refund in refunds)
        return Report(
            sales_gross=sales_gross,
            refunds_gross=refunds_gross,
            net=net,
            tax=sales_gross - refunds_gross - net,
            discount=sum(booked.totals.discount for booked in receipts) - sum(refund.discount for refund in refunds),
            service=_service(receipts) - sum(refund.service for refund in refunds),
            tips=sum(booked.ledger.tips for booked in counted),
            rounding=sum(booked.ledger.rounding for booked in counted),
            receivable=sum(booked.ledger.balance for booked in receipts)
            - sum(booked.ledger.settled for booked in still_open),
            open_amount=sum(booked.ledger.balance for booked in still_open),
            voided_amount=sum(booked.totals.total for booked in voided),
            turnover=sales_gross - refunds_gross,
            taxes=_taxes(receipts, refunds),
            payments=_payments(counted),
            counts=Counts(
                sales=len(receipts),
                refunds=len(refunds),
                voids=len(voided),
                open=len(still_open),
                no_sale=sum(event.kind is DrawerKind.NO_SALE for event in self._drawer),
                training=sum(booked.training for booked in self.orders),
            ),
            z_number=self._previous.z_number + 1,
            grand_sales=self._previous.sales + sales_gross,
            grand_refunds=self._previous.refunds + refunds_gross,
        )

    def _counted(self) -> Iterable[Booked]:
        return (booked for booked in self.orders if not booked.training)

    def _order(self, sale: int) -> Booked:
        if type(sale) is not int or not 0 <= sale < len(self.orders):
            raise Refused("bad_event", "The session has no such order.")
        return self.orders[sale]


def _service(receipts: Iterable[Booked]) -> int:
    return sum(charge.gross for booked in receipts for charge in booked.totals.service)


def _taxes(receipts: Iterable[Booked], refunds: Iterable[Refund]) -> dict[str, int]:
    found: dict[str, int] = {}
    for booked in receipts:
        _add(found, {key: total.tax for key, total in booked.totals.taxes.items()})
    for refund in refunds:
        _add(found, {key: -tax for key, tax in refund.taxes.items()})
    return found


def _payments(counted: Iterable[Booked]) -> dict[str, int]:
    found: dict[str, int] = {}
    for booked in counted:
        _add(found, booked.ledger.held_by())
    return found


def _add(to: dict[str, int], what: Mapping[str, int]) -> None:
    for key, amount in what.items():
        to[key] = to.get(key, 0) + amount
