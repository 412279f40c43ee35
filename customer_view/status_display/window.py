"""The window of the status display: header, warnings, and the columns. It has no controls."""

from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.ids import OrderId
from core.domain.status import OrderStatus, look
from core.ui import keys
from core.ui.sound import Sounds
from core.ui.text import _, age, clock, error_text, status_label
from core.ui.theme import Theme
from customer_view.status_display.column import ColumnView
from customer_view.status_display.presenter import Freshness, Shown, StatusDisplayPresenter
from customer_view.status_display.settings import StatusDisplaySettings
from customer_view.status_display.signs import Doubt, Header, Nothing

_SIZE: Final = (1280, 800)
_LEAST: Final = (480, 320)
_SHARES: Final = (20, 46, 54)
"""The columns' shares of the width: ready numbers are bigger, those that only wait smaller."""
_WAITING_MOST: Final = 34
"""The share of those that wait in the largest letters."""


class StatusDisplayWindow(QWidget):
    """Full screen, as configured. Esc leaves it, F11 toggles it."""

    closed = Signal()

    def __init__(
        self, theme: Theme, presenter: StatusDisplayPresenter, sounds: Sounds, settings: StatusDisplaySettings
    ) -> None:
        super().__init__()
        self.setObjectName("board_window")
        self.setWindowTitle(_("Orderbell"))
        self.setMinimumSize(*_LEAST)
        self.resize(*_SIZE)
        self._presenter = presenter
        self._sounds = sounds
        self._started = False
        presenter.setParent(self)
        sounds.setParent(self)
        names = settings.show_names
        self._waiting = ColumnView(theme, _("Waiting"), OrderStatus.CONFIRMED, 28, 44, names=names, name="waiting")
        self._waiting.hide()
        self._preparing = ColumnView(
            theme, status_label(OrderStatus.PREPARING), OrderStatus.PREPARING, 44, 96, names=names, name="preparing"
        )
        self._ready = ColumnView(theme, _("Ready to collect"), OrderStatus.READY, 60, 144, names=names, name="ready")
        self._header = Header(theme)
        self._doubt = Doubt(theme)
        self._nothing = Nothing(theme)
        self._columns = QWidget()
        self._side_by_side = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._columns)
        self._side_by_side.setContentsMargins(0, 0, 0, 0)
        self._side_by_side.setSpacing(0)
        waiting = min(_SHARES[0] * theme.text_scale // 100, _WAITING_MOST)
        shares = (waiting, *_SHARES[1:])
        for column, share in zip((self._waiting, self._preparing, self._ready), shares, strict=True):
            self._side_by_side.addWidget(column, share)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        for part in (self._header, self._doubt, self._nothing):
            page.addWidget(part)
        page.addWidget(self._columns, 1)
        presenter.changed.connect(self._on_tickets_changed)
        presenter.called.connect(self._on_orders_called)
        presenter.display_status_changed.connect(self._on_display_status_changed)
        presenter.ticked.connect(self._update_texts)
        self._update_texts()
        if settings.full_screen:
            self.setWindowState(Qt.WindowState.WindowFullScreen)

    # -- content

    @Slot(object)
    def _on_tickets_changed(self, shown: Shown) -> None:
        self._waiting.set_tickets(shown.waiting)
        self._waiting.setVisible(bool(shown.waiting))
        self._preparing.set_tickets(shown.preparing)
        self._ready.set_tickets(shown.ready)

    @Slot(object)
    def _on_orders_called(self, order_ids: tuple[OrderId, ...]) -> None:
        self._ready.call(order_ids)
        self._sounds.play(look(OrderStatus.READY).sound)

    @Slot(object)
    def _on_display_status_changed(self, _display_status: object) -> None:
        self._update_texts()

    @Slot()
    def _update_texts(self) -> None:
        """Update all texts; unchanged ones are not painted again."""
        display_status = self._presenter.display_status
        stale = display_status.freshness is Freshness.STALE
        nothing = display_status.freshness is Freshness.NONE
        if stale and display_status.fresh_at is not None:
            since = _("Not up to date since {time}").format(time=clock(display_status.fresh_at))
            self._doubt.set_words(f"▲ {since}", _("Please ask at the counter for your order."))
        if nothing and display_status.problem is not None:
            told = (_("Please ask at the counter for your order."), error_text(display_status.problem))
            self._nothing.set_words(_(display_status.problem.title), "\n".join(told))
        elif nothing:
            self._nothing.set_words(_("Connecting…"), "")
        for column in (self._waiting, self._preparing, self._ready):
            column.set_doubted(stale)
        self._doubt.setVisible(stale)
        self._nothing.setVisible(nothing)
        self._columns.setVisible(not nothing)
        self._header.set_words(self._presenter.shop_name, self._connection_text(), clock(self._presenter.server_now()))

    def _connection_text(self) -> str:
        display_status = self._presenter.display_status
        if display_status.problem is not None:
            return f"▲ {_(display_status.problem.title)}"
        if display_status.live:
            return f"● {_('Live')}"
        if display_status.freshness is Freshness.NONE:
            return ""
        return "◐ " + _("Checking every {interval}").format(interval=age(self._presenter.refresh_s))

    # -- the window itself

    def _fit(self) -> None:
        """Everything scales with the screen; on a portrait screen the columns are stacked."""
        upright = self.height() > self.width()
        width, height = (800, 1280) if upright else _SIZE
        unit = min(self.width() / width, self.height() / height)
        directions = QBoxLayout.Direction
        self._side_by_side.setDirection(directions.TopToBottom if upright else directions.LeftToRight)
        for part in (self._header, self._doubt, self._nothing, self._waiting, self._preparing, self._ready):
            part.set_unit(unit)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @override
    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.WindowStateChange:
            self._hide_pointer()
        super().changeEvent(event)

    def _hide_pointer(self) -> None:
        if self.isFullScreen():
            self.setCursor(Qt.CursorShape.BlankCursor)
        else:
            self.unsetCursor()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not keys.is_alone(event):
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_F11 and not self.isFullScreen():
            self.showFullScreen()
        elif event.key() in (Qt.Key.Key_F11, Qt.Key.Key_Escape) and self.isFullScreen():
            self.showNormal()
        else:
            super().keyPressEvent(event)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._hide_pointer()
        if not self._started:
            self._started = True
            self._presenter.start()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._presenter.close()
        self._sounds.stop()
        super().closeEvent(event)
        self.closed.emit()
