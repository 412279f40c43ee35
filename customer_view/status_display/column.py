"""One column of the status display: a heading, and the numbers below, as big as fits."""

from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import Property, QPropertyAnimation, QRect, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QHideEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from core import clock
from core.domain.ids import OrderId
from core.domain.status import OrderStatus
from core.protocol.display import Ticket
from core.ui import icons
from core.ui.text import _, figure
from core.ui.theme import Theme
from customer_view.status_display.grid import Grid, Size, fit
from customer_view.status_display.lettering import font, start, write

FLASH_S: Final = 8.0
PAGE_MS: Final = 8000
_PULSE_MS: Final = 1000
# All of these are relative to the height of a number's letters:
_CAPTION: Final = 0.36
"""The height of the small line below a number."""
_NUMBER_LINE: Final = 1.06
_NAME_LINE: Final = 1.24
"""Names have descenders."""
_CAPTION_LINE: Final = 0.42
_PAD: Final = 0.16
"""From a number to the edge of its flash."""
_GAP: Final = 0.68
"""Between two numbers in a line."""
_WIDEST: Final = 4.4
"""A longer name is written smaller rather than making all others smaller."""
_SMALLEST: Final = 0.7
"""Below this it is elided, so that it stays readable from afar; the number is below it."""
_NAMES_LEAST: Final = 0.8
"""The least size of names, relative to numbers, before further ones go on another page."""
_MEASURED_PX: Final = 100
_SMALL: Final = QFont.Weight.DemiBold
_LIGHT: Final = QFont.Weight.Normal


def face(ticket: Ticket, *, names: bool) -> tuple[str, str]:
    """The big and the small text of a ticket: `127` and `ONLINE`, or `Ada` and `ONLINE 127`.

    The small line distinguishes equal counts of two series.
    """
    series, _dash, digits = ticket.number.rpartition("-")
    number = digits.lstrip("0") or digits
    if names and ticket.first_name:
        return ticket.first_name, f"{series} {number}".strip()
    return number, series


class ColumnView(QWidget):
    """Paints the current tickets. Those that do not fit are shown page by page."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        status: OrderStatus,
        least: float,
        most: float,
        *,
        names: bool,
        name: str,
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self._theme = theme
        self._title = title
        self._status = status
        self._least = least * (_NAMES_LEAST if names else 1)
        self._most = most
        self._names = names
        self._quiet = status is OrderStatus.CONFIRMED
        """Waiting orders are painted without emphasis."""
        self._unit = 1.0
        self._tickets: tuple[Ticket, ...] = ()
        self._doubted = False
        self._page = 0
        self._grid = Grid(1.0, 1, 1)
        self._ticket = Size(1.0, 1.0)
        self._called_until: dict[OrderId, float] = {}
        self._halo = 0.0
        self._pulse = QPropertyAnimation(self, b"halo", self)
        self._pulse.setStartValue(0.0)
        self._pulse.setEndValue(1.0)
        self._pulse.setDuration(_PULSE_MS)
        self._pulse.setLoopCount(-1)
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.timeout.connect(self._on_calm_elapsed)
        self._turner = QTimer(self)
        self._turner.setInterval(PAGE_MS)
        self._turner.timeout.connect(self.turn_page)
        self._update_accessible_name()

    # -- content

    @property
    def page(self) -> int:
        return self._page

    @property
    def pages(self) -> int:
        return self._grid.pages(len(self._tickets))

    @property
    def called(self) -> frozenset[OrderId]:
        """The flashing orders."""
        return frozenset(self._called_until)

    def set_unit(self, unit: float) -> None:
        """The pixels of one unit of an 800 units high screen."""
        self._unit = unit
        self._lay_out()

    def set_tickets(self, tickets: Sequence[Ticket]) -> None:
        self._tickets = tuple(tickets)
        shown = {ticket.order_id for ticket in tickets}
        self._called_until = {order_id: until for order_id, until in self._called_until.items() if order_id in shown}
        self._lay_out()
        self._update_accessible_name()

    def set_doubted(self, doubted: bool) -> None:
        """Dim everything: it may be outdated."""
        if doubted != self._doubted:
            self._doubted = doubted
            if doubted:
                self._called_until.clear()
                self._on_calm_elapsed()
            self.update()

    def call(self, order_ids: Iterable[OrderId]) -> None:
        """Flash these for a while, on the first page."""
        until = clock.now_s() + FLASH_S
        self._called_until.update(dict.fromkeys(order_ids, until))
        self._page = 0
        if self._turner.isActive():
            self._turner.start()  # the whole time on this page
        if self._theme.motion_ms("calm"):
            self._pulse.start()
        self._calm.start(round(FLASH_S * 1000))
        self.update()

    @Slot()
    def turn_page(self) -> None:
        self._page = (self._page + 1) % self.pages
        self.update()

    @Slot()
    def _on_calm_elapsed(self) -> None:
        now = clock.now_s()
        self._called_until = {order_id: until for order_id, until in self._called_until.items() if until > now}
        if self._called_until:
            self._calm.start(max(1, round((min(self._called_until.values()) - now) * 1000)))
        else:
            self._calm.stop()
            self._pulse.stop()
        self.update()

    # -- layout

    def _faces(self) -> list[tuple[str, str]]:
        return [face(ticket, names=self._names) for ticket in self._tickets]

    def _lay_out(self) -> None:
        room = self._room()
        self._ticket = self._measured()
        self._grid = fit(
            len(self._tickets),
            self._ticket,
            max(1.0, room.width()),
            max(1.0, room.height()),
            self._theme.px(self._least) * self._unit,
            self._theme.px(self._most) * self._unit,
        )
        self._page = min(self._page, self.pages - 1)
        if self.pages == 1:
            self._turner.stop()
        elif not self._turner.isActive() and self.isVisible():
            self._turner.start()
        self.update()

    def _measured(self) -> Size:
        """The size of the widest ticket, at a number's height of 1."""
        big = QFontMetricsF(font(self._theme, _MEASURED_PX))
        small = QFontMetricsF(font(self._theme, _MEASURED_PX * _CAPTION, _SMALL))
        widest = max(
            (max(big.horizontalAdvance(text), small.horizontalAdvance(note)) for text, note in self._faces()),
            default=_MEASURED_PX,
        )
        width = min(widest / _MEASURED_PX, _WIDEST)
        pad = self._pad()
        return Size(width + 2 * pad, self._line() + _CAPTION_LINE + _PAD, _GAP - 2 * pad, _GAP / 4)

    def _pad(self) -> float:
        """Only ready orders flash; the others align with their heading."""
        return _PAD if self._status is OrderStatus.READY else 0.0

    def _line(self) -> float:
        return _NAME_LINE if self._names else _NUMBER_LINE

    def _px(self, length: float) -> float:
        """A length that grows with the screen and the text scale."""
        return self._theme.px(length * self._unit)

    def _margin(self) -> float:
        return (24 if self._quiet else 44) * self._unit

    def _heading_height(self) -> float:
        return 108 * self._unit

    def _room(self) -> QRectF:
        """The rectangle of the tickets; below it is a line for the pages."""
        margin = self._margin()
        top = self._heading_height()
        return QRectF(margin, top, self.width() - 2 * margin, self.height() - top - self._foot())

    def _foot(self) -> float:
        return max(self._margin(), self._px(30))

    def rect_of(self, place: int) -> QRectF:
        """The ground of the ticket at a place of the page, counted as it is read. Tickets share the whole width; their
        letters stand below the heading's, a ground reaches beyond them."""
        px, size, room = self._grid.font_px, self._ticket, self._room()
        row, column = divmod(place, self._grid.columns)
        ground = QRectF(0, room.top() + row * px * (size.height + size.gap_down), px * size.width, px * size.height)
        along = column * max(px * (size.width + size.gap_across), room.width() / self._grid.columns)
        along -= min(px * self._pad(), self._margin() / 2)
        ground.moveLeft(room.right() - along - ground.width() if self._mirrored() else room.left() + along)
        return ground

    def _mirrored(self) -> bool:
        return self.layoutDirection() is Qt.LayoutDirection.RightToLeft

    def on_page(self) -> tuple[Ticket, ...]:
        """The visible tickets."""
        start = self._page * self._grid.capacity
        return self._tickets[start : start + self._grid.capacity]

    # -- painting

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        ink, soft = self._colours()
        ready = self._status is OrderStatus.READY
        painter.fillRect(event.rect(), soft if ready else self._theme.colour("bg"))
        self._paint_heading(painter, ink)
        if not self._tickets:
            self._paint_nothing(painter)
        number = ink if ready or self._doubted or self._quiet else self._theme.colour("text")
        for place, ticket in enumerate(self.on_page()):
            self._paint_ticket(painter, self.rect_of(place), ticket, number, soft)
        if self.pages > 1:
            self._paint_pages(painter)
        painter.end()

    def _colours(self) -> tuple[QColor, QColor]:
        if self._doubted or self._quiet:
            return self._theme.colour("muted"), self._theme.colour("sunken")
        return self._theme.status_colours(self._status)

    def _paint_heading(self, painter: QPainter, ink: QColor) -> None:
        margin = self._margin()
        line = QRectF(margin, 30 * self._unit, self.width() - 2 * margin, 60 * self._unit)
        letters = self._px(28 if self._quiet else 46)
        wide = QFontMetricsF(font(self._theme, letters)).horizontalAdvance(self._title)
        share = min(1.0, line.width() / (wide + self._px(56)))  # the sign shrinks with the words beside it
        size = self._px(26 if self._quiet else 40) * share
        left = line.right() - size if self._mirrored() else line.left()
        icon = QRectF(left, line.center().y() - size / 2, size, size)
        icons.paint(painter, icons.status_icon(self._status), icon, ink)
        gap = size + self._px(14) * share
        words = line.adjusted(0, 0, -gap, 0) if self._mirrored() else line.adjusted(gap, 0, 0, 0)
        write(
            painter,
            self._theme,
            words,
            self._title,
            letters,
            start(self) | Qt.AlignmentFlag.AlignVCenter,
            ink,
        )

    def _paint_nothing(self, painter: QPainter) -> None:
        room = self._room().adjusted(0, 8 * self._unit, 0, 0)
        side = start(self) | Qt.AlignmentFlag.AlignTop
        muted = self._theme.colour("muted")
        write(painter, self._theme, room, _("Nothing at the moment"), self._px(26), side, muted, _LIGHT)

    def _paint_ticket(self, painter: QPainter, ground: QRectF, ticket: Ticket, ink: QColor, soft: QColor) -> None:
        px = self._grid.font_px
        if ticket.order_id in self._called_until:
            self._paint_halo(painter, ground, ink)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawRoundedRect(ground, px * 0.2, px * 0.2)
            ink = soft
        big, small = face(ticket, names=self._names)
        pad = px * self._pad()
        inner = ground.adjusted(pad, 0, -pad, 0)
        across = start(self) | Qt.AlignmentFlag.AlignVCenter
        line = QRectF(inner.left(), inner.top(), inner.width(), px * self._line())
        write(painter, self._theme, line, big, px, across, ink, least=_SMALLEST)
        note = QRectF(inner.left(), line.bottom(), inner.width(), px * _CAPTION_LINE)
        write(painter, self._theme, note, small, px * _CAPTION, across, ink, _SMALL)

    def _paint_halo(self, painter: QPainter, ground: QRectF, ink: QColor) -> None:
        """A ring that leaves the ticket and fades; the ticket stays readable."""
        if not self._halo:
            return
        out = self._halo * self._halo_px()
        faded = QColor(ink)
        faded.setAlphaF(1 - self._halo)
        painter.setPen(QPen(faded, max(1.0, self._grid.font_px * 0.06)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = self._grid.font_px * 0.2 + out
        painter.drawRoundedRect(ground.adjusted(-out, -out, out, out), radius, radius)

    def _halo_px(self) -> float:
        return self._grid.font_px * 0.2

    def _paint_pages(self, painter: QPainter) -> None:
        margin, foot = self._margin(), self._foot()
        line = QRectF(margin, self.height() - foot, self.width() - 2 * margin, foot * 0.9)
        words = _("Page {page} of {pages}").format(page=figure(self._page + 1), pages=figure(self.pages))
        side = start(self) | Qt.AlignmentFlag.AlignVCenter
        write(painter, self._theme, line, words, self._px(22), side, self._theme.colour("muted"), _SMALL)

    def _get_halo(self) -> float:
        return self._halo

    def _set_halo(self, halo: float) -> None:
        self._halo = halo
        margin = self._halo_px() * 1.2
        for place, ticket in enumerate(self.on_page()):
            if ticket.order_id in self._called_until:
                touched: QRect = self.rect_of(place).adjusted(-margin, -margin, margin, margin).toAlignedRect()
                self.update(touched)

    halo = Property(float, _get_halo, _set_halo)
    """The progress of the rings, from 0 to 1."""

    # -- events

    def _update_accessible_name(self) -> None:
        told = ", ".join(" ".join(part for part in reversed(each) if part) for each in self._faces())
        self.setAccessibleName(f"{self._title}: {told or _('Nothing at the moment')}")

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._called_until.clear()
        self._on_calm_elapsed()
        self._turner.stop()
        super().hideEvent(event)
