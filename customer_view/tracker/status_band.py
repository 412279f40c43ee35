"""The band above the tracker: the meaning of the status in a sentence, and a detail."""

from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QPainter
from typing_extensions import override

from core.domain.status import OrderStatus, StatusInfo
from core.ui import icons
from core.ui.text import status_description
from core.ui.theme import Theme
from customer_view.painted import Painted, TextBlock

_ICON: Final = 22.0


class StatusBand(Painted):
    """An icon, a sentence and a colour for the same status; a detail is a second line."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "status_band")
        self._status: OrderStatus | None = None
        self._sentence = self._detail = ""
        self._blocks: list[TextBlock] = []

    def show_status(self, status: OrderStatus, detail: str, told: StatusInfo | None = None) -> None:
        """Show a status. An unknown one uses the server's words in `told`."""
        theirs = told is not None and told.status == status and not status.is_known
        words = (told.description or told.label) if told is not None and theirs else ""
        self._set_content(status, words or status_description(status), detail)

    def show_waiting(self, sentence: str, detail: str) -> None:
        """Show that the shop does not have the order yet."""
        self._set_content(None, sentence, detail)

    def _set_content(self, status: OrderStatus | None, sentence: str, detail: str) -> None:
        if (status, sentence, detail) == (self._status, self._sentence, self._detail) and self._blocks:
            return
        self._status, self._sentence, self._detail = status, sentence, detail
        self.setAccessibleName(" ".join(filter(None, (sentence, detail))))
        self.changed()

    @override
    def lay_out(self, width: int) -> float:
        theme = self.theme
        room = width - 2 * theme.space(4) - theme.px(_ICON) - theme.space(3)
        fonts = (theme.font("strong", QFont.Weight.DemiBold), theme.font("body"))
        texts = (self._sentence, self._detail)
        self._blocks = [
            TextBlock(text, font, room, self.start) for text, font in zip(texts, fonts, strict=True) if text
        ]
        return max(self._words_height(), theme.px(_ICON)) + 2 * theme.space(4)

    def _words_height(self) -> float:
        return sum(block.height for block in self._blocks) + self.theme.space(1) * (len(self._blocks) - 1)

    @override
    def paint(self, painter: QPainter, dirty: QRect) -> None:
        theme = self.theme
        if self._status is None:
            ink, ground, icon = theme.colour("text"), theme.colour("sunken"), "waiting"
        else:
            ink, ground = theme.status_colours(self._status)
            icon = icons.status_icon(self._status)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        radius = theme.radius("button")
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        size, edge = theme.px(_ICON), theme.space(4)
        y = (self.height() - self._words_height()) / 2
        icon_top = y + ((self._blocks[0].height if self._blocks else size) - size) / 2
        icon_left = self.width() - edge - size if self.rtl else edge
        icons.paint(painter, icon, QRectF(icon_left, icon_top, size, size), ink)
        for block in self._blocks:
            block.paint(painter, QPointF(edge if self.rtl else edge + size + theme.space(3), y), ink)
            y += block.height + theme.space(1)
