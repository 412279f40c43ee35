"""The Sync page: operations that the server has not answered, and decisions about them."""

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from core import clock
from core.client.operations import Operation, target
from core.client.storage.seal import KeptIn
from core.client.sync.engine import ConnectionState
from core.domain.ids import OrderId
from core.domain.payment import to_pay_minor
from core.domain.status import OrderStatus
from core.ui import icons
from core.ui.days import Days, local_date
from core.ui.rows import ROW
from core.ui.text import N_, _, age, error_text, ngettext
from core.ui.widgets.controls import button, keep_room, label, panel
from core.ui.widgets.notice import Notice
from core.ui.widgets.save_dialog import save_dialog
from core.ui.widgets.scroll import VerticalScroll
from pos_app.context import PosContext
from pos_app.order.card import customer
from pos_app.order.operation_words import did, needs_number, number
from pos_app.sync.decision_pane import DecisionPane
from pos_app.sync.devices import Devices
from pos_app.sync.devices_pane import DevicesPane
from pos_app.sync.list_view import QueueList
from pos_app.sync.model import Entry
from pos_app.sync.presenter import Queue

_TICK_MS: Final = 1000
_LOWEST: Final = 250
_EXPORTED_MS: Final = 10_000
_RENUMBERED_MS: Final = 60_000
"""Long, since it needs an action."""
_KEPT_IN: Final = {
    KeptIn.KEYRING: N_("The key to this POS's session is in the system's keyring."),
    KeptIn.FILE: N_("The key to this POS's session is in a file that only its user may read: no keyring is used."),
}


class SyncPage(QWidget):
    """The queue at one side, the chosen change at the other."""

    payment_wanted = Signal(object, object)
    """An unpaid `Order` that is to be handed over after all, and what to call with its `NewPayment`, or None."""
    failed = Signal(object)
    """A `ClientError`."""

    def __init__(self, context: PosContext, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self.setObjectName("sync_page")
        self._theme = theme
        self._now = context.now
        self._notice = notice
        self._api = context.api
        self._bridge = context.bridge
        self.queue = Queue(context, self)
        self.list = QueueList(theme, self.queue.rows, context.now)
        self.list.setAccessibleName(_("Changes that wait"))
        self.list.selectionModel().currentChanged.connect(self._on_chosen_changed)
        self.list.activated.connect(self._on_row_activated)
        self.pane = DecisionPane(theme, context.now)
        self.pane.again_wanted.connect(self._on_again_wanted)
        self.pane.discard_wanted.connect(self._on_discard_wanted)
        frame, inside = panel("sunken")
        inside.setContentsMargins(theme.space(3), theme.space(4), theme.space(3), theme.space(4))
        inside.addWidget(self.pane)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(4))
        row.addWidget(self.list, 5)
        row.addWidget(frame, 4)
        self._stack = QStackedWidget()
        self._stack.addWidget(both)
        self._stack.addWidget(self._make_empty())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(3))
        column.addLayout(self._head())
        self.devices = DevicesPane(theme, Devices(context.jobs, context.api, self), context.now)
        self._kept = label(role="small", wrap=True)
        self._kept.setObjectName("sync_kept")
        # In large text the decision keeps its room, and the rest is scrolled.
        self._stack.setMinimumHeight(theme.px(_LOWEST))
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.space(3))
        inner.addWidget(self._stack, 1)
        inner.addWidget(self.devices)
        inner.addWidget(self._kept)
        column.addWidget(VerticalScroll(content), 1)
        self._days = Days(context.now, self)
        self._days.begun.connect(self.list.viewport().update)
        self._days.begun.connect(self.pane.show_again)
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._update_age)
        queue = self.queue
        queue.changed.connect(self._update_view)
        queue.decided.connect(self._on_decided)
        queue.renumbered.connect(self._on_renumbered)
        queue.failed.connect(self.failed)
        queue.exported.connect(self._on_exported)
        self._update_view()

    def _head(self) -> QHBoxLayout:
        theme = self._theme
        self._title = label(role="strong", wrap=True)
        self._title.setObjectName("sync_title")
        self._age = label(role="muted", wrap=True)
        self._age.setObjectName("sync_age")
        self._age.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        self._age.setMinimumHeight(theme.lines_px(3))
        self._others = label(role="remark", wrap=True)
        self._others.setObjectName("sync_others")
        keep_room(self._others, theme.lines_px(1))
        words = QVBoxLayout()
        words.setSpacing(2)
        for line in (self._title, self._age, self._others):
            words.addWidget(line)
        self._export = button(_("Export"), self._theme, icon="export", name="sync_export")
        self._export.clicked.connect(self._on_export_pressed)
        self._try_now = button(_("Try now"), self._theme, "primary", "refresh", name="sync_now")
        self._try_now.clicked.connect(self.queue.try_now)
        head = QHBoxLayout()
        head.setSpacing(self._theme.space(3))
        head.addLayout(words, 1)
        for each in (self._export, self._try_now):
            head.addWidget(each, 0, Qt.AlignmentFlag.AlignTop)
        return head

    def _make_empty(self) -> QWidget:
        empty = QWidget()
        empty.setObjectName("sync_empty")
        self._shape = label()
        self._shape.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        title = label(_("Nothing waits"), "title")
        told = label(_("Everything done at this POS has reached the server."), "muted", wrap=True)
        column = QVBoxLayout(empty)
        column.addStretch(2)
        for each in (self._shape, title, told):
            each.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(each)
        column.addStretch(3)
        self._draw()
        self._theme.changed.connect(self._draw)
        return empty

    @Slot()
    def _draw(self) -> None:
        size = self._theme.px(48)
        self._shape.setPixmap(icons.icon("check", self._theme.colour("ready"), size).pixmap(size))

    # -- what is chosen

    @property
    def chosen(self) -> Entry | None:
        index = self.list.currentIndex()
        return index.data(ROW) if index.isValid() else None

    def choose(self, order_id: OrderId) -> None:
        """Show the decision about this order."""
        for row, entry in enumerate(self.queue.rows.rows):
            if entry.operation.order_id == order_id:
                self._select(row)
                self.pane.focus()
                return

    def refresh(self) -> None:
        """Send and fetch now."""
        self.queue.try_now()
        self.devices.refresh()

    def clear(self) -> None:
        """Reset for the next cashier."""
        self.queue.forget()

    def _select(self, row: int) -> None:
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.list.selectionModel().setCurrentIndex(self.queue.rows.index(row), flag)

    # -- telling

    @Slot()
    def _update_view(self) -> None:
        queue = self.queue
        listed, undecided = queue.rows.rowCount(), queue.undecided
        waiting = listed - len(queue.elsewhere)
        if undecided:
            title = ngettext("{count} change needs your decision", "{count} changes need your decision", undecided)
        elif waiting:
            title = ngettext("{count} change waits to be sent", "{count} changes wait to be sent", waiting)
        else:
            title = _("In step with the server") if queue.online else _("Nothing waits to be sent")
        self._title.setText(title)
        self._others.setText(
            ngettext(
                "{count} change of another cashier waits until they sign in here.",
                "{count} changes of other cashiers wait until they sign in here.",
                queue.others,
            )
        )
        self._others.setVisible(queue.others > 0)
        self._export.setEnabled(listed > 0)
        self._stack.setCurrentIndex(0 if listed else 1)
        if listed and not self.list.currentIndex().isValid():
            self._select(0)
        self.devices.set_online(online=queue.online)
        self._update_chosen()
        self._update_age()

    @Slot()
    def _update_chosen(self) -> None:
        self.pane.show_entry(self.chosen, busy=self.queue.deciding)

    @Slot(QModelIndex, QModelIndex)
    def _on_chosen_changed(self, _current: QModelIndex, _before: QModelIndex) -> None:
        self._update_chosen()

    @Slot()
    def _update_age(self) -> None:
        sync_status = self.queue.sync_status
        state = {
            ConnectionState.LIVE: _("Live"),
            ConnectionState.POLLING: _("Connected, without push"),
            ConnectionState.OFFLINE: _("Connecting…") if sync_status.problem is None else _("Offline"),
            ConnectionState.SIGNED_OUT: _("Signed out"),
        }[sync_status.state]
        age_s = sync_status.age_s(clock.now_s())
        if age_s is None:
            told = _("{state} · not in step since this window was opened")
            words = told.format(state=state)
        else:
            words = _("{state} · last in step {age} ago").format(state=state, age=age(age_s))
        if sync_status.problem is not None:
            words += f"\n{error_text(sync_status.problem)}"
        if words != self._age.text():
            self._age.setText(words)
        self.devices.update_age()

    # -- deciding

    @Slot(QModelIndex)
    def _on_row_activated(self, _index: QModelIndex) -> None:
        self.pane.focus()

    @Slot(object)
    def _on_again_wanted(self, operation: Operation) -> None:
        if needs_number(operation):
            self.queue.renumber(operation)
        elif target(operation) is OrderStatus.COMPLETED and to_pay_minor(order := self.queue.order(operation)):
            self.payment_wanted.emit(order, partial(self.queue.retry, operation))
        else:
            self.queue.retry(operation)

    @Slot(object)
    def _on_discard_wanted(self, operation: Operation) -> None:
        from pos_app.order.reason_dialog import ReasonDialog

        conflict = operation.theirs is not None
        reasons = (
            (_("It was done already"), _("The customer decided otherwise"), _("Done by mistake"))
            if conflict
            else (_("Done by mistake"), _("Taken again by hand"), _("Not needed any more"))
        )
        whose = f"{number(operation)} · {customer(operation.seen)}"
        gone = _("What you did (“{what}”) is given up, and kept in this POS's file for 90 days.")
        dialog = ReasonDialog(
            self._theme,
            _("Keep the server's?") if conflict else _("Give this change up?"),
            f"{whose}\n{gone.format(what=did(operation))}",
            reasons,
            _("Keep the server's") if conflict else _("Give it up"),
            parent=self.window(),
        )
        dialog.given.connect(partial(self.queue.discard, operation.op_id))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str, str)
    def _on_renumbered(self, told: str, number: str) -> None:
        words = _("Tell the customer, and print the receipt again.")
        title = _("{old} is {new} from now on") if number else _("{old} gets another number from the server")
        self._notice.show_message(title.format(old=told, new=number), words, life_ms=_RENUMBERED_MS)

    @Slot()
    def _on_decided(self) -> None:
        if self.isVisible():
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- exporting

    @Slot()
    def _on_export_pressed(self) -> None:
        file = f"waiting-{local_date(self._now()):%Y-%m-%d}.csv"
        kinds = (_("Spreadsheet (*.csv)"), _("JSON (*.json)"))
        dialog = save_dialog(self, _("Export what waits"), kinds, file, "sync_export_dialog")
        dialog.fileSelected.connect(self.export_to)
        dialog.open()

    @Slot(str)
    def export_to(self, path: str) -> None:
        self.queue.export(Path(path))

    @Slot(object)
    def _on_exported(self, path: Path) -> None:
        self._notice.show_message(_("Exported"), str(path), life_ms=_EXPORTED_MS)

    # -- coming and going

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ticker.start()
        self._days.start()
        self.queue.reload()
        self._update_view()
        self._kept.setText(_(_KEPT_IN[self._api.kept_in]) if self._api.kept_in is not None else "")
        (self.list if self.list.isVisibleTo(self) else self._try_now).setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._ticker.stop()
        self._days.stop()
        super().hideEvent(event)
