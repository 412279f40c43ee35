"""The parts of one customer's session."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from core import clock
from core.client.sync.engine import AWAY_S, SyncStatus
from core.client.sync.outbox import Counts
from core.domain.order import Order, RequestState
from core.domain.status import OrderStatus, look
from core.protocol.replies import Tokens
from core.ui import icons
from core.ui.sound import Sounds
from core.ui.text import _, ngettext
from core.ui.widgets.as_of import MENU_KEPT, AsOf
from core.ui.widgets.notice import Notice
from core.ui.widgets.scroll import VerticalScroll
from core.ui.widgets.strip import Strip
from core.ui.widgets.toast import Toasts
from customer_view.context import CustomerContext
from customer_view.header import Header
from customer_view.history.page import OrdersPage
from customer_view.history.presenter import History
from customer_view.sound_button import SoundButton
from customer_view.tracker.notifications import Notifications, sentence
from customer_view.tracker.presenter import Tracker

if TYPE_CHECKING:
    from customer_view.order.page import OrderPage

ORDER, MY_ORDERS = "order", "my_orders"


class VisitPage(QWidget):
    """The header, the page of its tab, and the notices."""

    def __init__(self, context: CustomerContext, tokens: Tokens, sounds: Sounds) -> None:
        super().__init__()
        self.setObjectName("page")
        theme = context.theme
        self.header = Header(
            theme,
            tokens.shop_name,
            tokens.person.name,
            ((ORDER, _("Order")), (MY_ORDERS, _("My orders"))),
            SoundButton(theme, sounds),
        )
        self.as_of = AsOf(theme, self.header.chip, context.now)
        self.notice = Notice(theme)
        self.toasts = Toasts(theme, self) if context.settings.toasts else None
        strip = Strip(theme)
        for bar in filter(None, (self.notice, self.as_of, self.toasts)):
            strip.add(bar)
        self._pages = QStackedWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(6), theme.space(3), theme.space(6), theme.space(2))
        column.setSpacing(theme.space(2))
        column.addWidget(self.header)
        column.addWidget(VerticalScroll(self._pages), 1)
        column.addWidget(strip)

    def add_page(self, page: QWidget) -> None:
        self._pages.addWidget(page)

    def show_page(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)


class Visit(QObject):
    """One customer's orders, presenters and pages. Made at sign-in and dropped as a whole at sign-out, so that nothing
    of theirs can be left.

    It is a child of its `page`, and deleted with it.
    """

    sign_out_asked = Signal()

    def __init__(self, context: CustomerContext, tokens: Tokens, sounds: Sounds) -> None:
        self.page = VisitPage(context, tokens, sounds)
        super().__init__(self.page)
        self._context = context
        self._store = context.store
        self._sounds = sounds
        self._history = History(context, self)
        self._tracker = Tracker(context, tokens.shop, self)
        self._news = Notifications(self._store, context.now, self)
        self._toasts = self.page.toasts
        self._header = self.page.header
        self._my_orders = OrdersPage(context, self._history, self._tracker, self.page.notice)
        self.page.add_page(self._my_orders)
        self._order: OrderPage | None = None
        self._answering = context.bridge.sync_status.answering
        for keys, act in (
            (Qt.Key.Key_F5, self._on_try_now_chosen),
            (Qt.Modifier.CTRL | Qt.Key.Key_1, self._on_order_wanted),
            (Qt.Modifier.CTRL | Qt.Key.Key_2, self._on_my_orders_wanted),
        ):
            QShortcut(QKeySequence(keys), self.page, act)
        self._connect()
        self.show_tab(MY_ORDERS)

    def _connect(self) -> None:
        bridge, chip = self._context.bridge, self._header.chip
        self._header.tab_chosen.connect(self.show_tab)
        self._header.sign_out_asked.connect(self.sign_out_asked)
        chip.try_now.connect(self._on_try_now_chosen)
        self._my_orders.order_wanted.connect(self._on_order_wanted)
        self._my_orders.change_wanted.connect(self._on_change_wanted)
        bridge.announce_with(self._news.announcer)
        chip.set_sync_status(bridge.sync_status)
        bridge.sync_status_changed.connect(chip.set_sync_status)
        self._news.moved.connect(self._on_order_moved)
        self._news.answered.connect(self._on_request_answered)
        self._news.missed.connect(self._on_notifications_missed)
        self._sounds.unavailable.connect(self._on_sounds_unavailable)
        bridge.sync_status_changed.connect(self._on_sync_status_changed)
        bridge.renumbered.connect(self._on_order_renumbered)

    @property
    def unsent(self) -> Counts:
        """The counts of operations that the shop does not have."""
        return Counts.of(self._store.outbox())

    @property
    def awaits_orders(self) -> bool:
        """Whether a placed order is unanswered. After a restore only this window knows of it."""
        return any(order.status.is_open for order in self._store)

    def remember(self, age_s: float) -> None:
        """The shown orders were cached by an earlier run, so many seconds ago."""
        self._history.refresher.remember(age_s)
        self._news.fall_behind()

    @Slot(str)
    def show_tab(self, name: str) -> None:
        """Show the page of a tab; the Order page is made on first use."""
        self._header.show_tab(name)
        mine = name == MY_ORDERS
        self.page.show_page(self._my_orders if mine else self._order_page())
        self.page.as_of.set_meaning(_("What happened since then is not shown yet.") if mine else _(MENU_KEPT))
        self._header.chip.follow(self._history.refresher if mine else self._order_page().refresher)

    def end(self) -> None:
        """Stop, and release everything. No callbacks from here on."""
        self.page.hide()
        self._context.jobs.cancel()
        self._context.bridge.announce_with(None)
        self._news.detach()
        self._header.chip.follow(None)
        self._sounds.stop()
        self._tracker.detach()
        self._history.stop()
        self._store.clear()
        self._my_orders.detach()

    def _order_page(self) -> "OrderPage":
        if self._order is None:
            from customer_view.order.page import OrderPage

            page = OrderPage(self._context, self._tracker.asking, self.page.notice)
            bridge = self._context.bridge
            bridge.menu_changed.connect(page.set_menu)
            bridge.sync_status_changed.connect(page.refresher.confirm)
            if bridge.menu is not None:
                page.set_menu(bridge.menu)
                page.refresher.remember(self._history.refresher.age_s)  # they were kept together
                page.refresher.refresh()
            page.placed.connect(self._on_order_placed)
            page.change_ended.connect(self._on_order_placed)
            self.page.add_page(page)
            self._order = page
        return self._order

    @Slot(object)
    def _on_order_placed(self, order: Order) -> None:
        self.show_tab(MY_ORDERS)
        self._my_orders.select(order)

    @Slot(object)
    def _on_change_wanted(self, order: Order) -> None:
        page = self._order_page()
        if page.change(order):
            self.show_tab(ORDER)

    @Slot()
    def _on_order_wanted(self) -> None:
        self.show_tab(ORDER)

    @Slot()
    def _on_my_orders_wanted(self) -> None:
        self.show_tab(MY_ORDERS)

    @Slot()
    def _on_try_now_chosen(self) -> None:
        self._context.jobs.run(self._context.api.try_now, _ignore, _ignore)
        if self._my_orders.isVisible():
            self._my_orders.refresh()

    # -- news

    @Slot(object)
    def _on_sync_status_changed(self, sync_status: SyncStatus) -> None:
        if sync_status.answering and not self._answering:
            self._tracker.refresher.hurry()
        self._answering = sync_status.answering
        age_s = sync_status.age_s(clock.now_s())
        if age_s is not None and age_s > AWAY_S:
            self._news.fall_behind()
        elif age_s is not None:
            self._news.catch_up()

    @Slot(object)
    def _on_order_moved(self, order: Order) -> None:
        self._sounds.play(look(order.status).sound)
        if self._toasts is not None:
            detail = _("{number} · {reason}").format(number=order.number, reason=order.reason)
            told = detail if order.reason else order.number
            self._toasts.show_toast(icons.status_icon(order.status), sentence(order.status), told, about=order.id)

    @Slot(object)
    def _on_request_answered(self, order: Order) -> None:
        request = order.change_request
        accepted = request is not None and request.state is RequestState.ACCEPTED
        self._sounds.play(look(OrderStatus.CONFIRMED if accepted else OrderStatus.CANCELLED).sound)
        if self._toasts is not None:
            title = _("The shop has accepted your change.") if accepted else _("The shop could not accept your change.")
            reason = request.reason if request is not None else ""
            told = _("{number} · {reason}").format(number=order.number, reason=reason) if reason else order.number
            self._toasts.show_toast("info", title, told, about=order.id)

    @Slot(str, str)
    def _on_order_renumbered(self, former: str, number: str) -> None:
        title = _("{old} is {new} from now on").format(old=former, new=number)
        message = _("Another order has the old number. Use the new one.")
        self._my_orders.notice.add_message(title, message)
        if self._toasts is not None:
            self._toasts.show_toast("info", title, message, about=former)

    @Slot(int)
    def _on_notifications_missed(self, count: int) -> None:
        if self._toasts is not None:
            self._toasts.show_toast(
                "info",
                _("While you were away"),
                ngettext("{count} of your orders has moved on.", "{count} of your orders have moved on.", count),
            )

    @Slot(str)
    def _on_sounds_unavailable(self, _cause: str) -> None:
        self._my_orders.notice.show_message(_("This computer plays no sounds"), _("Everything else works as usual."))


def _ignore(_outcome: object) -> None:
    return
