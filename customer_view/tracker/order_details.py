"""The details of one order: its status, contents, and the customer's actions."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QStackedLayout, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.operations import Kind
from core.domain.ids import OrderId
from core.domain.order import Order
from core.domain.status import CALLED_OFF, Fulfilment, OrderStatus
from core.ui.text import _, fulfilment_label, payment_label
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import Freshness
from core.ui.widgets.controls import button, label
from core.ui.widgets.pair import Pair
from core.ui.widgets.scroll import VerticalScroll
from customer_view.refresh_button import RefreshButton
from customer_view.tracker.decision import Decision
from customer_view.tracker.order_sheet import OrderSheet
from customer_view.tracker.presenter import Tracker
from customer_view.tracker.request_panel import RequestPanel
from customer_view.tracker.status_band import StatusBand
from customer_view.tracker.stepper import Stepper, steps
from customer_view.words import title, when

_LARGE = 150


class OrderDetails(QFrame):
    """Shows the tracker's order, and keeps the tracker running while visible."""

    cancel_asked = Signal()
    change_asked = Signal()

    def __init__(self, theme: Theme, tracker: Tracker, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.setObjectName("order_details")
        self._tracker = tracker
        self._now = now
        # In the largest letters it would be wider than half of a small screen.
        self._number = label(role="hero" if theme.text_scale <= _LARGE else "title")
        self._number.setObjectName("order_number")
        self._handover = label(role="muted", wrap=True)
        self._handover.setObjectName("order_handover")
        self._placed = label(role="number")
        self._stepper = Stepper(theme)
        self._band = StatusBand(theme)
        self._decision = Decision(theme)
        self._decision.given_up.connect(tracker.give_up)
        self._decision.asked_again.connect(tracker.ask_again)
        self._request = RequestPanel(theme)
        self._request.withdrawn.connect(tracker.withdraw_request)
        self._sheet = OrderSheet(theme)
        self.refresh = RefreshButton(_("Refresh status"), tracker.refresher, theme, "refresh_status")
        self._freshness = Freshness(tracker.refresher)
        self._freshness.setObjectName("status_freshness")
        self._cancel = button(_("Cancel order"), theme, "danger", name="cancel_order")
        self._cancel.clicked.connect(self.cancel_asked)
        self._change = button(_("Ask for a change"), theme, name="ask_change")
        self._change.clicked.connect(self.change_asked)
        self._nothing = label(_("Here you see where your order stands."), "muted", wrap=True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._shown_id: OrderId | None = None
        self._chosen = QWidget()
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._nothing)
        self._pages.addWidget(self._chosen)
        self._lay_out(theme)
        tracker.shown.connect(self.show_order)
        tracker.cancelling_changed.connect(self.show_order)
        tracker.asking.busy_changed.connect(self.show_order)
        self.show_order()

    def _lay_out(self, theme: Theme) -> None:
        placed = QWidget()
        column = QVBoxLayout(placed)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        column.addWidget(label(_("Placed"), "muted"))
        column.addWidget(self._placed)
        column.addStretch(1)
        names = QWidget()
        column = QVBoxLayout(names)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1))
        column.addWidget(self._number)
        column.addWidget(self._handover)
        head = Pair(theme, names, placed)

        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.space(6), theme.space(5), theme.space(6), theme.space(5))
        column.setSpacing(theme.space(5))
        column.addWidget(head)
        column.addWidget(self._decision)
        column.addWidget(self._band)
        column.addWidget(self._request)
        column.addWidget(self._stepper)
        column.addWidget(self._sheet)
        column.addStretch(1)
        self._area = VerticalScroll(content)
        self._area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._area.setObjectName("order_scroll")
        self._area.setAccessibleName(_("Order"))

        news = Pair(theme, self.refresh, self._freshness, close=True)
        foot = Pair(theme, news, Pair(theme, self._change, self._cancel, close=True))
        foot.setContentsMargins(theme.space(6), theme.space(2), theme.space(6), theme.space(5))
        whole = QVBoxLayout(self._chosen)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._area, 1)
        whole.addWidget(foot)

    @Slot()
    def show_order(self) -> None:
        """Show the tracker's order as it is now."""
        order = self._tracker.order
        self._pages.setCurrentWidget(self._nothing if order is None else self._chosen)
        report = self._tracker.report
        self._sheet.show_order(order, report.changed if report is not None else ())
        if order is None:
            for text in (self._number, self._handover, self._placed):
                text.clear()
            self._stepper.show_steps(None, (), -1)
        else:
            self._show(order)

    def _show(self, order: Order) -> None:
        if order.id != self._shown_id:
            self._shown_id = order.id
            self._area.verticalScrollBar().setValue(0)
        now = self._now()
        self._number.setText(title(order))
        self._handover.setText(
            _("{fulfilment} · {payment}").format(
                fulfilment=fulfilment_label(order.fulfilment), payment=payment_label(order.payment, order.tender)
            )
        )
        self._placed.setText(when(order.placed_at, now))
        self._stepper.show_steps(order.id, *steps(order, self._tracker.report, now))
        self._show_state(order, now)
        known = self._tracker.is_with_shop
        self.refresh.setVisible(known)
        self._freshness.setVisible(known and order.status.is_open)
        asking = self._tracker.asking
        can_ask = asking.can_ask(order)
        waiting = asking.is_waiting(order.id)
        can_withdraw = asking.can_withdraw(order) and not asking.busy
        self._request.show_request(order, waiting=waiting, can_withdraw=can_withdraw)
        self._change.setVisible(can_ask)
        self._change.setDisabled(asking.busy or self._tracker.cancelling)
        cancelling = self._tracker.cancelling
        self._cancel.setVisible(self._tracker.can_cancel or cancelling)
        self._cancel.setDisabled(cancelling)
        self._cancel.setText(_("Cancelling…") if cancelling else _("Cancel order"))

    def _show_state(self, order: Order, now: datetime) -> None:
        """Show the status at the shop, or that the shop does not have the order yet."""
        held, operations = self._tracker.held, self._tracker.operations
        self._decision.show_operation(held, busy=self._tracker.deciding)
        early = order.status in CALLED_OFF
        waiting = held is None and any(each.kind is not Kind.ASK_CHANGE for each in operations)
        self._stepper.setHidden(early or not self._tracker.is_with_shop)
        self._band.setHidden(held is not None and held.kind.makes_order)
        if not waiting:
            told = report.status_info if (report := self._tracker.report) is not None else None
            self._band.show_status(order.status, self._why(order, now) if early else _to_do(order), told)
        elif any(each.kind is Kind.CANCEL for each in operations):
            self._band.show_waiting(
                _("Your cancellation is waiting to be sent."), _("Until it is, the shop goes on with your order.")
            )
        else:
            self._band.show_waiting(
                _("Your order is waiting to be sent."),
                _("It goes to the shop by itself as soon as it can be reached. Until then the prices are a preview."),
            )

    def _why(self, order: Order, now: datetime) -> str:
        """When an order ended early, and the reason if given."""
        ended = when(order.status_since, now)
        if not order.reason:
            return ended
        return _("{when} · Reason: {reason}").format(when=ended, reason=order.reason)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tracker.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._tracker.stop()
        super().hideEvent(event)


def _to_do(order: Order) -> str:
    """The customer's next step in words; empty for none."""
    ready = order.status is OrderStatus.READY and order.fulfilment is Fulfilment.PICKUP
    return _("Please collect it at the counter.") if ready else ""
