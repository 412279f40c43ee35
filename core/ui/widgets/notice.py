"""The notice of a page: its one place for errors and hints. A repetition replaces, it does not stack."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QTimer, Slot
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QWidget
from typing_extensions import override

from core.client.errors import ClientError, Unreachable
from core.client.sync.engine import SyncStatus
from core.ui.text import _, error_text
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, restyle, set_icon, set_margins

_LINES_KEPT: Final = 5
_EDGE: Final = 2
_TITLE_SHARE: Final = 0.4
"""A title that takes no more of the width has its sentence beside it, and a bar of two lines says both."""


class Notice(QFrame):
    """A bar with a title, a sentence, at most one action, and a close button. Hidden while empty."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, name: str = "notice", ink: str = "text") -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("role", "notice")
        self._title = label(role="strong", wrap=True)
        self._message = label(wrap=True)
        self._act: Callable[[], None] | None = None
        self._of_outage = False
        self._action = button("", theme, name=f"{name}_action")
        self._action.clicked.connect(self.act)
        close = button("", theme, "quiet", name=f"{name}_close")
        set_icon(close, "close", theme, ink)
        close.setAccessibleName(_("Dismiss"))
        close.clicked.connect(self.clear)
        self._beside = theme.space(4)
        self._life = QTimer(self)
        self._life.setSingleShot(True)
        self._life.timeout.connect(self.clear)
        self._words = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._words.addWidget(self._title)
        self._words.addWidget(self._message, 1)
        row = QHBoxLayout(self)
        set_margins(row, theme.space(4), _EDGE, _EDGE, _EDGE)
        row.addLayout(self._words, 1)
        row.addWidget(self._action)
        row.addWidget(close)
        self.hide()

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fold()
        return super().event(event)

    def _fold(self) -> None:
        """The sentence beside a short title, or below it."""
        metrics = self._title.fontMetrics()
        title = max(map(metrics.horizontalAdvance, self._title.text().splitlines()), default=0)
        beside = title < self._words.geometry().width() * _TITLE_SHARE
        self._title.setWordWrap(not beside)
        self._words.setSpacing(self._beside if beside else 0)
        directions = QBoxLayout.Direction
        self._words.setDirection(directions.LeftToRight if beside else directions.TopToBottom)

    @property
    def text(self) -> str:
        """The shown text; empty when hidden."""
        return f"{self._title.text()} {self._message.text()}".strip() if not self.isHidden() else ""

    def show_error(self, error: ClientError, action: str = "", act: Callable[[], None] | None = None) -> None:
        self._show("error", _(error.title), error_text(error), action, act)
        self._of_outage = isinstance(error, Unreachable)

    def end_outage(self) -> None:
        """Hide a notice of an outage: the server answers."""
        if self._of_outage:
            self.clear()

    def add_message(self, title: str, message: str) -> None:
        """Add a line with the same message to the shown ones, of which the last few are kept."""
        shown = self._title.text().splitlines() if not self.isHidden() and self._message.text() == message else []
        self.show_message("\n".join([*shown, title][-_LINES_KEPT:]), message)

    def show_message(
        self, title: str, message: str = "", action: str = "", act: Callable[[], None] | None = None, life_ms: int = 0
    ) -> None:
        """Show a message that is no error. With `life_ms` it closes by itself, for an undo, say."""
        self._show("info", title, message, action, act)
        if life_ms:
            self._life.start(life_ms)

    @Slot()
    def clear(self) -> None:
        self._life.stop()
        self._act = None
        self._of_outage = False
        self.hide()

    @Slot()
    def act(self) -> None:
        """Run the action, if there is one, and close."""
        act = self._act
        if act is not None:
            self.clear()
            act()

    def _show(self, tone: str, title: str, message: str, action: str, act: Callable[[], None] | None) -> None:
        self._life.stop()
        self._of_outage = False
        self._title.setText(title)
        self._message.setText(message)
        self._message.setVisible(bool(message))
        self._act = act
        self._action.setText(action)
        self._action.setVisible(bool(action))
        restyle(self, tone=tone)
        for part in (self._title, self._message):
            restyle(part)
        self.setAccessibleName(f"{title}. {message}")
        self.show()


def follow_connection(window: QWidget, sync_status: SyncStatus) -> None:
    """Close notices of an outage in `window` when the connection says that it is over."""
    if sync_status.answering:
        for notice in window.findChildren(Notice):
            notice.end_outage()
