"""The page of the drawer: its session, its buttons, and the reports."""

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.drawers import DrawerAct, DrawerSession
from core.protocol.drawers import SignedReport
from core.ui.refresh import Refresher
from core.ui.text import N_, _, clock, date, drawer_act_label
from core.ui.widgets.connection_chip import Freshness
from core.ui.widgets.controls import button, label, panel
from core.ui.widgets.fields import Picker
from core.ui.widgets.row_list import RowList
from pos_app.context import PosContext
from pos_app.drawer import rows
from pos_app.drawer.dialogs import CloseDialog, CountDialog, MoveDialog
from pos_app.drawer.paper import ReportDialog
from pos_app.drawer.presenter import DrawerBook
from pos_app.drawer.rows import Line, LineDelegate, LinesModel

_ACTS: Final = {
    DrawerAct.PAID_IN: (N_("Change from the bank"), N_("Brought by the owner")),
    DrawerAct.PAID_OUT: (N_("Supplies"), N_("Taken by the owner")),
    DrawerAct.DROP: (N_("Too much in the drawer"),),
    DrawerAct.TIP_OUT: (N_("Tips paid by card"),),
    DrawerAct.NO_SALE: (N_("Changed money"), N_("Opened by mistake")),
}
"""What is done at an open drawer, and the usual reasons."""
_SHOWN: Final = (("session", N_("This session")), ("reports", N_("Z reports")), ("sessions", N_("All drawers")))


class DrawerPage(QWidget):
    """Works without a server, but for X and the reports."""

    failed = Signal(object)
    """A `ClientError`."""

    def __init__(self, context: PosContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self.setObjectName("drawer_page")
        self._context = context
        self._theme = theme
        self.book = DrawerBook(context, self)
        self._state = label(role="title", wrap=True)
        self._state.setObjectName("drawer_state")
        self._since = label(role="muted", wrap=True)
        self._since.setObjectName("drawer_since")
        frame, card = panel("card")
        edge = theme.space(4)
        card.setContentsMargins(edge, theme.space(3), edge, theme.space(3))
        card.setSpacing(0)
        card.addWidget(self._state)
        card.addWidget(self._since)
        self._open = self._button(_("Open the drawer"), "primary", "drawer_open", self._on_open)
        self._count = self._button(_("Count and close"), "primary", "drawer_count", self._on_count)
        self._x = self._button(_("X report"), "", "drawer_x", self._on_x)
        self._moves = [
            self._button(drawer_act_label(act), "", f"drawer_{act}", partial(self._on_move, act)) for act in _ACTS
        ]
        self._was_open = self._others = False
        self._grid = QGridLayout()
        self._grid.setSpacing(theme.space(2))
        self._picker = Picker(theme, "drawer_shown", _("Rows"))
        for name, words in _SHOWN:
            self._picker.addItem(_(words), name)
        self._picker.activated.connect(self._show)
        self._model = LinesModel(lambda line: line.key, self)
        self._list = RowList("drawer_rows", _("Drawer"))
        self._list.setModel(self._model)
        self._list.setItemDelegate(LineDelegate(theme, self._list))
        self._list.opened.connect(self._on_row_opened)
        self._empty = label(role="muted", wrap=True)
        self._empty.setObjectName("drawer_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._empty)
        self._stack.setMinimumHeight(2 * theme.touch_px)
        age = Freshness(self.book.refresher)
        age.setObjectName("drawer_age")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        column.addWidget(frame)
        column.addLayout(self._grid)
        column.addWidget(self._picker)
        column.addWidget(self._stack, 1)
        column.addWidget(age)
        self.book.changed.connect(self._show)
        self.book.failed.connect(self.failed)
        self.book.counted.connect(self._on_counted)
        self.book.report_read.connect(self._show_report)
        self._show()

    @property
    def refresher(self) -> Refresher:
        return self.book.refresher

    def admit(self, *, others: bool) -> None:
        """Set whether the person who is signed in may see the drawers of all POSs, and before the count what should be
        in them."""
        self._others = others
        at = self._picker.findData("sessions")
        if others and at < 0:
            self._picker.addItem(_("All drawers"), "sessions")
        elif not others and at >= 0:
            self._picker.removeItem(at)
        self._show()

    def clear(self) -> None:
        """Reset for the next person."""
        self._picker.setCurrentIndex(0)
        self.book.clear()

    @Slot()
    def refresh(self) -> None:
        self.book.refresh()

    def _button(self, words: str, kind: str, name: str, act: Callable[[], None]) -> QPushButton:
        made = button(words, self._theme, kind, name=name)
        made.setParent(self)
        made.clicked.connect(act)
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # as wide as its column
        return made

    # -- what is shown

    @Slot()
    def _show(self) -> None:
        known, busy = self.book.known, self.book.acting
        session = known.session
        self._state.setText(_state(session))
        self._since.setText(_since(session))
        sees_x = known.is_open and (self._others or (session is not None and session.is_counted))
        for each, shown in ((self._open, not known.is_open), (self._count, known.is_open), (self._x, sees_x)):
            each.setVisible(shown)
            each.setEnabled(not busy)
        for each in self._moves:
            each.setVisible(known.is_open)
            each.setEnabled(not busy)
        lines, empty = self._lines()
        self._model.set_rows(lines)
        self._empty.setText(empty)
        self._stack.setCurrentWidget(self._list if lines else self._empty)
        self._lay_out()
        if known.is_open != self._was_open and not busy:  # a disabled button takes no keyboard
            self._was_open = known.is_open
            self._focus()

    def _focus(self) -> None:
        """Focus the button of the next step."""
        if self.isVisible():
            (self._count if self.book.known.is_open else self._open).setFocus()

    def _lines(self) -> tuple[list[Line], str]:
        """The chosen rows, and the text where there are none."""
        known, currency = self.book.known, self.book.currency
        match self._picker.currentData():
            case "reports":
                if known.reports is None:
                    return [], _("Reports are shown as soon as the server can be reached.")
                return rows.of_reports(known.reports), _("No drawer session was closed yet.")
            case "sessions":
                return rows.of_sessions(known.sessions), _("No drawer was opened yet.")
            case _:
                lines = rows.of_session(known.session, currency) if known.session is not None else []
                return lines, _("Count what is in the drawer to open it.")

    def _lay_out(self) -> None:
        """Buttons in as many columns as there is room for."""
        shown = [each for each in (self._open, self._count, *self._moves, self._x) if not each.isHidden()]
        widest = max(each.sizeHint().width() for each in shown) + self._grid.spacing()
        columns = max(1, min(len(shown), self.width() // widest))
        for at, each in enumerate(shown):
            self._grid.addWidget(each, at // columns, at % columns)
        for at in range(len(_ACTS) + 3):
            self._grid.setColumnStretch(at, int(at < columns))

    # -- what a person does

    @Slot()
    def _on_open(self) -> None:
        dialog = CountDialog(
            self._theme,
            self.book.currency,
            _("Open the drawer"),
            _("Count the cash that is in it now."),
            _("Open the drawer"),
            self.window(),
        )
        dialog.counted.connect(self.book.open)
        dialog.open()

    @Slot()
    def _on_count(self) -> None:
        dialog = CountDialog(
            self._theme,
            self.book.currency,
            _("Count the drawer"),
            _("You are told what should be there once you have counted."),
            _("That is what I counted"),
            self.window(),
        )
        dialog.counted.connect(self.book.count)
        dialog.open()

    @Slot()
    def _on_counted(self) -> None:
        cash = self.book.known.cash
        if cash is None:
            return
        dialog = CloseDialog(
            self._theme, cash, self.book.currency, predicted=self.book.known.predicted, parent=self.window()
        )
        dialog.closed.connect(self.book.close)
        dialog.recount_wanted.connect(self._on_count)
        dialog.open()

    def _on_move(self, act: DrawerAct) -> None:
        reasons = [_(each) for each in _ACTS[act]]
        dialog = MoveDialog(self._theme, act, self.book.currency, reasons, self.window())
        dialog.moved.connect(self.book.move)
        dialog.open()

    @Slot()
    def _on_x(self) -> None:
        if self.book.known.session is not None:
            self.book.ask_x(self.book.known.session.id)

    @Slot(object)
    def _on_row_opened(self, line: Line) -> None:
        about = line.about
        if isinstance(about, SignedReport):
            self._show_report(about)
        elif isinstance(about, DrawerSession):
            here = about.device == self._context.settings.device
            if about.owner and about.is_open and here and about != self.book.known.session:
                self._picker.setCurrentIndex(0)
                self.book.choose(about.id)
            else:
                self.book.ask_x(about.id)

    @Slot(object)
    def _show_report(self, signed: SignedReport) -> None:
        ReportDialog(signed, self._theme, self._context.jobs, self.window()).open()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.book.start()
        self._show()
        self._focus()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self.book.stop()
        super().hideEvent(event)


def _state(session: DrawerSession | None) -> str:
    if session is None or not session.is_open:
        return _("The drawer is closed")
    if session.owner:
        return _("The drawer of {name} is open").format(name=session.opened.by)
    return _("The drawer is open")


def _since(session: DrawerSession | None) -> str:
    if session is None:
        return _("It was not opened at this POS yet.")
    entry = session.closed or session.opened
    at = f"{date(entry.done_at)} {clock(entry.done_at)}"
    words = _("Since {time}, by {name}")
    return words.format(time=at, name=entry.by)
