"""The notice of a page: its one place for errors and hints. A repetition replaces, it does not stack."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from core.client.errors import ClientError, Unreachable
from core.client.sync.engine import SyncStatus
from core.ui.text import _, error_text
from core.ui.theme import Theme
from core.ui.widgets.controls import button, label, restyle, set_icon, set_margins
from core.ui.widgets.titled_text import TitledText

_LINES_KEPT: Final = 5
_EDGE: Final = 2


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
        self._life = QTimer(self)
        self._life.setSingleShot(True)
        self._life.timeout.connect(self.clear)
        row = QHBoxLayout(self)
        set_margins(row, theme.space(4), _EDGE, _EDGE, _EDGE)
        row.addWidget(TitledText(theme, self._title, self._message), 1)
        for each in (self._action, close):  # in sight where only the beginning of a long text is
            row.addWidget(each, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

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
