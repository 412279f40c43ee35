"""Says that cash is taken while the drawer of this POS is closed, which no count will explain."""

from PySide6.QtCore import QObject, Signal, Slot

from core.client.errors import ClientError
from core.domain.commands import ChangePayment, TakePayment
from core.domain.drawers import DrawerSession
from core.domain.order import Order, PaymentState
from core.domain.payment import payments_of
from core.domain.tenders import in_drawer
from core.ui.text import _
from core.ui.widgets.notice import Notice
from pos_app.context import PosContext
from pos_app.order.changes import Done

_SHOWN_MS = 15_000


class DrawerReminder(QObject):
    """Once for each person: nothing is in the way of who does without drawers."""

    wanted = Signal()
    """The page of the drawer is asked for."""

    def __init__(self, context: PosContext, notice: Notice, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._notice = notice
        self._said = False

    def clear(self) -> None:
        """Another person begins."""
        self._said = False

    @Slot(object)
    def on_taken(self, order: Order) -> None:
        """A payment of `order` was taken here."""
        laid_in = in_drawer(self._context.bridge.tenders)
        if not self._said and any(each.tender in laid_in for each in payments_of(order)):
            api = self._context.api
            self._context.jobs.ask(lambda: api.drawer, self._on_drawer_read, _ignore)

    @Slot(object)
    def on_change_done(self, done: Done) -> None:
        request = done.change.request
        marked = isinstance(request, ChangePayment) and request.payment is PaymentState.PAID
        if marked or isinstance(request, TakePayment):
            self.on_taken(done.order)

    def _on_drawer_read(self, drawer: DrawerSession | None) -> None:
        if self._said or (drawer is not None and drawer.is_open):
            return
        self._said = True
        if not self._notice.text:
            self._notice.show_message(
                _("The drawer is closed"),
                _("Cash that is taken now is in no count."),
                _("Open the drawer"),
                self.wanted.emit,
                life_ms=_SHOWN_MS,
            )


def _ignore(_error: ClientError) -> None:
    """It is said with the next payment."""
