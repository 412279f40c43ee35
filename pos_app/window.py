"""The cashier's window: it composes the pages and passes on what they say. No order is decided about here."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QMainWindow, QMenu, QStackedWidget, QWidget
from typing_extensions import override

from core.client.api import StaffApi
from core.client.errors import ClientError, SignedOut, Unreachable
from core.client.orders import Changes, OrderStore
from core.domain.order import Order
from core.protocol.replies import Tokens
from core.ui.idle import IdleWatch
from core.ui.jobs import Jobs
from core.ui.text import _, ngettext
from core.ui.theme import Theme
from pos_app.models.card import Thresholds
from pos_app.presenters.board import Board
from pos_app.presenters.changes import OrderChanges
from pos_app.presenters.lookup import Lookup
from pos_app.presenters.scanner import Scanner
from pos_app.presenters.sign_in import SignIn
from pos_app.settings import PosSettings
from pos_app.widgets.board_page import BoardPage
from pos_app.widgets.change_reports import ChangeReports
from pos_app.widgets.order_actions import OrderActions
from pos_app.widgets.sign_in_page import SignInPage
from pos_app.widgets.workspace import PAGES, Workspace

_CLOSING_S: Final = 2.0
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

    def __init__(self, settings: PosSettings, theme: Theme, api: StaffApi, jobs: Jobs) -> None:
        super().__init__()
        self.setObjectName("pos_window")
        self.setWindowTitle("Orderbell")
        self._settings = settings
        self._theme = theme
        self._api = api
        self._jobs = jobs
        self._person_id = ""
        self._shop_name = ""
        self.store = OrderStore()
        self._changes = OrderChanges(jobs, api, self.store, self)
        self.board = Board(
            jobs,
            api,
            self.store,
            self._changes,
            settings.board_refresh_s,
            automatic=settings.board_refresh,
            parent=self,
        )
        self._actions = OrderActions(theme, jobs, api, self.store, self._changes, self)
        self._sign_in = SignIn(jobs, api, settings.device, self)
        self._lookup = Lookup(jobs, api, self.store, self)
        self._scanner = Scanner(self)
        self._idle = IdleWatch(settings.idle_lock_s, parent=self)
        self.sign_in_page = SignInPage(theme, self._sign_in, settings.device)
        self.workspace = Workspace(theme, settings.device, api.server_now)
        self._reports = ChangeReports(self._changes, self.workspace.notice, self.workspace.undo, settings.undo_s, self)
        self._pages: dict[str, QWidget] = {}
        self._stack = QStackedWidget()
        self._stack.addWidget(self.sign_in_page)
        self._stack.addWidget(self.workspace)
        self.setCentralWidget(self._stack)
        self.resize(1280, 800)
        self._connect()

    def _connect(self) -> None:
        self._sign_in.signed_in.connect(self._on_signed_in)
        self._idle.ended.connect(self._on_idle_ended)
        self._reports.session_over.connect(self._on_failed)
        self._actions.print_wanted.connect(self._on_print_wanted)
        self._lookup.found.connect(self._on_order_found)
        self._lookup.failed.connect(self._on_failed)
        self._scanner.scanned.connect(self.open_code)
        self._scanner.typed.connect(self._on_key_typed)
        self.board.changed.connect(self._on_board_changed)
        self.board.refresher.failed.connect(self._on_refresh_failed)
        self._unsubscribe = self.store.subscribe(self._on_store_changed)
        workspace = self.workspace
        workspace.connection.follow(self.board.refresher)
        workspace.page_wanted.connect(self.show_page)
        workspace.leave_wanted.connect(self._on_leave_wanted)
        workspace.shortcuts_wanted.connect(self._show_shortcuts)
        workspace.search.textChanged.connect(self.board.seek)
        workspace.search.entered.connect(self._on_search_entered)
        workspace.search.left.connect(self._focus_cards)

    # -- pages

    @Slot(str)
    def show_page(self, name: str) -> None:
        """`orders`, `new` or `history`; a page is made when it is first shown."""
        if name not in self._pages:
            self._pages[name] = {"orders": self._make_board, "new": self._make_new, "history": self._make_history}[
                name
            ]()
            self.workspace.add_page(name, self._pages[name])
        self.workspace.show_page(name)
        self.workspace.set_new(self.board.new)
        if name == "orders":
            self._focus_cards()

    def _make_board(self) -> QWidget:
        settings = self._settings
        thresholds = Thresholds(timedelta(minutes=settings.slow_after_min), timedelta(minutes=settings.late_after_min))
        page = BoardPage(self._theme, self.board, thresholds, self._api.server_now)
        page.wanted.connect(self._actions.do)
        page.menu_wanted.connect(self._actions.open_menu)
        page.search_all_wanted.connect(self._search_all)
        return page

    def _make_new(self) -> QWidget:
        from pos_app.widgets.new_order_page import NewOrderPage

        page = NewOrderPage(self._theme, self._jobs, self._api, self.workspace.notice)
        page.taken.connect(self._on_order_taken)
        page.failed.connect(self._on_failed)
        return page

    def _make_history(self) -> QWidget:
        from pos_app.widgets.history_page import HistoryPage

        page = HistoryPage(self._theme, self._jobs, self._api, self.store, self._actions, self.workspace.notice)
        page.failed.connect(self._on_failed)
        return page

    @property
    def _board_page(self) -> BoardPage | None:
        page = self._pages.get("orders")
        return page if isinstance(page, BoardPage) and self.workspace.page == "orders" else None

    @Slot()
    def _focus_cards(self) -> None:
        if self._board_page is not None:
            self._board_page.focus_cards()

    @Slot()
    def _show_shortcuts(self) -> None:
        from pos_app.widgets.shortcuts_dialog import ShortcutsDialog

        dialog = ShortcutsDialog(self._theme, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # -- who is here

    @property
    def signed_in(self) -> bool:
        return self._stack.currentWidget() is self.workspace

    @Slot(object)
    def _on_signed_in(self, tokens: Tokens) -> None:
        if tokens.person.id != self._person_id:
            self._forget_person()
        self._person_id, self._shop_name = tokens.person.id, tokens.shop_name
        self.setWindowTitle(f"{tokens.shop_name} · Orderbell" if tokens.shop_name else "Orderbell")
        self.workspace.set_person(tokens.person.name)
        self._stack.setCurrentWidget(self.workspace)
        self.show_page(self.workspace.page or "orders")
        self._idle.start()
        if self.isVisible():
            self.board.refresher.start()

    def _forget_person(self) -> None:
        """Nothing half done by one cashier is left for the next."""
        self._changes.forget()
        self._reports.clear()
        self.workspace.search.clear()
        for page in self._pages.values():
            clear: Callable[[], None] | None = getattr(page, "clear", None)
            if clear is not None:
                clear()
        if self._pages:
            self.show_page("orders")

    @Slot(str)
    def _on_leave_wanted(self, how: str) -> None:
        """Not while something is being sent: it would be neither made for sure nor known to have failed."""
        if self._changes.under_way:
            self.workspace.notice.say(
                ngettext(
                    "{count} change is still being sent",
                    "{count} changes are still being sent",
                    self._changes.under_way,
                ),
                _("Try again in a moment."),
            )
            return
        if how == "lock":
            self.lock()
        else:
            self._leave()
            if how == "sign_out":
                self._forget_person()
                self._person_id = ""
                self.store.clear()
                self.board.refresher.reset()
            self.sign_in_page.ask()

    @Slot()
    def _on_idle_ended(self) -> None:
        self.lock(_("Nobody was here for a while."))

    @Slot(str)
    def lock(self, reason: str = "") -> None:
        """Hide everything until somebody signs in; who comes back finds it as it was."""
        if not self.signed_in:
            return
        name = self._sign_in.person.name if self._sign_in.person is not None else ""
        self._leave()
        self.sign_in_page.ask(name, reason, _("Locked"))

    def _leave(self) -> None:
        self._idle.stop()
        self._scanner.stop()
        self._lookup.stop()
        self.board.refresher.stop()
        for window in (*self.findChildren(QMenu), *self.findChildren(QDialog)):
            window.close()
        self._reports.clear()
        self._stack.setCurrentWidget(self.sign_in_page)
        self._sign_in.leave()

    # -- what went wrong

    @Slot(object)
    def _on_failed(self, error: ClientError) -> None:
        if isinstance(error, SignedOut):
            self.lock(f"{error.title}. {error.message}")
        else:
            self.workspace.notice.show_error(error)

    @Slot(object)
    def _on_refresh_failed(self, error: ClientError) -> None:
        # Being offline is the connection chip's to say; what needs somebody is said here.
        if not isinstance(error, Unreachable):
            self._on_failed(error)

    def _on_store_changed(self, _changes: Changes) -> None:
        self.workspace.connection.set_waiting(self.store.waiting)

    @Slot()
    def _on_board_changed(self) -> None:
        self.workspace.set_new(self.board.new)

    # -- finding

    @Slot(str)
    def open_code(self, code: str) -> None:
        """Open the order that a scanned or typed number or id means."""
        order_id = self.board.find(code)
        if order_id is None:
            self._lookup.look_up(code)
            return
        order = self.store.get(order_id)
        if order is not None:
            self._on_order_found(order)

    @Slot(object)
    def _on_order_found(self, order: Order) -> None:
        if self._board_page is not None:
            self._board_page.focus_order(order.id)
        self._actions.show_details(order)

    @Slot()
    def _on_search_entered(self) -> None:
        """One that is meant exactly opens; one that is left over is gone to; for the rest there is the history."""
        sought = self.workspace.search.text().strip()
        if not sought:
            self._focus_cards()
        elif self.board.find(sought) is not None:
            self.open_code(sought)
        elif self.board.shown:
            self._focus_cards()
        else:
            self._search_all()

    @Slot()
    def _search_all(self) -> None:
        from pos_app.widgets.history_page import HistoryPage

        sought = self.workspace.search.text().strip()
        self.workspace.search.clear()
        self.show_page("history")
        page = self._pages["history"]
        assert isinstance(page, HistoryPage)
        page.seek(sought)

    @Slot(object)
    def _on_order_taken(self, order: Order) -> None:
        self.store.put(order)
        self.show_page("orders")
        if self._board_page is not None:
            self._board_page.focus_order(order.id)

    @Slot(object)
    def _on_print_wanted(self, order: Order) -> None:
        from core.ui.receipt import ReceiptDialog

        ReceiptDialog(order, self._shop_name, self._theme, self._jobs, parent=self).open()

    # -- keys

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no field wanted. The scanner sees them first: its Enter must not confirm an order."""
        if not self.signed_in or self._scanner.take(event):
            return
        page, key = self._board_page, Qt.Key(event.key())
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key == Qt.Key.Key_F5:
            self._refresh()
        elif control and key == Qt.Key.Key_Z:
            self.workspace.undo.act()
        elif control and key == Qt.Key.Key_L:
            self._on_leave_wanted("lock")
        elif control and Qt.Key.Key_1 <= key <= Qt.Key.Key_3:
            self.show_page(tuple(PAGES)[key - Qt.Key.Key_1])
        elif page is not None and key in _CARD_KEYS and not control:
            card = page.current if page.has_cards_focus else None
            if card is not None and not event.isAutoRepeat():
                self._actions.do(_CARD_KEYS[key], card.order.id)
        else:
            super().keyPressEvent(event)

    def _refresh(self) -> None:
        self.board.refresher.refresh()
        page = self._pages.get(self.workspace.page)
        refresh: Callable[[], None] | None = getattr(page, "refresh", None)
        if refresh is not None:
            refresh()

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

    # -- coming and going

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.signed_in:
            self.board.refresher.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self.board.refresher.stop()
        super().hideEvent(event)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        """What is being sent gets a moment to arrive."""
        waits = _CLOSING_S if self._changes.under_way else 0.0
        self.hide()
        self._idle.stop()
        self._scanner.stop()
        self._unsubscribe()
        self.board.close()
        self._jobs.close(waits)
        self.closed.emit()
        super().closeEvent(event)
