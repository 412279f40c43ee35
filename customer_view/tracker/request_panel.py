"""The panel of a customer's change request and its answer."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout

from core.domain.order import ChangeRequest, Order, RequestState
from core.domain.payment import payments_of, to_pay_minor
from core.ui.text import _, change_text, difference_text, money, request_lines
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, restyle
from core.ui.widgets.pair import Pair


class RequestPanel(QFrame):
    """Hidden while there is nothing to say. What the shop has answered stays until the order has ended."""

    withdrawn = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("request")
        self.setProperty("role", "notice")
        self._title = label(role="strong", wrap=True)
        self._title.setObjectName("request_title")
        self._words = label(wrap=True)
        self._words.setObjectName("request_words")
        self._withdraw = button(_("Do not change it"), theme, "quiet", name="request_withdraw")
        self._withdraw.clicked.connect(self.withdrawn)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(4), theme.space(3), theme.space(4), theme.space(3))
        column.setSpacing(theme.space(1))
        column.addWidget(Pair(theme, self._title, self._withdraw))
        column.addWidget(self._words)
        self.hide()

    def show_request(self, order: Order, *, waiting: bool, can_withdraw: bool) -> None:
        """Show what became of the order's request. `waiting`: the shop does not have it yet."""
        tone, title, words = _report_of(order, waiting=waiting)
        self.setHidden(not title)
        self._title.setText(title)
        self._words.setText("\n".join(words))
        self._words.setHidden(not words)
        self._withdraw.setVisible(can_withdraw)
        self.setAccessibleName(" ".join(filter(None, (title, *words))))
        if self.property("tone") != tone:
            restyle(self, tone=tone)
            for each in (self._title, self._words):
                restyle(each)


def _report_of(order: Order, *, waiting: bool) -> tuple[str, str, list[str]]:
    """The tone, a title (empty for nothing), and lines."""
    request = order.change_request
    if request is None or not order.status.is_open:
        return "info", "", []
    if waiting and request.state is RequestState.ASKED:
        return "new", _("Your change is waiting to be sent."), _wanted(order, request)
    match request.state:
        case RequestState.ASKED if order.open_request is not None:
            return "new", _("You asked for a change. The shop has not answered yet."), _wanted(order, request)
        case RequestState.ASKED:
            return "info", _("The shop has changed the order itself. What you asked for is not in it."), []
        case RequestState.ACCEPTED:
            return "info", _("The shop has accepted your change."), _granted(order, request)
        case RequestState.DECLINED:
            reason = _("Reason: {reason}").format(reason=request.reason)
            return "error", _("The shop could not accept your change. The order stays as it was."), [reason]
        case _:
            return "info", "", []


def _wanted(order: Order, request: ChangeRequest) -> list[str]:
    words, _colour = difference_text(order, request.total_minor)
    total = money(request.total_minor, order.currency)
    return [
        *request_lines(order, request),
        _("It comes to {total} then: {difference}").format(total=total, difference=words),
    ]


def _granted(order: Order, request: ChangeRequest) -> list[str]:
    told = [change_text(each) for each in request.changes]
    if payments_of(order) and to_pay_minor(order):
        amount = money(to_pay_minor(order), order.currency)
        told.append(_("{amount} is left to pay.").format(amount=amount))
    return told
