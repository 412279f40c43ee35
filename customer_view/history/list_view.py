"""The list of My orders: a painted row for each order, so that hundreds are fast."""

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from core.domain.order import Order
from core.domain.status import OrderStatus
from core.ui.rows import ROW, Index
from core.ui.text import _, money, status_label
from core.ui.theme import Theme
from core.ui.widgets.chips import chip_width, paint_chip, paint_status_chip
from core.ui.widgets.painting import paint_line
from core.ui.widgets.scroll import SteadyList
from customer_view.history.model import HistoryModel, Unsent, summary, unsent_label
from customer_view.words import title

_SAMPLE = "ONLINE-000000"


class OrderDelegate(QStyledItemDelegate):
    """Number and status above, time and total below. Where they do not fit side by side, the status has a line of its
    own, in every row."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._stacked = False
        self.measure(0)
        theme.changed.connect(self._on_theme_changed)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.measure(0)

    def measure(self, width: int) -> None:
        """Set the list's width in pixels; 0 means wide."""
        theme = self._theme
        self._number_font = theme.font("number", QFont.Weight.DemiBold)
        self._amount_font = theme.font("body", QFont.Weight.DemiBold)
        self._words_font = theme.font("body")
        words = [status_label(status) for status in OrderStatus] + [unsent_label(state) for state in Unsent]
        chips = max(chip_width(word, theme) for word in words)
        needed = QFontMetricsF(self._number_font).horizontalAdvance(_SAMPLE) + chips + theme.px(48)
        self._stacked = 0 < width < needed
        lines = theme.px(24) * (3 if self._stacked else 2) + theme.px(6) * (2 if self._stacked else 1)
        self.height = max(theme.touch_px, lines + theme.px(24)) + theme.space(1)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self.height)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self._theme
        order: Order = index.data(ROW)
        model = index.model()
        assert isinstance(model, HistoryModel)
        painter.save()
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        rect = QRectF(area).adjusted(1, 1, -1, -1 - theme.space(1))
        self._paint_ground(painter, rect, state)
        rtl = option.direction is Qt.LayoutDirection.RightToLeft
        inner = rect.adjusted(theme.px(14), theme.px(11), -theme.px(14), -theme.px(11))
        line = theme.px(24)
        top = QRectF(inner.left(), inner.top(), inner.width(), line)
        bottom = QRectF(inner.left(), inner.bottom() - line, inner.width(), line)
        start = Qt.AlignmentFlag.AlignRight if rtl else Qt.AlignmentFlag.AlignLeft
        end = Qt.AlignmentFlag.AlignLeft if rtl else Qt.AlignmentFlag.AlignRight
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute

        unsent = model.unsent(order.id)
        chip = chip_width(unsent_label(unsent) if unsent else status_label(order.status), theme)
        if self._stacked:
            corner = inner.right() - chip if rtl else inner.left() + chip
            self._paint_chip(painter, QPointF(corner, top.bottom() + theme.px(6)), order.status, unsent, rtl=rtl)
            room = top
        else:
            corner_at = QPointF(top.left() if rtl else top.right(), top.top())
            self._paint_chip(painter, corner_at, order.status, unsent, rtl=rtl)
            taken = chip + theme.space(2)
            room = top.adjusted(taken, 0, 0, 0) if rtl else top.adjusted(0, 0, -taken, 0)
        paint_line(painter, room, title(order), self._number_font, theme.colour("text"), start | middle)
        amount = money(order.total_minor, order.currency)
        paint_line(painter, bottom, amount, self._amount_font, theme.colour("text"), end | middle)
        taken = QFontMetricsF(self._amount_font).horizontalAdvance(amount) + theme.space(2)
        room = bottom.adjusted(taken, 0, 0, 0) if rtl else bottom.adjusted(0, 0, -taken, 0)
        muted = theme.colour("text" if state & QStyle.StateFlag.State_Selected else "muted")
        paint_line(painter, room, summary(order, model.now()), self._words_font, muted, start | middle)
        painter.restore()

    def _paint_chip(
        self, painter: QPainter, end: QPointF, status: OrderStatus, unsent: Unsent | None, *, rtl: bool
    ) -> None:
        """The status; while operations are unanswered, that instead."""
        theme = self._theme
        if unsent is None:
            paint_status_chip(painter, end, status, theme, rtl=rtl)
        elif unsent is Unsent.WAITING:
            ink, ground = theme.colour("text"), theme.colour("sunken")
            paint_chip(painter, end, unsent_label(unsent), "waiting", (ink, ground), theme, rtl=rtl)
        else:
            ink, ground = theme.colour("danger"), theme.colour("danger_soft")
            paint_chip(painter, end, unsent_label(unsent), "warning", (ink, ground), theme, rtl=rtl)

    def _paint_ground(self, painter: QPainter, rect: QRectF, state: QStyle.StateFlag) -> None:
        theme = self._theme
        radius = theme.radius("card")
        flag = QStyle.StateFlag
        painter.setPen(Qt.PenStyle.NoPen)
        if state & flag.State_Selected:
            painter.setBrush(theme.colour("brand_soft"))
            painter.drawRoundedRect(rect, radius, radius)
        elif state & flag.State_MouseOver:
            painter.setBrush(theme.colour("sunken"))
            painter.drawRoundedRect(rect, radius, radius)
        if state & flag.State_HasFocus and state & flag.State_Active:
            half = theme.focus_px / 2
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("brand"), theme.focus_px))
            painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), radius, radius)


class OrderList(SteadyList):
    def __init__(self, theme: Theme, model: HistoryModel) -> None:
        super().__init__()
        self.setObjectName("order_list")
        self.setAccessibleName(_("My orders"))
        self._delegate = OrderDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.verticalScrollBar().setSingleStep(theme.px(24))
        theme.changed.connect(self._on_theme_changed)

    @Slot()
    def _on_theme_changed(self) -> None:
        self._delegate.measure(self.viewport().width())
        self.scheduleDelayedItemsLayout()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._delegate.measure(self.viewport().width())
        super().resizeEvent(event)
