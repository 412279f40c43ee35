"""The panel of a reason: the usual ones to press, or free text."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from core.domain.texts import is_blank
from core.ui import keys
from core.ui.text import _, window_title
from core.ui.theme import Theme
from core.ui.widgets.controls import OptionButton, button, fit_before, label
from core.ui.widgets.even_row import EvenRow
from core.ui.widgets.number_pad import beside_pad
from core.ui.widgets.overlay import PanelDialog
from core.ui.widgets.scroll import VerticalScroll
from pos_app.order.keypad import TypedField

_MOST = 300

_REASON = "reason"
_ACROSS = 2
_WIDTH, _WIDTH_WITH_PAD = 660, 840


class ReasonTiles(EvenRow):
    """The usual reasons: a pressed one is the text of `field`, and what stands there is marked."""

    confirmed = Signal()
    """Enter, on the one that is chosen already."""

    def __init__(self, theme: Theme, reasons: Sequence[str], field: QLineEdit) -> None:
        super().__init__(theme)
        self._field = field
        self.tiles: list[QPushButton] = []
        for number, reason in enumerate(reasons):
            tile = OptionButton(reason, f"reason_{number}")
            tile.setProperty(_REASON, reason)
            tile.clicked.connect(self._on_chosen)
            tile.confirmed.connect(self.confirmed)
            self.tiles.append(tile)
        self.use(self.tiles, _ACROSS)
        field.textChanged.connect(self._on_reason_changed)

    @Slot()
    def _on_chosen(self) -> None:
        chosen = self.sender()
        if isinstance(chosen, QPushButton):
            self._field.setText(str(chosen.property(_REASON)) if chosen.isChecked() else "")

    @Slot()
    def _on_reason_changed(self) -> None:
        for tile in self.tiles:
            tile.setChecked(tile.property(_REASON) == self._field.text().strip())


class ReasonDialog(PanelDialog):
    """Emits `given` with the reason, which is never empty. Enter chooses the tile that has the keyboard, and confirms
    what is chosen; a letter begins another reason."""

    given = Signal(str)

    def __init__(
        self,
        theme: Theme,
        title: str,
        message: str,
        reasons: Sequence[str],
        action: str,
        parent: QWidget | None = None,
        choice: QWidget | None = None,
    ) -> None:
        """`choice`: what else is to be chosen, above the reasons; keys on the screen type into it, or its focus proxy,
        where that is a field."""
        super().__init__(theme, parent)
        self._wide = _WIDTH
        self.setObjectName("reason_dialog")
        self.setWindowTitle(window_title(title))
        self._reason = TypedField()
        self._reason.setObjectName("reason")
        self._reason.setMaxLength(_MOST)
        self._reason.setPlaceholderText(_("Another reason"))
        self._reason.setAccessibleName(_("Reason"))
        self._reason.textChanged.connect(self._on_reason_changed)
        self._reason.returnPressed.connect(self._on_confirmed)
        self._confirm = button(action, theme, "danger", name="reason_confirm")
        self._confirm.setAutoDefault(False)
        self._confirm.clicked.connect(self._on_confirmed)
        back = button(_("Back"), theme, name="reason_back")
        back.setAutoDefault(False)
        back.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        margin = theme.space(5)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme.space(3))
        column.addWidget(label(title, "title", wrap=True))
        asked = QWidget()
        choices = QVBoxLayout(asked)
        choices.setContentsMargins(0, 0, 0, 0)
        choices.setSpacing(theme.space(3))
        choices.addWidget(label(message, "muted", wrap=True))
        if choice is not None:
            choices.addWidget(choice)
        quick = ReasonTiles(theme, reasons, self._reason)
        quick.confirmed.connect(self._on_confirmed)
        choices.addWidget(quick)
        choices.addStretch(1)
        field = choice.focusProxy() or choice if choice is not None else None
        if isinstance(field, QLineEdit):
            self._wide = _WIDTH_WITH_PAD
            body: QWidget = beside_pad(theme, asked, field, sign=self.locale().decimalPoint())
        else:
            body = VerticalScroll(asked, theme.touch_px)
        column.addWidget(body, 1)
        column.addWidget(self._reason)
        row = QHBoxLayout()
        row.addWidget(back, 1)
        row.addWidget(self._confirm, 1)
        column.addLayout(row)
        fit_before(self, parent)
        self._on_reason_changed()
        (quick.tiles[0] if quick.tiles else self._reason).setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def sizeHint(self) -> QSize:
        """Wide enough for two tiles beside each other, and beside the keys for a number."""
        hint = super().sizeHint()
        return QSize(max(hint.width(), self._theme.px(self._wide)), hint.height())

    @property
    def reason(self) -> str:
        return self._reason.text().strip()

    @property
    def is_ready(self) -> bool:
        """Whether only the reason is missing."""
        return True

    def set_action(self, words: str) -> None:
        """Name what happens at *Confirm*, which may have changed whether it can."""
        self._confirm.setText(words)
        self._on_reason_changed()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if keys.typed(event).strip():
            self._reason.setFocus(Qt.FocusReason.OtherFocusReason)
            self._reason.begin(event)
        else:
            super().keyPressEvent(event)

    @Slot()
    def _on_reason_changed(self) -> None:
        self._confirm.setEnabled(not is_blank(self.reason) and self.is_ready)

    @Slot()
    def _on_confirmed(self) -> None:
        if self._confirm.isEnabled():
            reason = self.reason
            self.accept()
            self.given.emit(reason)
