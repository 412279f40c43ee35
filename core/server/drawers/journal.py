"""Making the day journal. See `core.protocol.journal`."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from core.domain.drawers import DrawerAct
from core.domain.ids import DeviceId, ShopId
from core.domain.order import Tender
from core.domain.sale.business_day import began
from core.domain.sale.turnover import Figures, figures
from core.instants import to_us, zone
from core.protocol.drawers import ZReport
from core.protocol.journal import (
    FLOAT,
    OVER_SHORT,
    PAID_IN,
    PAID_OUT,
    RECEIVABLES,
    ROUNDING,
    SAFE,
    SALES,
    TAX,
    TIPS,
    Journal,
    Posting,
    tender_account,
)
from core.server.drawers.reports import figures_of
from core.store import drawers, shops, z_reports
from core.store.sql.statements import Transaction

_CASH: Final = tender_account(Tender.CASH)
_MOVES: Final = {
    DrawerAct.PAID_IN: (_CASH, PAID_IN),
    DrawerAct.PAID_OUT: (PAID_OUT, _CASH),
    DrawerAct.DROP: (SAFE, _CASH),
    DrawerAct.TIP_OUT: (TIPS, _CASH),
}
"""Which account is debited and which is credited by what is done at a drawer."""
_Amount = tuple[str, int, str, str]
"""Of an account: above zero a debit, below it a credit; with the taxes, and a text."""


def journal(transaction: Transaction, shop_id: ShopId, first: date, last: date) -> Journal:
    """The postings of these business days, both included, in the order in which they were booked."""
    shop = shops.get(transaction, shop_id)
    if shop is None:
        raise LookupError(f"there is no shop {shop_id}")
    where, postings = zone(shop.time_zone), list[Posting]()
    for ahead in range((last - first).days + 1):
        day = first + timedelta(days=ahead)
        from_us, until_us = (to_us(began(each, where)) for each in (day, day + timedelta(days=1)))
        loose = figures(drawers.booked_without(transaction, shop_id, from_us, until_us))
        postings += _postings(_of_figures(loose), str(day), "", str(day))
        for kept in z_reports.made_between(transaction, shop_id, from_us, until_us):
            report = kept.report
            name = f"{report.device} Z {report.number}"
            name += f", supplement {report.supplement}" if report.supplement else ""
            amounts = (*_of_figures(figures_of(report)), *_of_drawer(transaction, shop_id, report))
            postings += _postings(amounts, str(day), name, report.business_date, report.device)
    return Journal(
        first=str(first),
        last=str(last),
        currency=shop.currency,
        postings=tuple(postings),
        unclosed=tuple(map(DeviceId, drawers.unclosed(transaction, shop_id))),
    )


def _of_figures(found: Figures) -> Iterator[_Amount]:
    """The postings of sales and payments: money on one side, its cause on the other."""
    for tender, amount in sorted(found.payments.items()):
        yield tender_account(tender), amount, "", ""
    yield RECEIVABLES, found.receivable_minor, "", ""
    for group, gross in sorted(found.gross.items()):
        yield SALES, found.taxes.get(group, 0) - gross, group, ""
    for group, tax in sorted(found.taxes.items()):
        yield TAX, -tax, group, ""
    yield TIPS, -found.tips_minor, "", ""
    yield ROUNDING, -found.rounding_minor, "", ""


def _of_drawer(transaction: Transaction, shop_id: ShopId, report: ZReport) -> Iterator[_Amount]:
    """The postings of cash that was no payment: movements, and differences of counts."""
    cash = report.cash
    session = drawers.get(transaction, shop_id, report.session)
    if cash is None or session is None:
        return
    difference = cash.difference_minor or 0
    if report.supplement:
        before = z_reports.of_session(transaction, shop_id, report.session)[report.supplement - 1].report.cash
        if before is not None:
            difference -= before.difference_minor or 0
        yield from _moved(_CASH, OVER_SHORT, difference, "expected otherwise")
        return
    if drawers.left_before_minor(transaction, shop_id, session) is None:
        yield from _moved(_CASH, FLOAT, cash.float_minor, "first opening")
    yield from _moved(_CASH, OVER_SHORT, cash.opening_difference_minor, "counted at the opening")
    for entry in session.entries:
        if entry.act in _MOVES:
            yield from _moved(*_MOVES[entry.act], entry.amount_minor, f"{entry.by}: {entry.reason}")
    yield from _moved(_CASH, OVER_SHORT, difference, cash.explanation)
    yield from _moved(SAFE, _CASH, cash.deposit_minor, "taken out at the closing")


def _moved(debited: str, credited: str, amount: int, text: str) -> tuple[_Amount, _Amount]:
    return (debited, amount, "", text), (credited, -amount, "", text)


def _postings(amounts: Iterable[_Amount], day: str, document: str, of_day: str, device: str = "") -> Iterator[Posting]:
    """A line for each amount that is not 0."""
    for account, amount, group, text in amounts:
        if amount:
            yield Posting(
                day=day,
                document=document,
                of_day=of_day,
                device=DeviceId(device),
                account=account,
                group=group,
                debit_minor=max(amount, 0),
                credit_minor=max(-amount, 0),
                text=text,
            )
