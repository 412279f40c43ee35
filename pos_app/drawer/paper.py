"""A report of a drawer on the screen and on paper."""

from PySide6.QtWidgets import QWidget
from typing_extensions import override

from core.domain.drawers import DrawerAct
from core.domain.order import Tender
from core.protocol.drawers import SignedReport, ZReport
from core.ui.jobs import Jobs
from core.ui.receipt import ROLL_80, Fact, Paper, Sum, summary_html
from core.ui.text import _, allowed_text, clock, date, drawer_act_label, figure, money, rates_of, tender_label
from core.ui.theme import Theme
from core.ui.widgets.receipt import PaperDialog

Row = Sum | Fact | None
"""None: a rule."""


class ReportDialog(PaperDialog):
    """A preview of an X, a Z or a supplement, to be printed or kept as a PDF."""

    def __init__(self, signed: SignedReport, theme: Theme, jobs: Jobs, parent: QWidget | None = None) -> None:
        self._signed = signed
        report = signed.report
        turnover = _("Turnover {amount}").format(amount=money(report.turnover_minor, report.currency))
        super().__init__(theme, jobs, title_of(report), turnover, file_of(report), parent)
        self.setObjectName("report_dialog")

    @override
    def text(self, paper: Paper = ROLL_80) -> str:
        report = self._signed.report
        return summary_html(report.shop, title_of(report), rows_of(self._signed), report.currency, paper)


def title_of(report: ZReport) -> str:
    """`POS1 · Z 12`, with the number of a supplement to it."""
    if not report.number:
        return f"{report.device} · X"
    title = f"{report.device} · Z {report.number}"
    if not report.supplement:
        return title
    supplement = _("supplement {number}").format(number=figure(report.supplement))
    return f"{title} · {supplement}"


def file_of(report: ZReport) -> str:
    number = f"Z{report.number}" if report.number else "X"
    return f"{report.device}-{number}" + (f"-{report.supplement}" if report.supplement else "")


def rows_of(signed: SignedReport) -> list[Row]:
    """The report's text, from top to bottom."""
    report = signed.report
    return [*_head(report), None, *_turnover(report), None, *_drawer(report), None, *_ends(signed)]


def _head(report: ZReport) -> list[Row]:
    opened = f"{date(report.opened_at)} {clock(report.opened_at)} · {report.opened_by}"
    rows: list[Row] = [Fact(_("Business day"), report.business_date), Fact(_("Opened"), opened)]
    if report.closed_at is not None:
        closed = f"{date(report.closed_at)} {clock(report.closed_at)} · {report.closed_by}"
        rows.append(Fact(_("Closed"), closed))
    return rows


def _turnover(report: ZReport) -> list[Row]:
    sums: list[Row] = [
        Sum(_("Sales ({count})").format(count=figure(report.sales)), report.sales_minor),
        Sum(_("Given back ({count})").format(count=figure(report.refunds)), report.refunds_minor),
        Sum(_("Turnover"), report.turnover_minor, strong=True),
        Sum(_("Without tax"), report.net_minor),
        Sum(_("Tax"), report.tax_minor),
    ]
    for group, minor in sorted(report.gross.items()):
        if group:
            sums.append(Sum(rates_of(group), minor))
            sums.append(Sum(_("Tax of it"), report.taxes.get(group, 0)))
    more = (
        (_("Discounts"), report.discount_minor),
        (_("Service charges"), report.service_minor),
        (_("Tips"), report.tips_minor),
        (_("Rounding"), report.rounding_minor),
        (_("Owed, less paid ahead"), report.receivable_minor),
        (_("Called off unpaid ({count})").format(count=figure(report.voids)), report.voided_minor),
        (_("Still to be paid ({count})").format(count=figure(report.open_orders)), report.open_minor),
    )
    sums += [Sum(name, minor) for name, minor in more if minor]
    sums += [Sum(tender_label(Tender.newer(name)), minor) for name, minor in sorted(report.payments.items())]
    if report.corrections:
        sums.append(Fact(_("Payments taken back"), figure(report.corrections)))
    return sums


def _drawer(report: ZReport) -> list[Row]:
    rows: list[Row] = []
    for act, moved in report.moved.items():
        words = f"{drawer_act_label(DrawerAct.newer(act))} ({figure(moved.count)})"
        rows.append(Sum(words, moved.amount_minor))
    cash = report.cash
    if cash is None:
        return rows
    rows.append(Sum(_("Float"), cash.float_minor))
    if cash.opening_difference_minor:
        rows.append(Sum(_("Differs from what was left"), cash.opening_difference_minor))
    rows += [Sum(_("Cash of orders"), cash.payments_minor), Sum(_("Should be there"), cash.expected_minor)]
    if cash.counted_minor is not None:
        if cash.first_counted_minor is not None and cash.first_counted_minor != cash.counted_minor:
            rows.append(Sum(_("Counted first"), cash.first_counted_minor))
        rows.append(Sum(_("Counted"), cash.counted_minor))
        rows.append(Sum(_("Difference"), cash.difference_minor or 0, strong=True))
        rows.append(Sum(_("Taken out of the drawer"), cash.deposit_minor))
        rows.append(Sum(_("Left in the drawer"), cash.left_minor or 0))
    if cash.explanation:
        rows.append(Fact(_("Why it differs"), cash.explanation))
    return rows


def _ends(signed: SignedReport) -> list[Row]:
    report = signed.report
    rows: list[Row] = [
        Sum(_("Sales, ever"), report.grand_sales_minor),
        Sum(_("Given back, ever"), report.grand_refunds_minor),
        Sum(_("Turnover, ever"), report.grand_net_minor),
    ]
    for each in report.approvals:
        act = DrawerAct.newer(each.about)
        about = drawer_act_label(act) if act.is_known else each.about
        words = " · ".join((clock(each.at), about, each.by, allowed_text(each.approver)))
        rows.append(Fact(_("Allowed once"), words))
    if report.not_arrived:
        rows.append(Fact(_("Had not arrived"), figure(len(report.not_arrived))))
    for till in report.unheard:
        heard = till.last_contact_at
        when = f"{date(heard)} {clock(heard)}" if heard is not None else _("never")
        rows.append(Fact(_("{pos} last heard of").format(pos=till.device), when))
    if signed.hash:
        rows.append(Fact(_("Hash"), signed.hash))
        rows.append(Fact(_("Hash before"), report.previous_hash or "–"))
    return rows
