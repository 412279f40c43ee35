"""The stepper: a circle for each step, with the current one, and times."""

from datetime import datetime
from typing import Final

import msgspec
from PySide6.QtCore import Property, QEasingCurve, QPointF, QPropertyAnimation, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from typing_extensions import override

from core.domain.ids import OrderId
from core.domain.order import Order
from core.domain.status import OrderStatus, steps_of
from core.protocol.replies import StatusReport
from core.ui import icons
from core.ui.days import local_date
from core.ui.text import _, clock, status_label
from core.ui.theme import Theme
from customer_view.painted import Painted, TextBlock
from customer_view.words import when

_CIRCLE: Final = 38.0
_RING: Final = 50.0
_BAR: Final = 5.0


class Step(msgspec.Struct, frozen=True):
    """One step. `time` is empty for a future step, or while unknown."""

    status: OrderStatus
    label: str
    time: str


def steps(order: Order, report: StatusReport | None, now: datetime) -> tuple[tuple[Step, ...], int]:
    """An order's steps, and the index of the current one; none and -1 once it was rejected or cancelled.

    A step that the order was recalled from has no time again.
    """
    passed = steps_of(order.fulfilment)
    if order.status not in passed:
        return (), -1
    current = passed.index(order.status)
    times = {OrderStatus.PENDING: order.placed_at}
    if report is not None:
        times |= {change.target: change.at for change in report.history}
    told = []
    for number, status in enumerate(passed):
        at = times.get(status) if number <= current else None
        words = "" if at is None else _time(at, order.placed_at, now)
        if words and number == current and status.is_open:
            words = _("since {time}").format(time=words)
        told.append(Step(status, status_label(status), words))
    return tuple(told), current


def _time(at: datetime, placed_at: datetime, now: datetime) -> str:
    """The time of day, with its day where it differs from the order's."""
    return clock(at) if local_date(at) == local_date(placed_at) else when(at, now)


class Stepper(Painted):
    """Steps side by side, or stacked where they do not fit. Nothing is painted while nothing changes."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "tracker")
        self._order_id: OrderId | None = None
        self._steps: tuple[Step, ...] = ()
        self._current = -1
        self._reach = 0.0
        self._labels: list[TextBlock] = []
        self._times: list[TextBlock] = []
        self._vertical = False
        self._animation = QPropertyAnimation(self, b"reach", self)
        self._animation.setEasingCurve(QEasingCurve.Type.InOutCubic)

    # -- content

    def show_steps(self, order_id: OrderId | None, shown: tuple[Step, ...], current: int) -> None:
        """Show an order's steps. A step of the same order is animated, another order is shown at once."""
        same = order_id == self._order_id and bool(self._steps)
        moved = same and current != self._current
        if (order_id, shown, current) == (self._order_id, self._steps, self._current):
            return
        self._order_id, self._steps, self._current = order_id, shown, current
        duration = self.theme.motion_ms("calm")
        if moved and duration and self.isVisible():
            self._animation.stop()
            self._animation.setDuration(duration)
            self._animation.setEndValue(float(current))
            self._animation.start()
        elif moved or not same:  # otherwise only texts have changed, and an animation continues
            self._animation.stop()
            self._set_reach(float(current))
        self.setAccessibleName(self._words())
        self.changed()

    def _words(self) -> str:
        if not self._steps:
            return ""
        at = self._steps[self._current]
        place = _("Step {step} of {steps}: {label}").format(
            step=self._current + 1, steps=len(self._steps), label=at.label
        )
        return f"{place}, {at.time}" if at.time else place

    def _get_reach(self) -> float:
        return self._reach

    def _set_reach(self, reach: float) -> None:
        self._reach = reach
        self.update()

    reach = Property(float, _get_reach, _set_reach)
    """The progress of the bar, in steps: 1.5 is half way between the second and the third."""

    # -- layout

    def _fonts(self) -> tuple[QFont, QFont]:
        return self.theme.font("strong", QFont.Weight.DemiBold), self.theme.font("body")

    def _is_vertical(self, width: int) -> bool:
        """Whether a word does not fit its step's share of the width."""
        if not self._steps:
            return False
        metrics = QFontMetricsF(self._fonts()[0])
        share = width / len(self._steps) - self.theme.space(2)
        return any(metrics.horizontalAdvance(word) > share for step in self._steps for word in step.label.split())

    @override
    def lay_out(self, width: int) -> float:
        theme = self.theme
        self._vertical = self._is_vertical(width)
        strong, body = self._fonts()
        if self._vertical:
            room, align = float(width - theme.px(_RING) - theme.space(4)), self.start
        else:
            room, align = width / max(1, len(self._steps)) - theme.space(2), Qt.AlignmentFlag.AlignHCenter
        self._labels = [TextBlock(step.label, strong, room, align) for step in self._steps]
        self._times = [TextBlock(step.time, body, room, align) for step in self._steps]
        if not self._steps:
            return 0
        if self._vertical:
            return self._row_height() * len(self._steps)
        return theme.px(_RING) + self._words_height() + theme.space(2)

    def _words_height(self) -> float:
        """The height of the tallest label and time."""
        return max(label.height + time.height for label, time in zip(self._labels, self._times, strict=True))

    def _row_height(self) -> float:
        """The height of one step below another."""
        return max(self._words_height(), self.theme.px(_RING)) + self.theme.space(3)

    # -- painting

    def _centre(self, number: int) -> QPointF:
        ring = self.theme.px(_RING)
        if self._vertical:
            place = QPointF(ring / 2, self._row_height() * number + ring / 2)
        else:
            place = QPointF(self.width() / len(self._steps) * (number + 0.5), ring / 2)
        return QPointF(self.width() - place.x(), place.y()) if self.rtl else place

    @override
    def paint(self, painter: QPainter, dirty: QRect) -> None:
        for number in range(len(self._steps)):
            if number:
                self._paint_bar(painter, number)
            self._paint_circle(painter, number)
            self._paint_words(painter, number)

    def _paint_bar(self, painter: QPainter, number: int) -> None:
        """The bar that leads to step `number`, filled up to the progress."""
        theme = self.theme
        before, after = self._centre(number - 1), self._centre(number)
        way = after - before
        length = (way.x() ** 2 + way.y() ** 2) ** 0.5
        unit = way / length
        start = before + unit * (self._radius(number - 1) + theme.px(4))
        end = after - unit * (self._radius(number) + theme.px(4))
        pen = QPen(theme.colour("line"), theme.px(_BAR))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(start, end)
        done = min(1.0, max(0.0, self._reach - (number - 1)))
        if done:
            pen.setColor(theme.colour("brand"))
            painter.setPen(pen)
            painter.drawLine(start, start + (end - start) * done)

    def _radius(self, number: int) -> float:
        return self.theme.px(_RING if self._is_here(number) else _CIRCLE) / 2

    def _is_here(self, number: int) -> bool:
        return number == self._current and self._steps[number].status.is_open

    def _paint_circle(self, painter: QPainter, number: int) -> None:
        theme, centre, step = self.theme, self._centre(number), self._steps[number]
        radius = theme.px(_CIRCLE) / 2
        if self._is_here(number):
            ink, ground = theme.status_colours(step.status)
            ring = theme.px(4)
            painter.setPen(QPen(ink, ring))
            painter.setBrush(ground)
            painter.drawEllipse(centre, self._radius(number) - ring / 2, self._radius(number) - ring / 2)
            self._paint_icon(painter, icons.status_icon(step.status), centre, theme.px(22), ink)
        elif number <= self._current:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("brand"))
            painter.drawEllipse(centre, radius, radius)
            self._paint_icon(painter, "check", centre, theme.px(20), theme.colour("brand_ink"))
        else:
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.setBrush(theme.colour("sunken"))
            painter.drawEllipse(centre, radius, radius)
            painter.setPen(theme.colour("muted"))
            painter.setFont(theme.font("number", QFont.Weight.DemiBold))
            box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.locale().toString(number + 1))

    def _paint_icon(self, painter: QPainter, name: str, centre: QPointF, size: float, ink: QColor) -> None:
        icons.paint(painter, name, QRectF(centre.x() - size / 2, centre.y() - size / 2, size, size), ink)

    def _paint_words(self, painter: QPainter, number: int) -> None:
        theme, centre = self.theme, self._centre(number)
        label, time = self._labels[number], self._times[number]
        ink = theme.colour("text" if number <= self._current else "muted")
        if self._vertical:
            below = time.height if self._steps[number].time else 0
            top, left = centre.y() - (label.height + below) / 2, 0.0 if self.rtl else theme.px(_RING) + theme.space(4)
        else:
            top = theme.px(_RING) + theme.space(2)
            left = centre.x() - (self.width() / len(self._steps) - theme.space(2)) / 2
        label.paint(painter, QPointF(left, top), ink)
        time.paint(painter, QPointF(left, top + label.height), theme.colour("muted"))
