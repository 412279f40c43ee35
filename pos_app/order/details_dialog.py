"""The dialog of one order: lines, customer, address, totals, and history."""

from datetime import datetime

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QMenu, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.operations import State
from core.domain.amendment import Amendment, line_changes
from core.domain.change_request import RequestStep
from core.domain.order import ChangeRequest, Order, OrderLine, PaymentState, RequestState
from core.domain.payment import PaymentChange, given_back_minor, to_give_back_minor, to_pay_minor
from core.domain.status import look
from core.ui import keys
from core.ui.days import Days
from core.ui.text import (
    _,
    allowed_text,
    change_text,
    channel_label,
    clock,
    day,
    difference_text,
    discount_text,
    error_explanation,
    figure,
    fulfilment_label,
    money,
    payment_label,
    payment_text,
    refund_label,
    refunded_to,
    request_lines,
    status_label,
    tender_label,
    tenders_text,
    window_title,
)
from core.ui.widgets.controls import button, fit_before, keep_room, label, panel, restyle, rule
from core.ui.widgets.pair import Pair
from pos_app.context import PosContext
from pos_app.order.actions import OrderActions
from pos_app.order.card import Own, customer, modifiers, own_words, sums_of
from pos_app.order.details import Change, Details
from pos_app.order.operation_words import did


class DetailsDialog(QDialog):
    """Follows the order while it is open; its buttons do what the card's do."""

    def __init__(self, context: PosContext, actions: OrderActions, order: Order, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self.setObjectName("details_dialog")
        self.setWindowTitle(window_title(order.number))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._theme = theme
        self._actions = actions
        self._now = context.now
        self._details = Details(context, order, actions.own, self)
        self._number = label(order.number, "hero")
        self._status = label(role="badge")
        self._status.setObjectName("details_status")
        self._body = QScrollArea()
        self._body.setWidgetResizable(True)
        self._body.setFrameShape(QFrame.Shape.NoFrame)
        self._body.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._step = button("", theme, "primary", name="details_step")
        self._step.clicked.connect(self._on_step_pressed)
        keep_room(self._step)
        self._more = button(_("More"), theme, icon="more", name="details_more")
        self._more.clicked.connect(self._on_more_pressed)
        self._print = button(_("Print"), theme, icon="print", name="details_print")
        self._print.clicked.connect(self._on_print_pressed)
        close = button(_("Close"), theme, name="details_close")
        close.clicked.connect(self.reject)
        for each in (self._step, self._more, self._print, close):
            each.setAutoDefault(False)
        head = QHBoxLayout()
        head.addWidget(self._number)
        head.addStretch(1)
        head.addWidget(self._status, 0, Qt.AlignmentFlag.AlignVCenter)
        foot = QHBoxLayout()
        foot.setSpacing(theme.space(2))
        foot.addWidget(self._step, 1)
        for each in (self._print, self._more, close):
            foot.addWidget(each)
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme.space(3))
        column.addLayout(head)
        column.addWidget(self._body, 1)
        column.addLayout(foot)
        room = parent.size() if parent is not None else QSize(1280, 800)
        wished = QSize(min(theme.px(600), room.width() - 40), min(theme.px(680), room.height() - 60))
        fit_before(self, parent, wished)
        self.finished.connect(self._details.close)
        self._details.changed.connect(self._show)
        days = Days(context.now, self)
        days.begun.connect(self._show)
        days.start()
        self._show()
        self._step.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- showing

    @Slot()
    def _show(self) -> None:
        order, card = self._details.order, self._details.card
        scrolled = self._body.verticalScrollBar().value()
        self._status.setText(status_label(order.status))
        restyle(self._status, colour=look(order.status).colour)
        # It stays enabled, or Qt would give its focus away. A press meanwhile does nothing.
        self._step.setText(_("Sending…") if card.sending else card.button)
        self._step.setVisible(bool(card.button))
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, self._theme.space(2), 0)
        column.setSpacing(self._theme.space(3))
        if card.held:
            column.addWidget(self._undecided())
        column.addWidget(self._people(order))
        if order.open_request is not None:
            column.addWidget(self._request(order, order.open_request))
        column.addWidget(self._lines(order))
        column.addWidget(self._history())
        column.addStretch(1)
        self._body.setWidget(body)
        self._body.verticalScrollBar().setValue(scrolled)

    def _panel(self) -> tuple[QFrame, QVBoxLayout]:
        frame, column = panel("card")
        margin = self._theme.space(4)
        column.setContentsMargins(margin, self._theme.space(3), margin, self._theme.space(3))
        column.setSpacing(self._theme.space(1))
        return frame, column

    def _undecided(self) -> QFrame:
        """This till's operations that the server does not have, and why."""
        held = next(each for each in self._actions.operations(self._details.order.id) if each.held)
        frame, column = self._panel()
        frame.setObjectName("details_undecided")
        own = Own.CONFLICT if held.state is State.CONFLICT else Own.PARKED
        column.addWidget(label(f"▲ {own_words(own)} · {did(held)}", "error", wrap=True))
        if held.state is State.CONFLICT:
            words = _("What was done here did not fit the order any more, and is not done. Decide what becomes of it.")
        else:
            words = _(held.problem)
        column.addWidget(label(words, wrap=True))
        return frame

    def _people(self, order: Order) -> QFrame:
        frame, column = self._panel()
        column.addWidget(label(customer(order), "strong", wrap=True))
        placed = _("Placed {when}").format(when=self._when(order.placed_at))
        facts = (fulfilment_label(order.fulfilment), channel_label(order.channel), placed)
        for words in (order.customer_phone, " · ".join(facts), order.address):
            if words and words != customer(order):
                column.addWidget(_selectable(words))
        if order.follows:
            column.addWidget(_selectable(_("In place of {number}").format(number=order.follows)))
        if order.note:
            column.addWidget(label(f"“{order.note}”", "remark", wrap=True))
        if order.reason:
            column.addWidget(label(_("Reason: {reason}").format(reason=order.reason), "error", wrap=True))
        return frame

    def _request(self, order: Order, request: ChangeRequest) -> QFrame:
        """The open change request, and the two answers."""
        frame, column = self._panel()
        frame.setObjectName("details_request")
        column.addWidget(label(_("The customer asks for a change"), "error", wrap=True))
        for words in request_lines(order, request):
            column.addWidget(label(words, "strong", wrap=True))
        total = money(request.total_minor, order.currency)
        words, _colour = difference_text(order, request.total_minor)
        column.addWidget(
            label(_("It comes to {total} then: {difference}").format(total=total, difference=words), wrap=True)
        )
        grown = self._actions.discount_grows(order)
        if grown:
            words_of_discount = label(grown, "error", wrap=True)
            words_of_discount.setObjectName("details_discount_grows")
            column.addWidget(words_of_discount)
        accept = button(_("Accept"), self._theme, "primary", name="details_accept")
        accept.clicked.connect(self._on_accept_pressed)
        decline = button(_("Decline…"), self._theme, name="details_decline")
        decline.clicked.connect(self._on_decline_pressed)
        for each in (accept, decline):
            each.setAutoDefault(False)
            each.setDisabled(self._details.card.held or self._details.card.sending)
        column.addWidget(Pair(self._theme, accept, decline))
        return frame

    def _lines(self, order: Order) -> QFrame:
        frame, column = self._panel()
        grid = QGridLayout()
        grid.setHorizontalSpacing(self._theme.space(3))
        grid.setVerticalSpacing(self._theme.space(1))
        grid.setColumnStretch(1, 1)
        for line in order.lines:
            self._line(grid, line, order.currency)
        column.addLayout(grid)
        column.addWidget(rule())
        sums = QGridLayout()
        sums.setColumnStretch(0, 1)
        rows = [(words, minor, "muted") for words, minor in sums_of(order)]
        for row, (words, amount_minor, role) in enumerate([*rows, (_("Total"), order.total_minor, "number")]):
            sums.addWidget(label(words, role, wrap=True), row, 0)
            sums.addWidget(label(money(amount_minor, order.currency), role), row, 1, Qt.AlignmentFlag.AlignTrailing)
        column.addLayout(sums)
        unpaid = order.payment is PaymentState.UNPAID
        if refund_label(order):
            back = label(f"{refund_label(order)} · {refunded_to(order)}", "error", wrap=True)
            back.setObjectName("details_refunded")
            column.addWidget(back)
        paid = _("Not paid yet") if unpaid else payment_label(order.payment, order.tender)
        column.addWidget(label(f"{paid} · {tender_label(order.tender)}" if not order.payments else paid, "strong"))
        for each in order.payments:
            words = payment_text(each, order.currency)
            if each.refunded_minor and not order.refunded_minor:  # as it came to less
                words += " · " + _("Given back: {amount}").format(amount=money(each.refunded_minor, order.currency))
            column.addWidget(label(words, wrap=True))
        for words, due_minor in (
            (_("Given back: {amount}"), given_back_minor(order) if order.refunded_minor else 0),
            (_("To pay: {amount}"), to_pay_minor(order)),
            (_("To give back: {amount}"), to_give_back_minor(order)),
        ):
            if due_minor:
                due = label(words.format(amount=money(due_minor, order.currency)), "error", wrap=True)
                due.setObjectName("details_due")
                column.addWidget(due)
        return frame

    def _line(self, grid: QGridLayout, line: OrderLine, currency: str) -> None:
        row, top = grid.rowCount(), Qt.AlignmentFlag.AlignTop
        grid.addWidget(label(figure(line.quantity), "strong"), row, 0, top)
        grid.addWidget(label(line.name, wrap=True), row, 1, top)
        grid.addWidget(label(money(line.total_minor, currency)), row, 2, top | Qt.AlignmentFlag.AlignTrailing)
        if line.modifiers:
            grid.addWidget(label(modifiers(line), "small", wrap=True), row + 1, 1)
        if line.note:
            grid.addWidget(label(f"“{line.note}”", "remark", wrap=True), row + 2, 1)
        if line.discount is not None:
            grid.addWidget(label(discount_text(line.discount, currency), "small", wrap=True), row + 3, 1)
            off = label(money(-line.discount_minor, currency), "small")
            grid.addWidget(off, row + 3, 2, top | Qt.AlignmentFlag.AlignTrailing)
        if line.refunded_quantity:
            taken = _("{count} taken back").format(count=figure(line.refunded_quantity))
            grid.addWidget(label(taken, "error", wrap=True), row + 4, 1)

    def _history(self) -> QFrame:
        frame, column = self._panel()
        frame.setObjectName("details_history")
        column.addWidget(label(_("History"), "strong"))
        if self._details.error is not None:
            column.addWidget(label(error_explanation(self._details.error), "error", wrap=True))
            again = button(_("Try again"), self._theme, name="details_retry")
            again.clicked.connect(self._details.retry)
            column.addWidget(again)
        elif not self._details.history:
            words = _("Loading…") if self._details.loading else _("The server does not have this order yet.")
            column.addWidget(label(words, "muted", wrap=True))
        for change in self._details.history:
            column.addWidget(label(self._change_text(change), wrap=True))
        return frame

    def _change_text(self, change: Change) -> str:
        if isinstance(change, RequestStep):
            return self._request_text(change)
        who = " · ".join(filter(None, (change.by, allowed_text(change.approver), change.device)))
        if isinstance(change, PaymentChange):
            what = _paid(change, self._details.order.currency)
            who = who or _("who did it was not kept then")
        elif isinstance(change, Amendment):
            what = _amended(change.before, self._details.after(change))
            if self._details.is_asked_for(change):
                what += "\n" + _("as the customer asked for")
        else:
            what = status_label(change.target)
        words = f"{self._when(change.at)}   {what}"
        if who:
            words += f"   {who}"
        return words + (f"\n“{change.reason}”" if change.reason else "")

    def _request_text(self, step: RequestStep) -> str:
        request, order = step.request, self._details.order
        what = {
            RequestState.ASKED: _("Asked for a change"),
            RequestState.DECLINED: _("Change declined"),
            RequestState.WITHDRAWN: _("Change not wanted any more"),
        }.get(request.state, request.state.readable)
        told = [f"{self._when(step.at)}   {what}   {' · '.join(filter(None, (step.by, step.device)))}".rstrip()]
        if request.state is RequestState.ASKED:
            told += [*map(change_text, request.changes), money(request.total_minor, order.currency)]
        return "\n".join(told) + (f"\n“{request.reason}”" if request.reason else "")

    def _when(self, at: datetime) -> str:
        return f"{day(at, self._now())} {clock(at)}"

    # -- acting

    @Slot()
    def _on_step_pressed(self) -> None:
        self._actions.do("step", self._details.order.id)

    @Slot()
    def _on_print_pressed(self) -> None:
        self._actions.do("print", self._details.order.id)

    @Slot()
    def _on_accept_pressed(self) -> None:
        self._actions.do("accept", self._details.order.id)

    @Slot()
    def _on_decline_pressed(self) -> None:
        self._actions.do("decline", self._details.order.id)

    @Slot()
    def _on_more_pressed(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("order_menu")
        self._actions.fill_menu(menu, self._details.order, details=False)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The board's keys work here as well."""
        what = {Qt.Key.Key_Backspace: "recall", Qt.Key.Key_Delete: "cancel"}.get(Qt.Key(event.key()))
        if what is not None and keys.is_alone(event):
            self._actions.do(what, self._details.order.id)
        else:
            super().keyPressEvent(event)


def _amended(before: Order, after: Order) -> str:
    """The differences between two versions of an order."""
    told = [change_text(each) for each in line_changes(before, after)]
    if before.fulfilment is not after.fulfilment:
        told.append(fulfilment_label(after.fulfilment))
    named = ("customer_name", "customer_phone", "note", "address")
    told += [getattr(after, name) for name in named if getattr(before, name) != getattr(after, name)]
    if before.total_minor != after.total_minor:
        sums = (money(each.total_minor, after.currency) for each in (before, after))
        told.append(" → ".join(sums))
    return "\n".join((_("Order changed"), *filter(None, told)))


def _paid(change: PaymentChange, currency: str) -> str:
    """The text for a change of the payment."""
    told = [_("Taken back: {payment}").format(payment=payment_text(each, currency)) for each in change.undone]
    told += [_("Paid: {payment}").format(payment=payment_text(each, currency)) for each in change.taken]
    if change.charged_minor > 0:
        told.append(_("Charged more: {amount}").format(amount=money(change.charged_minor, currency)))
    elif change.charged_minor < 0:
        told.append(_("Charged less: {amount}").format(amount=money(-change.charged_minor, currency)))
    if change.charged_minor and change.returned:
        back = {each.tender: each.amount_minor for each in change.returned}
        told.append(_("Given back: {amount}").format(amount=tenders_text(back, currency)))
    if told:
        return "\n".join(told)
    if change.target is PaymentState.UNPAID:
        undone = change.source is PaymentState.PAID
        words = _("Not paid after all") if undone else _("Not paid yet")
    else:
        words = payment_label(change.target, change.tender)
    if change.refunded_minor and change.target is PaymentState.PAID:
        words = _("Refunded {amount}").format(amount=money(change.refunded_minor, currency))
    if len(change.returned) > 1:
        back = {each.tender: each.amount_minor for each in change.returned}
        return f"{words} · {tenders_text(back, currency)}"
    return f"{words} · {tender_label(change.tender)}"


def _selectable(words: str) -> QWidget:
    text = label(words, wrap=True)
    text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return text
