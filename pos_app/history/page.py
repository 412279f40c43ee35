"""The page of all orders: search, details, receipts, export."""

from datetime import date
from pathlib import Path
from typing import Final

from PySide6.QtCore import QDate, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError
from core.domain.order import PaymentState
from core.domain.status import OrderStatus
from core.spreadsheet import Separator
from core.ui.days import Days, local_date
from core.ui.refresh import Refresher
from core.ui.text import N_, _, figure, ngettext, status_label, tender_label
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import Freshness
from core.ui.widgets.controls import button, label
from core.ui.widgets.fields import DayField, Picker, SearchField
from core.ui.widgets.notice import Notice
from core.ui.widgets.pair import Pair
from core.ui.widgets.save_dialog import save_dialog
from pos_app.context import PosContext
from pos_app.export import KINDS
from pos_app.history.list_view import HistoryList
from pos_app.history.presenter import Cancelled, History
from pos_app.history.search import Search
from pos_app.order.actions import OrderActions
from pos_app.order.behind import Behind
from pos_app.order.card import Card

_TYPING_MS: Final = 300
_EXPORTED_MS: Final = 10_000
_PAYMENTS: Final = {
    PaymentState.UNPAID: N_("Not paid"),
    PaymentState.PAID: N_("Paid"),
    PaymentState.REFUNDED: N_("Refunded"),
}
_ANY, _CUSTOM = "any", "custom"
_AGO: Final = {0: (0, 0), 1: (1, 1), 7: (6, 0), 30: (29, 0)}
"""The first and the last day of the periods of "When", in days before today."""


class HistoryPage(QWidget):
    """Updates the rows with every change of the orders while it is shown."""

    failed = Signal(object)
    """A `ClientError`."""

    def __init__(
        self, context: PosContext, actions: OrderActions, notice: Notice, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        theme = context.theme
        self.setObjectName("history_page")
        self._theme = theme
        self._notice = notice
        self._actions = actions
        self._now = context.now
        self._bridge = context.bridge
        self._separator = Separator.SEMICOLON if self.locale().decimalPoint() == "," else Separator.COMMA
        self.history = History(context, actions.own, self)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._search)
        self.list = HistoryList(theme, self.history.rows, context.now)
        self.list.setAccessibleName(_("Orders found"))
        self.list.opened.connect(self._on_order_opened)
        self.list.end_near.connect(self.history.more)
        self._empty = label(role="muted", wrap=True)
        self._empty.setObjectName("history_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        column.addWidget(self._filters())
        column.addWidget(self._behind_row())
        column.addWidget(self._stack, 1)
        column.addWidget(self._footer())
        self._days = Days(context.now, self)
        self._days.begun.connect(self.refresh)
        self._days.begun.connect(self.list.viewport().update)
        history = self.history
        history.changed.connect(self._update_view)
        history.failed.connect(self.failed)
        history.progressed.connect(self._on_export_progressed)
        history.exported.connect(self._on_exported)
        history.export_failed.connect(self._on_export_failed)
        self._update_view()

    def _filters(self) -> QWidget:
        self._sought = SearchField(self._theme, "history_search", _("Number, name or phone"))
        self._sought.textChanged.connect(self._typing.start)
        self._sought.returnPressed.connect(self._search)
        self._sought.left_down.connect(self._on_left_down)
        self._period = Picker(self._theme, "history_period", _("When"))
        for words, data in (
            (_("Any time"), _ANY),
            (_("Today"), 0),
            (_("Yesterday"), 1),
            (_("Last 7 days"), 7),
            (_("Last 30 days"), 30),
            (_("From … to"), _CUSTOM),
        ):
            self._period.addItem(words, data)
        self._period.activated.connect(self._search)
        self._period.currentIndexChanged.connect(self._on_period_changed)
        self._from = DayField(self._theme, "history_from", _("From"))
        self._to = DayField(self._theme, "history_to", _("To"))
        for day in (self._from, self._to):
            day.dateChanged.connect(self._typing.start)
        self._status = Picker(self._theme, "history_status", _("Status"))
        self._status.addItem(_("Any status"), None)
        for status in OrderStatus:
            self._status.addItem(status_label(status), status)
        self._status.activated.connect(self._search)
        days = _side_by_side(self._theme, self._from, self._to)
        filters = Pair(self._theme, Pair(self._theme, self._period, self._status), days)
        self._days_row = days
        self._on_period_changed()
        self._more_row = self._more_filters()
        self._more_row.hide()
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(self._theme.space(2))
        column.addWidget(Pair(self._theme, self._sought, filters))
        column.addWidget(self._more_row)
        return both

    def _more_filters(self) -> Pair:
        """The filters of tender, cashier and POS."""
        theme = self._theme
        self._payment = Picker(theme, "history_payment", _("Payment"))
        self._payment.addItem(_("Any payment"), None)
        for payment, words in _PAYMENTS.items():
            self._payment.addItem(_(words), payment)
        self._tender = Picker(theme, "history_tender", _("Tender"))
        self._tender.addItem(_("Any tender"), "")
        self._cashier = SearchField(theme, "history_cashier", _("Cashier"))
        self._till = SearchField(theme, "history_till", _("POS"))
        for picker in (self._payment, self._tender):
            picker.activated.connect(self._search)
        for field in (self._cashier, self._till):
            field.textChanged.connect(self._typing.start)
            field.returnPressed.connect(self._search)
            field.left_down.connect(self._on_left_down)
        return Pair(theme, Pair(theme, self._payment, self._tender), Pair(theme, self._cashier, self._till))

    def _behind_row(self) -> QWidget:
        """Which row of a report the orders are of, and a way back to all."""
        self._behind: Behind | None = None
        self._behind_words = label(role="strong", wrap=True)
        self._behind_words.setObjectName("history_behind")
        everything = button(_("Show all orders"), self._theme, name="history_everything")
        everything.clicked.connect(self._on_everything_pressed)
        row = self._behind_bar = Pair(self._theme, self._behind_words, everything)
        row.hide()
        return row

    @Slot(bool)
    def _on_more_toggled(self, shown: bool) -> None:
        self._more_row.setVisible(shown)
        if shown:
            self._offer_tenders()
        else:
            self._no_more()
            self._search()

    def _offer_tenders(self) -> None:
        for tender in self._bridge.tenders:
            if self._tender.findData(str(tender.id)) < 0:
                self._tender.addItem(tender_label(tender.id), str(tender.id))

    def _no_more(self) -> None:
        for box in (self._payment, self._tender):
            box.setCurrentIndex(0)
        for field in (self._cashier, self._till):
            field.clear()
        self._typing.stop()

    @Slot()
    def _on_everything_pressed(self) -> None:
        self._show_behind(None)
        self._search()

    def _show_behind(self, behind: Behind | None) -> None:
        self._behind = behind
        self._behind_words.setText(behind.words if behind is not None else "")
        self._behind_bar.setVisible(behind is not None)

    def _footer(self) -> Pair:
        self._count = label(role="muted")
        self._count.setObjectName("history_count")
        freshness = Freshness(self.history.refresher)
        freshness.setObjectName("history_age")
        self._export = button(_("Export CSV"), self._theme, icon="export", name="history_export")
        self._export.clicked.connect(self._on_export_pressed)
        more = button(_("Filters"), self._theme, name="history_more")
        more.setCheckable(True)
        more.toggled.connect(self._on_more_toggled)
        said = _side_by_side(self._theme, self._count, freshness)
        return Pair(self._theme, said, Pair(self._theme, more, self._export))

    # -- searching

    def seek(self, text: str) -> None:
        """Search all orders of any time and status for `text`."""
        self.seek_nothing()
        self._sought.setText(text)
        self._search()

    def seek_behind(self, behind: Behind) -> None:
        """Show the orders behind a row of a report."""
        self.seek_nothing()
        self._show_behind(behind)
        self._search()

    @property
    def refresher(self) -> Refresher:
        """The refresher of the orders."""
        return self.history.refresher

    @Slot()
    def refresh(self) -> None:
        self._search()

    def clear(self) -> None:
        """Reset for the next cashier."""
        self.seek_nothing()
        self.history.clear()

    def seek_nothing(self) -> None:
        for box in (self._period, self._status):
            box.setCurrentIndex(0)
        self._sought.clear()
        self._no_more()
        self._show_behind(None)

    @property
    def sought(self) -> Search:
        """The search that the fields describe."""
        period = self._period.currentData()
        dates = [_day(edit.date()) for edit in (self._from, self._to)]
        return Search(
            text=self._sought.text().strip(),
            status=self._status.currentData(),
            ago=_AGO.get(period),
            dates=(min(dates), max(dates)) if period == _CUSTOM else None,
            payment=self._payment.currentData(),
            tender=self._tender.currentData() or "",
            cashier=self._cashier.text().strip(),
            till=self._till.text().strip(),
            behind=self._behind,
        )

    @Slot()
    def _on_left_down(self) -> None:
        if self.list.isVisible():
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _search(self) -> None:
        self._typing.stop()
        self.history.search(self.sought)

    @Slot()
    def _on_period_changed(self) -> None:
        custom = self._period.currentData() == _CUSTOM
        self._days_row.setVisible(custom)

    # -- what is shown

    @Slot()
    def _update_view(self) -> None:
        history, rows = self.history, self.history.rows.rowCount()
        self._stack.setCurrentWidget(self.list if rows else self._empty)
        if history.loading:
            self._count.setText(_("Searching…"))
        elif rows:
            shown = ngettext("{count} order", "{count} orders", history.total)
            of = _("{shown} of {total}").format(shown=figure(rows), total=shown)
            if history.has_more:
                words = _("{orders}, and more").format(orders=shown)
            else:
                words = of if rows < history.total else shown
            self._count.setText(_("{orders}, kept on this POS").format(orders=words) if history.kept else words)
        else:
            self._count.setText("")
        if not rows:
            if history.loading:
                words = _("Searching…")
            else:
                words = _("No order matches.") if history.searched else _("Search by number, name or phone.")
            self._empty.setText(words)
        self._export.setEnabled(bool(rows) and not history.exporting)

    @Slot(object)
    def _on_order_opened(self, card: Card) -> None:
        self._actions.do("details", card.order.id)

    # -- exporting

    @Slot()
    def _on_export_pressed(self) -> None:
        file = f"orders-{local_date(self._now()):%Y-%m-%d}.csv"
        kinds = [_(words) for words in KINDS.values()]
        dialog = save_dialog(self, _("Export orders"), kinds, file, "export_dialog")
        dialog.selectNameFilter(_(KINDS[self._separator]))
        dialog.filterSelected.connect(self._on_kind_chosen)
        dialog.fileSelected.connect(self.export_to)
        dialog.open()

    @Slot(str)
    def export_to(self, path: str) -> None:
        self._on_export_progressed(0, self.history.total)
        self.history.export(Path(path), self._separator)

    @Slot(str)
    def _on_kind_chosen(self, words: str) -> None:
        self._separator = next(separator for separator, kind in KINDS.items() if _(kind) == words)

    @Slot(int, int)
    def _on_export_progressed(self, written: int, total: int) -> None:
        words = _("{written} of {total}").format(written=figure(written), total=figure(total))
        self._notice.show_message(
            _("Exporting"), words if total else figure(written), _("Cancel export"), self.history.cancel_export
        )

    @Slot(object)
    def _on_exported(self, path: Path) -> None:
        self._notice.show_message(_("Exported"), str(path), life_ms=_EXPORTED_MS)

    @Slot(object)
    def _on_export_failed(self, error: ClientError) -> None:
        if isinstance(error, Cancelled):
            self._notice.show_message(_("Export cancelled"), error.message, life_ms=_EXPORTED_MS)
        else:
            self.failed.emit(error)

    # -- coming and going

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._days.start()
        self.history.start()
        self._sought.setFocus()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._typing.stop()
        self._days.stop()
        self.history.stop()
        super().hideEvent(event)


def _side_by_side(theme: Theme, *parts: QWidget) -> QWidget:
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.space(2))
    for part in parts:
        row.addWidget(part)
    return both


def _day(value: QDate) -> date:
    return date(value.year(), value.month(), value.day())
