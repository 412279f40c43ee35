"""The customer's window: the sign-in page, then one customer's visit, then the sign-in page again."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QWidget
from typing_extensions import override

from core.client.errors import SignedOut
from core.client.order_store import OrderStore
from core.client.sync.engine import ConnectionState, SyncStatus
from core.protocol.replies import Tokens
from core.ui.idle import IdleWatch
from core.ui.problems import ended
from core.ui.sound import Sounds
from core.ui.text import _
from core.ui.widgets.notice import follow_connection
from customer_view.account.presenter import Account
from customer_view.account.sign_in_page import SignInPage
from customer_view.account.sign_out_dialog import SignOutDialog
from customer_view.account.still_there import StillThere
from customer_view.context import CustomerContext
from customer_view.visit import Visit

_SIZE = (1280, 800)
_LEAST = (960, 600)
_WARNING_S = 20.0


class CustomerWindow(QMainWindow):
    """Shows one of two pages, each made anew."""

    closed = Signal()

    def __init__(self, context: CustomerContext) -> None:
        super().__init__()
        self.setObjectName("customer_window")
        self.setWindowTitle(_("Orderbell"))
        self.setMinimumSize(*_LEAST)
        self.resize(*_SIZE)
        settings, jobs, bridge = context.settings, context.jobs, context.bridge
        self._context = context
        bridge.sync_status_changed.connect(self._on_sync_status_changed)
        self._sounds = Sounds(volume=settings.volume, parent=self)
        self._account = Account(jobs, context.api, self)
        self._account.signed_in.connect(self._on_signed_in)
        self._account.signed_out.connect(bridge.renew)
        self._visit: Visit | None = None
        self._sign_in: SignInPage | None = None
        self._still_there: StillThere | None = None
        self._idle = IdleWatch(0.0 if settings.keep_session else settings.idle_sign_out_s, _WARNING_S, self)
        self._idle.warned.connect(self._on_idle_warned)
        self._idle.resumed.connect(self._on_idle_resumed)
        self._idle.ended.connect(self._on_idle_ended)
        jobs.session_over.connect(self._on_session_over)
        self._welcome()

    @property
    def store(self) -> OrderStore:
        """The orders of the person who is signed in."""
        return self._context.store

    def _welcome(self) -> SignInPage:
        """Show the sign-in page, with the configured look."""
        self._visit = None
        theme = self._context.theme
        theme.choose_text_scale(self._context.settings.text_scale)
        self._sign_in = SignInPage(theme, self._account)
        self._replace_page(self._sign_in)
        self._idle.start()
        return self._sign_in

    def _leave(self) -> SignInPage:
        """End the visit and release it."""
        self._close_popups()
        assert self._visit is not None
        self._visit.end()
        self._account.sign_out()
        return self._welcome()

    def _replace_page(self, page: QWidget) -> None:
        old = self.takeCentralWidget()
        self.setCentralWidget(page)
        if old is not None:
            old.hide()
            old.deleteLater()

    def _close_popups(self) -> None:
        self._still_there = None
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        for dialog in self.findChildren(QDialog):
            dialog.close()

    # -- who is there

    def resume(self, tokens: Tokens, age_s: float | None) -> None:
        """Continue an earlier run's visit, whose orders are so many seconds old; None without cached ones."""
        self._on_signed_in(tokens)
        if self._visit is not None and age_s is not None:
            self._visit.remember(age_s)

    @Slot(object)
    def _on_signed_in(self, tokens: Tokens) -> None:
        self._sign_in = None
        self._sounds.set_muted(not self._context.settings.sounds)
        self._visit = Visit(self._context, tokens, self._sounds)
        self._visit.sign_out_asked.connect(self._on_sign_out_asked)
        self._replace_page(self._visit.page)
        self._idle.start()

    @Slot()
    def _on_sign_out_asked(self) -> None:
        if self._visit is None:
            return
        if not self._visit.unsent.open:
            self._leave()
            return
        dialog = SignOutDialog(self._context.theme, self._visit.unsent, self)
        dialog.confirmed.connect(self._on_sign_out_confirmed)
        dialog.open()

    @Slot()
    def _on_sign_out_confirmed(self) -> None:
        if self._visit is not None:
            self._leave()

    @Slot(object)
    def _on_sync_status_changed(self, sync_status: SyncStatus) -> None:
        follow_connection(self, sync_status)
        asked = self.findChild(SignOutDialog)
        if self._visit is not None and asked is not None:
            asked.set_counts(self._visit.unsent)
        if sync_status.state is ConnectionState.SIGNED_OUT and isinstance(sync_status.problem, SignedOut):
            self._on_session_over(sync_status.problem)

    @Slot(object)
    def _on_session_over(self, error: SignedOut) -> None:
        if self._visit is not None:
            over = ended(error, self._visit.unsent)
            if self._visit.awaits_orders and not self._visit.unsent.open:
                again = _("Sign in here again: the shop is then asked about the orders you placed lately.")
                over = SignedOut(f"{over.message} {again}", title=over.title)
            self._leave().notice.show_error(over)

    # -- nobody is there

    @Slot(int)
    def _on_idle_warned(self, seconds: int) -> None:
        if self._visit is None:
            return
        if self._still_there is None:
            self._still_there = StillThere(self._context.theme, seconds, QApplication.activeModalWidget() or self)
            self._still_there.open()
        self._still_there.count_down(seconds)

    @Slot()
    def _on_idle_resumed(self) -> None:
        if self._still_there is not None:
            self._still_there.close()
            self._still_there = None

    @Slot()
    def _on_idle_ended(self) -> None:
        if self._visit is not None:
            self._leave().notice.show_message(_("You were signed out"), _("Nobody had touched the screen for a while."))
        elif self._sign_in is not None:
            self._sign_in.clear()
            self._idle.start()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._close_popups()
        self._idle.stop()
        if self._visit is not None:
            self._visit.end()
        self._context.jobs.close()
        super().closeEvent(event)
        self.closed.emit()
