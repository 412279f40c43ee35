"""The cashier's window: composes the pages and connects them."""

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QMainWindow, QMenu, QStackedWidget
from typing_extensions import override

from core.client.errors import ClientError, Left, SignedOut, Unreachable
from core.client.sync.engine import SyncStatus
from core.client.sync.outbox import Counts
from core.client.terminals.line import terminal_at
from core.domain.ids import OrderId
from core.domain.order import Order
from core.protocol.replies import Tokens
from core.ui import keys
from core.ui.idle import IdleWatch
from core.ui.pace import Quiet
from core.ui.problems import ended
from core.ui.text import _, ngettext, window_title
from core.ui.widgets.notice import follow_connection
from pos_app import dialogs
from pos_app.alerts.alerts import Alerts
from pos_app.approving import Approving
from pos_app.board.lookup import Lookup
from pos_app.board.presenter import Board
from pos_app.board.scanner import Scanner
from pos_app.board.search import Search
from pos_app.context import PosContext
from pos_app.drawer.reminder import DrawerReminder
from pos_app.guest_screen import GuestScreen
from pos_app.order.actions import OrderActions
from pos_app.order.behind import Behind
from pos_app.order.card_payments import CardPayments
from pos_app.order.change_reports import ChangeReports
from pos_app.order.changes import OrderChanges
from pos_app.pages import Pages
from pos_app.sign_in.page import SignInPage
from pos_app.sign_in.presenter import SignIn
from pos_app.sync_controller import SyncController
from pos_app.workspace import Workspace

_CLOSING_S: Final = 2.0
_AIMED_S: Final = 0.8
"""So long after another page came by itself, a key was pressed for what was there before."""
_CARD_KEYS: Final = {
    Qt.Key.Key_Return: "step",
    Qt.Key.Key_Enter: "step",
    Qt.Key.Key_Backspace: "recall",
    Qt.Key.Key_Delete: "cancel",
    Qt.Key.Key_Space: "details",
}


class PosWindow(QMainWindow):
    """One till."""

    closed = Signal()

    def __init__(self, context: PosContext) -> None:
        super().__init__()
        self.setObjectName("pos_window")
        self.setWindowTitle("Orderbell")
        settings, theme = context.settings, context.theme
        self._context = context
        self._person_id = self._person_name = ""
        self._shop_name = ""
        self._paid_from = "orders"
        self.store = context.store
        self._changes = OrderChanges(context, self)
        self.board = Board(context, self._changes, self)
        cards = CardPayments(context.jobs, context.api, terminal_at(settings.card_terminal), self)
        self._actions = OrderActions(theme, context.bridge, self._changes, cards, self)
        self._sign_in = SignIn(context.jobs, context.api, settings.device, self)
        self._lookup = Lookup(context, self.board, self)
        self._scanner = Scanner(self)
        self._idle = IdleWatch(settings.idle_lock_s, parent=self)
        self._settling = Quiet(_AIMED_S, self)
        self.sign_in_page = SignInPage(theme, self._sign_in, settings.device)
        self.workspace = Workspace(theme, settings.device, context.now)
        self.alerts = Alerts(context, self.workspace)
        self.workspace.add_speech(self.alerts.bar)
        if self.alerts.toasts is not None:
            self.workspace.add_toasts(self.alerts.toasts)
        self._reports = ChangeReports(self._changes, self.workspace.notice, self.workspace.undo, settings.undo_s, self)
        self._sync = SyncController(
            context, self.board, self.alerts, self.workspace, (self.workspace.connection, self.sign_in_page.connection)
        )
        self._search = Search(theme, self.board, self.workspace.search, self)
        self.workspace.add_speech(self._search.hint)
        self._approving = Approving(context, self)
        self._drawer = DrawerReminder(context, self.workspace.notice, self)
        self._pages = Pages(context, self.board, self._actions, self.alerts, self.workspace)
        self._guest = GuestScreen(theme, self) if settings.second_screen else None
        self._stack = QStackedWidget()
        self._stack.addWidget(self.sign_in_page)
        self._stack.addWidget(self.workspace)
        self.setCentralWidget(self._stack)
        self.resize(1280, 800)
        self._connect()

    def _connect(self) -> None:
        self._sign_in.signed_in.connect(self._on_signed_in)
        self._sign_in.left.connect(self._on_session_left)
        self._idle.ended.connect(self._on_idle_ended)
        self._actions.details_wanted.connect(self._show_details)
        self._actions.print_wanted.connect(self._on_print_wanted)
        self._actions.decision_wanted.connect(self._on_decision_wanted)
        self._actions.change_wanted.connect(self._on_change_wanted)
        self._actions.paying.wanted.connect(self._on_payment_wanted)
        self._actions.paying.left.connect(self._on_payment_left)
        self._actions.amended.connect(self._on_order_amended)
        self._changes.done.connect(self.alerts.on_change_done)
        self._changes.done.connect(self._drawer.on_change_done)
        self._actions.cards.refunded.connect(self._reports.show_refunded_by_card)
        self.alerts.counted.connect(self.sign_in_page.set_new)
        self._pages.taken.connect(self._on_order_taken)
        self._pages.taken.connect(self._drawer.on_taken)
        self._drawer.wanted.connect(partial(self.show_page, "drawer"))
        self._pages.behind_wanted.connect(self._on_behind_wanted)
        sync, reports = self._sync, self._reports
        for failed in (sync.failed, sync.session_over, reports.session_over, self._pages.failed, self._lookup.failed):
            failed.connect(self._on_failed)
        self._search.meant.connect(self._lookup.look_up)
        self._search.left.connect(self._focus_cards)
        self._search.numbered.connect(self._focus_order)
        self._search.everywhere_wanted.connect(self._on_search_everywhere)
        self._lookup.found.connect(self._on_order_found)
        self._scanner.scanned.connect(self._lookup.look_up)
        self._scanner.typed.connect(self._on_key_typed)
        self.board.changed.connect(self._on_board_changed)
        self._context.bridge.sync_status_changed.connect(self._on_sync_status_changed)
        self.board.refresher.failed.connect(self._on_refresh_failed)
        workspace = self.workspace
        workspace.page_wanted.connect(self.show_page)
        workspace.leave_wanted.connect(self._on_leave_wanted)
        workspace.shortcuts_wanted.connect(self._show_shortcuts)
        workspace.sound_wanted.connect(self._show_sound)
        if self._guest is not None:
            self._pages.basket_made.connect(self._guest.follow)
            for paid in (self._pages.taken, self._actions.paying.ended):
                paid.connect(self._guest.show_taken)

    # -- pages

    @Slot(object)
    def _on_behind_wanted(self, behind: Behind) -> None:
        self.show_page("history")
        self._pages.seek_behind(behind)

    @Slot(str)
    def show_page(self, name: str) -> None:
        """Show one of `workspace.PAGES`, or `pay`."""
        if name != "pay":
            self._actions.paying.drop()
        self._pages.page(name)
        self.workspace.show_page(name)
        self.workspace.connection.follow(self._pages.refresher(name))
        self.workspace.set_new(self.board.new)
        self._search.update_hint()
        if name == "orders":
            self._focus_cards()

    @Slot()
    def _on_payment_wanted(self) -> None:
        """In front of the page that led there."""
        self._close_dialogs()
        if self.workspace.page != "pay":
            self._paid_from = self.workspace.page
        self.show_page("pay")

    @Slot()
    def _on_payment_left(self) -> None:
        self._settling.begin()
        self.show_page(self._paid_from)

    @Slot()
    def _focus_cards(self) -> None:
        if self._pages.board is not None:
            self._pages.board.focus_cards()

    @Slot(object)
    def _focus_order(self, order_id: OrderId) -> None:
        if self._pages.board is not None:
            self._pages.board.focus_order(order_id)

    @Slot()
    def _show_shortcuts(self) -> None:
        dialogs.show_shortcuts(self._context.theme, self)

    # -- who is here

    @property
    def signed_in(self) -> bool:
        return self._stack.currentWidget() is self.workspace

    @Slot(object)
    def _on_signed_in(self, tokens: Tokens) -> None:
        aside, kept, is_another = None, "", tokens.person.id != self._person_id
        if is_another:
            aside = self._pages.set_aside(self._person_name)
            kept = self._pages.keep_unsaved(self._person_id, self._person_name)
            self._forget_person()
        self._person_id, self._person_name, self._shop_name = tokens.person.id, tokens.person.name, tokens.shop_name
        self.sign_in_page.connection.follow(None)
        self._pages.admit(tokens.person.role)
        self.setWindowTitle(window_title(f"{tokens.shop_name} · Orderbell") if tokens.shop_name else "Orderbell")
        self.workspace.set_person(tokens.person.name)
        if self._guest is not None:
            self._guest.set_shop(tokens.shop_name)
        self._stack.setCurrentWidget(self.workspace)
        here = self.workspace.page
        self.show_page(here if here == "pay" or self.workspace.offers(here) else "orders")
        put_back = partial(self._pages.put_back, tokens.person.id if is_another else "")
        if aside is not None:  # somebody else's, who had locked the till: it makes room first
            self._pages.hold(aside, put_back)
        else:
            put_back()
        if kept:
            self.workspace.notice.show_message(
                _("Kept: {what}").format(what=kept), _("It is there again when they sign in at this POS.")
            )
        self._idle.start()
        self._actions.cards.look()
        if self.isVisible():
            self.board.refresher.start()

    def resume(self, tokens: Tokens, age_s: float | None) -> None:
        """Continue an earlier run's session, locked, with orders that are `age_s` old."""
        self._person_id, self._person_name, self._shop_name = tokens.person.id, tokens.person.name, tokens.shop_name
        self._sign_in.resume(tokens.person)
        if age_s is not None:
            self.board.refresher.remember(age_s)
        self._ask_for_pin(tokens.person.name)

    def _forget_person(self) -> None:
        """Reset for the next cashier, who waits for nothing of the last one."""
        self._context.jobs.leave_behind()
        self._changes.forget()
        self._drawer.clear()
        self._actions.cards.forget()
        self._reports.clear()
        self.workspace.search.clear()
        self._pages.clear()
        if self._guest is not None:
            self._guest.welcome()
        if self.workspace.page:
            self.show_page("orders")

    @Slot(str)
    def _on_leave_wanted(self, how: str, held: str = "") -> None:
        """Refused while a change is being sent: its result would be unknown. A basket is held first, and `held` is what
        is said of that."""
        if self._changes.under_way:
            self.workspace.notice.show_message(
                ngettext(
                    "{count} change is still being sent",
                    "{count} changes are still being sent",
                    self._changes.under_way,
                ),
                _("Try again in a moment."),
            )
            return
        if how != "lock" and self._pages.hold_back():
            return
        aside = self._pages.set_aside(self._person_name) if how != "lock" else None
        if aside is not None:
            held = _("The basket is held: {name}").format(name=aside.label)
            self._pages.hold(aside, partial(self._on_leave_wanted, how, held))
        elif how == "lock":
            self.lock()
        elif self.store.unsent:
            counts = Counts.of(self.store.outbox())
            dialogs.ask_before_leaving(
                self._context.theme, self._sign_in.names[0], counts, partial(self._sign_out, held), self
            )
        else:
            self._sign_out(held)

    def _sign_out(self, said: str = "") -> None:
        """`said`: why, or what became of what was there."""
        self._leave()
        self._sign_in.leave()
        self._forget_person()
        self._person_id = ""
        self.alerts.stop()
        self.store.clear()
        self.board.refresher.reset()
        self.sign_in_page.ask(reason=said)

    @Slot()
    def _on_session_left(self) -> None:
        # Updates of the ended session that were still queued have arrived by now, in its own store.
        self.alerts.stop()
        self.store.clear()

    @Slot()
    def _on_idle_ended(self) -> None:
        self.lock(_("Nobody was here for a while."))

    @Slot(str)
    def lock(self, reason: str = "") -> None:
        """Hide everything until somebody signs in; the same person finds it unchanged."""
        if not self.signed_in:
            return
        name = self._sign_in.person.name if self._sign_in.person is not None else ""
        self._leave()
        self._ask_for_pin(name, reason)

    def _ask_for_pin(self, name: str, reason: str = "") -> None:
        self.sign_in_page.connection.follow(self.board.refresher)
        self.sign_in_page.ask(name, reason, _("Locked"))

    def _close_dialogs(self) -> None:
        for window in (*self.findChildren(QMenu), *self.findChildren(QDialog)):
            window.close()

    def _leave(self) -> None:
        self._approving.close()
        self._idle.stop()
        self._scanner.stop()
        self._lookup.stop()
        self.board.refresher.stop()
        self._close_dialogs()
        self._reports.clear()
        self.alerts.hush()
        self._stack.setCurrentWidget(self.sign_in_page)

    # -- what went wrong

    @Slot(object)
    def _on_failed(self, error: ClientError) -> None:
        if isinstance(error, Left):
            return  # it was the last person's request
        if isinstance(error, SignedOut):
            over = ended(error, Counts.of(self.store.outbox()))
            self.lock(f"{_(over.title)}. {over.message}")
        elif isinstance(error, Unreachable) and self._context.bridge.sync_status.answering:
            # The call was made before the server answered again: it is not offline any more.
            told = _("The server did not answer this question in time. Please ask again.")
            self.workspace.notice.show_error(ClientError(told, title=_("Not answered")))
        else:
            self.workspace.notice.show_error(error)

    @Slot(object)
    def _on_sync_status_changed(self, sync_status: SyncStatus) -> None:
        follow_connection(self, sync_status)
        dialogs.update_leaving(Counts.of(self.store.outbox()), self)

    @Slot(object)
    def _on_refresh_failed(self, error: ClientError) -> None:
        # The connection chip shows that it is offline; errors that need somebody are shown here.
        if not isinstance(error, Unreachable):
            self._on_failed(error)

    @Slot(object)
    def _on_decision_wanted(self, order_id: OrderId) -> None:
        self._close_dialogs()
        self.show_page("sync")
        self._pages.choose(order_id)

    @Slot()
    def _show_sound(self) -> None:
        dialogs.show_sound(self._context.theme, self.alerts.sounds, self)

    @Slot()
    def _on_board_changed(self) -> None:
        self.workspace.set_new(self.board.new)

    # -- finding

    @Slot(object)
    def _on_order_found(self, order: Order) -> None:
        if self._pages.board is not None:
            self._pages.board.focus_order(order.id)
        self._show_details(order)

    @Slot(object)
    def _show_details(self, order: Order) -> None:
        dialogs.show_details(order, self._context, self._actions, self)

    @Slot(str)
    def _on_search_everywhere(self, sought: str) -> None:
        self.show_page("history")
        self._pages.seek(sought)

    @Slot(object)
    def _on_order_taken(self, _order: Order) -> None:
        """The board, when it is shown again, has the new order at the end of its column."""
        self.workspace.search.clear()

    @Slot(object)
    def _on_order_amended(self, _order: Order) -> None:
        self.workspace.search.clear()
        self._settling.begin()
        self.show_page("orders")

    @Slot(object)
    def _on_change_wanted(self, order: Order) -> None:
        self._close_dialogs()
        self.show_page("new")
        self._pages.change(order)

    @Slot(object)
    def _on_print_wanted(self, order: Order) -> None:
        dialogs.show_receipt(order, self._shop_name, self._context, self)

    # -- keys

    @override
    def focusNextPrevChild(self, next: bool) -> bool:
        return (self.signed_in and self._scanner.end()) or super().focusNextPrevChild(next)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no field handled. The scanner sees them first: its Enter must not confirm an order."""
        if not self.signed_in or self._scanner.take(event):
            return
        page, key = self._pages.board, Qt.Key(event.key())
        control = event.modifiers() & keys.COMMANDS == Qt.KeyboardModifier.ControlModifier
        if key == Qt.Key.Key_F1:
            self._show_shortcuts()
        elif key == Qt.Key.Key_F5:
            self.board.refresher.refresh()
            self._pages.refresh()
        elif control and key == Qt.Key.Key_Z:
            self.workspace.undo.act()
        elif control and key == Qt.Key.Key_L:
            self._on_leave_wanted("lock")
        elif control and 0 <= (at := key - Qt.Key.Key_1) < len(self.workspace.pages):
            if self.workspace.offers(self.workspace.pages[at]):
                self.show_page(self.workspace.pages[at])
        elif page is not None and key in _CARD_KEYS and keys.is_alone(event):
            card = page.current if page.has_cards_focus else None
            if card is not None and not event.isAutoRepeat() and not self._settling.isActive():
                self.alerts.acknowledge()
                self._actions.do(_CARD_KEYS[key], card.order.id)
        else:
            super().keyPressEvent(event)

    @Slot(str)
    def _on_key_typed(self, character: str) -> None:
        if not self.signed_in:
            return
        if character == "/":
            self.show_page("orders")
            self.workspace.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.workspace.search.selectAll()
        elif character == "?":
            self._show_shortcuts()
        elif character.casefold() == "n":
            self.show_page("new")
        elif character.casefold() == "a":
            self.alerts.acknowledge()

    # -- coming and going

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._guest is not None:
            self._guest.show_beside()
        if self.signed_in:
            self.board.refresher.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self.board.refresher.stop()
        super().hideEvent(event)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        """A change being sent gets a moment to arrive."""
        if self.signed_in and self._pages.hold_back():
            event.ignore()
            return
        waits = _CLOSING_S if self._changes.under_way else 0.0
        self.hide()
        if self._guest is not None:
            self._guest.close()
            self._guest.deleteLater()
        self._idle.stop()
        self._scanner.stop()
        self.alerts.close()
        self.board.close()
        self._context.jobs.close(waits)
        self.closed.emit()
        super().closeEvent(event)
