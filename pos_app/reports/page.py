"""The page of reports: four figures, each beside a week before, and rows with bars."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QHideEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from core.protocol.reports import SalesRow
from core.ui.refresh import Refresher
from core.ui.rows import ROW
from core.ui.sales import TITLES, Bar, amount_of, counted, name_of
from core.ui.text import (
    N_,
    _,
    figure,
    money,
)
from core.ui.theme import Theme
from core.ui.widgets.connection_chip import Freshness
from core.ui.widgets.controls import button, label, panel
from core.ui.widgets.fields import Picker
from core.ui.widgets.notice import Notice
from core.ui.widgets.painting import LEADING, TRAILING, paint_line
from core.ui.widgets.row_list import RowList
from core.ui.widgets.save_dialog import save_dialog
from pos_app.context import PosContext
from pos_app.reports.presenter import Asked, Sales

_PERIODS: Final = (
    (N_("Today"), (0, 0)),
    (N_("Yesterday"), (1, 1)),
    (N_("Last 7 days"), (6, 0)),
    (N_("Last 30 days"), (29, 0)),
    (N_("Last 365 days"), (364, 0)),
)
_FIGURES: Final = {
    "turnover": N_("Turnover"),
    "sales": N_("Sales"),
    "refunds": N_("Given back"),
    "tax": N_("Tax"),
    "discounts": N_("Discounts"),
    "service": N_("Service charges"),
    "tips": N_("Tips"),
}
_STRONG: Final = ("strong", QFont.Weight.DemiBold)
_BODY: Final = ("body", QFont.Weight.Normal)
_SMALL: Final = ("small", QFont.Weight.Normal)
_FIGURE: Final = 170
"""The width that a figure needs."""
_EXPORTED_MS: Final = 10_000
_NAME: Final = 0.28
"""The part of the width that names have; bars have what amounts leave."""


class ReportsPage(QWidget):
    """Asks the server while it is shown: what it shows is a minute old at most, and says how old."""

    failed = Signal(object)
    """A `ClientError`."""
    opened = Signal(object)
    """The `Behind` of a row that was pressed: its orders are wanted."""

    def __init__(self, context: PosContext, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        self.setObjectName("reports_page")
        self._theme = theme
        self._notice = notice
        self.sales = Sales(context, self)
        self._period = Picker(theme, "report_period", _("When"))
        for words, days in _PERIODS:
            self._period.addItem(_(words), days)
        self._by = Picker(theme, "report_by", _("Rows"))
        for by, words in TITLES.items():
            self._by.addItem(_(words), by)
        for picker in (self._period, self._by):
            picker.activated.connect(self._on_chosen)
        self._figures: dict[str, tuple[QLabel, QLabel]] = {}
        self._now = context.now
        self._charged = False
        """Whether there is a service charge to show."""
        self._list = RowList("report_rows", _("Report"))
        self._list.setModel(self.sales.rows)
        self._list.opened.connect(self._on_row_opened)
        self._bars = BarDelegate(theme, context.now, self._list)
        self._list.setItemDelegate(self._bars)
        self._empty = label(role="muted", wrap=True)
        self._empty.setObjectName("report_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._empty)
        age = Freshness(self.sales.refresher)
        age.setObjectName("report_age")
        legend = label(_("Bar: now. Outline: a week before. Press a row for its orders."), "small", wrap=True)
        foot = QHBoxLayout()
        foot.setSpacing(theme.space(3))
        foot.addWidget(legend, 1)
        foot.addWidget(age)
        self._export = button(_("Export PDF"), theme, icon="export", name="report_export")
        self._export.clicked.connect(self._on_export_pressed)
        foot.addWidget(self._export)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(2))
        filters = QHBoxLayout()
        filters.setSpacing(theme.space(2))
        filters.addWidget(self._period, 1)
        filters.addWidget(self._by, 1)
        column.addLayout(filters)
        self._panels = [self._panel(name) for name in _FIGURES]
        self._grid = QGridLayout()
        self._grid.setSpacing(theme.space(2))
        column.addLayout(self._grid)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)
        self.sales.changed.connect(self._show)
        self.sales.failed.connect(self.failed)
        self.sales.exported.connect(self._on_exported)
        self._show()

    @property
    def refresher(self) -> Refresher:
        return self.sales.refresher

    def clear(self) -> None:
        """Reset for the next person."""
        for picker in (self._period, self._by):
            picker.setCurrentIndex(0)
        self.sales.clear()

    @Slot()
    def refresh(self) -> None:
        self.sales.ask(self._asked)

    @property
    def _asked(self) -> Asked:
        since, until = self._period.currentData()
        return Asked(since, until, self._by.currentData())

    def _panel(self, name: str) -> QWidget:
        frame, column = panel("card")
        frame.setMinimumWidth(self._theme.px(_FIGURE) // 3)  # four in a row do not keep a window from getting narrower
        margin = self._theme.space(3)
        column.setContentsMargins(margin, self._theme.space(2), margin, self._theme.space(2))
        column.setSpacing(0)
        now, before = label(role="number"), label(role="small", wrap=True)
        now.setObjectName(f"report_{name}")
        before.setObjectName(f"report_{name}_before")
        for each in (label(_(_FIGURES[name]), "small"), now, before):
            column.addWidget(each)
        self._figures[name] = now, before
        return frame

    @Slot()
    def _on_chosen(self) -> None:
        self.sales.ask(self._asked)

    @Slot(object)
    def _on_row_opened(self, bar: Bar) -> None:
        words = f"{self._period.currentText()} · {self._by.currentText()} · {name_of(bar, self._now())}"
        behind = self.sales.behind(bar.row.name, words)
        if behind is not None:
            self.opened.emit(behind)

    @Slot()
    def _on_export_pressed(self) -> None:
        dialog = save_dialog(self, _("Export report"), [_("PDF (*.pdf)")], self.sales.file_name, "export_dialog")
        dialog.fileSelected.connect(self.export_to)
        dialog.open()

    @Slot(str)
    def export_to(self, path: str) -> None:
        self.sales.export(Path(path))

    @Slot(object)
    def _on_exported(self, path: Path) -> None:
        self._notice.show_message(_("Exported"), str(path), life_ms=_EXPORTED_MS)

    @Slot()
    def _show(self) -> None:
        figures = self.sales.figures
        self._export.setEnabled(figures is not None)
        totals = (figures.report.total, figures.before.total) if figures is not None else None
        for name, labels in self._figures.items():
            words = ["–", ""]
            if figures is not None and totals is not None:
                words = [_figure(name, each, figures.report.currency) for each in totals]
                words[1] = _("{figure} a week before").format(figure=words[1])
            for part, text in zip(labels, words, strict=True):
                part.setText(text)
        self._charged = totals is not None and any(each.service_minor for each in totals)
        self._place_figures()
        self._panels[list(_FIGURES).index("service")].setVisible(self._charged)
        self._bars.measure(self.sales.rows.rows)
        self._stack.setCurrentWidget(self._list if self.sales.rows.rowCount() else self._empty)
        self._empty.setText(_("Loading…") if self.sales.loading else _("Nothing was sold."))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """The figures stand in one row, or where that is too narrow in two."""
        super().resizeEvent(event)
        self._place_figures()

    def _place_figures(self) -> None:
        service = self._panels[list(_FIGURES).index("service")]
        shown = [each for each in self._panels if each is not service or self._charged]
        columns = len(shown) if len(shown) * self._theme.px(_FIGURE) <= self.width() else 2
        for at, each in enumerate(shown):
            self._grid.addWidget(each, at // columns, at % columns)
        for at in range(len(self._panels)):
            self._grid.setColumnStretch(at, int(at < columns))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.sales.start()
        self._show()
        self._period.setFocus()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self.sales.stop()
        super().hideEvent(event)


def _figure(name: str, row: SalesRow, currency: str) -> str:
    if name == "sales":
        return figure(row.sales)
    minor = {
        "turnover": row.turnover_minor,
        "refunds": row.refunds_minor,
        "tax": row.tax_minor,
        "discounts": row.discounts_minor,
        "service": row.service_minor,
        "tips": row.tips_minor,
    }[name]
    return money(minor, currency)


class BarDelegate(QStyledItemDelegate):
    """A name, two bars, and the turnover with how often: what a row says does not depend on colour."""

    def __init__(self, theme: Theme, now: Callable[[], datetime], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now = now
        self._amount = 0.0

    def measure(self, bars: Sequence[Bar]) -> None:
        """Make room for the widest amount, and for how often."""
        amounts, counts = (QFontMetricsF(self._theme.font(*font)) for font in (_STRONG, _SMALL))
        self._amount = max(
            (
                max(
                    amounts.horizontalAdvance(amount_of(bar)),
                    counts.horizontalAdvance(counted(bar)),
                )
                for bar in bars
            ),
            default=0.0,
        ) + self._theme.px(4)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, self._theme.lines_px(2) + self._theme.px(14))

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        bar: Bar = index.data(ROW)
        theme, rtl = self._theme, option.direction is Qt.LayoutDirection.RightToLeft
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(option.direction)
        if option.state & QStyle.StateFlag.State_HasFocus and option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(theme.colour("brand"), theme.focus_px))
            painter.drawRoundedRect(QRectF(option.rect).adjusted(3, 2, -3, -2), 4, 4)
        row = QRectF(option.rect).adjusted(theme.px(10), theme.px(4), -theme.px(10), -theme.px(4))
        wide, gap = row.width(), theme.px(10)
        name = wide * _NAME
        parts = (
            (name, self._paint_name),
            (wide - name - self._amount - 2 * gap, self._paint_bars),
            (self._amount, self._paint_amount),
        )
        left = 0.0
        for width, paint in parts:
            x = row.right() - left - width if rtl else row.left() + left
            paint(painter, QRectF(x, row.top(), width, row.height()), bar)
            left += width + gap
        painter.restore()

    def _paint_name(self, painter: QPainter, rect: QRectF, bar: Bar) -> None:
        theme = self._theme
        paint_line(painter, rect, name_of(bar, self._now()), theme.font(*_BODY), theme.colour("text"), LEADING)

    def _paint_bars(self, painter: QPainter, rect: QRectF, bar: Bar) -> None:
        theme = self._theme
        rtl = painter.layoutDirection() is Qt.LayoutDirection.RightToLeft
        thick = rect.height() * 0.36
        for share, top, filled in ((bar.share, 0.10, True), (bar.before_share, 0.58, False)):
            if share <= 0:
                continue
            width = max(share * rect.width(), 2.0)
            x, y = rect.right() - width if rtl else rect.left(), rect.top() + top * rect.height()
            shape = QRectF(x, y, width, thick if filled else 0.8 * thick)
            painter.setPen(Qt.PenStyle.NoPen if filled else QPen(theme.colour("muted"), 1.0))
            painter.setBrush(theme.colour("brand") if filled else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(shape, 2, 2)

    def _paint_amount(self, painter: QPainter, rect: QRectF, bar: Bar) -> None:
        half = rect.height() / 2
        upper, lower = (
            QRectF(rect.left(), rect.top(), rect.width(), half),
            QRectF(rect.left(), rect.top() + half, rect.width(), half),
        )
        theme = self._theme
        paint_line(painter, upper, amount_of(bar), theme.font(*_STRONG), theme.colour("text"), TRAILING)
        paint_line(painter, lower, counted(bar), theme.font(*_SMALL), theme.colour("muted"), TRAILING)
